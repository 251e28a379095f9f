"""Judge every cell: metrics, limits of its capture, doublets; one row for every cell that was read."""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from degsteps.basics.errors import Finding
from degsteps.cells.blocks import Counts
from degsteps.cells.doublet_calls import Doublets, doublets, is_doublet, ranking_quality
from degsteps.cells.quality import cell_metrics, quality_thresholds
from degsteps.cells.verdicts import (
    DROPPED,
    KEPT,
    Limits,
    Reasons,
    heavy_losses,
    judge_doublets,
    judge_identity,
    judge_quality,
    large_captures,
    require_known_cells,
)


@dataclass(frozen=True)
class Settings:
    """What the configuration says of quality and doublets.

    Attributes
    ----------
    mads : distance from the median of a capture.
    limits : fixed limits.
    keep, drop : ids of cells that are kept or dropped whatever the rules say.
    doublet_method, doublet_rate : as in :func:`degsteps.cells.doublet_calls.doublets`.
    doublet_column : column of demultiplexing that says which cells are doublets; None if there is none.
    label_column : column whose labels are asked how many cells they lose; None if there is none.
    """

    mads: float | None
    limits: Limits
    keep: Collection[str] = ()
    drop: Collection[str] = ()
    doublet_method: str = "artificial_neighbours"
    doublet_rate: float | None = None
    doublet_column: str | None = None
    label_column: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class Assessment:
    """What was found.

    Attributes
    ----------
    cells : DataFrame, every cell in the order of the counts, indexed by cell.
    thresholds : DataFrame, as in :func:`degsteps.cells.quality.quality_thresholds`.
    reasons : dict of int, cells by rule; a cell with two reasons counts in both.
    doublets : of all captures.
    agreement : how well the score finds doublets of demultiplexing; empty without such a column.
    findings : what a person should look at.
    """

    cells: pd.DataFrame
    thresholds: pd.DataFrame
    reasons: dict[str, int]
    doublets: Doublets
    agreement: dict[str, float]
    findings: list[Finding] = field(default_factory=list)


def assessment(
    counts: Counts,
    obs: pd.DataFrame,
    groups: dict[str, np.ndarray],
    settings: Settings,
    spike_totals: np.ndarray | None = None,
) -> Assessment:
    """Judge every cell.

    Parameters
    ----------
    counts : cells x genes, without spike-ins.
    obs : columns `capture`, `donor` and those that the settings name, indexed by cell, in the order of the counts.
    groups : which genes belong to a group (:class:`degsteps.cells.gene_groups.GeneGroups`), bool by group.
    spike_totals : counts of spike-ins of each cell.
    """
    metrics = cell_metrics(counts, groups, spike_totals)
    captures = obs["capture"].astype(str).to_numpy(dtype=object)
    ids = pd.Series(obs.index.astype(str), name="cell")
    named = obs["donor"].astype(object).where(obs["donor"].notna(), "").to_numpy() if "donor" in obs else None
    cells = pd.concat([ids, pd.DataFrame({"capture": captures, "donor": named}), metrics], axis=1)
    thresholds = quality_thresholds(metrics, captures, settings.mads)
    findings = require_known_cells(settings.keep, ids, "keep_cells")
    findings += require_known_cells(settings.drop, ids, "drop_cells")

    reasons = Reasons(len(cells))
    judge_identity(reasons, cells, settings.drop, donors_are_known=named is not None)
    of_nobody = reasons.dropped
    well = judge_quality(reasons, cells, thresholds, settings.limits, settings.mads) & (metrics["total"] > 0).to_numpy()
    wanted = ids.isin(list(settings.keep)).to_numpy() & ~of_nobody
    reasons.forgive(wanted)

    given = obs[settings.doublet_column].astype(object).to_numpy() if settings.doublet_column else np.array([])
    by_column = is_doublet(given) if settings.doublet_column else np.zeros(len(cells), dtype=bool)
    known = by_column | is_doublet(cells["donor"], flags=False)
    # Cells of no person are scored too: doublets of demultiplexing are among them, and tell what the score is worth.
    found = doublets(
        counts, cells, well, settings.doublet_method, settings.doublet_rate, settings.seed, known, exempt=wanted
    )
    judge_doublets(reasons, found.called, found.scores, known, by_column, given)

    cells["doublet_score"], cells["doublet"] = found.scores, found.called
    dropped = reasons.dropped
    cells["verdict"] = np.where(dropped, DROPPED, KEPT)
    cells["reason"] = reasons.texts()
    findings += large_captures(cells["capture"])
    findings += heavy_losses(dropped, cells["capture"], "capture")
    if settings.label_column:
        findings += heavy_losses(dropped, obs[settings.label_column], "label")
    agreement = ranking_quality(found.scores, known)
    return Assessment(cells.set_index("cell"), thresholds, reasons.numbers, found, agreement, findings)
