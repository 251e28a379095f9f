"""Design matrices: coding of factors, and the weights of a comparison of two levels.

Standard library only: the Snakefile imports this module, and every check of a design runs before any job.

Factors have treatment coding against a reference level that the configuration names. Where a formula leaves out a
margin (no intercept, or an interaction without its main effects), the first factor that can fills the gap with one
column per level, so that the columns span what the formula says and no column is redundant by coding alone: the rule
of patsy and formulaic. Column names are formulaic's (``dex[T.trt]``, ``a[T.x]:b[T.y]``, ``Intercept``).
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from degsteps.basics.errors import ConfigError, DataError, DesignError
from degsteps.basics.words import listed, quoted, suggestion
from degsteps.design.formula import INTERCEPT, Formula, parse_formula, term_name
from degsteps.design.splines import Spline, SplineError, natural_spline


class Scaling(NamedTuple):
    """How a covariate entered the design: ``(value - center) / scale``."""

    center: float
    scale: float

    @property
    def n_columns(self) -> int:
        """Number of columns: a line has one slope."""
        return 1

    def entries(self, value: float) -> tuple[float, ...]:
        """Return the column of the design at one value."""
        return ((value - self.center) / self.scale,)


class Part(NamedTuple):
    """Columns of one term: each of its columns of the sheet with the coding ``full``, ``reduced`` or ``number``."""

    term: tuple[str, ...]
    codings: tuple[tuple[str, str], ...]


class Dropped(NamedTuple):
    """A column that a design leaves out, because it is a combination of others in these samples.

    Attributes
    ----------
    column, term : as in a design.
    position : its place among all columns.
    combination : pairs of a column that stays and its coefficient; none where the column is 0 in every sample.
    """

    column: str
    term: str
    position: int
    combination: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Design:
    """A design matrix with what its columns mean.

    Attributes
    ----------
    formula : the model formula.
    samples : sample ids, one per row.
    columns : names of the coefficients, one per column of the matrix.
    terms : for each column the term that it belongs to (``Intercept``, ``dex``, ``a:b``).
    rows : the matrix, samples x coefficients.
    levels : levels of each factor of the formula, reference first; only levels that a sample has.
    covariates : how each covariate of the formula entered: centre and scale, or the knots of its spline.
    groups : samples of each combination of levels that occurs, in the order of ``group_factors``.
    parts : what the columns are made of, those that are left out included.
    dropped : columns that are left out (:func:`degsteps.design.rank.without_redundant_columns`).
    """

    formula: Formula
    samples: tuple[str, ...]
    columns: tuple[str, ...]
    terms: tuple[str, ...]
    rows: list[list[float]] = field(repr=False)
    levels: dict[str, tuple[str, ...]]
    covariates: dict[str, Scaling | Spline]
    groups: dict[tuple[str, ...], tuple[str, ...]] = field(repr=False)
    parts: tuple[Part, ...] = field(repr=False)
    dropped: tuple[Dropped, ...] = ()

    @property
    def every_column(self) -> tuple[tuple[str, str], ...]:
        """All columns of the formula with their terms, those that are left out included."""
        columns = list(zip(self.columns, self.terms, strict=True))
        for dropped in self.dropped:
            columns.insert(dropped.position, (dropped.column, dropped.term))
        return tuple(columns)

    @property
    def group_factors(self) -> tuple[str, ...]:
        """The factors whose levels name a group."""
        return tuple(self.levels)

    def row(self, levels: Mapping[str, str], covariates: Mapping[str, float] | None = None) -> list[float]:
        """Return the row of a sample with these levels, in every column; factors not named are at their reference.

        Covariates are given in the sheet's unit and are at their centre if not named.
        """
        values = {name: levels.get(name, of_factor[0]) for name, of_factor in self.levels.items()}
        for name, used in self.covariates.items():
            values[name] = used.entries((covariates or {}).get(name, used.center))
        return [value for part in self.parts for value in _part_values(part, values, self.levels)]


def factor_levels(values: Sequence[str], reference: str, order: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the levels that occur: the reference, then the given order, then as they first appear."""
    present = dict.fromkeys(values)
    return tuple(dict.fromkeys(level for level in (reference, *(order or ()), *present) if level in present))


def build_design(
    samples: Mapping[str, Sequence[str]],
    sample_ids: Sequence[str],
    formula: Formula | str,
    factors: Mapping[str, Mapping[str, Any]],
    covariates: Mapping[str, Mapping[str, Any]],
) -> Design:
    """Build the design matrix of a formula.

    Parameters
    ----------
    samples : column name to values, text, one per sample (from a DataFrame: ``table.to_dict("list")``).
    sample_ids : ids of the samples, in the order of the values.
    formula : a formula, or its text.
    factors : as in the configuration: ``{"dex": {"reference": "untrt", "levels": None}}``.
    covariates : as in the configuration: ``{"age": {"center": True, "scale": False, "spline": None}}``. The mean, the
        standard deviation (n - 1) and the knots of a spline (``{"df": 3}``) are those of the given samples. Centring
        changes the intercept only, except that in an interaction the other column's effect is then the one at the
        covariate's mean.

    Raises
    ------
    ConfigError
        if a column of the formula is not declared, or in both lists.
    DataError
        if a column is missing, has a blank cell, or a covariate is no number.
    DesignError
        if the reference level does not occur, a factor has one level, or a covariate is constant or has too few
        values for its spline.

    Notes
    -----
    A matrix without full rank is returned as it is; :func:`degsteps.design.rank.without_redundant_columns` makes it one
    that can be fitted.
    """
    formula = parse_formula(formula) if isinstance(formula, str) else formula
    levels: dict[str, tuple[str, ...]] = {}
    used: dict[str, Scaling | Spline] = {}
    values: dict[str, Sequence[str | tuple[float, ...]]] = {}
    for name in formula.columns:
        texts = _column(samples, sample_ids, name)
        if (name in factors) == (name in covariates):
            where = "both a factor and a covariate" if name in factors else "neither a factor nor a covariate"
            raise ConfigError(
                f"design: column {quoted(name)} of the formula is {where}. Declare it under design.factors (levels) "
                "or under design.covariates (numbers)."
            )
        if name in factors:
            values[name], levels[name] = texts, _levels(name, texts, factors[name])
        else:
            numbers = _numbers(name, texts, sample_ids)
            used[name] = _entering(name, numbers, covariates[name])
            values[name] = [used[name].entries(number) for number in numbers]
    parts = tuple(_coded_parts(formula, frozenset(used)))
    widths = {name: covariate.n_columns for name, covariate in used.items()}
    columns = [(column, part.term) for part in parts for column in _part_columns(part, levels, widths)]
    rows = []
    for index in range(len(sample_ids)):
        of_sample = {name: values[name][index] for name in values}
        rows.append([value for part in parts for value in _part_values(part, of_sample, levels)])
    groups: dict[tuple[str, ...], list[str]] = {}
    for index, sample in enumerate(sample_ids):
        groups.setdefault(tuple(values[name][index] for name in levels), []).append(sample)
    ranks = {name: {level: rank for rank, level in enumerate(of_factor)} for name, of_factor in levels.items()}
    in_order = sorted(groups, key=lambda group: [ranks[name][level] for name, level in zip(levels, group, strict=True)])
    return Design(
        formula=formula,
        samples=tuple(sample_ids),
        columns=tuple(column for column, _ in columns),
        terms=tuple(term_name(term) for _, term in columns),
        rows=rows,
        levels=levels,
        covariates=used,
        groups={group: tuple(groups[group]) for group in in_order},
        parts=parts,
    )


def _column(samples: Mapping[str, Sequence[str]], sample_ids: Sequence[str], name: str) -> list[str]:
    if name not in samples:
        raise DataError(f"the sample sheet has no column {quoted(name)}. {suggestion(name, list(samples))}")
    column = list(samples[name])
    if len(column) != len(sample_ids):
        raise ValueError(f"column {name!r} has {len(column)} values for {len(sample_ids)} samples")
    blank = [sample for sample, value in zip(sample_ids, column, strict=True) if not str(value).strip()]
    if blank:
        raise DataError(
            f"column {quoted(name)} of the sample sheet is blank for {listed(blank)}. "
            "Fill in the cells, or exclude the samples with a reason."
        )
    return column


def _levels(name: str, column: list[str], declared: Mapping[str, Any]) -> tuple[str, ...]:
    reference = declared["reference"]
    levels = factor_levels(column, reference, declared.get("levels"))
    if reference not in levels and not declared.get("reference_may_lack"):
        raise DesignError(
            f"factor {quoted(name)}: no sample has the reference level {quoted(reference)}. "
            f"{suggestion(reference, levels, 'The levels are')}"
        )
    if len(levels) < 2:
        raise DesignError(
            f"factor {quoted(name)}: every sample has the level {quoted(levels[0])}. "
            "Take the factor out of the formula."
        )
    return levels


def as_number(text: str) -> float | None:
    """Return the number that a cell holds, or None if it holds none (``NA``, ``nan`` and ``inf`` are none)."""
    try:
        number = float(text)
    except ValueError:
        return None
    # float() also takes 1_000, which is no number in any table.
    return number if math.isfinite(number) and "_" not in text else None


def _numbers(name: str, column: list[str], sample_ids: Sequence[str]) -> list[float]:
    numbers = [as_number(str(value)) for value in column]
    wrong = [
        f"{quoted(value)} ({sample})" for sample, value, n in zip(sample_ids, column, numbers, strict=True) if n is None
    ]
    if wrong:
        raise DataError(
            f"covariate {quoted(name)} is no number in {listed(wrong, quote=False)}. "
            "Write numbers with a decimal point, or declare the column under design.factors."
        )
    if len(set(numbers)) < 2:
        raise DesignError(f"covariate {quoted(name)} has one value in all samples. Take it out of the formula.")
    return numbers


def _entering(name: str, numbers: list[float], declared: Mapping[str, Any]) -> Scaling | Spline:
    """Return how a covariate enters the design."""
    mean = math.fsum(numbers) / len(numbers)
    center = mean if declared.get("center", True) else 0.0
    if declared.get("spline"):
        try:
            return natural_spline(numbers, declared["spline"]["df"], center)
        except SplineError as error:
            raise DesignError(
                f"covariate {quoted(name)}: {error} Lower spline.df, or take the spline out for a straight line."
            ) from None
    deviation = math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / (len(numbers) - 1))
    return Scaling(center=center, scale=deviation if declared.get("scale", False) else 1.0)


def _coded_parts(formula: Formula, numeric: frozenset[str]) -> list[Part]:
    """Choose the coding of every factor in every term so that no column is redundant by coding.

    A factor with all its levels spans the constant and the factor's contrasts. So a term spans the product, over its
    factors, of {nothing, contrasts}; margins that an earlier term spans already are left out, and what remains is
    joined again into as few parts as possible.
    """
    spanned: set[frozenset[str]] = set()
    parts = []
    if formula.intercept:
        spanned.add(frozenset())
        parts.append(Part((), ()))
    for term in formula.terms:
        margins = [
            tuple(itertools.compress(term, chosen))
            for chosen in itertools.product((True, False), repeat=len(term))
            if all(keep or name not in numeric for keep, name in zip(chosen, term, strict=True))
        ]
        new = [margin for margin in margins if frozenset(margin) not in spanned]
        spanned.update(map(frozenset, new))
        parts += [_ordered(term, codings) for codings in _joined(sorted(new, key=len), numeric)]
    return parts


def _joined(margins: list[tuple[str, ...]], numeric: frozenset[str]) -> list[dict[str, str]]:
    """Join margins: a part, and the same part times the contrasts of one more factor, are that factor in full."""
    parts: list[dict[str, str]] = []
    pending = [{name: "number" if name in numeric else "reduced" for name in margin} for margin in margins]
    while pending:
        part = pending.pop(0)
        for other in parts:
            extra = part.keys() - other.keys()
            if len(part) == len(other) + 1 and len(extra) == 1 and other.items() <= part.items():
                (name,) = extra
                if part[name] == "reduced":
                    parts.remove(other)
                    # The joined part may join further: start over with it.
                    pending = [*parts, other | {name: "full"}, *pending]
                    pending.sort(key=len)
                    parts = []
                    break
        else:
            parts.append(part)
    return sorted(parts, key=len)


def _ordered(term: tuple[str, ...], codings: dict[str, str]) -> Part:
    return Part(term, tuple((name, codings[name]) for name in term if name in codings))


def _coded_levels(name: str, coding: str, levels: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return levels[name] if coding == "full" else levels[name][1:]


def _part_columns(part: Part, levels: Mapping[str, tuple[str, ...]], widths: Mapping[str, int]) -> list[str]:
    """Return the column names of a part; the levels of its first factor vary fastest, as in R.

    Parameters
    ----------
    widths : number of columns of each covariate.
    """
    if not part.codings:
        return [INTERCEPT]
    names = []
    for name, coding in part.codings:
        if coding == "number":
            width = widths[name]
            names.append([name] if width == 1 else [f"{name}[s{number}]" for number in range(1, width + 1)])
        else:
            mark = "" if coding == "full" else "T."
            names.append([f"{name}[{mark}{level}]" for level in _coded_levels(name, coding, levels)])
    return [":".join(reversed(chosen)) for chosen in itertools.product(*reversed(names))]


def _part_values(
    part: Part, values: Mapping[str, str | tuple[float, ...]], levels: Mapping[str, tuple[str, ...]]
) -> list[float]:
    """Return one sample's values in the columns of a part."""
    products = [1.0]
    for name, coding in part.codings:
        if coding == "number":
            products = [value * entry for entry in values[name] for value in products]
        else:
            products = [
                value if values[name] == level else 0.0
                for level in _coded_levels(name, coding, levels)
                for value in products
            ]
    return products


def contrast_vector(design: Design, contrast: Mapping[str, str]) -> list[float]:
    """Return the weights of the coefficients that make up one comparison of two levels.

    The comparison is that of two samples which differ in the factor alone: the row of the design at the test level
    minus that at the reference level. Without interactions of the factor it does not matter what the other columns
    hold. **With an interaction it does**, and all other factors are at their reference level and all covariates at
    their centre (their mean if centred, else zero): the same as DESeq2's
    ``results(contrast = c(factor, test, reference))``, which takes the main-effect coefficients. The mean over the
    other factor's levels would be another question.
    :func:`contrast_setting` says at which levels the comparison holds.

    Parameters
    ----------
    contrast : ``{"factor": ..., "test": ..., "reference": ...}``.

    Returns
    -------
    One weight for every column of the formula, in log2 fold change units of the coefficients.

    Raises
    ------
    DesignError
        if the factor is not in the formula or a level does not occur.
    """
    factor, test, reference = contrast["factor"], contrast["test"], contrast["reference"]
    if factor in design.covariates:
        raise DesignError(
            f"contrast: {quoted(factor)} is a covariate, and contrasts compare levels. Name a factor of the formula."
        )
    if factor not in design.levels:
        raise DesignError(
            f"contrast: {quoted(factor)} is no factor of the formula {design.formula}. "
            f"{suggestion(factor, list(design.levels), 'Its factors are')}"
        )
    for level in (test, reference):
        if level not in design.levels[factor]:
            raise DesignError(
                f"contrast: no sample has the level {quoted(level)} of {quoted(factor)}. "
                f"{suggestion(level, design.levels[factor], 'The levels are')}"
            )
    if test == reference:
        raise DesignError(f"contrast: {quoted(test)} is compared with itself. Name two different levels.")
    above, below = design.row({factor: test}), design.row({factor: reference})
    return [first - second for first, second in zip(above, below, strict=True)]


def contrast_setting(design: Design, contrast: Mapping[str, str]) -> dict[str, str | float]:
    """Return the columns that change a comparison and the value at which it is made.

    Empty without an interaction of the contrast's factor. Otherwise the reference level of each factor that
    interacts with it, and for each such covariate the value in the sheet's unit.
    """
    factor = contrast["factor"]
    others = dict.fromkeys(name for term in design.formula.terms if factor in term for name in term if name != factor)
    return {
        name: design.levels[name][0] if name in design.levels else design.covariates[name].center for name in others
    }
