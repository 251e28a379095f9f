"""Whether a matrix that is named as transcript lengths holds lengths, and what it most likely holds instead.

The tables of a pipeline lie side by side and look alike: TPM in the place of lengths runs through,
and gives other genes.
"""

import os
import re

import numpy as np
import pandas as pd

from degsteps.basics.errors import Finding
from degsteps.basics.words import counted, listed

#: Shares of the values above which they are no exceptions.
_FEW, _BULK = 0.01, 0.05
#: Genes that are compared with the counts; more change nothing.
_MOST_GENES = 5000
_LONGEST = 1e6  # bases; the longest human transcript has about 350,000


def length_faults(table: pd.DataFrame, counts: pd.DataFrame | None = None, path: str = "") -> list[Finding]:
    """Return what shows that a matrix holds no average transcript lengths, one sentence for each sign.

    Parameters
    ----------
    table : all genes of the file x the analysed samples, as numbers; what is no number is missing.
    counts : genes x the same samples.
    path : of the matrix, for the cure.
    """
    values = table.to_numpy(dtype=float)
    known = values[np.isfinite(values)]
    if not known.size:
        return [Finding("", "holds no number.", _cure(path))]
    faults: list[str] = []
    sums = np.nansum(values, axis=0)
    if len(table) > 20 and (np.abs(sums / 1e6 - 1) < 1e-3).all() and not _is_constant(values):
        faults.append("every column sums to one million: these are abundances (TPM), no lengths.")
    n_negative = int((known < 0).sum())
    if n_negative:
        faults.append(f"{counted(n_negative, 'value is', 'values are')} negative: these are no lengths.")
    positive = known[known > 0]
    n_small, n_large = int((positive < 1).sum()), int((positive > _LONGEST).sum())
    if n_small > _BULK * known.size:
        share = f"{n_small / known.size:.0%} of the values are above 0 and below 1"
        faults.append(f"{share}: these are abundances (TPM, FPKM), or lengths in kilobases, and not in bases.")
    if n_large > _FEW * known.size:
        share = f"{n_large / known.size:.0%} of the values are above {_LONGEST:,.0f}"
        faults.append(f"{share}, longer than any transcript: these are counts or intensities, no lengths.")
    n_zero = int((known == 0).sum())
    if n_zero > 0.25 * known.size:
        faults.append(f"{n_zero / known.size:.0%} of the values are 0, as counts and abundances are, and no lengths.")
    if counts is not None:
        faults += _beside_counts(table, counts)
    if not faults:
        faults += _between_samples(table)
    return [Finding("", what, _cure(path)) for what in faults]


def _is_constant(values: np.ndarray) -> bool:
    """Return whether all samples have the same lengths, as some programs write them."""
    return bool((values == values[:, :1]).all())


def _beside_counts(table: pd.DataFrame, counts: pd.DataFrame) -> list[str]:
    both = table.index[~table.index.duplicated()].intersection(counts.index)
    if not len(both):
        return []
    both = both[:: max(1, len(both) // _MOST_GENES)]
    lengths = table[~table.index.duplicated()].loc[both].to_numpy(dtype=float)
    numbers = counts[~counts.index.duplicated()].loc[both, list(table.columns)].to_numpy(dtype=float)
    counted_there = numbers > 0
    n_counted = int(counted_there.sum())
    if not n_counted:
        return []
    n_equal = int((counted_there & (np.abs(np.rint(lengths) - np.rint(numbers)) < 0.5)).sum())
    if n_equal > 0.5 * n_counted:
        return ["the values are the counts themselves, no lengths."]
    faults = []
    n_zero = int((counted_there & (numbers >= 1) & (lengths == 0)).sum())
    if n_zero:
        what = (
            f"{counted(n_zero, 'value is', 'values are')} 0 where reads were counted: a transcript without length has"
        )
        faults.append(f"{what} no reads.")
    followed = _followed(lengths, numbers)
    if followed is not None and followed > 0.7:
        what = (
            f"the values rise and fall with the counts of the gene from sample to sample (correlation {followed:.2f})"
        )
        faults.append(f"{what}: these are abundances or scaled counts, no lengths.")
    return faults


def _followed(lengths: np.ndarray, counts: np.ndarray) -> float | None:
    """Return how much lengths follow counts within genes, beyond what differs between samples; None if unknown."""
    if lengths.shape[1] < 3:
        return None
    used = ((lengths > 0) & (counts >= 5)).all(axis=1)
    if used.sum() < 20:
        return None
    centred = []
    for values in (lengths[used], counts[used]):
        logs = np.log(values)
        logs = logs - logs.mean(axis=1, keepdims=True)
        centred.append((logs - np.median(logs, axis=0)).ravel())
    # Lengths that hardly differ have nothing that could follow.
    if centred[0].std() < 0.1 or centred[1].std() == 0:
        return None
    return float(np.corrcoef(*centred)[0, 1])


def _between_samples(table: pd.DataFrame) -> list[str]:
    """Return whether lengths of one gene differ between samples more than isoforms make them."""
    values = table.to_numpy(dtype=float)
    values = values[(values > 0).all(axis=1)]
    if values.shape[0] < 20 or values.shape[1] < 2:
        return []
    logs = np.log(values)
    ratio = np.exp(np.median(np.abs(logs - np.median(logs, axis=1, keepdims=True)), axis=0))
    odd = [f"{name} ({ratio:.1f} times)" for name, ratio in zip(table.columns, ratio, strict=True) if ratio > 2]
    if odd:
        what = f"the median gene is longer or shorter than in the other samples in {listed(odd, quote=False)}: isoforms"
        return [f"{what} do not differ as much, so the columns hold different things or units."]
    spread = float(np.exp(np.median(np.quantile(logs, 0.9, axis=1) - np.quantile(logs, 0.1, axis=1))))
    if spread > 2:
        what = (
            f"the median gene is {spread:.1f} times as long in one sample as in another, and isoforms do not differ as"
        )
        return [f"{what} much: these are abundances (TPM, FPKM) or counts, no lengths."]
    return []


def _cure(path: str) -> str:
    """Return what to do; a table of lengths that lies beside the one that is named is named."""
    folder, name = os.path.split(path)
    beside = re.sub(r"(gene|transcript)_(tpm|counts\w*|fpkm)(?=\.)", r"\1_lengths", name, flags=re.IGNORECASE)
    if name != beside and os.path.isfile(os.path.join(folder, beside)):
        return f"Name {os.path.join(folder, beside)}, which lies beside it, under ingest.length_matrix."
    named = f"{beside}, " if name != beside else ""
    return f"Name the table of lengths ({named}e.g. salmon.merged.gene_lengths.tsv) under ingest.length_matrix."
