"""The explorer in a browser: every action, what leaves the page, names and contrast of controls, paper, no script."""

import csv
import io
import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.browser import Browser
from benchmarks.explorer_study import made_study
from tests.unit.report import report_inputs
from tests.unit.report.report_inputs import CONTRASTS, N_GENES, SAMPLES
from tests.unit.report.test_page import needs_browser, render

pytestmark = [needs_browser, pytest.mark.long]
SECOND = list(CONTRASTS)[1]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return a study whose page is written, with confidence limits."""
    study = report_inputs.summarized(report_inputs.build(tmp_path_factory.mktemp("study")))
    for path in study.paths["contrast_tables"]:
        table = pd.read_csv(path, sep="\t", index_col=0, keep_default_na=False, na_values=[""])
        half = 1.96 * table["lfc_se"]
        at = list(table.columns).index("lfc_se") + 1
        table.insert(at, "lfc_lower", table["log2_fold_change"] - half)
        table.insert(at + 1, "lfc_upper", table["log2_fold_change"] + half)
        table.to_csv(path, sep="\t", lineterminator="\n")
    render(study)
    return study


@pytest.fixture(scope="module")
def tables(study):
    return [
        pd.read_csv(path, sep="\t", index_col=0, keep_default_na=False, na_values=[""])
        for path in study.paths["contrast_tables"]
    ]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


def opened(browser, study, fragment=""):
    browser.media()
    browser.open(study.report / "report.html", fragment)
    browser.wait("document.getElementById('explore').dataset.ready === 'all'")
    browser.run("document.documentElement.style.scrollBehavior = 'auto'")
    return browser


@pytest.fixture
def page(browser, study):
    return opened(browser, study)


def text(page, name):
    return page.run(f"document.getElementById('x-{name}').textContent")


def choose(page, name, value, event="change"):
    script = f"const e = document.getElementById('x-{name}'); e.value = {json.dumps(value)};"
    page.run(f"(() => {{ {script} e.dispatchEvent(new Event('{event}', {{ bubbles: true }})); }})()")


def press(page, name):
    page.run(f"document.getElementById('x-{name}').click()")


def find(page, words):
    page.run("document.getElementById('x-find').focus(); document.getElementById('x-find').value = ''")
    page.type(words)
    page.key("Enter", 13)


def chosen(page, words):
    page.wait(f"document.getElementById('x-gene-title').textContent.includes({json.dumps(words)})")
    page.wait("document.getElementById('x-gene').textContent.length > 0")


def rows(page):
    script = "[...document.querySelectorAll('#x-table tbody tr:not([hidden])')].map(r => r.children[1].textContent)"
    return page.run(script)


def box(page, name):
    page.run(f"document.getElementById('x-{name}').scrollIntoView({{ block: 'center' }})")
    return page.run(
        f"(({{left, top, width, height}}) => [left, top, width, height])"
        f"(document.getElementById('x-{name}').getBoundingClientRect())"
    )


# ---- finding


def test_a_gene_is_found_by_symbol_and_everything_follows(page, tables):
    find(page, "march1")
    chosen(page, "MARCH1")
    table = tables[0]
    (gene,) = table.index[table["symbol"] == "MARCH1"]
    assert gene in text(page, "gene-title")
    page.wait("document.querySelector('#x-strip svg')")
    assert "MARCH1" in page.run("document.querySelector('#x-strip svg').getAttribute('aria-label')")
    assert page.run("document.querySelectorAll('#x-strip [data-sample]').length") == len(SAMPLES)
    assert page.run("document.querySelectorAll('#x-folds [data-contrast]').length") == len(CONTRASTS)
    assert page.run("document.querySelector('#x-table tr.current').children[1].textContent") == gene
    fold = table.at[gene, "log2_fold_change"]
    assert f"{fold:.2f}".replace("-", "\N{MINUS SIGN}") in text(page, "gene")


@pytest.mark.parametrize(("words", "gene"), [("ensg007", "ENSG007"), ("protein 33", "ENSG033"), ("=1+1", "=1+1")])
def test_a_gene_is_found_by_id_and_name(page, words, gene):
    find(page, words)
    chosen(page, gene)


def test_a_gene_that_was_filtered_out_says_why(page):
    find(page, "DROP5")
    chosen(page, "DROP5")
    assert "left out by the filter, below min cpm" in text(page, "gene")
    assert "about 5" in text(page, "gene")
    assert page.run("document.querySelectorAll('#x-strip svg').length") == 0
    find(page, "DROP0")
    page.wait("document.getElementById('x-gene').textContent.includes('all zero')")


def test_a_gene_without_adjusted_p_says_why_and_an_unknown_one_is_told(page, tables):
    find(page, tables[0].index[57])
    page.wait("document.getElementById('x-gene').textContent.includes('Cook')")
    page.run("document.getElementById('x-find').value = ''")
    page.type("no such gene")
    assert "No gene of the counts" in text(page, "found")


def test_hostile_names_stay_text(page):
    find(page, "ensg001")
    chosen(page, "ENSG001")
    assert report_inputs.CLOSING_NAME in text(page, "gene")
    assert page.run("document.querySelectorAll('#explore img').length") == 0


# ---- plot


def point(page, contrast_color):
    """Return where a point of a colour lies in the window."""
    left, top, *_ = box(page, "points")
    x, y = page.run(f"""(() => {{
        const canvas = document.getElementById('x-points');
        const {{ data, width }} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const [r, g, b] = {list(contrast_color)};
        for (let i = 0; i < data.length; i += 4) {{
          const [x, y] = [(i / 4) % width, Math.floor(i / 4 / width)];
          if (data[i] === r && data[i + 1] === g && data[i + 2] === b && x > 60) return [x + 1, y + 2];
        }}
        return null;
    }})()""")
    return left + x, top + y


UP = (0xB0, 0x45, 0x00)


def test_clicking_a_point_chooses_its_gene_and_hovering_names_it(page):
    x, y = point(page, UP)
    page.mouse("mouseMoved", x, y)
    page.wait("!document.getElementById('x-tip').hidden")
    gene = text(page, "tip").split("\n")[0]
    page.click(x, y)
    chosen(page, gene)
    page.wait("document.querySelector('#x-strip svg')")
    assert gene in page.run("document.querySelector('#x-strip svg').getAttribute('aria-label')")
    current = page.run("[...document.querySelector('#x-table tr.current').children].map(c => c.textContent)")
    assert gene in current


def test_lasso_selects_and_exports_hold_the_selection(page, browser, tables):
    choose(page, "drag", "lasso")
    left, top, width, height = box(page, "marks")
    # A p-value of 0 stands at the upper edge.
    corners = [(left + 40, top + 3), (left + width - 5, top + 3), (left + width - 5, top + height - 35)]
    page.drag(*corners, (left + 40, top + height - 35), corners[0])
    has_p = tables[0].index[tables[0]["pvalue"].notna()]
    page.wait(f"document.getElementById('x-selected').textContent.startsWith('{len(has_p)} selected')")
    press(page, "ids")
    assert set(browser.download("study.1.0.hi_vs_na.genes.txt").decode().split()) == set(has_p)


def test_zoom_and_back(page):
    before = page.run("document.getElementById('x-points').toDataURL()")
    press(page, "in")
    page.wait(f"document.getElementById('x-points').toDataURL() !== {json.dumps(before)}")
    press(page, "all")
    page.wait(f"document.getElementById('x-points').toDataURL() === {json.dumps(before)}")
    left, top, width, height = box(page, "marks")
    page.drag((left + width / 3, top + 30), (left + width / 2, top + 80), (left + width / 1.5, top + height / 2))
    page.wait(f"document.getElementById('x-points').toDataURL() !== {json.dumps(before)}")
    choose(page, "plot", "ma")
    page.wait("document.getElementById('x-points').getAttribute('aria-label').startsWith('Fold change over mean')")


def test_thresholds_decide_what_is_called(page, tables):
    for p, fold in (("0.01", "0"), ("0.1", "1"), ("0.1", "")):
        choose(page, "p", p, "input")
        choose(page, "fold", fold, "input")
        table = tables[0]
        is_called = (table["padj"] < float(p)) & (table["log2_fold_change"].abs() >= float(fold or 0))
        up = int((is_called & (table["log2_fold_change"] > 0)).sum())
        assert f"▲ {up} up" in text(page, "called"), (p, fold)
        choose(page, "show", "up")
        assert text(page, "rows").startswith(f"{up} of {N_GENES}")
        choose(page, "show", "all")


# ---- table


def test_sorting_by_every_column(page, tables):
    labels = page.run("[...document.querySelectorAll('#x-table thead button')].map(b => b.textContent)")
    assert labels[:7] == ["Gene", "Symbol", "Name", "Mean count", "log2 fold change", "Shrunken", "p-value"]
    script = "[...document.querySelectorAll('#x-table thead button')].find(b => b.textContent === %s).click()"
    table = tables[0]
    expected = {
        "log2 fold change": table["log2_fold_change"].sort_values(ascending=False).index,
        "Mean count": table["base_mean"].sort_values(ascending=False).index,
        "Gene": sorted(table.index, key=str.lower),
        "p-value": table["pvalue"].sort_values().index,
    }
    for label, genes in expected.items():
        page.run(script % json.dumps(label))
        shown = rows(page)
        assert shown == list(genes[: len(shown)]), label
        assert page.run("document.querySelectorAll('#x-table th[aria-sort]').length") == 1
    page.run(script % '"p-value"')
    assert rows(page)[0] == table["pvalue"].sort_values().dropna().index[-1]  # what is missing stays at the end


def test_filters_below_the_headings(page, tables):
    script = """(() => {
        const e = document.querySelector('[aria-label="Filter by %s"]');
        e.value = %s;
        e.dispatchEvent(new Event('input', { bubbles: true }));
        return e.getAttribute('aria-invalid');
    })()"""
    table = tables[0]
    fold, p = table["log2_fold_change"], table["padj"]
    for label, words, fits in (
        ("log2 fold change", ">1", fold > 1),
        ("log2 fold change", "±2", fold.abs() >= 2),
        ("log2 fold change", "-1..0", (fold >= -1) & (fold <= 0)),
        ("Adjusted p", "<0.01", p < 0.01),
        ("Symbol", "sym1", table["symbol"].str.lower().str.contains("sym1")),
    ):
        assert page.run(script % (label, json.dumps(words))) == "false"
        assert text(page, "rows").split(" ")[0] == str(int(fits.sum())), words
        page.run(script % (label, '""'))
    assert page.run(script % ("Adjusted p", '"small"')) == "true"
    page.run(script % ("Adjusted p", '""'))
    assert text(page, "rows").startswith(f"All {N_GENES}")


def test_rows_come_by_scrolling_and_by_the_keyboard(page, tables):
    expected = list(tables[0]["pvalue"].sort_values(kind="stable").index)
    page.run("document.getElementById('x-scroll').scrollTop = 30 * 20")
    page.wait("document.querySelector('#x-table tbody tr').getAttribute('aria-rowindex') === '23'")
    assert rows(page)[0] == expected[20]
    page.run("document.getElementById('x-scroll').scrollTop = 0; document.getElementById('x-table').focus()")
    for _ in range(3):
        page.key("ArrowDown", 40)
    chosen(page, tables[0].at[expected[2], "symbol"])
    page.key(" ", 32)
    assert text(page, "selected").startswith("1 selected")
    page.key("End", 35)
    page.wait("document.querySelector('#x-table tr.current')")
    assert page.run("document.getElementById('x-table').getAttribute('aria-activedescendant')").startswith("x-row-")
    page.key("Home", 36)
    chosen(page, tables[0].at[expected[0], "symbol"])


def test_pasted_list_and_csv(page, browser, tables):
    table = tables[0]
    choose(page, "pasted", "ENSG010, sym20\nENSG030.7; nonsense\tSEPT2", "input")
    press(page, "take")
    assert text(page, "taken") == "4 found; 1 not among the tested genes: nonsense."
    choose(page, "show", "selected")
    assert sorted(rows(page)) == ["ENSG010", "ENSG020", "ENSG030", "SEPT2"]
    press(page, "csv")
    (browser.saved / "study.1.0.hi_vs_na.rounded.csv").unlink(missing_ok=True)
    press(page, "csv")
    content = browser.download("study.1.0.hi_vs_na.rounded.csv").decode()
    found = list(csv.DictReader(io.StringIO(content)))
    assert {row["gene"] for row in found} == {"ENSG010", "ENSG020", "ENSG030", "SEPT2"}
    for row in found:
        np.testing.assert_allclose(float(row["log2_fold_change"]), table.at[row["gene"], "log2_fold_change"], atol=5e-4)
        np.testing.assert_allclose(float(row["pvalue"]), table.at[row["gene"], "pvalue"], rtol=5e-3)
    press(page, "clear")
    assert text(page, "selected") == "None selected."


def test_nothing_in_a_csv_is_a_formula(page, browser):
    (browser.saved / "study.1.0.hi_vs_na.rounded.csv").unlink(missing_ok=True)
    press(page, "csv")
    cells = [
        cell
        for row in csv.reader(io.StringIO(browser.download("study.1.0.hi_vs_na.rounded.csv").decode()))
        for cell in row
    ]
    texts = [cell for cell in cells if cell[:1] in "=+@" and cell]
    assert texts == []
    assert "'=1+1" in cells


# ---- contrasts and the address


def test_switching_the_contrast_keeps_the_gene(page, tables):
    find(page, "ensg020")
    chosen(page, "SYM20")
    choose(page, "contrast", SECOND)
    page.wait(f"document.getElementById('x-exact').textContent === {json.dumps(SECOND + '.tsv')}")
    fold = f"{tables[1].at['ENSG020', 'log2_fold_change']:.2f}".replace("-", "\N{MINUS SIGN}")
    page.wait(f"document.getElementById('x-gene').textContent.includes({json.dumps(fold)})")
    assert "SYM20" in text(page, "gene-title")
    page.run(
        "document.querySelector('#x-folds [data-contrast=\"0\"]').dispatchEvent(new Event('click', {bubbles: true}))"
    )
    page.wait("document.getElementById('x-contrast').value === 'hi_vs_na'")


def test_the_address_keeps_what_is_shown(page, browser, study):
    find(page, "ensg020")
    choose(page, "contrast", SECOND)
    choose(page, "p", "0.2", "input")
    choose(page, "plot", "ma")
    choose(page, "group", "site")
    choose(page, "pasted", "ENSG010 ENSG011", "input")
    press(page, "take")
    page.wait("location.hash.includes('selected=ENSG010,ENSG011')")
    address = page.run("location.hash")
    opened(browser, study, address)
    chosen(page, "SYM20")
    values = page.run("['contrast', 'p', 'plot', 'group'].map(n => document.getElementById('x-' + n).value)")
    assert values == [SECOND, "0.2", "ma", "site"]
    assert text(page, "selected").startswith("2 selected")
    opened(browser, study, "#explore&contrast=none&gene=%E0%A4%A&plot=pie&x=-1&selected=a,%")
    assert page.run("document.getElementById('x-contrast').value") == "hi_vs_na"


def test_links_of_chapters_lead_here(page):
    page.run("document.querySelectorAll('.explore-link a')[1].click()")
    page.wait(f"document.getElementById('x-contrast').value === {json.dumps(SECOND)}")
    assert page.run("document.querySelectorAll('[data-explore][hidden]').length") == 0


# ---- samples


def test_groups_and_colours_by_any_column(page):
    find(page, "ensg020")
    chosen(page, "SYM20")
    for column, drawn in (("site", "y&"), ("age", "age"), ("dose", "NA")):
        choose(page, "group", column)
        page.wait(f"document.querySelector('#x-strip svg').getAttribute('aria-label').endsWith('by {column}')")
        assert drawn in text(page, "strip")
    choose(page, "color", "site")
    page.wait("document.querySelector('#x-strip svg').textContent.includes('y&')")
    fills = page.run(
        "[...new Set([...document.querySelectorAll('#x-strip [data-sample]')].map(e => e.getAttribute('fill')))]"
    )
    assert len(fills) == 2
    assert SAMPLES[0] in text(page, "strip")  # the flagged one is named


def test_components(page):
    assert page.run("document.querySelectorAll('#x-pca [data-sample]').length") == len(SAMPLES)
    assert SAMPLES[0] in text(page, "pca")
    choose(page, "pca-y", "2")
    assert "PC3 (10.0% of the variance)" in text(page, "pca")
    choose(page, "pca-color", "site")
    choose(page, "pca-shape", "dose")
    tags = page.run("[...new Set([...document.querySelectorAll('#x-pca [data-sample]')].map(e => e.tagName))].sort()")
    assert tags == ["circle", "rect"]
    page.run("document.getElementById('x-pca').scrollIntoView({ block: 'center' })")
    x, y = page.run("""(({ left, top, width, height }) => [left + width / 2, top + height / 2])(
        document.querySelector('#x-pca [data-sample="3"]').getBoundingClientRect())""")
    page.mouse("mouseMoved", x, y)
    page.wait("document.querySelector('#x-pca .tip').textContent.includes('naïve β')")


def test_distances(page):
    left, top, width, _ = box(page, "heat")
    page.mouse("mouseMoved", left + width - 60, top + 8)
    page.wait("!document.getElementById('x-heat-tip').hidden")
    said = text(page, "heat-tip")
    assert any(name in said for name in SAMPLES)
    assert "dose:" in said
    before = page.run("document.getElementById('x-heat').toDataURL()")
    choose(page, "heat-order", "dose")
    assert page.run("document.getElementById('x-heat').toDataURL()") != before


def test_drawings_can_be_saved(page, browser):
    find(page, "ensg020")
    chosen(page, "SYM20")
    page.wait("document.querySelector('#x-strip svg')")
    for button, name in (
        ("plot-svg", "hi_vs_na.volcano.svg"),
        ("strip-svg", "SYM20.samples.svg"),
        ("pca-svg", "components.svg"),
    ):
        press(page, button)
        root = ElementTree.fromstring(browser.download(f"study.1.0.{name}"))  # noqa: S314 - our own file
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert len(root.findall(".//{http://www.w3.org/2000/svg}text")) > 5
    for button, name in (
        ("plot-png", "hi_vs_na.volcano.png"),
        ("strip-png", "SYM20.samples.png"),
        ("pca-png", "components.png"),
        ("heat-png", "distances.png"),
    ):
        press(page, button)
        picture = browser.download(f"study.1.0.{name}")
        assert picture.startswith(b"\x89PNG")
        assert int.from_bytes(picture[16:20]) > 1000


# ---- for everyone


def test_the_policy_and_the_console_have_nothing_to_say(page, browser):
    find(page, "ensg020")
    chosen(page, "SYM20")
    assert browser.messages == []


def test_every_control_has_a_name_and_a_role(page):
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    needing = {
        "button",
        "combobox",
        "textbox",
        "searchbox",
        "spinbutton",
        "checkbox",
        "image",
        "grid",
        "listbox",
        "region",
    }
    unnamed = [
        (node["role"]["value"], node.get("properties", []))
        for node in nodes
        if node.get("role", {}).get("value") in needing
        and not node["ignored"]
        and not node.get("name", {}).get("value")
    ]
    assert unnamed == []
    ids = page.run("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


CONTRAST = """(() => {
    const lightness = ([r, g, b]) => [r, g, b].map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const parts = (color) => color.match(/[0-9.]+/g).map(Number);
    const behind = (e) => {
      for (; e; e = e.parentElement) {
        const color = parts(getComputedStyle(e).backgroundColor);
        if (color.length < 4 || color[3] > 0.9) return color;
      }
      return [255, 255, 255];
    };
    const found = [];
    const walker = document.createTreeWalker(document.getElementById('explore'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const e = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !e.checkVisibility() || e.closest(':disabled, script, option')) continue;
      const style = getComputedStyle(e);
      const color = e.namespaceURI.endsWith('svg') ? style.fill : style.color;
      const [a, b] = [lightness(parts(color)), lightness(behind(e))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) found.push([walker.currentNode.data.trim().slice(0, 40), ratio]);
    }
    return found;
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(browser, study, scheme):
    browser.media(scheme=scheme)
    browser.open(study.report / "report.html", "#explore&gene=ENSG057")
    browser.wait("document.getElementById('explore').dataset.ready === 'all'")
    assert browser.run(f"matchMedia('(prefers-color-scheme: {scheme})').matches")
    assert browser.run(CONTRAST) == []


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_window(browser, study, width):
    browser.resize(width, 800)
    opened(browser, study, "#explore&gene=ENSG020")
    chosen(browser, "SYM20")
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    browser.resize(1280, 900)


def test_paper_has_the_static_page(page, browser):
    browser.media(kind="print")
    hidden = page.run("getComputedStyle(document.getElementById('explore')).display")
    listed = page.run("document.querySelectorAll('#contrast-1 .gene-table tbody tr').length")
    browser.media()
    assert (hidden, listed) == ("none", 40)


def test_without_script_the_page_is_as_before(browser, study):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(study.report / "report.html")
        explorer = "document.getElementById('explore')"
        assert browser.run(f"{explorer}.hidden && {explorer}.dataset.ready === undefined")
        assert browser.run("document.querySelectorAll('[data-explore]:not([hidden])').length") == 0
        assert browser.run("document.querySelectorAll('#contrast-1 .gene-table tbody tr').length") == 40
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_counts_are_optional(browser, study, tmp_path):
    paths = {name: path for name, path in study.paths.items() if name not in report_inputs.EXPLORED}
    render(replace(study, paths=paths), tmp_path)
    browser.open(tmp_path / "report.html", "#explore&gene=ENSG020")
    browser.wait("document.getElementById('explore').dataset.ready === 'all'")
    assert browser.run("document.getElementById('x-strip-tools').hidden && document.getElementById('x-samples').hidden")
    assert browser.messages == []


def test_many_contrasts_fold_to_their_numbers(browser, tmp_path):
    """The study of the benchmark: five contrasts, four of them of genes that all stand in one page."""
    made = made_study(tmp_path / "made", 5, 300, 12)
    render(made)
    browser.open(made.report / "report.html", "#contrast-4")
    browser.wait("document.getElementById('explore').dataset.ready === 'all'")
    folds = "[...document.querySelectorAll('.contrast-fold')]"
    assert browser.run(f"{folds}.map(e => e.open)") == [False, False, False, True, False]
    assert browser.run("document.querySelectorAll('.contrast > dl.tiles').length") == 5
    assert browser.run("document.querySelectorAll('.contrast-fold .gene-table tbody tr').length") == 5 * 25
    browser.run("location.hash = '#contrast-2'")
    browser.wait(f"{folds}[1].open")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run(f"{folds}.every(e => e.open)")
    assert browser.run("document.getElementById('x-contrast').options.length") == 5
    assert browser.messages == []
