"""Design matrices: formulas, coding of factors, rank, contrasts.

Standard library only: the Snakefile imports this module, and every check of a design runs before any job.

Factors have treatment coding against a reference level that the configuration names. Where a formula leaves out a
margin (no intercept, or an interaction without its main effects), the first factor that can fills the gap with one
column per level, so that the columns span what the formula says and no column is redundant by coding alone: the rule
of patsy and formulaic. Column names are formulaic's (``dex[T.trt]``, ``a[T.x]:b[T.y]``, ``Intercept``).
"""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from degsteps.errors import ConfigError, DataError, DesignError
from degsteps.splines import Spline, SplineError, natural_spline
from degsteps.wording import listed, quoted, suggestion

INTERCEPT = "Intercept"
#: Relative size below which what is left of a column counts as zero; R's ``lm`` uses the same.
RANK_TOLERANCE = 1e-7


class FormulaError(ConfigError):
    """A model formula cannot be read; ``what`` is the fact and ``cure`` the advice."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(f"{what} {cure}")
        self.what, self.cure = what, cure


@dataclass(frozen=True)
class Formula:
    """A model formula: whether it has an intercept, and its terms as tuples of column names, main effects first."""

    intercept: bool
    terms: tuple[tuple[str, ...], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The sample sheet columns that the formula names, each once, in order."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term))

    def __str__(self) -> str:
        parts = [term_name(term, quote=True) for term in self.terms]
        if not self.intercept:
            parts.insert(0, "0")
        return "~ " + " + ".join(parts or ["1"])


def term_name(term: tuple[str, ...], quote: bool = False) -> str:
    """Return a term as text, e.g. ``("a", "b")`` -> ``"a:b"``; the empty term is the intercept."""
    if not term:
        return INTERCEPT
    return ":".join(f"`{name}`" if quote and not _BARE_NAME.fullmatch(name) else name for name in term)


_BARE_NAME = re.compile(r"(?!\d)[\w.]+")
_TOKEN = re.compile(
    r"\s*(?:(?P<quoted>`[^`]+`)|(?P<number>\d[\w.]*)|(?P<name>(?!\d)[\w.]+)|(?P<sign>%in%|\*\*|[-+:*()~/^|=,$`]|\S))"
)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "sign"
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
    return [*found, _Token("end", "the end", len(text.rstrip()) + 1)]


class _Parser:
    """Recursive descent over ``sum := product (+ product)*; product := part (* part)*; part := atom (: atom)*``."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.index = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.index]

    def take(self) -> _Token:
        token = self.token
        self.index += 1
        return token

    def is_sign(self, *signs: str) -> bool:
        return self.token.kind == "sign" and self.token.text in signs

    def formula(self) -> Formula:
        if not any(token == ("sign", "~", token.position) for token in self.tokens):
            raise FormulaError(
                "The formula has no '~'.", "Begin it with '~', then the columns, e.g. '~ batch + condition'."
            )
        if not self.is_sign("~"):
            self.fail("stands before the '~'", "Leave the left side empty: it is always the counts of a gene.")
        self.take()
        terms = self.sum()
        if self.token.kind != "end":
            self.fail_unexpected()
        intercept, kept = True, []
        for term in terms:
            if isinstance(term, bool):
                intercept = term
            elif not any(set(term) == set(other) for other in kept):
                kept.append(term)
        return Formula(intercept, tuple(sorted(kept, key=len)))

    def sum(self, inside: bool = False) -> list[tuple[str, ...] | bool]:
        terms: list[tuple[str, ...] | bool] = []
        sign = "+"
        if self.is_sign("+", "-"):
            sign = self.take().text
        while True:
            terms += self.constant_or_product(sign, inside)
            if not self.is_sign("+", "-"):
                return terms
            sign = self.take().text

    def constant_or_product(self, sign: str, inside: bool) -> list[tuple[str, ...] | bool]:
        token = self.token
        if token.kind == "number":
            if self.tokens[self.index + 1].text == "|":
                self.fail_random_effect()
            if token.text not in ("0", "1") or inside:
                self.fail(
                    "is a number where a column belongs",
                    "Only '0 +' or '- 1' (no intercept) and '1 +' may stand alone, outside of parentheses; "
                    f"a column of that name goes in backquotes: `{token.text}`.",
                )
            self.take()
            if self.is_sign(":", "*"):
                self.fail("joins a column to a number", "Join columns only.")
            return [(token.text == "1") == (sign == "+")]
        if sign == "-":
            previous = self.tokens[self.index - 2]
            hint = ""
            if previous.kind == "name" and token.kind in ("name", "number"):
                hint = f" If the column is called {previous.text}-{token.text}, put it in backquotes."
            self.fail("is to be taken away", f"Only '- 1' is known: name the terms that you want instead.{hint}")
        return list(self.product())

    def product(self) -> list[tuple[str, ...]]:
        terms = self.interaction()
        while self.is_sign("*"):
            self.take()
            right = self.interaction()
            terms = [*terms, *right, *_crossed(terms, right)]
        return terms

    def interaction(self) -> list[tuple[str, ...]]:
        terms = self.atom()
        while self.is_sign(":"):
            self.take()
            terms = _crossed(terms, self.atom())
        return terms

    def atom(self) -> list[tuple[str, ...]]:
        token = self.token
        if self.is_sign("("):
            self.take()
            terms = self.sum(inside=True)
            if self.is_sign("|"):
                self.fail_random_effect()
            if not self.is_sign(")"):
                self.fail_unexpected("the ')' that closes the parenthesis")
            self.take()
            return [term for term in terms if not isinstance(term, bool)]
        if token.kind == "name":
            self.take()
            if self.is_sign("("):
                self.index -= 1
                self.fail_call()
            return [(token.text,)]
        if token.kind == "quoted":
            self.take()
            return [(token.text[1:-1],)]
        if token.kind == "number":
            self.fail(
                "is a number where a column belongs", f"A column of that name goes in backquotes: `{token.text}`."
            )
        return self.fail_unexpected("the name of a column")

    def fail(self, what: str, cure: str) -> None:
        shown = "The end of the formula" if self.token.kind == "end" else quoted(self.token.text)
        raise FormulaError(f"{shown} (character {self.token.position}) {what}.", cure)

    def fail_call(self) -> None:
        name = self.token.text
        if name in ("C", "factor", "as.factor", "relevel", "Treatment"):
            cure = "Write the column alone and declare it under design.factors, with its reference level."
        else:
            cure = (
                "Formulas hold columns only: write the result as a column of the sample sheet and declare it under "
                "design.covariates (centring and scaling are settings there)."
            )
        self.fail("is a function call", cure)

    def fail_random_effect(self) -> None:
        raise FormulaError(
            "A bar '|' asks for a random effect, and the model of the counts has none.",
            "Use the column as a block instead, e.g. '~ donor + condition', if every donor has several conditions.",
        )

    def fail_unexpected(self, wanted: str = "'+', ':' or '*'") -> None:
        token = self.token
        if token.text == "|":
            self.fail_random_effect()
        cures = {
            "/": "Write a/b as 'a + a:b'.",
            "%in%": "Write 'b %in% a' as 'a:b'.",
            "^": "Write out the terms, e.g. 'a + b + a:b'.",
            "**": "Write out the terms, e.g. 'a + b + a:b'.",
            "~": "Write one '~', at the beginning.",
            "`": "Backquotes come in pairs around the name of a column.",
            "=": "Nothing is assigned in a formula; reference levels go under design.factors.",
        }
        cure = cures.get(token.text if token.kind == "sign" else "")
        if cure is None and token.kind in ("name", "number", "quoted"):
            cure = "Put a sign between two columns; a column name with blanks goes in backquotes: `time point`."
        if cure is None:
            cure = "Known are columns, '+', ':', '*', parentheses, '0 +' and '- 1'; other names go in backquotes."
        self.fail(f"stands where {wanted} is expected", cure)


def _crossed(left: list[tuple[str, ...]], right: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the interaction of every pair of terms; a column crossed with itself is itself."""
    return [tuple(dict.fromkeys((*first, *second))) for first in left for second in right]


def parse_formula(text: str) -> Formula:
    """Read a model formula.

    Known are ``~``, columns, ``+``, ``:``, ``*``, parentheses, ``0 +``, ``1 +`` and ``- 1``. Names are letters, digits,
    ``_`` and ``.``; any other name stands in backquotes. Terms are sorted by the number of columns, as R and formulaic
    do, so main effects come before interactions.

    Raises
    ------
    FormulaError
        (a :class:`ConfigError`) with the position and what to write instead.

    Examples
    --------
    >>> parse_formula("~ a*b").terms
    (('a',), ('b',), ('a', 'b'))
    """
    if not text.strip():
        raise FormulaError("The formula is empty.", "Write '~' and the columns, e.g. '~ batch + condition'.")
    formula = _Parser(text).formula()
    if not formula.intercept and not formula.terms:
        raise FormulaError("The formula has neither an intercept nor a column.", "Name the columns to model.")
    return formula


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


class _Part(NamedTuple):
    """Columns of one term: each of its columns of the sheet with the coding ``full``, ``reduced`` or ``number``."""

    term: tuple[str, ...]
    codings: tuple[tuple[str, str], ...]


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
    cells : samples of each combination of levels that occurs, in the order of ``cell_factors``.
    """

    formula: Formula
    samples: tuple[str, ...]
    columns: tuple[str, ...]
    terms: tuple[str, ...]
    rows: list[list[float]] = field(repr=False)
    levels: dict[str, tuple[str, ...]]
    covariates: dict[str, Scaling | Spline]
    cells: dict[tuple[str, ...], tuple[str, ...]] = field(repr=False)
    parts: tuple[_Part, ...] = field(repr=False)

    @property
    def cell_factors(self) -> tuple[str, ...]:
        """The factors whose levels name a cell."""
        return tuple(self.levels)

    def row(self, levels: Mapping[str, str], covariates: Mapping[str, float] | None = None) -> list[float]:
        """Return the row of a sample with these levels; factors not named are at their reference.

        Covariates are given in the sheet's unit and are at their centre if not named.
        """
        values = {name: levels.get(name, known[0]) for name, known in self.levels.items()}
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
    A matrix without full rank is returned as it is; :func:`rank_report` says why it cannot be fitted.
    """
    formula = parse_formula(formula) if isinstance(formula, str) else formula
    levels: dict[str, tuple[str, ...]] = {}
    used: dict[str, Scaling | Spline] = {}
    values: dict[str, Sequence[str | tuple[float, ...]]] = {}
    for name in formula.columns:
        given = _column(samples, sample_ids, name)
        if (name in factors) == (name in covariates):
            where = "both a factor and a covariate" if name in factors else "neither a factor nor a covariate"
            raise ConfigError(
                f"design: column {quoted(name)} of the formula is {where}. Declare it under design.factors (levels) "
                "or under design.covariates (numbers)."
            )
        if name in factors:
            values[name], levels[name] = given, _levels(name, given, factors[name])
        else:
            numbers = _numbers(name, given, sample_ids)
            used[name] = _entering(name, numbers, covariates[name])
            values[name] = [used[name].entries(number) for number in numbers]
    parts = tuple(_coded_parts(formula, frozenset(used)))
    widths = {name: covariate.n_columns for name, covariate in used.items()}
    columns = [(column, part.term) for part in parts for column in _part_columns(part, levels, widths)]
    rows = []
    for index in range(len(sample_ids)):
        of_sample = {name: values[name][index] for name in values}
        rows.append([value for part in parts for value in _part_values(part, of_sample, levels)])
    cells: dict[tuple[str, ...], list[str]] = {}
    for index, sample in enumerate(sample_ids):
        cells.setdefault(tuple(values[name][index] for name in levels), []).append(sample)
    ranks = {name: {level: rank for rank, level in enumerate(known)} for name, known in levels.items()}
    in_order = sorted(cells, key=lambda cell: [ranks[name][level] for name, level in zip(levels, cell, strict=True)])
    return Design(
        formula=formula,
        samples=tuple(sample_ids),
        columns=tuple(column for column, _ in columns),
        terms=tuple(term_name(term) for _, term in columns),
        rows=rows,
        levels=levels,
        covariates=used,
        cells={cell: tuple(cells[cell]) for cell in in_order},
        parts=parts,
    )


def _column(samples: Mapping[str, Sequence[str]], sample_ids: Sequence[str], name: str) -> list[str]:
    if name not in samples:
        raise DataError(f"the sample sheet has no column {quoted(name)}. {suggestion(name, list(samples))}")
    given = list(samples[name])
    if len(given) != len(sample_ids):
        raise ValueError(f"column {name!r} has {len(given)} values for {len(sample_ids)} samples")
    blank = [sample for sample, value in zip(sample_ids, given, strict=True) if not str(value).strip()]
    if blank:
        raise DataError(
            f"column {quoted(name)} of the sample sheet is blank for {listed(blank)}. "
            "Fill in the cells, or exclude the samples with a reason."
        )
    return given


def _levels(name: str, given: list[str], declared: Mapping[str, Any]) -> tuple[str, ...]:
    reference = declared["reference"]
    levels = factor_levels(given, reference, declared.get("levels"))
    if reference not in levels:
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


def _numbers(name: str, given: list[str], sample_ids: Sequence[str]) -> list[float]:
    numbers = [as_number(str(value)) for value in given]
    wrong = [
        f"{quoted(value)} ({sample})" for sample, value, n in zip(sample_ids, given, numbers, strict=True) if n is None
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


def _coded_parts(formula: Formula, numeric: frozenset[str]) -> list[_Part]:
    """Choose the coding of every factor in every term so that no column is redundant by coding.

    A factor with all its levels spans the constant and the factor's contrasts. So a term spans the product, over its
    factors, of {nothing, contrasts}; margins that an earlier term spans already are left out, and what remains is
    joined again into as few parts as possible.
    """
    spanned: set[frozenset[str]] = set()
    parts = []
    if formula.intercept:
        spanned.add(frozenset())
        parts.append(_Part((), ()))
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


def _ordered(term: tuple[str, ...], codings: dict[str, str]) -> _Part:
    return _Part(term, tuple((name, codings[name]) for name in term if name in codings))


def _coded_levels(name: str, coding: str, levels: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return levels[name] if coding == "full" else levels[name][1:]


def _part_columns(part: _Part, levels: Mapping[str, tuple[str, ...]], widths: Mapping[str, int]) -> list[str]:
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
    part: _Part, values: Mapping[str, str | tuple[float, ...]], levels: Mapping[str, tuple[str, ...]]
) -> list[float]:
    """Return one sample's values in the columns of a part."""
    found = [1.0]
    for name, coding in part.codings:
        if coding == "number":
            found = [value * entry for entry in values[name] for value in found]
        else:
            found = [
                value if values[name] == level else 0.0
                for level in _coded_levels(name, coding, levels)
                for value in found
            ]
    return found


class Alias(NamedTuple):
    """A column that is a combination of earlier columns: name and ``(earlier column, coefficient)`` pairs."""

    column: str
    combination: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class RankReport:
    """Rank of a design, the columns that are redundant, and the residual degrees of freedom (samples - rank)."""

    rank: int
    n_columns: int
    aliased: tuple[Alias, ...]
    residual_df: int

    @property
    def is_full_rank(self) -> bool:
        """Whether every coefficient can be estimated."""
        return self.rank == self.n_columns


def rank_report(design: Design) -> RankReport:
    """Find the rank of a design and name the columns that are combinations of earlier ones.

    Columns are taken in order and divided by their largest value, so a later column is called aliased with earlier
    ones, as R's ``lm`` does; rows are pivoted. What is left of a column below ``RANK_TOLERANCE`` counts as zero.
    """
    scales = [max((abs(row[j]) for row in design.rows), default=0.0) or 1.0 for j in range(len(design.columns))]
    # Equal rows add nothing to the rank. Rows are sparse (few levels apply to a sample), so mappings are quick.
    pending = [
        {j: value / scales[j] for j, value in enumerate(row) if value} for row in dict.fromkeys(map(tuple, design.rows))
    ]
    pivots: list[tuple[int, dict[int, float]]] = []
    aliased = []
    for j in range(len(design.columns)):
        best = max(range(len(pending)), key=lambda i: abs(pending[i].get(j, 0.0)), default=None)
        if best is None or abs(pending[best].get(j, 0.0)) <= RANK_TOLERANCE:
            for row in pending:
                row.pop(j, None)
            aliased.append(Alias(design.columns[j], _combination(j, pivots, scales, design.columns)))
            continue
        pivot = pending.pop(best)
        for row in pending:
            if j in row:
                share = row.pop(j) / pivot[j]
                for k, value in pivot.items():
                    if k > j:
                        row[k] = row.get(k, 0.0) - share * value
        pending = [row for row in pending if row]
        pivots.append((j, pivot))
    return RankReport(len(pivots), len(design.columns), tuple(aliased), len(design.samples) - len(pivots))


def _combination(
    j: int, pivots: list[tuple[int, dict[int, float]]], scales: list[float], columns: Sequence[str]
) -> tuple[tuple[str, float], ...]:
    """Solve the triangular system of the pivots for column ``j``."""
    weights: dict[int, float] = {}
    for k, row in reversed(pivots):
        rest = row.get(j, 0.0) - sum(row.get(other, 0.0) * weight for other, weight in weights.items())
        weights[k] = rest / row[k]
    found = []
    for k, _ in pivots:
        weight = weights[k] * scales[j] / scales[k]
        if abs(weights[k]) > RANK_TOLERANCE:
            found.append((columns[k], round(weight, 6) + 0.0))
    return tuple(found)


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
    One weight per column of the design, in log2 fold change units of the coefficients.

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
