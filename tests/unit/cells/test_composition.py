"""Shares of cell types against limma on the cells of eight donors (Kang et al. 2018)."""

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import DesignError
from degsteps.cells import composition
from tests.conftest import REPO

FOLDER = REPO / "tests" / "reference" / "cells" / "composition"


@pytest.fixture(scope="module")
def kang():
    sheet = pd.read_csv(FOLDER / "cells_per_type.tsv", sep="\t", index_col="sample")
    cells = sheet.drop(columns=["donor", "condition"])
    donors = pd.get_dummies(sheet["donor"], drop_first=True).astype(float)
    design = pd.concat([donors, (sheet["condition"] == "stim").rename("stim").astype(float)], axis=1)
    design.insert(0, "intercept", 1.0)
    return cells, design, sheet


def stim(design):
    return {"stim": (design.columns == "stim").astype(float)}


@pytest.mark.parametrize("transform", list(composition.TRANSFORMS))
def test_equals_limma(kang, transform):
    cells, design, _ = kang
    expected = pd.read_csv(FOLDER / "composition.tsv", sep="\t", float_precision="round_trip")
    expected = expected[expected["method"] == transform].set_index("cell_type")
    assert len(expected) == 8
    table, _ = composition.compare_shares(cells, design, stim(design), transform)
    table = table.loc[expected.index]
    columns = {"difference": "logFC", "stat": "t", "pvalue": "P.Value", "padj": "adj.P.Val"}
    for ours, theirs in columns.items():
        np.testing.assert_allclose(table[ours], expected[theirs], rtol=1e-8, err_msg=ours)


def test_donors_out_of_the_design_lose_the_change(kang):
    cells, design, _ = kang
    paired, _ = composition.compare_shares(cells, design, stim(design))
    columns = design[["intercept", "stim"]]
    unpaired, _ = composition.compare_shares(cells, columns, stim(columns))
    assert paired.loc["CD8 T cells", "pvalue"] < 0.01
    assert unpaired.loc["CD8 T cells", "pvalue"] > 0.5


def test_correlated_donors_equal_limma(kang):
    """Tolerances are those of the consensus correlation, a trimmed mean of estimates that are found by iteration."""
    cells, design, sheet = kang
    columns = design[["intercept", "stim"]]
    table, facts = composition.compare_shares(cells, columns, stim(columns), subjects=sheet["donor"])
    expected = pd.read_csv(FOLDER / "correlated.tsv", sep="\t", index_col=0)
    assert facts["correlation"] == pytest.approx(expected["correlation"].iloc[0], abs=2e-5)
    np.testing.assert_allclose(table["stat"], expected["t"], rtol=5e-4)
    np.testing.assert_allclose(table["pvalue"], expected["pvalue"], rtol=2e-3)


def test_p_values_are_even_without_a_change():
    rng = np.random.default_rng(11)
    design = pd.DataFrame({"intercept": 1.0, "group": np.repeat([0.0, 1.0], 6)})
    pvalues = []
    for _ in range(100):
        mixed = rng.dirichlet([30, 20, 10, 5, 3], size=12)
        cells = pd.DataFrame([rng.multinomial(rng.integers(300, 3000), share) for share in mixed])
        pvalues.append(composition.compare_shares(cells, design, {"group": np.array([0, 1.0])})[0]["pvalue"])
    assert 0.025 < (np.concatenate(pvalues) < 0.05).mean() < 0.075


def test_shares_of_samples():
    samples = pd.Series(["b", "a", "a", "b", "b", "a"])
    types = pd.Series(["T", "T", "B", "B", "B", ""])
    cells = composition.cells_per_type(samples, types)
    assert cells.to_dict("index") == {"a": {"B": 1, "T": 1}, "b": {"B": 2, "T": 1}}
    assert composition.shares(cells).sum(axis=1).tolist() == [1.0, 1.0]


def test_what_cannot_be_compared_is_refused(kang):
    cells, design, _ = kang
    with pytest.raises(DesignError, match=r"2 samples .* and 2 coefficients"):
        composition.compare_shares(cells.iloc[[0, 8]], design.iloc[[0, 8]][["intercept", "stim"]], stim(design))
    with pytest.raises(DesignError, match="one type"):
        composition.compare_shares(cells.iloc[:, :1], design, stim(design))
