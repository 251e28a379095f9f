"""Long genes have more reads and are called more often: the call rate by length, and a test that allows for it."""

import numpy as np
import pandas as pd
from scipy import sparse


def call_rate(lengths: np.ndarray, called: np.ndarray) -> pd.DataFrame:
    """Fit the probability of a call as a monotone curve of length.

    Parameters
    ----------
    lengths : ndarray, (genes,)
        Bases; NaN where unknown.
    called : bool, (genes,)

    Returns
    -------
    DataFrame
        ``length``, ``called``, ``weight``: fitted call rate, the median one where the length is unknown.
    """
    raise NotImplementedError


def dependence_test(lengths: np.ndarray, called: np.ndarray) -> dict[str, float]:
    """Test whether the call rate depends on length: ``slope`` (log odds per doubling), ``p``, rates by quarter."""
    raise NotImplementedError


def wallenius(members: sparse.csr_matrix, called: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return p of over-representation with genes drawn in proportion to their weights, (sets,)."""
    raise NotImplementedError
