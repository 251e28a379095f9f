import numpy as np
import pandas as pd
import pytest

from degsteps.design.contrasts import has_point_null
from degsteps.test.pvalue_shape import pvalue_shape


def mixture(kind, n=10000):
    generator = np.random.default_rng(7)
    uniform = generator.random(n)
    some = generator.random(n) < 0.2
    return {
        "uniform": uniform,
        "peak": np.where(some, generator.beta(0.1, 8, n), uniform),
        "u_shape": np.where(some, np.where(uniform < 0.5, 1e-4, 0.99), uniform),
        "narrow": np.where(np.arange(n) < 80, generator.uniform(0, 1e-3, n), uniform),
        "careful": np.where(np.arange(n) < 400, generator.uniform(0, 1e-3, n), generator.beta(1.35, 1, n)),
        "bump": np.where(some, 0.83, uniform),
        "hill": generator.beta(2, 2, n),
        "skewed": generator.beta(2, 1, n),
        "few": uniform[:150],
        "none": np.full(30, np.nan),
    }[kind]


@pytest.mark.parametrize(
    "kind", ["uniform", "peak", "narrow", "careful", "u_shape", "bump", "hill", "skewed", "few", "none"]
)
def test_shapes_of_p_values(kind):
    found = pvalue_shape(mixture(kind))
    assert found.shape == kind
    fine = ("uniform", "peak", "narrow", "few")
    assert found.status == ("ok" if kind in fine else "note" if kind == "careful" else "warn")
    assert bool(found.advice) == (found.status != "ok")
    assert found.short


@pytest.mark.parametrize(("called", "shape"), [(0, "uniform"), (3, "narrow")])
def test_no_word_of_few_genes_stands_beside_calls(called, shape):
    found = pvalue_shape(mixture("uniform"), called=called)
    assert found.shape == shape
    assert ("too little power" in found.finding) == (called == 0)


def test_calls_on_top_of_careful_p_values_are_told():
    """Sums of few cells: 54 calls, and so few other small p-values that the first twentieth is hardly the fullest."""
    bins = [90, 27, 44, 77, 43, 59, 66, 69, 69, 78, 79, 70, 67, 71, 97, 75, 82, 98, 82, 64]
    pvalues = np.concatenate([(place + np.linspace(0.01, 0.99, n)) / 20 for place, n in enumerate(bins)])
    pvalues[:54] = np.linspace(1e-9, 1.8e-3, 54)
    assert pvalue_shape(pvalues, called=54).shape == pvalue_shape(pvalues).shape == "careful"


def test_a_test_against_an_interval_is_not_judged():
    """Genes inside the interval pile up near 1, which would look like a fault."""
    assert pvalue_shape(mixture("bump")).status == "warn"
    found = pvalue_shape(mixture("bump"), point_null=False)
    assert (found.shape, found.status) == ("interval", "ok")
    assert found.null_fraction is None
    assert pvalue_shape(mixture("none"), point_null=False).shape == "none"


@pytest.mark.parametrize(
    ("alternative", "lfc_null", "expected"),
    [("greater_abs", 0, True), ("greater_abs", 1, False), ("greater", 0, False), ("less_abs", 0.5, False)],
)
def test_only_a_test_for_any_difference_has_even_p_values(alternative, lfc_null, expected):
    assert has_point_null({"alternative": alternative, "lfc_null": lfc_null}) is expected


def test_a_blank_column_has_no_p_values():
    assert pvalue_shape(pd.Series(["", ""])).shape == "none"


def test_uniform_p_values_are_hardly_ever_called_anything_else():
    generator = np.random.default_rng(11)
    shapes = [pvalue_shape(generator.random(3000)).shape for _ in range(300)]
    assert shapes.count("uniform") >= 298


def test_power_beside_the_peak_is_no_fault():
    generator = np.random.default_rng(13)
    pvalues = np.concatenate([generator.beta(0.3, 2, 4000), generator.random(6000)])
    assert pvalue_shape(pvalues).shape == "peak"


def test_fraction_of_null_genes_is_estimated_and_missing_values_do_not_count():
    pvalues = np.concatenate([mixture("peak"), np.full(500, np.nan)])
    found = pvalue_shape(pvalues)
    assert found.n_pvalues == 10000
    assert found.null_fraction == pytest.approx(0.8, abs=0.03)
