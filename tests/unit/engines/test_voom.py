"""limma-voom against R's limma 3.54, and against computations that do not share its shortcuts.

R's duplicateCorrelation stops the iterations of its genes early, so its consensus is off the optimum by some 1e-5;
with R's correlations given, everything else agrees to 1e-9. Where R was made to go on, the correlations agree, except
for genes where it stands still: there our likelihood is the larger one.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import linalg, optimize, stats

from degsteps.basics.errors import DesignError
from degsteps.engines.library_sizes import effective_library_sizes
from degsteps.engines.voom import correlation as correlations
from degsteps.engines.voom import linear_models, moderation, trend
from degsteps.engines.voom.regression import Regression
from degsteps.normalize.size_factors import size_factors
from degsteps.test.figures.mean_variance import mean_variance_plot
from tests.conftest import REPO

REFERENCE = REPO / "tests" / "reference"


def read(*path):
    return pd.read_csv(REFERENCE.joinpath(*path), sep="\t", index_col=0)


FACTS = read("voom", "facts.tsv")


def of_set(name):
    counts, samples = read(name, "counts.tsv.gz"), read(name, "samples.tsv")
    counts = counts[samples.index]
    return counts[counts.sum(axis=1) >= 10], samples


def design_of(samples, **columns):
    return pd.DataFrame({"Intercept": 1.0, **{name: values * 1.0 for name, values in columns.items()}}, samples.index)


def pasilla(*, summed=False):
    counts, samples = of_set("pasilla")
    design = design_of(samples, type=samples["type"] == "paired_end", condition=samples["condition"] == "treated")
    contrast, lost = ([0, 0.5, 0.5], ["condition"]) if summed else ([0, 0, 1], ["type", "condition"])
    return counts, design, np.array(contrast), design.drop(columns=lost), None


def airway():
    counts, samples = of_set("airway")
    design = design_of(samples, dex=samples["dex"] == "trt")
    return counts, design, np.array([0.0, 1]), design[["Intercept"]], samples["cell"]


def marioni():
    counts, samples = of_set("marioni")
    design = design_of(samples, tissue=samples["tissue"] == "Liver")
    return counts, design, np.array([0.0, 1]), design[["Intercept"]], samples["tissue_run"]


def repeated():
    counts, samples = read("voom", "repeated_counts.tsv.gz"), read("voom", "repeated_samples.tsv")
    verum, second, last = samples["arm"] == "verum", samples["visit"] == "second", samples["visit"] == "last"
    design = design_of(samples, verum=verum, second=second, last=last, vs=verum & second, vl=verum & last)
    return counts, design, np.array([0, 1.0, 0, 0, 0, 1]), design.drop(columns=["vs", "vl"]), samples["subject"]


SETS = {
    "pasilla": pasilla,
    "pasilla_sum": lambda: pasilla(summed=True),
    "airway": airway,
    "marioni": marioni,
    "repeated": repeated,
}
BLOCKED = ["airway", "marioni", "repeated"]


def fit_of(name, monkeypatch=None):
    """Fit a set; with R's correlations in place of ours where monkeypatch is given."""
    counts, design, _, _, subjects = SETS[name]()
    if monkeypatch is not None and subjects is not None:
        given = iter(FACTS.loc[name, ["correlation_1", "correlation_2"]])
        monkeypatch.setattr(correlations, "gene_correlations", lambda _: None)
        monkeypatch.setattr(correlations, "consensus", lambda _: next(given))
    return linear_models.fit_model(counts, design, size_factors(counts, "tmm"), subjects)


def assert_close(ours, theirs, relative):
    known = theirs.notna() & ours.notna()
    assert known.sum() > 100
    np.testing.assert_allclose(ours[known], theirs[known], rtol=relative, atol=1e-12)


@pytest.mark.parametrize("name", SETS)
def test_numbers_are_those_of_limma(name, monkeypatch):
    """Fold change, moderated t, TREAT and moderated F; the contrast of pasilla_sum and repeated is no coefficient."""
    _, _, contrast, reduced, _ = SETS[name]()
    fit = fit_of(name, monkeypatch)
    fit = linear_models.Fit.from_anndata(fit.to_anndata())
    from_r = read("voom", f"{name}.tsv.gz")
    assert fit.facts["prior_variance"] == pytest.approx(FACTS.loc[name, "prior_variance"], rel=1e-10)
    assert fit.facts["prior_df"] == pytest.approx(FACTS.loc[name, "prior_df"], rel=1e-8)
    plain = linear_models.contrast_table(fit, contrast).loc[from_r.index]
    assert_close(plain["log2_fold_change"], from_r["lfc"], 1e-9)
    assert_close(plain["stat"], from_r["stat"], 1e-9)
    assert_close(plain["pvalue"], from_r["pvalue"], 1e-8)
    beyond = linear_models.contrast_table(fit, contrast, lfc_null=0.5).loc[from_r.index]
    assert_close(beyond["stat"], from_r["treat_stat"], 1e-9)
    assert_close(beyond["pvalue"], from_r["treat_pvalue"], 1e-8)
    nested = linear_models.contrast_table(fit, contrast, reduced=reduced).loc[from_r.index]
    assert_close(nested["stat"], from_r["f"], 1e-8)
    assert_close(nested["pvalue"], from_r["f_pvalue"], 1e-8)


@pytest.mark.parametrize("name", BLOCKED)
def test_correlation_is_that_of_limma_where_limma_converges(name):
    counts, design, contrast, _, subjects = SETS[name]()
    fit = fit_of(name)
    assert fit.facts["correlation"] == pytest.approx(FACTS.loc[name, "correlation_2"], abs=2e-5)
    from_r = read("voom", f"{name}.tsv.gz")
    table = linear_models.contrast_table(fit, contrast).loc[from_r.index]
    assert_close(table["stat"], from_r["stat"], 5e-4)
    # Gene by gene, after the first round.
    matrix, columns, block = counts.to_numpy(), design.to_numpy(), pd.factorize(subjects)[0]
    libraries = effective_library_sizes(matrix, size_factors(counts, "tmm").to_numpy())
    first = FACTS.loc[name, "correlation_1"]
    weighted = trend.voom(matrix, columns, libraries, block, first)
    regression = Regression(weighted.values, columns, weighted.weights, block)
    ours = correlations.gene_correlations(regression)
    rows = counts.index.get_indexer(from_r.index)
    largest = np.bincount(block).max()
    theirs = from_r["gene_correlation_converged"].clip(-1 / (largest - 1) + 0.01, 0.99).to_numpy()
    mine, other = (regression.criterion(rho, rows)[0] for rho in (ours[rows], theirs))
    assert (mine <= other + 1e-9).all()
    apart = np.abs(ours[rows] - theirs) > 1e-5
    assert apart.mean() < 0.15
    assert (mine[apart] < other[apart]).all()


def dense_fit(y, design, weights, block, rho):
    """Generalised least squares with whole matrices: estimates, their covariance, -2 log restricted likelihood."""
    root = np.diag(weights**-0.5)
    covariance = root @ np.where(block[:, None] == block, np.where(np.eye(len(y)) == 1, 1.0, rho), 0.0) @ root
    inverse = linalg.inv(covariance)
    of_estimate = linalg.inv(design.T @ inverse @ design)
    estimate = of_estimate @ design.T @ inverse @ y
    residual = y - design @ estimate
    total = residual @ inverse @ residual
    value = (len(y) - design.shape[1]) * np.log(total) + np.linalg.slogdet(covariance)[1]
    return estimate, of_estimate, total, value - np.linalg.slogdet(of_estimate)[1]


@pytest.fixture(scope="module")
def small():
    """Ten genes of 13 samples in blocks of one, two, three and four, with weights and a large covariate."""
    rng = np.random.default_rng(5)
    block = np.array([0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5])[rng.permutation(13)]
    design = np.column_stack([np.ones(13), 2000 + rng.normal(0, 3, 13), rng.integers(0, 2, 13)])
    values = rng.normal(5, 1, (10, 13)) + rng.normal(0, 1, (10, 6))[:, block]
    return values, design, rng.uniform(0.3, 3, (10, 13)), block


def test_fits_are_those_of_whole_matrices(small):
    values, design, weights, block = small
    regression = Regression(values, design, weights, block)
    for rho in (-0.2, 0.0, 0.6):
        found = regression.solve(rho)
        value, slope = regression.criterion(np.full(10, rho))
        nearby = (regression.criterion(np.full(10, rho + step))[0] for step in (1e-5, -1e-5))
        np.testing.assert_allclose(slope, np.subtract(*nearby) / 2e-5, rtol=1e-5, atol=1e-6)
        dense = [dense_fit(y, design, w, block, rho) for y, w in zip(values, weights, strict=True)]
        np.testing.assert_allclose(found.coefficients, [d[0] for d in dense], rtol=1e-6)
        np.testing.assert_allclose(found.covariance, [d[1] for d in dense], rtol=1e-6)
        np.testing.assert_allclose(found.residual_sum, [d[2] for d in dense], rtol=1e-8)
        if rho == 0:
            constants = value - [d[3] for d in dense]
    # Up to a constant of each gene the criterion is -2 log restricted likelihood.
    for rho in (-0.2, 0.6):
        dense = [dense_fit(y, design, w, block, rho)[3] for y, w in zip(values, weights, strict=True)]
        np.testing.assert_allclose(regression.criterion(np.full(10, rho))[0] - dense, constants, atol=1e-6)


def test_correlations_are_the_optima_of_a_general_optimizer(small):
    values, design, weights, block = small
    found = correlations.gene_correlations(Regression(values, design, weights, block))
    for y, w, rho in zip(values, weights, found, strict=True):
        best = optimize.minimize_scalar(
            lambda r, y=y, w=w: dense_fit(y, design, w, block, r)[3],
            bounds=(-1 / 3 + 0.01, 0.99),
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert dense_fit(y, design, w, block, rho)[3] <= best.fun + 1e-6


def test_lowess_is_that_of_r():
    points = read("voom", "lowess.tsv")
    x, y = points["x"].to_numpy(), points["y"].to_numpy()
    assert len(np.unique(x)) < len(x)
    np.testing.assert_allclose(trend.lowess(x, y), points["fitted"], atol=1e-12)


def test_tails_are_those_of_the_distributions():
    t = np.array([-3.0, 0.0, 0.5, 40.0])
    for df in (2.5, 30.0):
        np.testing.assert_allclose(moderation.t_upper_tail(t, np.full(4, df)), stats.t.sf(t, df), rtol=1e-10)
        np.testing.assert_allclose(
            moderation.f_upper_tail(np.array([0.1, 2.0, 50.0]), 3, np.full(3, df)), stats.f.sf([0.1, 2, 50], 3, df)
        )
    infinite = np.full(4, np.inf)
    np.testing.assert_allclose(moderation.t_upper_tail(t, infinite)[:3], stats.norm.sf(t)[:3])
    np.testing.assert_allclose(moderation.f_upper_tail(np.array([2.0, 9]), 3, infinite[:2]), stats.chi2.sf([6, 27], 3))


def test_equal_variances_give_a_prior_that_is_all_there_is():
    prior = moderation.fit_prior(np.full(50, 2.0), 4)
    assert prior == (2.0, np.inf)
    posterior, df = moderation.moderated(np.full(50, 2.0), 4, prior)
    assert set(posterior) == {2.0}
    assert set(df) == {200.0}


def test_alternatives_are_one_sided_tests():
    estimate, error, df = np.array([1.2, -0.1, -1.4]), np.full(3, 0.3), np.full(3, 7.0)
    for alternative, expected in (
        ("greater", stats.t.sf((estimate - 0.5) / error, 7)),
        ("less", stats.t.cdf((estimate + 0.5) / error, 7)),
        ("less_abs", stats.t.sf((0.5 - np.abs(estimate)) / error, 7)),
    ):
        np.testing.assert_allclose(moderation.t_test(estimate, error, df, 0.5, alternative)[1], expected)


def test_smaller_design_in_another_coding_asks_the_same():
    """`~ 0 + group` against `~ 1`: no column is left out by name, and the question is that of `~ group`."""
    counts, samples = of_set("airway")
    factors = size_factors(counts, "tmm")
    cells = pd.get_dummies(samples["cell"], dtype=float)
    usual = design_of(samples, **{name: cells[name] for name in cells.columns[1:]})
    one = usual[["Intercept"]]
    found = [
        linear_models.contrast_table(linear_models.fit_model(counts, design, factors), np.eye(4)[0], reduced=one)[
            "stat"
        ]
        for design in (usual, cells)
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-8)


def test_effective_library_sizes_are_those_of_edger_for_tmm():
    counts, _ = of_set("pasilla")
    totals = counts.sum().to_numpy(dtype=float)
    from_factors = effective_library_sizes(counts.to_numpy(), size_factors(counts, "tmm").to_numpy())
    ratios = from_factors / totals
    assert np.exp(np.log(ratios).mean()) == pytest.approx(1)
    assert ratios.std() > 0.01


def test_genes_without_counts_are_named_and_no_subject_twice_is_refused():
    counts, design, contrast, _, subjects = repeated()
    factors = size_factors(counts, "tmm")
    table = linear_models.contrast_table(linear_models.fit_model(counts, design, factors), contrast)
    empty = counts.index[counts.sum(axis=1) == 0]
    assert list(table.index[table["na_reason"] == "all_zero"]) == list(empty)
    assert table.loc[empty, "pvalue"].isna().all()
    with pytest.raises(DesignError, match="no subject has two samples"):
        linear_models.fit_model(counts, design, factors, pd.Series(range(len(subjects)), subjects.index))


def test_correlation_keeps_what_independence_would_invent():
    """Null arms, strong subjects: taken for independent, visits make false calls; as correlated, they do not."""
    rng = np.random.default_rng(11)
    subjects = pd.Series(np.repeat(np.arange(10), 4).astype(str), [f"s{n}" for n in range(40)])
    design = design_of(subjects.to_frame(), arm=subjects.astype(int) >= 5)
    means = rng.lognormal(6, 0.8, (800, 1)) * np.exp(rng.normal(0, 0.5, (800, 10)))[:, subjects.astype(int)]
    counts = pd.DataFrame(rng.negative_binomial(30, 30 / (30 + means)), columns=subjects.index).rename_axis("gene")
    share = {}
    for name, of_whom in (("independent", None), ("correlated", subjects)):
        fit = linear_models.fit_model(counts, design, size_factors(counts, "tmm"), of_whom)
        share[name] = (linear_models.contrast_table(fit, np.array([0, 1.0]))["pvalue"] < 0.05).mean()
    assert share["independent"] > 0.25
    assert 0.02 < share["correlated"] < 0.09


def test_figure_draws_expressed_genes_and_says_if_there_are_none():
    genes = fit_of("repeated").genes
    figure = mean_variance_plot(genes)
    (points,) = figure.axes[0].collections
    assert len(points.get_offsets()) == len(genes) - 1
    empty = mean_variance_plot(genes[genes["all_zero"]])
    assert "No gene has a count." in [text.get_text() for text in empty.axes[0].texts]


def approximated_error(fit, contrast):
    """The standard errors of limma's `contrasts.fit`, without the variance: correlations of coefficients unweighted."""
    columns = fit.design.to_numpy()
    unweighted = np.linalg.inv(columns.T @ columns)
    correlation = unweighted / np.sqrt(np.outer(np.diag(unweighted), np.diag(unweighted)))
    scaled = np.sqrt(np.einsum("gii->gi", fit.covariance)) * contrast
    return np.sqrt(np.einsum("gi,ij,gj->g", scaled, correlation, scaled))


def test_sums_of_coefficients_are_those_of_weighted_regressions_where_limma_approximates():
    """By how much `contrasts.fit` is off, as docs/engines.md says; ours are those of each gene's own regression."""
    _, design, contrast, _, _ = SETS["pasilla_sum"]()
    fit = fit_of("pasilla_sum")
    exact = np.sqrt(np.einsum("i,gij,j->g", contrast, fit.covariance, contrast))
    assert np.abs(exact / approximated_error(fit, contrast) - 1).max() == pytest.approx(0.11, abs=0.01)

    rng = np.random.default_rng(3)
    samples = [f"s{number}" for number in range(8)]
    treated = np.arange(8) >= 4
    means = rng.lognormal(2, 1, (400, 1)) * np.where(treated, 200.0 ** (np.arange(400) % 2)[:, None], 1.0)
    counts = pd.DataFrame(rng.negative_binomial(200, 200 / (200 + means)), columns=samples).rename_axis("gene")
    design = pd.DataFrame({"Intercept": 1.0, "treated": treated * 1.0}, samples)
    fit = linear_models.fit_model(counts, design, pd.Series(1.0, samples))
    total = np.array([1.0, 1.0])
    exact = np.sqrt(np.einsum("i,gij,j->g", total, fit.covariance, total))
    known = ~fit.genes["all_zero"].to_numpy()
    assert (approximated_error(fit, total) / exact - 1)[known].max() > 1.3
    transformed = trend.voom(
        counts.to_numpy(), design.to_numpy(), effective_library_sizes(counts.to_numpy(), np.ones(8))
    )
    of_group = transformed.weights[:, treated].sum(axis=1)
    assert_close(pd.Series(exact[known]), pd.Series(1 / np.sqrt(of_group[known])), 1e-9)
