"""What the design declares: the formula, its factors with their levels, its covariates."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from degsteps.basics.errors import Finding
from degsteps.basics.words import counted, listed, near_match, quoted, suggestion, verb
from degsteps.design.coding import as_number
from degsteps.design.formula import FormulaError, parse_formula
from degsteps.design.splines import SplineError, natural_spline
from degsteps.preflight import amounts
from degsteps.preflight.check import Check
from degsteps.preflight.levels import missing_findings, spelling_findings, told_levels


def check_formula(check: Check) -> None:
    key = "design.formula"
    try:
        check.parsed = parse_formula(check.analysis["design"]["formula"])
    except FormulaError as error:
        check.problem(key, error.what, error.cure)
        return
    for name in check.parsed.columns:
        is_factor, is_covariate = name in check.declared_factors, name in check.declared_covariates
        if is_factor and is_covariate:
            what = f"{quoted(name)} is declared as a factor and as a covariate."
            check.problem(key, what, "Delete it from design.factors or from design.covariates.")
        elif not is_factor and not is_covariate and _is_named(check, key, name):
            what = f"{quoted(name)} is declared neither as a factor nor as a covariate."
            check.problem(key, what, _how_to_declare(check, name))


def _is_named(check: Check, key: str, name: str) -> bool:
    return check.is_in_sheet(key, name) if check.columns else True


def _how_to_declare(check: Check, name: str) -> str:
    near = near_match(name, [*check.declared_factors, *check.declared_covariates])
    if near is not None:
        return f"Did you mean {quoted(near)}?"
    as_factor = f"under design.factors: {name}: {{reference: <the level to compare with>}}"
    values = check.columns.get(name)
    if not values:
        return f"Declare it {as_factor}, or under design.covariates if it is a number."
    levels = list(dict.fromkeys(values))
    if all(as_number(value) is not None for value in values):
        return (
            f"Its values are numbers ({listed(levels, 3, quote=False)}). Declare it under design.covariates if "
            f"they are amounts; if they are codes, {as_factor}."
        )
    return f"Declare it {as_factor}; its levels are {listed(levels)}."


def check_factors(check: Check) -> None:
    filters, used = check.analysis["filter"], set(check.formula_columns if check.parsed else check.declared_factors)
    for sample_set in check.sample_sets.values():
        with suppress(FormulaError):
            used |= {*sample_set["keep"], *parse_formula(sample_set["formula"] or "~ 1").columns}
    used |= {*check.analysis["batch"]["columns"], *(check.analysis["qc"]["color_by"] or ()), filters["group"]}
    for name, declared in check.declared_factors.items():
        key = f"design.factors.{name}"
        if not check.is_in_sheet(key, name):
            continue
        if name not in used:
            what = "is declared and not used."
            check.problem(key, what, "Put it in the formula, list it under batch.columns or qc.color_by, or delete it.")
        if not check.has_blanks(name, name):
            _levels(check, key, name, declared)


def _levels(check: Check, key: str, name: str, declared: Mapping[str, Any]) -> None:
    values = check.columns[name]
    levels = list(dict.fromkeys(values))
    reference, order = declared["reference"], declared["levels"]
    ids = check.columns[check.sheet.sample_column]
    told = told_levels(check.contrasts_by_name.values(), name, declared)
    check.take(spelling_findings(levels, key, name, declared["levels"] or ()), check.sheet.path)
    check.take(missing_findings(values, ids, key, name, told), check.sheet.path)
    if reference not in levels:
        what = f"no analysed sample has the reference level {quoted(reference)}."
        check.problem(f"{key}.reference", what, suggestion(reference, levels, "The levels are"))
    if len(levels) == 1:
        what = f"every analysed sample has the level {quoted(levels[0])}."
        check.design_problem(key, what, "Take it out of the formula, or include samples of another level.")
    elif name in check.formula_columns and len(levels) == len(values):
        numbers = all(as_number(value) is not None for value in values)
        what = f"every sample has a level of its own{', and all are numbers' if numbers else ''}."
        cure = "Declare it under design.covariates." if numbers else "Take it out of the formula."
        check.design_problem(key, what, cure)
    if order is None:
        return
    twice = [level for level, number in Counter(order).items() if number > 1]
    if twice:
        check.problem(f"{key}.levels", f"{listed(twice)} stands there twice.", "Name every level once.")
    for level in dict.fromkeys(order):
        if level not in levels:
            what = f"no analysed sample has the level {quoted(level)}."
            check.problem(f"{key}.levels", what, suggestion(level, levels, "The levels are"))
    missing = [level for level in levels if level not in order]
    if missing:
        what = f"{listed(missing)} {verb(len(missing), 'is', 'are')} missing."
        check.problem(f"{key}.levels", what, "Name every level, or leave 'levels' out.")


def check_covariates(check: Check) -> None:
    for name in check.declared_covariates:
        key = f"design.covariates.{name}"
        if not check.is_in_sheet(key, name):
            continue
        color_by = check.analysis["qc"]["color_by"] or ()
        if check.parsed and name not in {*check.formula_columns, *check.analysis["batch"]["columns"], *color_by}:
            what = "is declared and not used."
            check.problem(key, what, "Put it in the formula, list it under qc.color_by, or delete it.")
        if name in check.declared_factors or check.has_blanks(name, name):
            continue
        ids, values = check.columns[check.sheet.sample_column], check.columns[name]
        numbers = [as_number(value) for value in values]
        wrong = [f"{quoted(v)} ({s})" for s, v, n in zip(ids, values, numbers, strict=True) if n is None]
        how = amounts.cure([v for v, n in zip(values, numbers, strict=True) if n is None]) if wrong else None
        how = how and how.replace("<name>", name)
        if len(wrong) == len(values) and how is None:
            what = f"no value of {quoted(name)} is a number, e.g. {wrong[0]}."
            check.problem(key, what, "Declare it under design.factors, with its reference level.")
        elif wrong:
            what = f"{counted(len(wrong), 'cell')} of the covariate {quoted(name)} {verb(len(wrong), 'is', 'are')} no "
            what += f"number: {listed(wrong, quote=False)}."
            cure = how or "Write numbers with a decimal point; exclude samples without a value."
            check.data_problem(check.sheet.path, Finding(name, what, cure))
        elif len(set(numbers)) == 1:
            what = f"{quoted(name)} has the value {values[0]} in every analysed sample."
            check.design_problem(key, what, "Take it out of the formula.")
        elif check.declared_covariates[name]["spline"]:
            _spline(check, key, name, numbers)
        elif _are_codes(numbers):
            examples = listed(sorted(set(values)), quote=False)
            what = f"{quoted(name)} has the values {examples} only, and is fitted as a straight line through them."
            check.note(check.file, key, what, "If these are codes, declare it under design.factors.")
        elif not check.declared_covariates[name]["center"] and _is_far_from_zero(numbers):
            what = f"the values of {quoted(name)} are far from zero, where the intercept is then fitted: that is hard "
            what += "to fit in some genes, here and more so in R's DESeq2."
            check.note(check.file, f"{key}.center", what, "Set it to true: nothing but the intercept changes.")


def _spline(check: Check, key: str, name: str, numbers: Sequence[float]) -> None:
    declared = check.declared_covariates[name]
    if declared["scale"]:
        what = "a spline is the same curve whatever the unit, so scaling does nothing."
        check.problem(f"{key}.scale", what, "Delete it, or delete the spline.")
    try:
        natural_spline(numbers, declared["spline"]["df"], 0.0)
    except SplineError as error:
        check.design_problem(f"{key}.spline", str(error), "Lower df, or delete the spline for a straight line.")


def _is_far_from_zero(numbers: Sequence[float]) -> bool:
    """Return whether zero lies more than three standard deviations from the mean."""
    mean = math.fsum(numbers) / len(numbers)
    return mean**2 > 9 * math.fsum((number - mean) ** 2 for number in numbers) / (len(numbers) - 1)


def _are_codes(numbers: Sequence[float]) -> bool:
    """Return whether numbers look like codes of groups: 3 to 9 consecutive whole numbers from 0 or 1, some repeated."""
    values = sorted(set(numbers))
    is_consecutive = values[0] in (0, 1) and values == [values[0] + step for step in range(len(values))]
    return is_consecutive and 3 <= len(values) <= 9 and len(values) < len(numbers)
