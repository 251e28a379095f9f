"""Lists of genes: how many of them the counts have, and what is wrong with the others."""

import pytest

from tests.unit.preflight.studies import Study, findings

GENES = [f"ENSG{number:011d}" for number in range(24)] + [f"ERCC-{k:05d}" for k in range(1, 5)] + ["MT-ND1", "MT-CO1"]
SURROGATES = {"method": "ruv_s", "replicates": "run", "number": 1}

LISTS = {
    "filter.keep_list": {},
    "filter.drop_list": {},
    "normalize.control_genes": {},
    "design.surrogates.control_genes": SURROGATES,
}


def listed(key, lines, folder, monkeypatch, genes=GENES, **ingest):
    """Return problems and notes of a list of genes."""
    study = Study(genes=list(genes))
    study.analysis["ingest"] |= ingest
    study.files["list.txt"] = ("\n".join(lines) + "\n").encode()
    if LISTS[key]:
        study.set("design.surrogates", dict(LISTS[key]))
    study.set(key, "list.txt")
    return [[said for said in side if said.key == key] for side in findings(study, folder, monkeypatch)]


@pytest.mark.parametrize("key", LISTS)
def test_a_list_of_which_nothing_is_found_is_refused(key, tmp_path, monkeypatch):
    (problem,), notes = listed(key, ["TP53", "KRAS", "MYC", "EGFR"], tmp_path, monkeypatch)
    assert not notes
    assert problem.what == (
        "list.txt: 0 of 4 listed genes are in the counts; not 'TP53', 'KRAS', 'MYC' and 1 more, "
        "where the ids are as ENSG00000000000, ENSG00000000001, ENSG00000000002."
    )


@pytest.mark.parametrize("key", LISTS)
def test_what_is_found_of_a_list_is_said_both_ways(key, tmp_path, monkeypatch):
    sides = listed(key, ["TP53", *GENES[:5], "KRAS"], tmp_path, monkeypatch)
    # Size factors from control genes stop at the first that is not there.
    (said,) = sides[0 if key == "normalize.control_genes" else 1]
    assert not sides[1 if key == "normalize.control_genes" else 0]
    assert "5 of 7 listed genes are in the counts; not 'TP53', 'KRAS'" in said.what
    assert "'ENSG00000000000', 'ENSG00000000001', 'ENSG00000000002' and 2 more are." in said.what


@pytest.mark.parametrize("key", LISTS)
def test_a_list_that_is_found_is_not_spoken_of(key, tmp_path, monkeypatch):
    assert listed(key, ["# spike-ins", *GENES[:9], "", GENES[9] + "  # and one more"], tmp_path, monkeypatch) == [
        [],
        [],
    ]


@pytest.mark.parametrize("key", LISTS)
def test_a_list_without_ids_is_refused(key, tmp_path, monkeypatch):
    (problem,), _ = listed(key, ["# nothing yet"], tmp_path, monkeypatch)
    assert problem.what == "list.txt: no gene id stands in it."


@pytest.mark.parametrize("beside", [[], GENES[:3]])
@pytest.mark.parametrize(
    ("pattern", "number", "example"),
    [
        ("ERCC-*", 4, "ERCC-00001"),
        ("ERCC-", 4, "ERCC-00001"),
        ("ERCC-0000?", 4, "ERCC-00001"),
        ("ERCC-0000[12]", 2, "ERCC-00001"),
        ("^MT-", 2, "MT-CO1"),
        ("^MT-.*", 2, "MT-CO1"),
        ("MT-ND1|MT-CO1", 2, "MT-CO1"),
        ("ERCC-.+", 4, "ERCC-00001"),
        ("ND1$", 1, "MT-ND1"),
    ],
)
@pytest.mark.parametrize("key", LISTS)
def test_a_pattern_is_refused_with_the_ids_that_it_means(key, pattern, number, example, beside, tmp_path, monkeypatch):
    (problem,), notes = listed(key, [*beside, pattern], tmp_path, monkeypatch)
    assert not notes
    assert f"'{pattern}' is a pattern" in problem.what
    assert f"Write the {number} id{'s' * (number > 1)} that" in problem.cure
    assert example in problem.cure


def test_a_pattern_that_fits_nothing_is_refused(tmp_path, monkeypatch):
    (problem,), _ = listed("filter.drop_list", [GENES[0], "HB[AB]*"], tmp_path, monkeypatch)
    assert "no id of the counts fits 'HB[AB]*'" in problem.cure


def test_an_id_with_odd_signs_is_an_id(tmp_path, monkeypatch):
    genes = [*GENES, "HLA-A*01", "trnL(UAA)"]
    assert listed("filter.drop_list", ["HLA-A*01", "trnL(UAA)"], tmp_path, monkeypatch, genes) == [[], []]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("{},SYM", "Keep the first column"),
        ("{}\tSYM", "Keep the first column"),
        ('"{}"', "Keep the first column"),
        ("{}.12", "Take the versions off"),
    ],
)
def test_the_cure_is_named(form, words, tmp_path, monkeypatch):
    (problem,), _ = listed("filter.drop_list", list(map(form.format, GENES[:5])), tmp_path, monkeypatch)
    assert words in problem.cure
    assert GENES[0] in problem.cure


def test_versions_that_only_the_counts_have_are_named(tmp_path, monkeypatch):
    versioned = [f"{gene}.7" if gene.startswith("ENSG") else gene for gene in GENES]
    (problem,), _ = listed("filter.drop_list", GENES[:5], tmp_path, monkeypatch, versioned)
    assert "with the versions that the counts have" in problem.cure
    listed_again = listed("filter.drop_list", GENES[:5], tmp_path, monkeypatch, versioned, gene_versions="strip")
    assert listed_again == [[], []]


def test_the_letter_case_is_named(tmp_path, monkeypatch):
    (problem,), _ = listed("filter.drop_list", ["mt-nd1", "mt-co1"], tmp_path, monkeypatch)
    assert "letter case" in problem.cure


def test_genes_of_files_of_single_samples_are_known(tmp_path, monkeypatch):
    study = Study(genes=list(GENES))
    for column, sample in enumerate(study.samples):
        rows = [f"{gene}\t{row[column]}" for gene, row in zip(GENES, study.counts, strict=True)]
        study.files[f"htseq/{sample}.txt"] = "\n".join([*rows, "__no_feature\t7"]).encode()
    study.files["list.txt"] = b"TP53\nKRAS\n"
    study.set("ingest.counts", "htseq")
    study.set("filter.drop_list", "list.txt")
    study.files["htseq/S-1.txt"] = study.files["htseq/S-1.txt"].replace(b"MT-ND1", b"1-Mar")
    (problem,), notes = findings(study, tmp_path, monkeypatch)
    assert "0 of 2 listed genes" in problem.what
    assert ["'1-Mar' (MARCH1, now MARCHF1)" in note.what for note in notes] == [True]


def test_size_factors_of_other_samples_are_told(tmp_path, monkeypatch):
    study = Study()
    study.files["factors.tsv"] = b"sample\tsize_factor\nA\t1.0\nB\t1.1\n"
    study.set("normalize", {"size_factors": "given", "given_size_factors": "factors.tsv"})
    (problem,), _ = findings(study, tmp_path, monkeypatch)
    assert (
        "0 of 8 samples are in it: the samples are 'S-1', 'S-2', 'S-3' and 5 more, the rows 'A', 'B'." in problem.what
    )
