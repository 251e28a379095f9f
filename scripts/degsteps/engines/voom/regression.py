"""Least squares of many genes on one design: weighted, and with equally correlated samples within blocks.

The residuals of a gene have the covariance ``s^2 W^-1/2 C W^-1/2``: W its weights, C 1 on the diagonal, rho between two
samples of one block and 0 elsewhere. For such a C all that a fit needs of the samples are two sets of cross-products,
so that another rho costs a few small matrices per gene, whatever the number of samples.
"""

from dataclasses import dataclass

import numpy as np

#: Numbers of one block of genes that are held at a time.
_BLOCK_ENTRIES = 4_000_000


@dataclass(frozen=True)
class Solution:
    """Fits of all genes.

    Attributes
    ----------
    coefficients : ndarray, (genes, p)
    covariance : ndarray, (genes, p, p)
        Of the coefficients, without the residual variance.
    residual_sum : ndarray, (genes,)
        Generalised sum of squares of the residuals.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    residual_sum: np.ndarray


class Regression:
    """Cross-products of a design and of the values of many genes.

    Parameters
    ----------
    values : ndarray, (genes, samples)
    design : ndarray, (samples, p)
        Full column rank.
    weights : ndarray, (genes, samples), optional
        Positive; 1 if not given.
    block : ndarray of int, (samples,), optional
        Samples with the same number are one block. If not given, rho has no say.

    Notes
    -----
    The design is orthonormalised and the values are replaced by their unweighted residuals, which loses no digits where
    covariates are large or fits are close; :meth:`solve` takes both back.
    """

    def __init__(
        self,
        values: np.ndarray,
        design: np.ndarray,
        weights: np.ndarray | None = None,
        block: np.ndarray | None = None,
    ) -> None:
        self.n_samples, self.n_coefficients = design.shape
        basis, self._triangle = np.linalg.qr(design)
        self._start = values @ basis
        n_genes, size = len(values), self.n_coefficients + 1
        order = np.arange(self.n_samples) if block is None else np.argsort(block, kind="stable")
        starts = np.arange(self.n_samples)
        if block is not None:
            starts = np.flatnonzero(np.diff(block[order], prepend=block[order][0] - 1))
        sizes = np.diff(starts, append=self.n_samples)
        #: Number of samples of each kind of block, and how many blocks have so many.
        self.sizes, self.n_blocks = np.unique(sizes, return_counts=True)
        self._total = np.empty((n_genes, size, size))
        self._within = np.empty((len(self.sizes), n_genes, size, size))
        step = max(1, _BLOCK_ENTRIES // (self.n_samples * size))
        for first in range(0, n_genes, step):
            genes = slice(first, first + step)
            residuals = values[genes] - self._start[genes] @ basis.T
            augmented = np.empty((len(residuals), self.n_samples, size))
            augmented[:, :, :-1] = basis[order]
            augmented[:, :, -1] = residuals[:, order]
            if weights is not None:
                augmented *= np.sqrt(weights[genes][:, order, None])
            self._total[genes] = augmented.transpose(0, 2, 1) @ augmented
            if block is not None:
                sums = np.add.reduceat(augmented, starts, axis=1)
                for kind, n_of_block in enumerate(self.sizes):
                    chosen = sums[:, sizes == n_of_block]
                    self._within[kind, genes] = chosen.transpose(0, 2, 1) @ chosen
        if block is None:
            self._within[:] = 0.0

    @property
    def residual_df(self) -> int:
        """Residual degrees of freedom."""
        return self.n_samples - self.n_coefficients

    def _normal_equations(self, rho: np.ndarray, chosen: np.ndarray | slice) -> np.ndarray:
        """Cross-products with (1 - rho) C^-1 between them; last row and column are the values'."""
        equations = self._total[chosen].copy()
        for n_of_block, within in zip(self.sizes, self._within, strict=True):
            equations -= (rho / (1 + (n_of_block - 1) * rho))[:, None, None] * within[chosen]
        return equations

    def solve(self, rho: float = 0.0) -> Solution:
        """Fit all genes, the samples of one block correlated by ``rho``."""
        p, everything = self.n_coefficients, slice(None)
        equations = self._normal_equations(np.full(len(self._total), rho), everything) / (1 - rho)
        inverse = np.linalg.inv(equations[:, :p, :p])
        cross = equations[:, :p, p]
        change = np.einsum("gij,gj->gi", inverse, cross)
        back = np.linalg.inv(self._triangle)
        return Solution(
            coefficients=(self._start + change) @ back.T,
            covariance=back @ inverse @ back.T,
            residual_sum=np.maximum(equations[:, p, p] - (change * cross).sum(axis=1), 0.0),
        )

    def criterion(self, rho: np.ndarray, chosen: np.ndarray | slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Return -2 log restricted likelihood, up to a constant, and its slope, at one rho for each gene chosen.

        The residual variance is profiled out (Patterson & Thompson 1971).
        """
        p = self.n_coefficients
        equations = self._normal_equations(rho, chosen)
        slope = np.zeros_like(equations)
        constant, slope_of_constant = np.zeros(len(rho)), np.zeros(len(rho))
        for n_of_block, n_blocks, within in zip(self.sizes, self.n_blocks, self._within, strict=True):
            grown = 1 + (n_of_block - 1) * rho
            slope -= (1 / grown**2)[:, None, None] * within[chosen]
            constant += n_blocks * (np.log(grown) - np.log1p(-rho))
            slope_of_constant += n_blocks * ((n_of_block - 1) / grown + 1 / (1 - rho))
        inverse = np.linalg.inv(equations[:, :p, :p])
        cross = equations[:, :p, p]
        change = np.einsum("gij,gj->gi", inverse, cross)
        residual_sum = np.maximum(equations[:, p, p] - (change * cross).sum(axis=1), np.finfo(float).tiny)
        turn = np.concatenate([-change, np.ones((len(rho), 1))], axis=1)
        residual_slope = np.einsum("gi,gij,gj->g", turn, slope, turn)
        determinant = np.linalg.slogdet(equations[:, :p, :p])[1]
        determinant_slope = np.einsum("gij,gji->g", inverse, slope[:, :p, :p])
        value = self.residual_df * np.log(residual_sum) + determinant + constant
        return value, self.residual_df * residual_slope / residual_sum + determinant_slope + slope_of_constant
