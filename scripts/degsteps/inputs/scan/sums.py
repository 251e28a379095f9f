"""Rows that are the sum of others, found while the rows of a matrix go by.

A gene is never the sum of all others, nor of a block of genes beside it, in every sample. Of each row only a few cells
are looked at: they are packed into one integer, so that the sums of all rows so far are integers too, and a row is the
sum of a block above it if its integer is the difference of two of them. How unlikely it is that a gene is this by
chance decides what is told: for few samples, or few reads, it is not.
"""

import math
from collections.abc import Sequence

#: Cells that are looked at: so many of the first and so many of the last columns.
EDGE = 4
_SHIFT = 60
#: Decimal logarithm of how rarely genes may look like a sum by chance, in one matrix.
_RARE = 4.0


def evidence(counts: Sequence[float]) -> float:
    """Return how rarely a number meets each of some counts by chance, as a decimal logarithm.

    Sums of other genes scatter at least as much as reads do that are drawn, so that one of them is a given count n
    with a probability of at most 1 / sqrt(2 pi n).
    """
    return sum(math.log10(2 * math.pi * count) / 2 for count in counts if count >= 1)


class SumSearch:
    """Search for rows that are sums of a block of rows above or below them."""

    def __init__(self) -> None:
        self.total = self.n_rows = self.n_filled = 0
        #: By the sum of all rows up to one: how many rows, and how many with counts, there are up to it.
        self.prefixes: dict[int, tuple[int, int]] = {0: (0, 0)}
        #: By the sum at which a block ends that began below a row: that row.
        self.wanted: dict[int, tuple[str, int, list[int], int]] = {}
        self.last_sum = 0
        #: By the id of a row: how many rows, and on which side, add up to it; and its cells.
        self.found: dict[str, tuple[int, str]] = {}
        self.packed: dict[str, int] = {}

    def add(self, gene: str | bytes, cells: Sequence[int], counts_too: bool = True) -> None:
        """Take the next row in.

        Parameters
        ----------
        cells : its counts in the columns that are looked at.
        counts_too : whether it may be a part of sums; otherwise it can only be one.
        """
        packed = 0
        for cell in cells:
            packed = packed << _SHIFT | cell
        if not packed:
            self.n_rows += counts_too
            return
        # Blocks above: those that begin anywhere, and those that begin where the last sum stands.
        start = self.prefixes.get(self.total - packed)
        if start is not None and self.n_filled - start[1] >= 2:
            is_natural = self.total - packed in (0, self.last_sum)
            if self._is_rare(cells, is_natural):
                self.found[_text(gene)] = self.n_rows - start[0], "above"
                self.last_sum = self.total
                return
        if not counts_too:
            return
        self.total += packed
        self.n_rows += 1
        self.n_filled += 1
        row = self.wanted.pop(self.total, None)
        if row is not None and self.n_filled - row[3] >= 2 and self._is_rare(row[2], is_natural=False):
            name = _text(row[0])
            self.found[name] = self.n_rows - row[1], "below"
        self.prefixes.setdefault(self.total, (self.n_rows, self.n_filled))
        self.wanted[self.total + packed] = gene, self.n_rows, cells, self.n_filled

    def _is_rare(self, cells: Sequence[int], is_natural: bool) -> bool:
        # A block that may begin anywhere meets a row's first count in one way or another; the other counts tell.
        telling = sorted(cells)[:-1] if not is_natural else cells
        return evidence(telling) >= _RARE + math.log10(self.n_rows + 1)


def _text(gene: str | bytes) -> str:
    return gene if isinstance(gene, str) else gene.decode("utf-8")


def is_sum_of_others(row: Sequence[float], totals: Sequence[float], outside: Sequence[float]) -> bool:
    """Return whether a row is the sum of all other rows, in each column.

    Parameters
    ----------
    totals : sums of all rows, this one among them.
    outside : sums of the rows that are left out because they are no genes: a total may hold them.
    """
    if evidence(row) < _RARE:
        return False
    return any(
        all(
            abs(total - 2 * cell + extra) <= 1e-6 * cell for cell, total, extra in zip(row, totals, extras, strict=True)
        )
        for extras in ([0] * len(row), outside)
    )


def is_like_a_total(row: Sequence[float], totals: Sequence[float], n_genes: int) -> bool:
    """Return whether a row that is called a total is one, if perhaps of more or fewer rows than there are now.

    A gene never has a quarter of the reads of every sample, unless there are few genes.
    """
    share = 0.25 if n_genes >= 20 else 0.9
    return any(totals) and all(cell >= share * total for cell, total in zip(row, totals, strict=True))


def is_like_a_mean(row: Sequence[float], totals: Sequence[float], n_genes: int) -> bool:
    """Return whether a row that is called a mean is one: up to a hundredth off, as a row more or less makes it."""
    means = [total / max(1, n_genes) for total in totals]
    if evidence(row) < _RARE / 2:
        return False
    return all(abs(cell - mean) <= 0.51 + 0.01 * mean for cell, mean in zip(row, means, strict=True))
