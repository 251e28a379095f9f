"""Stage-wise testing: the screening against the omnibus test by formula, the confirmation against first principles."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from degsteps.basics.errors import DesignError
from degsteps.engines.deseq import estimation, testing
from degsteps.engines.multiple_testing import adjust_bh
from degsteps.normalize import size_factors
from degsteps.test import stage_wise

PAIRS = np.array([[0.0, 1, 0], [0, 0, 1], [0, -1, 1]])  # of three groups, the first the reference


def table_of(changes, pvalues):
    return pd.DataFrame({"log2_fold_change": changes, "pvalue": pvalues})


def test_screening_is_the_test_of_the_whole_factor():
    generator = np.random.default_rng(1)
    groups = np.tile([0, 1, 2], 4)
    batch = np.repeat([0.0, 1.0], 6)
    design = pd.DataFrame({"Intercept": 1.0, "b": groups == 1, "c": groups == 2, "batch": batch}).astype(float)
    design.index = [f"s{i}" for i in range(12)]
    means = 2 ** generator.uniform(3, 9, (80, 1)) * 2 ** (np.outer(generator.normal(0, 1, 80), groups == 2))
    counts = pd.DataFrame(generator.negative_binomial(8, 8 / (8 + means)), columns=design.index)
    counts.index = pd.Index([f"g{i}" for i in range(80)], name="gene")
    fit = estimation.fit_model(counts, design, size_factors.size_factors(counts), fit_type="mean")
    weights = np.column_stack([PAIRS, np.zeros(3)])
    own = stage_wise.design_under_no_change(design, weights)
    assert own.shape == (12, 2)
    first = testing.likelihood_ratio_test(fit, counts, own, weights[0])
    second = testing.likelihood_ratio_test(fit, counts, design[["Intercept", "batch"]], weights[0])
    np.testing.assert_allclose(first["pvalue"], second["pvalue"], rtol=1e-5)
    # Without batch what is left is a mean, which DESeq2 takes as it is.
    alone = stage_wise.design_under_no_change(design[["Intercept", "b", "c"]], PAIRS)
    assert (alone.to_numpy() == 1).all()


def test_contrasts_that_leave_nothing():
    with pytest.raises(DesignError, match="not even a mean"):
        stage_wise.design_under_no_change(pd.DataFrame(np.eye(2)), np.eye(2))


@pytest.mark.parametrize(
    ("weights", "shaffer", "holm"),
    [
        (PAIRS, [1, 1, 1], [2, 2, 1]),
        (np.eye(3), [2, 2, 1], [2, 2, 1]),  # nothing hangs together
        (np.array([[1.0, 0], [-1, 0]]), [1, 1], [1, 1]),  # the same question twice
        (np.vstack([PAIRS, [0, 0.5, 0.5]]), [1, 1, 1, 1], [3, 3, 2, 1]),  # two dimensions: one true at most
    ],
)
def test_how_many_can_be_true(weights, shaffer, holm):
    assert stage_wise.most_true(weights, "shaffer") == shaffer
    assert stage_wise.most_true(weights, "holm") == holm


def pairs_of_groups(n):
    rows = []
    for a, b in itertools.combinations(range(n), 2):
        row = np.zeros(n)
        row[a], row[b] = -1, 1
        rows.append(row[1:])
    return np.array(rows)


def test_how_many_can_be_true_of_the_pairs_of_four_groups():
    """By partitions of the groups: pairs within a block are equal (Shaffer 1986, table 1: 3, 3, 3, 3, 2, 1)."""
    sizes = {0, 1, 2, 3}  # blocks 1111, 211, 22, 31; 4 in one block is what the screening has excluded
    expected = [max(size for size in sizes if size <= min(5, 6 - j)) for j in range(6)]
    assert expected == [3, 3, 3, 3, 2, 1]
    assert stage_wise.most_true(pairs_of_groups(4), "shaffer") == expected


def confirmed_by_steps(pvalues, multipliers, level):
    """Reject one after the other, from the smallest p-value, until one is not rejected."""
    found = np.zeros(len(pvalues), dtype=bool)
    for step, position in enumerate(np.argsort(pvalues, kind="stable")):
        if not pvalues[position] * multipliers[step] < level:
            break
        found[position] = True
    return found


@pytest.mark.parametrize("method", ["shaffer", "holm"])
def test_confirmation_is_step_by_step_at_the_share_of_the_level(method):
    generator = np.random.default_rng(3)
    n_genes, alpha = 400, 0.1
    genes = pd.Index([f"g{i}" for i in range(n_genes)], name="gene")
    z = generator.normal(0, 1, (n_genes, 3)) + 3 * (np.arange(n_genes) < 100)[:, None]
    pvalues = 2 * stats.norm.sf(np.abs(z))
    pvalues[5, 1] = np.nan
    screen = pvalues[:, 0] * 0.9
    screen[7] = np.nan
    screening = pd.DataFrame({"base_mean": 1.0, "stat": 0.0, "pvalue": screen, "padj": adjust_bh(screen)}, index=genes)
    tables = {name: table_of(z[:, k], pvalues[:, k]).set_axis(genes) for k, name in enumerate("abc")}
    result, facts = stage_wise.stage_wise(screening.assign(na_reason=""), tables, PAIRS, alpha=alpha, method=method)
    passed = (screening["padj"] < alpha).to_numpy()
    assert facts["screened"] == passed.sum() > 20
    multipliers = {"shaffer": [1, 1, 1], "holm": [2, 2, 1]}[method]
    level = alpha * passed.sum() / (n_genes - 1)
    found = result[[f"padj_{name}" for name in "abc"]].to_numpy() < alpha
    for row in range(n_genes):
        known = np.where(np.isnan(pvalues[row]), 1.0, pvalues[row])
        expected = confirmed_by_steps(known, multipliers, level) if passed[row] else np.zeros(3, dtype=bool)
        assert found[row].tolist() == expected.tolist()
    assert result.loc[~passed, "padj_a"].isna().all()
    assert facts["confirmed"]["a"]["up"] == (found[:, 0] & (z[:, 0] > 0)).sum()


def test_overall_false_discovery_rate_by_simulation():
    """Share of genes with any false finding among genes found, over groups with none, one or two equal means."""
    generator = np.random.default_rng(4)
    alpha, n_genes, n_studies = 0.1, 1500, 40
    truth = np.zeros((n_genes, 3))  # means of three groups
    truth[:150, 2] = 3.5  # one group differs: two differences true, one not
    truth[150:225] = [0, 3, 6]
    contrasts = np.array([[-1.0, 1, 0], [-1, 0, 1], [0, -1, 1]])
    is_null = truth @ contrasts.T == 0
    weights, rates, naive = PAIRS, [], []
    for _ in range(n_studies):
        means = truth + generator.normal(0, 1, (n_genes, 3))
        z = means @ contrasts.T / np.sqrt(2)
        pvalues = 2 * stats.norm.sf(np.abs(z))
        omnibus = stats.chi2.sf(((means - means.mean(axis=1, keepdims=True)) ** 2).sum(axis=1), 2)
        screening = pd.DataFrame({"base_mean": 1.0, "stat": 0.0, "pvalue": omnibus, "padj": adjust_bh(omnibus)})
        tables = {name: table_of(z[:, k], pvalues[:, k]) for k, name in enumerate("abc")}
        result, _ = stage_wise.stage_wise(
            screening.assign(na_reason=""), tables, weights, alpha=alpha, method="shaffer"
        )
        found = result[[f"padj_{name}" for name in "abc"]].to_numpy() < alpha
        rates.append((found & is_null).any(axis=1).sum() / max(found.any(axis=1).sum(), 1))
        alone = np.column_stack([adjust_bh(pvalues[:, k]) for k in range(3)]) < alpha
        naive.append((alone & is_null).any(axis=1).sum() / max(alone.any(axis=1).sum(), 1))
    error = np.std(rates) / np.sqrt(n_studies)
    assert np.mean(rates) < alpha + 3 * error
    assert np.mean(naive) > np.mean(rates), "contrast by contrast, more genes have a false finding"
