"""Columns that stand beside the numbers of a test: means of the groups compared."""

from pathlib import Path

import pandas as pd

from degsteps.engines.interface import Fitted
from degsteps.tables import read_table


def offsets(fitted: Fitted, size_factors: Path) -> pd.Series | pd.DataFrame:
    """Return what the fit divided counts by: size factors, or genes x samples where transcript lengths enter too."""
    factors = getattr(fitted, "normalization_factors", None)
    return read_table(size_factors)["size_factor"] if factors is None else factors


def group_means(counts: pd.DataFrame, factors: pd.Series | pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Return the mean normalised counts of each gene in each group, as columns ``mean_<group>``.

    Parameters
    ----------
    factors : what counts are divided by: size factors by sample, or genes x samples.
    """
    if isinstance(factors, pd.DataFrame):
        normalized = counts / factors.loc[counts.index, counts.columns]
    else:
        normalized = counts / factors.loc[counts.columns]
    members = {group: groups.index[groups == group] for group in dict.fromkeys(groups)}
    return pd.DataFrame({f"mean_{group}": normalized[list(samples)].mean(axis=1) for group, samples in members.items()})
