"""Levels that are spelt in two ways, and words for a missing value among levels."""

import pytest

from degsteps.preflight.levels import alike
from tests.unit.preflight.studies import Study, findings

SAME = {
    "letter case": ("ctrl", "Ctrl"),
    "a blank inside": ("pre treatment", "pretreatment"),
    "a dash for a blank": ("pre treatment", "pre-treatment"),
    "an underscore for a dash": ("pre-treatment", "pre_treatment"),
    "a point for a blank": ("pre treatment", "pre.treatment"),
    "a slash": ("wild type", "wild/type"),
    "a dot behind it": ("ctrl", "ctrl."),
    "brackets": ("ctrl", "(ctrl)"),
    "two blanks": ("day 7", "day  7"),
    "a dash before a number": ("IL-2", "IL2"),
    "a dash for a blank before a number": ("day-7", "day 7"),
    "a blank before a number": ("day 7", "day7"),
    "Cyrillic": ("control", "\u0441ontrol"),
    "Cyrillic capitals": ("CTRL", "\u0421\u0422RL"),
    "Greek": ("IFNa", "IFN\u03b1"),
    "full width": ("ctrl", "\uff43\uff54\uff52\uff4c"),
    "a no-break space": ("pre treatment", "pre\u00a0treatment"),
    "a narrow no-break space": ("pre treatment", "pre\u202ftreatment"),
    "a zero-width space": ("ctrl", "ct\u200brl"),
    "a zero-width joiner at the end": ("ctrl", "ctrl\u200d"),
    "a soft hyphen": ("control", "con\u00adtrol"),
    "an en dash": ("pre-treatment", "pre\u2013treatment"),
    "two codes of one letter": ("caf\u00e9", "cafe\u0301"),
    "micro and mu": ("10 \u00b5M", "10 \u03bcM"),
}
DIFFERENT = [
    ("GFP+", "GFP-"),
    ("+", "-"),
    ("+/+", "+/-"),
    ("1.5", "15"),
    ("1-2", "12"),
    ("day -7", "day 0", "day 7"),
    ("D-1", "D0", "D1"),
    ("-1", "1"),
]
DIFFERENT += [("a", "b"), ("0.1", "1"), ("1.0", "10"), ("p53-/-", "p53+/-"), ("CD4+CD8-", "CD4-CD8+"), ("<5", ">5")]


def broken(levels, *named):
    study = Study()
    first, second = levels
    study.sheet["run"] = [first, first, second, second, first, first, second, second]
    study.set("design.factors.run", {"reference": first} | ({"levels": list(named)} if named else {}))
    return study


@pytest.mark.parametrize("case", SAME)
def test_two_spellings_of_a_level_are_refused(case, tmp_path, monkeypatch):
    (problem,) = findings(broken(SAME[case]), tmp_path, monkeypatch)[0]
    assert problem.file == "samples.tsv"
    assert problem.key == "run"
    assert "the levels '" in problem.what
    for char in SAME[case][1]:
        if not char.isascii() and char not in SAME[case][0]:
            assert f"U+{ord(char):04X}" in problem.what


@pytest.mark.parametrize("levels", DIFFERENT)
def test_signs_that_mean_something_are_two_levels(levels):
    assert alike(list(levels)) == []


def test_two_levels_that_the_configuration_names_stay(tmp_path, monkeypatch):
    assert findings(broken(("IL2", "il2"), "IL2", "il2"), tmp_path, monkeypatch)[0] == []


def test_a_reference_in_other_letters_is_shown_with_its_code_point(tmp_path, monkeypatch):
    study = Study()
    study.sheet["condition"] = ["\u0441ontrol"] * 4 + ["treated"] * 4
    problems, _ = findings(study, tmp_path, monkeypatch)
    assert any("U+0441" in problem.cure for problem in problems if problem.key == "design.factors.condition.reference")


def test_a_column_in_other_letters_is_shown_with_its_code_point(tmp_path, monkeypatch):
    study = Study()
    study.sheet = {"\u0441ondition" if name == "condition" else name: cells for name, cells in study.sheet.items()}
    problems, _ = findings(study, tmp_path, monkeypatch)
    assert any("U+0441" in problem.cure for problem in problems)


MISSING = ["NA", "na", "N/A", "n/a", "?", "-", "--", ".", "#N/A", "NaN", "null", "unknown", "missing", "not available"]
MISSING += ["n.d.", "k.A.", "\uff2e\uff21", "<NA>", "#REF!"]


@pytest.mark.parametrize("word", MISSING)
def test_a_word_for_a_missing_value_is_asked_about(word, tmp_path, monkeypatch):
    study = Study()
    study.sheet["condition"][2] = word
    problems, notes = findings(study, tmp_path, monkeypatch)
    assert not problems
    (note,) = [note for note in notes if note.key == "condition"]
    assert f"the level '{word}' has 1 sample (S-3) and is in no contrast" in note.what
    assert "design.factors.condition.levels" in note.cure
    assert "ingest.exclude_samples" in note.cure


@pytest.mark.parametrize(
    "settings",
    [
        {"design.factors.condition.levels": ["control", "treated", "NA"]},
        {"test.contrasts.na": {"factor": "condition", "test": "NA", "reference": "control"}},
        {"test.contrasts.na": {"expression": "mean(treated, NA) - control"}},
        {"test.contrasts.na": {"weights": {"condition[T.NA]": 1}}},
    ],
)
def test_a_level_that_is_named_is_a_level(settings, tmp_path, monkeypatch):
    study = Study()
    study.sheet["condition"][2] = study.sheet["condition"][3] = "NA"
    for key, value in settings.items():
        study.set(key, value)
    problems, notes = findings(study, tmp_path, monkeypatch)
    assert not [said for said in [*problems, *notes] if said.key == "condition"]


def test_the_reference_can_be_called_na(tmp_path, monkeypatch):
    study = Study()
    study.sheet["run"] = ["NA", "NA", "None", "None"] * 2
    study.set("design.factors.run.reference", "NA")
    assert findings(study, tmp_path, monkeypatch) == ([], [])


def test_minus_beside_plus_is_a_level(tmp_path, monkeypatch):
    study = Study()
    study.sheet["run"] = ["+", "+", "-", "-"] * 2
    study.set("design.factors.run.reference", "+")
    assert findings(study, tmp_path, monkeypatch) == ([], [])


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\u200b", "\ufeff", "\u2060", "\u00ad", "\u3000"])
def test_a_blank_cell_among_levels_stops_the_run(blank, tmp_path, monkeypatch):
    study = Study()
    study.sheet["condition"][2] = blank
    problems, _ = findings(study, tmp_path, monkeypatch)
    assert ["is blank for 'S-3'" in problem.what for problem in problems] == [True]
