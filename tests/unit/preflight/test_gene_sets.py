"""Every way in which sets of genes cannot be tested, found before any job: file, place, what is wrong, and the cure."""

import gzip

import pytest

from tests.unit.preflight.studies import Cases, Study, findings, require_expected

case = Cases()
#: Names as those of human genes; those of mouse differ in letter case.
SYMBOLS = [f"GENE{number}" for number in range(30)]


def with_sets(study, lines=None, name="own.gmt", **enrich):
    """Give the study a gene table and a collection of symbols: three sets of ten genes."""
    rows = ["gene\tsymbol\tentrez_id\tprevious_symbols"]
    rows += [
        f"{gene}\t{symbol}\t{900 + n}\tOLD{n}"
        for n, (gene, symbol) in enumerate(zip(study.genes, SYMBOLS, strict=True))
    ]
    study.files["genes.tsv"] = ("\n".join(rows) + "\n").encode()
    study.set("annotate.genes", "genes.tsv")
    if lines is None:
        lines = [f"set{k}\tof tens\t" + "\t".join(SYMBOLS[10 * k : 10 * k + 10]) for k in range(3)]
    content = lines if isinstance(lines, bytes) else ("\n".join(lines) + "\n").encode()
    study.files[name] = content
    study.set("enrich", {"collections": {"own": {"file": name}}, "min_size": 3} | enrich)


def of_members(members):
    """Return two sets of all members."""
    half = len(members) // 2
    return ["a\t\t" + "\t".join(members[:half]), "b\t\t" + "\t".join(members[half:])]


@case
def sets_with_blanks_for_tabs(study):
    with_sets(study, ["a first GENE1 GENE2 GENE3", "b second GENE4 GENE5 GENE6"])


@case
def sets_twice(study):
    with_sets(study, ["a\t\tGENE1\tGENE2\tGENE3", "a\t\tGENE4\tGENE5\tGENE6"])


@case
def sets_twice_and_empty_are_notes(study):
    with_sets(study, ["a\t\tGENE1\tGENE2\tGENE3", "a\t\tGENE3\tGENE2\tGENE1", "b\tempty"])


@case
def sets_are_a_web_page(study):
    with_sets(study, ["<!DOCTYPE html><html><body>Please log in</body></html>"])


@case
def sets_are_a_zip(study):
    with_sets(study, b"PK\x03\x04\x14\x00")


@case
def sets_are_a_damaged_gzip(study):
    with_sets(study, gzip.compress(b"a\tx\tGENE1\tGENE2\n" * 99)[:-9], "own.gmt.gz")


@case
def sets_of_another_species_by_case(study):
    with_sets(study, of_members([name.capitalize() for name in SYMBOLS] + [f"Other{k}" for k in range(60)]))


@case
def sets_of_earlier_symbols(study):
    with_sets(study, of_members([f"OLD{k}" for k in range(30)] + [f"X{k}" for k in range(60)]))


@case
def sets_of_another_kind_than_asked(study):
    with_sets(study, of_members(SYMBOLS))
    study.set("enrich.collections", {"own": {"file": "own.gmt", "ids": "entrez_id"}})


@case
def sets_without_common_ids(study):
    with_sets(study, of_members([f"FBgn{k:07d}" for k in range(80)]))


@case
def sets_by_a_column_that_is_not_there(study):
    with_sets(study)
    study.set("enrich.collections", {"own": {"file": "own.gmt", "ids": "ensembl"}})


@case
def sets_without_a_gene_table(study):
    with_sets(study)
    study.set("annotate.genes", None)


@case
def sets_all_too_small(study):
    with_sets(study, min_size=11)


@case
def sets_all_too_large(study):
    with_sets(study, max_size=5)


@case
def sets_with_sizes_exchanged(study):
    with_sets(study, min_size=50, max_size=10)


@case
def sets_misspelt_word(study):
    with_sets(study)
    study.set("enrich.collections", {"go": {"file": "human_go_pb"}})


@case
def sets_unknown_word(study):
    with_sets(study)
    study.set("enrich.collections", {"kegg": {"file": "kegg"}})


@case
def sets_missing_file(study):
    with_sets(study)
    study.set("enrich.collections", {"own": {"file": "given/own.gmt"}})


@case
def sets_ranked_by_a_missing_column(study):
    with_sets(study, rank_by="lfc_shrunken")
    study.set("test.shrinkage", "none")


@case
def sets_with_length_bias_without_lengths(study):
    with_sets(study, over_representation={"length_bias": True})


@case
def sets_with_few_permutations(study):
    lines = [f"s{k}\t\t" + "\t".join(SYMBOLS[k % 20 : k % 20 + 8]) for k in range(40)]
    with_sets(study, lines, gsea={"permutations": 100})


@case
def sets_with_permuted_samples(study):
    with_sets(study, gsea={"permute": "samples"})


@case
def sets_with_permuted_samples_of_few(study):
    with_sets(study, gsea={"permute": "samples"})
    study.set("design.formula", "~ condition")
    study.set("batch.columns", [])


@case
def sets_with_weights_that_are_no_numbers(study):
    lines = ["set\tgene\tweight", "TF1\tGENE1\thigh", "TF1\tGENE2\t-1"]
    with_sets(study)
    study.files["targets.tsv"] = ("\n".join(lines) + "\n").encode()
    study.set("enrich.activities", {"file": "targets.tsv"})


@case
def sets_of_targets_without_weights(study):
    with_sets(study)
    study.set("enrich.activities", {"file": "own.gmt"})


@case
def sets_background_missing(study):
    with_sets(study, background="annotatd")


@case
def sets_background_of_other_ids(study):
    with_sets(study, background="background.txt")
    study.files["background.txt"] = b"GENE1\nGENE2\nGENE3\n"


@case
def sets_left_out_of_every_contrast(study):
    with_sets(study, leave_out=["treated_vs_control", "treated"])


@case
def sets_without_a_test(study):
    with_sets(study, ranked="none", self_contained="none", over_representation={"sides": []})


@case
def sets_unused_settings(study):
    with_sets(study, ranked="none", correlation="limma_preset", over_representation={"sides": [], "length_bias": True})
    study.files["genes.tsv"] = study.files["genes.tsv"].replace(b"entrez_id", b"length")


@case
def sets_without_a_collection(study):
    study.set("enrich", {"gsea": {}, "background": "tested"})


@case
def sets_names_that_collide(study):
    with_sets(study)
    entry = {"file": "own.gmt"}
    study.set("enrich.collections", {"own": entry, "Own": entry})
    contrasts = study.analysis["test"]["contrasts"]
    contrasts["members"] = contrasts["treated_vs_control"] | {"reduced": "~ run"}


@pytest.mark.parametrize("name", case)
def test_what_is_said(name, tmp_path, monkeypatch):
    require_expected(case, name, tmp_path, monkeypatch)


@pytest.mark.parametrize("twice", [False, True])
def test_sound_sets_are_not_spoken_of(twice, tmp_path, monkeypatch):
    study = Study()
    with_sets(study)
    study.set("enrich.collections", {"own": {"file": "own.gmt"}, "again": {"file": "own.gmt", "ids": "symbol"}})
    assert findings(study, tmp_path, monkeypatch) == ([], [])
    # What is kept of an earlier run says the same.
    assert findings(study, tmp_path, monkeypatch) == ([], [])


def test_a_collection_by_its_word(tmp_path, monkeypatch):
    """Counts with symbols, a table with Ensembl ids: found by what the job would look them up by."""
    known = ["TP53", "MYC", "EGFR", "KRAS", "BRCA1", "BRCA2", "CDK1", "CDK2", "CDK4", "CCND1", "STAT3", "JAK1", "AKT1"]
    study = Study(genes=known + [f"N{k}" for k in range(17)])
    study.set("enrich", {"collections": {"hallmark": {"file": "human_hallmark"}}, "min_size": 3})
    assert findings(study, tmp_path, monkeypatch) == ([], [])


def test_a_collection_twice_under_one_name_is_no_yaml(tmp_path, monkeypatch):
    study = Study()
    with_sets(study)
    monkeypatch.chdir(tmp_path)
    study.write(tmp_path)
    text = (
        (tmp_path / "study.yaml")
        .read_text()
        .replace("    own:\n      file: own.gmt\n", "    own: {file: a}\n    own: {file: b}\n")
    )
    (tmp_path / "study.yaml").write_text(text)
    from degsteps.config.reading import load_analyses

    _, problems = load_analyses({"analyses": ["study.yaml"]})
    assert "the key 'own' stands here twice" in str(problems[0])


def test_fifty_thousand_sets_take_no_time(tmp_path, monkeypatch):
    study = Study()
    with_sets(study, [f"s{k}\tset {k}\t" + "\t".join(SYMBOLS[k % 20 : k % 20 + 10]) for k in range(50_000)])
    assert findings(study, tmp_path, monkeypatch) == ([], [])


def test_collections_that_a_git_host_did_not_bring_are_named(monkeypatch, tmp_path):
    from degsteps.enrich import checks

    monkeypatch.setattr(checks, "collection_path", lambda word: str(tmp_path / f"{word}.gmt.gz"))
    finding = checks._missing_word("enrich.collections.go", "human_go_bp")
    assert finding.place == "enrich.collections.go.file"
    assert "loaded from a Git host" in finding.what
    assert "human_go_bp.gmt.gz" in finding.cure
