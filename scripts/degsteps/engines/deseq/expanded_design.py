"""Expanded designs: an intercept and a column for every level, so that shrinkage is the same for any reference level.

Love, Huber & Anders (Genome Biology 15:550, 2014), section "Expanded design matrices": with a column for each level no
level is pulled towards the base level, and normal priors make the coefficients of the redundant columns unique.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class ExpandedDesign:
    """A design whose columns span what the fitted design's columns span, with some to spare.

    Attributes
    ----------
    matrix : DataFrame, samples x columns
        An intercept first; then a column for each level of each factor, and covariates as they are.
    factors : tuple of str or None, one a column
        The factor that a column is a level of; None for the intercept and for covariates.
    """

    matrix: pd.DataFrame
    factors: tuple[str | None, ...]

    def contrast(self, design: np.ndarray, contrast: np.ndarray) -> np.ndarray:
        """Weights of the columns here that ask the same as a contrast of the fitted design's coefficients.

        A contrast is a combination of fitted samples, the same one in both designs.

        Parameters
        ----------
        design : ndarray, (samples, coefficients)
        contrast : ndarray, (coefficients,)

        Returns
        -------
        ndarray, (columns,)
        """
        of_samples = design @ np.linalg.solve(design.T @ design, contrast)
        return np.round(self.matrix.to_numpy().T @ of_samples, 12) + 0.0

    def prior_variances(
        self, design: np.ndarray, coefficients: np.ndarray, matched_variance: Callable[[np.ndarray], float]
    ) -> np.ndarray:
        """Prior variance of each column; of a factor's levels all the same.

        It is the mean over all pairs of levels of the variance that suits the maximum-likelihood fold changes between
        them. The intercept's is so large that it is not shrunk.

        Parameters
        ----------
        design : ndarray, (samples, coefficients)
        coefficients : ndarray, (genes, coefficients)
            Maximum-likelihood estimates.
        matched_variance : callable
            The variance that suits estimates of all genes, on the scale wanted.

        Returns
        -------
        ndarray, (columns,)
        """
        # Differences of levels and slopes are combinations of samples, and so of the fitted coefficients.
        to_coefficients = design.T @ np.linalg.pinv(self.matrix.to_numpy()).T
        n_columns = len(self.factors)
        variances = np.full(n_columns, 1e6)
        for factor in dict.fromkeys(self.factors[1:]):
            columns = [k for k in range(1, n_columns) if self.factors[k] == factor]
            if factor is None:
                for k in columns:
                    variances[k] = matched_variance(coefficients @ to_coefficients[:, k])
            else:
                pairs = [(i, j) for place, i in enumerate(columns) for j in columns[:place]]
                between = [coefficients @ (to_coefficients[:, i] - to_coefficients[:, j]) for i, j in pairs]
                variances[columns] = np.mean([matched_variance(changes) for changes in between])
        return variances
