"""Spike-in model: capture efficiency and content of messenger RNA of each cell.

Modelled on BASiCS (Vallejos et al. 2015, 2017), and not that package: moments in closed form instead of a Markov chain.
Counts of spike-ins are Poisson with mean nu_j mu_i, mu_i the molecules added; those of genes are Poisson with mean
phi_j nu_j mu_i rho_ij, rho a gamma variable of mean 1. Efficiencies nu_j vary between the cells of a batch as a gamma
variable does, so that one which is seen by few molecules is shrunk towards the mean of its batch.
"""

from dataclasses import dataclass

import numpy as np

from degsteps.cells.size_factors import exact_mean, total_factors


@dataclass(frozen=True)
class SpikeInModel:
    """Estimates of the model.

    Attributes
    ----------
    capture : (cells,)
        Share of molecules that is seen, nu; relative to mean 1 if the molecules of spike-ins are not known.
    content : (cells,)
        Messenger RNA relative to the mean cell, phi.
    variation : dict of float
        By batch: squared coefficient of variation of the efficiency, theta.
    """

    capture: np.ndarray
    content: np.ndarray
    variation: dict[str, float]

    @property
    def size_factors(self) -> np.ndarray:
        """What counts are divided by so that differences in content stay: relative capture, mean 1.

        Divided by content as well, as BASiCS does, counts are those scaled by the library: in closed form the product
        of content and capture is the total of the cell.
        """
        return self.capture / exact_mean(self.capture)


def spike_in_model(
    totals: np.ndarray, spike_totals: np.ndarray, batches: np.ndarray | None = None, molecules: float | None = None
) -> SpikeInModel:
    """Estimate capture efficiency and content.

    Parameters
    ----------
    totals
        Counts of genes, (cells,).
    spike_totals
        Counts of spike-ins, (cells,). A cell may have none: its efficiency is then below the mean of its batch.
    batches
        Cells that were processed together; all if None.
    molecules
        Spike-in molecules added to each cell; without, efficiencies are relative.

    Raises
    ------
    DataError
        If a cell has no counts, or a batch no spike-ins at all.
    """
    total_factors(totals)
    totals, spikes = np.asarray(totals, dtype=float), np.asarray(spike_totals, dtype=float)
    batches = np.full(len(totals), "all") if batches is None else np.asarray(batches).astype(str)
    amount = 1.0 if molecules is None else float(molecules)
    capture, variation = np.empty(len(totals)), {}
    for batch in np.unique(batches):
        here = batches == batch
        counted = spikes[here]
        ordered = np.sort(counted)  # sums in one order, whatever that of the cells
        total_factors(np.array([int(counted.sum())]), what="spike-ins in a batch")
        mean = ordered.mean()
        # Of a Poisson count with a gamma rate: variance = mean + theta mean^2.
        theta = max((ordered.var(ddof=1) if len(ordered) > 1 else 0.0) - mean, 0.0) / mean**2
        variation[str(batch)] = theta
        if theta > 0:
            capture[here] = (counted + 1 / theta) / (amount + amount / (theta * mean))
        else:
            capture[here] = mean / amount
    content = totals / capture
    if molecules is None:
        capture = capture / exact_mean(capture)
    return SpikeInModel(capture, content / exact_mean(content), variation)
