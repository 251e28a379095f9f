"""What is asked of a table of genes again is asked of the file that is there now."""

import os

from degsteps.inputs.gene_tables import has_lengths, table_header


def test_the_header_is_that_of_the_file_which_is_there_now(tmp_path, monkeypatch):
    first, second = tmp_path / "a", tmp_path / "b"
    for folder, header in ((first, "gene\tsymbol\n"), (second, "gene\tlength\n")):
        folder.mkdir()
        (folder / "genes.tsv").write_text(header)
        os.utime(folder / "genes.tsv", (1, 1))
    monkeypatch.chdir(tmp_path)
    assert table_header("genes.tsv") == ()
    monkeypatch.chdir(first)
    assert table_header("genes.tsv") == ("gene", "symbol")
    assert not has_lengths("genes.tsv")
    monkeypatch.chdir(second)
    assert table_header("genes.tsv") == ("gene", "length")
    assert has_lengths("genes.tsv")
    (second / "genes.tsv").write_text("gene\tname\n")
    assert table_header("genes.tsv") == ("gene", "name")
