"""Contrasts as data: the forms that they take, every single one that the configuration means, and their words.

Standard library only: the Snakefile imports this module, and every contrast is compiled before any job
(:mod:`degsteps.design.weights`).

A contrast takes one of these forms; none of them is code.

===================================================  ===================================================================
``{factor: f, test: a, reference: b}``               level a minus level b
``{factor: f, test: a, against: rest}``              level a minus the mean of all other levels
``{factor: f, trend: equal}`` (or ``numeric``)       slope over the levels in their order (or over their own numbers)
``{covariate: x}``                                   slope of a covariate, per unit (per standard deviation if scaled)
``{covariate: x, test: 60, reference: 40}``          a covariate's value minus another value of it, on a line or spline
``{expression: "(B:trt - B:ctl) - (A:trt - A:ctl)"}``  groups and levels, with ``+ - * /``, parentheses and ``mean()``
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
from collections.abc import Mapping
from typing import Any, NamedTuple

from degsteps.basics.errors import ConfigError
from degsteps.basics.words import listed, quoted, suggestion
from degsteps.design.formula import parse_formula

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


def contrast_form(contrast: Mapping[str, Any]) -> str:
    """Return the form of a contrast: levels, rest, trend, each, slope, values, expression or weights.

    Raises
    ------
    ContrastError
        if its keys make up no form.
    """
    keys = frozenset(key for key in FORM_KEYS if contrast.get(key) is not None)
    if keys in _FORMS:
        for key in ("test", "reference"):
            if contrast.get("factor") and not isinstance(contrast.get(key), str | None):
                what = f"{contrast[key]} is a number, and levels are text."
                raise ContrastError(key, what, f'Write it in quotes: "{contrast[key]}".')
        return _FORMS[keys]
    near = max(_FORMS, key=lambda form: (len(form & keys) - len(form ^ keys), len(form)))
    what = f"has the keys {listed(sorted(keys))}, which are no form of a contrast."
    missing, extra = sorted(near - keys), sorted(keys - near)
    cures = ([f"add {listed(missing)}"] if missing else []) + ([f"delete {listed(extra)}"] if extra else [])
    if not keys:
        raise ContrastError("", "says nothing to compare.", "Give factor, test and reference, or another form.")
    cure = " and ".join(cures)
    raise ContrastError("", what, f"{cure[0].upper()}{cure[1:]}.")


def words(contrast: Mapping[str, Any]) -> Words:
    """Return a contrast in words."""
    form = contrast_form(contrast)
    sample_set = contrast.get("set_title") or contrast.get("sample_set")
    where = f" (in {sample_set})" if sample_set else ""
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
    weighted_sum = " ".join(f"{weight:+g} {name}" for name, weight in contrast["weights"].items())
    return Words(*[f"{weighted_sum}{where}"] * 2, "above 0", "in the weighted sum of coefficients", "below 0")


#: Alternatives that are the plain test of any change where ``lfc_null`` is 0.
TWO_SIDED = ("greater_abs", "greater_abs_2014")
_ALTERNATIVES = {
    "greater_abs": "|log2 fold change| above {:g}",
    "greater_abs_2014": "|log2 fold change| above {:g} in DESeq2's form of 2014 to 2023",
    "less_abs": "|log2 fold change| below {:g}",
    "greater": "log2 fold change above {:g}",
    "less": "log2 fold change below -{:g}",
}


def has_point_null(contrast: Mapping[str, Any]) -> bool:
    """Whether a contrast is tested for any difference at all, so that p-values are even where there is none.

    Parameters
    ----------
    contrast : its definition in the configuration.
    """
    return contrast.get("alternative", "greater_abs") in TWO_SIDED and not contrast.get("lfc_null")


def has_one_fold_change(contrast: Mapping[str, Any]) -> bool:
    """Whether a gene is called for its fold change: not by a comparison of formulas, and not for changing little."""
    return not contrast.get("reduced") and contrast.get("alternative", "greater_abs") != "less_abs"


def test_words(contrast: Mapping[str, Any], tests: tuple[str, str]) -> str:
    """Return how a contrast is tested, in the plural: ``Wald tests for a log2 fold change above 1``.

    Parameters
    ----------
    tests : the engine's names of its tests, of a contrast and of a smaller design.
    """
    plain, nested = tests
    alternative, lfc_null = contrast.get("alternative", "greater_abs"), contrast.get("lfc_null", 0)
    if contrast.get("reduced"):
        return f"{nested} against the design {parse_formula(contrast['reduced'])}"
    if has_point_null(contrast):
        return plain
    return f"{plain} for a {_ALTERNATIVES[alternative].format(lfc_null)}"


# pytest collects what is called test_*; this is none.
test_words.__test__ = False


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
        ``<name>.<a>_vs_<b>`` for ``each``, ``<name>.<set>`` where there are several sets, or they have ``set_titles``
        (of cell types). Each contrast has ``sample_set``, None for all samples.

    Raises
    ------
    ContrastError
        with the contrast's name as the start of its key.
    """
    expanded: dict[str, dict[str, Any]] = {}
    for name, contrast in contrasts.items():
        try:
            singles = _each(name, contrast, factors) if contrast.get("each") else {name: dict(contrast)}
        except ContrastError as error:
            raise ContrastError(f"{name}.{error.key}".rstrip("."), error.what, error.cure) from None
        for single, content in singles.items():
            chosen = content.pop("sample_sets", None) or ["all"]
            if isinstance(chosen, str):
                what = f"{quoted(chosen)} is for single cells, and this analysis has no section `cells`."
                raise ContrastError(f"{name}.sample_sets", what, "Name sample sets of the design in a list.")
            titles = content.pop("set_titles", {})
            for sample_set in chosen:
                full = f"{single}.{sample_set}" if titles or len(chosen) > 1 else single
                if full in expanded:
                    what = f"two contrasts get the name {quoted(full)}."
                    raise ContrastError(name, what, "Rename one of them, or a level that is spelt alike.")
                title = {"set_title": titles[sample_set]} if sample_set in titles else {}
                expanded[full] = content | {"sample_set": None if sample_set == "all" else sample_set} | title
    return expanded


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
        comparisons = [(level, "rest", common | {"test": level, "against": "rest"}) for level in ordered]
    else:
        pairs = itertools.combinations(ordered, 2) if each == "pairs" else [(reference, level) for level in ordered[1:]]
        comparisons = [(test, below, common | {"test": test, "reference": below}) for below, test in pairs]
    expanded = {}
    for test, below, content in comparisons:
        full = f"{name}.{_file_name(test)}_vs_{_file_name(below)}"
        if full in expanded:
            what = f"the levels {quoted(test)} and another give the same name {quoted(full)}."
            raise ContrastError("each", what, "Write the contrasts out, with names of your own.")
        expanded[full] = content
    return expanded


def _file_name(level: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", level).strip("-") or "x"
