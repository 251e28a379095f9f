"""Files come back as they were written, and the same content gives the same bytes."""

import gzip
import io
import zlib

import numpy as np
import pandas as pd
import pytest

from degsteps import tables


@pytest.fixture
def matrix():
    values = np.array([[0, 5], [2**40, 7], [3, 9]])
    return pd.DataFrame(values, index=pd.Index(["NA", "1", "ü x"], name="gene"), columns=["None", "2"])


def test_matrix_round_trip(tmp_path, matrix):
    for values in (matrix, matrix / 3):
        tables.write_matrix(values, tmp_path / "m.parquet")
        pd.testing.assert_frame_equal(tables.read_matrix(tmp_path / "m.parquet"), values, check_names=False)
        assert tables.read_matrix(tmp_path / "m.parquet").index.name == "gene"


def test_matrix_without_genes_and_with_repeated_samples(tmp_path, matrix):
    tables.write_matrix(matrix.iloc[:0], tmp_path / "m.parquet")
    assert tables.read_matrix(tmp_path / "m.parquet").shape == (0, 2)
    with pytest.raises(ValueError, match="unique"):
        tables.write_matrix(matrix.set_axis(["a", "a"], axis=1), tmp_path / "m.parquet")
    with pytest.raises(ValueError, match="'gene'"):
        tables.write_matrix(matrix.set_axis(["gene", "a"], axis=1), tmp_path / "m.parquet")


def test_table_round_trip_is_exact(tmp_path):
    table = pd.DataFrame(
        {
            "value": [0.1 + 0.2, 1e-300, np.nan, -0.0],
            "flag": [True, False, True, False],
            "word": ["NA", "", "None", "nan"],
            "count": [1, 2, 3, 2**53],
        },
        index=pd.Index(["1", "NA", "007", "x"], name="gene"),
    )
    tables.write_table(table, tmp_path / "t.tsv")
    found = tables.read_table(tmp_path / "t.tsv", text=("word",))
    pd.testing.assert_frame_equal(found, table, check_exact=True)
    assert b"\r" not in (tmp_path / "t.tsv").read_bytes()


def test_text_columns_stay_text(tmp_path):
    table = pd.DataFrame({"level": ["1", "02", ""]}, index=pd.Index(["a", "b", "c"], name="sample"))
    tables.write_table(table, tmp_path / "t.tsv")
    assert list(tables.read_table(tmp_path / "t.tsv", text=("level",))["level"]) == ["1", "02", ""]
    assert list(tables.read_samples(tmp_path / "t.tsv")["level"]) == ["1", "02", ""]
    assert tables.read_table(tmp_path / "t.tsv")["level"].isna().sum() == 1


def test_table_needs_a_named_index(tmp_path):
    with pytest.raises(ValueError, match="name the index"):
        tables.write_table(pd.DataFrame({"a": [1]}), tmp_path / "t.tsv")


def test_text_matrix_bytes_do_not_depend_on_name_or_time(tmp_path, matrix):
    tables.write_matrix_text(matrix, tmp_path / "one.tsv.gz")
    tables.write_matrix_text(matrix, tmp_path / "two.tsv.gz")
    assert (tmp_path / "one.tsv.gz").read_bytes() == (tmp_path / "two.tsv.gz").read_bytes()
    with gzip.open(tmp_path / "one.tsv.gz", "rt") as text:
        assert text.readline() == "gene\tNone\t2\n"


@pytest.mark.parametrize("n_genes", [0, 1, tables._ROWS_AT_ONCE, 20_000])
def test_text_matrix_gives_every_number_back(tmp_path, n_genes):
    rng = np.random.default_rng(3)
    values = rng.lognormal(0, 30, size=(n_genes, 3))
    values[: n_genes // 2, 0] = np.round(values[: n_genes // 2, 0] % 1000)
    values[n_genes // 3 : n_genes // 2, 1] = np.nan
    genes = pd.Index([f"g {number}" for number in range(n_genes)], name="gene", dtype=object)
    matrix = pd.DataFrame(values, index=genes, columns=['s "1"', "s\t2", "3"])
    tables.write_matrix_text(matrix, tmp_path / "m.tsv.gz")
    packed = (tmp_path / "m.tsv.gz").read_bytes()
    # One stream: readers that stop after the first member of a file have it all.
    reader = zlib.decompressobj(wbits=31)
    text = reader.decompress(packed)
    assert reader.eof
    assert not reader.unused_data
    assert gzip.decompress(packed) == text
    found = pd.read_csv(io.BytesIO(text), sep="\t", float_precision="round_trip").set_index("gene")
    pd.testing.assert_frame_equal(found, matrix, check_exact=True, check_dtype=n_genes > 0)
    assert list(found.columns) == list(matrix.columns)


def test_text_matrix_quotes_ids_that_need_it(tmp_path):
    matrix = pd.DataFrame({"s": [1.5, 2.0, 3.25]}, index=pd.Index(['a"b', "c\td", "=1+1"], name="gene"))
    tables.write_matrix_text(matrix, tmp_path / "m.tsv.gz")
    found = pd.read_csv(tmp_path / "m.tsv.gz", sep="\t").set_index("gene")
    assert list(found.index) == list(matrix.index)
    assert list(found["s"]) == [1.5, 2.0, 3.25]


def test_gene_list(tmp_path):
    (tmp_path / "genes.txt").write_text("\ufeffg1  # a comment\n\n# all of it\n g 2 \n", encoding="utf-8")
    assert tables.read_gene_list(tmp_path / "genes.txt") == ["g1", "g 2"]
    assert tables.read_gene_list(None) == []


def test_order_by_significance():
    results = pd.DataFrame(
        {"padj": [np.nan, 0.5, 0.5, np.nan], "pvalue": [0.2, 0.3, 0.1, 0.2]},
        index=pd.Index(["b", "c", "d", "a"], name="gene"),
    )
    assert list(tables.order_by_significance(results).index) == ["d", "c", "a", "b"]


def test_json_knows_numpy(tmp_path):
    content = {"a": np.float64(0.5), "b": np.array([1, 2]), "c": np.bool_(True)}
    tables.write_json(content, tmp_path / "x.json")
    assert tables.read_json(tmp_path / "x.json") == {"a": 0.5, "b": [1, 2], "c": True}
    with pytest.raises(TypeError, match="object"):
        tables.write_json({"a": object()}, tmp_path / "x.json")
