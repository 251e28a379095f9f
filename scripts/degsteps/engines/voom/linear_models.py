"""Linear models of log counts with weights, all genes at once (limma's voom), also for repeated measures.

Counts and results are genes x samples; the AnnData that carries a fit is samples x genes.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.engines.multiple_testing import adjust_bh
from degsteps.engines.voom import correlation as correlations
from degsteps.engines.voom import moderation, trend
from degsteps.engines.voom.regression import Regression

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
        ``prior_variance``, ``prior_df``, ``residual_df``; with subjects ``correlation`` and ``n_subjects``.
    """

    genes: pd.DataFrame
    coefficients: pd.DataFrame
    covariance: np.ndarray
    design: pd.DataFrame
    facts: dict[str, Any]

    @property
    def summary(self) -> dict[str, Any]:
        """The facts as JSON has them: a prior that is all there is has no number of degrees of freedom."""
        return {name: value if np.isfinite(value) else None for name, value in self.facts.items()}

    def to_anndata(self) -> "AnnData":
        """The fit as an AnnData object without a matrix of its own."""
        import anndata

        lower = np.tril_indices(self.design.shape[1])
        return anndata.AnnData(
            obs=pd.DataFrame(index=self.design.index.astype(str)),
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
        return cls(
            genes=data.var.set_axis(index),
            coefficients=coefficients,
            covariance=covariance,
            design=pd.DataFrame(data.obsm["design"]).set_axis(pd.Index(data.obs_names, name="sample")),
            facts={name: float(value) for name, value in data.uns["facts"].items()},
        )


def fit_model(
    counts: pd.DataFrame, design: pd.DataFrame, size_factors: pd.Series, subjects: pd.Series | None = None
) -> Fit:
    """Fit weighted linear models to the log counts of all genes (Law, Chen, Shi & Smyth 2014; Smyth 2004).

    Parameters
    ----------
    counts : raw counts, genes x samples.
    design : samples x coefficients, full column rank.
    size_factors : by sample. Library sizes are theirs in their ratios, see
        :func:`degsteps.engines.voom.trend.effective_library_sizes`.
    subjects : by sample. Samples of one subject are taken to be correlated, in all genes alike (Smyth, Michaud & Scott
        2005); weights and correlation are estimated in turn, twice.

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
    library_sizes = trend.effective_library_sizes(matrix, factors)
    block, shared, facts = None, 0.0, {}
    transformed = trend.voom(matrix, columns, library_sizes)
    if subjects is not None:
        block = pd.factorize(subjects.loc[counts.columns])[0]
        for round_number in range(ROUNDS):
            regression = Regression(transformed.values, columns, transformed.weights, block)
            shared = correlations.consensus(correlations.gene_correlations(regression))
            if round_number < ROUNDS - 1:
                transformed = trend.voom(matrix, columns, library_sizes, block, shared)
        facts = {"correlation": shared, "n_subjects": float(block.max() + 1)}
    regression = Regression(transformed.values, columns, transformed.weights, block)
    solution = regression.solve(shared)
    variance = solution.residual_sum / regression.residual_df
    prior = moderation.fit_prior(variance, regression.residual_df)
    posterior, df = moderation.moderated(variance, regression.residual_df, prior)
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
    return Fit(genes, coefficients, solution.covariance, design.loc[counts.columns], facts)


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
