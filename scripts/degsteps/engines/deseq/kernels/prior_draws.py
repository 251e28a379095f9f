"""The random draws behind DESeq2's dispersion prior at 1, 2 and 3 residual degrees of freedom, as histogram counts.

DESeq2 compares the observed log-dispersion residuals with 10,000 draws of log(chi2_d / d) + N(0, v) for each of 200
values of v, from a fixed seed; the draws do not depend on the data. Their histograms (40 bins of width 0.5 from -10
to 10) stand in ``data/prior_draws.tsv``, so that the choice of v can be repeated without R.
``tests/reference/make_reference.R`` makes them again.
"""

from pathlib import Path

import numpy as np

_TABLE = Path(__file__).parent / "data" / "prior_draws.tsv"
_SHAPE = (3, 40, 200)


def prior_draw_counts() -> np.ndarray:
    """Histogram counts; (residual degrees of freedom - 1, bin, prior variance on a grid of 200 from 0 to 8)."""
    # The first two columns name the row: residual degrees of freedom, and where the bin begins.
    return np.loadtxt(_TABLE, delimiter="\t", skiprows=1, usecols=range(2, 2 + _SHAPE[2])).reshape(_SHAPE)
