"""Studies that a case breaks, and what is said about them.

Every case is made from one small sound base. What must be said stands in tests/data/broken/<case>/expected.txt, written
anew with ``DEGSTEPS_WRITE_EXPECTED=1 pytest tests/unit/preflight``: read the difference before you keep it.
"""

import copy
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from degsteps.config.reading import load_analyses
from degsteps.preflight import check_analyses

EXPECTED = Path(__file__).parents[2] / "data" / "broken"

ANALYSIS = {
    "version": "1.0",
    "ingest": {"counts": "counts.tsv", "samples": "samples.tsv"},
    "design": {
        "formula": "~ run + condition",
        "factors": {"run": {"reference": "r1"}, "condition": {"reference": "control"}},
    },
    "batch": {"columns": ["run"]},
    "test": {"contrasts": {"treated_vs_control": {"factor": "condition", "test": "treated", "reference": "control"}}},
}


@dataclass
class Study:
    """A count matrix, a sheet and an analysis, sound until a case breaks them."""

    samples: list[str] = field(default_factory=lambda: [f"S-{number}" for number in range(1, 9)])
    genes: list[str] = field(default_factory=lambda: [f"ENSG{number:011d}" for number in range(30)])
    analysis: dict = field(default_factory=lambda: copy.deepcopy(ANALYSIS))
    files: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self):
        draw = random.Random(1)  # noqa: S311  (no secret)
        self.counts = [[str(draw.randint(0, 900)) for _ in self.samples] for _ in self.genes]
        self.header = ["gene", *self.samples]
        self.sheet = {
            "sample": list(self.samples),
            "run": ["r1", "r1", "r2", "r2", "r1", "r1", "r2", "r2"],
            "condition": ["control"] * 4 + ["treated"] * 4,
            "age": ["31", "45", "52", "38", "61", "29", "47", "55"],
        }

    def set(self, path, value):
        *parents, last = path.split(".")
        place = self.analysis
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value

    def counts_text(self, mark="\t"):
        rows = [self.header, *([gene, *row] for gene, row in zip(self.genes, self.counts, strict=True))]
        return "\n".join(map(mark.join, rows)) + "\n"

    def sheet_text(self, mark="\t"):
        rows = [list(self.sheet), *zip(*self.sheet.values(), strict=True)]
        return "\n".join(map(mark.join, rows)) + "\n"

    def write(self, folder):
        contents = {"counts.tsv": self.counts_text().encode(), "samples.tsv": self.sheet_text().encode()} | self.files
        for name, content in contents.items():
            if content is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
        (folder / "study.yaml").write_text(yaml.safe_dump(self.analysis, sort_keys=False), encoding="utf-8")


#: Settings that go with linear models.
LINEAR = {"engine": "voom", "cooks_filter": False, "shrinkage": "none"}

IN_ARMS = ["a", "a", "b", "b", "c", "c", "d", "d"]
ACROSS_ARMS = ["a", "b", "c", "d"] * 2


def with_subjects(study, subjects, **repeated):
    """Add a column of subjects, and what is done about them."""
    study.sheet["subject"] = subjects
    if repeated:
        study.set("design.repeated", {"subject": "subject", **repeated})


class Cases(dict[str, Callable[[Study], None]]):
    """Cases of a module by their names: functions that break a study."""

    def __call__(self, function: Callable[[Study], None]) -> Callable[[Study], None]:
        self[function.__name__] = function
        return function


def findings(study, folder, monkeypatch):
    monkeypatch.chdir(folder)
    study.write(folder)
    analyses, problems = load_analyses({"analyses": ["study.yaml"]})
    said = check_analyses(analyses)
    for problem in [*said.problems, *said.notes]:
        assert problem.what.endswith(".")
        assert problem.cure
    return problems + said.problems, said.notes


def require_expected(cases, name, folder, monkeypatch):
    """Assert that what is said about a case is its expected text, and that something is said."""
    study = Study()
    cases[name](study)
    problems, notes = findings(study, folder, monkeypatch)
    text = "".join(f"{problem.kind}: {problem}\n" for problem in problems)
    text += "".join(f"note: {note}\n" for note in notes)
    expected = EXPECTED / name / "expected.txt"
    if os.environ.get("DEGSTEPS_WRITE_EXPECTED"):
        expected.parent.mkdir(parents=True, exist_ok=True)
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert text
