"""Rows that are no genes and columns that are no samples, in frames: the same answers as of the pass over text."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from degsteps.basics.words import counted
from degsteps.inputs.scan.names import ASKED, TOTAL_OF_ROWS, column_kind, row_kind
from degsteps.inputs.scan.scan import Scan
from degsteps.inputs.scan.sums import EDGE, SumSearch, is_like_a_mean, is_like_a_total, is_sum_of_others
from degsteps.inputs.sources import Source, sheet_samples


def without_other_columns(counts: pd.DataFrame, source: Source | None) -> tuple[pd.DataFrame, dict[str, str]]:
    """Leave out columns that no row of the sheet names and that are no samples by their names or by what they hold.

    Returns
    -------
    counts : the other columns; all if none of them is a sample of the sheet.
    beside : what the columns are that are left out.
    """
    sample_ids = frozenset(sheet_samples(source)) if source is not None else frozenset()
    names = list(counts.columns)
    if not sample_ids or len(set(names)) < len(names):
        return counts, {}
    has_samples = not sample_ids.isdisjoint(names)
    beside = {}
    for name in names:
        kind = column_kind(name, sample_ids)
        if kind is None and has_samples and name not in sample_ids:
            kind = _kind_of_values(counts[name])
        if kind is not None:
            beside[name] = kind
    if not beside or len(beside) == len(names):
        return counts, {}
    return counts[[name for name in names if name not in beside]], beside


def _kind_of_values(column: pd.Series) -> str | None:
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().mean() > 0.5:
        return "text"
    return "numbers with fractions" if (numbers % 1 > 0).mean() > 0.25 else None


class RowsAside:
    """Rows that may be no genes, taken out of a frame until its numbers are known.

    Attributes
    ----------
    counts : all other rows.
    rows : positions of those that were taken out, why, and whether their name alone decides.
    """

    def __init__(self, counts: pd.DataFrame, source: Source | None) -> None:
        self.drop = frozenset(source.drop_rows if source is not None else ())
        self.keep = frozenset(source.keep_rows if source is not None else ())
        names = counts.index.astype(str)
        kinds = [self._kind(name) for name in names]
        is_aside = np.array([kind is not None for kind in kinds], dtype=bool)
        self.named = [name for name in names if name in self.drop or name in self.keep]
        self.kinds = [(name, *kind) for name, kind in zip(names, kinds, strict=True) if kind is not None]
        self.aside = counts[is_aside] if is_aside.any() else counts.iloc[:0]
        self.counts = counts[~is_aside] if is_aside.any() else counts

    def _kind(self, name: str) -> tuple[str, bool] | None:
        if name in self.keep:
            return None
        return (ASKED, True) if name in self.drop else row_kind(name.encode())

    def decide(self, scan: Scan, genes: pd.Index, values: np.ndarray) -> tuple[pd.Index, np.ndarray]:
        """Give back rows that are genes after all, and tell in the scan which are not and which genes are sums."""
        scan.named_rows = self.named
        present = np.where(np.isfinite(values), values, 0)
        totals, n_genes = present.sum(axis=0), len(genes)
        is_whole = bool((present == np.rint(present)).all())
        search = _blocks(genes, present) if is_whole else {}
        outside, back = np.zeros(values.shape[1]), []
        for (name, reason, is_certain), (_, row) in zip(self.kinds, self.aside.iterrows(), strict=True):
            numbers = pd.to_numeric(row, errors="coerce").to_numpy(dtype=float)
            is_number = bool(np.isfinite(numbers).all())
            if not is_certain and is_number:
                is_like = is_like_a_total if reason == TOTAL_OF_ROWS else is_like_a_mean
                has_fractions = is_whole and bool((numbers != np.rint(numbers)).any())
                if not has_fractions and not is_like(numbers.tolist(), totals.tolist(), n_genes):
                    scan.kept_words.append(name)
                    back.append((name, numbers))
                    continue
            scan.no_genes.setdefault(name, [reason, 0])[1] += 1
            outside += np.where(np.isfinite(numbers), numbers, 0)
        own = {*scan.no_genes, *self.keep}
        largest = int(present.sum(axis=1).argmax()) if n_genes else 0
        if n_genes >= 4 and genes[largest] not in own:
            row = present[largest].tolist()
            if is_sum_of_others(row, totals.tolist(), outside.tolist()):
                scan.sum_rows[genes[largest]] = "all other rows"
        for name, (number, side) in search.items():
            if name not in own:
                scan.sum_rows.setdefault(name, f"the {counted(number, 'row')} {side} it")
        if back:
            genes = genes.append(pd.Index([name for name, _ in back], dtype=object))
            values = np.vstack([values, *(numbers for _, numbers in back)])
        return genes, values


def _blocks(genes: Sequence[str], values: np.ndarray) -> dict[str, tuple[int, str]]:
    search, n_columns = SumSearch(), values.shape[1]
    edges = [*range(n_columns)] if n_columns <= 2 * EDGE else [*range(EDGE), *range(n_columns - EDGE, n_columns)]
    for gene, cells in zip(genes, values[:, edges].astype(object).tolist(), strict=True):
        search.add(gene, [*map(int, cells)])
    return search.found
