"""The quasi-likelihood model of all genes: fit, storage, tests.

Counts and results are genes x samples; the AnnData that carries a fit is samples x genes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.engines.deseq.kernels.design_groups import DesignGroups, unpack_symmetric
from degsteps.engines.edger_ql import moderation, passes, testing
from degsteps.engines.edger_ql.study import Study
from degsteps.engines.interface import FitData, FitSettings, QuasiLikelihood
from degsteps.engines.library_sizes import effective_library_sizes
from degsteps.engines.nested_designs import tested_directions
from degsteps.engines.variance_prior import moderated as posterior_variances
from degsteps.engines.voom.moderation import t_quantile

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass
class Fit:
    """The models of all genes.

    Attributes
    ----------
    genes : DataFrame, genes x (base_mean, log_cpm, shared_dispersion, deviance, residual_df, quasi_dispersion,
        below_poisson, all_zero), and of all genes together quasi_prior, quasi_posterior, df
    coefficients : DataFrame, genes x coefficients
        log2 scale, of counts with a prior count: those that are reported.
    bare_coefficients : ndarray, (genes, p)
        Without prior count, natural logarithms.
    covariance : ndarray, (genes, p(p+1)/2)
        Of ``coefficients``, without the quasi-dispersion: lower triangles, row by row.
    design : DataFrame, samples x coefficients
    sizes : ndarray, (samples,) or (genes, samples)
        Effective library sizes, by gene where transcript lengths differ.
    facts : dict
        ``average`` (quasi-dispersion), ``legacy`` and ``robust`` (0 or 1), ``compatibility`` (0 for r, 1 for exact),
        ``prior_df``, ``common_dispersion``; ``top_proportion`` unless legacy.
    """

    genes: pd.DataFrame
    coefficients: pd.DataFrame
    bare_coefficients: np.ndarray
    covariance: np.ndarray
    design: pd.DataFrame
    sizes: np.ndarray
    facts: dict[str, float]

    @property
    def summary(self) -> dict[str, Any]:
        """The facts as JSON has them: a prior that is all there is has no number of degrees of freedom."""
        return {name: value if np.isfinite(value) else None for name, value in self.facts.items()}

    def to_anndata(self) -> "AnnData":
        """The fit as an AnnData object without a matrix of its own."""
        import anndata

        samples = self.design.index.astype(str)
        by_gene = {"coefficients": self.coefficients, "bare_coefficients": self.bare_coefficients}
        by_sample: dict[str, Any] = {"design": self.design.set_axis(samples)}
        if self.sizes.ndim == 2:
            by_gene["sizes"] = self.sizes
        else:
            by_sample["sizes"] = self.sizes[:, None]
        return anndata.AnnData(
            obs=pd.DataFrame(index=samples),
            var=self.genes.copy(),
            obsm=by_sample,
            varm=by_gene | {"covariance": self.covariance},
            # In the order of their names, so that a file that was read is written as it was.
            uns={"facts": dict(sorted(self.facts.items()))},
        )

    @classmethod
    def from_anndata(cls, data: "AnnData") -> "Fit":
        """Inverse of :meth:`to_anndata`."""
        index = pd.Index(data.var_names, name="gene")
        by_sample = data.obsm.get("sizes")
        return cls(
            genes=data.var.set_axis(index),
            coefficients=pd.DataFrame(data.varm["coefficients"]).set_axis(index),
            bare_coefficients=np.asarray(data.varm["bare_coefficients"]),
            covariance=np.asarray(data.varm["covariance"]),
            design=pd.DataFrame(data.obsm["design"]).set_axis(pd.Index(data.obs_names, name="sample")),
            sizes=np.asarray(data.varm["sizes"]) if by_sample is None else np.asarray(by_sample)[:, 0],
            facts={name: float(value) for name, value in data.uns["facts"].items()},
        )


def library_sizes(
    counts: pd.DataFrame, size_factors: pd.Series, normalization_factors: pd.DataFrame | None = None
) -> np.ndarray:
    """Return effective library sizes: those of all genes (samples,), or with transcript lengths (genes, samples).

    Their ratios are those of the size factors. With size factors by TMM they are edgeR's.
    """
    factors = size_factors.loc[counts.columns].to_numpy(dtype=float)
    sizes = effective_library_sizes(counts.to_numpy(), factors)
    if normalization_factors is None:
        return sizes
    of_genes = normalization_factors.loc[counts.index, counts.columns].to_numpy(dtype=float)
    # They have the geometric mean 1 in each gene; library sizes have theirs.
    return of_genes * np.exp(np.log(sizes).mean())


def fit_model(
    counts: pd.DataFrame,
    design: pd.DataFrame,
    size_factors: pd.Series,
    normalization_factors: pd.DataFrame | None = None,
    settings: QuasiLikelihood | None = None,
    compatibility: str = "r",
) -> Fit:
    """Fit quasi-likelihood models to the counts of all genes.

    Parameters
    ----------
    counts : raw counts, genes x samples.
    design : samples x coefficients, full column rank.
    size_factors : by sample; library sizes are theirs in their ratios.
    normalization_factors : genes x samples, in place of the size factors, where transcript lengths differ.
    settings : how quasi-dispersions are estimated.
    compatibility : ``r`` takes the moments of unit deviances as edgeR approximates them, ``exact`` computes them.

    Raises
    ------
    DataError
        if fewer than two genes have a count.
    """
    settings = settings or QuasiLikelihood()
    require_genes(counts.to_numpy())
    columns = design.loc[counts.columns]
    sizes = library_sizes(counts, size_factors, normalization_factors)
    study = Study(counts.to_numpy(), sizes, DesignGroups(columns.to_numpy(dtype=float)))
    abundance = passes.abundance(study)
    dispersion, facts = passes.shared_dispersion(study, abundance, settings, compatibility)
    average, first = 1.0, None
    if settings.legacy:
        abundance = passes.abundance(study.by_totals, facts["common_dispersion"])
    else:
        first = passes.first_fit(study, float(dispersion), compatibility)
        average = passes.average_quasi_dispersion(study, abundance, float(dispersion), *first[:3], compatibility)
    data = FitData(counts, design, size_factors, normalization_factors)
    how = FitSettings(compatibility, quasi_likelihood=settings)
    facts = {"average": average} | facts
    start = None if first is None else first.coefficients
    return completed(second_part(data, study, dispersion, facts, abundance, how, start, first))


def second_part(
    data: FitData,
    study: Study,
    dispersion: np.ndarray,
    facts: dict[str, float],
    abundance: np.ndarray,
    settings: FitSettings,
    start: np.ndarray | None,
    first: passes.First | None = None,
) -> Fit:
    """Return the second fit of some genes, without what genes learn from each other; see :func:`completed`.

    Parameters
    ----------
    study : counts and sizes of these genes.
    dispersion : the shared one: (), or (genes,).
    facts : of the shared dispersion and the average quasi-dispersion.
    start : coefficients of the first fit.
    first : all of the first fit, where it was made in this job.
    """
    counts, quasi = data.counts, settings.quasi_likelihood
    second = passes.second_fit(study, dispersion, facts["average"], quasi, settings.compatibility, start, first)
    divided_by = data.size_factors.loc[counts.columns].to_numpy(dtype=float)
    if data.normalization_factors is not None:
        divided_by = data.normalization_factors.loc[counts.index, counts.columns].to_numpy(dtype=float)
    genes = gene_table(counts, divided_by, abundance, dispersion, second)
    columns = data.design.loc[counts.columns].rename_axis("sample")
    return Fit(
        genes,
        pd.DataFrame(second.raised, index=genes.index, columns=list(columns.columns)),
        second.coefficients,
        second.covariance,
        columns,
        study.sizes,
        {name: float(value) for name, value in (facts | settings_facts(quasi, settings.compatibility)).items()},
    )


def settings_facts(settings: QuasiLikelihood, compatibility: str) -> dict[str, float]:
    """Return what a fit says of its settings, as numbers."""
    return {
        "legacy": float(settings.legacy),
        "robust": float(settings.robust),
        "compatibility": float(compatibility == "exact"),
    }


def require_genes(counts: np.ndarray) -> None:
    """Stop if there is nothing that genes could learn from each other."""
    if (counts.any(axis=1)).sum() < 2:
        raise DataError("counts: fewer than two genes have a count, so none can learn from the variation of others.")


def gene_table(
    counts: pd.DataFrame, divided_by: Any, abundance: np.ndarray, dispersion: np.ndarray, second: passes.Second
) -> pd.DataFrame:
    """Return what a fit says of each gene by itself."""
    values = counts.to_numpy()
    return pd.DataFrame(
        {
            "base_mean": (values / np.asarray(divided_by, dtype=float)).mean(axis=1),
            "log_cpm": abundance,
            "shared_dispersion": np.broadcast_to(dispersion, len(values)),
            "deviance": second.deviance,
            "residual_df": second.df,
            "quasi_dispersion": second.quasi_dispersion,
            "below_poisson": second.below_poisson,
            "all_zero": ~values.any(axis=1),
        },
        index=pd.Index(counts.index, name="gene"),
    )


def completed(fit: Fit) -> Fit:
    """Return a fit with what genes learn from each other: the only step after the fits that sees all of them."""
    genes = fit.genes
    variances, df = genes["quasi_dispersion"].to_numpy(), genes["residual_df"].to_numpy()
    prior = moderation.fit_prior(
        variances,
        df,
        genes["log_cpm"].to_numpy(),
        robust=bool(fit.facts["robust"]),
        legacy=bool(fit.facts["legacy"]),
    )
    total = np.minimum(df + prior.df, len(genes) * (len(fit.design) - fit.design.shape[1]))
    location = np.broadcast_to(prior.location, variances.shape)
    moderated = posterior_variances(variances, df, prior)
    genes = genes.assign(quasi_prior=location, quasi_posterior=moderated, df=total)
    return replace(fit, genes=genes, facts=fit.facts | {"prior_df": float(np.median(prior.df))})


def contrast_table(
    fit: Fit,
    counts: pd.DataFrame,
    contrast: np.ndarray,
    *,
    reduced: pd.DataFrame | None = None,
    lfc_null: float = 0.0,
    alternative: str = "greater_abs",
) -> pd.DataFrame:
    """Test a contrast, or a smaller design, by the quasi-likelihood F test.

    Parameters
    ----------
    counts : the counts that were fitted, genes x samples.
    contrast : weights of the coefficients, in the design's column order.
    reduced : a smaller design, samples x coefficients, whose columns the larger one spans. With it the p-value is that
        of all that it lacks together.
    lfc_null, alternative : see :func:`degsteps.engines.edger_ql.testing.contrast_test`.

    Returns
    -------
    DataFrame
        by gene: base_mean, log2_fold_change (with prior count), lfc_se (of it, by the moderated quasi-dispersion),
        lfc_lower, lfc_upper (95 % confidence limits by the t distribution), stat, pvalue, na_reason.
    """
    genes, contrast = fit.genes, np.asarray(contrast, dtype=float)
    all_zero = genes["all_zero"].to_numpy(dtype=bool)
    design = fit.design.to_numpy(dtype=float)
    study = Study(counts.loc[:, fit.design.index].to_numpy(), fit.sizes, DesignGroups(design))
    if reduced is None:

        def test(model: testing.Model, of_genes: Study) -> testing.Tested:
            return testing.contrast_test(model, of_genes, design, contrast, lfc_null, alternative)
    else:
        smaller = reduced.loc[fit.design.index]
        n_tested = tested_directions(fit.design, smaller).shape[1]

        def test(model: testing.Model, of_genes: Study) -> testing.Tested:
            return testing.f_test(model, of_genes, smaller.to_numpy(dtype=float), n_tested)

    statistic, pvalue = _tested(fit, study, test)
    estimate = fit.coefficients.to_numpy() @ contrast
    covariance = unpack_symmetric(np.ascontiguousarray(fit.covariance.T))
    variance = np.einsum("i,gij,j->g", contrast, covariance, contrast) * genes["quasi_posterior"].to_numpy()
    standard_error = np.sqrt(variance)
    half = t_quantile(genes["df"].to_numpy(), 0.975) * standard_error
    result = pd.DataFrame(
        {
            "base_mean": genes["base_mean"],
            "log2_fold_change": estimate,
            "lfc_se": standard_error,
            "lfc_lower": estimate - half,
            "lfc_upper": estimate + half,
            "stat": statistic,
            "pvalue": pvalue,
        },
        index=genes.index,
    )
    result.loc[all_zero, result.columns[1:]] = np.nan
    return result.assign(na_reason=np.where(all_zero, "all_zero", ""))


def _tested(
    fit: Fit, study: Study, test: Callable[[testing.Model, Study], testing.Tested]
) -> tuple[np.ndarray, np.ndarray]:
    """Test every gene; in edgeR 3 no gene is more significant than its counts are by their Poisson variation alone."""
    genes, facts = fit.genes, fit.facts
    shared = genes["shared_dispersion"].to_numpy()
    dispersion = shared if facts["legacy"] else np.array(facts["common_dispersion"] / facts["average"])
    model = testing.Model(
        dispersion,
        genes["deviance"].to_numpy(),
        genes["quasi_posterior"].to_numpy(),
        genes["df"].to_numpy(),
        fit.bare_coefficients,
        series=facts["compatibility"] == 0,
    )
    statistic, pvalue = test(model, study)
    if facts["legacy"]:
        bound = testing.below_poisson_bound(model, genes["below_poisson"].to_numpy())
        if len(bound):
            some = study.rows(bound)
            of_poisson = test(testing.poisson_model(some, fit.design.to_numpy(dtype=float)), some)
            pvalue = pvalue.copy()
            pvalue[bound] = np.maximum(pvalue[bound], of_poisson.pvalue)
    return statistic, pvalue
