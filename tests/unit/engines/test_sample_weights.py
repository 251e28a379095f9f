"""Weights of samples, against edgeR 4's voomLmFit and against what they are for.

`make_sample_weights.R` wrote the tables. Where samples are correlated too, R's own correlation is given: its search
stops early (see `test_voom`), and it leaves out counts that tell nothing, which ours takes along (0.002 apart).
"""

import numpy as np
import pandas as pd
import pytest

from degsteps.engines.voom import correlation as correlations
from degsteps.engines.voom import linear_models, trend
from degsteps.engines.voom.absent_counts import absent_counts
from degsteps.engines.voom.sample_weights import sample_weights, sharing_of_weights
from degsteps.normalize.size_factors import size_factors
from degsteps.test.figures.sample_weights import sample_weights_plot
from tests.unit.engines.test_voom import airway, marioni, pasilla, read

CASES = {
    "pasilla": (pasilla, "sample", False),
    "pasilla_by_type": (pasilla, "type", False),
    "airway": (airway, "sample", False),
    "airway_blocked": (airway, "sample", True),
    "marioni": (marioni, "sample", False),
}


#: R's correlations of the first and the second round.
CORRELATIONS = (0.4671105, 0.46711652728464881)


@pytest.fixture(scope="module", params=CASES)
def case(request):
    study, by, is_blocked = CASES[request.param]
    counts, design, _, _, subjects = study()
    sheet = read(request.param.split("_")[0], "samples.tsv").loc[counts.columns]
    data = (
        counts,
        design,
        size_factors(counts, "tmm"),
        subjects if is_blocked else None,
        sharing_of_weights(sheet, by),
    )
    with pytest.MonkeyPatch.context() as patch:
        if is_blocked:
            assert linear_models.fit_model(*data).facts["correlation"] == pytest.approx(CORRELATIONS[1], abs=0.004)
            rounds = iter(CORRELATIONS)
            patch.setattr(correlations, "consensus", lambda of_genes: next(rounds))
        fit = linear_models.fit_model(*data)
    return request.param, fit, 1e-6 if is_blocked else 1e-9


def test_weights_are_those_of_r(case):
    name, fit, rtol = case
    from_r = read("sample_weights", "weights.tsv").loc[name].set_index("sample")["weight"]
    np.testing.assert_allclose(fit.sample_weights, from_r[fit.sample_weights.index], rtol=rtol)
    assert np.log(fit.sample_weights).mean() == pytest.approx(0, abs=1e-12)
    facts = read("sample_weights", "facts.tsv").loc[name]
    assert fit.facts["prior_df"] == pytest.approx(facts["prior_df"], rel=max(rtol, 1e-6))
    assert fit.facts["prior_variance"] == pytest.approx(facts["prior_variance"], rel=max(rtol, 1e-7))


def test_tests_are_those_of_r(case):
    name, fit, rtol = case
    from_r = read("sample_weights", f"{name}.tsv.gz")
    table = linear_models.contrast_table(fit, np.eye(fit.design.shape[1])[-1]).loc[from_r.index]
    np.testing.assert_allclose(table["log2_fold_change"], from_r["change"], rtol=10 * rtol, atol=rtol)
    np.testing.assert_allclose(table["stat"], from_r["t"], rtol=max(10 * rtol, 1e-6), atol=rtol)
    np.testing.assert_allclose(np.log(table["pvalue"]), np.log(from_r["pvalue"]), rtol=max(10 * rtol, 1e-6), atol=rtol)
    np.testing.assert_allclose(fit.genes.loc[from_r.index, "df"], from_r["df"], rtol=max(10 * rtol, 1e-6))


def test_a_fit_with_weights_is_stored_and_read_back(case):
    _, fit, _ = case
    again = linear_models.Fit.from_anndata(fit.to_anndata())
    pd.testing.assert_series_equal(again.sample_weights, fit.sample_weights, check_names=False)
    assert again.summary == fit.summary


def test_a_noisy_sample_gets_little_weight_whatever_the_order_of_samples():
    random = np.random.default_rng(4)
    design = np.stack([np.ones(10), np.arange(10) % 2], axis=1)
    noise = np.where(np.arange(10) == 3, 3.0, 1.0)
    values = random.normal(5, 1, (800, 1)) + random.normal(0, 1, (800, 10)) * noise
    weights = np.ones_like(values)
    found = sample_weights(values, design, weights)
    others = np.delete(found, 3)
    assert found[3] / np.exp(np.log(others).mean()) == pytest.approx(1 / 9, rel=0.15)
    assert others.max() / others.min() < 1.35
    order = random.permutation(10)
    shuffled = sample_weights(values[:, order], design[order], weights[:, order])
    np.testing.assert_allclose(shuffled, found[order], rtol=1e-9)
    groups = np.where(noise > 1, 1, 0)
    shared = sample_weights(values, design, weights, groups)
    assert len(np.unique(shared.round(9))) == 2
    assert shared[3] / shared[0] == pytest.approx(1 / 9, rel=0.15)


def test_without_degrees_of_freedom_all_weights_are_one():
    values = np.random.default_rng(1).normal(size=(50, 3))
    design = np.stack([np.ones(3), [0, 1, 1]], axis=1)
    assert sample_weights(values, design, np.ones_like(values)).tolist() == [1, 1, 1]


def test_counts_that_tell_nothing_are_those_of_groups_without_reads():
    design = np.stack([np.ones(6), np.arange(6) // 3], axis=1)
    counts = np.array([[0, 0, 0, 5, 9, 7], [0, 0, 3, 5, 9, 7], [4, 6, 3, 0, 0, 0], [0] * 6, [1, 2, 3, 4, 5, 6]])
    absent = absent_counts(counts, design, np.full(6, 1e6))
    # Genes without any count are among them, as in R: their values differ by library sizes only.
    assert absent.genes.tolist() == [0, 2, 3]
    assert absent.counts.tolist() == [[True] * 3 + [False] * 3, [False] * 3 + [True] * 3, [True] * 6]
    values = trend.log_cpm(counts, np.full(6, 1e6))
    variances, df = absent.variances(values, design, None)
    assert df.tolist() == [2, 2, 0]
    np.testing.assert_allclose(variances, [values[0, 3:].var(ddof=1), values[2, :3].var(ddof=1), 0])
    assert absent_counts(counts[[1, 4]], design, np.full(6, 1e6)) is None


@pytest.mark.parametrize("n_samples", [4, 40, 90])
def test_figure_is_readable(n_samples):
    weights = pd.DataFrame({"group": ["a", "b"] * (n_samples // 2), "weight": np.geomspace(0.1, 3, n_samples)})
    figure = sample_weights_plot(weights.set_index(pd.Index([f"sample {k}" for k in range(n_samples)])))
    is_named = n_samples <= 60
    assert len(figure.axes[0].get_yticklabels()) == (n_samples if is_named else (weights["weight"] < 0.3).sum())
    assert sum(len(line.get_xdata()) for line in figure.axes[0].lines if line.get_linestyle() == "None") == n_samples
