"""Lengths of genes from what is known of them, and the call rate by length as a short table."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

#: Genes of about the same length that one row of the table stands for.
_BINS = 25


def gene_lengths(genes: pd.Index, annotation: pd.DataFrame, given: pd.Series | None) -> np.ndarray | None:
    """Return lengths in bases, NaN where unknown; None if hardly any is known.

    Parameters
    ----------
    genes : that are tested.
    annotation : as text; its column `length` is used where no lengths are given.
    given : by gene.
    """
    if given is None and "length" in annotation:
        given = pd.to_numeric(annotation["length"], errors="coerce")
    if given is None:
        return None
    lengths = given[~given.index.duplicated()].reindex(genes).to_numpy(dtype=float)
    lengths = np.where(lengths > 0, lengths, np.nan)
    return lengths if np.isfinite(lengths).sum() > 0.1 * len(genes) else None


def binned_rates(of_contrasts: Mapping[str, pd.DataFrame | None]) -> pd.DataFrame:
    """Return the call rate of genes of about the same length, with the fitted one.

    Parameters
    ----------
    of_contrasts : `length`, `called` and `weight` of genes, by contrast; None without lengths.

    Returns
    -------
    DataFrame
        Index `contrast`; `length_from`, `length_to`, `genes`, `called`, `rate`, `fitted`.
    """
    rows = []
    for name, table in of_contrasts.items():
        if table is None:
            continue
        known = table[table["length"].notna()].sort_values(["length", "gene"], kind="stable")
        for part in np.array_split(np.arange(len(known)), min(_BINS, len(known))):
            of_bin = known.iloc[part]
            rows.append(
                {
                    "contrast": name,
                    "length_from": of_bin["length"].iloc[0],
                    "length_to": of_bin["length"].iloc[-1],
                    "genes": len(of_bin),
                    "called": int(of_bin["called"].sum()),
                    "rate": float(of_bin["called"].mean()),
                    "fitted": float(of_bin["weight"].mean()),
                }
            )
    columns = ["contrast", "length_from", "length_to", "genes", "called", "rate", "fitted"]
    return pd.DataFrame(rows, columns=columns).set_index("contrast")
