"""How precise each sample is: weights from residuals that are larger in one sample than in the others.

The variance of a log count is that of its gene, by the trend over the mean, times a factor of its sample, with log
factors that add up to 0 (Ritchie et al., BMC Bioinformatics 7:261, 2006). The factors are found by one pass over the
genes: each gene moves them by a scoring step of its restricted likelihood, and the information of all genes so far
makes the steps smaller: the "gene by gene" method of limma's ``arrayWeights``, whose numbers :func:`sample_weights`
gives.
"""

import numpy as np
import pandas as pd

from degsteps.engines.voom.absent_counts import Absent

#: Value of ``test.sample_weights`` that gives each sample a weight of its own.
EACH_SAMPLE = "sample"
#: Genes whose worth of information says that all samples are alike.
PRIOR_GENES = 10
#: Mean square of residuals from which a gene tells anything.
_SMALLEST_VARIANCE = 1e-15


def sharing_of_weights(sheet: pd.DataFrame | None, by: str | None) -> pd.Series | None:
    """Return which samples share a weight, from ``test.sample_weights``; None if none is estimated.

    Parameters
    ----------
    sheet : sample table, text.
    by : ``sample`` for a weight of each, or a column whose levels have one each.
    """
    if by is None or sheet is None:
        return None
    return pd.Series(sheet.index, index=sheet.index) if by == EACH_SAMPLE else sheet[by]


def sample_weights(
    values: np.ndarray,
    design: np.ndarray,
    weights: np.ndarray,
    groups: np.ndarray | None = None,
    absent: Absent | None = None,
    prior_genes: float = PRIOR_GENES,
) -> np.ndarray:
    """Estimate one weight per sample, or per group of samples.

    Parameters
    ----------
    values : ndarray, (genes, samples)
        Log counts. The result depends on the order of the genes, as limma's does, in the third digit.
    design : ndarray, (samples, p)
        Full column rank.
    weights : ndarray, (genes, samples)
        Inverse variances that are known, of the trend.
    groups : ndarray of int, (samples,), optional
        Samples with the same number share a weight; each has its own if not given.
    absent : Absent, optional
        Counts that tell nothing; genes with fewer than two degrees of freedom without them are passed over.
    prior_genes : float
        How many genes' worth of information says that samples are alike.

    Returns
    -------
    ndarray, (samples,)
        Geometric mean 1 (over groups, where there are any); all 1 with fewer than two residual degrees of freedom.
    """
    n_samples, p = design.shape
    if n_samples - p < 2:
        return np.ones(n_samples)
    contrasts = _sum_contrasts(np.arange(n_samples) if groups is None else np.asarray(groups))
    if groups is not None:
        contrasts = contrasts - contrasts.mean(axis=0)
    information = prior_genes * contrasts.T @ contrasts
    log_variance = np.zeros(contrasts.shape[1])
    current = np.ones(n_samples)
    of_gene = {} if absent is None else dict(zip(absent.genes, ~absent.counts, strict=True))
    for gene, (gene_values, gene_weights) in enumerate(zip(values, weights, strict=True)):
        root = np.sqrt(current * gene_weights)
        if gene in of_gene:
            root = np.where(of_gene[gene], root, 0.0)
            left, sizes, _ = np.linalg.svd(design * root[:, None], full_matrices=False)
            basis, n_used = left[:, sizes > 1e-7 * sizes[0]], int(of_gene[gene].sum())
        else:
            (basis, _), n_used = np.linalg.qr(design * root[:, None]), n_samples
        df = n_used - basis.shape[1]
        scaled = gene_values * root
        squares = (scaled - basis @ (basis.T @ scaled)) ** 2
        variance = squares.sum() / df if df else 0.0
        if variance < _SMALLEST_VARIANCE or (df < 2 and gene in of_gene):
            continue
        free = np.where(root > 0, 1.0 - (basis**2).sum(axis=1), 0.0)
        # Information on the log variances of samples, that on the gene's own variance taken out.
        shared = contrasts.T @ free
        information += contrasts.T @ (free[:, None] * contrasts) - np.outer(shared, shared) / free.sum()
        log_variance += np.linalg.solve(information, contrasts.T @ (squares / variance - free))
        current = np.exp(-contrasts @ log_variance)
    return current


def _sum_contrasts(groups: np.ndarray) -> np.ndarray:
    """Return a column for each group but the last, 1 in it and -1 in the last."""
    names = np.unique(groups)
    indicators = (groups[:, None] == names).astype(float)
    return indicators[:, :-1] - indicators[:, -1:]
