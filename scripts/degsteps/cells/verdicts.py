"""The verdict of every cell, with all reasons why it is dropped."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError, Finding
from degsteps.cells.quality import METRICS, is_beyond
from degsteps.inputs.cells.donor_names import is_no_person

KEPT, DROPPED = "kept", "dropped"
#: A capture or label that loses more than this share of its cells is warned of.
HEAVY_LOSS = 0.3
_FEWEST_TO_WARN = 10
#: No droplet instrument in use fills more droplets with cells in one capture.
MOST_CELLS = 60_000


@dataclass(frozen=True)
class Limits:
    """Fixed limits, whatever the capture; None where there is none."""

    min_genes: float | None = 200
    min_counts: float | None = 500
    max_mito_percent: float | None = None


class Reasons:
    """Reasons of cells, collected one rule after another; texts are made only where a rule applies.

    Attributes
    ----------
    numbers : dict of int
        Cells by rule; a cell with two reasons counts in both.
    """

    def __init__(self, n_cells: int) -> None:
        self._texts: dict[int, list[str]] = {}
        self._n_cells = n_cells
        self.numbers: dict[str, int] = {}

    def add(self, rule: str, applies: np.ndarray, text: Callable[[int], str]) -> None:
        """Add the reason ``text(position)`` to the cells that a rule applies to."""
        positions = np.flatnonzero(applies)
        self.numbers[rule] = self.numbers.get(rule, 0) + len(positions)
        for position in positions.tolist():
            self._texts.setdefault(position, []).append(text(position))

    @property
    def dropped(self) -> np.ndarray:
        """Which cells have a reason."""
        mask = np.zeros(self._n_cells, dtype=bool)
        mask[list(self._texts)] = True
        return mask

    def texts(self) -> list[str]:
        """Return the reasons of every cell, joined; blank if there is none."""
        joined = [""] * self._n_cells
        for position, found in self._texts.items():
            joined[position] = "; ".join(found)
        return joined

    def forgive(self, cells: np.ndarray) -> None:
        """Take all reasons from some cells: those that are kept whatever the rules say."""
        for position in np.flatnonzero(cells).tolist():
            self._texts.pop(position, None)


def judge_identity(reasons: Reasons, cells: pd.DataFrame, drop: Collection[str], donors_are_known: bool = True) -> None:
    """Add reasons that no list of kept cells forgives: no count at all, no person, listed in drop_cells.

    Parameters
    ----------
    cells : columns cell, donor, total.
    drop : ids of cells.
    donors_are_known : False if nobody knows whose the cells are, which the configuration then says.
    """
    reasons.add("no_counts", cells["total"].to_numpy() == 0, lambda _: "no counts")
    if donors_are_known:
        donors = cells["donor"].to_numpy(dtype=object)
        persons = [donor for donor in pd.unique(cells["donor"]) if not is_no_person(donor)]
        is_of_nobody = ~cells["donor"].isin(persons).to_numpy()
        reasons.add("no_person", is_of_nobody, lambda i: _donor_reason(donors[i]))
    reasons.add("drop_cells", cells["cell"].isin(list(drop)).to_numpy(), lambda _: "listed in drop_cells")


def _donor_reason(donor: object) -> str:
    name = "" if donor is None or donor != donor else str(donor)
    return f"donor '{name}' is no person" if name.strip() else "no donor is given"


def judge_quality(reasons: Reasons, cells: pd.DataFrame, thresholds: pd.DataFrame, limits: Limits, mads: float) -> None:
    """Add reasons of quality: fixed limits first, then limits of captures.

    Parameters
    ----------
    cells : columns capture and those of :func:`degsteps.cells.quality.cell_metrics`.
    thresholds : of :func:`degsteps.cells.quality.quality_thresholds`.
    """
    well = np.ones(len(cells), dtype=bool)
    fixed = (
        ("detected", limits.min_genes, "<"),
        ("total", limits.min_counts, "<"),
        ("mito_percent", limits.max_mito_percent, ">"),
    )
    for name, limit, sign in fixed:
        if limit is None or name not in cells:
            continue
        values = cells[name].to_numpy(dtype=float)
        beyond = values < limit if sign == "<" else values > limit
        well &= ~beyond
        reasons.add(
            f"{name}_limit",
            beyond,
            lambda i, name=name, v=values, sign=sign, limit=limit: f"{name} {_number(v[i])} {sign} {_number(limit)}",
        )
    captures = cells["capture"].to_numpy(dtype=object)
    for metric in METRICS:
        rows = thresholds[thresholds["metric"] == metric.name]
        if rows.empty:
            continue
        values = cells[metric.name].to_numpy(dtype=float)
        number = pd.Categorical(captures, categories=rows["capture"]).codes
        lower, higher = rows["lower"].to_numpy()[number], rows["higher"].to_numpy()[number]
        is_low = metric.side == "lower"
        limit = lower if is_low else higher
        word, sign = ("below", "<") if is_low else ("above", ">")
        beyond = is_beyond(values, lower, higher)
        well &= ~beyond
        reasons.add(
            f"{metric.name}_mads",
            beyond,
            lambda i, name=metric.name, word=word, sign=sign, v=values, limit=limit: (
                f"{name} {word} {mads:g} MADs ({_number(v[i])} {sign} {_number(limit[i])} in capture {captures[i]})"
            ),
        )
    return well


def judge_doublets(
    reasons: Reasons,
    called: np.ndarray,
    scores: np.ndarray,
    known: np.ndarray,
    by_column: np.ndarray,
    given: Sequence[object],
) -> None:
    """Add the reason of doublets: what the column of demultiplexing says, or else the score.

    Parameters
    ----------
    called, scores : of every cell.
    known : doublets by demultiplexing, by a column of it or as the name of the donor, which is a reason already.
    by_column : those by the column.
    given : the values of that column.
    """
    reasons.add("doublet_given", called & by_column, lambda i: f"doublet by demultiplexing ('{given[i]}')")
    reasons.add("doublet_score", called & ~known, lambda i: f"doublet score {scores[i]:.2f}")


def require_known_cells(listed: Collection[str], cells: pd.Series, key: str) -> list[Finding]:
    """Return a finding for listed cells that were not read; refuse a list of which none was.

    Raises
    ------
    DataError
        If no listed cell is among those read.
    """
    there = set(cells)
    missing = [cell for cell in listed if cell not in there]
    if not missing:
        return []
    example = next(iter(cells), "")
    what = f"{len(missing):,} of {len(listed):,} cells of the list were not read, such as {missing[0]!r}."
    cure = f"Write ids as in the column 'cell' of cells.tsv, e.g. {example!r}."
    if len(missing) == len(set(listed)):
        raise DataError(f"cells: quality: {key}: {what} {cure}")
    return [Finding(f"cells.quality.{key}", what, cure, "note")]


def heavy_losses(dropped: np.ndarray, groups: pd.Series, kind: str) -> list[Finding]:
    """Return a finding for every capture or label that loses more than 30 % of its cells.

    Parameters
    ----------
    dropped : bool, by cell.
    groups : capture or label by cell; cells without one are passed over.
    kind : ``capture``, ``label`` or another noun.
    """
    table = pd.DataFrame({"group": groups.to_numpy(dtype=object), "dropped": dropped}).dropna()
    shares = table.groupby("group", sort=True)["dropped"].agg(["sum", "size"])
    return [
        Finding(
            f"{kind} {name}",
            f"{row['sum']:,} of {row['size']:,} cells are dropped ({row['sum'] / row['size']:.0%}).",
            "Look at the violins of quality, and at the reasons in cells.tsv, before going on.",
            "note",
        )
        for name, row in shares.iterrows()
        if row["size"] >= _FEWEST_TO_WARN and row["sum"] > HEAVY_LOSS * row["size"]
    ]


def large_captures(captures: pd.Series) -> list[Finding]:
    """Return a finding for captures of more cells than are loaded together: several that were joined, most likely."""
    sizes = captures.value_counts().sort_index()
    return [
        Finding(
            f"capture {name}",
            f"{size:,} cells are more than are loaded together.",
            "If captures were joined, name the column that tells them apart (cells.capture_column): limits and "
            "doublets are of one capture.",
            "note",
        )
        for name, size in sizes[sizes > MOST_CELLS].items()
    ]


def _number(value: float) -> str:
    """Return a number as it is read: counts whole, limits between them with one or two digits."""
    if float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}"
