"""The page: hostile names stay text, nothing is loaded from anywhere, numbers agree with the tables, scripts work."""

import base64
import hashlib
import json
import re
import runpy
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote

import pandas as pd
import pytest

from benchmarks.browser import browser_path
from degsteps.batch.section_surrogates import surrogate_grid
from degsteps.normalize.methods import METHODS
from degsteps.report import gene_table, pictures, template
from degsteps.sections import numbers
from degsteps.sections.definition import Figure
from tests.conftest import REPO
from tests.unit.report import report_inputs
from tests.unit.report.report_inputs import CLOSING_NAME, SAMPLES, SCRIPT_SAMPLE, SMALL_SVG, small_png

needs_browser = pytest.mark.skipif(browser_path() is None, reason="no Chromium on this machine: no script is run")
VOID = {"meta", "img", "br", "input", "link", "hr", "col"}


class Page(HTMLParser):
    """A page as elements: what a browser sees, not what the source looks like."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements = []
        self.open = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "attributes": dict(attributes), "text": "", "within": tuple(e["tag"] for e in self.open)}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1]["tag"] == tag, f"</{tag}> closes <{self.open[-1]['tag']}>"
        self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def of(self, tag):
        return [element for element in self.elements if element["tag"] == tag]


def render(study, folder=None):
    main = runpy.run_path(str(REPO / "scripts" / "render_report.py"))["main"]
    folder = folder or study.report
    main(
        **study.inputs("accountability", "contrasts", "verdicts"),
        **study.explored,
        page=folder / "report.html",
        methods=folder / "methods.md",
        references=folder / "references.bib",
        settings=study.settings,
        workflow_versions=study.workflow_versions,
    )
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return report_inputs.summarized(report_inputs.build(tmp_path_factory.mktemp("study")))


def with_record_facts(study, folder, step, **facts):
    """Return the study with other facts of one step."""
    changed = []
    for path in study.paths["records"]:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["step"] == step:
            record["facts"] |= facts
            path = folder / path.name
            path.write_text(json.dumps(record), encoding="utf-8")
        changed.append(path)
    return replace(study, paths=study.paths | {"records": changed})


@pytest.fixture(scope="module")
def source(study):
    return render(study)


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def static_rows(page):
    """Return the rows of the first contrast's list of genes, as text, and its labels."""
    rows, labels, is_within = [], [], False
    for element in page.elements:
        if element["attributes"].get("class") == "gene-table":
            if is_within:
                break
            is_within = True
        elif is_within and element["tag"] == "th" and element["attributes"]["scope"] == "col":
            labels.append(element["text"])
        elif is_within and element["tag"] == "tr" and "tbody" in element["within"]:
            rows.append([])
        elif is_within and element["tag"] in {"td", "th"} and "tbody" in element["within"]:
            rows[-1].append(element["text"])
    return rows, labels


# ---- hostile names


def test_every_element_is_closed(page):
    assert page.open == []


def test_names_from_sheets_become_no_markup(source, page):
    scripts = page.of("script")
    first, *packed, methods, own = [e["attributes"].get("type") for e in scripts]
    assert (first, methods, own) == ("application/json", "application/json", None)
    assert set(packed) == {"application/gzip"}
    assert not any("alert" in e["text"] for e in scripts if not e["attributes"].get("type"))
    assert not any(name.startswith("on") for e in page.elements for name in e["attributes"])
    assert {e["attributes"]["src"][:11] for e in page.of("img")} == {"data:image/"}
    assert SCRIPT_SAMPLE not in source
    assert CLOSING_NAME not in source
    assert "<!--" not in source


def test_hostile_names_are_shown(page):
    body = page.of("body")[0]["text"]
    assert page.of("h1")[0]["text"] == f"Dose response {CLOSING_NAME}"
    for text in (*SAMPLES, 'hi & "<b>2</b>"', "excluded: RNA <b>degraded</b>", "given/<counts>.tsv"):
        assert text in body
    assert static_rows(page)[0][1][2] == CLOSING_NAME


@pytest.mark.parametrize("text", ["</script>", "<!--<script>", "&lt;", "\u2028\u2029", "'\"\\"])
def test_json_cannot_leave_its_element(text):
    written = template.json_for_page({"name": text})
    assert not set(written) & set("<>&\u2028\u2029")
    assert json.loads(written) == {"name": text}


def test_columns_that_are_not_used_are_not_shown(source):
    assert "date_of_birth" not in source
    assert "1980-01-01" not in source


# ---- offline, the same every time


def test_nothing_is_loaded_from_anywhere(source, page):
    assert not page.of("link")
    assert not page.of("iframe")
    assert not re.search(r"@import|url\(", page.of("style")[0]["text"])
    for element in page.elements:
        for name in ("src", "href", "action", "srcset"):
            value = element["attributes"].get(name, "")
            assert not re.match(r"(?i)\s*(https?:|//|ftp:|javascript:|file:)", value), value
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(|innerHTML|eval\(", page.of("script")[-1]["text"])


def test_policy_allows_only_what_the_page_came_with(page):
    policy = next(e["attributes"]["content"] for e in page.of("meta") if "http-equiv" in e["attributes"])
    assert policy.startswith("default-src 'none'; img-src data:;")
    for element in (page.of("style")[0], page.of("script")[-1]):
        digest = base64.b64encode(hashlib.sha256(element["text"].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert not any("style" in e["attributes"] for e in page.elements)


def test_same_results_same_bytes(study, source, tmp_path):
    folder = study.folder / "again"
    folder.mkdir()
    assert render(study, folder) == source


def test_links_lead_to_files(study, page):
    own = {"workbook.xlsx", "manifest.json"}  # written by later steps
    links = [e["attributes"]["href"] for e in page.of("a") if not e["attributes"]["href"].startswith("#")]
    assert len(links) > 15
    for link in set(links) - own:
        assert (study.report / unquote(link)).is_file(), link
    anchors = {
        e["attributes"]["href"][1:].partition("&")[0] for e in page.of("a") if e["attributes"]["href"].startswith("#")
    }
    ids = [e["attributes"]["id"] for e in page.elements if "id" in e["attributes"]]
    assert anchors <= set(ids)
    assert len(ids) == len(set(ids))


# ---- content


def test_page_tells_in_reading_order(page):
    headings = [e["text"] for e in page.of("h2")]
    assert headings == [
        "Verdicts",
        "Key numbers",
        "Explore the genes",
        "Samples and genes",
        "Design",
        "Filter",
        "Normalisation",
        "Batch",
        "Quality of the samples",
        "Results",
        "Methods",
        "Software",
        "Files",
        "How to cite",
    ]
    assert [e["text"] for e in page.of("h3") if "against" in e["text"]][:2] == [
        'dose: hi & "<b>2</b>" against NA hi_vs_na',
        'dose: NA against hi & "<b>2</b>" a.second-contrast_with_a_name_that_is_too_long_for_a_sheet',
    ]


def test_verdicts_have_words_and_the_gravest_come_first(page):
    badges = [e["text"].strip() for e in page.of("span") if e["attributes"].get("class", "").startswith("badge")]
    words = [badge.split()[-1] for badge in badges]
    assert words == sorted(words, key=["Problem", "Look", "Fine"].index)
    assert {"Look", "Fine"} <= set(words)
    leads = [e["text"].split() for e in page.of("p") if e["attributes"].get("class") == "lead"]
    assert leads[0][:2] == [str(words.count("Look")), "findings"]


def test_figures_are_inside_with_words_for_those_who_do_not_see_them(page):
    images = page.of("img")
    titles = [e["attributes"]["alt"] for e in images]
    assert titles[:4] == ["Gene filter", "Principal components", "Counts before and after normalisation", "new kind"]
    assert titles[5:7] == ["Dispersion, sample set women", "What the contrasts have in common"]
    assert titles[7:10] == ["Fold change over mean, hi_vs_na", "Volcano, hi_vs_na", "P-values, hi_vs_na"]
    assert len(titles) == 13
    svg, png = images[1], images[0]
    assert base64.b64decode(svg["attributes"]["src"].split(",")[1]).decode() == SMALL_SVG
    assert (svg["attributes"]["width"], svg["attributes"]["height"]) == ("640", "320")
    assert base64.b64decode(png["attributes"]["src"].split(",")[1]) == small_png()
    assert (png["attributes"]["width"], png["attributes"]["height"]) == ("3", "2")


def test_what_calls_hang_on_stands_below_the_genes(study, source, tmp_path):
    assert "depend on</h4>" not in source
    power = tmp_path / "08_annotate" / "hi_vs_na.power.png"
    power.parent.mkdir()
    power.write_bytes(small_png())
    figures = [power, *study.paths["contrast_figures"]]
    found = render(replace(study, paths=study.paths | {"contrast_figures": figures}), tmp_path)
    order = [
        'alt="P-values, hi_vs_na"',
        "Genes of hi_vs_na<",
        "What the calls of hi_vs_na depend on",
        'alt="Power, hi_vs_na"',
    ]
    places = [found.index(text) for text in order]
    assert places == sorted(places)


def test_a_large_svg_is_shown_as_png(tmp_path):
    (tmp_path / "pca.svg").write_text(SMALL_SVG + " " * pictures.MAX_SVG_BYTES)
    (tmp_path / "pca.png").write_bytes(small_png())
    both = (tmp_path / "pca.svg", tmp_path / "pca.png")
    assert pictures.picture(Figure(both, "", ""), tmp_path).source.startswith("data:image/png")
    assert pictures.picture(Figure(both[:1], "", ""), tmp_path).source.startswith("data:image/svg+xml")


def test_list_of_genes_holds_the_first_by_p(study, page):
    table = pd.read_csv(study.paths["contrast_tables"][0], sep="\t", keep_default_na=False, na_values=[""])
    rows, labels = static_rows(page)
    assert labels == [
        *["Gene", "Symbol", "Name", "Mean count", "log2 fold change", "Shrunken", "p-value", "Adjusted p"],
        *["Standard error", "Mean NA"],
    ]
    assert len(rows) == study.settings["report"]["table_rows"] == 40
    expected = table.sort_values("pvalue", kind="stable").head(40)
    assert [row[0] for row in rows] == list(expected["gene"])
    assert [row[4] for row in rows] == [numbers.format_fold_change(value) for value in expected["log2_fold_change"]]


def test_missing_values_are_dashes_and_say_why(study, tmp_path):
    changed = report_inputs.Study(**vars(study))
    changed.settings = study.settings | {"report": study.settings["report"] | {"table_rows": 2000}}
    rows, labels = static_rows(Page(render(changed, tmp_path)))
    assert len(rows) == 60
    last = dict(zip(labels, rows[-1], strict=True))
    assert last["p-value"] == numbers.MISSING
    assert last["Missing because"] in {"count_outlier", "not_converged"}


def test_numbers_of_the_contrast_are_on_the_page(study, page):
    summary = pd.read_csv(study.paths["contrasts"], sep="\t", index_col=0)
    body = " ".join(page.of("body")[0]["text"].split())
    assert f"▲ {summary.loc['hi_vs_na', 'up']}" in body
    assert f"▼ {summary.loc['hi_vs_na', 'down']}" in body
    assert "3 count_outlier" in body
    assert "made at site = x, age = 42.5" in body
    assert "-1 \N{MULTIPLICATION SIGN} dose" in body


def test_tables_have_headers_and_captions(page):
    for header in page.of("th"):
        assert header["attributes"]["scope"] in {"row", "col"}
    assert len(page.of("caption")) >= 10


def test_without_batches_and_figures_the_page_still_stands(study, tmp_path):
    bare = report_inputs.Study(**vars(study))
    bare.settings = study.settings | {"batch": study.settings["batch"] | {"columns": []}}
    bare.paths = study.paths | {"figures": [], "contrast_figures": [], "set_figures": [], "overlap_figures": []}
    found = Page(render(bare, tmp_path))
    assert not found.of("img")
    assert "No column of the sheet was declared a batch" in found.of("body")[0]["text"]


@pytest.mark.parametrize("method", METHODS)
def test_every_way_to_size_factors_has_words(study, tmp_path, method):
    source = render(with_record_facts(study, tmp_path, "estimate_size_factors", method=method), tmp_path)
    assert f"one size factor per sample as an offset ({METHODS[method].title}, from" in source


def test_size_factors_are_no_offset_of_linear_models(study, tmp_path):
    settings = study.settings | {"test": study.settings["test"] | {"engine": "voom", "cooks_filter": False}}
    source = render(replace(study, settings=settings), tmp_path)
    assert "library sizes scaled by one size factor per sample (" in source
    assert "as an offset" not in source


def test_surrogate_grid_has_the_strongest_column_first():
    table = pd.DataFrame(
        {"column": ["day", "rin"] * 2, "n_samples": 8, "r_squared": [0.1, 0.9, 0.5, float("nan")], "padj": 0.25},
        index=pd.Index(["surrogate_1", "surrogate_1", "surrogate_2", "surrogate_2"], name="variable"),
    )
    rows = [row[:3] for row in surrogate_grid(table).rows]
    assert rows == [
        *[("surrogate_1", "rin", "0.90"), ("surrogate_1", "day", "0.10")],
        *[("surrogate_2", "day", "0.50"), ("surrogate_2", "rin", "\N{EN DASH}")],
    ]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("mean", 0.04, "0.0"),
        ("mean", 99.96, "100.0"),
        ("mean", 12345.6, "12,346"),
        ("mean", 986.5, "987"),
        ("fold", 0.125, "0.13"),
        ("fold", -1.234, "\N{MINUS SIGN}1.23"),
        ("p", 0.0, "< 1e\N{MINUS SIGN}300"),
        ("p", 1.0, "1.00"),
        ("p", 0.05, "0.0500"),
        ("p", 0.000999, "9.99e\N{MINUS SIGN}4"),
        ("p", 1.23e-135, "1.23e\N{MINUS SIGN}135"),
        ("p", float("nan"), "\N{EN DASH}"),
    ],
)
def test_numbers_as_text(kind, value, text):
    assert gene_table._FORMATS[kind](value) == text


@pytest.mark.parametrize(("size", "text"), [(999, "999 B"), (1000, "1 kB"), (2638048, "2.64 MB"), (10**12, "1e+03 GB")])
def test_file_sizes(size, text):
    assert numbers.format_bytes(size) == text


def test_a_rare_column_is_shown_where_it_says_something():
    from degsteps.report.gene_table import gene_columns
    from degsteps.test.section_shrinkage import SHRINKAGE

    table = pd.DataFrame({"base_mean": [1.0, 2], "lfc_shrunken": [0.1, 0.2], "na_reason": "", "lfc_shrunken_note": ""})
    names = [name for name, _, _ in gene_columns(table, SHRINKAGE.columns)]
    assert "lfc_shrunken_note" not in names
    noted = table.assign(lfc_shrunken_note=["", "two_modes"])
    names = [name for name, _, _ in gene_columns(noted, SHRINKAGE.columns)]
    assert names.index("lfc_shrunken_note") == names.index("lfc_shrunken") + 1
