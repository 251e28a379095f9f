"""Normalised tables for inspection as files: Parquet always, the same numbers as text where it is asked for."""

import runpy

import numpy as np
import pandas as pd
import pytest

from degsteps.tables import read_matrix, write_matrix, write_table
from tests.conftest import REPO


@pytest.mark.parametrize("name", ["normalized", "tmm_cpm", "log_cpm"])
def test_text_holds_the_numbers_of_the_table(tmp_path, name):
    rng = np.random.default_rng(6)
    counts = pd.DataFrame(rng.poisson(20, (150, 4)), columns=["s1", "s2", "3", "NA"])
    counts.index = pd.Index([f"g{number}" for number in range(150)], name="gene")
    write_matrix(counts, tmp_path / "counts.parquet")
    factors = pd.DataFrame({"size_factor": [1.0, 0.5, 2.0, 1.3]}, index=pd.Index(counts.columns, name="sample"))
    write_table(factors, tmp_path / "factors.tsv")
    main = runpy.run_path(str(REPO / "scripts" / "export_normalized.py"))["main"]
    given = {"counts": tmp_path / "counts.parquet", "size_factors": tmp_path / "factors.tsv", "name": name}
    plain, table, text = (tmp_path / file for file in ("plain.parquet", "table.parquet", "table.tsv.gz"))
    main(**given, table=plain)
    main(**given, table=table, text=text)
    assert plain.read_bytes() == table.read_bytes()
    values = read_matrix(table)
    found = pd.read_csv(text, sep="\t", index_col="gene", float_precision="round_trip")
    pd.testing.assert_frame_equal(found, values, check_exact=True, check_dtype=False)
    assert list(values.index) == list(counts.index)
    if name == "normalized":
        np.testing.assert_array_equal(values["s2"], counts["s2"] / 0.5)
