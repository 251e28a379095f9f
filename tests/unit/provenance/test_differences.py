"""What two files of the same role differ in is said by column, and equal values in other bytes are told apart."""

import gzip

import numpy as np
import pandas as pd
import pytest

from degsteps.provenance.differences import file_differences, table_differences
from degsteps.tables import write_matrix, write_table


@pytest.fixture
def table():
    values = {"padj": [0.01, np.nan, 0.5], "log2_fold_change": [1.0, 2.0, -4.0], "symbol": ["A", "B", "C"]}
    return pd.DataFrame(values, index=pd.Index(["g1", "g2", "g3"], name="gene"))


def written(path, table):
    write_table(table, path)
    return path


def test_same_bytes_say_nothing(tmp_path, table):
    assert file_differences(written(tmp_path / "a.tsv", table), written(tmp_path / "b.tsv", table)) == []


def test_numbers_text_and_missing_values_by_column(tmp_path, table):
    other = table.copy()
    other.loc["g3", "log2_fold_change"] = -5.0
    other.loc["g2", "padj"] = 0.9
    other.loc["g1", "symbol"] = "Z"
    found = file_differences(written(tmp_path / "a.tsv", table), written(tmp_path / "b.tsv", other))
    assert found == [
        "column padj: 1 of 3 values differ, first at g2 (a value against none)",
        "column log2_fold_change: 1 of 3 values differ, first at g3; largest difference 1, relative 0.2",
        "column symbol: 1 of 3 values differ, first at g1",
    ]


def test_rows_columns_and_order(table):
    other = table.drop(index="g2").rename(columns={"symbol": "name"})
    assert list(table_differences(table, other))[:3] == [
        "only the first has 1 column: symbol.",
        "only the second has 1 column: name.",
        "only the first has 1 row: g2.",
    ]
    assert list(table_differences(table, table.iloc[::-1])) == ["the rows are in another order."]


def test_matrices_and_equal_values_in_other_bytes(tmp_path):
    counts = pd.DataFrame({"s1": [1, 2], "s2": [3, 4]}, index=pd.Index(["g1", "g2"], name="gene"))
    write_matrix(counts, tmp_path / "a.parquet")
    write_matrix(counts.assign(s2=[3, 7]), tmp_path / "b.parquet")
    found = file_differences(tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert found == ["column s2: 1 of 2 values differ, first at g2; largest difference 3, relative 0.429"]
    for name, level in (("a", 1), ("b", 9)):
        (tmp_path / f"{name}.tsv.gz").write_bytes(gzip.compress(b"gene\ts1\ng1\t1\n", level, mtime=level))
    found = file_differences(tmp_path / "a.tsv.gz", tmp_path / "b.tsv.gz")
    assert found == ["the values are the same, but not the bytes."]


def test_models_by_array_and_other_files_by_size(tmp_path):
    import h5py

    for name, value in (("a", 1.0), ("b", 1.5)):
        with h5py.File(tmp_path / f"{name}.h5ad", "w") as stored:
            stored["varm/coefficients"] = np.array([[1.0, 2.0], [3.0, value]])
            stored["var/_index"] = np.array(["g1", "g2"], dtype=h5py.string_dtype())
        (tmp_path / f"{name}.png").write_bytes(b"x" * int(2 * value))
    found = file_differences(tmp_path / "a.h5ad", tmp_path / "b.h5ad")
    expected = "1 of 4 values differ, first at 3; largest difference 0.5, relative 0.333"
    assert found == [f"array varm/coefficients: {expected}"]
    assert file_differences(tmp_path / "a.png", tmp_path / "b.png") == ["the bytes differ (sizes: 2 and 3)."]
