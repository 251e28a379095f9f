"""The normalised table of a name, for inspection; no step reads it."""

import pandas as pd

from degsteps.normalize.methods import TABLES
from degsteps.normalize.size_factors import normalization_factors
from degsteps.normalize.tables import require_factors


def table_for_inspection(
    name: str,
    counts: pd.DataFrame,
    factors: pd.Series,
    gene_lengths: pd.Series | None = None,
    transcript_lengths: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compute a table, genes x samples.

    Parameters
    ----------
    name
        A name of :data:`degsteps.normalize.methods.TABLES`.
    counts
        Reads, genes x samples.
    factors
        Size factors by sample.
    gene_lengths
        One length for each gene, for tables that need lengths.
    transcript_lengths
        Average transcript lengths in each sample, genes x samples, where they are known: they go before the former.
    """
    record = TABLES[name]
    function = record.load()
    if record.takes == "lengths":
        return function(counts, gene_lengths if transcript_lengths is None else transcript_lengths)
    if record.takes == "size_factors":
        if transcript_lengths is not None:
            require_factors(counts, factors)
            return counts / normalization_factors(transcript_lengths.loc[counts.index], factors)
        return function(counts, factors)
    return function(counts)
