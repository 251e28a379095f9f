"""Designs of :mod:`degsteps.design.coding` on sample tables, as DataFrames."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from degsteps.design.coding import Design
from degsteps.design.compiled import AS_THEY_ARE, CompiledDesign, compile_design
from degsteps.design.contrasts import contrast_form
from degsteps.design.formula import INTERCEPT, term_name
from degsteps.design.splines import Spline
from degsteps.design.surrogate_checks import NAME
from degsteps.design.weights import Compiled
from degsteps.engines.deseq.expanded_design import ExpandedDesign


def design_of(samples: pd.DataFrame, model: Mapping[str, Any]) -> Design:
    """Build the design of an analysis.

    Parameters
    ----------
    samples : the checked sample table, every column as text, indexed by sample; with the columns of the surrogates
        variables where there are any. They come after the terms of the formula.
    model : the ``design`` section of the configuration (formula, factors, covariates, surrogates).
    """
    return compiled_design(samples, model).design


def compiled_design(samples: pd.DataFrame, model: Mapping[str, Any]) -> CompiledDesign:
    """Build the design of an analysis with what it was made from; see :func:`design_of`."""
    return compile_design(samples.to_dict("list"), list(samples.index), model)


def surrogate_columns(samples: pd.DataFrame, model: Mapping[str, Any]) -> list[str]:
    """Return the columns of a sample table that are surrogate variables of the design."""
    return [name for name in samples.columns if NAME.fullmatch(name)] if model.get("surrogates") else []


def with_surrogates(model: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the ``design`` section with surrogate variables among its covariates."""
    return {**model, "covariates": {**model["covariates"], **dict.fromkeys(names, AS_THEY_ARE)}}


def splines_of(design: Design) -> dict[str, Any]:
    """Return the knots of the design's splines by covariate."""
    splines = {name: used for name, used in design.covariates.items() if isinstance(used, Spline)}
    return {name: {"knots": list(used.knots), "boundary": list(used.boundary)} for name, used in splines.items()}


def reduced_design(compiled: CompiledDesign, contrast: Mapping[str, Any]) -> pd.DataFrame | None:
    """Return the smaller design of a likelihood-ratio test, or None for a Wald test."""
    return as_frame(compiled.of_formula(contrast["reduced"])) if contrast["reduced"] else None


def sheet_of(compiled: CompiledDesign) -> pd.DataFrame:
    """Return the columns of the sample table that a design needs, as text."""
    return pd.DataFrame(compiled.values, index=pd.Index(compiled.design.samples, name="sample"))


def as_frame(design: Design) -> pd.DataFrame:
    """Return a design as samples x coefficients."""
    return pd.DataFrame(design.rows, index=pd.Index(design.samples, name="sample"), columns=list(design.columns))


def expanded_design(design: Design) -> ExpandedDesign | None:
    """Return the design with an intercept and a column for every level of every factor.

    None where the formula has interactions, or neither intercept nor factor, or columns had to be left out: there is no
    such design.
    """
    parts = [part for part in design.parts if part.codings]
    simple = all(len(part.term) == 1 and len(part.codings) == 1 for part in parts)
    if not simple or design.dropped or not (design.formula.intercept or design.levels):
        return None
    matrix = as_frame(design)
    columns, factors = {INTERCEPT: np.ones(len(matrix))}, [None]
    for part in parts:
        name, coding = part.codings[0]
        of_part = matrix.loc[:, [term == term_name(part.term) for term in design.terms]]
        if coding == "number":
            columns |= {column: of_part[column].to_numpy() for column in of_part}
            factors += [None] * of_part.shape[1]
            continue
        of_levels = of_part.to_numpy().T
        if coding == "reduced":
            of_levels = np.vstack([1.0 - of_levels.sum(axis=0), of_levels])
        columns |= {f"{name}[{level}]": of_levels[k] for k, level in enumerate(design.levels[name])}
        factors += [name] * len(design.levels[name])
    return ExpandedDesign(pd.DataFrame(columns, index=matrix.index), tuple(factors))


def columns_without(design: Design, dropped: Sequence[str]) -> pd.DataFrame:
    """Return the coefficients whose terms name none of the dropped columns; the intercept stays."""
    columns_of = {term_name(term): set(term) for term in design.formula.terms}
    keep = [not columns_of.get(term, set()) & set(dropped) for term in design.terms]
    return as_frame(design).loc[:, keep]


def cells_table(design: Design) -> pd.DataFrame:
    """Return every combination of the design's levels with its number of samples, the empty ones included."""
    factors = list(design.levels)
    if not factors:
        everyone = {"samples_of": ["all"], "n_samples": [len(design.samples)], "samples": [", ".join(design.samples)]}
        return pd.DataFrame(everyone).set_index("samples_of")
    every = pd.MultiIndex.from_product([design.levels[name] for name in factors], names=factors)
    table = pd.DataFrame(index=every).reset_index()
    members = [design.groups.get(tuple(row), ()) for row in table[factors].itertuples(index=False)]
    table["n_samples"] = [len(samples) for samples in members]
    table["samples"] = [", ".join(samples) for samples in members]
    return table.set_index(factors[0])


def contrast_facts(design: Design, compiled: Compiled, subjects: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return what a reader needs to check a contrast: weights of coefficients and of groups, settings, group sizes.

    The weight of a group is the sum over its samples of the weights that least squares would give them, the rows of
    ``X (X'X)^-1 c``: which groups the samples' design lets the contrast weigh up, and against which.

    Parameters
    ----------
    subjects : the subject of each sample, where several are of one; groups are then counted in `subjects`, too.
    """
    matrix = np.array(design.rows, dtype=float)
    of_sample = matrix @ np.linalg.solve(matrix.T @ matrix, np.array(compiled.weights))
    by_sample = dict(zip(design.samples, of_sample, strict=True))
    of_subjects = {
        group: len({subjects[sample] for sample in samples}) for group, samples in compiled.groups.items() if subjects
    }
    groups = {":".join(group): sum(by_sample[sample] for sample in members) for group, members in design.groups.items()}
    return {
        "weights": dict(zip(design.columns, compiled.weights, strict=True)),
        "cells": {group: round(weight, 6) for group, weight in groups.items() if group and abs(weight) > 1e-9},
        "at": compiled.at,
        "averaged": list(compiled.averaged),
        "groups": {group: len(samples) for group, samples in compiled.groups.items()},
    } | ({"subjects": of_subjects} if subjects else {})


def compared_samples(design: Design, contrast: Mapping[str, Any], compiled: Compiled) -> list[str] | None:
    """Return the samples of all groups that a contrast compares.

    None for numbers (weights, slopes, values), and for a comparison of two levels that draws on interactions: R's
    DESeq2 tells the samples of those from the weights. One level against the rest, trends and expressions name their
    groups; told from the weights, the reference level would not count as one of them.
    """
    form = contrast_form(contrast)
    terms = {term for term, weight in zip(design.terms, compiled.weights, strict=True) if weight}
    draws_on_levels = form == "levels" and terms == {term_name((contrast["factor"],))}
    if not draws_on_levels and form not in ("rest", "trend", "expression"):
        return None
    chosen = {sample for members in compiled.groups.values() for sample in members}
    return [sample for sample in design.samples if sample in chosen]


def group_labels(samples: pd.DataFrame, factors: Sequence[str]) -> pd.Series:
    """Return each sample's levels of some factors, joined by ``:``."""
    return samples[list(factors)].agg(":".join, axis=1) if factors else pd.Series("", index=samples.index)


def crosstabs(samples: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Count samples for each pair of levels of each pair of factors, in long form."""
    rows = []
    for position, first in enumerate(factors):
        for second in factors[position + 1 :]:
            counted = pd.crosstab(samples[first], samples[second]).stack()
            for (level, other), count in counted.items():
                rows.append((first, level, second, other, int(count)))
    table = pd.DataFrame(rows, columns=["factor", "level", "other_factor", "other_level", "n_samples"])
    return table.set_index("factor")
