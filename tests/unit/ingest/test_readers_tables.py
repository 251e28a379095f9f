"""Tables of text: the quick way of reading counts gives what the csv module gives, and leaves other numbers alone."""

import csv
import gzip
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from degsteps.ingest.readers import tables
from degsteps.ingest.readers.tables import read_scanned_table
from degsteps.inputs.scan import scan_counts


def read(path, text, **options):
    content = text.encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    scan = scan_counts(path, cache=None, **options)
    assert scan.faults == []
    return scan, tables._read_plain_counts(scan), read_scanned_table(scan)


def by_csv(text, mark, scan):
    """Genes and numbers as the standard library reads them, one cell at a time."""
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=mark) if row][1:]
    genes = [row[scan.gene_position].strip() for row in rows]
    return genes, np.array([[float(row[place]) for place in scan.positions] for row in rows])


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_whatever_the_form_the_numbers_are_those_of_the_csv_module(tmp_path_factory, data):
    n_genes, n_samples = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 5))
    mark, line_end = data.draw(st.sampled_from("\t,;")), data.draw(st.sampled_from(["\n", "\r\n"]))
    # A few tables have cells that are no plain digits; most have none.
    odd = data.draw(st.sampled_from([[], [], ["{}.0", "0{}", " {}", '"{}"', "{}e0", "+{}"]]))
    forms = st.sampled_from(["{}", "{}", *odd])
    number = st.one_of(st.integers(0, 9), st.integers(0, 2**31), st.sampled_from([10**15, 10**15 - 1, 99, 100]))
    quote = data.draw(st.sampled_from(["", '"']))
    columns = ["gene", *(f"s{place}" for place in range(n_samples)), "note"]
    order = data.draw(st.permutations(range(len(columns))))
    lines = [mark.join(f"{quote}{columns[place]}{quote}" for place in order)]
    for gene in range(n_genes):
        cells = [data.draw(forms).format(data.draw(number)) for _ in range(n_samples)]
        note = data.draw(st.sampled_from(["", "x", "grün", "7", f'"a{mark}b"', '"it""s"']))
        row = [f"{quote}ENSG{gene}{quote}", *cells, note]
        lines.append(mark.join(row[place] for place in order))
    lines += [""] * data.draw(st.integers(0, 2))
    text = line_end.join(lines) + data.draw(st.sampled_from(["", line_end]))
    path = tmp_path_factory.mktemp("table") / data.draw(st.sampled_from(["counts.txt", "counts.txt.gz"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_BLOCK_BYTES", data.draw(st.sampled_from([1, 7, 64, 1 << 18])))
        scan, plain, found = read(path, text, gene_column="gene", ignore_columns=["note"])
    genes, numbers = by_csv(text, mark, scan)
    assert list(found.index) == genes
    assert list(found.columns) == scan.samples
    np.testing.assert_array_equal(found.to_numpy(), numbers)
    assert found.to_numpy().dtype == np.int64 or odd
    if not odd and '"a' not in text:
        assert plain is not None


def test_numbers_beyond_floats_are_exact(tmp_path):
    _, plain, _ = read(tmp_path / "counts.tsv", "gene\ta\tb\ng1\t9007199254740993\t999999999999999999\n")
    assert plain.loc["g1"].tolist() == [9007199254740993, 999999999999999999]


@pytest.mark.parametrize("cell", ["1.0", "1e2", " 1", '"1"', "1 ", "+1", "1234567890123456789"])
def test_other_ways_to_write_a_number_are_left_to_the_general_reader(cell, tmp_path):
    for position in range(4):
        cells = ["10", "20", "30", "40"]
        cells[position] = cell
        text = "gene\ta\tb\n" + "g1\t{}\t{}\ng2\t{}\t{}\n".format(*cells)
        _, plain, found = read(tmp_path / "counts.tsv", text)
        assert plain is None
        expected = [float(each.strip('"')) for each in cells]
        assert found.to_numpy().astype(float).ravel().tolist() == expected


def test_a_gene_id_with_marks_inside_is_left_to_the_general_reader(tmp_path):
    _, plain, found = read(tmp_path / "counts.csv", 'gene,a\n"g""1",1\n"x,y",2\n')
    assert plain is None
    assert list(found.index) == ['g"1', "x,y"]


def test_blocks_hold_whole_lines_only(monkeypatch):
    monkeypatch.setattr(tables, "_BLOCK_BYTES", 5)
    text = b"g1\t1\r\n\r\ng2\t22222222222\n\n\ng3\t3\r\n\r\n"
    blocks = list(tables._whole_lines(io.BytesIO(text)))
    assert b"".join(blocks) == b"g1\t1\ng2\t22222222222\ng3\t3\n"
    assert all(block.endswith(b"\n") for block in blocks)
