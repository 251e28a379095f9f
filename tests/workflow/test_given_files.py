"""Given files that are replaced by older ones, as ``cp -p`` and ``rsync -a`` leave them, run again what reads them."""

import os
import re
import shutil

import pytest

from tests.conftest import REPO, planned_rules, run_snakemake, write_studies

COUNTS = "results/small/1.0/01_ingest/counts.parquet"
ANNOTATION = "results/small/1.0/02_filter/annotation.tsv"


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    """A folder in which a study was run as far as its genes are filtered and annotated."""
    folder = tmp_path_factory.mktemp("given")
    write_studies(folder)
    shutil.copy(REPO / "resources" / "genes" / "fly.tsv.gz", folder / "given" / "genes.tsv.gz")
    (folder / "given" / "dropped.txt").write_text("FBgn0000045\n")
    config = folder / "config" / "analyses" / "small.yaml"
    text = re.sub(r"genes: \S*fly.tsv.gz", "genes: given/genes.tsv.gz", config.read_text())
    assert "given/genes.tsv.gz" in text
    config.write_text(f"{text}filter:\n  drop_list: given/dropped.txt\n")
    (folder / "config" / "config.yaml").write_text("analyses: [config/analyses/small.yaml]\n")
    done = run_snakemake(folder, ANNOTATION)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def planned(folder):
    """Return the rules that a run would start."""
    done = run_snakemake(folder, "--dry-run", ANNOTATION)
    assert done.returncode == 0, done.stderr[-3000:]
    return set(planned_rules(done)), done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("small.counts.tsv.gz", "ingest_counts"),
        ("small.samples.tsv", "ingest_counts"),
        ("dropped.txt", "filter_genes"),
        ("genes.tsv.gz", "annotate_genes"),
    ],
)
@pytest.mark.parametrize("keeps_size", [True, False])
def test_an_older_file_runs_again_what_reads_it(annotated, name, reader, keeps_size):
    path = annotated / "given" / name
    before = path.read_bytes()
    if keeps_size:
        # Of gzip, a date within its header; of text, the kind of the last line's end.
        content = before[:4] + bytes([before[4] ^ 1]) + before[5:] if name.endswith(".gz") else before[:-1] + b"\r"
    else:
        content = before + (b"\0" if name.endswith(".gz") else b"\n")
    path.write_bytes(content)
    os.utime(path, (1e9, 1e9))
    rules, _ = planned(annotated)
    path.write_bytes(before)
    os.utime(path, (1e9, 1e9))
    assert reader in rules
    assert ("ingest_counts" in rules) == (reader == "ingest_counts")


@pytest.mark.long
def test_nothing_is_run_again_while_files_are_the_same(annotated):
    """Also after the tests above, which put back what they changed."""
    rules, said = planned(annotated)
    assert (rules, "Nothing to be done" in said) == (set(), True)
    # A copy of the folder has other times, the same contents.
    for path in (annotated / "given").iterdir():
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
        os.utime(path, (1e9, 1e9))
    assert planned(annotated)[0] == set()
