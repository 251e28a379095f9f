"""The shape of a distribution of p-values, and what it says of the model."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class PvalueShape:
    """What the histogram of p-values looks like: `shape`, `status`, `finding`, `advice`, and `short`, in some words."""

    shape: str
    status: str
    finding: str
    advice: str
    n_pvalues: int
    null_fraction: float | None
    short: str = ""


#: p-values of a peak that a twentieth is too wide for.
_NARROW = 0.005
#: The shapes in some words.
_SHORT = {
    "none": "no p-value",
    "few": "too few to judge",
    "interval": "not judged",
    "peak": "flat with a peak",
    "narrow": "flat with a narrow peak",
    "careful": "a narrow peak, few other small ones",
    "uniform": "flat",
    "u_shape": "two peaks",
    "bump": "a peak among the large ones",
    "hill": "a hill",
    "skewed": "too few small ones",
}
_SHAPES = {
    "none": ("warn", "No gene has a p-value.", "See the reasons in the column na_reason."),
    "few": ("ok", "Too few p-values to judge their shape.", ""),
    "interval": ("ok", "Not judged: those of a test in one direction or against a bound are uneven by design.", ""),
    "peak": ("ok", "Flat with a peak near 0, as it should be where some genes differ.", ""),
    "uniform": ("ok", "Flat: few genes differ, or too little power to see them.", ""),
    "narrow": ("ok", "Flat with a narrow peak at 0: few genes differ, and these stand out.", ""),
    "careful": (
        "note",
        (
            "A narrow peak at 0, and of all other p-values fewer the smaller they are: few genes stand out, and for "
            "the others the test is careful."
        ),
        (
            "Expect fewer calls than there are changes. Sums of few cells and low counts do this, and so does an "
            "unknown batch: look at the PCA."
        ),
    ),
    "u_shape": (
        "warn",
        "A peak near 0, and another among the large p-values.",
        (
            "The second one comes from genes with very low counts, which a stricter filter removes, or from outliers "
            "that make one group vary more than the other; the peak near 0 can be trusted once it is gone."
        ),
    ),
    "bump": (
        "warn",
        "A peak among the large p-values and none near 0.",
        "Genes with very low counts give p-values near 1: filter more strictly.",
    ),
    "hill": (
        "warn",
        "A hill: fewer p-values near 0 and near 1 than in between.",
        (
            "The model expects the wrong variance: look for two groups inside one level, or paired samples treated as "
            "independent."
        ),
    ),
    "skewed": (
        "warn",
        "More p-values the larger they are: too few small ones even for no difference at all.",
        (
            "The variance is overestimated, typically by an unknown batch or an outlier: look at the PCA, and add the "
            "source of variation to the design."
        ),
    ),
}


def pvalue_shape(pvalues: pd.Series | np.ndarray, point_null: bool = True, *, called: int = 0) -> PvalueShape:
    """Judge the shape of a p-value distribution [1]_.

    Counts in 20 equal bins are compared with the flat level that true null hypotheses fill evenly, estimated by the
    median of the bins from 0.3 to 0.9. A bin *stands out* (or *lacks*) if it lies 25 % above (below) the level and also
    4 standard deviations of a Poisson count: genes are correlated, so 2 would be too easily reached.

    ============  =================================================================================
    peak          the first bin stands out
    u_shape       the first bin stands out, and some bin beyond 0.5 by half of the level
    bump          some bin beyond 0.5 stands out by half of the level, the first does not
    hill          the first and the last bin lack
    skewed        the first bin lacks, and fewer p-values lie in (0.05, 0.5] than in (0.5, 0.95]
    uniform       none of these
    narrow        as `uniform`, but genes are called, or p-values below 0.005 stand out: a bin is wider than the peak
    careful       as `narrow`, and fewer p-values lie in (0.05, 0.5] than in (0.5, 0.95]: the first bin would lack, too
    few, none     fewer than 200, and no p-values at all: not judged
    interval      the null hypothesis is an interval (``point_null`` is false): not judged
    ============  =================================================================================

    Parameters
    ----------
    pvalues
        Of one contrast; missing ones do not count.
    point_null
        Whether the null hypothesis is a point.
    called
        How many genes are called.

    Notes
    -----
    Counts that still fall between 0.05 and 0.5 beside a peak are power, not a fault.

    References
    ----------
    .. [1] Breheny, Stromberg and Lambert (2018), High-Throughput 7:23.
    """
    # A column that is blank throughout is read from a table as text.
    given = pd.to_numeric(pd.Series(pvalues), errors="coerce").to_numpy(dtype=float)
    known = given[np.isfinite(given)]
    bins = np.histogram(known, bins=20, range=(0, 1))[0]
    level = float(np.median(bins[6:18]))
    null_fraction = min(1.0, level * 20 / len(known)) if len(known) else None
    if not len(known):
        shape = "none"
    elif not point_null:
        shape, null_fraction = "interval", None
    else:
        shape = "few" if len(known) < 200 else _shape_of(bins, level)
        if shape == "uniform" and (called or _stands_out_at_once(known, level)):
            shape = "careful" if _falls_towards_zero(bins) else "narrow"
    status, finding, advice = _SHAPES[shape]
    return PvalueShape(shape, status, finding, advice, len(known), null_fraction, _SHORT[shape])


def _stands_out_at_once(known: np.ndarray, level: float) -> bool:
    """Whether p-values below 0.005 are more than true null hypotheses give, and twice as many."""
    expected = level * 20 * _NARROW
    return np.count_nonzero(known < _NARROW) > expected + max(expected, 4 * np.sqrt(max(expected, 1)))


def _falls_towards_zero(bins: np.ndarray) -> bool:
    return bins[1:10].sum() + 4 * np.sqrt(bins[1:19].sum()) < bins[10:19].sum()


def _shape_of(bins: np.ndarray, level: float) -> str:
    noise = 4 * np.sqrt(max(level, 1))
    first, last = bins[0] - level, bins[-1] - level
    peak = first > max(0.25 * level, noise)
    bump = bins[10:].max() - level > max(0.5 * level, noise)
    lacks_first = -first > max(0.25 * level, noise)
    lacks_last = -last > max(0.25 * level, noise)
    if peak:
        return "u_shape" if bump else "peak"
    if lacks_first and lacks_last:
        return "hill"
    if lacks_first and _falls_towards_zero(bins):
        return "skewed"
    return "bump" if bump else "uniform"
