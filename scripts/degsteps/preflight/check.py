"""One analysis and what is found of it: what all checks read, and where they say what is wrong."""

import functools
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from degsteps.basics.errors import DegstepsError, Finding, Problem
from degsteps.basics.words import listed, near_match, quoted, suggestion
from degsteps.design.coding import Design, build_design
from degsteps.design.contrasts import ContrastError, expand_contrasts
from degsteps.design.formula import Formula
from degsteps.design.weights import contrast_columns
from degsteps.inputs.sheet import Sheet


class Check:
    """One analysis and what has been found so far; later checks leave out what earlier ones have made pointless."""

    def __init__(self, analysis: Mapping[str, Any]) -> None:
        self.analysis = analysis
        self.file = analysis["file"]
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self.sheet: Sheet | None = None
        self.analysed: list[str] = []
        #: Columns of the analysed samples; empty while it is not known which these are.
        self.columns: dict[str, list[str]] = {}
        #: Tells the gene ids of the counts: see :attr:`genes`.
        self.find_genes: Callable[[], set[str] | None] = lambda: None
        self.parsed: Formula | None = None
        self.contrasts_by_name = self._expanded()

    @functools.cached_property
    def genes(self) -> set[str] | None:
        """Gene ids of the counts as the run will know them; None where only a job reads them."""
        return self.find_genes()

    def _expanded(self) -> dict[str, dict[str, Any]]:
        """Return every single contrast; where one cannot be read, the others."""
        factors, expanded = self.analysis["design"]["factors"], {}
        for name, contrast in self.analysis["test"]["contrasts"].items():
            try:
                expanded |= expand_contrasts({name: contrast}, factors)
            except ContrastError as error:
                self.problem(f"test.contrasts.{error.key}", error.what, error.cure)
        return expanded

    def problem(self, key: str, what: str, cure: str) -> None:
        self.take([Finding(key, what, cure)])

    def design_problem(self, key: str, what: str, cure: str) -> None:
        self.take([Finding(key, what, cure, "design")])

    def data_problem(self, file: str, finding: Finding) -> None:
        self.take([finding._replace(kind="data")], file)

    def note(self, file: str, key: str, what: str, cure: str) -> None:
        self.take([Finding(key, what, cure, "note")], file)

    def take(self, findings: Iterable[Finding], file: str | None = None) -> None:
        """Take over what was found in a file; in that of the analysis, if none is named."""
        for finding in findings:
            entries = self.notes if finding.kind == "note" else self.problems
            entries.append(Problem(self.file if file is None else file, *finding))

    @property
    def declared_factors(self) -> Mapping[str, Mapping[str, Any]]:
        return self.analysis["design"]["factors"]

    @property
    def declared_covariates(self) -> Mapping[str, Mapping[str, Any]]:
        return self.analysis["design"]["covariates"]

    @property
    def sample_sets(self) -> Mapping[str, Mapping[str, Any]]:
        return self.analysis["design"]["sample_sets"]

    @property
    def formula_columns(self) -> list[str]:
        """The columns that the formula means: for a misspelt one, which is a problem of its own, the one it is like."""
        named = self.parsed.columns if self.parsed else ()
        if not self.columns:
            return list(named)
        return [name if name in self.columns else near_match(name, list(self.columns)) or name for name in named]

    @property
    def tested(self) -> list[str]:
        named = self.formula_columns if self.parsed else ()
        levels = {
            name: tuple(self.columns[name])
            for name in named
            if {name} <= self.declared_factors.keys() & self.columns.keys()
        }
        names = [name for contrast in self.contrasts_by_name.values() for name in contrast_columns(contrast, levels)]
        return list(dict.fromkeys(names))

    @property
    def compared(self) -> list[str]:
        """The factors whose levels are compared as such."""
        return list(dict.fromkeys(c["factor"] for c in self.contrasts_by_name.values() if c.get("factor")))

    def is_in_sheet(self, key: str, name: str) -> bool:
        """Return whether the sheet has a column that can be used; if not, say so."""
        sample_column = self.analysis["ingest"]["sample_column"]
        if not self.columns:
            return False
        if name == sample_column:
            what = f"{quoted(name)} holds the sample ids, which are all different."
            self.problem(key, what, "Name a column that describes the samples.")
            return False
        if name == "sample" and name in self.columns:
            what = f"the name 'sample' is taken by the ids, which are in the column {quoted(sample_column)}."
            self.problem(key, what, "Rename the column 'sample' in the sheet.")
            return False
        if name in self.columns:
            return True
        what = f"the sample sheet has no column {quoted(name)}."
        self.problem(key, what, suggestion(name, list(self.columns), "The columns are"))
        return False

    def has_blanks(self, key: str, name: str) -> bool:
        """Return whether a column has blank cells; if so, name the samples."""
        ids = self.columns[self.sheet.sample_column]
        blank = [sample for sample, value in zip(ids, self.columns[name], strict=True) if not value]
        if blank:
            what = f"the column {quoted(name)} is blank for {listed(blank)}."
            cure = "Fill in the cells, or exclude the samples with a reason under ingest.exclude_samples."
            self.data_problem(self.sheet.path, Finding(key, what, cure))
        return bool(blank)

    def design_or_none(self) -> Design | None:
        """Return the design of all samples; what keeps it from being built is said elsewhere."""
        if self.parsed is None or not self._can_build():
            return None
        section, ids = self.analysis["design"], self.columns[self.sheet.sample_column]
        with suppress(DegstepsError):
            return build_design(self.columns, ids, self.parsed, section["factors"], section["covariates"])
        return None

    def _can_build(self) -> bool:
        broken = {f"design.{kind}.{name}" for kind in ("factors", "covariates") for name in self.formula_columns}
        return not any(
            problem.file == self.file and any(problem.key == key or problem.key.startswith(f"{key}.") for key in broken)
            for problem in self.problems
        )
