"""What tables of contrasts say of the cells behind them, counted by hand."""

import pandas as pd
import pytest

from degsteps.cells.result_columns import cell_columns_of_results
from degsteps.design.compiled import compile_design

SAMPLES = ["d1_a", "d1_b", "d2_a", "d2_b", "d3_a", "d3_b"]
SHEET = {"donor": ["d1", "d1", "d2", "d2", "d3", "d3"], "stim": ["a", "b"] * 3}
MODEL = {
    "formula": "~ donor + stim",
    "factors": {"donor": {"reference": "d1"}, "stim": {"reference": "a"}},
    "covariates": {},
    "surrogates": None,
}
CONTRAST = {
    "factor": "stim",
    "test": "b",
    "reference": "a",
    "reduced": None,
    "lfc_null": 0,
    "alternative": "greater_abs",
    **dict.fromkeys(("against", "each", "trend", "covariate", "expression", "weights", "at")),
    "sample_set": "T",
    "set_title": "T",
}
#: Cells that express a gene, of 10, 20, 30, 40, 50 and 60.
EXPRESSING = pd.DataFrame(
    {
        "d1_a": [5, 0, 10],
        "d1_b": [0, 0, 20],
        "d2_a": [3, 1, 30],
        "d2_b": [4, 0, 40],
        "d3_a": [0, 0, 50],
        "d3_b": [2, 0, 60],
    },
    index=["g1", "g2", "g3"],
)


@pytest.fixture
def found():
    """Return a function that makes the columns for results of types and an AUC."""
    sheet = pd.DataFrame(SHEET, index=SAMPLES).assign(n_cells=["10", "20", "30", "40", "50", "60"])

    def columns(in_types, auc, genes=("g3", "g1", "g2")):
        design = compile_design(SHEET, SAMPLES, MODEL)
        return cell_columns_of_results(list(genes), CONTRAST, design, EXPRESSING, sheet, in_types, auc, 0.05)

    return columns


def results(**padj_and_change):
    """Return results by gene from pairs of adjusted p-value and log2 fold change."""
    return pd.DataFrame(padj_and_change, index=["padj", "log2_fold_change"]).T


UP, DOWN, NOT_CALLED = (0.01, 1.0), (0.01, -1.0), (0.5, 1.0)
NO_MARKER = pd.DataFrame(0.5, index=["g1", "g2", "g3"], columns=["T", "B", "M"])


def test_who_expresses_a_gene(found):
    table = found({"T": results(g1=NOT_CALLED, g2=NOT_CALLED, g3=NOT_CALLED)}, NO_MARKER)
    assert list(table.index) == ["g3", "g1", "g2"]
    assert table["percent_expressing_a"].tolist() == pytest.approx([100, 100 * 8 / 90, 100 / 90])
    assert table["percent_expressing_b"].tolist() == pytest.approx([100, 100 * 6 / 120, 0])
    assert table["n_donors_a"].tolist() == [3, 2, 1]
    assert table["n_donors_b"].tolist() == [3, 2, 0]
    assert table["ambient_suspect"].tolist() == ["", "", ""]


@pytest.mark.parametrize(
    ("in_t", "in_b", "in_m", "auc_of_b", "suspect"),
    [
        (UP, UP, UP, 0.9, "B"),
        (DOWN, DOWN, DOWN, 0.9, "B"),
        (UP, UP, DOWN, 0.9, ""),  # not the same way
        (UP, UP, NOT_CALLED, 0.9, ""),  # in two types only
        (NOT_CALLED, UP, UP, 0.9, ""),  # not called here
        (UP, UP, UP, 0.79, ""),  # no marker
    ],
)
def test_suspects_are_markers_of_other_types_that_change_alike(found, in_t, in_b, in_m, auc_of_b, suspect):
    others = {"g2": NOT_CALLED, "g3": NOT_CALLED}
    in_types = {name: results(g1=own, **others) for name, own in (("T", in_t), ("B", in_b), ("M", in_m))}
    auc = NO_MARKER.copy()
    auc.loc["g1", ["T", "B"]] = [0.99, auc_of_b]
    assert found(in_types, auc)["ambient_suspect"].to_dict() == {"g3": "", "g1": suspect, "g2": ""}


def test_a_gene_that_a_type_does_not_test_is_not_called_there(found):
    in_types = {"T": results(g1=UP), "B": results(g1=UP), "M": results(g2=UP)}
    auc = NO_MARKER.assign(B=0.9)
    assert found(in_types, auc, genes=["g1"])["ambient_suspect"].tolist() == [""]
