"""A small study on disk, as the steps of sets read it: two groups of seven, two contrasts, two collections."""

import copy
import runpy
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from scipy.special import ndtr

from degsteps.config.reading import read_schema, with_defaults
from degsteps.design.compiled import compile_design
from degsteps.engines.multiple_testing import adjust_bh
from degsteps.enrich.ranking import is_unsigned
from degsteps.figures import saving
from degsteps.inputs.gene_sets import description
from degsteps.tables import write_json, write_matrix, write_table
from tests.conftest import REPO

N_GENES, N_SAMPLES = 240, 14
GENES = [f"G{number:03d}" for number in range(N_GENES)]
SAMPLES = [f"s{number}" for number in range(N_SAMPLES)]
MODEL = {
    "formula": "~ arm",
    "factors": {"arm": {"reference": "a", "levels": None}},
    "covariates": {},
    "surrogates": None,
}
PLAIN = {"reduced": None, "alternative": "greater_abs", "lfc_null": 0, "sample_set": None, "covariate": None}
CONTRASTS = {
    "b_vs_a": PLAIN | {"factor": "arm", "test": "b", "reference": "a"},
    "any": PLAIN | {"factor": "arm", "test": "b", "reference": "a", "reduced": "~ 1"},
}
OUTPUTS = ("tests.parquet", "members", "genes", "sets", "groups", "comparison", "length_bias", "calibration")
FIGURES = ("first", "map", "leading", "calibration")


def enrich_settings(**changes: Any) -> dict[str, Any]:
    """Return the section of an analysis with its defaults; dotted names change what is inside."""
    content: dict[str, Any] = {
        "collections": {"own": {"file": "own.gmt"}, "other": {"file": "other.gmt"}},
        "min_size": 5,
        "calibration": 5,
    }
    for name, value in changes.items():
        place, parts = content, name.split(".")
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = copy.deepcopy(value)
    return with_defaults(content, read_schema("analysis")["properties"]["enrich"])


@dataclass
class SetStudy:
    """The files of a study, and how the steps are run on them."""

    folder: Path
    lines: list[list[str]] = field(default_factory=list)

    def write(self) -> "SetStudy":
        """Write everything that the steps read."""
        rng = np.random.default_rng(5)
        arms = np.repeat(["a", "b"], N_SAMPLES // 2)
        shift = np.zeros(N_GENES)
        shift[:20], shift[40:60] = 1.2, -1.2
        shared = rng.normal(size=N_SAMPLES)
        values = 8 + rng.normal(size=(N_GENES, N_SAMPLES)) + np.outer(shift, arms == "b")
        values[80:100] += 0.7 * shared
        matrix = pd.DataFrame(values, index=GENES, columns=SAMPLES)
        write_matrix(matrix, self.folder / "transformed.parquet")
        difference = values[:, arms == "b"].mean(axis=1) - values[:, arms == "a"].mean(axis=1)
        stat = difference / np.sqrt(2 / 7 * values.reshape(N_GENES, 2, 7).var(axis=2, ddof=1).mean(axis=1))
        p = 2 * ndtr(-np.abs(stat))
        table = pd.DataFrame(
            {
                "base_mean": np.arange(N_GENES)[::-1] + 10.0,
                "log2_fold_change": difference,
                "stat": stat,
                "pvalue": p,
                "padj": adjust_bh(p),
                "lfc_shrunken": difference * (1 - p),
                "na_reason": "",
            },
            index=pd.Index(GENES, name="gene"),
        )
        table.loc["G239", ["pvalue", "padj", "stat"]] = np.nan
        for name, contrast in CONTRASTS.items():
            own = table.assign(stat=table["stat"] ** 2) if is_unsigned(contrast) else table
            write_table(own.sort_values("pvalue"), self.folder / f"{name}.tsv")
        annotation = pd.DataFrame(
            {
                "symbol": [f"SYM{number}" for number in range(N_GENES)],
                "entrez_id": [str(900 + number) for number in range(N_GENES)],
                "length": [str(300 + 40 * number) for number in range(N_GENES)],
                "previous_symbols": [f"OLD{number}" for number in range(N_GENES)],
            },
            index=pd.Index(GENES, name="gene"),
        )
        # The last two tested genes share an id: the first of them has the higher mean.
        annotation.loc["G238", "symbol"] = "SYM237"
        annotation.loc["G236", "symbol"] = ""
        # A gene that was counted and not tested.
        annotation.loc["G999"] = ["NOTTESTED", "1", "900", ""]
        write_table(annotation, self.folder / "annotation.tsv")
        compiled = compile_design({"arm": list(arms)}, SAMPLES, MODEL)
        write_json(compiled.as_json(), self.folder / "compiled_design.json")
        write_table(pd.DataFrame({"arm": arms}, index=pd.Index(SAMPLES, name="sample")), self.folder / "samples.tsv")
        self.lines = self.lines or [
            ["up", "all up", *[f"SYM{k}" for k in range(20)]],
            ["down", "all down", *[f"SYM{k}" for k in range(40, 60)]],
            ["up again", "most of up", *[f"SYM{k}" for k in range(18)]],
            ["still", "unchanged", *[f"SYM{k}" for k in range(100, 130)]],
            ["bound", "correlated", *[f"SYM{k}" for k in range(80, 100)]],
            ["half", "half up", *[f"SYM{k}" for k in range(10, 30)]],
            ["large", "nearly all", *[f"SYM{k}" for k in range(160)]],
            ["small", "few", *[f"SYM{k}" for k in range(5, 9)]],
            ["none", "of another species", "Sym1", "Sym2", "NOTTESTED", "OLD4", "XYZ"],
            ["up", "the same again", *[f"SYM{k}" for k in range(20)]],
        ]
        self.write_sets("own.gmt", self.lines)
        self.write_sets("other.gmt", [["rest", "", *[f"SYM{k}" for k in range(160, 200)]]])
        targets = [["set", "gene", "weight", "title"]]
        targets += [["TF1", f"SYM{k}", "1" if k < 20 else "-1", "activator"] for k in [*range(20), *range(40, 50)]]
        targets += [["TF2", f"{900 + k}", "1", "by Entrez ids"] for k in range(100, 120)]
        self.write_sets("targets.tsv", targets)
        (self.folder / "background.txt").write_text("\n".join(GENES[:180]) + "\n")
        write_table(
            pd.DataFrame({"length": np.linspace(9000, 300, N_GENES).round()}, index=pd.Index(GENES, name="gene")),
            self.folder / "lengths.tsv",
        )
        return self

    def write_sets(self, name: str, lines: list[list[str]]) -> None:
        """Write a file of sets."""
        (self.folder / name).write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")

    def _into(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def test(
        self, enrich: dict[str, Any], into: str = "out", contrasts: dict[str, Any] | None = None, **options: Any
    ) -> SimpleNamespace:
        """Run the step that tests; return its facts and the folder it wrote to."""
        contrasts, folder = contrasts or CONTRASTS, self._into(into)
        names = ("tests", "members", "genes", "sets", "groups", "compared", "length_bias", "calibration")
        files = ("tests.parquet", *(f"{name}.tsv" for name in OUTPUTS[1:]))
        arguments: dict[str, Any] = {
            "collections": [self.folder / entry["file"] for entry in enrich["collections"].values()],
            "tables": [self.folder / f"{name}.tsv" for name in contrasts],
            "values": [self.folder / "transformed.parquet"],
            "designs": [self.folder / "compiled_design.json"],
            "annotation": self.folder / "annotation.tsv",
            "collection": "own",
            "described": description("own", enrich["collections"]["own"]),
            "enrich": enrich,
            "contrasts": contrasts,
            "subsets": [""],
            "calls": {"alpha": 0.05, "min_log2_fold_change": 0.0},
            "subjects": None,
        }
        arguments |= {name: folder / file for name, file in zip(names, files, strict=True)}
        facts = step("test_gene_sets")(**arguments | options)
        return SimpleNamespace(facts=facts, folder=folder)

    def present(
        self, enrich: dict[str, Any], of: str = "out", name: str = "b_vs_a", *, drawn: bool = False, **options: Any
    ) -> Path:
        """Run the step that writes and draws a contrast's sets; return the folder. Pictures are saved if asked for."""
        folder = self.folder / of
        arguments: dict[str, Any] = {
            "tests": folder / "tests.parquet",
            "members": folder / "members.tsv",
            "genes": folder / "genes.tsv",
            "calibration": folder / "calibration.tsv",
            "contrast_table": self.folder / f"{name}.tsv",
            "transformed": self.folder / "transformed.parquet",
            "samples": self.folder / "samples.tsv",
            "table": folder / f"{name}.tsv",
            "collection": "Own sets",
            "name": name,
            "contrast": CONTRASTS[name],
            "title": "arm: b vs a",
            "design": MODEL,
            "calls": {"alpha": 0.05, "min_log2_fold_change": 0.0},
            **{key: enrich[key] for key in ("rank_by", "alpha", "shown", "similarity")},
        }
        for figure in FIGURES:
            for ending in ("png", "svg"):
                arguments[f"{figure}_{ending}"] = folder / f"{name}.{figure}.{ending}"
        save = saving.save if drawn else lambda _figure, *paths: [path.touch() for path in paths]
        with mock.patch.object(saving, "save", save):
            step("present_gene_sets")(**arguments | options)
        return folder

    def score(self, enrich: dict[str, Any], **options: Any) -> SimpleNamespace:
        """Run the step that scores activities."""
        path = self.folder / "activities.tsv"
        facts = step("score_activities")(
            targets=self.folder / "targets.tsv",
            tables=[self.folder / f"{name}.tsv" for name in CONTRASTS],
            values=[self.folder / "transformed.parquet"],
            designs=[self.folder / "compiled_design.json"],
            annotation=self.folder / "annotation.tsv",
            activities_table=path,
            activities=enrich["activities"],
            rank_by=enrich["rank_by"],
            min_size=enrich["min_size"],
            contrasts=CONTRASTS,
            **{"subsets": [""], "subjects": None} | options,
        )
        return SimpleNamespace(facts=facts, path=path)


def step(name: str):
    """Return the main function of a script."""
    return runpy.run_path(str(REPO / "scripts" / f"{name}.py"))["main"]
