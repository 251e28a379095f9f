"""The column that names the smallest of several levels at which a gene is called."""

import runpy

import pandas as pd
import pytest

from degsteps.tables import read_text_table, write_table
from tests.conftest import REPO


@pytest.mark.parametrize(
    ("levels", "at"),
    [([0.05, 0.1], ["0.05", "0.1", "", "", "0.1"]), ([0.1, 0.01], ["0.1", "0.1", "", "", "0.1"]), ([], None)],
)
def test_the_smallest_level_at_which_a_gene_is_called(tmp_path, levels, at):
    padj = pd.Series([0.04, 0.06, 0.5, None, 0.05], index=pd.Index(list("abcde"), name="gene"))
    write_table(pd.DataFrame({"base_mean": 1.0, "padj": padj, "na_reason": ""}), tmp_path / "x.tsv")
    write_table(pd.DataFrame({"symbol": list("ABCDE")}, index=padj.index), tmp_path / "genes.tsv")
    main = runpy.run_path(str(REPO / "scripts" / "annotate_contrast.py"))["main"]
    main(tmp_path / "x.tsv", tmp_path / "genes.tsv", tmp_path / "out.tsv", levels)
    table = read_text_table(tmp_path / "out.tsv")
    assert (table["called_at"].tolist() if at else "called_at" in table) == (at or False)
