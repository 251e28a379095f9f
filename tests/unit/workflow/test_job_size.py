"""Memory and run time grow with the matrix and with the attempt."""

import gzip

from degsteps.workflow import job_size


def analysis(path, ignore_columns=()) -> dict:
    given = {"counts": str(path), "samples": "samples.tsv", "sample_column": "sample", "gene_column": None}
    return {"ingest": given | {"ignore_columns": list(ignore_columns), "format": "auto"}, "cells": None}


def test_sizes_are_genes_times_samples_without_ignored_columns(tmp_path):
    rows = "".join(f"g{number}\tsymbol\t1\t2\t3\n" for number in range(7))
    path = tmp_path / "counts.tsv.gz"
    path.write_bytes(gzip.compress(f"gene\tname\ta\tb\tc\n{rows}".encode()))
    assert job_size.matrix_size(analysis(path, ["name"])) == 21


def test_sizes_of_sites_add_up(tmp_path):
    (tmp_path / "a.tsv").write_text("gene\ts1\ts2\ng1\t1\t2\n")
    (tmp_path / "b.tsv").write_text("gene\ts3\ng1\t1\ng2\t1\n")
    sites = {name: {"counts": str(tmp_path / f"{name}.tsv"), "samples": "samples.tsv"} for name in ("a", "b")}
    ingest = analysis("")["ingest"] | {"sites": sites}
    del ingest["counts"], ingest["samples"]
    assert job_size.matrix_size({"ingest": ingest, "cells": None}) == 4


def test_unreadable_counts_are_taken_as_large(tmp_path):
    assert job_size.matrix_size(analysis(tmp_path / "absent.tsv")) == job_size.UNKNOWN_SIZE
