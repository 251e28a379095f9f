"""Rank of a design matrix, and the columns that are combinations of others.

Standard library only: the Snakefile imports this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from degsteps.design.coding import Design, Dropped

#: Relative size below which what is left of a column counts as zero; R's ``lm`` uses the same.
RANK_TOLERANCE = 1e-7
#: A weight of a column that is left out may miss what the others give it by so much, relative to their sizes.
ESTIMABLE_TOLERANCE = 1e-6


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
    combination = []
    for k, _ in pivots:
        weight = weights[k] * scales[j] / scales[k]
        if abs(weights[k]) > RANK_TOLERANCE:
            combination.append((columns[k], weight + 0.0))
    return tuple(combination)


def without_redundant_columns(design: Design) -> Design:
    """Return a design without the columns that are combinations of earlier ones: later columns go.

    The fit is the same whichever of them go. What stays has full rank; ``dropped`` keeps what went.
    """
    aliased = {alias.column: alias.combination for alias in rank_report(design).aliased}
    if not aliased:
        return design
    places = {column: position for position, column in enumerate(design.columns)}
    stays = [position for column, position in places.items() if column not in aliased]
    dropped = [
        Dropped(column, design.terms[places[column]], places[column], combination)
        for column, combination in aliased.items()
    ]
    return replace(
        design,
        columns=tuple(design.columns[position] for position in stays),
        terms=tuple(design.terms[position] for position in stays),
        rows=[[row[position] for position in stays] for row in design.rows],
        dropped=tuple(dropped),
    )


def remaining_weights(design: Design, weights: Sequence[float]) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Return a contrast's weights of the columns that stay, and the columns that keep it from being estimated.

    A contrast of all coefficients can be estimated if it lies in the space of the rows. There, what a column that is a
    combination of others weighs is the same combination of their weights; the weights of the others stay as they are.

    Parameters
    ----------
    weights : one for every column of the formula.
    """
    if not design.dropped:
        return tuple(weights), ()
    of_column = {column: weight for (column, _), weight in zip(design.every_column, weights, strict=True)}
    negligible = 1e-9 * max(map(abs, weights))
    lost = []
    for dropped in design.dropped:
        parts = [coefficient * of_column[column] for column, coefficient in dropped.combination]
        own = of_column[dropped.column]
        size = abs(own) + sum(map(abs, parts))
        if abs(own - sum(parts)) > max(ESTIMABLE_TOLERANCE * size, negligible):
            lost.append(dropped.column)
    return tuple(of_column[column] for column in design.columns), tuple(lost)
