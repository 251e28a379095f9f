"""Unwanted variation in the configuration: the null model, and what can be wrong with the settings.

Standard library only: the Snakefile imports this module.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from degsteps.basics.errors import Finding
from degsteps.basics.words import counted, listed, quoted, suggestion
from degsteps.design.coding import Design, build_design
from degsteps.design.formula import Formula, FormulaError, parse_formula
from degsteps.design.rank import rank_report
from degsteps.design.weights import contrast_columns

#: Names of the columns that surrogate variables get.
NAME = re.compile(r"surrogate_\d+")
KEY = "design.surrogates"


def null_formula(model: Mapping[str, Any], contrasts: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the formula without the question: the one that was given, or the design's without the tested columns.

    Parameters
    ----------
    model : ``formula``, ``factors``, ``covariates`` and ``surrogates``, as in the configuration.
    contrasts : that are tested in this design.

    Returns
    -------
    str or None
        None if the contrasts do not tell what they test: an expression over levels that the configuration does not
        list.
    """
    if model["surrogates"]["null_formula"] is not None:
        return model["surrogates"]["null_formula"]
    formula = parse_formula(model["formula"])
    factors = {name: declared for name, declared in model["factors"].items() if name in formula.columns}
    levels = {name: tuple(dict.fromkeys((of["reference"], *(of["levels"] or ())))) for name, of in factors.items()}
    columns = [contrast_columns(contrast, levels) for contrast in contrasts.values()]
    if not columns or not all(columns):
        return None
    tested = {name for named in columns for name in named}
    kept = tuple(term for term in formula.terms if not tested & set(term))
    # A factor with all its levels spans the intercept; without it, the intercept is what is left of it.
    has_constant = formula.intercept or not any(set(term) <= factors.keys() for term in kept)
    return str(Formula(has_constant, kept))


def surrogate_findings(
    model: Mapping[str, Any],
    contrasts: Mapping[str, Mapping[str, Any]],
    design: Design,
    columns: Mapping[str, Sequence[str]],
) -> list[Finding]:
    """Find what is wrong with surrogate variables of one design.

    Parameters
    ----------
    model, contrasts : as for :func:`null_formula`.
    design : built from the samples, of full rank.
    columns : of the sample sheet, in the order of the design's samples.
    """
    surrogates = model["surrogates"]
    findings = _settings(surrogates, columns)
    if findings:
        return findings
    if surrogates["method"] == "sva":
        findings += _null_model(model, contrasts, design, columns)
    if surrogates["method"] == "ruv_s":
        findings += _replicates(surrogates["replicates"], columns)
    residual_df = rank_report(design).residual_df
    number = surrogates["number"] if isinstance(surrogates["number"], int) else 1
    if residual_df - number < 1:
        what = f"the design leaves {counted(residual_df, 'degree of freedom', 'degrees of freedom')}, and "
        what += f"{counted(number, 'surrogate variable')} would leave {max(residual_df - number, 0)} to estimate the "
        what += "variation between replicates."
        cure = f"Set it to {residual_df - 1} or fewer." if residual_df > 1 else "Take surrogates out."
        findings.append(Finding(f"{KEY}.number", what, cure, "design"))
    return findings


def _settings(surrogates: Mapping[str, Any], columns: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Settings that do not fit each other or the sheet."""
    findings = []

    def add(key: str, what: str, cure: str) -> None:
        findings.append(Finding(f"{KEY}.{key}".rstrip("."), what, cure))

    method, number = surrogates["method"], surrogates["number"]
    if isinstance(number, str) and number != "auto":
        add("number", f"{quoted(number)} is no number.", "Give a whole number, or auto.")
    if method == "ruv_g" and surrogates["control_genes"] is None:
        add("control_genes", "is missing: ruv_g sees what control genes share.", "Name a text file with their ids.")
    if method == "sva" and surrogates["control_genes"] is not None:
        add("control_genes", "is not used by sva.", "Delete it, or choose the method ruv_g.")
    if method != "sva" and surrogates["null_formula"] is not None:
        add("null_formula", f"is not used by {method}.", "Delete it.")
    if method == "ruv_s" and surrogates["replicates"] is None:
        add("replicates", "is missing: ruv_s compares replicates.", "Name the column whose levels are their groups.")
    if method != "ruv_s" and surrogates["replicates"] is not None:
        add("replicates", f"is not used by {method}.", "Delete it, or choose the method ruv_s.")
    taken = [name for name in columns if NAME.fullmatch(name)]
    if taken:
        add("", f"the sample sheet has the column {quoted(taken[0])}, as surrogate variables are called.", "Rename it.")
    return findings


def _replicates(name: str, columns: Mapping[str, Sequence[str]]) -> list[Finding]:
    key = f"{KEY}.replicates"
    if name not in columns:
        what = f"the sample sheet has no column {quoted(name)}."
        return [Finding(key, what, suggestion(name, list(columns), "The columns are"))]
    values = columns[name]
    if all(not value or values.count(value) == 1 for value in values):
        what = f"no two samples have the same level of {quoted(name)}, so nothing is a replicate of another."
        return [Finding(key, what, "Name a column whose levels are groups of replicates.", "design")]
    return []


def _null_model(
    model: Mapping[str, Any],
    contrasts: Mapping[str, Mapping[str, Any]],
    design: Design,
    columns: Mapping[str, Sequence[str]],
) -> list[Finding]:
    key = f"{KEY}.null_formula"
    text = null_formula(model, contrasts)
    if text is None:
        what = "the contrasts do not tell which columns they test, so the null model of sva is not known."
        return [Finding(key, what, "Give it, or the levels of the factors under design.factors.")]
    try:
        null = parse_formula(text)
    except FormulaError as error:
        return [Finding(key, error.what, error.cure)]
    unknown = [name for name in null.columns if name not in design.formula.columns]
    if unknown:
        what = f"{listed(unknown)} {'is' if len(unknown) == 1 else 'are'} not in the formula {design.formula}."
        return [Finding(key, what, "Leave out terms of the formula and add none.")]
    smaller = build_design(columns, design.samples, null, model["factors"], model["covariates"])
    rank = rank_report(design).rank
    joined = dataclasses.replace(
        design,
        columns=(*design.columns, *[f"null: {name}" for name in smaller.columns]),
        rows=[whole + part for whole, part in zip(design.rows, smaller.rows, strict=True)],
    )
    if rank_report(joined).rank > rank or rank_report(smaller).rank >= rank:
        what = f"{null} is not a smaller model within {design.formula}, so no question is left between the two."
        return [Finding(key, what, "Give the formula without the terms that are tested.")]
    return []
