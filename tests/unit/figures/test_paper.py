"""Figures for a paper: final size, text that stays text, the same bytes, every setting of `report.figures`."""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from degsteps import tables
from degsteps.config.reading import read_schema, schema_problems, with_defaults
from degsteps.figures import style
from degsteps.figures.look import PALETTES, STYLES, Look, look, use_look, with_look
from degsteps.figures.saving import redrawing, save
from degsteps.qc import figures as qc_figures
from degsteps.test.figures import contrast as test_figures
from degsteps.workflow import targets
from tests.unit.figures.test_figures import (
    SCRIPTS,
    contrast_figures_of,
    counts_of,
    digests_of,
    figure_paths,
    qc_figures_of,
    require_readable,
    results_of,
    run_script,
    sheet_of,
)

SETTINGS = read_schema("analysis")["properties"]["report"]["properties"]["figures"]["properties"]


def volcano(**options):
    return test_figures.volcano_plot(results_of(n_genes=500), "dex: trt vs untrt", alpha=0.05, **options)


def test_schema_and_look_say_the_same():
    defaults = {name: part["default"] for name, part in SETTINGS.items() if name != "format"}
    assert defaults == vars(Look())
    assert SETTINGS["palette"]["enum"] == list(PALETTES)
    assert SETTINGS["style"]["enum"] == list(STYLES)


@pytest.mark.long
@pytest.mark.parametrize(("width_mm", "font_pt"), [(89, 7), (89, 6), (120, 7), (183, 8)])
def test_figures_have_their_final_size_and_text_stays_text(tmp_path, width_mm, font_pt):
    with with_look(width_mm=width_mm, font_pt=font_pt, dpi=300):
        save(volcano(), tmp_path / "a.png", tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text()
    assert float(re.search(r'width="([\d.]+)pt"', svg)[1]) == pytest.approx(width_mm / 25.4 * 72, abs=1e-3)
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)]
    assert min(sizes) == pytest.approx(font_pt * 8 / 9, abs=1e-3)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert "log2 fold change (maximum likelihood)" in texts
    assert any(text.startswith("SYM") for text in texts)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width == pytest.approx(width_mm / 25.4 * 300, abs=1)


def test_pdf_holds_its_fonts_and_has_the_same_bytes_twice(tmp_path):
    for name in ("a", "b"):
        with redrawing(("pdf", "svg"), {name}):
            save(volcano(), tmp_path / f"{name}.png", tmp_path / f"{name}.svg")
    assert digests_of(tmp_path, "a.pdf", "a.svg") == digests_of(tmp_path, "b.pdf", "b.svg")
    content = (tmp_path / "a.pdf").read_bytes()
    assert b"/CIDFontType2" in content
    assert b"/Type3" not in content
    assert b"CreationDate" not in content
    assert not (tmp_path / "a.png").exists()


@pytest.mark.parametrize(("n_genes", "n_pictures"), [(style.MAX_VECTOR_POINTS, 0), (style.MAX_VECTOR_POINTS + 1, 1)])
def test_points_are_vector_below_a_bound(tmp_path, n_genes, n_pictures):
    figure = test_figures.volcano_plot(results_of(n_genes=n_genes), "x", alpha=0.05)
    save(figure, tmp_path / "a.png", tmp_path / "a.svg")
    assert ((tmp_path / "a.svg").read_text().count("<image") > 0) == bool(n_pictures)


@pytest.mark.parametrize("width_mm", [89, 120])
@pytest.mark.parametrize("n_samples", [8, 109])
def test_narrow_figures_are_readable(width_mm, n_samples):
    with with_look(width_mm=width_mm):
        counts = counts_of(n_samples, name="GSM12345{:02d}")
        drawn = qc_figures_of(counts, sheet_of(counts.columns))
        drawn |= contrast_figures_of(results_of(n_genes=300))
        for figure in drawn.values():
            require_readable(figure)


@pytest.mark.parametrize(
    "changed", [{"dpi": 100}, {"font_pt": 8.0}, {"width_mm": 120.0}, {"palette": "grey"}, {"style": "paper"}]
)
def test_every_setting_changes_the_file(tmp_path, changed):
    digests = []
    for settings in ({}, changed):
        with with_look(**settings):
            save(volcano(), tmp_path / "a.png", tmp_path / "a.svg")
        digests.append(digests_of(tmp_path, "a.png"))
    assert digests[0] != digests[1]


def test_paper_has_no_heading():
    with with_look(style="paper"):
        assert volcano()._suptitle is None
    assert volcano()._suptitle is not None


def test_use_look_takes_what_the_configuration_says():
    before = vars(look())
    try:
        use_look({"width_mm": 89, "format": ["png", "svg"]})
        assert look() == Look(width_mm=89)
    finally:
        use_look(before)


def test_columns_of_a_sheet_share_no_colour():
    sheet = sheet_of([f"s{i}" for i in range(8)], ("a", "b", "c"))
    scales = style.scales(sheet)
    colors = [tuple(entry[1]) for name in ("condition", "site") for entry in scales[name].legend_entries()]
    assert len(set(colors)) == len(colors)
    two = style.scales(pd.DataFrame({"age": [1.0, 2.0], "dose": [1.0, 2.0]}, index=["s0", "s1"]))
    assert not np.allclose(two["age"].colors(["s0"]), two["dose"].colors(["s0"]))


def test_genes_of_choice_are_labelled_whatever_their_p_value():
    results = results_of(n_genes=500)
    last = results.index[np.argmax(results["pvalue"])]
    names = [str(results.loc[last, "symbol"] or last).lower(), "no such gene"]
    label = test_figures.gene_labels(results)[results.index.get_loc(last)]
    for draw in (test_figures.ma_plot, test_figures.volcano_plot):
        plain, chosen = (draw(results, "x", alpha=0.05, genes=genes) for genes in ([], names))
        assert label not in [text.get_text() for text in require_readable(plain)]
        assert label in [text.get_text() for text in require_readable(chosen)]
    assert test_figures.positions_of(results, names)["no such gene"] == []
    counts = pd.DataFrame(5.0, index=results.index, columns=["s0", "s1"])
    groups = pd.Series(["a", "b"], index=["s0", "s1"])
    drawn = test_figures.top_genes_plot(results, counts, groups, "x", genes=names)
    assert drawn.axes[0].get_title(loc="left").startswith(label.split(" (")[0])


@pytest.mark.long
def test_flagged_samples_are_named_among_many():
    counts = counts_of(109, name="PAT_{:03d}")
    drawn = qc_figures_of(counts, sheet_of(counts.columns), flagged=["PAT_003", "PAT_077"])
    for name in ("libraries", "boxplots", "rle", "pca", "distances"):
        texts = {text.get_text() for text in require_readable(drawn[name])}
        assert {"PAT_003", "PAT_077"} <= texts, name
        assert "PAT_050" not in texts, name


@pytest.mark.long
def test_figure_is_drawn_again_from_its_record(tmp_path):
    folder = tmp_path / "results" / "study" / "1.0" / "08_annotate"
    (folder.parent / "benchmarks").mkdir(parents=True)
    settings = {"title": "x", "alpha": 0.05, "min_log2_fold_change": 0.0, "labelled_genes": 5, "point_null": True}
    figures = figure_paths(folder, ("ma", "volcano", "pvalues"))
    table = folder / "c.tsv"
    tables.write_table(results_of(n_genes=400), table)
    run_script("plot_contrast", settings, folder, table=table, **figures)
    (folder / "record.json").rename(folder / "c.plot_contrast.record.json")
    record = json.loads((folder / "c.plot_contrast.record.json").read_text())
    record["command"] = record["command"].replace("/record.json", "/c.plot_contrast.record.json")
    (folder / "c.plot_contrast.record.json").write_text(json.dumps(record))
    before = digests_of(folder, "volcano.png", "volcano.svg")

    def redraw(*words):
        command = [sys.executable, SCRIPTS / "redraw_figure.py", folder / "volcano.svg", "--into", tmp_path / "new"]
        return subprocess.run(list(map(str, [*command, *words])), capture_output=True, text=True, cwd=tmp_path)

    done = redraw("--width-mm", "89", "--style", "paper", "--format", "svg", "pdf")
    assert done.returncode == 0, done.stderr
    place = tmp_path / "new" / "study" / "1.0" / "08_annotate"
    assert sorted(path.name for path in place.iterdir()) == ["volcano.pdf", "volcano.svg"]
    width = float(re.search(r'width="([\d.]+)pt"', (place / "volcano.svg").read_text())[1])
    assert width == pytest.approx(89 / 25.4 * 72, abs=1e-3)
    assert digests_of(folder, "volcano.png", "volcano.svg") == before
    again = redraw("--format", "svg")
    assert again.returncode == 0, again.stderr
    assert digests_of(place, "volcano.svg") == before[1:]
    table.write_text(table.read_text() + " ")
    changed = redraw()
    assert changed.returncode == 3
    assert "is not what plot_contrast read" in changed.stderr


def test_pdf_is_asked_for_by_the_format():
    analysis = with_defaults({"report": {}}, read_schema("analysis"))
    assert targets.printed_figures({"report": {"figures": {"format": ["png", "svg"]}}}) == []
    assert analysis["report"]["figures"]["format"] == ["png", "svg"]
    given = {"report": {"figures": {"format": ["pdf", "svg"]}}}
    said = [str(problem) for problem in schema_problems(given, read_schema("analysis"), "a.yaml")]
    assert "a.yaml: report.figures.format: lacks 'png'. Add it: [pdf, svg, png]." in said


def test_scree_of_two_kinds_stands_below_each_other_where_it_is_narrow():
    table = pd.DataFrame({"fraction": [0.7, 0.3], "cumulative": [0.7, 1.0]}, ["PC1", "PC2"])
    variance = pd.concat([table.assign(values="transformed"), table.assign(values="adjusted")])
    with with_look(width_mm=89):
        first, second = qc_figures.scree(variance).axes
    assert first.get_position().y0 >= second.get_position().y1
