"""Rank of a design matrix, and the columns that are combinations of others.

Standard library only: the Snakefile imports this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from degsteps.design.coding import Design

#: Relative size below which what is left of a column counts as zero; R's ``lm`` uses the same.
RANK_TOLERANCE = 1e-7


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
            combination.append((columns[k], round(weight, 6) + 0.0))
    return tuple(combination)
