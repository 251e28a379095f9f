"""Linear models of log counts with weights, all genes at once (limma's voom), also for repeated measures.

Counts and results are genes x samples; the AnnData that carries a fit is samples x genes.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.engines.library_sizes import effective_library_sizes
from degsteps.engines.multiple_testing import adjust_bh
from degsteps.engines.nested_designs import tested_directions
from degsteps.engines.variance_prior import by_likelihood
from degsteps.engines.variance_prior import moderated as posterior_variances
from degsteps.engines.voom import correlation as correlations
from degsteps.engines.voom import moderation, trend
from degsteps.engines.voom.absent_counts import Absent, absent_counts
from degsteps.engines.voom.regression import Regression
from degsteps.engines.voom.sample_weights import sample_weights

if TYPE_CHECKING:
    from anndata import AnnData

#: Rounds of weights and correlation: each needs the other.
ROUNDS = 2


@dataclass
class Fit:
    """The linear models of all genes.

    Attributes
    ----------
    genes : DataFrame, genes x (base_mean, log_count, root_deviation, voom_trend, variance, posterior_variance, df,
        all_zero)
    coefficients : DataFrame, genes x coefficients
        log2 scale.
    covariance : ndarray, (genes, p, p)
        Of the coefficients, without the residual variance.
    design : DataFrame, samples x coefficients
    facts : dict
        ``prior_variance``, ``prior_df``, ``residual_df``; with subjects ``correlation`` and ``n_subjects``; with sample
        weights ``smallest_weight`` and ``n_weights``, how many were estimated.
    sample_weights : Series, by sample, where they were estimated.
    """

    genes: pd.DataFrame
    coefficients: pd.DataFrame
    covariance: np.ndarray
    design: pd.DataFrame
    facts: dict[str, Any]
    sample_weights: pd.Series | None = None

    @property
    def summary(self) -> dict[str, Any]:
        """The facts as JSON has them: a prior that is all there is has no number of degrees of freedom."""
        return {name: value if np.isfinite(value) else None for name, value in self.facts.items()}

    def to_anndata(self) -> "AnnData":
        """The fit as an AnnData object without a matrix of its own."""
        import anndata

        lower = np.tril_indices(self.design.shape[1])
        samples = pd.DataFrame(index=self.design.index.astype(str))
        if self.sample_weights is not None:
            samples["sample_weight"] = self.sample_weights.to_numpy()
        return anndata.AnnData(
            obs=samples,
            var=self.genes.copy(),
            obsm={"design": self.design.set_axis(self.design.index.astype(str))},
            varm={"coefficients": self.coefficients, "covariance": self.covariance[:, lower[0], lower[1]]},
            uns={"facts": self.facts},
        )

    @classmethod
    def from_anndata(cls, data: "AnnData") -> "Fit":
        """Inverse of :meth:`to_anndata`."""
        index = pd.Index(data.var_names, name="gene")
        coefficients = pd.DataFrame(data.varm["coefficients"]).set_axis(index)
        p = coefficients.shape[1]
        rows, columns = np.tril_indices(p)
        covariance = np.empty((len(index), p, p))
        packed = np.asarray(data.varm["covariance"])
        covariance[:, rows, columns] = packed
        covariance[:, columns, rows] = packed
        samples = pd.Index(data.obs_names, name="sample")
        return cls(
            genes=data.var.set_axis(index),
            coefficients=coefficients,
            covariance=covariance,
            design=pd.DataFrame(data.obsm["design"]).set_axis(samples),
            facts={name: float(value) for name, value in data.uns["facts"].items()},
            sample_weights=data.obs["sample_weight"].set_axis(samples) if "sample_weight" in data.obs else None,
        )


def fit_model(
    counts: pd.DataFrame,
    design: pd.DataFrame,
    size_factors: pd.Series,
    subjects: pd.Series | None = None,
    weighted: pd.Series | None = None,
) -> Fit:
    """Fit weighted linear models to the log counts of all genes (Law, Chen, Shi & Smyth 2014; Smyth 2004).

    Without sample weights this is ``voom`` and ``lmFit`` of limma, with them ``voomLmFit(sample.weights = TRUE)`` of
    edgeR 4, which also leaves counts that tell nothing out of the variances.

    Parameters
    ----------
    counts : raw counts, genes x samples.
    design : samples x coefficients, full column rank.
    size_factors : by sample. Library sizes are theirs in their ratios, see
        :func:`degsteps.engines.library_sizes.effective_library_sizes`.
    subjects : by sample. Samples of one subject are taken to be correlated, in all genes alike (Smyth, Michaud & Scott
        2005); weights and correlation are estimated in turn, twice.
    weighted : by sample; samples with the same value share a weight that is estimated from the residuals, see
        :func:`degsteps.engines.voom.sample_weights.sample_weights`. Trend and weights are estimated in turn, twice.

    Raises
    ------
    DataError
        if fewer than two genes have a count.
    DesignError
        if no subject has two samples.
    """
    matrix, columns = counts.to_numpy(), design.loc[counts.columns].to_numpy(dtype=float)
    all_zero = ~matrix.any(axis=1)
    if (~all_zero).sum() < 2:
        raise DataError("counts: fewer than two genes have a count, so there is no trend of the variance to fit.")
    factors = size_factors.loc[counts.columns].to_numpy(dtype=float)
    library_sizes = effective_library_sizes(matrix, factors)
    block = None if subjects is None else pd.factorize(subjects.loc[counts.columns])[0]
    groups = None if weighted is None else pd.factorize(weighted.loc[counts.columns])[0]
    absent = None if groups is None else absent_counts(matrix, columns, library_sizes)
    transformed = trend.voom(matrix, columns, library_sizes, absent=absent)
    shared, of_samples, facts = 0.0, None, {}
    for round_number in range(1 if block is None and groups is None else ROUNDS):
        if round_number:
            transformed = trend.voom(matrix, columns, library_sizes, block, shared, of_samples, absent)
        weights = transformed.weights
        if groups is not None:
            of_samples = sample_weights(transformed.values, columns, weights, _shared(groups), absent)
            weights = weights * of_samples
        regression = Regression(transformed.values, columns, weights, block)
        if block is not None:
            shared = correlations.consensus(correlations.gene_correlations(regression))
    if block is not None:
        facts = {"correlation": shared, "n_subjects": float(block.max() + 1)}
    if groups is not None:
        facts |= {"smallest_weight": float(of_samples.min()), "n_weights": float(groups.max() + 1)}
    solution = regression.solve(shared)
    variance = solution.residual_sum / regression.residual_df
    posterior, df, prior = _moderated(variance, regression.residual_df, absent, transformed.values, columns, weights)
    index = pd.Index(counts.index, name="gene")
    genes = pd.DataFrame(
        {
            "base_mean": (matrix / factors).mean(axis=1),
            "log_count": transformed.log_count,
            "root_deviation": transformed.root_deviation,
            "voom_trend": transformed.fitted,
            "variance": variance,
            "posterior_variance": posterior,
            "df": df,
            "all_zero": all_zero,
        },
        index=index,
    )
    facts |= {"prior_variance": prior.variance, "prior_df": prior.df, "residual_df": float(regression.residual_df)}
    coefficients = pd.DataFrame(solution.coefficients, index=index, columns=list(design.columns))
    by_sample = None if of_samples is None else pd.Series(of_samples, index=counts.columns, name="sample_weight")
    return Fit(genes, coefficients, solution.covariance, design.loc[counts.columns], facts, by_sample)


def _shared(groups: np.ndarray) -> np.ndarray | None:
    """Return groups that share a weight; None if each sample has its own."""
    return None if groups.max() + 1 == len(groups) else groups


def _moderated(
    variance: np.ndarray,
    residual_df: int,
    absent: Absent | None,
    values: np.ndarray,
    design: np.ndarray,
    weights: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, moderation.Prior]:
    """Return posterior variances, their degrees of freedom and the prior; where genes lack counts, by likelihood."""
    if absent is None:
        prior = moderation.fit_prior(variance, residual_df)
        return *moderation.moderated(variance, residual_df, prior), prior
    variance, df = variance.copy(), np.full(len(variance), float(residual_df))
    variance[absent.genes], df[absent.genes] = absent.variances(values, design, weights)
    prior = by_likelihood(variance, df, None, robust=False)
    total = np.minimum(df + prior.df, df.sum())
    scale = float(prior.location[0])
    return posterior_variances(variance, df, prior), total, moderation.Prior(scale, float(prior.df))


def contrast_table(
    fit: Fit,
    contrast: np.ndarray,
    *,
    reduced: pd.DataFrame | None = None,
    lfc_null: float = 0.0,
    alternative: str = "greater_abs",
) -> pd.DataFrame:
    """Test a contrast by the moderated t, or a smaller design by the moderated F.

    Parameters
    ----------
    contrast : weights of the coefficients, in the design's column order.
    reduced : a smaller design, samples x coefficients, whose columns the larger one spans. With it the p-value is that
        of all that it lacks together.
    lfc_null, alternative : see :func:`degsteps.engines.voom.moderation.t_test`.

    Returns
    -------
    DataFrame
        by gene: base_mean, log2_fold_change, lfc_se (moderated), lfc_lower, lfc_upper (95 % confidence limits by the t
        distribution), stat, pvalue, padj (Benjamini-Hochberg), na_reason.

    Notes
    -----
    Standard errors of contrasts take each gene's own weights. limma's ``contrasts.fit`` takes the correlations of the
    coefficients without weights, which is exact for single coefficients and for designs of one factor only.
    """
    genes, contrast = fit.genes, np.asarray(contrast, dtype=float)
    all_zero = genes["all_zero"].to_numpy(dtype=bool)
    posterior, df = genes["posterior_variance"].to_numpy(), genes["df"].to_numpy()
    estimate = fit.coefficients.to_numpy() @ contrast
    standard_error = np.sqrt(np.einsum("i,gij,j->g", contrast, fit.covariance, contrast) * posterior)
    if reduced is None:
        statistic, pvalue = moderation.t_test(estimate, standard_error, df, lfc_null, alternative)
    else:
        tested = tested_directions(fit.design, reduced.loc[fit.design.index])
        change = fit.coefficients.to_numpy() @ tested
        inverse = np.linalg.inv(tested.T @ fit.covariance @ tested)
        statistic = np.einsum("gi,gij,gj->g", change, inverse, change) / tested.shape[1] / posterior
        pvalue = moderation.f_upper_tail(statistic, tested.shape[1], df)
    half = moderation.t_quantile(df, 0.975) * standard_error
    found = {
        "base_mean": genes["base_mean"],
        "log2_fold_change": estimate,
        "lfc_se": standard_error,
        "lfc_lower": estimate - half,
        "lfc_upper": estimate + half,
        "stat": statistic,
        "pvalue": pvalue,
    }
    result = pd.DataFrame(found, index=genes.index)
    result.loc[all_zero, result.columns[1:]] = np.nan
    result["padj"] = adjust_bh(result["pvalue"].to_numpy())
    return result.assign(na_reason=np.where(all_zero, "all_zero", ""))
