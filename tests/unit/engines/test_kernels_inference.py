"""The engine behind an unmodified PyDESeq2, and against PyDESeq2's own routines on the same input."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from degsteps.engines.deseq.kernels.design_groups import Cells
from degsteps.engines.deseq.kernels.shrink import _Posterior

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
sys.path.append(str(REFERENCE))
from reference_sets import load_set  # noqa: E402


@pytest.fixture(scope="module")
def inputs():
    """A slice of pasilla as PyDESeq2 has it: samples x genes."""
    data = load_set(REFERENCE / "pasilla")
    counts = data.counts[data.counts.sum(axis=1) > 20].iloc[:150].to_numpy().T
    design = data.design("batch").to_numpy()
    size_factors = data.size_factors.to_numpy()
    return counts, design, size_factors


@pytest.fixture(scope="module")
def engines():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydeseq2.default_inference import DefaultInference

        from degsteps.engines.deseq.kernels.inference import BatchedInference
    return DefaultInference(n_cpus=1), BatchedInference()


@pytest.fixture(scope="module")
def coefficients(inputs, engines):
    counts, design, size_factors = inputs
    dispersions = np.random.default_rng(0).uniform(0.01, 0.5, counts.shape[1])
    arguments = {
        "counts": counts,
        "size_factors": size_factors,
        "design_matrix": design,
        "disp": dispersions,
        "min_mu": 0.5,
        "beta_tol": 1e-8,
    }
    return dispersions, [engine.irls(**arguments) for engine in engines]


def test_coefficients_means_and_leverages(coefficients):
    _, (theirs, ours) = coefficients
    both = theirs[3] & ours[3]
    assert both.all()
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-6)
    np.testing.assert_allclose(ours[2], theirs[2], rtol=1e-6)


@pytest.mark.parametrize("alternative", [None, "greaterAbs", "lessAbs", "greater", "less"])
def test_wald_is_pydeseq2s_to_1e_12(inputs, engines, coefficients, alternative):
    _, design, _ = inputs
    dispersions, (theirs, _) = coefficients
    arguments = {
        "design_matrix": design,
        "disp": dispersions,
        "lfc": theirs[0],
        "mu": theirs[1],
        "ridge_factor": np.diag(np.full(3, 1e-6)),
        "contrast": np.array([0.0, 0.0, 1.0]),
        "lfc_null": 0.0 if alternative is None else 0.3,
        "alt_hypothesis": alternative,
    }
    expected, found = (engine.wald_test(**arguments) for engine in engines)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_an_unknown_alternative_fails_as_pydeseq2s(inputs, engines, coefficients):
    _, design, _ = inputs
    dispersions, (theirs, _) = coefficients
    with pytest.raises(KeyError):
        engines[1].wald_test(design, dispersions, *theirs[:2], np.eye(3), np.ones(3), 0.0, "bigger")


def test_start_values(inputs, engines):
    counts, design, size_factors = inputs
    normalized = counts / size_factors[:, None]
    for method, arguments in (
        ("fit_rough_dispersions", (normalized, design)),
        ("fit_moments_dispersions", (normalized, size_factors)),
        ("lin_reg_mu", (counts, size_factors, design, 0.5)),
    ):
        expected, found = (getattr(engine, method)(*arguments) for engine in engines)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    with pytest.raises(ValueError, match="no replicates"):
        engines[1].fit_rough_dispersions(normalized[:3], design[:3])


@pytest.mark.parametrize("prior", [False, True])
def test_the_exact_dispersion_is_never_worse_than_pydeseq2s(inputs, engines, coefficients, prior):
    from degsteps.engines.deseq.kernels.dispersion_posterior import DispersionPosterior
    from degsteps.engines.deseq.kernels.inference import BatchedInference

    counts, design, _ = inputs
    mean = np.maximum(coefficients[1][0][1], 0.5)
    start = np.full(counts.shape[1], 0.1)
    arguments = {
        "counts": counts,
        "design_matrix": design,
        "mu": mean,
        "alpha_hat": start,
        "min_disp": 1e-8,
        "max_disp": 10.0,
        "prior_disp_var": 0.5 if prior else None,
        "prior_reg": prior,
    }
    expected, _ = engines[0].alpha_mle(**arguments)
    found, converged = BatchedInference("exact").alpha_mle(**arguments)
    assert converged.all()
    cells = Cells(design)
    posterior = DispersionPosterior(
        counts[cells.order].astype(float), mean[cells.order], cells, np.log(start) if prior else None, 0.5
    )
    assert (posterior.value(np.log(found)) >= posterior.value(np.log(expected)) - 2e-6).all()
    if prior:
        np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_shrinkage_is_never_worse_than_pydeseq2s(inputs, engines, coefficients):
    counts, design, size_factors = inputs
    dispersions = coefficients[0]
    arguments = {
        "design_matrix": design,
        "counts": counts,
        "size": 1 / dispersions,
        "offset": np.log(size_factors),
        "prior_no_shrink_scale": 15,
        "prior_scale": 0.3,
        "optimizer": "L-BFGS-B",
        "shrink_index": 2,
    }
    (theirs, _, _), (ours, inverse, converged) = (engine.lfc_shrink_nbinom_glm(**arguments) for engine in engines)
    assert converged.all()
    cells = Cells(design)
    posterior = _Posterior(
        counts[cells.order].astype(float), size_factors[cells.order, None], cells, dispersions, 2, 0.3, 15.0
    )
    assert (posterior.value(ours.T)[0] >= posterior.value(theirs.T)[0] - 1e-9).all()
    np.testing.assert_allclose(ours[:, 2], theirs[:, 2], atol=0.05)
    assert (inverse[:, 2, 2] > 0).all()


def test_an_unmodified_pydeseq2_runs_on_the_engine_and_comes_closer_to_r(engines):
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.ds import DeseqStats

    data = load_set(REFERENCE / "pasilla")
    expected = data.table("deseq2.batch")
    distance = []
    for engine in engines:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = DeseqDataSet(
                counts=data.counts.T, metadata=data.samples, design="~type + condition", inference=engine, quiet=True
            )
            fitted.deseq2()
            tested = DeseqStats(fitted, contrast=["condition", "treated", "untreated"], inference=engine, quiet=True)
            tested.summary()
        ratio = fitted.var["fitted_dispersions"] / expected["dispFit"]
        distance.append(np.nanmedian(np.abs(ratio - 1)))
    # What is left comes from genes that PyDESeq2 drops for good while the trend settles.
    assert distance[1] < 0.03 < 0.05 < distance[0]


def test_only_known_ways_of_fitting():
    from degsteps.engines.deseq.kernels.inference import BatchedInference

    with pytest.raises(ValueError, match="compatibility"):
        BatchedInference("R")
