"""Quasi-likelihood: numbers against R's edgeR (4.4, by its own method and that of edgeR 3), parts against scipy."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from degsteps.basics.errors import DataError
from degsteps.engines import count_regression as glm
from degsteps.engines.edger_ql import model
from degsteps.engines.interface import QuasiLikelihood
from degsteps.engines.multiple_testing import adjust_bh
from degsteps.normalize.size_factors import size_factors
from tests.conftest import REPO
from tests.reference.reference_sets import load_set, read_table

REFERENCE = REPO / "tests" / "reference"
FROM_R = REFERENCE / "edger_ql"
FACTS = pd.read_csv(FROM_R / "facts.tsv", sep="\t", index_col=["case", "tag"])
PASILLA = {"type": "single_read", "condition": "untreated"}
#: case -> (set, factors with their base levels, whether they interact, contrast, counts are divided by)
CASES = {
    "pasilla": ("pasilla", PASILLA, False, [0, 0, 1], 1),
    "crossed": ("pasilla", PASILLA, True, [0, 0, 1, 0.5], 1),
    "small": ("pasilla", PASILLA, False, [0, -1, 1], 40),
    "airway": ("airway", {"cell": "N052611", "dex": "untrt"}, False, [0, 0, 0, 0, 1], 1),
    "marioni": ("marioni", {"run": "R1", "tissue": "Kidney"}, False, [0, 0, 1], 1),
    "three_groups": ("simulated_three_groups", {"group": "A"}, False, [0, -1, 1], 1),
    "outliers": ("simulated_outliers", {"group": "A"}, False, [0, 1], 1),
    "lengths": ("simulated_lengths", {"batch": "x", "group": "A"}, False, [0, 0, 1], 1),
}
TAGS = ["plain", "robust", "legacy_plain", "legacy_robust"]


@cache
def study_of(case):
    """Return counts, design, size factors and factors by gene of a case."""
    name, bases, interact, _, divisor = CASES[case]
    data = load_set(REFERENCE / name)
    counts = data.counts // divisor
    counts = counts[counts.sum(axis=1) >= 10]
    columns = {"Intercept": np.ones(len(data.samples))}
    for factor, base in bases.items():
        for level in sorted(set(data.samples[factor]) - {base}):
            columns[f"{factor}_{level}"] = (data.samples[factor] == level).to_numpy(dtype=float)
    if interact:
        first, second = list(columns)[1:]
        columns["both"] = columns[first] * columns[second]
    design = pd.DataFrame(columns, index=data.samples.index)
    if case != "lengths":
        return counts, design, size_factors(counts, "tmm"), None
    factors = data.normalization_factors().loc[counts.index]
    return counts, design, data.size_factors, factors.div(np.exp(np.log(factors).mean(axis=1)), axis=0)


@cache
def fit_of(case, tag, compatibility="r"):
    counts, design, factors, by_gene = study_of(case)
    settings = QuasiLikelihood(legacy="legacy" in tag, robust="robust" in tag)
    return model.fit_model(counts, design, factors, by_gene, settings, compatibility)


def tested(case, tag, **options):
    contrast = options.pop("contrast", CASES[case][3])
    return model.contrast_table(fit_of(case, tag), study_of(case)[0], np.array(contrast, dtype=float), **options)


#: pytest collects what is called test*; this is none.
tested.__test__ = False


def relative(ours, theirs):
    """Return relative differences; of p-values that are too small for a number, whether they are so in both."""
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    tiny = theirs < 1e-300
    return np.where(tiny, ours > 1e-290, np.abs(ours / np.where(tiny, 1.0, theirs) - 1))


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("case", CASES)
def test_numbers_are_those_of_r(case, tag):
    theirs = read_table(FROM_R / f"{case}.tsv.gz")
    plain, design = tested(case, tag), study_of(case)[1]
    every = tested(case, tag, reduced=design[["Intercept"]])
    bound = tested(case, tag, lfc_null=np.log2(1.5))
    genes = fit_of(case, tag).genes
    ours = {"posterior": genes["quasi_posterior"], "stat": plain["stat"], "pvalue": plain["pvalue"]}
    ours |= {"every": every["pvalue"], "treat": bound["pvalue"]}
    for column, values in ours.items():
        error = relative(values.loc[theirs.index], theirs[f"{tag}.{column}"])
        # A statistic next to 0 is what edgeR's search, which ends at 1e-6, leaves of two deviances; p is 1 anyway.
        error = error[theirs[f"{tag}.stat"] > 1e-3] if column == "stat" else error
        assert error.max() < 6e-4, column
        assert np.quantile(error, 0.99) < 3e-4, column
        assert np.median(error) < 1e-5, column
    if "robust" not in tag:
        change = plain["log2_fold_change"].loc[theirs.index] - theirs[f"{tag}.lfc"]
        assert np.abs(change).max() < 5e-4
    if tag == "plain":
        np.testing.assert_allclose(genes["log_cpm"].loc[theirs.index], theirs["log_cpm"], rtol=1e-8)


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("case", CASES)
def test_shared_numbers_and_calls_are_those_of_r(case, tag):
    theirs, fit = FACTS.loc[(case, tag)], fit_of(case, tag)
    shared = fit.genes["shared_dispersion"].mean()
    assert shared == pytest.approx(theirs["dispersion"], rel=1e-4)
    assert fit.facts["average"] == pytest.approx(theirs["average"], rel=1e-5)
    assert fit.facts["prior_df"] == pytest.approx(theirs["prior_df"], rel=1e-3)
    prior_df = (fit.genes["df"] - fit.genes["residual_df"]).min()
    assert prior_df == pytest.approx(theirs["least_prior_df"], rel=2e-3)
    assert (adjust_bh(tested(case, tag)["pvalue"].to_numpy()) < 0.05).sum() == theirs["calls"]


def test_robust_priors_matter_where_there_are_outliers():
    """Genes with an outlying count get fewer degrees of freedom than the others, and fewer than without."""
    robust, plain = fit_of("outliers", "robust"), fit_of("outliers", "plain")
    robust_df, plain_df = (fit.genes["df"] - fit.genes["residual_df"] for fit in (robust, plain))
    assert robust_df.min() < 0.2 * plain_df.min()
    assert np.median(robust_df) > 1.5 * plain_df.max()


def test_exact_moments_change_little_and_do_change():
    exact, as_r = fit_of("small", "plain", "exact"), fit_of("small", "plain")
    error = relative(exact.genes["quasi_posterior"], as_r.genes["quasi_posterior"])
    assert 1e-7 < np.median(error) < 1e-3
    assert error.max() < 5e-3


def test_prior_counts_shrink_fold_changes_and_not_the_test():
    counts, design, factors, _ = study_of("three_groups")
    contrast = np.array([0.0, 1.0, 0.0])
    little, much = (
        model.contrast_table(
            model.fit_model(counts, design, factors, settings=QuasiLikelihood(prior_count=prior)), counts, contrast
        )
        for prior in (0.125, 5.0)
    )
    np.testing.assert_array_equal(little["pvalue"], much["pvalue"])
    assert np.abs(much["log2_fold_change"]).mean() < 0.98 * np.abs(little["log2_fold_change"]).mean()
    assert (much["lfc_se"] < little["lfc_se"]).mean() > 0.9


def test_the_share_of_top_genes_decides_about_the_dispersion():
    counts, design, factors, _ = study_of("three_groups")
    found = [
        model.fit_model(counts, design, factors, settings=QuasiLikelihood(top_proportion=share)).facts
        for share in (0.1, 1.0)
    ]
    assert [facts["top_proportion"] for facts in found] == [0.1, 1.0]
    # Of all genes, those with few counts vary more.
    assert found[1]["common_dispersion"] > 1.2 * found[0]["common_dispersion"]


@pytest.mark.parametrize("tag", ["plain", "legacy_plain"])
def test_one_sided_tests_are_halves_of_the_two_sided_one(tag):
    plain = tested("pasilla", tag)
    up, down = (tested("pasilla", tag, alternative=name) for name in ("greater", "less"))
    smaller = np.minimum(up["pvalue"], down["pvalue"])
    if tag == "plain":
        np.testing.assert_allclose(2 * smaller, plain["pvalue"], rtol=1e-9)
        np.testing.assert_allclose(up["pvalue"] + down["pvalue"], 1, rtol=1e-9)
    else:
        # No gene is more significant than by the Poisson variation of its counts alone, whose estimate next to 0 may
        # have the other sign.
        clear = plain["pvalue"] < 0.9
        np.testing.assert_allclose(2 * smaller[clear], plain["pvalue"][clear], rtol=1e-6)
    assert ((up["stat"] > 0) == (plain["log2_fold_change"] > 0)).mean() > 0.99
    np.testing.assert_allclose(up["stat"] ** 2, plain["stat"], atol=1e-9)


def test_tests_against_a_bound_hang_together():
    bound = {"lfc_null": 0.5}
    up, down, either, safe = (
        tested("crossed", "plain", alternative=name, **bound) for name in ("greater", "less", "greater_abs", "less_abs")
    )
    nearest = np.minimum(up["pvalue"], down["pvalue"])
    # Far from the other bound the interval null weighs the near bound and what lies inside it.
    far = np.abs(tested("crossed", "plain")["log2_fold_change"]) > 2
    assert (either["pvalue"] <= 2 * nearest + 1e-12)[far].all()
    assert (either["pvalue"] > nearest * 0.1)[far].all()
    # Either a change is beyond the bounds, or it may be shown to lie within: never both.
    assert (either["pvalue"] + safe["pvalue"] > 0.5).all()
    np.testing.assert_allclose(safe["pvalue"], 1 - nearest, rtol=1e-9)
    # The bound of 0 is the plain test, continuously.
    close = tested("crossed", "plain", lfc_null=1e-7)
    np.testing.assert_allclose(close["pvalue"], tested("crossed", "plain")["pvalue"], rtol=1e-4)


def test_sums_of_coefficients_are_tested_as_coefficients_of_another_coding():
    """In a design of cell means the interaction's sum of coefficients is a difference of two of them."""
    counts, design, factors, _ = study_of("crossed")
    groups = design.iloc[:, 1] + 2 * design.iloc[:, 2]
    means = pd.DataFrame({f"m{k:.0f}": (groups == k) * 1.0 for k in sorted(groups.unique())}, index=design.index)
    fit = model.fit_model(counts, means, factors)
    again = model.contrast_table(fit, counts, np.array([-0.5, -0.5, 0.5, 0.5]))
    ours = tested("crossed", "plain")
    for column in ("pvalue", "log2_fold_change", "lfc_se"):
        np.testing.assert_allclose(again[column], ours[column], rtol=5e-5, atol=1e-7)


def test_a_smaller_design_may_be_given_in_other_columns():
    design = study_of("airway")[1]
    dropped = tested("airway", "plain", reduced=design.drop(columns=list(design)[1:4]))
    other = pd.DataFrame({"a": 1.0, "b": 2 - 3 * design.iloc[:, 4]}, index=design.index)
    again = tested("airway", "plain", reduced=other)
    np.testing.assert_allclose(again["pvalue"], dropped["pvalue"], rtol=1e-6)


def test_confidence_limits_are_those_of_t():
    plain, genes = tested("three_groups", "plain"), fit_of("three_groups", "plain").genes
    half = stats.t.ppf(0.975, genes["df"]) * plain["lfc_se"]
    np.testing.assert_allclose(plain["lfc_upper"] - plain["log2_fold_change"], half, rtol=1e-9)
    # Wald-type errors: near the root of the test's own statistic where counts are large and effects are not.
    wald = (plain["log2_fold_change"] / plain["lfc_se"]) ** 2
    chosen = (genes["base_mean"] > 100) & (plain["stat"] > 1) & (plain["stat"] < 20)
    assert np.median(relative(wald[chosen], plain["stat"][chosen])) < 0.1


def test_genes_without_counts_are_told_and_groups_without_are_finite():
    counts, design, factors, _ = study_of("three_groups")
    counts = counts.copy()
    counts.iloc[0] = 0
    counts.iloc[1, (design.iloc[:, 1] == 1).to_numpy()] = 0
    counts.iloc[2] = 0
    counts.iloc[2, 0] = 7
    fit = model.fit_model(counts, design, factors)
    table = model.contrast_table(fit, counts, np.array([0.0, 1.0, 0.0]))
    assert table["na_reason"].iloc[0] == "all_zero"
    assert table.iloc[0, 1:-1].isna().all()
    rest = table.iloc[1:].drop(columns="na_reason")
    assert np.isfinite(rest.to_numpy(dtype=float)).all()
    assert table["log2_fold_change"].iloc[1] < -5
    assert (table["pvalue"].iloc[1:] <= 1).all()
    with pytest.raises(DataError, match="fewer than two genes"):
        model.fit_model(counts.iloc[[0, 5]], design, factors)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_gene_without_counts_leaves_the_tests_of_others_against_a_bound_alone(legacy):
    """Wherever it stands: edgeR's ``glmTreat`` gives all genes behind it the formula of their neighbours."""
    counts, design, factors, _ = study_of("three_groups")
    none = pd.DataFrame(0, index=["none"], columns=counts.columns)
    found = []
    for parts in ([none, counts], [counts, none]):
        together = pd.concat(parts)
        fitted = model.fit_model(together, design, factors, settings=QuasiLikelihood(legacy=legacy, robust=True))
        table = model.contrast_table(fitted, together, np.array([0.0, -1.0, 1.0]), lfc_null=0.5)
        assert np.isnan(table.loc["none", "pvalue"])
        found.append(table.loc[counts.index, "pvalue"])
    assert found[0].lt(0.5).any()
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_deviances_are_those_of_the_distribution():
    counts = np.array([[0.0, 3.0], [7.0, 0.0], [2.0, 900.0]])
    mean = np.array([[0.4, 2.0], [5.0, 1.5], [2.0, 1000.0]])
    for dispersion in (0.0, 0.05, 2.0):
        if dispersion:
            size = 1 / dispersion
            best, fitted = (stats.nbinom.logpmf(counts, size, size / (size + at)) for at in (counts + 1e-300, mean))
        else:
            best, fitted = (stats.poisson.logpmf(counts, at) for at in (counts, mean))
        expected = 2 * (best - fitted)
        for phi in (dispersion, np.full(2, dispersion)):
            np.testing.assert_allclose(glm.unit_deviances(counts, mean, phi), expected, rtol=1e-6, atol=1e-7)


def test_no_gene_varies_less_than_poisson_counts_by_the_older_method():
    """Technical replicates: many genes vary less, and their p-value is that of Poisson counts, as R's is."""
    fit, table = fit_of("marioni", "legacy_plain"), tested("marioni", "legacy_plain")
    bound = (fit.genes["quasi_posterior"] < fit.genes["below_poisson"]).to_numpy()
    assert bound.sum() > 100
    f_alone = stats.f.sf(table["stat"], 1, fit.genes["df"])
    assert (table["pvalue"] >= f_alone * (1 - 1e-9)).all()
    np.testing.assert_allclose(table["pvalue"][~bound], f_alone[~bound], rtol=1e-9)
    assert (table["pvalue"][bound] > f_alone[bound] * 1.001).sum() > 20


def test_calibration_on_counts_without_effect():
    """Small and large counts alike: 5 % of the p-values are below 5 %."""
    random = np.random.default_rng(11)
    means = np.exp(random.uniform(np.log(2), np.log(2000), (3000, 1)))
    shape = 1 / (0.05 * random.chisquare(10, (3000, 1)) / 10)
    values = random.negative_binomial(shape, shape / (shape + means), (3000, 8))
    counts = pd.DataFrame(values, [f"g{k}" for k in range(3000)], [f"s{k}" for k in range(8)])
    counts = counts[counts.sum(axis=1) > 0]
    design = pd.DataFrame({"Intercept": 1.0, "arm": [0.0, 1.0] * 4}, index=counts.columns)
    fit = model.fit_model(counts, design, size_factors(counts, "tmm"))
    table = model.contrast_table(fit, counts, np.array([0.0, 1.0]))
    for chosen in (table["base_mean"] < 20, table["base_mean"] > 100):
        assert 0.03 < (table["pvalue"][chosen] < 0.05).mean() < 0.07
