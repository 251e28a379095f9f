"""Filters against edgeR's cpm() and filterByExpr() (tests/reference/normalization)."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import ConfigError, DataError, DesignError
from degsteps.filter import rules

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "tests" / "reference" / "normalization"
COLUMNS = ["kept", "reason", "total_count", "mean_cpm", "n_samples_at_threshold"]
FACTORS = {"pasilla": ("condition", "type"), "airway": ("dex", "cell")}


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", index_col=0)


@pytest.fixture(scope="module", params=list(FACTORS))
def real_set(request) -> tuple[str, pd.DataFrame, pd.Series, pd.DataFrame]:
    """Return name, counts, groups and the design ~ batch + condition."""
    counts = read(ROOT / "resources" / request.param / "counts.tsv.gz")
    samples = read(ROOT / "resources" / request.param / "samples.tsv").loc[counts.columns]
    condition, batch = FACTORS[request.param]
    design = pd.get_dummies(samples[[batch, condition]], drop_first=True).astype(float)
    design.insert(0, "intercept", 1.0)
    return request.param, counts, samples[condition], design


@pytest.fixture(scope="module")
def simulated() -> tuple[pd.DataFrame, pd.DataFrame]:
    return read(REFERENCE / "simulated_counts.tsv.gz"), read(REFERENCE / "simulated_samples.tsv")


@pytest.mark.parametrize(
    ("name", "run"),
    [
        (
            "cpm_1_smallest_group",
            lambda c, g, _: rules.filter_cpm(c, min_samples=rules.smallest_group_size(g)),
        ),
        ("cpm_0.5_in_2", lambda c, *_: rules.filter_cpm(c, min_cpm=0.5, min_samples=2)),
        ("by_expr_group", lambda c, g, _: rules.filter_by_expr(c, groups=g)),
        ("by_expr_design", lambda c, _, d: rules.filter_by_expr(c, design=d)),
        ("by_expr_none", lambda c, *_: rules.filter_by_expr(c)),
        (
            "by_expr_strict",
            lambda c, g, _: rules.filter_by_expr(c, groups=g, min_count=50, min_total_count=1000),
        ),
    ],
)
def test_the_same_genes_as_in_r(real_set, name, run):
    set_name, counts, groups, design = real_set
    table = run(counts, groups, design)
    from_r = read(REFERENCE / f"{set_name}_filters.tsv.gz")[name].astype(bool)
    assert list(table.columns) == COLUMNS
    assert list(table.index) == list(counts.index)
    pd.testing.assert_series_equal(table.loc[from_r.index, "kept"], from_r, check_names=False)
    assert table["kept"].sum() == read(REFERENCE / f"{set_name}_filters_total.tsv").loc[name, "n"]


def test_groups_larger_than_large_n_and_uneven_designs_as_in_r(simulated):
    counts, samples = simulated
    treated = (samples["condition"] == "treated").astype(float)
    one = pd.Series(1.0, index=samples.index)
    full = pd.DataFrame(
        {
            "intercept": one,
            "b2": (samples["batch"] == "b2").astype(float),
            "b3": (samples["batch"] == "b3").astype(float),
            "r2": (samples["run"] == "r2").astype(float),
            "rin": samples["rin"],
            "treated": treated,
        }
    )
    from_r = read(REFERENCE / "simulated_filters.tsv.gz").astype(bool)
    groups = samples["condition"]
    ours = {
        "by_expr_condition": rules.filter_by_expr(counts, design=full[["intercept", "treated"]]),
        "by_expr_no_intercept": rules.filter_by_expr(counts, design=pd.DataFrame({"c": 1 - treated, "t": treated})),
        "by_expr_full": rules.filter_by_expr(counts, design=full),
        "by_expr_one": rules.filter_by_expr(counts, design=np.ones((30, 1))),
        "by_expr_group": rules.filter_by_expr(counts, groups=groups),
        "by_expr_group_large_5": rules.filter_by_expr(counts, groups=groups, large_n=5, min_prop=0.5),
    }
    assert set(ours) == set(from_r.columns)
    for name, table in ours.items():
        np.testing.assert_array_equal(table["kept"], from_r[name], err_msg=name)
    # The masks above differ from one another, so the comparison can fail.
    assert len({tuple(from_r[name]) for name in from_r}) >= 4


def test_a_redundant_column_or_another_unit_does_not_change_the_leverage(simulated):
    counts, samples = simulated
    design = pd.DataFrame({"treated": (samples["condition"] == "treated").astype(float), "rin": samples["rin"]})
    expected = rules.expr_min_samples(counts.columns, design=design)
    redundant = design.assign(again=1 - design["treated"], rin=design["rin"] * 1e9)
    assert rules.expr_min_samples(counts.columns, design=redundant) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("size", "expected"), [(3, 3), (10, 10), (12, 11.4), (30, 24)])
def test_min_samples_by_group_and_design_agree(size, expected):
    groups = pd.Series(["a"] * size + ["b"] * (size + 4), index=[f"s{i}" for i in range(2 * size + 4)])
    design = pd.DataFrame({"intercept": 1.0, "b": (groups == "b").astype(float)})
    assert rules.expr_min_samples(groups.index, groups=groups) == pytest.approx(expected, rel=1e-12)
    assert rules.expr_min_samples(groups.index, design=design) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", range(2, 40))
def test_rounding_of_leverages_does_not_cost_a_gene(n):
    # A gene expressed in exactly the samples of the smaller group is kept whatever the group's size.
    groups = np.repeat([0.0, 1.0], [n, n + 3])
    counts = pd.DataFrame([100 * (1 - groups), 100 + 0 * groups], dtype=int, index=["one_group", "all"])
    # Equal libraries, so that the threshold is min_count itself.
    counts.loc["rest"] = 1000 - counts.sum()
    design = np.column_stack([np.ones(len(groups)), groups])
    kept = rules.filter_by_expr(counts, design=design, large_n=100)["kept"]
    assert kept.all()


def test_cpm_threshold_of_by_expr_is_min_count_in_the_median_library():
    counts = pd.DataFrame([[1_000_000, 2_000_000, 9_000_000]], columns=["s1", "s2", "s3"], index=["g"])
    assert rules.expr_cpm_threshold(counts, 10) == pytest.approx(5)


def test_a_gene_on_the_threshold_is_kept():
    counts = pd.DataFrame([[2, 2, 1], [1_999_998, 1_999_998, 1_999_999]], index=["edge", "rest"], columns=list("abc"))
    table = rules.filter_cpm(counts, min_samples=2)
    assert table.loc["edge", "kept"]
    assert table.loc["edge", "n_samples_at_threshold"] == 2
    assert not rules.filter_cpm(counts, min_samples=3).loc["edge", "kept"]


def test_reasons_and_numbers():
    counts = pd.DataFrame(
        [[0, 0, 0, 0], [0, 1, 0, 0], [3, 3, 3, 3], [0, 20, 20, 0], [9997, 9976, 9977, 9997]],
        index=["silent", "single", "few", "pair", "rest"],
        columns=["s1", "s2", "s3", "s4"],
    )
    cpm = rules.filter_cpm(counts, min_cpm=200, min_samples=2)
    assert cpm["reason"].to_dict() == {"silent": "all_zero", "single": "below_min_cpm"} | dict.fromkeys(
        ["few", "pair", "rest"], ""
    )
    assert cpm["n_samples_at_threshold"].tolist() == [0, 0, 4, 2, 4]
    assert cpm["total_count"].tolist() == [0, 1, 12, 40, 39947]
    assert cpm.loc["few", "mean_cpm"] == pytest.approx(300)
    groups = pd.Series(["a", "b", "b", "a"], index=counts.columns)
    by_expr = rules.filter_by_expr(counts, groups=groups, min_count=3, min_total_count=15)
    assert by_expr["reason"].tolist() == ["all_zero", "below_min_count", "below_min_total_count", "", ""]
    assert set(by_expr["reason"]) | set(cpm["reason"]) <= {"", *rules.REASONS}


def test_library_sizes_are_those_of_the_whole_matrix(real_set):
    _, counts, groups, _ = real_set
    size = rules.smallest_group_size(groups)
    once = rules.filter_cpm(counts, min_samples=size)
    kept = counts[once["kept"]]
    np.testing.assert_allclose(once.loc[kept.index, "mean_cpm"], (kept / counts.sum() * 1e6).mean(axis=1), rtol=1e-12)


def test_the_order_of_genes_and_samples_does_not_matter(real_set):
    _, counts, groups, design = real_set
    rng = np.random.default_rng(0)
    shuffled = counts.iloc[rng.permutation(counts.shape[0]), rng.permutation(counts.shape[1])]
    for run in (
        lambda c: rules.filter_cpm(c, min_samples=3),
        lambda c: rules.filter_by_expr(c, groups=groups[c.columns]),
        lambda c: rules.filter_by_expr(c, design=design.loc[c.columns]),
    ):
        pd.testing.assert_frame_equal(run(shuffled).loc[counts.index], run(counts), rtol=1e-12)


def test_a_stricter_threshold_never_keeps_more(real_set):
    _, counts, _, _ = real_set
    kept = [rules.filter_cpm(counts, min_cpm=cpm, min_samples=3)["kept"] for cpm in (0, 0.5, 1, 5)]
    assert kept[0].all()
    for loose, strict in pairwise(kept):
        assert not (strict & ~loose).any()
        assert strict.sum() < loose.sum()


def test_deeper_sequencing_of_a_sample_changes_no_cpm_filter(real_set):
    _, counts, _, _ = real_set
    deeper = counts.copy()
    deeper.iloc[:, 0] *= 8  # a power of two: no rounding
    before, after = (rules.filter_cpm(c, min_samples=3)["kept"] for c in (counts, deeper))
    pd.testing.assert_series_equal(before, after)


def test_filter_none_keeps_everything(real_set):
    _, counts, _, _ = real_set
    table = rules.filter_none(counts)
    assert list(table.columns) == COLUMNS
    assert table["kept"].all()
    assert (table["reason"] == "").all()
    assert (table.loc[table["total_count"] == 0, "n_samples_at_threshold"] == 0).all()


def test_smallest_group_ignores_unused_levels():
    groups = pd.Series(pd.Categorical(["a", "a", "b", "b", "b"], categories=["a", "b", "c"]))
    assert rules.smallest_group_size(groups) == 2


def test_smallest_group_refuses_missing_groups():
    with pytest.raises(DataError, match="condition: missing for s2"):
        rules.smallest_group_size(pd.Series(["a", None], index=["s1", "s2"], name="condition"))
    with pytest.raises(DataError, match="none"):
        rules.smallest_group_size(pd.Series([], dtype=object))


def test_settings_out_of_range_are_refused(simulated):
    counts, samples = simulated
    for settings in ({"min_cpm": -1, "min_samples": 2}, {"min_samples": 0}, {"min_samples": 31}):
        with pytest.raises(ConfigError, match="filter"):
            rules.filter_cpm(counts, **settings)
    for settings in ({"min_count": -1}, {"min_total_count": -1}, {"large_n": -1}, {"min_prop": 1.5}):
        with pytest.raises(ConfigError, match="filter"):
            rules.filter_by_expr(counts, groups=samples["condition"], **settings)


def test_foreign_groups_and_designs_are_refused(simulated):
    counts, samples = simulated
    with pytest.raises(DataError, match="groups"):
        rules.filter_by_expr(counts, groups=samples["condition"][::-1])
    with pytest.raises(DataError, match="same order"):
        rules.filter_by_expr(counts, design=samples[["rin"]][::-1])
    with pytest.raises(DataError, match="29 rows for 30 samples"):
        rules.filter_by_expr(counts, design=np.ones((29, 1)))
    with pytest.raises(DesignError, match="not finite"):
        rules.filter_by_expr(counts, design=np.full((30, 1), np.nan))


def test_a_library_of_zeros_is_refused_by_name(simulated):
    counts = simulated[0].assign(s07=0)
    for run in (rules.filter_none, rules.filter_by_expr, lambda c: rules.filter_cpm(c, min_samples=2)):
        with pytest.raises(DataError, match="s07"):
            run(counts)


# ---- the user's lists


@pytest.fixture
def small_table() -> pd.DataFrame:
    counts = pd.DataFrame([[0, 0], [1, 1], [50, 50], [60, 60]], index=list("abcd"), columns=["s1", "s2"])
    return rules.filter_cpm(counts, min_cpm=20_000, min_samples=2)


def test_lists_win_over_the_rule(small_table):
    before = small_table.copy()
    decided, not_found = rules.apply_gene_lists(small_table, keep=["b", "c", "x", "b"], drop=["d", "y", "a"])
    assert decided["kept"].to_dict() == {"a": False, "b": True, "c": True, "d": False}
    assert decided["reason"].to_dict() == {"a": "in_drop_list", "b": "", "c": "", "d": "in_drop_list"}
    assert decided["kept_by"].to_dict() == {"a": "", "b": "keep_list", "c": "rule", "d": ""}
    assert not_found == {"keep": ["x"], "drop": ["y"]}
    pd.testing.assert_frame_equal(small_table, before)


def test_no_lists_change_nothing(small_table):
    decided, not_found = rules.apply_gene_lists(small_table)
    pd.testing.assert_frame_equal(decided[COLUMNS], small_table)
    assert decided["kept_by"].tolist() == ["", "", "rule", "rule"]
    assert not_found == {"keep": [], "drop": []}


def test_a_gene_on_both_lists_is_refused(small_table):
    with pytest.raises(ConfigError, match="c is on both"):
        rules.apply_gene_lists(small_table, keep=["c"], drop=["c", "a"])


def test_the_step_refuses_what_the_check_could_not_know():
    counts = pd.DataFrame(np.ones((3, 2), dtype=int), index=["a", "b", "c"], columns=["s", "t"])
    lists = {"keep": ["a", "x"], "drop": ["y", "z"]}
    _, unknown = rules.apply_gene_lists(rules.filter_none(counts), **lists)
    with pytest.raises(ConfigError, match="drop_list: 0 of 2 listed genes"):
        rules.require_listed(lists, unknown)
    rules.require_listed({"keep": ["a", "x"], "drop": []}, unknown | {"drop": []})


def test_a_count_per_million_in_reads_and_dropped_genes_that_have_reads():
    # Libraries of 2, 4 and 6 million reads: 30 reads are below 10 counts per million in two of them.
    counts = pd.DataFrame(
        {"a": [2e6 - 60, 30, 30, 0], "b": [4e6 - 69, 30, 30, 9], "c": [6e6 - 80, 30, 30, 20]}, index=list("wxyz")
    )
    table = rules.filter_cpm(counts, min_cpm=10, min_samples=2)
    table, _ = rules.apply_gene_lists(table, keep=["y"], drop=[])
    assert rules.reads_of_rule(counts, table) == {
        "reads_per_cpm_median": 4.0,
        "reads_per_cpm_smallest": 2.0,
        "well_counted_dropped": 1,  # x; y is kept by the list, z has 29 reads in three samples
    }
    by_list, _ = rules.apply_gene_lists(table, keep=[], drop=["w"])
    assert rules.reads_of_rule(counts, by_list)["well_counted_dropped"] == 1
