"""Calls of doublets: those of demultiplexing first, then the highest scores, down to the expected number."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from degsteps.basics.errors import ConfigError
from degsteps.cells.blocks import Counts, genes_of_cells
from degsteps.cells.doublets import artificial_neighbour_scores, most_variable, scrublet_scores

METHODS = ("artificial_neighbours", "scrublet", "none")
#: Share of doublets per cell of a capture, of droplet protocols: 0.8 % for each 1,000 cells.
RATE_PER_CELL = 0.008 / 1000
#: No protocol that is used gives more; captures that were joined would.
LARGEST_RATE = 0.4
#: What demultiplexing programs call doublets.
_DOUBLETS = frozenset({"doublet", "doublets", "multiplet", "multiplets", "dbl"})
#: The same in a column that says nothing else.
_FLAGS = frozenset({"true", "1", "1.0", "yes"})


@dataclass(frozen=True)
class Doublets:
    """Doublets of all captures.

    Attributes
    ----------
    scores : (cells,)
        0 to 1; missing for cells that were not scored.
    called : bool, (cells,)
    captures : DataFrame, captures x (cells, scored, expected, known, called)
    """

    scores: np.ndarray
    called: np.ndarray
    captures: pd.DataFrame


def doublets(
    counts: Counts,
    cells: pd.DataFrame,
    is_scored: np.ndarray,
    method: str,
    rate: float | None,
    seed: int,
    known: np.ndarray,
    exempt: np.ndarray,
) -> Doublets:
    """Score and call doublets, capture by capture.

    Parameters
    ----------
    counts
        Cells x genes.
    cells
        Columns cell, capture and total, in the order of the counts.
    is_scored
        Cells that quality leaves; the others make no artificial doublets and get no score.
    method
        ``artificial_neighbours``, ``scrublet``, or ``none`` (only what is known is called).
    rate
        Share of doublets in a capture; 0.8 % per 1,000 of its cells if None.
    known
        Doublets by demultiplexing: called first; only what is left of the expected number is called by score.
    exempt
        Cells that are never called: those that are kept by name.
    """
    if method not in METHODS:
        raise ConfigError(f"cells: doublets: method: {method!r} is not known. Choose {', '.join(METHODS)}.")
    if rate is not None and not 0 <= rate < 1:
        raise ConfigError(f"cells: doublets: rate: {rate} is no share. Write e.g. 0.08 for 8 %.")
    n_cells = len(cells)
    scores, called = np.full(n_cells, np.nan), np.zeros(n_cells, dtype=bool)
    ids, totals = cells["cell"].to_numpy(dtype=str), cells["total"].to_numpy()
    rows = {}
    for capture, positions in cells.groupby("capture", sort=True, observed=True).indices.items():
        scored = positions[is_scored[positions]]
        if method != "none" and len(scored):
            scores[scored] = _capture_scores(counts, scored, ids[scored], totals[scored], method, seed)
        expected = expected_doublets(len(positions), rate)
        called[positions] = called_doublets(
            scores[positions], totals[positions], expected, known[positions], exempt[positions]
        )
        numbers = (len(positions), len(scored), expected, int(known[positions].sum()), int(called[positions].sum()))
        rows[capture] = numbers
    names = ["cells", "scored", "expected", "known", "called"]
    captures = pd.DataFrame.from_dict(rows, orient="index", columns=names).rename_axis("capture")
    return Doublets(scores, called, captures)


def _capture_scores(
    counts: Counts, positions: np.ndarray, ids: np.ndarray, totals: np.ndarray, method: str, seed: int
) -> np.ndarray:
    """Score cells in the order of their ids: which cells are paired does not depend on their order in the file."""
    order = np.argsort(ids, kind="stable")
    if method == "scrublet":
        scores = scrublet_scores(genes_of_cells(counts, None, positions)[order], seed)
    else:
        chosen = most_variable(counts, positions, totals)
        scores = artificial_neighbour_scores(genes_of_cells(counts, chosen, positions)[order], totals[order], seed)
    result = np.empty(len(order))
    result[order] = scores
    return result


def expected_doublets(n_cells: int, rate: float | None = None) -> float:
    """Return how many of the cells of a capture are expected to be doublets.

    Parameters
    ----------
    n_cells : cells of the capture, with those that were dropped for other reasons.
    rate : share of doublets; 0.8 % per 1,000 cells if None.
    """
    share = min(RATE_PER_CELL * n_cells, LARGEST_RATE) if rate is None else rate
    return share * n_cells


def called_doublets(
    scores: np.ndarray, totals: np.ndarray, expected: float, known: np.ndarray, exempt: np.ndarray
) -> np.ndarray:
    """Call the cells of highest score until the expected number is reached.

    Parameters
    ----------
    scores : missing scores are never called.
    totals : counts of the cells: of equal scores the larger cell is called; of equal cells at the border none is.
    expected : number of doublets, rounded down.
    known : doublets by demultiplexing; they are called first, and count.
    exempt : cells that are never called.
    """
    called = known & ~exempt
    room = int(np.floor(expected + 1e-9)) - int(known.sum())
    free = np.flatnonzero(~called & ~exempt & ~np.isnan(scores))
    if room <= 0 or not len(free):
        return called
    ordered = free[np.lexsort((-totals[free], -scores[free]))]
    chosen = ordered[:room]
    if room < len(ordered):
        next_one = ordered[room]
        chosen = chosen[(scores[chosen] != scores[next_one]) | (totals[chosen] != totals[next_one])]
    called[chosen] = True
    return called


def is_doublet(values: Iterable[object], flags: bool = True) -> np.ndarray:
    """Return which values of a column of demultiplexing say doublet: ``Doublet``, ``multiplet``, ``DBL-...``, True.

    Parameters
    ----------
    flags : whether true and 1 say so, too; not in a column of donors, of whom one may be called 1.
    """
    words = _DOUBLETS | _FLAGS if flags else _DOUBLETS
    texts = pd.Series(list(values), dtype=object)
    says_so = {
        value: str(value).strip().lower() in words
        or str(value).strip().lower().startswith(("dbl-", "doublet-", "doublet_"))
        for value in texts.dropna().unique()
    }
    return texts.map(says_so).fillna(False).to_numpy(dtype=bool)


def ranking_quality(scores: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return how well scores find known doublets: area under the curve, and under that of precision and recall.

    Returns
    -------
    dict
        ``auc``, ``auprc`` and ``share``, the share of doublets, which a score without information reaches as AUPRC.
        Empty where there are only doublets or none.
    """
    known = ~np.isnan(scores)
    scores, truth = scores[known], truth[known].astype(bool)
    n_true = int(truth.sum())
    if n_true in (0, len(truth)):
        return {}
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(np.append(scores[order], np.nan)) != 0)  # equal scores are one step
    found = np.cumsum(truth[order])[ends]
    precision, steps = found / (ends + 1), np.diff(np.append(0, found)) / n_true
    others = ends + 1 - found
    n_others = len(truth) - n_true
    area = np.trapezoid(np.append(0, found) / n_true, np.append(0, others) / n_others)
    return {"auc": float(area), "auprc": float((precision * steps).sum()), "share": n_true / len(truth)}
