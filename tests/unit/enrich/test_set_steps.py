"""The steps of sets on a small study: what they write, and that every setting of the section changes something."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from degsteps.basics.errors import DataError
from degsteps.config.reading import read_schema
from degsteps.enrich.correlation import residual_effects, set_correlations
from degsteps.enrich.presenting import SEPARATOR
from degsteps.tables import read_frame, read_matrix, read_table, read_text_table, write_table
from degsteps.workflow import files as job_files
from degsteps.workflow import settings as job_settings
from degsteps.workflow import targets
from tests.unit.enrich.set_study import CONTRASTS, GENES, SAMPLES, SetStudy, enrich_settings


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return SetStudy(tmp_path_factory.mktemp("sets")).write()


@pytest.fixture(scope="module")
def tested(study):
    enrich = enrich_settings()
    found = study.test(enrich)
    study.present(enrich, drawn=True)
    study.present(enrich, name="any")
    return found


# ---- accounts


def test_every_set_is_accounted_for(tested):
    sets = read_table(tested.folder / "sets.tsv", ("title", "status"))
    assert list(sets.index) == [
        *("up", "down", "up again", "still", "bound", "half", "large", "small", "none", "up"),
    ]
    assert list(sets["status"]) == [*["tested"] * 7, "too_small", "no_member", "duplicate"]
    assert list(sets["size"]) == [20, 20, 18, 30, 20, 20, 160, 4, 5, 20]
    assert list(sets["found"]) == [20, 20, 18, 30, 20, 20, 160, 4, 0, 20]
    assert list(sets["contrasts"]) == [*[2] * 7, 0, 0, 0]
    assert tested.facts["sets"] == sets["status"].value_counts().to_dict()


def test_every_tested_gene_is_accounted_for(tested):
    genes = read_text_table(tested.folder / "genes.tsv")
    # G239 has no p-value.
    assert list(genes.index) == GENES[:-1]
    assert genes.loc["G000", ["id", "sets", "reason"]].tolist() == ["SYM0", "3", ""]
    assert genes.loc["G237", ["id", "reason"]].tolist() == ["SYM237", "in_no_set"]
    assert genes.loc["G238", ["id", "reason", "represented_by"]].tolist() == ["SYM237", "duplicate_id", "G237"]
    assert genes.loc["G236", "reason"] == "no_id"
    assert set(genes["reason"]) == {"", "in_no_set", "no_id", "duplicate_id"}
    # The background: in any set of any collection, here of both.
    assert list(genes.index[genes["background"] == "true"]) == GENES[:200]


def test_members_that_are_no_tested_gene_are_explained(tested):
    causes = {each["cause"]: (each["count"], each["examples"]) for each in tested.facts["unmatched"]}
    assert causes == {
        "differs in letter case only, as symbols of mouse and human do": (2, ["Sym1", "Sym2"]),
        "a gene of the counts that was not tested": (1, ["NOTTESTED"]),
        "an earlier or other symbol of a gene of the counts": (1, ["OLD4"]),
        "no gene of the counts": (1, ["XYZ"]),
    }
    assert tested.facts["ids"] == "symbol"
    assert (tested.facts["members"], tested.facts["matched_members"]) == (165, 160)


# ---- tables


def test_table_of_a_contrast(tested):
    table = read_table(tested.folder / "b_vs_a.tsv", ("title", "direction", "representative", "leading_symbols"))
    assert set(table.index[:3]) == {"up", "down", "up again"}
    assert table["padj_competitive"].is_monotonic_increasing
    assert table.loc["up", ["size", "background", "direction"]].tolist() == [20, 200, "up"]
    assert table.loc["down", "direction"] == "down"
    assert table.at["up again", "representative"] == "up"
    assert not table.at["up again", "is_representative"]
    # Leading genes change most in the direction of the set, and called ones are those of the contrast.
    results = read_table(tested.folder.parent / "b_vs_a.tsv", ("na_reason",))
    members = results.loc[GENES[40:60]].sort_values("stat")
    assert table.at["down", "leading_genes"].split(SEPARATOR) == list(members.index[:10])
    assert table.at["down", "leading_symbols"].split(SEPARATOR)[0] == f"SYM{int(members.index[0][1:])}"
    called = set(members.index[members["padj"] < 0.05])
    assert set(table.at["down", "called_genes"].split(SEPARATOR)) == called
    assert table.at["down", "called_both"] == table.at["down", "called_down"] == len(called)


def test_without_symbols_there_are_ids(study, tmp_path):
    other = SetStudy(tmp_path, [["a", "", *GENES[:20]]]).write()
    annotation = read_text_table(tmp_path / "annotation.tsv")
    write_table(annotation.assign(symbol=""), tmp_path / "annotation.tsv")
    found = other.test(enrich_settings(collections={"own": {"file": "own.gmt"}}))
    other.present(enrich_settings())
    assert found.facts["ids"] == "gene"
    for name in ("members", "b_vs_a"):
        assert not [column for column in read_text_table(found.folder / f"{name}.tsv") if "symbols" in column]


def test_a_test_without_direction(tested):
    table = read_table(tested.folder / "any.tsv", ("title", "direction"))
    assert set(table["direction"]) == {"changed"}
    assert not [name for name in table if "self_contained" in name or name.endswith(("_up", "_down"))]
    assert set(table.index[:3]) == {"up", "down", "up again"}
    unsigned = next(facts for facts in tested.facts["contrasts"] if facts["contrast"] == "any")
    assert unsigned["unsigned"]


def test_contrasts_beside_each_other(tested):
    compared = read_table(tested.folder / "comparison.tsv", ("title", "representative"))
    assert {f"{name}_{contrast}" for name in ("p", "padj", "direction", "size") for contrast in CONTRASTS} <= {
        *compared
    }
    one = read_table(tested.folder / "b_vs_a.tsv", ("title",))
    assert compared["p_b_vs_a"].to_dict() == one["p_competitive"].to_dict()


def test_no_called_gene_is_no_crash(study):
    enrich = enrich_settings()
    found = study.test(enrich, "uncalled", calls={"alpha": 1e-300, "min_log2_fold_change": 0.0})
    tests = read_frame(found.folder / "tests.parquet")
    assert (tests.loc[tests["contrast"] == "b_vs_a", "p_over_both"] == 1).all()
    assert found.facts["contrasts"][0]["called_genes"] == {"up": 0, "down": 0, "both": 0}
    study.present(enrich, "uncalled", calls={"alpha": 1e-300, "min_log2_fold_change": 0.0})


def test_the_same_again_and_in_another_order(study, tested):
    """Byte-equal again; the same numbers with sets and genes of the file in another order."""
    enrich = enrich_settings()
    again = study.test(enrich, "again")
    study.present(enrich, "again", drawn=True)
    for path in sorted(again.folder.iterdir()):
        assert path.read_bytes() == (tested.folder / path.name).read_bytes(), path.name
    turned = [[*line[:2], *line[:1:-1]] for line in study.lines[:-1][::-1]]
    other = SetStudy(study.folder / "turned", turned)
    other.folder.mkdir()
    other.write().test(enrich)
    other.present(enrich)
    assert (other.folder / "out/b_vs_a.tsv").read_bytes() == (tested.folder / "b_vs_a.tsv").read_bytes()


def test_a_collection_more_changes_nothing_but_the_background(study):
    one, two = (enrich_settings(background="tested", collections=collections) for collections in (
        {"own": {"file": "own.gmt"}},
        {"other": {"file": "other.gmt"}, "own": {"file": "own.gmt"}},
    ))  # fmt: skip
    first, second = study.test(one, "one"), study.test(two, "two")
    assert (first.folder / "tests.parquet").read_bytes() == (second.folder / "tests.parquet").read_bytes()


def test_hostile_names(study, tmp_path):
    names = ["<script>alert(1)</script>", '=cmd|"/c"!A0', "../up", "a;b", "ü\u202eμ"]
    lines = [[name, name, *[f"SYM{k}" for k in range(10 * n, 10 * n + 20)]] for n, name in enumerate(names)]
    other = SetStudy(tmp_path, lines).write()
    found = other.test(enrich_settings())
    other.present(enrich_settings())
    assert set(read_text_table(found.folder / "b_vs_a.tsv").index) == set(names)


def test_ids_of_another_species_stop_the_step(tmp_path):
    other = SetStudy(tmp_path, [["a", "", *[f"Zfp{k}" for k in range(60)]]]).write()
    with pytest.raises(DataError, match="0 of 60 members are genes of the counts"):
        other.test(enrich_settings())


def test_activities(study):
    enrich = enrich_settings(activities={"file": "targets.tsv"})
    found = study.score(enrich)
    table = read_table(found.path, ("contrast", "title"))
    # By symbols, which most targets have: the regulator whose targets are Entrez ids has none.
    assert list(table.index) == ["TF1"]
    assert table.at["TF1", "direction"] == "up"
    assert table.at["TF1", "padj_correlated"] < 1e-4
    assert set(table["contrast"]) == {"b_vs_a"}
    assert found.facts["ids"] == "symbol"


def test_correlated_samples_of_subjects(study, tested):
    """Repeated measures: the residuals are those of the model, in which samples of one subject are correlated."""
    from anndata import AnnData

    subjects = pd.DataFrame({"donor": [str(k // 2) for k in range(14)]}, index=pd.Index(SAMPLES, name="sample"))
    write_table(subjects, study.folder / "donors.tsv")
    AnnData(np.zeros((14, 1)), uns={"facts": {"correlation": 0.4}}).write_h5ad(study.folder / "model.h5ad")
    files = {"models": [study.folder / "model.h5ad"], "sheets": [study.folder / "donors.tsv"], "subjects": "donor"}
    found = study.test(enrich_settings(), "subjects", **files)
    tests, plain = (read_frame(folder / "tests.parquet") for folder in (found.folder, tested.folder))
    assert not np.allclose(tests["correlation_estimated"], plain["correlation_estimated"])
    one = tests[tests["contrast"] == "b_vs_a"]
    members = read_text_table(found.folder / "members.tsv")["genes"]
    values = read_matrix(study.folder / "transformed.parquet").loc[members["bound"].split(SEPARATOR)]
    design = np.column_stack([np.ones(14), np.repeat([0.0, 1.0], 7)])
    left = residual_effects(values.to_numpy(), design, block=np.arange(14) // 2, correlation=0.4)
    expected = set_correlations(csr_matrix(np.ones((1, len(values)))), left)[0]
    assert one.at["bound", "correlation_estimated"] == pytest.approx(expected, rel=1e-9)
    assert study.score(enrich_settings(**ACTIVE), **files).facts["scored"] == {"b_vs_a": 1}


def test_fifty_thousand_sets(tmp_path):
    """Most of them too small; with all of them tested, groups take a minute (docs/gene_sets.md)."""
    lines = [
        [f"s{n}", f"set {n}", *[f"SYM{k}" for k in range(n % 190, n % 190 + 3 + 3 * (n % 50 == 0))]]
        for n in range(50_000)
    ]
    other = SetStudy(tmp_path, lines).write()
    one = {"b_vs_a": CONTRASTS["b_vs_a"]}
    found = other.test(enrich_settings(calibration=0, self_contained="none"), contrasts=one)
    assert found.facts["sets"] == {"tested": 1_000, "too_small": 49_000}
    assert len(read_frame(found.folder / "tests.parquet")) == 1_000


# ---- settings

LENGTHS = {"over_representation.length_bias": True}
GSEA = {"gsea": {}}
ACTIVE = {"activities": {"file": "targets.tsv"}}
#: key -> (settings, settings of what it is compared with, the file that differs)
CHANGES = {
    "collections.<name>.file": ({"collections.own.file": "other.gmt"}, {}, "tests.parquet"),
    "min_size": ({"min_size": 3}, {}, "tests.parquet"),
    "max_size": ({"max_size": 25}, {}, "tests.parquet"),
    "background": ({"background": "collection"}, {}, "tests.parquet"),
    "over_representation.sides": ({"over_representation.sides": ["up"]}, {}, "tests.parquet"),
    "over_representation.length_bias": (LENGTHS, {}, "tests.parquet"),
    "ranked": ({"ranked": "none"}, {}, "tests.parquet"),
    "correlation": ({"correlation": "limma_preset"}, {}, "tests.parquet"),
    "rank_by": ({"rank_by": "signed_p"}, {}, "tests.parquet"),
    "self_contained": ({"self_contained": "none"}, {}, "tests.parquet"),
    "gsea.permutations": (GSEA | {"gsea.permutations": 200}, GSEA, "tests.parquet"),
    "gsea.seed": (GSEA | {"gsea.seed": 2}, GSEA, "tests.parquet"),
    "gsea.permute": (GSEA | {"gsea.permute": "samples"}, GSEA, "tests.parquet"),
    "calibration": ({"calibration": 4}, {}, "calibration.tsv"),
    "similarity": ({"similarity": 0.95}, {}, "groups.tsv"),
    "alpha": ({"alpha": 0.9}, {}, "calibration.tsv"),
}
#: key -> (settings, the part of the facts that differs)
OF_FACTS = {
    "collections.<name>.title": ({"collections.own.title": "Own"}, "title"),
    "collections.<name>.release": ({"collections.own.release": "of May"}, "release"),
}
ELSEWHERE = {
    "collections.<name>.ids",  # by a test that asks for a column that does not fit
    "shown",
    "leave_out",
    "ontology",  # a file, in a test of its own
    *(f"activities.{name}" for name in ("file", "ids", "title", "release")),
}


@pytest.mark.parametrize("key", CHANGES)
def test_setting_changes_its_file(study, key):
    settings, compared, file = CHANGES[key]
    first = study.test(enrich_settings(**settings), "with").folder / file
    before = first.read_bytes()
    second = study.test(enrich_settings(**compared), "with").folder / file
    assert second.read_bytes() != before


@pytest.mark.parametrize("key", OF_FACTS)
def test_setting_is_recorded(study, tested, key):
    settings, name = OF_FACTS[key]
    assert study.test(enrich_settings(**settings), "with").facts[name] != tested.facts[name]


def test_ids_are_those_that_are_asked_for(study):
    with pytest.raises(DataError, match="by entrez_id: the members are as"):
        study.test(enrich_settings(**{"collections.own.ids": "entrez_id"}))


def test_background_and_lengths_of_files(study, tested):
    own = study.test(enrich_settings(background="background.txt"), "own", background=study.folder / "background.txt")
    assert {facts["background"] for facts in own.facts["contrasts"]} == {180}
    with_lengths = study.test(enrich_settings(**LENGTHS), "own", lengths=study.folder / "lengths.tsv")
    from_table = study.test(enrich_settings(**LENGTHS), "with")
    assert read_table(from_table.folder / "length_bias.tsv")["length_from"].iloc[0] == 300
    assert not read_frame(with_lengths.folder / "tests.parquet").equals(read_frame(from_table.folder / "tests.parquet"))


def test_sets_above_and_below_are_named_where_an_ontology_is_given(study, tested):
    ontology = study.folder / "sets.obo"
    ontology.write_text(
        "data-version: of June\n[Term]\nid: up\n[Term]\nid: between\nis_a: up\n[Term]\nid: down\nis_a: between\n"
    )
    found = study.test(enrich_settings(ontology="sets.obo"), "own", ontology=ontology)
    assert found.facts["ontology"] == "of June"
    account = read_table(found.folder / "sets.tsv", text=("title", "status", "parents", "children"))
    assert account.at["down", "parents"] == "up"
    # The first of two sets of one name is tested.
    assert account["children"].loc["up"].tolist() == ["down", ""]
    without = read_table(tested.folder / "sets.tsv", text=("title", "status"))
    assert account.drop(columns=["parents", "children"]).equals(without)


def test_shown(study, tested):
    enrich = enrich_settings()
    study.test(enrich, "shown")
    few = study.present(enrich_settings(shown=2), "shown", drawn=True) / "b_vs_a.first.png"
    assert few.read_bytes() != (tested.folder / few.name).read_bytes()


def test_settings_of_activities(study):
    enrich = enrich_settings(activities={"file": "targets.tsv", "ids": "entrez_id", "title": "T", "release": "R"})
    found = study.score(enrich)
    assert list(read_table(found.path).index) == ["TF2"]
    assert (found.facts["title"], found.facts["release"]) == ("T", "R")


def analysis(**enrich):
    """Return the parts of an analysis that say what is tested."""
    return {
        "test": {"contrasts": CONTRASTS},
        "enrich": enrich_settings(**enrich),
        "ingest": {"length_matrix": None, "gene_lengths": None, "length_correction": "none"},
        "annotate": {"genes": None},
        "blinding": {"columns": [], "key": None},
    }


def test_what_is_left_out_is_not_tested(monkeypatch):
    monkeypatch.setattr(job_files, "knows_lengths", lambda _: False)
    every, some = analysis(), analysis(leave_out=["any"])
    assert job_settings.enriched_contrasts(every) == ["b_vs_a", "any"]
    assert job_settings.enriched_contrasts(some) == ["b_vs_a"]
    assert "<enrich>/own/any.tsv" in targets.enrichment(every)
    assert not [path for path in targets.enrichment(some) if "/any" in path or "comparison.png" in path]
    assert targets.enrichment(analysis(collections={})) == []
    assert "<enrich>/activities.tsv" in targets.enrichment(analysis(**ACTIVE))
    blinded = every | {"blinding": {"columns": ["arm"], "key": None}}
    assert targets.enrichment(blinded) == []


def leaves(schema, prefix=""):
    """Return the dotted keys of a section."""
    entries = dict(schema.get("properties", {}))
    if "properties" in (rest := schema.get("additionalProperties") or {}):
        entries["<name>"] = rest
    return [key for name, part in entries.items() for key in leaves(part, f"{prefix}{name}.") or [f"{prefix}{name}"]]


def test_every_setting_of_the_section_is_listed():
    section = read_schema("analysis")["properties"]["enrich"]
    assert sorted([*CHANGES, *OF_FACTS, *ELSEWHERE]) == sorted(leaves(section))


def test_tables_are_json_of_nothing_else(tested):
    """Facts become part of a record: plain numbers and words."""
    assert json.loads(json.dumps(tested.facts, default=float))["collection"] == "own"
    assert isinstance(SimpleNamespace, type)
    assert isinstance(tested.facts["contrasts"], list)
    assert pd.Series([facts["sets"] for facts in tested.facts["contrasts"]]).eq(7).all()
