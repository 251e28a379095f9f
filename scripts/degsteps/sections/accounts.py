"""What became of samples and genes: numbers by stage, and the reasons of what is missing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.basics.words import listed

#: Why a gene of a result table has no p-value, or no adjusted one; in the order in which they are decided.
NA_REASONS = {
    "all_zero": "no read in any analysed sample",
    "count_outlier": "a count that the model cannot explain (Cook's distance); no p-value",
    "not_converged": "the fit did not converge; no p-value",
    "low_mean": "mean count below the threshold of independent filtering; p-value, but no adjusted one",
}


@dataclass(frozen=True)
class Account:
    """One stage's account of samples or genes.

    Attributes
    ----------
    unit : ``samples`` or ``genes``.
    stage : name of the stage; contrasts have one each.
    received, kept : numbers before and after.
    dropped : number by reason.
    """

    unit: str
    stage: str
    received: int
    dropped: Mapping[str, int]
    kept: int

    @property
    def n_dropped(self) -> int:
        """Number of dropped samples or genes, over all reasons."""
        return sum(self.dropped.values())


def reason_text(reason: str) -> str:
    """Return a reason in words; codes lose their underscores, what a user wrote stays as it is."""
    return reason.replace("_", " ") if re.fullmatch(r"[a-z_]+", reason) else reason


def na_counts(table: pd.DataFrame) -> dict[str, int]:
    """Count genes without an adjusted p-value by reason, in the order of `NA_REASONS`.

    Raises
    ------
    DataError
        If a gene has neither an adjusted p-value nor a reason, has both, or has an unknown reason.
    """
    reasons = table["na_reason"].fillna("").astype(str)
    mismatch = table.index[(reasons == "") != table["padj"].notna()]
    if len(mismatch):
        raise DataError(
            f"result table: {listed(mismatch)}: a gene has either an adjusted p-value or a na_reason, never both or "
            "neither. The table was changed after it was written: run the workflow again."
        )
    counts = reasons[reasons != ""].value_counts().to_dict()
    unknown = sorted(set(counts) - set(NA_REASONS))
    if unknown:
        raise DataError(f"result table: unknown na_reason {listed(unknown)}. Known are {listed(NA_REASONS)}.")
    return {reason: int(counts[reason]) for reason in NA_REASONS if reason in counts}
