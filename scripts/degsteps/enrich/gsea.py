"""GSEA: running sums over the ranked genes (Subramanian et al., PNAS 102:15545, 2005), with permuted genes or samples."""

import numpy as np
import pandas as pd
from scipy import sparse


def gene_permutation(
    members: sparse.csr_matrix, statistic: np.ndarray, genes: np.ndarray, *, permutations: int, seed: int
) -> pd.DataFrame:
    """Test each set against random sets of its size; this assumes independent genes.

    Parameters
    ----------
    members : sets x genes.
    statistic : ndarray, (genes,)
        Signed, no NaN.
    genes : ids, (genes,)
        Break ties.

    Returns
    -------
    DataFrame
        ``size``, ``es``, ``nes``, ``direction``, ``p`` ((b + 1) / (n + 1) among the null scores of the same sign).
    """
    raise NotImplementedError


def sample_permutation(
    members: sparse.csr_matrix,
    values: np.ndarray,
    groups: np.ndarray,
    genes: np.ndarray,
    *,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Test each set with the samples of two groups permuted, which keeps the correlation of genes.

    Parameters
    ----------
    values : ndarray, (genes, samples)
        Transformed.
    groups : bool, (samples,)
        The group that the contrast adds.

    Returns
    -------
    DataFrame
        As :func:`gene_permutation`.
    """
    raise NotImplementedError
