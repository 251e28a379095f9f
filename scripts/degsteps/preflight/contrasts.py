"""Contrasts and their tests, in all samples and in sets of them."""

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any

from degsteps.basics.errors import DegstepsError, DesignError, Finding
from degsteps.basics.words import counted, listed, quoted, suggestion, verb
from degsteps.design.alternatives import Alternatives
from degsteps.design.coding import Design, build_design, factor_levels
from degsteps.design.confounding import equation, explain_aliases
from degsteps.design.contrasts import ContrastError, contrast_form, has_point_null
from degsteps.design.formula import FormulaError, parse_formula
from degsteps.design.rank import rank_report, without_redundant_columns
from degsteps.design.repeated_measures import block_column, ignored_subjects, subject_findings, with_subject_hint
from degsteps.design.sample_sets import members, set_model
from degsteps.design.surrogate_checks import surrogate_findings
from degsteps.design.weights import NotEstimableError, compile_contrast
from degsteps.preflight.check import Check


def check_contrasts(check: Check) -> None:
    same_levels: dict[tuple[Any, ...], tuple[str, str]] = {}
    for name, contrast in check.contrasts_by_name.items():
        key = f"test.contrasts.{name}"
        try:
            form = contrast_form(contrast)
        except ContrastError as error:
            check.problem(key, error.what, error.cure)
            continue
        sample_set = contrast["sample_set"]
        if sample_set is not None and sample_set not in check.sample_sets:
            what, sample_sets = f"{quoted(sample_set)} is no sample set of the design.", [*check.sample_sets, "all"]
            check.problem(f"{key}.sample_sets", what, suggestion(sample_set, sample_sets, "There are"))
        if form != "levels":
            continue
        factor, test, reference = contrast["factor"], contrast["test"], contrast["reference"]
        if test == reference:
            check.problem(key, f"{quoted(test)} is compared with itself.", "Name two different levels.")
            continue
        rest = {field: value for field, value in contrast.items() if field not in ("test", "reference")}
        comparison = (factor, frozenset((test, reference)), repr(rest))
        earlier, on_top = same_levels.setdefault(comparison, (name, test))
        if earlier != name:
            what = f"is the same comparison as {quoted(earlier)}."
            if on_top == test:
                check.problem(key, what, "Delete one of them.")
            else:
                check.note(check.file, key, f"{what[:-1]} with the sign turned.", "One of them is enough.")
        if sample_set is None and _is_factor_of_formula(check, f"{key}.factor", factor):
            _contrast_levels(check, key, factor, test, reference)


def _is_factor_of_formula(check: Check, key: str, factor: str) -> bool:
    if check.parsed is None:
        return False
    factors = [name for name in check.formula_columns if name in check.declared_factors]
    if factor in factors:
        return True
    if factor in check.declared_covariates:
        cure = f"Name a factor, or ask for the slope: {{covariate: {factor}}}."
        check.problem(key, f"{quoted(factor)} is a covariate; contrasts compare levels.", cure)
    elif factor in check.declared_factors:
        what = f"{quoted(factor)} is not in the formula {check.parsed}."
        check.problem(key, what, "Add it to design.formula, or compare levels of another factor.")
    elif factor not in check.formula_columns:
        what = f"{quoted(factor)} is no factor of the formula {check.parsed}."
        check.problem(key, what, suggestion(factor, factors, "Its factors are") if factors else "Add it there.")
    return False


def _contrast_levels(check: Check, key: str, factor: str, test: str, reference: str) -> None:
    values = check.columns.get(factor)
    if not values:
        return
    levels = factor_levels(values, check.declared_factors[factor]["reference"])
    for field, level in (("test", test), ("reference", reference)):
        number = values.count(level)
        if number == 0:
            what = f"no analysed sample has the level {quoted(level)} of {quoted(factor)}."
            check.problem(f"{key}.{field}", what, suggestion(level, levels, "The levels are"))
        elif number == 1:
            what = f"{quoted(level)} has one sample, so nothing tells its effect from that sample's peculiarities."
            check.note(check.file, f"{key}.{field}", what, "Take the result as a lead; replicate before relying on it.")


def check_design(check: Check) -> None:
    """Confounding, and whether enough samples remain to estimate the variation."""
    built = check.design_or_none() if check.columns else None
    if built is None:
        return
    model, key = set_model(check.analysis, None), "design.formula"
    of_all = {name: contrast for name, contrast in check.contrasts_by_name.items() if contrast["sample_set"] is None}
    design = _estimable(check, key, built, of_all, check.columns, model)
    if design is None:
        return
    residual_df = len(design.samples) - len(design.columns)
    _compiled(check, design, of_all)
    _tests(check, design, of_all, check.columns)
    _subjects(check, design, model, of_all, check.columns)
    _surrogates(check, model, of_all or check.contrasts_by_name, design, check.columns)
    if residual_df == 0:
        number = len(design.samples)
        if len(design.groups) == number:
            what = f"every combination of {listed(design.group_factors)} has one sample"
        else:
            what = f"there are {counted(number, 'sample')} for {counted(len(design.columns), 'coefficient')}"
        what += ", so nothing is left to estimate the variation between replicates."
        check.design_problem(key, what, "Add replicates, or take a column or an interaction out of the formula.")
    elif residual_df <= 2:
        left = counted(residual_df, "degree of freedom", "degrees of freedom")
        what = f"{left} {verb(residual_df, 'is', 'are')} left to estimate the variation between replicates."
        check.note(check.file, key, what, "Expect few significant genes; leave out what the formula does not need.")


def check_sample_sets(check: Check) -> None:
    """Check each sample set as a design of its own."""
    for name, sample_set in check.sample_sets.items():
        key = f"design.sample_sets.{name}"
        of_set = {n: c for n, c in check.contrasts_by_name.items() if c["sample_set"] == name}
        if not of_set:
            check.problem(key, "no contrast is tested in it.", "Name it as sample_sets of a contrast, or delete it.")
        elif check.columns and _is_selectable(check, key, sample_set):
            _set_design(check, key, name, sample_set, of_set)


def _is_selectable(check: Check, key: str, sample_set: Mapping[str, Any]) -> bool:
    before = len(check.problems)
    ids = check.columns[check.sheet.sample_column]
    for column, levels in sample_set["keep"].items():
        if check.is_in_sheet(f"{key}.keep", column):
            for level in levels:
                if level not in check.columns[column]:
                    what = f"no analysed sample has the level {quoted(level)} of {quoted(column)}."
                    values = list(dict.fromkeys(check.columns[column]))
                    check.problem(f"{key}.keep.{column}", what, suggestion(level, values, "The levels are"))
    for sample in sample_set["exclude"]:
        if sample not in ids:
            what = f"{quoted(sample)} is no analysed sample."
            check.problem(f"{key}.exclude", what, suggestion(sample, ids, "The samples are"))
    if not sample_set["keep"] and not sample_set["exclude"] and not sample_set["formula"]:
        check.problem(key, "is the whole of the samples.", "Say which samples it keeps or excludes.")
    return len(check.problems) == before


def _set_design(
    check: Check, key: str, name: str, sample_set: Mapping[str, Any], contrasts: Mapping[str, Mapping[str, Any]]
) -> None:
    column = check.sheet.sample_column
    kept, _ = members(check.columns, check.columns[column], sample_set)
    inside = [sample in set(kept) for sample in check.columns[column]]
    columns = {field: list(compress(values, inside)) for field, values in check.columns.items()}
    try:
        model = set_model(check.analysis, name)
        built = build_design(columns, kept, model["formula"], model["factors"], model["covariates"])
    except FormulaError as error:
        check.problem(f"{key}.formula", error.what, error.cure)
        return
    except DegstepsError as error:
        what, _, cure = str(error).partition(". ")
        hint = "" if sample_set["formula"] else " The set can have a formula of its own."
        check.design_problem(key, f"{what}.", f"{cure}{hint}")
        return
    design = _estimable(check, key, built, contrasts, columns, model)
    if design is None:
        return
    residual_df = len(design.samples) - len(design.columns)
    if residual_df == 0:
        size = f"{counted(len(kept), 'sample')} for {counted(len(design.columns), 'coefficient')}"
        what = f"there are {size}, so nothing is left to estimate the variation between replicates."
        check.design_problem(key, what, "Keep more samples, or give the set a smaller formula.")
    else:
        _compiled(check, design, contrasts)
        _tests(check, design, contrasts, columns)
        _subjects(check, design, model, contrasts, columns, f"in the sample set {quoted(name)}, ")
        if block_column(check.analysis["design"]) in columns:
            section = check.analysis["design"]
            check.take(subject_findings(section, columns, design.formula.columns, check.tested, design, key))
        _surrogates(check, model, contrasts, design, columns)


def _estimable(
    check: Check,
    key: str,
    built: Design,
    contrasts: Mapping[str, Mapping[str, Any]],
    columns: Mapping[str, Sequence[str]],
    model: Mapping[str, Any],
) -> Design | None:
    """Return the design without its redundant columns; None if a contrast cannot be estimated, which is a problem."""
    design = without_redundant_columns(built)
    if not design.dropped:
        return design
    sound = {name: contrast for name, contrast in contrasts.items() if not _has_problem(check, name)}
    alternatives = Alternatives(columns, design.samples, model["factors"], model["covariates"], sound)
    reasons: dict[Finding, list[str]] = {}
    for lost, names in _not_estimable(design, sound).items():
        for finding in explain_aliases(built, columns, rank_report(built), check.tested, alternatives, lost):
            reasons.setdefault(finding, []).extend(names)
    section = check.analysis["design"]
    for finding, names in reasons.items():
        cure = with_subject_hint(finding.cure, section, columns, design.formula, alternatives)
        what = f"{'the contrast' if len(names) == 1 else 'the contrasts'} {listed(names)} cannot be estimated: "
        check.take([finding._replace(place=key, what=what + finding.what, cure=cure)])
    if reasons:
        return None
    gone = listed([f"{entry.column} (= {equation(entry.combination)})" for entry in design.dropped], quote=False)
    number = len(design.dropped)
    what = f"{counted(number, 'column')} of the design {verb(number, 'says', 'say')} nothing of "
    what += (
        f"{'its' if number == 1 else 'their'} own in these samples, and {verb(number, 'is', 'are')} left out: {gone}."
    )
    check.note(check.file, key, what, "No contrast depends on what is left out; 04_batch/design.json lists it.")
    return design


def _not_estimable(design: Design, contrasts: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, ...], list[str]]:
    """Return the contrasts that cannot be estimated, by the columns that are why."""
    lost: dict[tuple[str, ...], list[str]] = {}
    for name, contrast in contrasts.items():
        try:
            compile_contrast(design, contrast)
        except NotEstimableError as error:
            lost.setdefault(error.columns, []).append(name)
        except (ContrastError, DesignError):
            # Said where all contrasts are compiled.
            continue
    return lost


def answers_all(design: Design, contrasts: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether a design, redundant or not, lets every contrast be estimated."""
    return not _not_estimable(without_redundant_columns(design), contrasts)


def _has_problem(check: Check, name: str) -> bool:
    key = f"test.contrasts.{name}"
    return any(problem.key == key or problem.key.startswith(f"{key}.") for problem in check.problems)


def _compiled(check: Check, design: Design, contrasts: Mapping[str, Mapping[str, Any]]) -> None:
    """Compile every contrast that has no problem yet, and look at the sizes of the groups that it names."""
    for name, contrast in contrasts.items():
        key = f"test.contrasts.{name}"
        if _has_problem(check, name):
            continue
        try:
            compiled = compile_contrast(design, contrast)
        except ContrastError as error:
            check.problem(f"{key}.{error.key}".rstrip("."), error.what, error.cure)
        except DesignError as error:
            what, _, cure = str(error).partition(". ")
            check.design_problem(key, f"{what}.", cure)
        else:
            single = [group for group, samples in compiled.groups.items() if len(samples) == 1]
            if single and contrast_form(contrast) != "levels":
                what = f"{listed(single)} {verb(len(single), 'has', 'have')} one sample, so nothing tells an effect "
                what += "from that sample's peculiarities."
                check.note(check.file, key, what, "Take the result as a lead; replicate before relying on it.")


def _tests(
    check: Check, design: Design, contrasts: Mapping[str, Mapping[str, Any]], columns: Mapping[str, Sequence[str]]
) -> None:
    """Check how the contrasts are tested: alternatives, and reduced designs that lie within the whole one."""
    for name, contrast in contrasts.items():
        key = f"test.contrasts.{name}"
        lfc_null, alternative, reduced = contrast["lfc_null"], contrast["alternative"], contrast["reduced"]
        if alternative == "less_abs" and lfc_null == 0:
            what = "'less_abs' asks for changes smaller than lfc_null, which is 0."
            check.problem(f"{key}.alternative", what, "Set lfc_null, e.g. 0.5.")
        if alternative == "greater_abs_2014" and lfc_null == 0:
            what = "'greater_abs_2014' is a test against lfc_null, which is 0."
            check.problem(f"{key}.alternative", what, "Set lfc_null, e.g. 1, or delete alternative.")
        if reduced is not None and not has_point_null(contrast):
            what = "a likelihood-ratio test has no lfc_null and no alternative."
            check.problem(f"{key}.reduced", what, "Delete them, or delete reduced for a Wald test.")
        if reduced is not None:
            _reduced(check, f"{key}.reduced", design, reduced, columns)


def _reduced(check: Check, key: str, design: Design, text: str, columns: Mapping[str, Sequence[str]]) -> None:
    try:
        reduced = parse_formula(text)
    except FormulaError as error:
        check.problem(key, error.what, error.cure)
        return
    whole = {frozenset(term) for term in design.formula.terms}
    extra = [":".join(term) for term in reduced.terms if frozenset(term) not in whole]
    has_factor = any(set(term) <= design.levels.keys() for term in design.formula.terms)
    if extra or (reduced.intercept and not design.formula.intercept and not has_factor):
        what = f"{listed(extra or ['1'])} {verb(len(extra or [1]), 'is', 'are')} not in the formula {design.formula}."
        check.problem(key, what, "Leave out whole terms of the formula and add none.")
        return
    section = check.analysis["design"]
    smaller = build_design(columns, design.samples, reduced, section["factors"], section["covariates"])
    if rank_report(smaller).rank >= len(design.columns):
        what = f"{reduced} says as much as the formula {design.formula}, so there is nothing to test."
        check.problem(key, what, "Leave out the term that is the question.")


def _subjects(
    check: Check,
    design: Design,
    model: Mapping[str, Any],
    contrasts: Mapping[str, Mapping[str, Any]],
    columns: Mapping[str, Sequence[str]],
    where: str = "",
) -> None:
    """Ask about samples of one subject that are taken for independent ones; where nothing is tested, nothing is."""
    section = check.analysis["design"]
    if section["repeated"] is None and contrasts:
        alternatives = Alternatives(columns, design.samples, model["factors"], model["covariates"], contrasts)
        named = check.sheet.sample_column, check.analysis["qc"]["subject_column"]
        questions = ignored_subjects(design, section, columns, *named, alternatives)
        check.take(question._replace(what=where + question.what) for question in questions)


def _surrogates(
    check: Check,
    model: Mapping[str, Any],
    contrasts: Mapping[str, Mapping[str, Any]],
    design: Design,
    columns: Mapping[str, Sequence[str]],
) -> None:
    if model["surrogates"] and rank_report(design).residual_df > 0:
        check.take(surrogate_findings(model, contrasts, design, columns))
