"""Everything that can be wrong with an analysis, found before any job runs and said in one go.

Standard library, PyYAML and jsonschema only: the Snakefile imports this module.

Problems stop the run; notes do not. Each is a :class:`degsteps.config.Problem` that reads
``file: key: what is wrong. What to do.`` and knows by its class whether the configuration, the given data or the
design of the experiment is at fault.
"""

import functools
import gzip
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import compress
from typing import Any, NamedTuple

from degsteps.config import Problem, read_schema, with_defaults
from degsteps.confounding import crosstab_text, determines, explain_aliases
from degsteps.contrasts import ContrastError, compile_contrast, contrast_columns, contrast_form, expand_contrasts
from degsteps.design import (
    Design,
    Formula,
    FormulaError,
    as_number,
    build_design,
    factor_levels,
    parse_formula,
    rank_report,
)
from degsteps.engine_checks import concordance_refusals, engine_refusals
from degsteps.errors import DegstepsError, DesignError
from degsteps.hidden_checks import hidden_findings
from degsteps.repeated import (
    Finding,
    block_column,
    ignored_subjects,
    method_findings,
    subject_findings,
    with_subject_hint,
)
from degsteps.sample_sets import members, set_model
from degsteps.sheet import Fault, Sheet, access_fault, sex_of
from degsteps.source_checks import Inputs
from degsteps.sources import lengths_are_offsets
from degsteps.splines import SplineError, natural_spline
from degsteps.wording import counted, listed, near_match, quoted, suggestion, verb

#: From so many samples on, leaving out each of them takes long and tells little.
_MANY_FITS = 100


class DataProblem(Problem):
    """A problem of a given file."""

    __slots__ = ()
    kind = "data"


class DesignProblem(Problem):
    """A problem of the experiment's design: the samples cannot answer the question."""

    __slots__ = ()
    kind = "design"


def problem_kind(problem: Problem) -> str:
    """Return ``config``, ``data`` or ``design``."""
    return getattr(problem, "kind", "config")


class Findings(NamedTuple):
    """Problems, which stop the run, and notes, which do not."""

    problems: list[Problem]
    notes: list[Problem]


def check_analyses(analyses: Mapping[str, Mapping[str, Any]]) -> Findings:
    """Check every analysis; see :func:`check_analysis`."""
    findings = Findings([], [])
    for analysis in analyses.values():
        found = check_analysis(analysis)
        findings.problems.extend(found.problems)
        findings.notes.extend(found.notes)
    # Analyses that share files share their problems.
    return Findings(list(dict.fromkeys(findings.problems)), list(dict.fromkeys(findings.notes)))


def check_analysis(analysis: Mapping[str, Any]) -> Findings:
    """Find all problems of one analysis that can be known before it runs.

    Parameters
    ----------
    analysis : content of an analysis file with defaults filled in, ``name`` and ``file``, as
        :func:`degsteps.config.load_analyses` gives it.
    """
    check = _Check(analysis)
    check.files()
    check.inputs()
    check.formula()
    check.factors()
    check.covariates()
    check.contrasts()
    check.rank()
    check.sets()
    check.engine()
    check.repeated()
    check.repeats()
    check.size_factors()
    check.transformation()
    check.filters()
    check.batches()
    check.quality_control()
    check.blinding()
    return Findings(list(dict.fromkeys(check.problems)), list(dict.fromkeys(check.notes)))


class _Check:
    """One analysis and what has been found so far; later checks leave out what earlier ones have made pointless."""

    def __init__(self, analysis: Mapping[str, Any]) -> None:
        self.analysis = analysis
        self.file = analysis["file"]
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self.given: Sheet | None = None
        self.analysed: list[str] = []
        #: Columns of the analysed samples; empty while it is not known which these are.
        self.columns: dict[str, list[str]] = {}
        self.parsed: Formula | None = None
        self.contrasts_by_name = self._expanded()

    def _expanded(self) -> dict[str, dict[str, Any]]:
        """Return every single contrast; where one cannot be read, the others."""
        factors, found = self.analysis["design"]["factors"], {}
        for name, contrast in self.analysis["test"]["contrasts"].items():
            try:
                found |= expand_contrasts({name: contrast}, factors)
            except ContrastError as error:
                self.problem(f"test.contrasts.{error.key}", error.what, error.cure)
        return found

    def problem(self, key: str, what: str, cure: str) -> None:
        self.problems.append(Problem(self.file, key, what, cure))

    def design_problem(self, key: str, what: str, cure: str) -> None:
        self.problems.append(DesignProblem(self.file, key, what, cure))

    def data_problem(self, file: str, fault: Fault) -> None:
        self.problems.append(DataProblem(file, *fault))

    def note(self, file: str, key: str, what: str, cure: str) -> None:
        self.notes.append(Problem(file, key, what, cure))

    # Given files

    def files(self) -> None:
        """Files that are named beside the counts and the sheet; those two are opened by their own checks."""
        ingest, filters = self.analysis["ingest"], self.analysis["filter"]
        named = {
            "ingest.gene_lengths": ingest["gene_lengths"],
            "ingest.tx2gene": ingest["tx2gene"],
            "ingest.length_matrix": ingest["length_matrix"],
            "filter.keep_list": filters["keep_list"],
            "filter.drop_list": filters["drop_list"],
            "normalize.control_genes": self.analysis["normalize"]["control_genes"],
            "normalize.given_size_factors": self.analysis["normalize"]["given_size_factors"],
            "annotate.genes": self.analysis["annotate"]["genes"],
            "design.hidden.control_genes": (self.analysis["design"]["hidden"] or {}).get("control_genes"),
        }
        for key, path in named.items():
            if path is not None:
                fault = _unreadable(path) or (_no_lengths(path) if key == "ingest.gene_lengths" else None)
                if fault:
                    self.problem(key, f"{path}: {fault.what}", fault.cure)
        wanted = [name for name in self.analysis["normalize"]["tables"] if name in ("tpm", "fpkm", "getmm")]
        if wanted and ingest["gene_lengths"] is None and not lengths_are_offsets(ingest):
            what = f"{listed(wanted)} {verb(len(wanted), 'needs', 'need')} gene lengths, and none are given."
            self.problem("normalize.tables", what, "Name a table under ingest.gene_lengths, or leave them out.")

    def inputs(self) -> None:
        """Counts and sheets of all sites; sets the analysed samples."""
        inputs = Inputs(self, self.analysis["ingest"])
        inputs.check()
        self.given, self.analysed, self.columns = inputs.given, inputs.analysed, inputs.columns
        if inputs.is_multisite and self.columns and len(set(self.columns["site"])) > 1:
            named = {*self.declared_factors, *self.analysis["batch"]["columns"]}
            if "site" not in named:
                what = "the sites are neither in the design nor a batch, so their differences pass as noise or effect."
                cure = "Add site to design.formula, design.factors and batch.columns."
                self.note(self.file, "design.formula", what, cure)

    # Design

    @property
    def declared_factors(self) -> Mapping[str, Mapping[str, Any]]:
        return self.analysis["design"]["factors"]

    @property
    def declared_covariates(self) -> Mapping[str, Mapping[str, Any]]:
        return self.analysis["design"]["covariates"]

    @property
    def tested(self) -> list[str]:
        named = self._formula_columns if self.parsed else ()
        levels = {
            name: tuple(self.columns[name])
            for name in named
            if {name} <= self.declared_factors.keys() & self.columns.keys()
        }
        found = [name for contrast in self.contrasts_by_name.values() for name in contrast_columns(contrast, levels)]
        return list(dict.fromkeys(found))

    @property
    def compared(self) -> list[str]:
        """The factors whose levels are compared as such."""
        return list(dict.fromkeys(c["factor"] for c in self.contrasts_by_name.values() if c.get("factor")))

    def _is_in_sheet(self, key: str, name: str) -> bool:
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

    def _has_blanks(self, key: str, name: str) -> bool:
        """Return whether a column has blank cells; if so, name the samples."""
        ids = self.columns[self.given.sample_column]
        blank = [sample for sample, value in zip(ids, self.columns[name], strict=True) if not value]
        if blank:
            what = f"the column {quoted(name)} is blank for {listed(blank)}."
            cure = "Fill in the cells, or exclude the samples with a reason under ingest.exclude_samples."
            self.data_problem(self.given.path, Fault(key, what, cure))
        return bool(blank)

    def formula(self) -> None:
        key = "design.formula"
        try:
            self.parsed = parse_formula(self.analysis["design"]["formula"])
        except FormulaError as error:
            self.problem(key, error.what, error.cure)
            return
        for name in self.parsed.columns:
            is_factor, is_covariate = name in self.declared_factors, name in self.declared_covariates
            if is_factor and is_covariate:
                what = f"{quoted(name)} is declared as a factor and as a covariate."
                self.problem(key, what, "Delete it from design.factors or from design.covariates.")
            elif not is_factor and not is_covariate and self._is_named(key, name):
                what = f"{quoted(name)} is declared neither as a factor nor as a covariate."
                self.problem(key, what, self._how_to_declare(name))

    def _is_named(self, key: str, name: str) -> bool:
        return self._is_in_sheet(key, name) if self.columns else True

    def _how_to_declare(self, name: str) -> str:
        near = near_match(name, [*self.declared_factors, *self.declared_covariates])
        if near is not None:
            return f"Did you mean {quoted(near)}?"
        as_factor = f"under design.factors: {name}: {{reference: <the level to compare with>}}"
        values = self.columns.get(name)
        if not values:
            return f"Declare it {as_factor}, or under design.covariates if it is a number."
        levels = list(dict.fromkeys(values))
        if all(as_number(value) is not None for value in values):
            return (
                f"Its values are numbers ({listed(levels, 3, quote=False)}). Declare it under design.covariates if "
                f"they are amounts; if they are codes, {as_factor}."
            )
        return f"Declare it {as_factor}; its levels are {listed(levels)}."

    def factors(self) -> None:
        filters, used = self.analysis["filter"], set(self._formula_columns if self.parsed else self.declared_factors)
        for sample_set in self.sample_sets.values():
            with suppress(FormulaError):
                used |= {*sample_set["keep"], *parse_formula(sample_set["formula"] or "~ 1").columns}
        used |= {*self.analysis["batch"]["columns"], *(self.analysis["qc"]["color_by"] or ()), filters["group"]}
        for name, declared in self.declared_factors.items():
            key = f"design.factors.{name}"
            if not self._is_in_sheet(key, name):
                continue
            if name not in used:
                what = "is declared and not used."
                self.problem(
                    key, what, "Put it in the formula, list it under batch.columns or qc.color_by, or delete it."
                )
            if not self._has_blanks(name, name):
                self._levels(key, name, declared)

    def _levels(self, key: str, name: str, declared: Mapping[str, Any]) -> None:
        values = self.columns[name]
        levels = list(dict.fromkeys(values))
        reference, order = declared["reference"], declared["levels"]
        for first, second in _alike(levels):
            what = f"the levels {quoted(first)} and {quoted(second)} differ in case, blanks or '_' only."
            self.data_problem(self.given.path, Fault(name, what, "Write them alike if they are the same."))
        if reference not in levels:
            what = f"no analysed sample has the reference level {quoted(reference)}."
            self.problem(f"{key}.reference", what, suggestion(reference, levels, "The levels are"))
        if len(levels) == 1:
            what = f"every analysed sample has the level {quoted(levels[0])}."
            self.design_problem(key, what, "Take it out of the formula, or include samples of another level.")
        elif name in self._formula_columns and len(levels) == len(values):
            numbers = all(as_number(value) is not None for value in values)
            what = f"every sample has a level of its own{', and all are numbers' if numbers else ''}."
            cure = "Declare it under design.covariates." if numbers else "Take it out of the formula."
            self.design_problem(key, what, cure)
        if order is None:
            return
        twice = [level for level, number in Counter(order).items() if number > 1]
        if twice:
            self.problem(f"{key}.levels", f"{listed(twice)} stands there twice.", "Name every level once.")
        for level in dict.fromkeys(order):
            if level not in levels:
                what = f"no analysed sample has the level {quoted(level)}."
                self.problem(f"{key}.levels", what, suggestion(level, levels, "The levels are"))
        missing = [level for level in levels if level not in order]
        if missing:
            what = f"{listed(missing)} {verb(len(missing), 'is', 'are')} missing."
            self.problem(f"{key}.levels", what, "Name every level, or leave 'levels' out.")

    @property
    def _formula_columns(self) -> list[str]:
        """The columns that the formula means: for a misspelt one, which is a problem of its own, the one it is like."""
        named = self.parsed.columns if self.parsed else ()
        if not self.columns:
            return list(named)
        return [name if name in self.columns else near_match(name, list(self.columns)) or name for name in named]

    def covariates(self) -> None:
        for name in self.declared_covariates:
            key = f"design.covariates.{name}"
            if not self._is_in_sheet(key, name):
                continue
            color_by = self.analysis["qc"]["color_by"] or ()
            if self.parsed and name not in {*self._formula_columns, *self.analysis["batch"]["columns"], *color_by}:
                what = "is declared and not used."
                self.problem(key, what, "Put it in the formula, list it under qc.color_by, or delete it.")
            if name in self.declared_factors or self._has_blanks(name, name):
                continue
            ids, values = self.columns[self.given.sample_column], self.columns[name]
            numbers = [as_number(value) for value in values]
            wrong = [f"{quoted(v)} ({s})" for s, v, n in zip(ids, values, numbers, strict=True) if n is None]
            if len(wrong) == len(values):
                what = f"no value of {quoted(name)} is a number, e.g. {wrong[0]}."
                self.problem(key, what, "Declare it under design.factors, with its reference level.")
            elif wrong:
                what = (
                    f"{counted(len(wrong), 'cell')} of the covariate {quoted(name)} {verb(len(wrong), 'is', 'are')} no "
                )
                what += f"number: {listed(wrong, quote=False)}."
                cure = "Write numbers with a decimal point; exclude samples without a value."
                self.data_problem(self.given.path, Fault(name, what, cure))
            elif len(set(numbers)) == 1:
                what = f"{quoted(name)} has the value {values[0]} in every analysed sample."
                self.design_problem(key, what, "Take it out of the formula.")
            elif self.declared_covariates[name]["spline"]:
                self._spline(key, name, numbers)
            elif _are_codes(numbers):
                shown = listed(sorted(set(values)), quote=False)
                what = f"{quoted(name)} has the values {shown} only, and is fitted as a straight line through them."
                self.note(self.file, key, what, "If these are codes, declare it under design.factors.")

    def _spline(self, key: str, name: str, numbers: Sequence[float]) -> None:
        declared = self.declared_covariates[name]
        if declared["scale"]:
            what = "a spline is the same curve whatever the unit, so scaling does nothing."
            self.problem(f"{key}.scale", what, "Delete it, or delete the spline.")
        try:
            natural_spline(numbers, declared["spline"]["df"], 0.0)
        except SplineError as error:
            self.design_problem(f"{key}.spline", str(error), "Lower df, or delete the spline for a straight line.")

    def contrasts(self) -> None:
        same_name: dict[str, str] = {}
        same_levels: dict[tuple[Any, ...], tuple[str, str]] = {}
        for name, contrast in self.contrasts_by_name.items():
            key = f"test.contrasts.{name}"
            other = same_name.setdefault(name.casefold(), name)
            if other != name:
                what = f"differs from {quoted(other)} in case only; on some systems their files would be the same."
                self.problem(key, what, "Rename one of them.")
            try:
                form = contrast_form(contrast)
            except ContrastError as error:
                self.problem(key, error.what, error.cure)
                continue
            sample_set = contrast["sample_set"]
            if sample_set is not None and sample_set not in self.sample_sets:
                what, known = f"{quoted(sample_set)} is no sample set of the design.", [*self.sample_sets, "all"]
                self.problem(f"{key}.sample_sets", what, suggestion(sample_set, known, "There are"))
            if form != "levels":
                continue
            factor, test, reference = contrast["factor"], contrast["test"], contrast["reference"]
            if test == reference:
                self.problem(key, f"{quoted(test)} is compared with itself.", "Name two different levels.")
                continue
            rest = {field: value for field, value in contrast.items() if field not in ("test", "reference")}
            question = (factor, frozenset((test, reference)), repr(rest))
            earlier, on_top = same_levels.setdefault(question, (name, test))
            if earlier != name:
                what = f"is the same comparison as {quoted(earlier)}."
                if on_top == test:
                    self.problem(key, what, "Delete one of them.")
                else:
                    self.note(self.file, key, f"{what[:-1]} with the sign turned.", "One of them is enough.")
            if sample_set is None and self._is_factor_of_formula(f"{key}.factor", factor):
                self._contrast_levels(key, factor, test, reference)

    @property
    def sample_sets(self) -> Mapping[str, Mapping[str, Any]]:
        return self.analysis["design"]["sample_sets"]

    def sets(self) -> None:
        """Check each sample set as a design of its own."""
        for name, sample_set in self.sample_sets.items():
            key = f"design.sample_sets.{name}"
            of_set = {n: c for n, c in self.contrasts_by_name.items() if c["sample_set"] == name}
            if not of_set:
                self.problem(key, "no contrast is tested in it.", "Name it as sample_sets of a contrast, or delete it.")
            elif self.columns and self._is_selectable(key, sample_set):
                self._set_design(key, name, sample_set, of_set)

    def _is_selectable(self, key: str, sample_set: Mapping[str, Any]) -> bool:
        before = len(self.problems)
        ids = self.columns[self.given.sample_column]
        for column, levels in sample_set["keep"].items():
            if self._is_in_sheet(f"{key}.keep", column):
                for level in levels:
                    if level not in self.columns[column]:
                        what = f"no analysed sample has the level {quoted(level)} of {quoted(column)}."
                        known = list(dict.fromkeys(self.columns[column]))
                        self.problem(f"{key}.keep.{column}", what, suggestion(level, known, "The levels are"))
        for sample in sample_set["exclude"]:
            if sample not in ids:
                what = f"{quoted(sample)} is no analysed sample."
                self.problem(f"{key}.exclude", what, suggestion(sample, ids, "The samples are"))
        if not sample_set["keep"] and not sample_set["exclude"] and not sample_set["formula"]:
            self.problem(key, "is the whole of the samples.", "Say which samples it keeps or excludes.")
        return len(self.problems) == before

    def _set_design(
        self, key: str, name: str, sample_set: Mapping[str, Any], contrasts: Mapping[str, Mapping[str, Any]]
    ) -> None:
        column = self.given.sample_column
        kept, _ = members(self.columns, self.columns[column], sample_set)
        inside = [sample in set(kept) for sample in self.columns[column]]
        columns = {field: list(compress(values, inside)) for field, values in self.columns.items()}
        try:
            model = set_model(self.analysis, name)
            design = build_design(columns, kept, model["formula"], model["factors"], model["covariates"])
        except FormulaError as error:
            self.problem(f"{key}.formula", error.what, error.cure)
            return
        except DegstepsError as error:
            what, _, cure = str(error).partition(". ")
            hint = "" if sample_set["formula"] else " The set can have a formula of its own."
            self.design_problem(key, f"{what}.", f"{cure}{hint}")
            return
        report = rank_report(design)
        if not report.is_full_rank:
            for what, cure in explain_aliases(design, columns, report, self.tested):
                self.design_problem(key, what, cure)
        elif report.residual_df == 0:
            what = f"there are {counted(len(kept), 'sample')} for {counted(report.rank, 'coefficient')}, so nothing is "
            what += "left to estimate the variation between replicates."
            self.design_problem(key, what, "Keep more samples, or give the set a smaller formula.")
        else:
            self._questions(design, contrasts)
            self._tests(design, contrasts, columns)
            if block_column(self.analysis["design"]) in columns:
                section = self.analysis["design"]
                self._take(subject_findings(section, columns, design.formula.columns, self.tested, design, key))
            self._hidden(model, contrasts, design, columns)

    def _tests(
        self, design: Design, contrasts: Mapping[str, Mapping[str, Any]], columns: Mapping[str, Sequence[str]]
    ) -> None:
        """Check how the contrasts are tested: alternatives, and reduced designs that lie within the whole one."""
        is_pydeseq2 = self.analysis["test"]["engine"] == "pydeseq2"
        for name, contrast in contrasts.items():
            key = f"test.contrasts.{name}"
            lfc_null, alternative, reduced = contrast["lfc_null"], contrast["alternative"], contrast["reduced"]
            is_plain = lfc_null == 0 and alternative == "greater_abs"
            if alternative == "less_abs" and lfc_null == 0:
                what = "'less_abs' asks for changes smaller than lfc_null, which is 0."
                self.problem(f"{key}.alternative", what, "Set lfc_null, e.g. 0.5.")
            if reduced is not None and not is_plain:
                what = "a likelihood-ratio test has no lfc_null and no alternative."
                self.problem(f"{key}.reduced", what, "Delete them, or delete reduced for a Wald test.")
            if is_pydeseq2 and (reduced is not None or not is_plain):
                what = "test.engine pydeseq2 knows the Wald test of no change only."
                self.problem(key, what, "Set test.engine: degsteps, or delete reduced, lfc_null and alternative.")
            if reduced is not None:
                self._reduced(f"{key}.reduced", design, reduced, columns)

    def _reduced(self, key: str, design: Design, text: str, columns: Mapping[str, Sequence[str]]) -> None:
        try:
            reduced = parse_formula(text)
        except FormulaError as error:
            self.problem(key, error.what, error.cure)
            return
        whole = {frozenset(term) for term in design.formula.terms}
        extra = [":".join(term) for term in reduced.terms if frozenset(term) not in whole]
        has_factor = any(set(term) <= design.levels.keys() for term in design.formula.terms)
        if extra or (reduced.intercept and not design.formula.intercept and not has_factor):
            what = (
                f"{listed(extra or ['1'])} {verb(len(extra or [1]), 'is', 'are')} not in the formula {design.formula}."
            )
            self.problem(key, what, "Leave out whole terms of the formula and add none.")
            return
        section = self.analysis["design"]
        smaller = build_design(columns, design.samples, reduced, section["factors"], section["covariates"])
        if len(smaller.columns) >= len(design.columns):
            what = f"{reduced} says as much as the formula {design.formula}, so there is nothing to test."
            self.problem(key, what, "Leave out the term that is the question.")

    def _hidden(
        self,
        model: Mapping[str, Any],
        contrasts: Mapping[str, Mapping[str, Any]],
        design: Design,
        columns: Mapping[str, Sequence[str]],
    ) -> None:
        if model["hidden"] and rank_report(design).residual_df > 0:
            for finding in hidden_findings(model, contrasts, design, columns):
                add = self.design_problem if finding.is_design else self.problem
                add(finding.key, finding.what, finding.cure)

    def _questions(self, design: Design, contrasts: Mapping[str, Mapping[str, Any]]) -> None:
        """Compile every contrast that has no problem yet, and look at the sizes of the groups that it names."""
        for name, contrast in contrasts.items():
            key = f"test.contrasts.{name}"
            if any(problem.key == key or problem.key.startswith(f"{key}.") for problem in self.problems):
                continue
            try:
                compiled = compile_contrast(design, contrast)
            except ContrastError as error:
                self.problem(f"{key}.{error.key}".rstrip("."), error.what, error.cure)
            except DesignError as error:
                what, _, cure = str(error).partition(". ")
                self.design_problem(key, f"{what}.", cure)
            else:
                single = [group for group, samples in compiled.groups.items() if len(samples) == 1]
                if single and contrast_form(contrast) != "levels":
                    what = (
                        f"{listed(single)} {verb(len(single), 'has', 'have')} one sample, so nothing tells an effect "
                    )
                    what += "from that sample's peculiarities."
                    self.note(self.file, key, what, "Take the result as a lead; replicate before relying on it.")

    def _is_factor_of_formula(self, key: str, factor: str) -> bool:
        if self.parsed is None:
            return False
        factors = [name for name in self._formula_columns if name in self.declared_factors]
        if factor in factors:
            return True
        if factor in self.declared_covariates:
            cure = f"Name a factor, or ask for the slope: {{covariate: {factor}}}."
            self.problem(key, f"{quoted(factor)} is a covariate; contrasts compare levels.", cure)
        elif factor in self.declared_factors:
            what = f"{quoted(factor)} is not in the formula {self.parsed}."
            self.problem(key, what, "Add it to design.formula, or compare levels of another factor.")
        elif factor not in self._formula_columns:
            what = f"{quoted(factor)} is no factor of the formula {self.parsed}."
            self.problem(key, what, suggestion(factor, factors, "Its factors are") if factors else "Add it there.")
        return False

    def _contrast_levels(self, key: str, factor: str, test: str, reference: str) -> None:
        values = self.columns.get(factor)
        if not values:
            return
        levels = factor_levels(values, self.declared_factors[factor]["reference"])
        for field, level in (("test", test), ("reference", reference)):
            number = values.count(level)
            if number == 0:
                what = f"no analysed sample has the level {quoted(level)} of {quoted(factor)}."
                self.problem(f"{key}.{field}", what, suggestion(level, levels, "The levels are"))
            elif number == 1:
                what = f"{quoted(level)} has one sample, so nothing tells its effect from that sample's peculiarities."
                self.note(
                    self.file, f"{key}.{field}", what, "Take the result as a lead; replicate before relying on it."
                )

    def rank(self) -> None:
        """Confounding, and whether enough samples remain to estimate the variation."""
        design = self._design_or_none() if self.columns else None
        if design is None:
            return
        section = self.analysis["design"]
        report = rank_report(design)
        key = "design.formula"
        if not report.is_full_rank:
            for what, cure in explain_aliases(design, self.columns, report, self.tested):
                self.design_problem(key, what, with_subject_hint(cure, section, self.columns, self._formula_columns))
            return
        of_all = {name: contrast for name, contrast in self.contrasts_by_name.items() if contrast["sample_set"] is None}
        self._questions(design, of_all)
        self._tests(design, of_all, self.columns)
        if section["repeated"] is None:
            self._take(ignored_subjects(design, section, self.columns, self.given.sample_column))
        self._hidden(set_model(self.analysis, None), of_all or self.contrasts_by_name, design, self.columns)
        if report.residual_df == 0:
            number = len(design.samples)
            if len(design.cells) == number:
                what = f"every combination of {listed(design.cell_factors)} has one sample"
            else:
                what = f"there are {counted(number, 'sample')} for {counted(report.rank, 'coefficient')}"
            what += ", so nothing is left to estimate the variation between replicates."
            self.design_problem(key, what, "Add replicates, or take a column or an interaction out of the formula.")
        elif report.residual_df <= 2:
            left = counted(report.residual_df, "degree of freedom", "degrees of freedom")
            what = f"{left} {verb(report.residual_df, 'is', 'are')} left to estimate the variation between replicates."
            self.note(self.file, key, what, "Expect few significant genes; leave out what the formula does not need.")

    def _can_build(self) -> bool:
        broken = {f"design.{kind}.{name}" for kind in ("factors", "covariates") for name in self._formula_columns}
        return not any(
            problem.file == self.file and any(problem.key == key or problem.key.startswith(f"{key}.") for key in broken)
            for problem in self.problems
        )

    # Other sections

    def size_factors(self) -> None:
        settings, key = self.analysis["normalize"], "normalize.given_size_factors"
        method, path = settings["size_factors"], settings["given_size_factors"]
        if method not in ("ratio", "poscounts") and settings["control_genes"] is not None:
            what = f"size_factors {method} takes no control genes."
            self.problem("normalize.control_genes", what, "Delete them, or set size_factors: ratio or poscounts.")
        if method == "iterate" and lengths_are_offsets(self.analysis["ingest"]):
            what = "iterate takes raw counts only, and transcript lengths enter the model here."
            self.problem("normalize.size_factors", what, "Set ratio, or ingest.length_correction: length_scaled_tpm.")
        if method != "given" and path is not None:
            self.problem(key, f"is not used: size_factors is {method}.", "Set size_factors: given, or delete it.")
        elif method == "given" and path is None:
            self.problem(key, "is missing: size_factors is given.", "Name a table of 'sample' and 'size_factor'.")
        elif path is not None and _unreadable(path) is None:
            self._given_size_factors(key, path)

    def _given_size_factors(self, key: str, path: str) -> None:
        cure = "Write it tab-separated, with the columns 'sample' and 'size_factor' and a row for every sample."
        try:
            with open(path, encoding="utf-8-sig", newline="") as lines:
                rows = [line.rstrip("\r\n").split("\t") for line in lines if line.strip()]
        except UnicodeDecodeError:
            rows = [[]]
        header = rows[0] if rows else []
        if header[:1] != ["sample"] or "size_factor" not in header:
            self.problem(key, f"{path}: is no table with the columns 'sample' and 'size_factor'.", cure)
            return
        column = header.index("size_factor")
        numbers = {row[0]: as_number(row[column]) if len(row) > column else None for row in rows[1:]}
        # Replicates that are summed get other names, which the step itself looks for.
        wanted = self.analysed if self.analysis["ingest"]["replicate_column"] is None else ()
        missing = [sample for sample in wanted if sample not in numbers]
        if missing:
            self.problem(key, f"{path}: there is no size factor for {listed(missing)}.", "Add a row for every sample.")
        used = {sample: number for sample, number in numbers.items() if not wanted or sample in wanted}
        bad = [sample for sample, number in used.items() if number is None or not 0 < number < float("inf")]
        if bad:
            what = f"{path}: the size factor of {listed(bad)} is no positive number."
            self.problem(key, what, "Correct it, or leave the sample out of the analysis.")
        if len(numbers) < len(rows) - 1:
            self.problem(key, f"{path}: a sample stands there twice.", "Keep one row per sample.")

    def transformation(self) -> None:
        method, trend_genes = self.analysis["transform"]["method"], self.analysis["transform"]["trend_genes"]
        if method != "vst" and trend_genes is not None:
            what = f"is not used: transform.method is {method}."
            self.problem("transform.trend_genes", what, "Delete it, or set transform.method: vst.")

    def engine(self) -> None:
        refused = concordance_refusals(self.analysis, self.contrasts_by_name)
        for refusal in [*engine_refusals(self.analysis), *refused]:
            self.problem(*refusal)

    def repeated(self) -> None:
        """Several samples of one subject."""
        repeated, key = self.analysis["design"]["repeated"], "design.repeated.subject"
        self._take(method_findings(self.analysis))
        if not repeated or not self.columns or not self._is_in_sheet(key, repeated["subject"]):
            return
        if not self._has_blanks(repeated["subject"], repeated["subject"]):
            named = self._formula_columns if self.parsed else []
            self._take(
                subject_findings(self.analysis["design"], self.columns, named, self.tested, self._design_or_none())
            )

    def _design_or_none(self) -> Design | None:
        """Return the design of all samples; what keeps it from being built is said elsewhere."""
        if self.parsed is None or not self._can_build():
            return None
        section, ids = self.analysis["design"], self.columns[self.given.sample_column]
        with suppress(DegstepsError):
            return build_design(self.columns, ids, self.parsed, section["factors"], section["covariates"])
        return None

    def _take(self, findings: Sequence[Finding]) -> None:
        for kind, key, what, cure in findings:
            if kind == "note":
                self.note(self.file, key, what, cure)
            else:
                (self.design_problem if kind == "design" else self.problem)(key, what, cure)

    def repeats(self) -> None:
        """Tests under other settings and without single samples."""
        test = self.analysis["test"]
        self._families(test)
        if test["power"] is not None and test["engine"] != "degsteps":
            what = f"needs the dispersions of the negative-binomial fit, and test.engine is {test['engine']}."
            self.problem("test.power", what, "Set test.engine: degsteps, or delete it.")
        if test["power"] is None and test["power_fold_changes"] != _default("power_fold_changes"):
            self.problem("test.power_fold_changes", "is not used: test.power is not given.", "Set it, e.g. 0.8.")
        if not test["sensitivity"] and test["sensitivity_grid"] != _default("sensitivity_grid"):
            self.problem(
                "test.sensitivity_grid", "is not used: test.sensitivity is false.", "Set it true, or delete it."
            )
        asked = [name for name in ("sensitivity", "influence") if test[name]]
        if asked and test["engine"] == "voom":
            what = "is made for the negative-binomial model, and test.engine is voom."
            self.problem(f"test.{asked[0]}", what, "Set test.engine: degsteps, or delete it.")
        if asked and test["engine"] == "pydeseq2":
            what = "fits the model many times, and test.engine pydeseq2 takes minutes for each fit."
            self.note(self.file, f"test.{asked[0]}", what, "Set test.engine: degsteps.")
        if test["influence"] and len(self.analysed) > _MANY_FITS:
            what = f"asks for {len(self.analysed)} fits, one without each sample, in one job."
            self.note(
                self.file, "test.influence", what, "Single samples rarely decide calls among so many: leave it out."
            )

    def _families(self, test: Mapping[str, Any]) -> None:
        known = list(self.contrasts_by_name)
        for name, family in test["stage_wise"].items():
            key = f"test.stage_wise.{name}"
            unknown = [contrast for contrast in family["contrasts"] if contrast not in known]
            for contrast in unknown:
                what = f"there is no contrast {quoted(contrast)}."
                self.problem(f"{key}.contrasts", what, suggestion(contrast, known, "There are"))
            if unknown:
                continue
            of_family = [self.contrasts_by_name[contrast] for contrast in family["contrasts"]]
            if len({contrast["sample_set"] for contrast in of_family}) > 1:
                what = "the contrasts are tested in several sample sets, which have no fit in common."
                self.problem(f"{key}.contrasts", what, "Make one entry for each sample set.")
            if any(c["reduced"] or c["lfc_null"] or c["alternative"] != "greater_abs" for c in of_family):
                what = "asks of contrasts whether they are 0, but some have 'reduced', 'lfc_null' or 'alternative'."
                self.problem(key, what, "Name contrasts without these.")
            if test["engine"] != "degsteps":
                what = f"needs the likelihood-ratio test, which test.engine {test['engine']} has not."
                self.problem(key, what, "Set test.engine: degsteps, or delete it.")

    def filters(self) -> None:
        filters = self.analysis["filter"]
        group = filters["group"]
        if group is not None and group not in self.declared_factors:
            what = f"{quoted(group)} is not declared under design.factors."
            known = list(self.declared_factors)
            self.problem("filter.group", what, suggestion(group, known, "The factors are") if known else "Declare it.")
        if not self.declared_factors and filters["method"] != "none":
            what = "there is no factor whose levels could be the groups of the filter."
            cure = "Declare one under design.factors and name it as filter.group, or set filter.method: none."
            self.problem("filter.group", what, cure)
        minimum = filters["min_samples"]
        if minimum is not None and self.analysed and minimum > len(self.analysed):
            what = f"is {minimum}, but {counted(len(self.analysed), 'sample')} are analysed, so no gene would be kept."
            self.problem("filter.min_samples", what, "Lower it; the size of the smallest group is a good value.")

    def batches(self) -> None:
        batch = self.analysis["batch"]
        key = "batch.columns"
        explained = [p for p in self.problems if isinstance(p, DesignProblem) and p.key == "design.formula"]
        for name in batch["columns"]:
            if not self._is_in_sheet(key, name):
                continue
            if name in self.compared:
                what = f"{quoted(name)} is what the contrasts compare: adjusting for it would remove the effect."
                self.problem(key, what, "Take it out of batch.columns.")
                continue
            if self._has_blanks(name, name) or name in self.declared_covariates:
                continue
            values = self.columns[name]
            if len(set(values)) == 1:
                self.problem(
                    key, f"{quoted(name)} is {quoted(values[0])} in every sample.", "Take it out of batch.columns."
                )
                continue
            if not any(quoted(name) in problem.what for problem in explained):
                self._confounded_batch(key, name, values)
            if self.parsed and name not in self._formula_columns:
                what = f"the batch {quoted(name)} is not in the formula: figures are adjusted for it, the test is not."
                self.note(self.file, key, what, f"Add it to design.formula, e.g. '~ {name} + ...'.")

    def _confounded_batch(self, key: str, name: str, values: Sequence[str]) -> None:
        for factor in self.compared:
            levels = self.columns.get(factor)
            if levels and len(set(levels)) > 1 and determines(values, levels):
                what = f"all samples of one {quoted(name)} have the same {quoted(factor)}: batch and effect cannot be "
                what += "told apart."
                cure = f"Take {quoted(name)} out of batch.columns; no method can adjust for it.\n"
                self.design_problem(key, what, cure + crosstab_text(values, levels, name, factor))

    def quality_control(self) -> None:
        quality = self.analysis["qc"]
        for name in quality["color_by"] or ():
            self._is_in_sheet("qc.color_by", name)
        for key in ("sex_column", "subject_column"):
            name = quality[key]
            if name is None or not self._is_in_sheet(f"qc.{key}", name):
                continue
            blinding = self.analysis["blinding"]
            if name in blinding["columns"] and blinding.get("key") is None:
                what = f"the labels of {quoted(name)} are hidden, so samples cannot be compared with them."
                self.problem(f"qc.{key}", what, "Take it out of blinding.columns, or leave the setting out.")
            elif key == "sex_column":
                self._sexes(name)
            else:
                self._subjects(name)

    def blinding(self) -> None:
        for name in self.analysis["blinding"]["columns"]:
            self._is_in_sheet("blinding.columns", name)

    def _sexes(self, name: str) -> None:
        unread = [level for level in dict.fromkeys(self.columns[name]) if sex_of(level) is None]
        if unread:
            what = f"the column {quoted(name)} has {listed(unread)}, which {verb(len(unread), 'is', 'are')} no sex."
            cure = "Write female and male (f and m); leave the cell blank, or write unknown, where it is not known."
            if all(as_number(level) is not None for level in unread):
                cure += " Codes are not guessed: 1 is male in one convention and female in another."
            self.data_problem(self.given.path, Fault(name, what, cure))
        if self.analysis["annotate"]["genes"] is None:
            what = "annotate.genes names no gene table, so sex can be told only if the gene ids are symbols."
            self.note(self.file, "qc.sex_column", what, "Name a gene table that has symbols.")

    def _subjects(self, name: str) -> None:
        sizes = Counter(value for value in self.columns[name] if value)
        if len(sizes) < 3 or sum(number > 1 for number in sizes.values()) < 2:
            what = f"{quoted(name)} names {counted(len(sizes), 'subject')}, "
            what += f"{sum(number > 1 for number in sizes.values())} of them with more than one sample: too few to "
            what += "compare samples of one with those of others."
            cure = "It takes three, two of them with several samples; name another column, or leave it out."
            self.problem("qc.subject_column", what, cure)


@functools.cache  # reading the schema takes 0.1 s, and there may be 50 analyses
def _default(name: str) -> Any:
    """Return the default of a setting of the test."""
    schema = read_schema("analysis")["properties"]["test"]["properties"][name]
    return with_defaults({}, schema) if schema["type"] == "object" else schema["default"]


def _unreadable(path: str) -> Fault | None:
    try:
        with open(path, "rb") as stream:
            empty = not stream.read(1)
    except OSError as error:
        return access_fault(error)
    return Fault("", "is empty.", "Give the file again, or take the setting out.") if empty else None


def _no_lengths(path: str) -> Fault | None:
    """Say if a table of gene lengths has not the columns that it must have."""
    try:
        with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
            header = next(lines, "").rstrip("\r\n").split("\t")
    except (OSError, EOFError, UnicodeDecodeError):
        header = []
    if header[:1] == ["gene"] and "length" in header:
        return None
    return Fault("", "is no table with the columns 'gene' and 'length'.", "Write it tab-separated, 'gene' first.")


def _alike(levels: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of levels that differ in case, blanks or underscores only."""
    first_of: dict[str, str] = {}
    found = []
    for level in levels:
        other = first_of.setdefault(re.sub(r"[\s_]+", "", level).casefold() or level, level)
        if other != level:
            found.append((other, level))
    return found


def _are_codes(numbers: Sequence[float]) -> bool:
    """Return whether numbers look like codes of groups: 3 to 9 consecutive whole numbers from 0 or 1, some repeated."""
    values = sorted(set(numbers))
    is_consecutive = values[0] in (0, 1) and values == [values[0] + step for step in range(len(values))]
    return is_consecutive and 3 <= len(values) <= 9 and len(values) < len(numbers)
