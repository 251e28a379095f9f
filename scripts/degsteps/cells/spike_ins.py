"""Spike-ins: how many molecules of them were added to each cell."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError


def molecules_added(table: pd.DataFrame, spikes: Iterable[str]) -> float:
    """Return the molecules of all spike-ins that were counted.

    Parameters
    ----------
    table : column `molecules`, indexed by spike-in.
    spikes : those among the counts.

    Raises
    ------
    DataError
        If the column or a spike-in is missing, or its number is none.
    """
    if "molecules" not in table:
        raise DataError(
            "cells: spike_ins: table: there is no column 'molecules' (added to each cell). Name it so, beside the id."
        )
    missing = [str(spike) for spike in spikes if spike not in table.index]
    if missing:
        raise DataError(
            f"cells: spike_ins: table: there is no row for {', '.join(missing[:3])}, {len(missing)} in all. Add them."
        )
    numbers = pd.to_numeric(table.loc[list(spikes), "molecules"], errors="coerce").to_numpy(dtype=float)
    if not (np.isfinite(numbers) & (numbers >= 0)).all() or numbers.sum() <= 0:
        raise DataError("cells: spike_ins: table: molecules must be numbers of 0 or more, not all 0. Correct them.")
    return float(numbers.sum())
