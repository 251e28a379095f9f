"""Figures: nothing clipped, nothing overlapping, nothing too small, and the same bytes every time.

How they look is for eyes to judge; what a program can see of it is tested here, on small and on awkward studies.
"""

import hashlib
import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.legend import Legend
from matplotlib.text import Text

from degsteps import tables
from degsteps.figures import style
from degsteps.figures.clustering import clustering
from degsteps.figures.fitting import fix_layout
from degsteps.figures.labels import place_labels
from degsteps.figures.look import look
from degsteps.figures.saving import save
from degsteps.filter import figures as filter_figures
from degsteps.qc import figures as qc_figures
from degsteps.qc import measures
from degsteps.test.figures import contrast as test_figures

SCRIPTS = Path(__file__).parents[3] / "scripts"
LONG = "GSE123456_patient-{:03d}_left upper lobe_biopsy_visit_{}_R1_001.sorted.bam"
AWKWARD_LEVELS = [
    "naïve (0 µM)",
    "$x_1$ & $y$",
    "_hidden β-受体",
    "a level whose name takes up more room than there is",
]


def counts_of(n_samples, n_genes=300, name="s{}", seed=1, equal=False):
    generator = np.random.default_rng(seed)
    means = 2 ** generator.normal(5, 2, (n_genes, 1))
    values = generator.poisson(means * generator.gamma(5, 0.2, (n_genes, n_samples)))
    if equal:
        values[:] = values[:, :1]
    genes = pd.Index([f"gene{i}" for i in range(n_genes)], name="gene")
    return pd.DataFrame(values, index=genes, columns=[name.format(i, i % 3) for i in range(n_samples)])


def sheet_of(samples, levels=("a", "b")):
    n_samples = len(samples)
    sheet = pd.DataFrame(
        {
            "condition": pd.Categorical([levels[i % len(levels)] for i in range(n_samples)], categories=list(levels)),
            "site": pd.Categorical(["north", "south", None, "north"] * n_samples)[:n_samples],
            "age": np.linspace(20, 70, n_samples),
        },
        index=samples,
    )
    sheet.index.name = "sample"
    return sheet


def qc_figures_of(counts, sheet, adjusted=True, flagged=None):
    """Draw every quality figure of a study, from the tables as they are after writing and reading."""
    factor = pd.Series(1.0, index=counts.columns)
    stages = {"before": measures.log2_counts(counts), "after": measures.log2_counts(counts, factor)}
    boxes = {name: measures.box_statistics(part) for name, part in stages.items()}
    boxes["rle"] = measures.box_statistics(measures.relative_log_expression(stages["after"]))
    libraries = measures.library_table(counts, factor, stages["after"], boxes["rle"])
    flagged = list(counts.columns[1:2]) if flagged is None else flagged
    libraries["flags"] = np.where(libraries.index.isin(flagged), "few reads", None)
    components = {"transformed": measures.principal_components(stages["after"], 100)}
    if adjusted:
        components["adjusted"] = measures.principal_components(stages["after"] * 0.9, 100)
    parts = ("scores", "variance", "loadings")
    scores, variance, loadings = (
        measures.stacked({k: getattr(c, part) for k, c in components.items()}) for part in parts
    )
    distances = measures.sample_distances(stages["after"])
    scales = style.scales(sheet, {"age": "years"})
    first = next(iter(scales.values()), None)
    stacked = measures.stacked(boxes)
    return {
        "libraries": qc_figures.libraries(libraries, first),
        "boxplots": qc_figures.boxplots(stacked, first, flagged),
        "rle": qc_figures.relative_log_expression(stacked, first, flagged),
        "densities": qc_figures.densities(measures.densities(stages), first),
        "pca": qc_figures.principal_components(scores, variance, loadings, scales, flagged),
        "scree": qc_figures.scree(variance),
        "loadings": qc_figures.top_loadings(loadings, pd.Series({"gene1": "ABC1", "gene2": ""})),
        "association": qc_figures.pc_association(measures.association_table(components, sheet), scales),
        "distances": qc_figures.distance_heatmap(distances, clustering(distances), scales, flagged),
    }


def results_of(n_genes=3000, n_called=200, seed=2, **columns):
    generator = np.random.default_rng(seed)
    change = generator.normal(0, 0.3, n_genes)
    change[:n_called] += np.where(np.arange(n_called) % 2, 3, -3)
    pvalues = generator.random(n_genes)
    pvalues[:n_called] = 10.0 ** -generator.uniform(5, 80, n_called)
    return pd.DataFrame(
        {
            "symbol": [f"SYM{i}" if i % 3 else "" for i in range(n_genes)],
            "base_mean": 10 ** generator.uniform(-1, 5, n_genes),
            "log2_fold_change": change,
            "stat": change / 0.3,
            "pvalue": pvalues,
            "padj": np.minimum(1, pvalues * 10),
            "lfc_shrunken": change * 0.8,
            "na_reason": "",
        },
        index=pd.Index([f"ENSG{i:011d}" for i in range(n_genes)], name="gene"),
    ).assign(**columns)


def contrast_figures_of(results, **options):
    look = {"alpha": 0.05} | options
    return {
        "ma": test_figures.ma_plot(results, "dex: trt vs untrt", **look),
        "volcano": test_figures.volcano_plot(results, "dex: trt vs untrt", **look),
        "pvalues": test_figures.pvalue_histogram(results, "dex: trt vs untrt"),
    }


def require_readable(figure):
    """Assert that everything lies within the figure and no text is too small; return the texts."""
    fix_layout(figure)
    renderer = figure.canvas.get_renderer()
    with style.settings():  # axes may make further ticks
        box = figure.get_tightbbox(renderer)
    width, height = figure.get_size_inches()
    slack = 0.02
    assert box.x0 >= -slack
    assert box.y0 >= -slack
    assert box.x1 <= width + slack
    assert box.y1 <= height + slack
    for legend in figure.findobj(Legend):
        extent = legend.get_window_extent(renderer)
        assert extent.x1 <= figure.bbox.x1 + 2
        assert extent.y0 >= figure.bbox.y0 - 2
    texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    assert min(text.get_fontsize() for text in texts) >= 8 * look().unit - 1e-9
    assert not any(text.get_parse_math() for text in texts)
    return texts


# ---- quality figures


@pytest.mark.parametrize(
    ("n_samples", "name", "levels", "adjusted"),
    [
        (2, "s{}", ("a", "b"), False),
        (8, "s{}", ("a", "b"), True),
        (12, LONG, AWKWARD_LEVELS, True),
        pytest.param(60, "s{}", [f"dose_{i}" for i in range(30)], False, marks=pytest.mark.long),
        pytest.param(90, LONG, [f"dose_{i}" for i in range(12)], True, marks=pytest.mark.long),
    ],
)
def test_quality_figures_are_readable(n_samples, name, levels, adjusted):
    counts = counts_of(n_samples, name=name)
    for figure in qc_figures_of(counts, sheet_of(counts.columns, levels), adjusted).values():
        require_readable(figure)


def test_samples_that_do_not_differ_are_said_not_to():
    counts = counts_of(5, equal=True)
    figures = qc_figures_of(counts, sheet_of(counts.columns), adjusted=False)
    for name in ("pca", "scree", "loadings"):
        texts = [text.get_text() for text in require_readable(figures[name])]
        assert any("The samples do not differ" in text for text in texts)


def test_without_columns_everything_has_one_colour():
    counts = counts_of(6)
    for name, figure in qc_figures_of(counts, sheet_of(counts.columns)[[]]).items():
        texts = require_readable(figure)
        assert name == "association" or not any("condition" in text.get_text() for text in texts)


def test_legend_shows_levels_as_they_are():
    counts = counts_of(8)
    figure = qc_figures_of(counts, sheet_of(counts.columns, AWKWARD_LEVELS))["boxplots"]
    texts = [text.get_text() for text in require_readable(figure)]
    assert "$x_1$ & $y$" in texts
    assert "naïve (0 µM)" in texts
    assert any(text.startswith("_hidden") for text in texts)


def test_samples_stay_in_their_rows():
    counts = counts_of(5)
    counts["s3"] *= 50
    figure = qc_figures_of(counts, sheet_of(counts.columns))["libraries"]
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    longest = max(axes.patches, key=lambda bar: bar.get_width())
    assert names[round(longest.get_y() + longest.get_height() / 2)] == "s3"
    assert names[1] == "s1 *"


def test_symbols_replace_ids_where_there_are_any():
    loadings = pd.DataFrame({"values": "transformed", "PC1": [0.9, -0.3, 0.2]}, index=["gene1", "gene2", "gene3"])
    axes = qc_figures.top_loadings(loadings, pd.Series({"gene1": "ABC1", "gene2": ""})).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ABC1", "gene2", "gene3"]


# ---- filter


@pytest.mark.parametrize("all_kept", [False, True])
def test_filter_figure(all_kept):
    counts = counts_of(4)
    counts.iloc[:40] = 0
    counts.iloc[40:80] = 1
    kept = np.arange(len(counts)) >= (0 if all_kept else 80)
    reason = np.where(kept, "", np.where(np.arange(len(counts)) < 40, "all_zero", "below_min_cpm"))
    figure = filter_figures.gene_filter(counts, pd.DataFrame({"kept": kept, "reason": reason}, index=counts.index))
    texts = [text.get_text() for text in require_readable(figure)]
    assert f"Gene filter: {kept.sum()} of 300 genes kept, 4 samples" in texts
    assert ("below min cpm" in texts) != all_kept


def test_mean_log2_cpm_by_hand():
    counts = pd.DataFrame({"s0": [0, 1_000_000], "s1": [2, 1_999_998]}, index=["g0", "g1"])
    expected = (np.log2(0.5) + np.log2(1.5)) / 2
    assert filter_figures.mean_log2_cpm(counts)["g0"] == pytest.approx(expected)


# ---- contrasts and dispersions


@pytest.mark.parametrize(
    "results",
    [
        results_of(),
        results_of().drop(columns=["lfc_shrunken", "symbol"]),
        results_of(n_called=0),
        results_of(pvalue=np.nan, padj=np.nan, stat=np.nan, log2_fold_change=np.nan, na_reason="all_zero"),
        results_of(pvalue=np.nan, padj="", na_reason="count_outlier"),
        results_of(symbol="a gene symbol of a length that nobody expects $_$"),
        results_of(pvalue=0.0, padj=0.0),
        results_of(n_genes=3, n_called=1),
    ],
    ids=["usual", "bare", "no_call", "all_missing", "no_pvalue", "long_symbols", "zero_p", "three_genes"],
)
def test_contrast_figures_are_readable(results):
    for figure in contrast_figures_of(results, labelled_genes=20).values():
        require_readable(figure)


def test_called_genes_by_both_criteria_and_missing_values():
    results = pd.DataFrame(
        {"log2_fold_change": [2, -2, 0.5, 3, np.nan, 2], "padj": [0.01, 0.049, 0.001, 0.05, 0.01, np.nan]}
    )
    assert test_figures.called_genes(results, 0.05).tolist() == [1, -1, 1, 0, 0, 0]
    assert test_figures.called_genes(results, 0.05, 1.0).tolist() == [1, -1, 0, 0, 0, 0]


def test_counts_of_called_genes_stand_in_the_figure():
    results = results_of()
    called = test_figures.called_genes(results, 0.05)
    for name in ("ma", "volcano"):
        texts = [text.get_text() for text in contrast_figures_of(results)[name].findobj(Text)]
        assert f"up, {(called > 0).sum()}" in texts
        assert f"down, {(called < 0).sum()}" in texts


@pytest.mark.parametrize("labelled_genes", [0, 5])
def test_number_of_labels_and_that_they_are_the_best_genes(labelled_genes):
    results = results_of()
    figure = test_figures.volcano_plot(results, "x", alpha=0.05, labelled_genes=labelled_genes)
    best = results.sort_values("pvalue").head(labelled_genes)
    expected = {symbol or gene for gene, symbol in best["symbol"].items()}
    shown = {text.get_text() for text in figure.axes[0].texts}
    assert shown == expected


def test_verdict_on_the_p_values_stands_in_the_figure():
    results = results_of(na_reason=["low_mean"] * 7 + [""] * 2993)
    results.iloc[:7, results.columns.get_loc("pvalue")] = np.nan
    title = test_figures.pvalue_histogram(results, "x").axes[0].get_title(loc="left").replace("\n", " ")
    assert title.startswith("Fine. Flat with a peak near 0")
    assert "7 genes: low mean 7" in title


def test_dispersions():
    generator = np.random.default_rng(4)
    mean = 10 ** generator.uniform(-1, 5, 500)
    fitted = 0.05 + 3 / mean
    gene_wise = fitted * generator.lognormal(0, 1, 500)
    gene_wise[:50] = 1e-8
    genes = pd.DataFrame(
        {
            "base_mean": mean,
            "disp_gene_wise": gene_wise,
            "disp_fitted": fitted,
            "dispersion": np.sqrt(np.maximum(gene_wise, 1e-3) * fitted),
            "disp_outlier": np.arange(500) >= 490,
        }
    )
    genes = genes.astype({"disp_outlier": object})  # as it is where genes without a value are among them
    genes.iloc[60:70] = np.nan
    texts = [text.get_text() for text in require_readable(test_figures.dispersion_plot(genes))]
    assert "Dispersions, 490 genes" in texts
    assert "outlier, kept gene-wise, 10" in texts
    assert "gene-wise below the axis, 50" in texts
    nothing = test_figures.dispersion_plot(genes.assign(dispersion=np.nan))
    assert "No gene has a dispersion." in [text.get_text() for text in require_readable(nothing)]


# ---- labels


def overlapping(figure):
    renderer = figure.canvas.get_renderer()
    axes = figure.axes[0]
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    assert all(axes.bbox.x0 <= b.x0 and b.x1 <= axes.bbox.x1 for b in boxes)
    return sum(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i]), len(boxes)


def test_labels_do_not_overlap_however_dense_the_points():
    generator = np.random.default_rng(6)
    results = results_of(log2_fold_change=generator.normal(0, 0.05, 3000))
    n_overlaps, n_labels = overlapping(test_figures.volcano_plot(results, "x", alpha=0.05, labelled_genes=60))
    assert n_overlaps == 0
    assert n_labels >= 15


def test_labels_keep_clear_of_points_where_there_is_room():
    figure = style.new_figure(4)
    axes = figure.subplots()
    x, y = np.array([0.2, 0.5, 0.52, 0.8]), np.array([0.3, 0.5, 0.5, 0.7])
    axes.scatter(x, y)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    assert place_labels(axes, x, y, ["first", "second", "third", "fourth"]) == 4
    renderer = figure.canvas.get_renderer()
    points = axes.transData.transform(np.column_stack([x, y]))
    for text in axes.texts:
        box = text.get_window_extent(renderer)
        assert not any(box.contains(*point) for point in points)


def test_points_outside_of_the_axes_get_no_label():
    figure = style.new_figure(3)
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    assert place_labels(axes, np.array([0.5, 2.0]), np.array([0.5, 0.5]), ["in", "out"]) == 1


# ---- style


def test_names_are_shortened_and_stay_different():
    names = [LONG.format(i, i % 3) for i in range(12)]
    short = style.shown_names(names, 20)
    assert len(set(short)) == 12
    assert max(map(len, short)) <= 20 + len(" (12)")
    assert all(f"{i:03d}" in name for i, name in enumerate(short))
    assert style.shown_names(["plain", "short"]) == ["plain", "short"]
    assert style.shown_names(["x" * 50, "x" * 25 + "y" + "x" * 24], 20)[0] != "x" * 50
    assert len(set(style.shown_names(["a" * 30 + "b" + "a" * 30, "a" * 30 + "c" + "a" * 30], 12))) == 2


def test_characters_without_a_glyph_are_spelled_out():
    assert style.shown("β-受") == "β-[U+53D7]"
    assert style.shown("e\u0301") == "é"


def test_levels_can_be_told_apart():
    assert len({style.level_color(i) for i in range(24)}) == 24
    assert len({(style.level_color(i), style.level_marker(i)) for i in range(64)}) == 64
    assert [style.level_color(i) for i in range(3)] == [
        tuple(int(color[j : j + 2], 16) / 255 for j in (1, 3, 5)) for color in style.COLORS[:3]
    ]


def test_scale_of_levels_and_of_numbers():
    sheet = sheet_of([f"s{i}" for i in range(4)])
    scales = style.scales(sheet, {"age": "years"})
    assert scales["age"].title == "age (years)"
    assert [entry[0] for entry in scales["site"].legend_entries()] == ["north", "south", "(missing)"]
    assert scales["site"].codes(["s2", "s1"]).tolist() == [-1, 1]
    assert scales["condition"].colors(["s1", "s0"])[0] == pytest.approx(style.level_color(1))
    entries = scales["age"].legend_entries()
    assert [entry[0] for entry in entries] == ["70", "57.5", "45", "32.5", "20"]
    assert scales["age"].colors(["s3"])[0] == pytest.approx(entries[0][1])


def test_long_legends_end_with_the_number_of_levels_left_out():
    sheet = sheet_of([f"s{i}" for i in range(40)], [f"L{i}" for i in range(40)])
    entries = style.scales(sheet)["condition"].legend_entries()
    assert len(entries) == style.MAX_LEGEND
    assert entries[-1][0] == f"and {40 - style.MAX_LEGEND + 1} more levels"


def test_settings_of_the_user_change_nothing(tmp_path):
    import matplotlib

    variance = pd.DataFrame({"values": "transformed", "fraction": [0.7, 0.3], "cumulative": [0.7, 1.0]}, ["PC1", "PC2"])
    digests = []
    for size in (10, 30):
        with matplotlib.rc_context({"font.size": size, "axes.facecolor": "pink"}):
            save(qc_figures.scree(variance), tmp_path / "a.png", tmp_path / "a.svg")
        digests.append(digests_of(tmp_path, "a.png", "a.svg"))
    assert digests[0] == digests[1]


def digests_of(folder, *names):
    return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names]


# ---- the scripts


TABLES = ("libraries", "boxplots", "densities", "pca", "variance", "loadings", "association", "distances", "clustering")
FIGURES = ("libraries", "boxplots", "rle", "densities", "pca", "scree", "loadings", "association", "distances")


def run_script(name, settings, folder, **paths):
    """Run a script as the workflow does, and return its record."""
    command = [sys.executable, SCRIPTS / f"{name}.py", "--record", folder / "record.json", "--log", folder / "log"]
    for option, value in (paths | settings).items():
        text = value if isinstance(value, str | Path) else json.dumps(value)
        command.append(f"--{option.replace('_', '-')}={text}")
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "record.json").read_text())


def figure_paths(folder, names):
    folder.mkdir()
    return {f"{name}_{kind}": folder / f"{name}.{kind}" for name in names for kind in ("png", "svg")}


@pytest.mark.long
def test_scripts_compute_without_matplotlib_and_draw_the_same_bytes_twice(tmp_path):
    counts = counts_of(6)
    sheet = pd.DataFrame({"dex": list("aabbab"), "cell": list("xyxyxy")}, index=pd.Index(counts.columns, name="sample"))
    inputs = {name: tmp_path / f"{name}.parquet" for name in ("counts", "raw_counts", "transformed")}
    tables.write_matrix(counts, inputs["counts"])
    tables.write_matrix(counts, inputs["raw_counts"])
    tables.write_matrix(np.log2(counts + 1), inputs["transformed"])
    samples, size_factors = tmp_path / "samples.tsv", tmp_path / "size_factors.tsv"
    tables.write_table(sheet, samples)
    tables.write_table(pd.DataFrame({"size_factor": 1.0}, index=sheet.index), size_factors)
    settings = {
        "model": {"formula": "~ dex", "factors": {"dex": {"reference": "b"}}, "covariates": {}},
        "columns": ["dex"],
        "batch_columns": ["cell"],
    }
    methods = {
        "tested_factors": ["dex"],
        "size_factor_method": "ratio",
        "transform_method": "vst",
        "control_genes": None,
    }
    made = {name: tmp_path / f"{name}.tsv" for name in TABLES}
    words = {name: tmp_path / f"{name}.tsv" for name in ("outliers", "verdicts")}
    record = run_script(
        "compute_qc",
        settings | methods | {"top_genes": 50, "outlier_mad": 5, "blinded_columns": []},
        tmp_path,
        samples=samples,
        size_factors=size_factors,
        **inputs,
        **made,
        **words,
    )
    assert "matplotlib" not in record["packages"]
    assert record["facts"]["n_genes_in_pca"] == {"transformed": 50}
    assert list(tables.read_table(made["libraries"]).index) == list(counts.columns)

    first, second = figure_paths(tmp_path / "first", FIGURES), figure_paths(tmp_path / "second", FIGURES)
    run_script("plot_qc", settings, tmp_path, samples=samples, **made, **first)
    main = runpy.run_path(str(SCRIPTS / "plot_qc.py"))["main"]
    main(samples=samples, **made, **second, **settings)
    for name, path in first.items():
        assert path.read_bytes() == second[name].read_bytes(), name


@pytest.mark.parametrize(("point_null", "shape"), [(True, "peak"), (False, "interval")])
def test_script_of_a_contrast_reports_what_it_shows(tmp_path, point_null, shape):
    tables.write_table(results_of(n_genes=800), tmp_path / "contrast.tsv")
    settings = {"title": "dex: trt vs untrt", "alpha": 0.05, "min_log2_fold_change": 1, "labelled_genes": 5}
    settings["point_null"] = point_null
    figures = figure_paths(tmp_path / "figures", ("ma", "volcano", "pvalues"))
    facts = run_script("plot_contrast", settings, tmp_path, table=tmp_path / "contrast.tsv", **figures)["facts"]
    assert facts["up"] + facts["down"] == 200
    assert facts["pvalues"]["shape"] == shape
    assert (facts["pvalues"]["null_fraction"] is None) is not point_null


@pytest.mark.parametrize("kind", ["levels", "numbers", "many"])
def test_top_genes_show_every_sample_of_the_genes_with_the_smallest_p(kind):
    results = results_of(n_genes=300)
    samples = [f"s{number}" for number in range(12)]
    counts = pd.DataFrame(np.random.default_rng(1).poisson(50, (300, 12)), index=results.index, columns=samples)
    values = {
        "levels": list("aaaabbbbcccc"),
        "numbers": [float(number) for number in range(12)],
        "many": [f"a rather long name of a level, number {number}" for number in range(12)],
    }[kind]
    groups = pd.Series(values, index=samples, name="age")
    figure = test_figures.top_genes_plot(results, counts, groups, "a title", n_genes=7)
    fix_layout(figure)
    shown = [axes for axes in figure.axes if axes.axison]
    assert len(shown) == 7
    for axes in shown:
        assert sum(len(points.get_offsets()) for points in axes.collections) == 12
    smallest = results["pvalue"].nsmallest(7).index
    labels = dict(zip(results.index, test_figures.gene_labels(results), strict=True))
    assert {axes.get_title(loc="left") for axes in shown} == {labels[gene] for gene in smallest}


@pytest.mark.parametrize(
    ("padj", "text"),
    [
        (0.0, "adjusted p < 1e-300"),
        (5e-324, "adjusted p < 1e-300"),
        (1e-310, "adjusted p < 1e-300"),
        (2e-300, "adjusted p 2.0e-300"),
        (0.03, "adjusted p 3.0e-02"),
        (1.0, "adjusted p 1.0e+00"),
        (np.nan, "no adjusted p"),
    ],
)
def test_an_adjusted_p_that_is_too_small_is_not_zero(padj, text):
    results = results_of(n_genes=3, n_called=0).assign(padj=padj)
    counts = pd.DataFrame(5, index=results.index, columns=["a", "b"])
    figure = test_figures.top_genes_plot(results, counts, pd.Series(["x", "y"], index=["a", "b"]), "t", n_genes=1)
    assert [axes.get_xlabel() for axes in figure.axes if axes.axison] == [text]


def test_groups_stand_in_the_order_of_their_categories():
    results, samples = results_of(n_genes=3, n_called=0), ["a", "b", "c", "d"]
    counts = pd.DataFrame(5, index=results.index, columns=samples)
    groups = pd.Series(["trt", "trt", "untrt", "untrt"], index=samples)
    for order, expected in ((None, ["trt", "untrt"]), (["untrt", "none", "trt"], ["untrt", "trt"])):
        typed = groups if order is None else groups.astype(pd.CategoricalDtype(order))
        figure = test_figures.top_genes_plot(results, counts, typed, "t", n_genes=1)
        assert [text.get_text() for text in figure.legends[0].get_texts()] == expected


@pytest.mark.parametrize(
    ("genes", "symbols", "labels"),
    [
        (["E1", "E2", "E3"], ["A", "A", "B"], ["A (E1)", "A (E2)", "B"]),
        (["E1", "E2", "E3"], ["", "", "B"], ["E1", "E2", "B"]),
        (["A", "E2", "E3"], ["", "A", "B"], ["A", "A (E2)", "B"]),
        (["E1", "E2"], ["a_very_long_symbol_X_of_a_gene", "a_very_long_symbol_Y_of_a_gene"], None),
        (["a_very_long_id_X_of_a_gene_1", "a_very_long_id_Y_of_a_gene_1"], ["", ""], None),
    ],
)
def test_genes_that_are_called_alike_are_told_apart(genes, symbols, labels):
    results = pd.DataFrame({"symbol": symbols}, index=genes)
    shown = list(test_figures.gene_labels(results))
    assert len(set(shown)) == len(genes)
    if labels is not None:
        assert shown == labels
