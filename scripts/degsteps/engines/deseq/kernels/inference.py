"""The engine behind PyDESeq2's public ``Inference`` interface.

    from pydeseq2.dds import DeseqDataSet
    DeseqDataSet(..., inference=BatchedInference())

Arrays of this interface are samples x genes. This is the only module of the engine that imports pydeseq2.
"""

import numpy as np
import pandas as pd
from pydeseq2.inference import Inference
from scipy.special import ndtr

from degsteps.engines.deseq.kernels.blocks import for_each_block
from degsteps.engines.deseq.kernels.design_groups import Cells, Cholesky
from degsteps.engines.deseq.kernels.dispersion import MIN_DISPERSION, fit_gene_wise, fit_with_prior
from degsteps.engines.deseq.kernels.irls import fit_coefficients, start_coefficients
from degsteps.engines.deseq.kernels.moments import linear_means, mean_and_variance, moments_dispersion, rough_dispersion
from degsteps.engines.deseq.kernels.shrink import fit_cauchy
from degsteps.engines.deseq.kernels.trend import fit_parametric

# PyDESeq2's ridge is on natural-log coefficients, DESeq2's on log2.
_RIDGE = 1e-6


class BatchedInference(Inference):
    """All genes of a stage at once, in blocks, on numpy arrays.

    Parameters
    ----------
    compatibility : {"r", "exact"}
        ``"r"``: dispersions as DESeq2's search finds them, and a trend fitted to dispersions above 1e-6 only, as in
        DESeq2. ``"exact"``: the optimum of each dispersion.
    block : int, optional
        Genes per block; results do not depend on it.
    n_cpus : int
        Threads; results do not depend on it.
    """

    def __init__(self, compatibility: str = "r", block: int | None = None, n_cpus: int = 1) -> None:
        if compatibility not in ("r", "exact"):
            raise ValueError(f"compatibility must be 'r' or 'exact', not {compatibility!r}")
        self.compatibility = compatibility
        self.block = block
        self.n_cpus = n_cpus

    def _blocks(self, work, counts: np.ndarray) -> None:
        for_each_block(work, counts.shape[1], counts.shape[0], self.block, self.n_cpus)

    def lin_reg_mu(self, counts, size_factors, design_matrix, min_mu):
        cells = Cells(np.asarray(design_matrix, dtype=float))
        size_factors = np.asarray(size_factors, dtype=float)[:, None]
        means = np.empty(counts.shape)

        def work(genes: slice) -> None:
            normalized = np.ascontiguousarray(counts[:, genes][cells.order]) / size_factors[cells.order]
            fitted = cells.spread(linear_means(normalized, cells))[cells.inverse_order]
            means[:, genes] = np.maximum(size_factors * fitted, min_mu)

        self._blocks(work, counts)
        return means

    def irls(
        self,
        counts,
        size_factors,
        design_matrix,
        disp,
        min_mu,
        beta_tol,
        min_beta=-30,
        max_beta=30,
        optimizer="L-BFGS-B",
        maxiter=250,
    ):
        cells = Cells(np.asarray(design_matrix, dtype=float))
        n_genes = counts.shape[1]
        offset = np.asarray(size_factors, dtype=float)[cells.order, None]
        disp = np.asarray(disp, dtype=float)
        coefficients = np.empty((n_genes, cells.n_coefficients))
        means = np.empty(counts.shape)
        hat = np.empty(counts.shape)
        converged = np.empty(n_genes, dtype=bool)

        def work(genes: slice) -> None:
            values = np.ascontiguousarray(counts[:, genes][cells.order], dtype=float)
            fit = fit_coefficients(
                values,
                offset,
                cells,
                disp[genes],
                start_coefficients(values / offset, cells),
                ridge=_RIDGE,
                min_mean=min_mu,
                tolerance=beta_tol,
                max_iterations=maxiter,
                bound=float(min(max_beta, -min_beta)),
            )
            coefficients[genes] = fit.coefficients.T
            means[:, genes] = fit.mean[cells.inverse_order]
            hat[:, genes] = fit.hat_diagonal[cells.inverse_order]
            converged[genes] = fit.converged

        self._blocks(work, counts)
        return coefficients, means, hat, converged

    def alpha_mle(
        self,
        counts,
        design_matrix,
        mu,
        alpha_hat,
        min_disp,
        max_disp,
        prior_disp_var=None,
        cr_reg=True,
        prior_reg=False,
        optimizer="L-BFGS-B",
    ):
        cells = Cells(np.asarray(design_matrix, dtype=float))
        alpha_hat = np.asarray(alpha_hat, dtype=float)
        dispersions = np.empty(counts.shape[1])
        converged = np.empty(counts.shape[1], dtype=bool)
        settings = {
            "max_dispersion": float(max_disp),
            "min_dispersion": float(min_disp),
            "adjusted": cr_reg,
            "compatibility": self.compatibility,
        }

        def work(genes: slice) -> None:
            values = np.ascontiguousarray(counts[:, genes][cells.order], dtype=float)
            fitted = np.ascontiguousarray(np.asarray(mu)[:, genes][cells.order])
            start = np.clip(alpha_hat[genes], min_disp, max_disp)
            if prior_reg:
                found = fit_with_prior(
                    values, fitted, cells, start, alpha_hat[genes], float(prior_disp_var), **settings
                )
            else:
                found = fit_gene_wise(values, fitted, cells, start, **settings)
            dispersions[genes], converged[genes] = found

        self._blocks(work, counts)
        return dispersions, converged

    def wald_test(self, design_matrix, disp, lfc, mu, ridge_factor, contrast, lfc_null, alt_hypothesis=None):
        design = np.asarray(design_matrix, dtype=float)
        lfc = np.asarray(lfc, dtype=float)
        contrast = np.asarray(contrast, dtype=float)
        ridge = np.asarray(ridge_factor, dtype=float)
        mu, disp = np.asarray(mu, dtype=float), np.asarray(disp, dtype=float)
        n_genes = mu.shape[1]
        standard_error = np.empty(n_genes)

        def work(genes: slice) -> None:
            weights = (mu[:, genes] / (1.0 + mu[:, genes] * disp[genes])).T
            information = np.einsum("gn,ni,nj->gij", weights, design, design)
            # Genes whose means are not a number have no standard error.
            usable = np.isfinite(information).all(axis=(1, 2))
            error = np.full(len(weights), np.nan)
            projected = np.linalg.solve(
                information[usable] + ridge, np.broadcast_to(contrast[:, None], (usable.sum(), len(contrast), 1))
            )[..., 0]
            error[usable] = np.sqrt(np.einsum("gi,gij,gj->g", projected, information[usable], projected))
            standard_error[genes] = error

        self._blocks(work, mu)
        scaled_error = standard_error[:, None]

        def greater(null):
            statistic = np.fmax((lfc - null) / scaled_error, 0) @ contrast
            return statistic, ndtr(-statistic)

        def less(null):
            statistic = np.fmin((lfc - null) / scaled_error, 0) @ contrast
            return statistic, ndtr(-np.abs(statistic))

        if alt_hypothesis is None:
            statistic = ((lfc - lfc_null) / scaled_error) @ contrast
            pvalue = 2 * ndtr(-np.abs(statistic))
        elif alt_hypothesis == "greaterAbs":
            statistic = (np.sign(lfc) * np.fmax((np.abs(lfc) - lfc_null) / scaled_error, 0)) @ contrast
            pvalue = 2 * ndtr(-np.abs(statistic))
        elif alt_hypothesis == "lessAbs":
            above, pvalue_above = greater(-abs(lfc_null))
            below, pvalue_below = less(abs(lfc_null))
            statistic = np.where(np.abs(below) < np.abs(above), below, above)
            pvalue = np.maximum(pvalue_above, pvalue_below)
        elif alt_hypothesis == "greater":
            statistic, pvalue = greater(lfc_null)
        elif alt_hypothesis == "less":
            statistic, pvalue = less(lfc_null)
        else:
            raise KeyError(alt_hypothesis)
        return pvalue, statistic, standard_error

    def fit_rough_dispersions(self, normed_counts, design_matrix):
        cells = Cells(np.asarray(design_matrix, dtype=float))
        if cells.n_samples <= cells.n_coefficients:
            raise ValueError(
                "The number of samples and the number of design variables are equal: there are no replicates to "
                "estimate the dispersion. Please use a design with fewer variables."
            )
        dispersions = np.empty(normed_counts.shape[1])

        def work(genes: slice) -> None:
            dispersions[genes] = rough_dispersion(np.ascontiguousarray(normed_counts[:, genes][cells.order]), cells)

        self._blocks(work, normed_counts)
        return dispersions

    def fit_moments_dispersions(self, normed_counts, size_factors):
        normed_counts = normed_counts[:, ~(normed_counts == 0).all(axis=0)]
        mean, variance = mean_and_variance(normed_counts)
        mean_inverse = float((1.0 / np.asarray(size_factors, dtype=float)).mean())
        return np.nan_to_num(moments_dispersion(mean, variance, mean_inverse))

    def dispersion_trend_gamma_glm(self, covariates, targets):
        x, y = np.asarray(covariates, dtype=float), np.asarray(targets, dtype=float)
        used = np.isfinite(x) & np.isfinite(y) & (x > 0)
        used &= y > (100 * MIN_DISPERSION if self.compatibility == "r" else 0)
        found = fit_parametric(1.0 / x[used], y[used]) if used.any() else None
        if found is None:
            return np.full(2, np.nan), np.full(len(x), np.nan), False
        coefficients = np.array(found)
        predictions = coefficients[0] + coefficients[1] * x
        if isinstance(targets, pd.Series):
            predictions = pd.Series(predictions, index=targets.index)
        return coefficients, predictions, True

    def lfc_shrink_nbinom_glm(
        self, design_matrix, counts, size, offset, prior_no_shrink_scale, prior_scale, optimizer, shrink_index
    ):
        cells = Cells(np.asarray(design_matrix, dtype=float))
        n_genes, p = counts.shape[1], cells.n_coefficients
        dispersions = 1.0 / np.asarray(size, dtype=float)
        factors = np.exp(np.asarray(offset, dtype=float))[cells.order, None]
        coefficients = np.empty((n_genes, p))
        inverse = np.empty((n_genes, p, p))
        converged = np.empty(n_genes, dtype=bool)

        def work(genes: slice) -> None:
            values = np.ascontiguousarray(counts[:, genes][cells.order], dtype=float)
            mode, information, settled = fit_cauchy(
                values,
                factors,
                cells,
                dispersions[genes],
                start_coefficients(values / factors, cells),
                shrink_index,
                float(prior_scale),
                wide_sd=float(prior_no_shrink_scale),
            )
            coefficients[genes] = mode.T
            inverse[genes] = np.moveaxis(Cholesky(information).inverse(), 2, 0)
            converged[genes] = settled

        self._blocks(work, counts)
        return coefficients, inverse, converged
