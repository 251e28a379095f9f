"""Smaller designs within larger ones: what the smaller one lacks."""

import numpy as np
import pandas as pd


def tested_directions(design: pd.DataFrame, reduced: pd.DataFrame) -> np.ndarray:
    """Return sums of coefficients that are all 0 if the smaller design holds, as columns.

    Parameters
    ----------
    design, reduced : samples x coefficients; the columns of ``reduced`` lie in the span of those of ``design``.

    Returns
    -------
    ndarray, (p, p - columns of the smaller design)
        Where the smaller design only leaves out columns, these coefficients themselves.
    """
    lost = [name for name in design.columns if name not in reduced.columns]
    if len(lost) == design.shape[1] - reduced.shape[1]:
        return np.eye(design.shape[1])[:, [design.columns.get_loc(name) for name in lost]]
    mapping = np.linalg.lstsq(design.to_numpy(dtype=float), reduced.to_numpy(dtype=float), rcond=None)[0]
    basis, _ = np.linalg.qr(mapping, mode="complete")
    return basis[:, reduced.shape[1] :]
