"""Contrasts as data: what is asked of a fitted design, in words, in weights of the coefficients and of the cells.

Standard library only: the Snakefile imports this module, and every contrast is compiled before any job.

A contrast takes one of these forms; none of them is code.

===================================================  ===================================================================
``{factor: f, test: a, reference: b}``               level a minus level b
``{factor: f, test: a, against: rest}``              level a minus the mean of all other levels
``{factor: f, trend: equal}`` (or ``numeric``)       slope over the levels in their order (or over their own numbers)
``{covariate: x}``                                   slope of a covariate, per unit (per standard deviation if scaled)
``{covariate: x, test: 60, reference: 40}``          a covariate's value minus another value of it, on a line or spline
``{expression: "(B:trt - B:ctl) - (A:trt - A:ctl)"}``  cells and levels, with ``+ - * /``, parentheses and ``mean()``
``{weights: {coefficient: number}}``                 the coefficients themselves
``{factor: f, each: reference}``                     several: every level against the reference, against all others
                                                     (``rest``), or all ``pairs``
===================================================  ===================================================================

Where a factor interacts with others, all forms but the expression are taken at the reference levels of the others and
at the covariates' centre (their mean if centred, else zero), unless ``at`` names other values; DESeq2 does the same. An
expression means what it names: over factors that it does not name it takes the mean of all levels, with equal weights.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from degsteps.design import Design, Scaling, as_number, contrast_vector
from degsteps.errors import ConfigError, DesignError
from degsteps.formula import INTERCEPT, parse_formula
from degsteps.splines import Spline
from degsteps.wording import listed, quoted, suggestion

#: Weights below this are rounding, not a question.
NEGLIGIBLE = 1e-12
#: The keys that say what is compared; all others say how it is tested, and in which samples.
FORM_KEYS = ("factor", "test", "reference", "against", "trend", "each", "covariate", "expression", "weights")
_FORMS = {
    frozenset({"factor", "test", "reference"}): "levels",
    frozenset({"factor", "test", "against"}): "rest",
    frozenset({"factor", "trend"}): "trend",
    frozenset({"factor", "each"}): "each",
    frozenset({"covariate"}): "slope",
    frozenset({"covariate", "test", "reference"}): "values",
    frozenset({"expression"}): "expression",
    frozenset({"weights"}): "weights",
}


class ContrastError(ConfigError):
    """A contrast cannot be read or answered; ``key`` is the setting, ``what`` the fact and ``cure`` the advice."""

    def __init__(self, key: str, what: str, cure: str) -> None:
        super().__init__(f"{key}: {what} {cure}" if key else f"{what} {cure}")
        self.key, self.what, self.cure = key, what, cure


class Words(NamedTuple):
    """A contrast in words.

    ``title`` heads figures, ``question`` sections and lists; a positive fold change means ``up``, a negative one
    ``down``; ``than`` goes on after ``up`` in a sentence.
    """

    title: str
    question: str
    up: str
    than: str
    down: str


@dataclass(frozen=True)
class Compiled:
    """A contrast of one design.

    Attributes
    ----------
    weights : one per coefficient; the fold change is their sum of products, in log2.
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


def contrast_form(contrast: Mapping[str, Any]) -> str:
    """Return the form of a contrast: levels, rest, trend, each, slope, values, expression or weights.

    Raises
    ------
    ContrastError
        if its keys make up no form.
    """
    given = frozenset(key for key in FORM_KEYS if contrast.get(key) is not None)
    if given in _FORMS:
        for key in ("test", "reference"):
            if contrast.get("factor") and not isinstance(contrast.get(key), str | None):
                what = f"{contrast[key]} is a number, and levels are text."
                raise ContrastError(key, what, f'Write it in quotes: "{contrast[key]}".')
        return _FORMS[given]
    near = max(_FORMS, key=lambda form: (len(form & given) - len(form ^ given), len(form)))
    what = f"has the keys {listed(sorted(given))}, which are no form of a contrast."
    missing, extra = sorted(near - given), sorted(given - near)
    cures = ([f"add {listed(missing)}"] if missing else []) + ([f"delete {listed(extra)}"] if extra else [])
    if not given:
        raise ContrastError("", "says nothing to compare.", "Give factor, test and reference, or another form.")
    cure = " and ".join(cures)
    raise ContrastError("", what, f"{cure[0].upper()}{cure[1:]}.")


def words(contrast: Mapping[str, Any]) -> Words:
    """Return a contrast in words."""
    form = contrast_form(contrast)
    where = f" (in {contrast['sample_set']})" if contrast.get("sample_set") else ""
    if contrast.get("at"):
        where = f" at {', '.join(f'{name} {value}' for name, value in contrast['at'].items())}{where}"
    if form in ("levels", "rest"):
        factor, test = contrast["factor"], contrast["test"]
        below = contrast["reference"] if form == "levels" else "the rest"
        than = below if form == "levels" else f"the mean of the other levels of {factor}"
        title, question = f"{factor}: {test} vs {below}{where}", f"{factor}: {test} against {below}{where}"
        return Words(title, question, f"higher in {test}", f"than in {than}", f"lower in {test}")
    if form == "slope":
        name = contrast["covariate"]
        return Words(*[f"{name}: slope{where}"] * 2, f"rising with {name}", "", f"falling with {name}")
    if form == "values":
        name, test, below = contrast["covariate"], contrast["test"], contrast["reference"]
        title, question = f"{name}: {test} vs {below}{where}", f"{name}: {test} against {below}{where}"
        return Words(title, question, f"higher at {name} {test}", f"than at {below}", f"lower at {name} {test}")
    if form == "trend":
        factor = contrast["factor"]
        steps = "from level to level" if contrast.get("trend") == "equal" else f"per unit of {factor}"
        title = f"{factor}: linear trend {steps}{where}"
        return Words(title, title, f"rising with {factor}", "", f"falling with {factor}")
    if form == "expression":
        title = f"{contrast['expression']}{where}"
        return Words(title, title, "above 0", f"in {contrast['expression']}", "below 0")
    shown = " ".join(f"{weight:+g} {name}" for name, weight in contrast["weights"].items())
    return Words(*[f"{shown}{where}"] * 2, "above 0", "in the weighted sum of coefficients", "below 0")


_ALTERNATIVES = {
    "greater_abs": "|log2 fold change| above {:g}",
    "less_abs": "|log2 fold change| below {:g}",
    "greater": "log2 fold change above {:g}",
    "less": "log2 fold change below -{:g}",
}


def test_words(contrast: Mapping[str, Any], engine: str) -> str:
    """Return how a contrast is tested, in the plural: ``Wald tests for a log2 fold change above 1``."""
    plain, nested = (
        ("moderated t tests", "moderated F tests") if engine == "voom" else ("Wald tests", "likelihood-ratio tests")
    )
    alternative, lfc_null = contrast.get("alternative", "greater_abs"), contrast.get("lfc_null", 0)
    if contrast.get("reduced"):
        return f"{nested} against the design {parse_formula(contrast['reduced'])}"
    if lfc_null == 0 and alternative == "greater_abs":
        return plain
    return f"{plain} for a {_ALTERNATIVES[alternative].format(lfc_null)}"


# pytest collects what is called test_*; this is none.
test_words.__test__ = False


def contrast_columns(contrast: Mapping[str, Any], levels: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """Return the columns that a contrast names; those of an expression only where the factors' levels are given."""
    if contrast.get("factor") or contrast.get("covariate"):
        return [contrast.get("factor") or contrast["covariate"]]
    if contrast.get("expression") and levels:
        try:
            linear = _ExpressionParser(contrast["expression"], levels).expression()
        except ContrastError:
            return []
        return list(dict.fromkeys(factor for cell in linear.cells for factor, _ in cell))
    if contrast.get("weights"):
        names = [re.sub(r"\[.*?\]", "", part) for name in contrast["weights"] for part in name.split(":")]
        return [name for name in dict.fromkeys(names) if name != INTERCEPT]
    return []


# ---- from the configuration to single contrasts


def expand_contrasts(
    contrasts: Mapping[str, Mapping[str, Any]], factors: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return every single contrast by name: ``each`` gives one per pair of levels, ``sample_sets`` one per set.

    Parameters
    ----------
    contrasts : the contrasts of the configuration.
    factors : the declared factors; ``each`` needs their ``levels``, so that names and signs follow from the
        configuration alone.

    Returns
    -------
    dict
        ``<name>.<a>_vs_<b>`` for ``each``, ``<name>.<set>`` where there are several sets. Each contrast has
        ``sample_set``, None for all samples.

    Raises
    ------
    ContrastError
        with the contrast's name as the start of its key.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, contrast in contrasts.items():
        try:
            singles = _each(name, contrast, factors) if contrast.get("each") else {name: dict(contrast)}
        except ContrastError as error:
            raise ContrastError(f"{name}.{error.key}".rstrip("."), error.what, error.cure) from None
        for single, content in singles.items():
            chosen = content.pop("sample_sets", None) or ["all"]
            for sample_set in chosen:
                full = single if len(chosen) == 1 else f"{single}.{sample_set}"
                if full in found:
                    what = f"two contrasts get the name {quoted(full)}."
                    raise ContrastError(name, what, "Rename one of them, or a level that is spelt alike.")
                found[full] = content | {"sample_set": None if sample_set == "all" else sample_set}
    return found


def _each(
    name: str, contrast: Mapping[str, Any], factors: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    contrast_form(contrast)
    factor, each = contrast["factor"], contrast["each"]
    if factor not in factors:
        what = f"{quoted(factor)} is not declared under design.factors."
        raise ContrastError("factor", what, suggestion(factor, list(factors), "The factors are") if factors else "")
    levels = factors[factor].get("levels")
    if not levels:
        what = f"needs the levels of {quoted(factor)} in their order."
        raise ContrastError("each", what, f"Give them under design.factors.{factor}.levels.")
    reference = factors[factor]["reference"]
    ordered = list(dict.fromkeys([reference, *levels]))
    common = {key: value for key, value in contrast.items() if key != "each"}
    if each == "rest":
        wanted = [(level, "rest", common | {"test": level, "against": "rest"}) for level in ordered]
    else:
        pairs = itertools.combinations(ordered, 2) if each == "pairs" else [(reference, level) for level in ordered[1:]]
        wanted = [(test, below, common | {"test": test, "reference": below}) for below, test in pairs]
    found = {}
    for test, below, content in wanted:
        full = f"{name}.{_file_name(test)}_vs_{_file_name(below)}"
        if full in found:
            what = f"the levels {quoted(test)} and another give the same name {quoted(full)}."
            raise ContrastError("each", what, "Write the contrasts out, with names of your own.")
        found[full] = content
    return found


def _file_name(level: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", level).strip("-") or "x"


# ---- from a single contrast to weights


def compile_contrast(design: Design, contrast: Mapping[str, Any]) -> Compiled:
    """Return the weights of a contrast and what they mean.

    Raises
    ------
    ContrastError
        if the contrast cannot be read, or names what the design does not have.
    DesignError
        if the samples cannot answer it: a group without samples, or a question that the formula leaves out.
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
    return compiled


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
            known = [*design.levels, *design.covariates]
            what = f"{quoted(name)} is not in the formula {design.formula}."
            raise ContrastError(f"at.{name}", what, suggestion(name, known, "Its columns are"))
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
    positions = {name: index for index, name in enumerate(design.cell_factors)}
    members = {
        sample
        for cell, of_cell in design.cells.items()
        if all(cell[positions[name]] == level for name, level in levels.items())
        for sample in of_cell
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
    weights = tuple(sum(of_level[level] * rows[level][j] for level in levels) for j in range(len(design.columns)))
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
        known = list(design.covariates)
        raise ContrastError("covariate", what, suggestion(name, known, "Its covariates are") if known else "Name one.")
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


def _weights(design: Design, given: Mapping[str, float]) -> Compiled:
    for name in given:
        if name not in design.columns:
            what = f"the design has no coefficient {quoted(name)}."
            raise ContrastError(f"weights.{name}", what, suggestion(name, design.columns, "Its coefficients are"))
    weights = tuple(float(given.get(name, 0.0)) for name in design.columns)
    terms = {term for term, weight in zip(design.terms, weights, strict=True) if weight}
    named = dict.fromkeys(
        name for term in design.formula.terms if ":".join(term) in terms for name in term if name in design.levels
    )
    return Compiled(weights, tuple(named), {}, (), {})


# ---- expressions over cells


_EXPRESSION_TOKEN = re.compile(r"\s*(?:(?P<quoted>`[^`]+`)|(?P<word>[\w.]+)|(?P<sign>\S))")


class _Linear(NamedTuple):
    """A constant plus weights of cells; a cell is a sorted tuple of ``(factor, level)``."""

    constant: float
    cells: dict[tuple[tuple[str, str], ...], float]

    def plus(self, other: "_Linear", sign: float = 1.0) -> "_Linear":
        cells = dict(self.cells)
        for cell, weight in other.cells.items():
            cells[cell] = cells.get(cell, 0.0) + sign * weight
        return _Linear(self.constant + sign * other.constant, cells)

    def times(self, number: float) -> "_Linear":
        return _Linear(self.constant * number, {cell: weight * number for cell, weight in self.cells.items()})


class _ExpressionParser:
    """Recursive descent over ``sum := product (+- product)*; product := value (*/ value)*``; no text is executed."""

    def __init__(self, text: str, levels: Mapping[str, tuple[str, ...]]) -> None:
        self.levels = levels
        self.tokens = [
            (match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1)
            for match in _EXPRESSION_TOKEN.finditer(text.rstrip())
        ]
        self.tokens.append(("end", "the end", len(text) + 1))
        self.index = 0

    def is_sign(self, *signs: str) -> bool:
        kind, text, _ = self.tokens[self.index]
        return kind == "sign" and text in signs

    def take(self) -> str:
        text = self.tokens[self.index][1]
        self.index += 1
        return text

    def fail(self, what: str, cure: str) -> None:
        kind, text, position = self.tokens[self.index]
        shown = "the end" if kind == "end" else f"{quoted(text)} (character {position})"
        raise ContrastError("expression", f"{shown} {what}.", cure)

    def expression(self) -> _Linear:
        found = self.sum()
        if self.tokens[self.index][0] != "end":
            self.fail("stands where '+' or '-' is expected", "Names with other signs go in backquotes: `T-cell`.")
        return found

    def sum(self) -> _Linear:
        found = self.product()
        while self.is_sign("+", "-"):
            sign = 1.0 if self.take() == "+" else -1.0
            found = found.plus(self.product(), sign)
        return found

    def product(self) -> _Linear:
        found = self.value()
        while self.is_sign("*", "/"):
            sign = self.take()
            other = self.value()
            if other.cells and (found.cells or sign == "/"):
                self.index -= 1
                self.fail("multiplies or divides by a group", "Weigh groups by numbers only.")
            if sign == "/" and other.constant == 0:
                self.index -= 1
                self.fail("is a division by 0", "Divide by another number.")
            if other.cells:
                found, other = other, found
            found = found.times(other.constant if sign == "*" else 1.0 / other.constant)
        return found

    def value(self) -> _Linear:
        kind, text, _ = self.tokens[self.index]
        if self.is_sign("-"):
            self.take()
            return self.value().times(-1.0)
        if self.is_sign("("):
            self.take()
            found = self.sum()
            self.close()
            return found
        following = self.tokens[self.index + 1][1] if kind != "end" else ""
        if kind == "word" and text == "mean" and following == "(":
            self.index += 2
            parts = [self.sum()]
            while self.is_sign(","):
                self.take()
                parts.append(self.sum())
            self.close()
            total = parts[0]
            for part in parts[1:]:
                total = total.plus(part)
            return total.times(1.0 / len(parts))
        if kind == "word" and as_number(text) is not None and following not in (":", "="):
            self.take()
            return _Linear(float(text), {})
        if kind in ("word", "quoted"):
            return _Linear(0.0, {self.cell(): 1.0})
        return self.fail("stands where a group is expected", "Write levels, joined by ':' where several factors count.")

    def close(self) -> None:
        if not self.is_sign(")"):
            self.fail("stands where ')' is expected", "Close the parenthesis.")
        self.take()

    def name(self) -> str:
        kind, text, _ = self.tokens[self.index]
        if kind not in ("word", "quoted"):
            self.fail("stands where a level is expected", "Write levels, joined by ':' where several factors count.")
        self.take()
        return text[1:-1] if kind == "quoted" else text

    def cell(self) -> tuple[tuple[str, str], ...]:
        chosen: dict[str, str] = {}
        while True:
            start = self.index
            first = self.name()
            if self.is_sign("="):
                self.take()
                factor, level = first, self.name()
                if factor not in self.levels:
                    self.index = start
                    self.fail("is no factor of the formula", suggestion(factor, list(self.levels), "Its factors are"))
                if level not in self.levels[factor]:
                    self.index -= 1
                    what = f"is no level of {quoted(factor)} that a sample has"
                    self.fail(what, suggestion(level, self.levels[factor], "The levels are"))
            else:
                level, factor = first, self.factor_of(first, start)
            if factor in chosen:
                self.index = start
                self.fail(f"is a second level of {quoted(factor)} in one group", "A group has one level of a factor.")
            chosen[factor] = level
            if not self.is_sign(":"):
                return tuple(sorted(chosen.items()))
            self.take()

    def factor_of(self, level: str, start: int) -> str:
        having = [factor for factor, levels in self.levels.items() if level in levels]
        if len(having) == 1:
            return having[0]
        self.index = start
        if having:
            cure = f"Say which is meant: {having[0]}={level}."
            self.fail(f"is a level of {listed(having)}", cure)
        every = [name for levels in self.levels.values() for name in levels]
        return self.fail("is no level of the design's factors", suggestion(level, every, "Their levels are"))


def _expression(design: Design, text: str) -> Compiled:
    linear = _ExpressionParser(text, design.levels).expression()
    if abs(linear.constant) > NEGLIGIBLE:
        raise ContrastError("expression", f"has the number {linear.constant:g} on its own.", "Weigh groups with it.")
    total = sum(linear.cells.values())
    if abs(total) > 1e-9:
        what = f"its weights sum to {total:g}, so it is no comparison: depth would decide about it."
        raise ContrastError("expression", what, "Let what is added and what is taken away balance.")
    groups = {}
    for cell, weight in linear.cells.items():
        chosen = dict(cell)
        samples = _samples_at(design, chosen)
        in_order = [factor for factor in design.levels if factor in chosen]
        group = ":".join(chosen[factor] for factor in in_order)
        if not samples:
            shown = " and ".join(f"{factor} {quoted(chosen[factor])}" for factor in in_order)
            raise DesignError(
                f"no sample has {shown}, so {quoted(group)} cannot be estimated but by assuming that there is no "
                "interaction. Ask for groups that have samples."
            )
        if abs(weight) > NEGLIGIBLE:
            groups[group] = samples
    named = list(dict.fromkeys(factor for cell in linear.cells for factor, _ in cell))
    others = _interacting(design, named)
    weights = [0.0] * len(design.columns)
    for cell, weight in linear.cells.items():
        chosen = dict(cell)
        shares = {
            factor: {chosen[factor]: 1.0} if factor in chosen else dict.fromkeys(known, 1.0 / len(known))
            for factor, known in design.levels.items()
        }
        for j, value in enumerate(averaged_row(design, shares)):
            weights[j] += weight * value
    at = {name: design.covariates[name].center for name in others if name in design.covariates}
    # Within a cell the other factors average out unless they interact with it or with each other's company.
    averaged = tuple(
        factor
        for factor in design.levels
        if any(factor not in dict(cell) for cell in linear.cells) and (factor in others or factor in named)
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
