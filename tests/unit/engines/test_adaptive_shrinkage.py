"""Adaptive shrinkage against R's ashr, an independent search for the weights, and simulated truth."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from degsteps.engines import adaptive_shrinkage
from degsteps.engines.adaptive_shrinkage import Mixture, fit_mixture, mixture_weights, posterior, shrink_estimates

OF_R = Path(__file__).resolve().parents[2] / "reference" / "shrinkage"
#: Where R's search for the weights stops, and what that moves: its log-likelihood is lower by 0.007 and less.
TOLERANCES = {
    "pasilla.nobatch": (2e-3, 4e-3, 1e-2),
    "pasilla.batch": (3e-4, 8e-3, 2e-3),
    "airway.batch": (2e-5, 2e-6, 1e-6),
    "simulated_outliers.nobatch": (2e-6, 1e-6, 1e-6),
}


def of_r(name):
    table = pd.read_csv(OF_R / f"{name}.tsv.gz", sep="\t", index_col=0)
    mixtures = pd.read_csv(OF_R / "mixtures.tsv", sep="\t")
    data, design = name.split(".")
    mixture = mixtures[(mixtures["set"] == data) & (mixtures["design"] == design)]
    return table[table["lfc"].notna()], Mixture(mixture["sd"].to_numpy(), mixture["weight"].to_numpy())


def log_likelihood(estimates, errors, mixture):
    densities = stats.norm.pdf(estimates[:, None], scale=np.hypot(errors[:, None], mixture.deviations))
    return float(np.log(densities @ mixture.weights).sum())


@pytest.mark.parametrize("name", TOLERANCES)
def test_effects_and_rates_are_rs_up_to_where_its_search_stops(name):
    table, theirs = of_r(name)
    found, ours = shrink_estimates(table["lfc"], table["se"])
    np.testing.assert_allclose(ours.deviations, theirs.deviations, rtol=1e-7)
    effect, rate, gain = TOLERANCES[name]
    np.testing.assert_allclose(found["lfc_shrunken"], table["ashr_lfc"], atol=effect)
    np.testing.assert_allclose(found["lfc_shrunken_se"], table["ashr_se"], atol=effect)
    np.testing.assert_allclose(found["false_sign_rate"], table["ashr_lfsr"], atol=rate)
    estimates, errors = table["lfc"].to_numpy(), table["se"].to_numpy()
    better = log_likelihood(estimates, errors, ours) - log_likelihood(estimates, errors, theirs)
    # R's weights are known to eight digits.
    assert -3e-5 < better < gain
    # With R's own weights everything is R's.
    same = posterior(estimates, errors, theirs)
    np.testing.assert_allclose(same["lfc_shrunken"], table["ashr_lfc"], atol=1e-6)
    np.testing.assert_allclose(same["false_sign_rate"], table["ashr_lfsr"], atol=1e-7)


@pytest.mark.parametrize(("name", "tolerance"), [("airway.batch", 2e-2), ("simulated_outliers.nobatch", 2e-3)])
def test_s_values_are_rs_where_there_are_no_ties(name, tolerance):
    """Genes of one count have the same rate by the dozen: R numbers them, here they share their mean."""
    table, _ = of_r(name)
    distinct = ~table["ashr_lfsr"].duplicated(keep=False) & (table["ashr_lfsr"] < 0.4)
    assert distinct.sum() > 150
    found, _ = shrink_estimates(table["lfc"], table["se"])
    np.testing.assert_allclose(found.loc[distinct, "svalue"], table.loc[distinct, "ashr_svalue"], atol=1e-6, rtol=1e-4)
    beyond, _ = shrink_estimates(table["lfc"], table["se"], 0.5)
    clear = distinct & (beyond["false_sign_rate"] < 0.3)
    assert clear.sum() > 30
    np.testing.assert_allclose(beyond.loc[clear, "svalue"], table.loc[clear, "ashr_bound"], rtol=tolerance, atol=1e-7)
    assert (beyond["false_sign_rate"] >= found["false_sign_rate"] - 1e-12).all()


@pytest.fixture(scope="module")
def simulated():
    """20,000 effects, six in ten of them none; errors from 0.05 to 3."""
    random = np.random.default_rng(4)
    errors = np.exp(random.normal(-1.0, 0.7, 20_000))
    effects = np.where(random.random(20_000) < 0.6, 0.0, random.normal(0, 1, 20_000))
    return pd.Series(effects + errors * random.normal(size=20_000)), pd.Series(errors), effects


def test_twenty_thousand_genes_take_less_than_two_seconds(simulated):
    estimates, errors, _ = simulated
    spent = []
    for _ in range(3):
        began = time.process_time()
        shrink_estimates(estimates, errors)
        spent.append(time.process_time() - began)
    assert min(spent) < 2.0


def test_weights_are_the_optimum_that_plain_em_creeps_towards(simulated):
    estimates, errors = (values.to_numpy()[:3000] for values in simulated[:2])
    mixture = fit_mixture(estimates, errors)
    densities = stats.norm.pdf(estimates[:, None], scale=np.hypot(errors[:, None], mixture.deviations))
    weights = np.full(len(mixture.weights), 1 / len(mixture.weights))
    best = np.log(densities @ mixture.weights).sum()
    gaps = []
    for _ in range(3000):
        weights = weights * (densities / (densities @ weights)[:, None]).mean(axis=0)
        gaps.append(best - np.log(densities @ weights).sum())
    assert (np.diff(gaps) <= 1e-9).all()
    assert 0 <= gaps[-1] < 0.3
    # The conditions of an optimum: what has weight gains nothing, and nothing else would gain.
    slope = (densities / (densities @ mixture.weights)[:, None]).mean(axis=0)
    assert slope.max() < 1 + 1e-8
    np.testing.assert_allclose(slope[mixture.weights > 1e-8], 1.0, atol=1e-6)
    assert mixture.weights.sum() == pytest.approx(1.0, abs=1e-12)


def test_an_outlier_does_not_stall_the_search_for_weights():
    """Once ended after 200 rounds and 16 s: a step that left one gene no density at all."""
    random = np.random.default_rng(2)
    errors = np.exp(random.normal(-1, 0.7, 20_000))
    effects = np.where(
        random.random(20_000) < 0.6, 0, random.normal(0, 1, 20_000) * np.exp(random.normal(0, 0.5, 20_000))
    )
    mixture = fit_mixture(effects + errors * random.normal(size=20_000), errors)
    assert mixture.weights.sum() == pytest.approx(1)
    assert (mixture.weights[mixture.deviations > 1] > 0.01).any()


def test_posterior_means_and_rates_are_those_of_integrals():
    mixture = Mixture(np.array([0.05, 0.4, 2.0]), np.array([0.5, 0.3, 0.2]))
    estimates, errors = np.array([0.1, -0.8, 2.5]), np.array([0.2, 0.5, 0.7])
    for threshold in (0.0, 0.3):
        found = posterior(estimates, errors, mixture, threshold)
        for g in range(3):
            effects = np.linspace(-12, 12, 48_001)
            prior = stats.norm.pdf(effects[:, None], scale=mixture.deviations) @ mixture.weights
            weights = prior * stats.norm.pdf(estimates[g], effects, errors[g])
            weights /= weights.sum()
            mean = weights @ effects
            assert found["lfc_shrunken"][g] == pytest.approx(mean, rel=1e-6)
            deviation = np.sqrt(weights @ (effects - mean) ** 2)
            assert found["lfc_shrunken_se"][g] == pytest.approx(deviation, rel=1e-6)
            is_wrong = np.sign(mean) * effects < threshold
            assert found["false_sign_rate"][g] == pytest.approx(weights[is_wrong].sum(), rel=2e-2)


def test_false_signs_are_as_many_as_the_rates_say(simulated):
    estimates, errors, effects = simulated
    table, _ = shrink_estimates(estimates, errors)
    wrong = np.sign(table["lfc_shrunken"]) != np.sign(effects)
    changed = effects != 0
    # Of no effect every sign is wrong; the mixture without a point at zero takes half of those for right.
    for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.4)):
        chosen = changed & table["false_sign_rate"].between(low, high)
        assert wrong[chosen].mean() <= table.loc[chosen, "false_sign_rate"].mean() + 0.02
    raw, shrunken = (np.mean((values - effects) ** 2) for values in (estimates, table["lfc_shrunken"]))
    assert shrunken < 0.35 * raw
    called = table["svalue"] < 0.05
    assert called.sum() > 1000
    assert (wrong & called)[changed].sum() / called.sum() < 0.05


def test_scale_order_and_missing_values_do_not_matter():
    random = np.random.default_rng(0)
    errors = pd.Series(np.exp(random.normal(-1, 0.5, 400)), [f"g{k}" for k in range(400)])
    estimates = pd.Series(random.normal(0, 1, 400) + errors.to_numpy() * random.normal(size=400), errors.index)
    first, _ = shrink_estimates(estimates, errors)
    scaled, _ = shrink_estimates(3 * estimates, 3 * errors)
    np.testing.assert_allclose(scaled["lfc_shrunken"], 3 * first["lfc_shrunken"], rtol=1e-6)
    turned, _ = shrink_estimates(-estimates[::-1], errors[::-1])
    np.testing.assert_allclose(turned["lfc_shrunken"][::-1], -first["lfc_shrunken"], rtol=1e-6)
    gaps = pd.Series([np.nan, 1.0, 0.5], ["a", "b", "c"]), pd.Series([1.0, np.nan, 0.0], ["a", "b", "c"])
    with_gaps, _ = shrink_estimates(*(pd.concat(pair) for pair in zip((estimates, errors), gaps, strict=True)))
    assert with_gaps.loc[["a", "b", "c"]].isna().all().all()
    pd.testing.assert_frame_equal(with_gaps.iloc[:400], first)
    nothing, mixture = shrink_estimates(*gaps)
    assert nothing.isna().all().all()
    assert not len(mixture.weights)


def test_estimates_smaller_than_their_errors_are_taken_for_none():
    errors = pd.Series(np.full(300, 1.0))
    table, mixture = shrink_estimates(pd.Series(np.linspace(-0.9, 0.9, 300)), errors)
    assert mixture.deviations.max() == pytest.approx(0.8)
    assert table["lfc_shrunken"].abs().max() < 0.05


def test_weights_of_two_components_are_a_golden_section_search():
    random = np.random.default_rng(1)
    densities = np.column_stack([stats.norm.pdf(random.normal(0, 2, 500), scale=scale) for scale in (1.0, 3.0)])
    found = mixture_weights(densities)
    best = optimize.minimize_scalar(
        lambda share: -np.log(densities @ [share, 1 - share]).sum(),
        bounds=(0, 1),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert found[0] == pytest.approx(best.x, abs=1e-5)
    assert adaptive_shrinkage.mixture_weights(np.ones((4, 1)))[0] == 1.0
