"""How many sets would each method call if nothing were true? Asked of the data at hand, by rotation of their residuals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse


def null_calls(
    members: sparse.csr_matrix,
    residuals: np.ndarray,
    *,
    methods: Sequence[str],
    alpha: float,
    rotations: int = 100,
    seed: int = 1,
) -> pd.DataFrame:
    """Count the sets that each method calls in data like these in which nothing differs.

    Parameters
    ----------
    members : sets x genes.
    residuals : ndarray, (genes, d.f.)
        Of :func:`degsteps.enrich.correlation.residual_effects`, at least 2 columns.

    Returns
    -------
    DataFrame
        One row per method: ``method``, ``mean_called``, ``runs_with_any``, ``largest``, ``share_below_05``.
    """
    raise NotImplementedError
