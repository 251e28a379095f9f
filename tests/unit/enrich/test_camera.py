"""Competitive tests: against limma, direct computation, and what must not change them."""

import numpy as np
import pytest
from scipy import sparse, stats

from degsteps.engines.multiple_testing import adjust_bh
from degsteps.engines.voom import moderation
from degsteps.enrich.camera import camera, competitive, z_of_pvalues, z_of_t
from degsteps.enrich.correlation import contrast_effects, reference_df, residual_effects, set_correlations, shrunk
from tests.reference.gene_sets.simulation import LOADS, design_of, two_groups
from tests.reference.gene_sets.studies import hill, load

STUDIES = ("airway", "pasilla")


@pytest.mark.parametrize("name", STUDIES)
def test_of_a_ranking_with_limmas_preset(name):
    study = load(name)
    table = camera(study.members, study.statistic, 0.01)
    # R's table has eleven digits.
    np.testing.assert_allclose(table["p"], study.of_r["camerapr_p"], rtol=2e-10)
    np.testing.assert_array_equal(table["direction"] == "up", study.of_r["camerapr_up"] == 1)
    assert (adjust_bh(table["p"].to_numpy()) < 0.05).sum() == {"airway": 56, "pasilla": 19}[name]


@pytest.mark.parametrize("name", STUDIES)
def test_of_ranks(name):
    study = load(name)
    table = camera(study.members, study.statistic, 0.01, ranks=True)
    np.testing.assert_allclose(table["p"], study.of_r["camerapr_ranks_p"], rtol=2e-10)


@pytest.mark.parametrize("name", STUDIES)
def test_of_a_matrix_of_values(name):
    """Preset and estimated correlation; limma's p to 1e-8 by its approximate deviates, 1e-4 by exact ones."""
    study = load(name)
    transformed, design = study.voom()
    last = np.eye(design.shape[1])[-1]
    found = contrast_effects(transformed.values, design, last, weights=transformed.weights)
    variance = (found[:, 1:] ** 2).mean(axis=1)
    df = found.shape[1] - 1
    posterior, total = moderation.moderated(variance, df, moderation.fit_prior(variance, df))
    t = found[:, 0] / np.sqrt(posterior)
    own = set_correlations(study.members, found[:, 1:])
    for deviates, tolerance in ((hill, 1e-8), (z_of_t, 1e-4)):
        z = deviates(t, total)
        preset = camera(study.members, z, 0.01)
        np.testing.assert_allclose(preset["p"], study.of_r["camera_p"], rtol=tolerance)
        np.testing.assert_array_equal(preset["direction"] == "up", study.of_r["camera_up"] == 1)
        estimated = camera(study.members, z, own, degrees_of_freedom=df)
        np.testing.assert_allclose(estimated["p"], study.of_r["camera_est_p"], rtol=tolerance)


class TestDeviates:
    """Normal deviates of other statistics."""

    def test_have_the_tails_of_t(self):
        t = np.array([-30.0, -3, -0.1, 0, 2, 12])
        for df in (1.0, 3.5, 40.0):
            np.testing.assert_allclose(stats.norm.sf(z_of_t(t, df)), stats.t.sf(t, df), rtol=1e-12)

    def test_far_out(self):
        # Logarithms of the tails with 40 digits, by mpmath.
        t, df = np.array([100.0, -60.0, 45.0]), np.array([500.0, 900.0, 1e5])
        log_tails = np.array([-765.133056507776017, -728.456179482861262, -1007.10083807336358])
        z = z_of_t(t, df)
        np.testing.assert_array_equal(np.sign(z), np.sign(t))
        np.testing.assert_allclose(stats.norm.logsf(np.abs(z)), log_tails, rtol=1e-9)

    def test_infinite_degrees_of_freedom(self):
        np.testing.assert_array_equal(z_of_t(np.array([-50.0, 1.5]), np.inf), [-50.0, 1.5])

    def test_of_p_values(self):
        z = z_of_pvalues(np.array([0.0, 1e-20, 0.5, 1.0]))
        assert np.isfinite(z).all()
        assert (np.diff(z) < 0).all()
        assert z[2] == 0


def example(seed: int = 1, n_genes: int = 400) -> tuple[sparse.csr_matrix, np.ndarray]:
    rng = np.random.default_rng(seed)
    members = sparse.csr_matrix((rng.random((30, n_genes)) < 0.1).astype(float))
    return members, rng.standard_normal(n_genes)


def test_without_correlation_it_is_students_t_test():
    members, statistic = example()
    table = camera(members, statistic, 0.0)
    inside = members.toarray().astype(bool)
    expected = [stats.ttest_ind(statistic[row], statistic[~row]) for row in inside]
    np.testing.assert_allclose(table["stat"], [each.statistic for each in expected], rtol=1e-9)
    np.testing.assert_allclose(table["p"], [each.pvalue for each in expected], rtol=1e-9)
    np.testing.assert_allclose(table["difference"], [statistic[row].mean() - statistic[~row].mean() for row in inside])


def test_ranks_without_correlation_are_wilcoxons_test():
    members, statistic = example()
    statistic = np.round(statistic, 1)  # ties
    table = camera(members, statistic, 0.0, ranks=True)
    expected = [
        stats.mannwhitneyu(statistic[row], statistic[~row], method="asymptotic").pvalue
        for row in members.toarray().astype(bool)
    ]
    np.testing.assert_allclose(table["p"], expected, rtol=1e-9)


def test_unsigned_asks_for_more_change_only():
    members, statistic = example()
    both, more = camera(members, statistic, 0.02), camera(members, statistic, 0.02, unsigned=True)
    up = (both["stat"] > 0).to_numpy()
    np.testing.assert_allclose(more["p"][up], both["p"][up] / 2, rtol=1e-12)
    np.testing.assert_allclose(more["p"][~up], 1 - both["p"][~up] / 2, rtol=1e-12)
    assert set(more["direction"]) == {"changed"}
    ranks = camera(members, statistic, 0.02, unsigned=True, ranks=True)
    assert ((ranks["p"] < 0.5) == (ranks["stat"] > 0)).mean() > 0.9


def test_the_default_is_made_of_its_parts():
    study = load("pasilla")
    transformed, design = study.voom()
    residuals = residual_effects(transformed.values, design)
    table = competitive(study.members, study.statistic, residuals)
    own = set_correlations(study.members, residuals)
    np.testing.assert_array_equal(table["correlation_estimated"], own)
    used = shrunk(own, 4)
    np.testing.assert_array_equal(table["correlation"], used)
    np.testing.assert_array_equal(table["p"], camera(study.members, study.statistic, used)["p"])
    many = np.random.default_rng(1).standard_normal((len(residuals), 12))
    used, df = shrunk(set_correlations(study.members, many), 12), reference_df(12)
    expected = camera(study.members, study.statistic, used, degrees_of_freedom=df)["p"]
    np.testing.assert_array_equal(competitive(study.members, study.statistic, many)["p"], expected)


def test_constant_genes_and_odd_sets():
    members, statistic = example(n_genes=50)
    members = sparse.vstack([members, sparse.csr_matrix((1, 50)), np.ones((1, 50))]).tocsr()
    residuals = np.random.default_rng(2).standard_normal((50, 9))
    residuals[3] = 0.0
    table = competitive(members, statistic, residuals)
    assert np.isfinite(table["p"]).all()
    np.testing.assert_array_equal(table["p"].to_numpy()[-2:], 1.0)
    for options in ({"ranks": True}, {"unsigned": True}):
        assert camera(members, statistic, 0.01, **options)["p"].to_numpy()[-2:].tolist() == [1.0, 1.0]
    assert camera(sparse.csr_matrix((0, 50)), statistic, 0.01).empty


def pseudo_study() -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    members = load("pasilla").members
    values = two_groups(np.random.default_rng(3), members, 5, LOADS["about .05"], 5).values
    return members, values, design_of(5)


def p_of(members: sparse.csr_matrix, values: np.ndarray, design: np.ndarray, sign: float = 1.0) -> np.ndarray:
    found = contrast_effects(values, design, np.array([0.0, sign]))
    variance = (found[:, 1:] ** 2).mean(axis=1)
    posterior, df = moderation.moderated(variance, 8, moderation.fit_prior(variance, 8))
    table = competitive(members, z_of_t(found[:, 0] / np.sqrt(posterior), df), found[:, 1:])
    return table["p"].to_numpy() * np.where(table["direction"] == "up", 1, -1)


def test_what_changes_nothing():
    """Order of genes, of sets and of samples; other sets do, as their median is part of the recipe."""
    members, values, design = pseudo_study()
    signed = p_of(members, values, design)
    rng = np.random.default_rng(1)
    genes, sets, samples = (rng.permutation(n) for n in (*members.shape[::-1], 10))
    np.testing.assert_allclose(p_of(members[:, genes].tocsr(), values[genes], design), signed, rtol=1e-9)
    np.testing.assert_allclose(p_of(members[sets], values, design), signed[sets], rtol=1e-9)
    np.testing.assert_allclose(p_of(members, values[:, samples], design[samples]), signed, rtol=1e-8)
    np.testing.assert_allclose(p_of(members, values * 3 + 5, design), signed, rtol=1e-8)


def test_the_reverse_contrast_has_the_reverse_direction():
    members, values, design = pseudo_study()
    signed = p_of(members, values, design)
    np.testing.assert_allclose(p_of(members, values, design, -1.0), -signed, rtol=1e-9)
    swapped = np.column_stack([np.ones(10), 1 - design[:, 1]])
    np.testing.assert_allclose(p_of(members, values, swapped), -signed, rtol=1e-8)
