"""Shrunken fold changes: R's numbers, and contrasts that are no coefficient."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.engines.deseq import estimation, shrinkage, testing
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.deseq.kernels.shrink import _Posterior, prior_scale
from degsteps.normalize import size_factors

ROOT = Path(__file__).parents[3]
sys.path.append(str(ROOT / "tests" / "reference"))
from reference_sets import load_set  # noqa: E402

# lfcShrink(dds, coef = "condition_treated_vs_untreated", type = "apeglm") on the 14,599 genes of pasilla, design
# ~ condition, as printed by J. Grover, "Volcano plots with Shiny" (github.com/groverj3/volcano_rnaseq_shiny_example).
PUBLISHED = pd.DataFrame(
    {
        "FBgn0000003": (0.006979656, 0.2057852),
        "FBgn0000008": (0.001115354, 0.1517065),
        "FBgn0000014": (-0.004634136, 0.2048948),
        "FBgn0000015": (-0.018148393, 0.2061771),
        "FBgn0000017": (-0.191126743, 0.1201758),
        "FBgn0000018": (-0.070043056, 0.1236900),
    },
    index=["lfc_shrunken", "lfc_shrunken_se"],
).T


@pytest.fixture(scope="module")
def pasilla():
    counts = pd.read_csv(ROOT / "resources/pasilla/counts.tsv.gz", sep="\t", index_col=0)
    treated = counts.columns.str.startswith("treated").astype(float)
    design = pd.DataFrame({"Intercept": 1.0, "treated": treated}, index=counts.columns)
    fit = estimation.fit_model(counts, design, size_factors.size_factors(counts))
    return counts, fit, shrinkage.shrink_lfc(fit, counts, np.array([0.0, 1.0]))


def exact(fit):
    """The same fit, whose modes are taken for what they are."""
    return replace(fit, settings=fit.settings | {"compatibility": "exact"})


def test_apeglm_of_all_pasilla_genes_is_as_published(pasilla):
    _, fit, shrunken = pasilla
    assert (testing.wald_test(fit, np.array([0.0, 1.0]), alpha=0.1)["padj"] < 0.1).sum() == 1061
    ours = shrunken.loc[PUBLISHED.index, list(PUBLISHED)]
    np.testing.assert_allclose(ours["lfc_shrunken"], PUBLISHED["lfc_shrunken"], rtol=1e-6)
    # R takes the curvature from differences of the gradient.
    np.testing.assert_allclose(ours["lfc_shrunken_se"], PUBLISHED["lfc_shrunken_se"], rtol=3e-5)


def test_where_apeglm_as_published_differs_from_the_mode_its_posterior_is_not_higher(pasilla):
    counts, fit, _ = pasilla
    shrunken = shrinkage.shrink_lfc(exact(fit), counts, np.array([0.0, 1.0]))
    genes = list(PUBLISHED.index)
    mle, error = fit.coefficients["treated"], np.sqrt(fit.covariance[:, 2])
    groups = DesignGroups(fit.design.to_numpy())
    posterior = _Posterior(
        counts.loc[genes].to_numpy(dtype=float).T[groups.order],
        fit.size_factors.to_numpy()[groups.order, None],
        groups,
        fit.genes.loc[genes, "dispersion"].to_numpy(),
        1,
        prior_scale(mle.to_numpy(), error),
        15.0,
    )

    def highest(fold_change: np.ndarray) -> np.ndarray:
        # Profile: the intercept that suits best, by a fine grid.
        steps = np.linspace(-0.4, 0.4, 4001)
        centre = fit.coefficients.loc[genes, "Intercept"].to_numpy()
        slope = fold_change * np.log(2)
        return np.max([posterior.value(np.vstack([centre + step, slope]))[0] for step in steps], axis=0)

    ours, theirs = highest(shrunken.loc[genes, "lfc_shrunken"]), highest(PUBLISHED["lfc_shrunken"].to_numpy())
    assert (ours >= theirs - 1e-6).all()
    assert (ours - theirs).max() > 5e-5


def test_a_contrast_of_numbers_is_shrunk_as_a_coefficient_of_the_design_that_has_it():
    data = load_set(ROOT / "tests/reference/simulated_three_groups")
    design = data.design("nobatch")
    fit = estimation.fit_model(data.counts, design, data.size_factors)
    # The mean of B and C against A; and a design in which it is a coefficient: b = mean + half, c = mean - half.
    weights = np.array([0.0, 0.5, 0.5])
    turned = pd.DataFrame(
        {
            "Intercept": 1.0,
            "mean": design["group_B"] + design["group_C"],
            "half": (design["group_B"] - design["group_C"]) / 2,
        },
        index=design.index,
    )
    again = estimation.fit_model(data.counts, turned, data.size_factors)
    ours = shrinkage.shrink_lfc(fit, data.counts, weights)
    theirs = shrinkage.shrink_lfc(exact(again), data.counts, np.array([0.0, 1.0, 0.0]))
    # In groups without a count the priors on the other coefficients speak, and they differ.
    rich = (fit.genes["base_mean"] > 10) & (data.counts.T.groupby(data.samples["group"]).sum() > 0).all()
    assert rich.sum() > 500
    difference = (ours["lfc_shrunken"] - theirs["lfc_shrunken"])[rich].abs()
    assert difference.quantile(0.99) < 5e-3
    mle = testing.wald_test(fit, weights, cooks=False)["log2_fold_change"]
    known = ~fit.genes["all_zero"]
    assert ours[known].notna().all().all()
    assert set(ours["lfc_shrunken_note"]) <= {"", "two_modes"}
    assert (ours["lfc_shrunken"] * mle >= -1e-15)[known].all()
    assert ours["svalue"][known].between(0, 0.5).all()
    order = (ours["lfc_shrunken"].abs() / ours["lfc_shrunken_se"])[known].sort_values(ascending=False).index
    assert (np.diff(ours.loc[order, "svalue"]) >= -1e-12).all()


@pytest.mark.parametrize("weights", [(0.0, 1.0, -1.0), (0.0, -2.0, 0.0), (0.0, 0.5, 0.5), (1.0, 0.3, 0.0)])
@pytest.mark.parametrize("method", ["apeglm", "normal"])
def test_twice_the_contrast_turned_round_has_the_sign_and_certainty_turned_round(weights, method):
    data = load_set(ROOT / "tests/reference/simulated_three_groups")
    counts = data.counts.iloc[:150]
    fit = estimation.fit_model(counts, data.design("nobatch"), data.size_factors)
    forward = shrinkage.shrink_lfc(fit, counts, np.array(weights), method)
    back = shrinkage.shrink_lfc(fit, counts, -np.array(weights), method)
    known = (fit.genes["base_mean"] > 5) & (forward["lfc_shrunken"] != 0)
    np.testing.assert_allclose(
        back.loc[known, "lfc_shrunken"], -forward.loc[known, "lfc_shrunken"], rtol=1e-3, atol=1e-4
    )
    np.testing.assert_allclose(back.loc[known, "svalue"], forward.loc[known, "svalue"], rtol=5e-2, atol=1e-6)
    mle = testing.wald_test(fit, np.array(weights), cooks=False)
    # Ridges on all coefficients can turn the sign of what is within its error of zero.
    known &= (method == "apeglm") | (mle["stat"].abs() > 2)
    assert (forward["lfc_shrunken"] * mle["log2_fold_change"] >= -1e-12)[known].all()


OF_R = ROOT / "tests" / "reference" / "shrinkage"
#: Of R's apeglm: sets, the largest difference of a log2 fold change, and the relative one of a standard deviation.
SETS = [
    ("pasilla", "nobatch", 1e-5, 5e-5),
    ("pasilla", "batch", 1e-6, 5e-5),
    ("airway", "batch", 5e-5, 5e-5),
    ("simulated_outliers", "nobatch", 2e-7, 1e-5),
]


@pytest.mark.parametrize(("name", "tag", "of_change", "of_deviation"), SETS)
def test_every_gene_ends_where_the_search_of_rs_apeglm_ends(name, tag, of_change, of_deviation):
    """Also where the posterior has two modes, and where outlying counts were replaced, which R shrinks as they were."""
    theirs = pd.read_csv(OF_R / f"{name}.{tag}.tsv.gz", sep="\t", index_col=0)
    data = load_set(ROOT / "tests/reference" / name)
    design = data.design(tag)
    fit = estimation.fit_model(data.counts, design, data.size_factors)
    coefficient = np.eye(design.shape[1])[-1]
    ours = shrinkage.shrink_lfc(fit, data.counts, coefficient).reindex(theirs.index)
    assert (ours["lfc_shrunken"].isna() == theirs["apeglm_lfc"].isna()).all()
    known = theirs["apeglm_lfc"].notna()
    np.testing.assert_allclose(ours.loc[known, "lfc_shrunken"], theirs.loc[known, "apeglm_lfc"], atol=of_change)
    np.testing.assert_allclose(ours.loc[known, "lfc_shrunken_se"], theirs.loc[known, "apeglm_se"], rtol=of_deviation)
    # How many genes R leaves more than 1e-3 short of the mode.
    mode = shrinkage.shrink_lfc(exact(fit), data.counts, coefficient)["lfc_shrunken"].reindex(theirs.index)
    short = int(
        ((mode - theirs["apeglm_lfc"]).abs() > 1e-3)[known & ~fit.genes["replaced"].reindex(theirs.index)].sum()
    )
    assert short == {"pasilla nobatch": 83, "pasilla batch": 175}.get(f"{name} {tag}", short)
    usual = (ours["lfc_shrunken"] - theirs["apeglm_lfc"])[known].abs().quantile(0.9)
    assert usual < 1e-7
    # Equal rates share a mean here, and are numbered in R: genes of one count have the same by the dozen.
    beyond = shrinkage.shrink_lfc(fit, data.counts, coefficient, threshold=0.5).reindex(theirs.index)
    rich = known & (fit.genes["base_mean"].reindex(theirs.index) > 5)
    for table, column in ((ours, "apeglm_svalue"), (beyond, "apeglm_bound")):
        np.testing.assert_allclose(table.loc[rich, "svalue"], theirs.loc[rich, column], atol=1e-2)
        small = rich & (theirs[column] < 0.05)
        np.testing.assert_allclose(table.loc[small, "svalue"], theirs.loc[small, column], rtol=2e-3, atol=1e-9)
    assert beyond.loc[known, "svalue"].median() > ours.loc[known, "svalue"].median() + 0.1


def test_replaced_outliers_are_shrunk_as_they_were_given_or_as_they_were_fitted():
    counts = pd.read_csv(OF_R / "outliers.counts.tsv.gz", sep="\t", index_col=0)
    columns = {"Intercept": 1.0, "batch": np.tile([0.0, 1.0], 8), "group": np.repeat([0.0, 1.0], 8)}
    for tag, left_out in (("nobatch", ["batch"]), ("batch", [])):
        design = pd.DataFrame(columns, index=counts.columns).drop(columns=left_out)
        theirs = pd.read_csv(OF_R / f"outliers.{tag}.tsv.gz", sep="\t", index_col=0)
        fit = estimation.fit_model(counts, design, size_factors.size_factors(counts), min_replicates=4)
        replaced = fit.genes["replaced"]
        np.testing.assert_array_equal(replaced, theirs["replaced"] == 1)
        assert replaced.sum() == 60
        coefficient = np.eye(design.shape[1])[-1]
        wald = testing.wald_test(fit, coefficient, alpha=0.1)
        np.testing.assert_allclose(wald["pvalue"], theirs["pvalue"], rtol=1e-6)
        ratio = testing.likelihood_ratio_test(fit, counts, design.drop(columns="group"), coefficient, alpha=0.1)
        np.testing.assert_allclose(ratio["pvalue"], theirs["lrt_pvalue"], rtol=1e-6)
        np.testing.assert_allclose(ratio["padj"], theirs["lrt_padj"], rtol=1e-6)
        for method, tolerance in (("apeglm", 1e-4), ("normal", 1e-6)):
            ours = shrinkage.shrink_lfc(fit, counts, coefficient, method)["lfc_shrunken"]
            np.testing.assert_allclose(ours, theirs[f"{method}_lfc"], atol=tolerance)
            kept = shrinkage.shrink_lfc(exact(fit), counts, coefficient, method)["lfc_shrunken"]
            gap = (kept - theirs[f"{method}_lfc"]).abs()
            # What one outlying count does to a shrunken fold change: up to 2.8 log2 in these genes, in all 60.
            assert (gap[replaced] > 0.1).sum() == 60
            assert gap[replaced].max() > 1.8
            assert gap[~replaced].max() < 0.02


def test_genes_of_two_modes_are_noted_in_both_ways_of_choosing():
    data = load_set(ROOT / "tests/reference/airway")
    design = data.design("nobatch")
    fit = estimation.fit_model(data.counts, design, data.size_factors)
    as_in_r = shrinkage.shrink_lfc(fit, data.counts, np.array([0.0, 1.0]))
    higher = shrinkage.shrink_lfc(exact(fit), data.counts, np.array([0.0, 1.0]))
    undecided = as_in_r["lfc_shrunken_note"] == "two_modes"
    assert list(undecided[undecided].index) == ["ENSG00000130487", "ENSG00000134258", "ENSG00000148677"]
    pd.testing.assert_series_equal(as_in_r["lfc_shrunken_note"], higher["lfc_shrunken_note"])
    # R's search ends in the lower mode of one of the three; where it stops short of a mode, by less than 0.02.
    gap = (as_in_r["lfc_shrunken"] - higher["lfc_shrunken"]).abs()
    assert list(gap.index[gap > 0.02]) == ["ENSG00000130487"]
    assert gap.drop("ENSG00000130487").max() < 0.02
