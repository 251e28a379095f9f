"""Transcripts without a gene: counted by the check, refused above a bound."""

import gzip

import pytest

from tests.unit.preflight.studies import Study, findings

NAMES = [f"ENST{number:011d}.2" for number in range(20)]


def quantified(n_with_gene, form="{}\tENSG1\n", names=NAMES, **ingest):
    """Return a study of Salmon, and a table with the genes of its first transcripts."""
    study = Study()
    lines = "".join(f"{name}\t900\t700\t1.0\t{k}.5\n" for k, name in enumerate(names))
    for sample in study.samples:
        study.files[f"salmon/{sample}/quant.sf"] = f"Name\tLength\tEffectiveLength\tTPM\tNumReads\n{lines}".encode()
    study.files["tx2gene.tsv"] = ("tx\tgene\n" + "".join(map(form.format, NAMES[:n_with_gene]))).encode()
    study.files["counts.tsv"] = None
    study.analysis["ingest"] |= {"counts": "salmon", "tx2gene": "tx2gene.tsv", **ingest}
    return study


@pytest.mark.parametrize(
    ("n_with_gene", "bound", "is_refused"),
    [(16, 0.2, False), (15, 0.2, True), (15, 0.25, False), (19, 0, True), (0, 0.2, True), (0, 1, True), (1, 1, False)],
)
def test_the_bound(n_with_gene, bound, is_refused, tmp_path, monkeypatch):
    study = quantified(n_with_gene, max_transcripts_without_gene=bound)
    sides = [[said for said in side if said.key == "ingest.tx2gene"] for side in findings(study, tmp_path, monkeypatch)]
    (said,) = sides[0 if is_refused else 1]
    assert not sides[1 if is_refused else 0]
    missing = len(NAMES) - n_with_gene
    assert (
        f"{missing} of 20 transcripts ({missing / 20:.1%}) have no gene there, e.g. '{NAMES[n_with_gene]}'" in said.what
    )


@pytest.mark.parametrize("form", ["{}\tENSG1\n", "{}\tENSG1\tTP53\n", "{:.15}\tENSG1\n", "{:.15}.9\tENSG1\n"])
def test_a_table_that_has_all_is_not_spoken_of(form, tmp_path, monkeypatch):
    assert findings(quantified(20, form), tmp_path, monkeypatch) == ([], [])


def test_ids_with_bars_and_a_compressed_table(tmp_path, monkeypatch):
    study = quantified(20, names=[f"{name}|ENSG1|x|y" for name in NAMES])
    study.files["tx2gene.tsv.gz"] = gzip.compress(study.files.pop("tx2gene.tsv"))
    study.set("ingest.tx2gene", "tx2gene.tsv.gz")
    assert findings(study, tmp_path, monkeypatch) == ([], [])


def test_two_genes_of_one_transcript_are_found_by_the_check(tmp_path, monkeypatch):
    study = quantified(20)
    study.files["tx2gene.tsv"] += f"{NAMES[0]}\tENSG2\n".encode()
    (problem,), _ = findings(study, tmp_path, monkeypatch)
    assert f"'{NAMES[0]}' stands there with two genes." in problem.what
