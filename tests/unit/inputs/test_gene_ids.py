"""Versions of ids: cut where a database writes them, left where a dot is a part of the name."""

import pytest

from degsteps.inputs.gene_ids import has_version, repeated_without_versions, without_version
from tests.unit.preflight.studies import Study, findings

CUT = {
    "ENSG00000000003.15": "ENSG00000000003",
    "ENSMUSG00000000001.5": "ENSMUSG00000000001",
    "ENSG00000000003.10_3": "ENSG00000000003",
    "ENSG00000000460.3_1": "ENSG00000000460",
    "ENSG00000182378.15_PAR_Y": "ENSG00000182378_PAR_Y",
    "ENSG00000182378.15_3_PAR_Y": "ENSG00000182378_PAR_Y",
    "ENSG00000182378_PAR_Y.15": "ENSG00000182378_PAR_Y",
    "ENSGR0000182378.9": "ENSGR0000182378",
    "ENST00000456328.2": "ENST00000456328",
    "ENST00000456328.2_1": "ENST00000456328",
    "ENSMUST00000193812.2": "ENSMUST00000193812",
    "ENSP00000354587.3": "ENSP00000354587",
    "NM_000014.6": "NM_000014",
    "NR_046018.2": "NR_046018",
    "XM_011541469.2": "XM_011541469",
    "XR_001737578.1": "XR_001737578",
    "NP_000005.3": "NP_000005",
    "CCDS30547.2": "CCDS30547",
    "uc001aaa.3": "uc001aaa",
}
LEFT = [
    "Y110A7A.10",
    "MSTRG.12",
    "AT1G01010.1",
    "AC012345.1",
    "RP11-34P13.7",
    "TP53",
    "ENSG00000000003",
    "HLA-A",
    "ERCC-00002",
]
LEFT += ["ENSG00000182378_PAR_Y", "1.5", "gene.1", "FBgn0000003", "ENSG00000000003_1", "LOC_Os01g01010.1"]


@pytest.mark.parametrize("gene", CUT)
def test_versions_are_cut(gene):
    assert without_version(gene) == CUT[gene]
    assert has_version(gene)


@pytest.mark.parametrize("gene", LEFT)
def test_other_dots_stay(gene):
    assert without_version(gene) == gene


def test_the_copy_on_y_is_another_gene():
    assert repeated_without_versions(["ENSG00000182378.15", "ENSG00000182378.15_PAR_Y"]) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ENSG00000000053.12", "ENSG00000000053.13"),
        ("ENSG00000000053.12_1", "ENSG00000000053.12_2"),
        ("NM_000014.5", "NM_000014.6"),
    ],
)
def test_ids_that_become_one_are_found_by_the_check(first, second, tmp_path, monkeypatch):
    study = Study()
    study.genes[:2] = [first, second]
    study.set("ingest.gene_versions", "strip")
    (problem,) = findings(study, tmp_path, monkeypatch)[0]
    assert problem.what == (
        f"without their versions, 1 gene id occurs more than once: {without_version(first)} ({first} and {second})."
    )
    study.set("ingest.duplicate_genes", "sum")
    assert findings(study, tmp_path, monkeypatch)[0] == []
    study.set("ingest", study.analysis["ingest"] | {"gene_versions": "keep", "duplicate_genes": "error"})
    assert findings(study, tmp_path, monkeypatch) == ([], [])


@pytest.mark.parametrize(
    ("genes", "words"), [("Y110A7A.{}", "(of Y110A7A."), ("ENSG{:011d}", "known as one, so nothing")]
)
def test_cutting_where_nothing_can_be_cut_is_noted(genes, words, tmp_path, monkeypatch):
    study = Study()
    study.genes = [genes.format(number) for number in range(30)]
    study.set("ingest.gene_versions", "strip")
    problems, (note,) = findings(study, tmp_path, monkeypatch)
    assert not problems
    assert note.key == "ingest.gene_versions"
    assert words in note.what
