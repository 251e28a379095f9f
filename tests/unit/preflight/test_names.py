"""Names that become files and folders: refused before any job if no file system, or not Snakemake, can hold them."""

import re
from pathlib import Path

import pytest
from snakemake.io import PeriodicityDetector

from degsteps.basics.names import LONGEST_NAME, name_fault
from degsteps.config.reading import load_analyses
from degsteps.preflight import check_analyses
from tests.unit.preflight.studies import Study, findings

RULES = Path(__file__).parents[3] / "rules"

CONTRAST = {"factor": "condition", "test": "treated", "reference": "control"}

REFUSED = {
    "too long": ("x1" + "abcdefghij" * 25, "characters long"),
    "one more than fits": ("ab" * 5 + "-" + "abcdefghi" * 21 + "j", "characters long"),
    "a repeated letter": ("a" * 30, "repeats 'a'"),
    "a repeated pair at its end": ("x" + "ab" * 20, "repeats 'ab'"),
    "a device": ("con", "name of a device"),
    "a device in capitals": ("NUL", "name of a device"),
    "a device with an ending": ("aux.treated", "name of a device"),
    "a port": ("LPT1", "name of a device"),
    "a dot at its end": ("treated.", "ends with a dot"),
}


def with_contrast(study, name):
    study.set("test", {"contrasts": {name: CONTRAST}})


def with_set(study, name):
    study.set("design.sample_sets", {name: {"exclude": {"S-1": "another protocol"}}})
    study.set("test", {"contrasts": {"treated": CONTRAST | {"sample_sets": [name]}}})


def with_family(study, name):
    study.set("test.contrasts.b", CONTRAST | {"test": "control", "reference": "treated"})
    study.set("test.stage_wise", {name: {"contrasts": ["treated_vs_control", "b"]}})


def with_site(study, name):
    given = study.analysis["ingest"]
    study.analysis["ingest"] = {"sites": {name: given}}


def with_version(study, name):
    study.set("version", name)


PLACES = {
    "test.contrasts.{}": with_contrast,
    "design.sample_sets.{}": with_set,
    "test.stage_wise.{}": with_family,
    "ingest.sites.{}": with_site,
    "version": with_version,
}


#: The schema itself refuses dots in names of sets and of families.
WITHOUT_DOTS = ("design.sample_sets.{}", "test.stage_wise.{}")


@pytest.mark.parametrize(
    ("place", "case"),
    [(place, case) for place in PLACES for case in REFUSED if place not in WITHOUT_DOTS or "." not in REFUSED[case][0]],
)
def test_a_name_that_no_file_can_have_is_refused(place, case, tmp_path, monkeypatch):
    name, words = REFUSED[case]
    study = Study()
    PLACES[place](study, name)
    problems, _ = findings(study, tmp_path, monkeypatch)
    assert [p.key for p in problems if words in p.what] == [place.format(name)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["treated_vs_control", "a" * 19, "ab" * 19, "console", "com10", "nulliparous"])
def test_other_names_are_left_alone(place, name, tmp_path, monkeypatch):
    study = Study()
    PLACES[place](study, name)
    problems, _ = findings(study, tmp_path, monkeypatch)
    assert not [problem for problem in problems if problem.key == place.format(name)]


def test_a_composed_name_is_bounded_too(tmp_path, monkeypatch):
    study = Study()
    contrast, name = f"c{'abcdefghi' * 11}", f"s{'abcdefghi' * 11}z"
    study.set("design.sample_sets", {name: {"exclude": {"S-1": "another protocol"}}})
    study.set("test", {"contrasts": {contrast: CONTRAST | {"sample_sets": ["all", name]}}})
    problems, _ = findings(study, tmp_path, monkeypatch)
    assert [problem.key for problem in problems] == [f"test.contrasts.{contrast}.{name}"]


@pytest.mark.parametrize(
    ("section", "content"),
    [
        ("design.sample_sets", {name: {"exclude": {"S-1": "another protocol"}} for name in ("women", "Women")}),
        ("test.stage_wise", {name: {"contrasts": ["treated_vs_control", "b"]} for name in ("women", "Women")}),
        ("ingest.sites", {name: {"counts": "counts.tsv", "samples": "samples.tsv"} for name in ("women", "Women")}),
        ("test.contrasts", dict.fromkeys(("women", "Women"), CONTRAST)),
    ],
)
def test_names_that_differ_in_case_are_refused(section, content, tmp_path, monkeypatch):
    study = Study()
    if section == "ingest.sites":
        study.analysis["ingest"] = {}
    study.set(section, content)
    problems, _ = findings(study, tmp_path, monkeypatch)
    assert f"{section}.Women" in [problem.key for problem in problems if "in case only" in problem.what]


def test_analyses_that_differ_in_case_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Study().write(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "Study.yaml").write_bytes((tmp_path / "study.yaml").read_bytes())
    _, problems = load_analyses({"analyses": ["study.yaml", "other/Study.yaml"]})
    assert ["'study' and 'Study' differ in case only" in problem.what for problem in problems] == [True]


@pytest.mark.parametrize("name", ["aux", "a" * 40, "all", "fit_model", "b" + "abcdefghi" * 24])
def test_an_analysis_is_called_like_no_device_and_no_step(name, tmp_path, monkeypatch):
    study = Study()
    problems, _ = findings(study, tmp_path, monkeypatch)
    assert not problems
    (tmp_path / "study.yaml").rename(tmp_path / f"{name}.yaml")
    analyses, _ = load_analyses({"analyses": [f"{name}.yaml"]})
    said = check_analyses(analyses)
    assert [problem.cure for problem in said.problems] == ["Rename the file of the analysis."]


def test_a_contrast_is_not_called_like_the_table_beside_it(tmp_path, monkeypatch):
    study = Study()
    with_contrast(study, "genes")
    problems, _ = findings(study, tmp_path, monkeypatch)
    assert ["genes.tsv" in problem.what for problem in problems] == [True]


def test_the_longest_name_leaves_room_for_every_ending():
    text = "".join(path.read_text(encoding="utf-8") for path in RULES.glob("*.smk"))
    text = re.sub(r'figure\("([^"]+)"', r'"\1.png"', text)  # what `figure` of rules/bindings.smk adds
    endings = re.findall(r'"<[^"]*\{(?:contrast|family)\}([^"/{}]*)"', text)
    assert ".volcano.png" in endings
    assert max(map(len, endings)) + LONGEST_NAME + len(".part-4194304-") <= 255


@pytest.mark.parametrize("unit", ["a", "ab", "xyz", "1."])
@pytest.mark.parametrize("number", [5, 18, 19, 20, 21, 40])
@pytest.mark.parametrize("beginning", ["", "treated_"])
def test_what_snakemake_takes_for_recursion_is_refused(unit, number, beginning):
    name = f"{beginning}{unit * number}".removesuffix(".")
    is_recursion = PeriodicityDetector().is_periodic(name) is not None
    assert not is_recursion or name_fault(name) is not None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a<x>b.tsv", "has '<x>' in its name"),
        ("{x}.tsv", "has '{' in its name"),
        ("a}b.tsv", "has '}' in its name"),
        ("a\x01b.tsv", "has a control character in its name (U+0001)"),
        ("a\nb.tsv", "has a control character in its name (U+000A)"),
    ],
)
@pytest.mark.parametrize("key", ["ingest.counts", "ingest.samples", "annotate.genes", "filter.drop_list"])
def test_given_paths_that_snakemake_cannot_name_are_refused(name, words, key, tmp_path, monkeypatch):
    study = Study()
    content = {"ingest.counts": study.counts_text(), "ingest.samples": study.sheet_text()}.get(key, "gene\nENSG1\n")
    study.files[name] = content.encode()
    study.set(key, name)
    problems = [each for each in findings(study, tmp_path, monkeypatch)[0] if words in str(each)]
    assert len(problems) == 1
    assert str(problems[0]).startswith(f"study.yaml: {key}: ")


def test_a_folder_with_such_a_name_is_told_once(tmp_path, monkeypatch):
    study = Study()
    for sample in study.samples:
        study.files[f"star/<{sample}>ReadsPerGene.out.tab"] = b"N_unmapped\t1\t1\t1\nENSG1\t5\t5\t5\n"
    study.set("ingest.counts", "star")
    problems = [each for each in findings(study, tmp_path, monkeypatch)[0] if "in its name" in str(each)]
    assert len(problems) == len(study.samples)
    study.files = {name.replace("star/<", "{star}/").replace(">R", "R"): text for name, text in study.files.items()}
    study.set("ingest.counts", "{star}")
    problems = [each for each in findings(study, tmp_path, monkeypatch)[0] if "in its name" in str(each)]
    assert len(problems) == 1


@pytest.mark.parametrize("name", ["a<b.tsv", "a b (1) [x].tsv", "ä&$.tsv", "100%.tsv"])
def test_other_marks_are_taken(name, tmp_path, monkeypatch):
    study = Study()
    study.files[name] = study.counts_text().encode()
    study.set("ingest.counts", name)
    assert findings(study, tmp_path, monkeypatch)[0] == []


def test_ids_that_begin_as_formulas_are_noted(tmp_path, monkeypatch):
    study = Study()
    study.genes[:3] = ["=cmd()", "-1", "@x"]
    notes = [each for each in findings(study, tmp_path, monkeypatch)[1] if "formulas of spreadsheets" in str(each)]
    assert len(notes) == 1
    assert "'=cmd()', '@x' begin as" in str(notes[0])
