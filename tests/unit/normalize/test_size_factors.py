"""Size factors, normalisation factors and tables against DESeq2 and edgeR (tests/reference/normalization)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from degsteps.basics.errors import ConfigError, DataError
from degsteps.engines.deseq.iterated import iterated_size_factors
from degsteps.engines.deseq.kernels.size_factor_likelihood import trimmed_maximum
from degsteps.normalize import median_ratios, norm_factors, size_factors, tables
from degsteps.normalize.inspection import table_for_inspection
from degsteps.normalize.methods import ESTIMATED, METHODS

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "tests" / "reference" / "normalization"
SETS = ("pasilla", "airway", "simulated")
#: Methods that need no model, by what they give: those of the registry, so that a new one is tested too.
NORM_FACTORS = {name: m.load() for name, m in METHODS.items() if m.gives == "norm_factors"}
WITHOUT_MODEL = [name for name in ESTIMATED if METHODS[name].takes_lengths]
#: Those that edgeR has; the reference tables hold their factors.
OF_EDGER = ("tmm", "tmmwsp", "rle", "upper_quartile")


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", index_col=0)


def read_counts(name: str) -> pd.DataFrame:
    embedded = ROOT / "resources" / name / "counts.tsv.gz"
    return read(embedded if embedded.exists() else REFERENCE / f"{name}_counts.tsv.gz")


def made_lengths(counts: pd.DataFrame) -> pd.Series:
    """Return the lengths that make_normalization.R gives to the genes, in another order and with one gene too many."""
    lengths = pd.Series(300 + (np.arange(1, len(counts) + 1) * 7919) % 9700, index=counts.index)
    return pd.concat([lengths[::-1], pd.Series({"not_counted": np.nan})])


@pytest.fixture(scope="module", params=SETS)
def set_with_factors(request) -> tuple[pd.DataFrame, pd.DataFrame]:
    return read_counts(request.param), read(REFERENCE / f"{request.param}_factors.tsv")


@pytest.fixture(scope="module")
def pasilla() -> pd.DataFrame:
    return read_counts("pasilla")


def assert_matches_r(ours: pd.Series, from_r: pd.Series, rtol: float = 1e-13) -> None:
    assert list(ours.index) == list(from_r.index)
    np.testing.assert_allclose(ours, from_r, rtol=rtol, atol=0)


# ---- size factors


@pytest.mark.parametrize("method", ["ratio", "poscounts"])
@pytest.mark.parametrize("with_controls", [False, True])
def test_size_factors_are_those_of_deseq2(set_with_factors, method, with_controls):
    counts, from_r = set_with_factors
    control_genes = list(counts.index[::7]) if with_controls else None
    column = f"{method}_control" if with_controls else method
    assert_matches_r(size_factors.size_factors(counts, method, control_genes), from_r[column])


def test_poscounts_of_a_sparse_matrix_are_those_of_deseq2():
    from_r = read(REFERENCE / "sparse_factors.tsv")["poscounts"]
    assert_matches_r(size_factors.size_factors(read_counts("sparse"), "poscounts"), from_r)


@pytest.mark.parametrize("method", OF_EDGER)
def test_size_factors_by_norm_factors_are_effective_library_sizes_with_geometric_mean_one(set_with_factors, method):
    counts, from_r = set_with_factors
    expected = counts.sum() * from_r[method]
    expected /= np.prod(expected ** (1 / len(expected)))
    assert_matches_r(size_factors.size_factors(counts, method), expected)


def iterated_reference():
    table = pd.read_csv(REFERENCE / "iterated_factors.tsv", sep="\t")
    for name, from_r in table.groupby("set"):
        if name == "normalization":
            yield read_counts("simulated"), from_r.set_index("sample")
        else:
            yield read(REFERENCE.parent / name / "counts.tsv.gz"), from_r.set_index("sample")


def test_iterated_size_factors_are_those_of_deseq2_with_a_patient_optimiser():
    for counts, from_r in iterated_reference():
        ours = iterated_size_factors(counts)
        assert_matches_r(ours, from_r["tight"], rtol=5e-6)
        # R's own stop is up to 2e-5 away from both.
        assert_matches_r(ours, from_r["default"], rtol=3e-5)
        assert np.log(ours).mean() == pytest.approx(0, abs=1e-12)


def test_no_general_optimiser_finds_a_likelier_size_factor():
    random = np.random.default_rng(5)
    rates, dispersion = random.uniform(1, 300, 200), random.uniform(0.01, 1, 200)
    truth = np.exp(random.normal(0, 0.5, 6))
    mean = truth[:, None] * rates
    counts = random.negative_binomial(1 / dispersion, 1 / (1 + dispersion * mean)).astype(float)
    rates = np.broadcast_to(rates, counts.shape)

    def trimmed(log_factors: np.ndarray) -> float:
        mean = np.exp(log_factors - log_factors.mean())[:, None] * rates
        genes = stats.nbinom.logpmf(counts, 1 / dispersion, 1 / (1 + dispersion * mean)).sum(axis=0)
        return genes[genes > np.quantile(genes, 0.05)].sum()

    ours = trimmed_maximum(counts, rates, dispersion, np.zeros(6))
    assert ours.mean() == pytest.approx(0, abs=1e-12)
    for start in (ours, np.log(truth), np.zeros(6)):
        other = optimize.minimize(lambda p: -trimmed(p), start, method="Powell", options={"xtol": 1e-9, "ftol": 1e-14})
        assert trimmed(ours) >= -other.fun - 1e-6


def test_iterated_size_factors_refuse_what_does_not_settle_as_deseq2_does():
    with pytest.raises(DataError, match="did not settle in 10 rounds"):
        iterated_size_factors(read_counts("sparse"))


def test_iterated_size_factors_do_not_depend_on_the_order_of_genes_and_samples():
    counts = read_counts("simulated")
    random = np.random.default_rng(0)
    shuffled = counts.iloc[random.permutation(counts.shape[0]), random.permutation(counts.shape[1])]
    assert_matches_r(iterated_size_factors(shuffled), iterated_size_factors(counts)[shuffled.columns], rtol=1e-9)


def test_given_size_factors_are_taken_as_they_are_in_the_order_of_the_counts():
    table = pd.DataFrame({"size_factor": ["0.5", "7", "2"]}, index=["b", "other", "a"])
    factors = size_factors.given_size_factors(table, ["a", "b"])
    assert factors.to_dict() == {"a": 2.0, "b": 0.5}


@pytest.mark.parametrize(
    ("samples", "values", "words"),
    [
        (["a"], ["1"], "none for b"),
        (["a", "b", "b"], ["1", "1", "1"], "b stands there twice"),
        (["a", "b"], ["1", "0"], "that of b is no positive"),
        (["a", "b"], ["", "inf"], "that of a, b is no positive"),
    ],
)
def test_given_size_factors_that_cannot_be_used_are_refused_by_name(samples, values, words):
    table = pd.DataFrame({"size_factor": values}, index=samples)
    with pytest.raises(DataError, match=words):
        size_factors.given_size_factors(table, ["a", "b"])


@pytest.mark.parametrize("method", WITHOUT_MODEL)
def test_size_factors_do_not_depend_on_the_order_of_genes_and_samples(pasilla, method):
    rng = np.random.default_rng(0)
    shuffled = pasilla.iloc[rng.permutation(pasilla.shape[0]), rng.permutation(pasilla.shape[1])]
    expected = size_factors.size_factors(pasilla, method)
    rtol = 1e-9 if method == "tmmwsp" else 1e-13
    assert_matches_r(size_factors.size_factors(shuffled, method), expected[shuffled.columns], rtol=rtol)


# Not exact for poscounts, in which a zero weighs like a count of one.
@pytest.mark.parametrize(("method", "rtol"), [("ratio", 1e-12), ("poscounts", 1e-2)])
def test_a_library_of_three_times_the_counts_has_three_times_the_relative_size_factor(pasilla, method, rtol):
    scaled = pasilla.assign(untreated2=pasilla["untreated2"] * 3)
    before, after = (size_factors.size_factors(counts, method) for counts in (pasilla, scaled))
    change = after / before
    others = change.drop("untreated2")
    np.testing.assert_allclose(change["untreated2"] / others, 3, rtol=rtol)


def test_scaling_a_library_leaves_its_tmm_factor_almost_alone(pasilla):
    # Almost: the precision weights depend on the counts.
    scaled = pasilla.assign(untreated2=pasilla["untreated2"] * 3)
    change = norm_factors.tmm_factors(scaled) / norm_factors.tmm_factors(pasilla)
    np.testing.assert_allclose(change, 1, rtol=2e-2)
    assert_matches_r(norm_factors.upper_quartile_factors(scaled), norm_factors.upper_quartile_factors(pasilla))
    assert_matches_r(norm_factors.rle_factors(scaled), norm_factors.rle_factors(pasilla), rtol=1e-12)


def test_identical_libraries_have_factors_of_one():
    column = np.random.default_rng(1).poisson(20, 100) + 1
    counts = pd.DataFrame(dict.fromkeys("abc", column), index=[f"g{i}" for i in range(100)])
    for estimate in NORM_FACTORS.values():
        np.testing.assert_allclose(estimate(counts), 1, rtol=1e-14)
    for method in WITHOUT_MODEL:
        np.testing.assert_allclose(size_factors.size_factors(counts, method), 1, rtol=1e-14)


def test_every_method_refuses_a_library_of_zeros_by_name(pasilla):
    counts = pasilla.assign(treated2=0)
    lengths = made_lengths(counts)
    calls = [
        *(lambda m=m: size_factors.size_factors(counts, m) for m in WITHOUT_MODEL),
        lambda: iterated_size_factors(counts),
        *(lambda f=f: f(counts) for f in NORM_FACTORS.values()),
        *(lambda f=f: f(counts) for f in (tables.cpm, tables.counts_per_million)),
        *(lambda f=f: f(counts) for f in (tables.tmm_cpm, tables.log_cpm)),
        *(lambda f=f: f(counts, lengths) for f in (tables.tpm, tables.fpkm, tables.getmm)),
    ]
    for call in calls:
        with pytest.raises(DataError, match="no reads at all in treated2"):
            call()


def test_no_gene_without_a_zero_points_to_poscounts():
    sparse = read_counts("sparse")
    for call in (size_factors.size_factors, norm_factors.rle_factors):
        with pytest.raises(DataError, match="poscounts"):
            call(sparse)


def test_control_genes_are_checked(pasilla):
    with pytest.raises(DataError, match="ERCC-00002"):
        size_factors.size_factors(pasilla, control_genes=["ERCC-00002"])
    with pytest.raises(DataError, match="empty"):
        size_factors.size_factors(pasilla, control_genes=[])
    for method in (name for name in ESTIMATED if not METHODS[name].takes_controls):
        with pytest.raises(ConfigError, match=f"{method} takes no control genes. Choose ratio, poscounts or"):
            size_factors.size_factors(pasilla, method, control_genes=list(pasilla.index[:5]))
    silent = list(pasilla.index[pasilla.sum(axis=1) == 0][:3])
    with pytest.raises(DataError, match="none of them has a read"):
        size_factors.size_factors(pasilla, "poscounts", control_genes=silent)
    with pytest.raises(DataError, match="poscounts"):
        size_factors.size_factors(pasilla, "ratio", control_genes=silent)
    only_treated3 = pd.DataFrame([[0, 0, 5], [4, 3, 2]], index=["g1", "g2"], columns=["s1", "s2", "s3"])
    with pytest.raises(DataError, match="s1, s2 has no read in any of the genes"):
        size_factors.size_factors(only_treated3, "poscounts", control_genes=["g1"])


def test_unknown_method_is_refused(pasilla):
    with pytest.raises(ConfigError, match="'no_such_method'"):
        size_factors.size_factors(pasilla, "no_such_method")
    with pytest.raises(ConfigError, match="'given'"):  # those are read, not estimated
        size_factors.size_factors(pasilla, "given")


# ---- normalisation factors


@pytest.mark.parametrize("method", OF_EDGER)
def test_normalisation_factors_are_those_of_edger(set_with_factors, method):
    counts, from_r = set_with_factors
    factors = NORM_FACTORS[method](counts)
    assert_matches_r(factors, from_r[method])
    assert factors.name == f"{method}_factor"


def test_tmm_on_reads_per_kilobase_is_that_of_edger(set_with_factors):
    # Depends on the last bit of the library sizes: a plain float sum is off by percents on the simulated set.
    counts, from_r = set_with_factors
    rpk = tables.reads_per_kilobase(counts, made_lengths(counts))
    assert_matches_r(norm_factors.tmm_factors(rpk), from_r["getmm"])


@pytest.mark.parametrize("method", ["tmm", "tmmwsp"])
def test_factors_of_a_sparse_matrix_are_those_of_edger(method):
    # The upper quartiles are zero here, so TMM must choose its reference in another way.
    from_r = read(REFERENCE / "sparse_factors.tsv")[method]
    assert_matches_r(NORM_FACTORS[method](read_counts("sparse")), from_r)


@pytest.mark.parametrize(("ours", "theirs"), [("tmm_factors", "TMM"), ("upper_quartile_factors", "UQ")])
def test_factors_agree_with_rnanorm(pasilla, ours, theirs):
    rnanorm = pytest.importorskip("rnanorm")
    samples_by_genes = pasilla.T.to_numpy(dtype=float)
    second_opinion = getattr(rnanorm, theirs)().fit(samples_by_genes).get_norm_factors(samples_by_genes)
    np.testing.assert_allclose(getattr(norm_factors, ours)(pasilla), second_opinion, rtol=1e-13)


def test_tmm_recovers_a_composition_shift():
    # Ten genes take up half of the second library: plain CPM halves all others, TMM gives the half back.
    rng = np.random.default_rng(3)
    means = rng.uniform(50, 5000, 2000)
    shifted = means.copy()
    shifted[:10] = means.sum() / 10
    counts = pd.DataFrame({"plain": rng.poisson(means), "shifted": rng.poisson(shifted)})
    unchanged = tables.tmm_cpm(counts).iloc[10:]
    assert np.log2(unchanged["shifted"] / unchanged["plain"]).median() == pytest.approx(0, abs=0.01)
    unchanged = tables.counts_per_million(counts).iloc[10:]
    assert np.log2(unchanged["shifted"] / unchanged["plain"]).median() == pytest.approx(-1, abs=0.02)


def test_samples_without_a_gene_in_common_have_a_tmm_factor_of_one():
    counts = pd.DataFrame([[9, 0], [3, 0], [0, 9], [0, 3]], columns=["s1", "s2"], index=list("abcd"))
    np.testing.assert_allclose(norm_factors.tmm_factors(counts), 1)
    np.testing.assert_allclose(norm_factors.tmmwsp_factors(counts), 1)


def test_a_vanishing_upper_quartile_is_refused_by_name():
    with pytest.raises(DataError, match=r"upper quartile is zero in s1.*TMMwsp"):
        norm_factors.upper_quartile_factors(read_counts("sparse"))


# ---- tables


@pytest.mark.parametrize(
    ("name", "make", "rtol"),
    [
        ("normalized", lambda c, _: tables.normalized_counts(c, size_factors.size_factors(c)), 1e-13),
        ("cpm", lambda c, _: tables.cpm(c), 1e-13),
        ("cpm", lambda c, _: tables.counts_per_million(c), 1e-13),
        ("tmm_cpm", lambda c, _: tables.tmm_cpm(c), 1e-13),
        ("log_cpm", lambda c, _: tables.log_cpm(c), 1e-11),  # relative to logarithms near zero
        ("log_cpm_prior_0.5", lambda c, _: tables.log_cpm(c, prior_count=0.5), 1e-11),
        ("tpm", tables.tpm, 1e-13),
        ("fpkm", tables.fpkm, 1e-12),
        ("getmm", tables.getmm, 1e-13),
    ],
)
def test_tables_are_those_of_r(pasilla, name, make, rtol):
    from_r = read(REFERENCE / f"pasilla_{name}.tsv.gz")
    table = make(pasilla, made_lengths(pasilla))
    assert list(table.index) == list(pasilla.index)
    assert list(table.columns) == list(pasilla.columns)
    np.testing.assert_allclose(table.loc[from_r.index], from_r, rtol=rtol, atol=0)


def test_scanpy_and_numpy_cpm_agree():
    for name in ("airway", "sparse"):
        counts = read_counts(name)
        np.testing.assert_allclose(tables.cpm(counts), tables.counts_per_million(counts), rtol=1e-12)


def test_tables_leave_the_counts_alone(pasilla):
    before = pasilla.copy()
    lengths = made_lengths(pasilla)
    for table in (tables.cpm, tables.counts_per_million, tables.tmm_cpm, tables.log_cpm):
        table(pasilla)
    for table in (tables.tpm, tables.fpkm, tables.getmm):
        table(pasilla, lengths)
    pd.testing.assert_frame_equal(pasilla, before)


def test_totals(pasilla):
    np.testing.assert_allclose(tables.cpm(pasilla).sum(), 1e6, rtol=1e-12)
    np.testing.assert_allclose(tables.tpm(pasilla, made_lengths(pasilla)).sum(), 1e6, rtol=1e-12)


def test_scaling_a_library_scales_its_counts_away(pasilla):
    scaled = pasilla.assign(untreated2=pasilla["untreated2"] * 3)
    lengths = made_lengths(pasilla)
    for table in (tables.cpm, lambda c: tables.tpm(c, lengths), lambda c: tables.fpkm(c, lengths)):
        np.testing.assert_allclose(table(scaled), table(pasilla), rtol=1e-12)


def test_a_gene_without_reads_has_one_log_cpm(pasilla):
    silent = tables.log_cpm(pasilla)[pasilla.sum(axis=1) == 0]
    np.testing.assert_allclose(silent, silent.iloc[0, 0], rtol=1e-12)


def test_gene_lengths_are_checked(pasilla):
    lengths = made_lengths(pasilla)
    with pytest.raises(DataError, match=f"1 genes of the counts have none, the first is {pasilla.index[3]}"):
        tables.tpm(pasilla, lengths.drop(pasilla.index[3]))
    lengths[pasilla.index[5]] = 0
    with pytest.raises(DataError, match=pasilla.index[5]):
        tables.fpkm(pasilla, lengths)


def test_normalized_counts_refuse_foreign_or_impossible_factors(pasilla):
    factors = size_factors.size_factors(pasilla)
    with pytest.raises(DataError, match="same order"):
        tables.normalized_counts(pasilla, factors[::-1])
    with pytest.raises(DataError, match="positive"):
        tables.normalized_counts(pasilla, factors * 0)


def test_log_cpm_needs_a_prior(pasilla):
    with pytest.raises(ConfigError, match="prior_count"):
        tables.log_cpm(pasilla, prior_count=0)


def test_the_table_of_a_name_is_computed_from_what_it_takes(pasilla):
    factors, lengths = size_factors.size_factors(pasilla), made_lengths(pasilla)
    expected = {
        "normalized": tables.normalized_counts(pasilla, factors),
        "cpm": tables.cpm(pasilla),
        "tmm_cpm": tables.tmm_cpm(pasilla),
        "log_cpm": tables.log_cpm(pasilla),
        "tpm": tables.tpm(pasilla, lengths),
        "fpkm": tables.fpkm(pasilla, lengths),
        "getmm": tables.getmm(pasilla, lengths),
    }
    for name, table in expected.items():
        pd.testing.assert_frame_equal(table_for_inspection(name, pasilla, factors, lengths), table)


def test_transcript_lengths_of_the_samples_go_before_those_of_the_annotation(pasilla):
    factors = size_factors.size_factors(pasilla)
    rng = np.random.default_rng(2)
    lengths = pd.DataFrame(rng.uniform(300, 9000, pasilla.shape), index=pasilla.index, columns=pasilla.columns)
    tpm = table_for_inspection("tpm", pasilla, factors, made_lengths(pasilla), lengths[::-1])
    pd.testing.assert_frame_equal(tpm, tables.tpm(pasilla, lengths))
    normalized = table_for_inspection("normalized", pasilla, factors, None, lengths[::-1])
    expected = pasilla / size_factors.normalization_factors(lengths, factors)
    pd.testing.assert_frame_equal(normalized, expected)
    with pytest.raises(DataError, match="same order"):
        table_for_inspection("normalized", pasilla, factors[::-1], None, lengths)


def test_sparse_sums_take_positive_counts_where_few_genes_are_without_a_zero():
    """49 genes without a zero are too few, 50 are enough; of few genes, half of them."""
    rng = np.random.default_rng(2)
    counts = pd.DataFrame(rng.poisson(20, (300, 6)) + 1, columns=list("abcdef"))
    counts.iloc[50:, :] *= rng.random((250, 6)) < 0.8
    counts.iloc[50:, 0] = 0
    assert (counts > 0).all(axis=1).sum() == 50
    both = median_ratios.ratio_or_poscounts_size_factors
    ratio, poscounts = median_ratios.ratio_size_factors, median_ratios.poscounts_size_factors
    pd.testing.assert_series_equal(both(counts), ratio(counts))
    fewer = counts.iloc[1:]
    pd.testing.assert_series_equal(both(fewer), poscounts(fewer))
    assert not np.allclose(both(fewer), ratio(fewer))
    for kept, expected in ((slice(45, 54), ratio), (slice(46, 55), poscounts)):  # 5 and 4 of 9 genes without a zero
        few = counts.iloc[kept, 1:].copy()
        few.iloc[5 if expected is ratio else 4 :, 1] = 0
        pd.testing.assert_series_equal(both(few), expected(few))
