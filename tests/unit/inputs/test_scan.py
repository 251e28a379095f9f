"""The pass over a count matrix: numbers against pandas, quick lines against slow ones, what is kept."""

import gzip
import os
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from degsteps.inputs.scan import annotation_columns, kept, lines, scan_counts, scan_faults

SETTLED = time.time() - 60


def scanned(path, content, **options):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return scan_counts(path, **({"cache": None} | options))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_sums_equal_those_of_pandas(tmp_path_factory, data):
    """Cells in any of the forms in which whole numbers are written, by any of the two ways of reading a line."""
    n_genes, n_samples = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 5))
    forms = st.sampled_from(["{}", "{}", "{}", "{}.0", "{:e}", "0{}", " {}", '"{}"'])
    number = st.integers(0, 10**6)
    rows = [[data.draw(forms).format(data.draw(number)) for _ in range(n_samples)] for _ in range(n_genes)]
    mark = data.draw(st.sampled_from("\t,;"))
    header = mark.join(["gene", *[f"s{number}" for number in range(n_samples)]])
    quote = data.draw(st.sampled_from(["", '"']))
    table = [mark.join([f"{quote}g{number}{quote}", *row]) for number, row in enumerate(rows)]
    path = tmp_path_factory.mktemp("scan") / "counts.txt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_BLOCK_CELLS", data.draw(st.sampled_from([1, 6, 200_000])))
        scan = scanned(path, "\n".join([header, *table]) + "\n")
    table = pd.read_csv(path, sep=mark, index_col="gene", dtype={"gene": str}).astype(float)
    # :e keeps seven digits, so that large numbers may have fractions no more than they had before.
    assert scan.faults == []
    assert scan.totals == pytest.approx(table.sum().tolist())
    assert scan.detected == (table > 0).sum().tolist()
    assert scan.largest == pytest.approx(table.to_numpy().max())
    assert (scan.n_genes, scan.samples) == (len(table), list(table.columns))


def test_blocks_are_summed_across_their_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "_BLOCK_CELLS", 7)
    values = np.random.default_rng(1).integers(0, 50, (100, 3))
    rows = ["gene\ta\tb\tc", *(f"g{k}\t" + "\t".join(map(str, row)) for k, row in enumerate(values))]
    scan = scanned(tmp_path / "counts.tsv", "\n".join(rows))
    assert scan.totals == values.sum(axis=0).tolist()


def test_a_short_header_means_row_names(tmp_path):
    scan = scanned(tmp_path / "counts.tsv", '"a" "b"\n"g1" 1 2\n'.replace(" ", "\t"))
    assert (scan.has_row_names, scan.gene_column, scan.samples, scan.totals) == (True, "", ["a", "b"], [1, 2])
    scan = scanned(tmp_path / "counts.csv", '"","a","b"\n"g1",1,2\n')
    assert (scan.has_row_names, scan.gene_column, scan.samples, scan.totals) == (False, "", ["a", "b"], [1, 2])


def test_columns_that_are_ignored_may_stand_anywhere(tmp_path):
    content = "symbol\ta\tlength\tid\tb\nX\t1\t900\tg1\t2\nY\t3\t800\tg2\t4\n"
    scan = scanned(tmp_path / "counts.tsv", content, gene_column="id", ignore_columns=["symbol", "length"])
    assert (scan.samples, scan.totals, scan.first_genes) == (["a", "b"], [4, 6], ["g1", "g2"])
    leading = "id\tsymbol\tlength\ta\tb\ng1\tX\t900\t1\t2\ng2\tY\t800\t3\t4\n"
    scan = scanned(tmp_path / "counts.tsv", leading, ignore_columns=["symbol", "length"])
    assert (scan.samples, scan.totals, scan.first_genes) == (["a", "b"], [4, 6], ["g1", "g2"])


def test_a_transposed_matrix_with_many_columns_is_read(tmp_path):
    content = "sample\t" + "\t".join(f"g{k}" for k in range(5000)) + "\n" + "S1\t" + "\t".join(["7"] * 5000) + "\n"
    scan = scanned(tmp_path / "counts.tsv", content)
    assert (len(scan.samples), scan.first_genes) == (5000, ["S1"])


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_compression_goes_by_name_and_content(ending, tmp_path):
    text = b"gene\ta\ng1\t1\n"
    matching = gzip.compress(text) if ending else text
    assert scanned(tmp_path / f"counts.tsv{ending}", matching).totals == [1]
    other = text if ending else gzip.compress(text)
    assert len(scanned(tmp_path / f"counts.tsv{ending}", other).faults) == 1


def test_missing_cells_and_text_are_told_apart(tmp_path):
    content = "gene\ta\tb\tc\ng1\t1\tNA\tx\ng2\t\tnan\t1_0\ng3\t-\t5\tinf\n"
    scan = scanned(tmp_path / "counts.tsv", content)
    assert (scan.n_missing, scan.missing[0]) == (4, ["g1", "b", "NA"])
    assert scan.text_cells == {"c": [3, "g1", "x"]}
    assert annotation_columns(scan) == ["c"]


def test_what_stands_before_a_fault_is_looked_at_and_the_fault_keeps_its_line(tmp_path):
    rows = ["gene\ta\tb", "g1\t1\tNA", "g2\t1.5\t2", '"g3\t1\t2', "g4\t1\tNA"]
    scan = scanned(tmp_path / "counts.tsv", "\n".join(rows) + "\n")
    assert (scan.n_missing, scan.n_fractions) == (1, 1)
    assert [str(fault) for fault in scan.faults] == [
        "line 4: a quotation mark is opened and not closed. Delete the mark, or close it."
    ]


@pytest.mark.parametrize("blank", ["", " ", "NA"])
def test_a_missing_cell_of_the_only_sample_is_told(blank, tmp_path):
    scan = scanned(tmp_path / "counts.tsv", f"gene\ta\ng1\t5\ng2\t{blank}\ng3\t1.5\n")
    assert (scan.totals, scan.n_missing, scan.n_fractions) == ([6.5], 1, 1)


def test_a_number_too_large_for_any_program_is_text(tmp_path):
    scan = scanned(tmp_path / "counts.tsv", "gene\ta\tb\ng1\t1e999\t2\n")
    assert scan.text_cells == {"a": [1, "g1", "1e999"]}


def test_repeated_genes_totals_of_htseq_and_dates_are_found(tmp_path):
    genes = ["A", "A", "B", "A", "B", "1-Mar", "Sep-02", "HLA-A", "N_unmapped", "__ambiguous", "N_fine"]
    content = "gene\ta\n" + "".join(f"{gene}\t1\n" for gene in genes)
    scan = scanned(tmp_path / "counts.tsv", content)
    assert (scan.n_duplicates, scan.duplicates) == (2, ["A", "B"])
    assert scan.no_genes == {"N_unmapped": ["reads_outside_genes", 1], "__ambiguous": ["reads_outside_genes", 1]}
    assert scan.date_genes == {"1-Mar": "MARCH1, now MARCHF1", "Sep-02": "SEPT2, now SEPTIN2"}
    faults, notes = scan_faults(scan)
    assert (len(faults), len(notes)) == (1, 2)
    assert len(scan_faults(scan, duplicate_genes="sum")[0]) == 0


def matrix(values):
    header = "gene\t" + "\t".join(f"s{k}" for k in range(values.shape[1]))
    return (
        header + "\n" + "".join(f"g{k}\t" + "\t".join(map(repr, row)) + "\n" for k, row in enumerate(values.tolist()))
    )


def test_values_that_are_no_counts_are_recognised(tmp_path):
    draw = np.random.default_rng(3)
    counts = draw.negative_binomial(1, 0.01, (200, 4)).astype(float)
    tpm = counts / counts.sum(axis=0) * 1e6
    kinds = {
        "TPM": (tpm, "sums to 1,000,000"),
        "log": (np.log2(tpm + 1), "log values"),
        "FPKM": (tpm / draw.uniform(1.1, 3, 4), "FPKM"),
        "estimates": (counts * 20 + draw.choice([0, 0.25], counts.shape), "estimated_counts: true"),
    }
    for name, (values, words) in kinds.items():
        scan = scanned(tmp_path / "counts.tsv", matrix(values))
        (fault,), notes = scan_faults(scan)
        assert words in str(fault), name
        assert ("FPKM" in str(fault)) == (name == "FPKM")
        faults, notes = scan_faults(scan, estimated_counts=True)
        assert (len(faults), len(notes)) == {"FPKM": (0, 1), "estimates": (0, 0)}.get(name, (1, 0))


def test_tables_that_cannot_be_read_are_a_sentence(tmp_path):
    path = tmp_path / "counts.tsv"
    assert "no such file" in str(scan_counts(path, cache=None).faults[0])
    assert "folder" in str(scan_counts(tmp_path, cache=None).faults[0])
    for content, words in [
        (b"gene\ta\rg1\t1\r", "carriage return"),
        (b"gene a\ng1 1\n", "no tab, comma or semicolon"),
        ("gene\ta\ngrün\t1\n".encode("latin-1"), "line 2: holds names"),
        (b'gene\ta\ng1\t1\n"g2\t1\n', "line 3: a quotation mark"),
        (b'gene\t"a\ng1\t1\n', "line 1: a quotation mark"),
        (b"gene\ta\n\t1\n", "line 2: the gene id is blank"),
        (b"gene\ta\t\ng1\t1\t2\n", "column 3 of the header has no name"),
        (b"gene\ng1\n", "no tab"),
        ("gene\ta\n".encode("utf-16"), "UTF-16"),
    ]:
        assert words in str(scanned(path, content).faults[0])
    assert "Correct ingest.ignore_columns" in str(scanned(path, "gene\ta\ng1\t1\n", ignore_columns=["a"]).faults[0])


@pytest.fixture
def passes(monkeypatch):
    """Count how often a file is really read."""
    calls = []
    original = kept.scan_file
    monkeypatch.setattr(kept, "scan_file", lambda *arguments: (calls.append(arguments), original(*arguments))[1])
    return calls


def settle(path, seconds=0):
    os.utime(path, (SETTLED + seconds, SETTLED + seconds))


def test_an_unchanged_file_is_read_once(tmp_path, passes):
    path, cache = tmp_path / "counts.tsv", tmp_path / "kept"
    path.write_text("gene\ta\tb\ng1\t1\t-2\ng2\t1\n")
    settle(path)
    first = scan_counts(path, cache=cache)
    assert scan_counts(path, cache=cache) == first
    assert len(passes) == 1
    assert len(first.faults) == 1
    assert scan_faults(first)[0] == scan_faults(scan_counts(path, cache=cache))[0]


def test_whatever_changes_the_answer_is_read_again(tmp_path, passes, monkeypatch):
    path, cache = tmp_path / "counts.tsv", tmp_path / "kept"
    path.write_text("gene\ta\tb\ng1\t1\t2\n")
    settle(path)
    scan_counts(path, cache=cache)
    path.write_text("gene\ta\tb\ng1\t1\t3\n")
    settle(path, seconds=1)
    assert scan_counts(path, cache=cache).totals == [1, 3]
    assert scan_counts(path, ignore_columns=["a"], cache=cache).totals == [3]
    assert scan_counts(path, gene_column="a", ignore_columns=["gene"], cache=cache).totals == [3]
    assert len(passes) == 4
    monkeypatch.setattr(kept, "_own_code", lambda: "other code")
    scan_counts(path, cache=cache)
    assert len(passes) == 5


def test_a_file_that_was_just_written_is_not_kept(tmp_path, passes):
    path, cache = tmp_path / "counts.tsv", tmp_path / "kept"
    path.write_text("gene\ta\ng1\t1\n")
    scan_counts(path, cache=cache)
    scan_counts(path, cache=cache)
    assert len(passes) == 2


@pytest.mark.parametrize("content", ["", "{}", '{"state": 1}', "not json"])
def test_a_damaged_note_is_read_over(content, tmp_path, passes):
    path, cache = tmp_path / "counts.tsv", tmp_path / "kept"
    path.write_text("gene\ta\ng1\t1\n")
    settle(path)
    scan_counts(path, cache=cache)
    (kept,) = cache.iterdir()
    kept.write_text(content)
    assert scan_counts(path, cache=cache).totals == [1]
    assert len(passes) == 2


def test_a_folder_that_cannot_be_written_costs_nothing_else(tmp_path):
    path = tmp_path / "counts.tsv"
    path.write_text("gene\ta\ng1\t1\n")
    settle(path)
    (tmp_path / "file").write_text("")
    assert scan_counts(path, cache=tmp_path / "file" / "kept").totals == [1]
