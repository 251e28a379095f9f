"""What a contrast asks of a design: weights of the coefficients and of the groups.

Standard library only: the Snakefile imports this module, and every contrast is compiled before any job.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from degsteps.basics.errors import DesignError
from degsteps.basics.words import listed, quoted, suggestion
from degsteps.design.coding import Design, Scaling, as_number, contrast_vector
from degsteps.design.contrasts import ContrastError, contrast_form
from degsteps.design.formula import INTERCEPT
from degsteps.design.group_expressions import parse_expression
from degsteps.design.rank import remaining_weights
from degsteps.design.splines import Spline

#: Weights below this are rounding, not a question.
NEGLIGIBLE = 1e-12


class NotEstimableError(DesignError):
    """The samples do not tell what a contrast asks; ``columns`` of the design are why."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        super().__init__(
            f"it cannot be estimated: {listed(columns)} cannot be told from other columns of the design. "
            "Ask what the samples separate, or take columns out of the formula."
        )
        self.columns = columns


@dataclass(frozen=True)
class Compiled:
    """A contrast of one design.

    Attributes
    ----------
    weights : one per coefficient that is fitted; the fold change is their sum of products, in log2.
    factors : factors whose levels are the groups of the contrast; none for a slope.
    at : columns that change the comparison and the value at which it is made.
    averaged : factors that change the comparison and are averaged over, all levels with equal weight.
    groups : samples of each group that the contrast names, by ``level`` or ``level:level``.
    """

    weights: tuple[float, ...]
    factors: tuple[str, ...]
    at: dict[str, str | float]
    averaged: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]


def contrast_columns(contrast: Mapping[str, Any], levels: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """Return the columns that a contrast names; those of an expression only where the factors' levels are given."""
    if contrast.get("factor") or contrast.get("covariate"):
        return [contrast.get("factor") or contrast["covariate"]]
    if contrast.get("expression") and levels:
        try:
            linear = parse_expression(contrast["expression"], levels)
        except ContrastError:
            return []
        return list(dict.fromkeys(factor for combination in linear.groups for factor, _ in combination))
    if contrast.get("weights"):
        names = [re.sub(r"\[.*?\]", "", part) for name in contrast["weights"] for part in name.split(":")]
        return [name for name in dict.fromkeys(names) if name != INTERCEPT]
    return []


def compile_contrast(design: Design, contrast: Mapping[str, Any]) -> Compiled:
    """Return the weights of a contrast and what they mean.

    Raises
    ------
    ContrastError
        if the contrast cannot be read, or names what the design does not have.
    DesignError
        if the samples cannot answer it: a group without samples, or a question that the formula leaves out.
    NotEstimableError
        if it depends on columns that the design had to leave out.
    """
    form = contrast_form(contrast)
    at = _setting(design, contrast.get("at") or {})
    if form == "levels":
        compiled = _levels(design, contrast, at)
    elif form == "expression":
        if at:
            raise ContrastError("at", "does not go with an expression.", "Name the levels in the expression.")
        compiled = _expression(design, contrast["expression"])
    elif form == "slope":
        compiled = _slope(design, contrast["covariate"], at)
    elif form == "values":
        compiled = _values(design, contrast, at)
    elif form == "weights":
        if at:
            raise ContrastError("at", "does not go with weights of coefficients.", "Weigh the interactions instead.")
        compiled = _weights(design, contrast["weights"])
    else:
        compiled = _over_levels(design, contrast, form, at)
    if max(map(abs, compiled.weights)) < NEGLIGIBLE:
        what = f"all weights cancel: by the formula {design.formula} this is 0 in every gene."
        raise DesignError(f"{what} Add the interaction that it asks about to the formula.")
    weights, lost = remaining_weights(design, compiled.weights)
    if lost:
        raise NotEstimableError(lost)
    return replace(compiled, weights=weights)


def _setting(design: Design, at: Mapping[str, Any]) -> dict[str, Any]:
    """Check the columns and values at which a comparison is to be made."""
    for name, value in at.items():
        if name in design.levels:
            if str(value) not in design.levels[name]:
                what = f"no sample has the level {quoted(value)} of {quoted(name)}."
                raise ContrastError(f"at.{name}", what, suggestion(str(value), design.levels[name], "The levels are"))
        elif name in design.covariates:
            if as_number(str(value)) is None:
                what = f"{quoted(value)} is no number."
                raise ContrastError(f"at.{name}", what, f"Give a value of the covariate {quoted(name)}.")
            _require_inside(design, f"at.{name}", name, float(value))
        else:
            names = [*design.levels, *design.covariates]
            what = f"{quoted(name)} is not in the formula {design.formula}."
            raise ContrastError(f"at.{name}", what, suggestion(name, names, "Its columns are"))
    return {name: str(value) if name in design.levels else float(value) for name, value in at.items()}


def _row(design: Design, levels: Mapping[str, str], at: Mapping[str, Any]) -> list[float]:
    """Return the design's row at some levels and at a setting, whose covariates are in the sheet's unit."""
    numbers = {name: value for name, value in at.items() if name in design.covariates}
    return design.row({name: value for name, value in at.items() if name in design.levels} | dict(levels), numbers)


def _interacting(design: Design, names: Sequence[str]) -> list[str]:
    """Return the columns that stand in an interaction with one of the named ones."""
    own = set(names)
    return list(
        dict.fromkeys(name for term in design.formula.terms if own & set(term) for name in term if name not in own)
    )


def _made_at(design: Design, names: Sequence[str], at: Mapping[str, Any]) -> dict[str, str | float]:
    unused = [name for name in at if name not in _interacting(design, names)]
    if unused:
        what = f"the comparison does not depend on {quoted(unused[0])}: no interaction of the formula joins them."
        raise ContrastError(f"at.{unused[0]}", what, "Take it out, or add the interaction to the formula.")
    return {
        name: at.get(name, design.levels[name][0] if name in design.levels else design.covariates[name].center)
        for name in _interacting(design, names)
    }


def _require_factor(design: Design, factor: str) -> tuple[str, ...]:
    if factor in design.levels:
        return design.levels[factor]
    if factor in design.covariates:
        what = f"{quoted(factor)} is a covariate; contrasts compare levels."
        raise ContrastError("factor", what, f"Name a factor, or ask for the slope: {{covariate: {factor}}}.")
    what = f"{quoted(factor)} is no factor of the formula {design.formula}."
    raise ContrastError("factor", what, suggestion(factor, list(design.levels), "Its factors are"))


def _require_level(design: Design, key: str, factor: str, level: str) -> None:
    if level not in design.levels[factor]:
        what = f"no analysed sample has the level {quoted(level)} of {quoted(factor)}."
        raise ContrastError(key, what, suggestion(level, design.levels[factor], "The levels are"))


def _samples_at(design: Design, levels: Mapping[str, str]) -> tuple[str, ...]:
    positions = {name: index for index, name in enumerate(design.group_factors)}
    members = {
        sample
        for combination, of_group in design.groups.items()
        if all(combination[positions[name]] == level for name, level in levels.items())
        for sample in of_group
    }
    return tuple(sample for sample in design.samples if sample in members)


def _levels(design: Design, contrast: Mapping[str, Any], at: dict[str, Any]) -> Compiled:
    factor, test, reference = contrast["factor"], contrast["test"], contrast["reference"]
    _require_factor(design, factor)
    for key, level in (("test", test), ("reference", reference)):
        _require_level(design, key, factor, level)
    if test == reference:
        raise ContrastError("", f"{quoted(test)} is compared with itself.", "Name two different levels.")
    if at:
        pair = zip(_row(design, {factor: test}, at), _row(design, {factor: reference}, at), strict=True)
        weights = [above - below for above, below in pair]
    else:
        weights = contrast_vector(design, contrast)
    groups = {level: _samples_at(design, {factor: level}) for level in (test, reference)}
    return Compiled(tuple(weights), (factor,), _made_at(design, [factor], at), (), groups)


def _over_levels(design: Design, contrast: Mapping[str, Any], form: str, at: dict[str, Any]) -> Compiled:
    """Weigh all levels of one factor: one against the mean of the others, or a linear trend."""
    factor = contrast["factor"]
    levels = _require_factor(design, factor)
    if form == "rest":
        _require_level(design, "test", factor, contrast["test"])
        share = 1.0 / (len(levels) - 1)
        of_level = {level: 1.0 if level == contrast["test"] else -share for level in levels}
    else:
        of_level = _trend_weights(factor, levels, contrast["trend"])
    rows = {level: _row(design, {factor: level}, at) for level in levels}
    weights = tuple(sum(of_level[level] * rows[level][j] for level in levels) for j in range(len(design.every_column)))
    groups = {level: _samples_at(design, {factor: level}) for level in levels}
    return Compiled(weights, (factor,), _made_at(design, [factor], at), (), groups)


def _trend_weights(factor: str, levels: Sequence[str], trend: str) -> dict[str, float]:
    """Return the weights whose sum of products with the levels' means is the slope of the line through them."""
    if trend == "numeric":
        scores = [as_number(level) for level in levels]
        if None in scores:
            wrong = levels[scores.index(None)]
            what = f"the level {quoted(wrong)} of {quoted(factor)} is no number."
            raise ContrastError("trend", what, "Set trend: equal, which counts levels in their order.")
    else:
        scores = [float(position) for position in range(len(levels))]
    if len(levels) < 3:
        what = f"{quoted(factor)} has {len(levels)} levels."
        raise ContrastError("trend", what, "A trend needs three or more; compare the two levels instead.")
    mean = sum(scores) / len(scores)
    total = sum((score - mean) ** 2 for score in scores)
    return {level: (score - mean) / total for level, score in zip(levels, scores, strict=True)}


def _require_covariate(design: Design, name: str) -> Scaling | Spline:
    if name not in design.covariates:
        what = f"{quoted(name)} is no covariate of the formula {design.formula}."
        names = list(design.covariates)
        raise ContrastError("covariate", what, suggestion(name, names, "Its covariates are") if names else "Name one.")
    return design.covariates[name]


def _require_inside(design: Design, key: str, name: str, number: float) -> None:
    """Refuse values of a spline that no sample reaches."""
    covariate = design.covariates[name]
    if isinstance(covariate, Spline) and not covariate.boundary[0] <= number <= covariate.boundary[1]:
        low, high = covariate.boundary
        what = f"{number:g} is beyond the values of {quoted(name)}, where nothing is known of the curve."
        raise ContrastError(key, what, f"Give a value from {low:g} to {high:g}.")


def _values(design: Design, contrast: Mapping[str, Any], at: dict[str, Any]) -> Compiled:
    """Weigh one value of a covariate against another; a spline is not asked beyond the samples' values."""
    name = contrast["covariate"]
    _require_covariate(design, name)
    ends = {}
    for key in ("test", "reference"):
        number = as_number(str(contrast[key]))
        if number is None:
            what = f"{quoted(contrast[key])} is no number."
            raise ContrastError(key, what, f"Give a value of the covariate {quoted(name)}.")
        _require_inside(design, key, name, number)
        ends[key] = number
    if ends["test"] == ends["reference"]:
        raise ContrastError("", f"{ends['test']:g} is compared with itself.", "Name two different values.")
    made_at = _made_at(design, [name], at)
    pair = zip(*[_row(design, {}, at | {name: ends[key]}) for key in ("test", "reference")], strict=True)
    return Compiled(tuple(above - below for above, below in pair), (), made_at, (), {})


def _slope(design: Design, name: str, at: dict[str, Any]) -> Compiled:
    covariate = _require_covariate(design, name)
    if isinstance(covariate, Spline):
        what = f"{quoted(name)} enters as a spline, a curve without one slope."
        cure = f"Compare two values, {{covariate: {name}, test: ..., reference: ...}}, and add 'reduced', a formula "
        raise ContrastError("covariate", what, f"{cure}without {name}, for a p-value of the whole curve.")
    start = _row(design, {}, at | {name: covariate.center})
    end = _row(design, {}, at | {name: covariate.center + covariate.scale})
    weights = tuple(after - before for after, before in zip(end, start, strict=True))
    return Compiled(weights, (), _made_at(design, [name], at), (), {})


def _weights(design: Design, of_coefficient: Mapping[str, float]) -> Compiled:
    columns = [column for column, _ in design.every_column]
    for name in of_coefficient:
        if name not in columns:
            what = f"the design has no coefficient {quoted(name)}."
            raise ContrastError(f"weights.{name}", what, suggestion(name, columns, "Its coefficients are"))
    weights = tuple(float(of_coefficient.get(name, 0.0)) for name in columns)
    terms = {term for column, term in design.every_column if of_coefficient.get(column)}
    named = dict.fromkeys(
        name for term in design.formula.terms if ":".join(term) in terms for name in term if name in design.levels
    )
    return Compiled(weights, tuple(named), {}, (), {})


# ---- expressions over groups


def _expression(design: Design, text: str) -> Compiled:
    linear = parse_expression(text, design.levels)
    if abs(linear.constant) > NEGLIGIBLE:
        raise ContrastError("expression", f"has the number {linear.constant:g} on its own.", "Weigh groups with it.")
    total = sum(linear.groups.values())
    if abs(total) > 1e-9:
        what = f"its weights sum to {total:g}, so it is no comparison: depth would decide about it."
        raise ContrastError("expression", what, "Let what is added and what is taken away balance.")
    groups = {}
    for combination, weight in linear.groups.items():
        chosen = dict(combination)
        samples = _samples_at(design, chosen)
        in_order = [factor for factor in design.levels if factor in chosen]
        group = ":".join(chosen[factor] for factor in in_order)
        if not samples:
            place = " and ".join(f"{factor} {quoted(chosen[factor])}" for factor in in_order)
            raise DesignError(
                f"no sample has {place}, so {quoted(group)} cannot be estimated but by assuming that there is no "
                "interaction. Ask for groups that have samples."
            )
        if abs(weight) > NEGLIGIBLE:
            groups[group] = samples
    named = list(dict.fromkeys(factor for combination in linear.groups for factor, _ in combination))
    others = _interacting(design, named)
    weights = [0.0] * len(design.every_column)
    for combination, weight in linear.groups.items():
        chosen = dict(combination)
        shares = {
            factor: {chosen[factor]: 1.0} if factor in chosen else dict.fromkeys(levels, 1.0 / len(levels))
            for factor, levels in design.levels.items()
        }
        for j, value in enumerate(averaged_row(design, shares)):
            weights[j] += weight * value
    at = {name: design.covariates[name].center for name in others if name in design.covariates}
    # Within a group the other factors average out unless they interact with it or with each other's company.
    averaged = tuple(
        factor
        for factor in design.levels
        if any(factor not in dict(combination) for combination in linear.groups)
        and (factor in others or factor in named)
    )
    cleaned = tuple(0.0 if abs(weight) < NEGLIGIBLE else weight for weight in weights)
    in_order = tuple(factor for factor in design.levels if factor in named)
    return Compiled(cleaned, in_order, at, averaged, groups)


def averaged_row(design: Design, shares: Mapping[str, Mapping[str, float]]) -> list[float]:
    """Return the mean of the design's rows over levels with given shares, covariates at their centre.

    Shares of several factors multiply, so the mean of a product of indicators is the product of their means.
    """
    row = []
    for part in design.parts:
        values = [1.0]
        for name, coding in part.codings:
            if coding == "number":
                covariate = design.covariates[name]
                values = [value * entry for entry in covariate.entries(covariate.center) for value in values]
                continue
            levels = design.levels[name] if coding == "full" else design.levels[name][1:]
            values = [value * shares[name].get(level, 0.0) for level in levels for value in values]
        row += values
    return row
