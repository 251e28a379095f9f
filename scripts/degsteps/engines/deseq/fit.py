"""One fitted model: what it holds, how it is kept in a file, and one fit from the fits of parts of the genes."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.engines.deseq.kernels.local_regression import LocalRegression
from degsteps.engines.deseq.kernels.stages import Counts
from degsteps.engines.deseq.kernels.trend import Trend

#: From natural to binary logarithms.
LOG2_E = 1.0 / np.log(2.0)


@dataclass
class Fit:
    """One fitted model: everything that tests and transformations need, without the counts.

    Attributes
    ----------
    genes : DataFrame, genes x columns
        ``base_mean``, ``base_var`` (of normalised counts, after outlier replacement), ``all_zero``, ``disp_gene_wise``,
        ``disp_fitted``, ``disp_map``, ``dispersion``, ``disp_outlier``, ``log_likelihood``, ``max_cooks`` (NaN: not
        judged), ``counts_above_outlier``, ``beta_converged``, ``replaced``.
    coefficients : DataFrame, genes x coefficients
        Natural logarithms.
    covariance : ndarray, (genes, p(p+1)/2)
        Covariance of each gene's coefficients: lower triangle, row by row.
    design : DataFrame, samples x coefficients
    size_factors : Series, samples
    trend : dict
        ``kind``, ``coefficients``, ``local`` (arrays of the curve or None), ``note``, ``prior_variance``,
        ``residual_variance``, ``residual_df``.
    group_totals : ndarray of float, (genes, groups)
        Sum of raw counts over samples with equal design rows, groups in the order of their sorted design rows.
    settings : dict
        Arguments of the fit.
    normalization_factors : DataFrame, genes x samples, or None
    replaced_counts : DataFrame, genes x samples
        Counts of the genes in which outliers were replaced, as they were fitted.
    cooks : DataFrame, genes x samples, or None
    """

    genes: pd.DataFrame
    coefficients: pd.DataFrame
    covariance: np.ndarray
    design: pd.DataFrame
    size_factors: pd.Series
    trend: dict
    group_totals: np.ndarray
    settings: dict
    normalization_factors: pd.DataFrame | None = None
    replaced_counts: pd.DataFrame = field(default_factory=pd.DataFrame)
    cooks: pd.DataFrame | None = None

    @property
    def dispersion_trend(self) -> Trend:
        """The trend as a function of the mean."""
        return trend_from_dict(self.trend)

    @property
    def summary(self) -> dict[str, Any]:
        """The dispersion trend and the width of its prior, and the share of genes in which counts were replaced."""
        trend = self.trend
        summary = {
            "trend": trend["kind"],
            **trend["coefficients"],
            "dispersion_prior_variance": trend["prior_variance"],
            "share_replaced": round(float(self.genes["replaced"].mean()), 6),
        }
        return summary | ({"note": trend["note"]} if trend["note"] else {})

    def to_anndata(self):
        """The fit as an AnnData object: samples x genes without a matrix of its own.

        Returns
        -------
        anndata.AnnData
        """
        import anndata

        varm = {"coefficients": self.coefficients, "covariance": self.covariance, "cell_totals": self.group_totals}
        if not self.replaced_counts.empty:
            varm["replaced_counts"] = self.replaced_counts.reindex(self.genes.index).to_numpy(dtype=float)
        layers = {}
        if self.normalization_factors is not None:
            layers["normalization_factors"] = self.normalization_factors.T.to_numpy()
        if self.cooks is not None:
            layers["cooks"] = self.cooks.T.to_numpy()
        # Index named, keys in the order in which h5ad returns them: a fit that was read is written with the same bytes.
        samples = self.design.index.astype(str).rename("sample")
        obs = pd.DataFrame({"size_factor": self.size_factors.to_numpy()}, index=samples)
        trend = self.trend | {"local": self.trend["local"] or {}}
        settings = {key: value for key, value in self.settings.items() if value is not None}
        return anndata.AnnData(
            obs=obs,
            var=self.genes.copy(),
            obsm={"design": self.design.set_axis(samples)},
            varm=varm,
            layers=layers,
            uns=_in_order({"trend": trend, "settings": settings}),
        )

    @classmethod
    def from_anndata(cls, data) -> "Fit":
        """Inverse of :meth:`to_anndata`.

        Parameters
        ----------
        data : anndata.AnnData
        """
        samples = pd.Index(data.obs_names, name="sample")
        genes = data.var.copy()
        genes.index = pd.Index(genes.index, name="gene")
        replaced = pd.DataFrame()
        if "replaced_counts" in data.varm:
            rows = genes["replaced"].to_numpy(dtype=bool)
            replaced = pd.DataFrame(
                np.asarray(data.varm["replaced_counts"])[rows], index=genes.index[rows], columns=samples
            )
        trend = {
            key: (float(value) if isinstance(value, np.floating) else value) for key, value in data.uns["trend"].items()
        }
        trend["residual_df"] = int(trend["residual_df"])
        trend["coefficients"] = {key: float(value) for key, value in trend["coefficients"].items()}
        trend["local"] = {key: np.asarray(value) for key, value in trend["local"].items()} or None

        def layer(name: str) -> pd.DataFrame | None:
            if name not in data.layers:
                return None
            return pd.DataFrame(np.asarray(data.layers[name]).T, index=genes.index, columns=samples)

        return cls(
            genes=genes,
            coefficients=pd.DataFrame(data.varm["coefficients"]).set_axis(genes.index),
            covariance=np.asarray(data.varm["covariance"]),
            design=pd.DataFrame(data.obsm["design"]).set_axis(samples),
            size_factors=pd.Series(data.obs["size_factor"].to_numpy(), index=samples, name="size_factor"),
            trend=trend,
            group_totals=np.asarray(data.varm["cell_totals"]),
            settings=dict(data.uns["settings"]),
            normalization_factors=layer("normalization_factors"),
            replaced_counts=replaced,
            cooks=layer("cooks"),
        )


def _in_order(values: dict) -> dict:
    """The same with sorted keys, at every depth."""
    return {key: _in_order(value) if isinstance(value, dict) else value for key, value in sorted(values.items())}


def trend_to_dict(trend: Trend) -> dict:
    """A trend as a table of plain values and arrays, as ``Fit.trend`` and files hold it."""
    local = None
    if trend.local is not None:
        curve = trend.local
        local = {
            "vertices": curve.vertices,
            "values": curve.values,
            "slopes": curve.slopes,
            "centre": np.array(curve.centre),
            "quadratic": curve.quadratic,
        }
    return {"kind": trend.kind, "coefficients": dict(trend.coefficients), "local": local, "note": trend.note}


def trend_from_dict(values: dict) -> Trend:
    """Inverse of :func:`trend_to_dict`; further keys are passed over."""
    local = values["local"]
    if local is not None:
        local = LocalRegression(
            local["vertices"], local["values"], local["slopes"], float(local["centre"]), local["quadratic"]
        )
    return Trend(values["kind"], dict(values["coefficients"]), local, values["note"])


def fitted_counts(fit: Fit, counts: pd.DataFrame) -> Counts:
    """The counts of a fit, outliers replaced as they were in it, with its offsets."""
    missing = ~fit.genes.index.isin(counts.index)
    if missing.any():
        raise DataError(f"counts: gene {fit.genes.index[missing][0]} of the fit is not among them.")
    values = counts.loc[fit.genes.index, fit.design.index].to_numpy()
    if not fit.replaced_counts.empty:
        values = values.astype(float)
        values[fit.genes["replaced"].to_numpy(dtype=bool)] = fit.replaced_counts.to_numpy()
    offsets = fit.size_factors if fit.normalization_factors is None else fit.normalization_factors
    return Counts(values, offsets.to_numpy(dtype=float))


def merge_fits(parts: list[Fit]) -> Fit:
    """One fit from the fits of all its genes, in the order given.

    Once any count anywhere was replaced, genes are judged by the Cook's distances of samples with few replicates only:
    the others' outliers are gone (as in DESeq2).

    Parameters
    ----------
    parts : list of Fit
        Of :func:`fit_coefficients_given_prior`, same samples, design and trend.

    Returns
    -------
    Fit
    """
    genes = pd.concat([part.genes for part in parts])
    if genes["replaced"].any():
        genes["max_cooks"] = genes["max_cooks_irreplaceable"]
    genes = genes.drop(columns="max_cooks_irreplaceable")
    first = parts[0]

    def together(name: str) -> pd.DataFrame | None:
        tables = [getattr(part, name) for part in parts]
        return None if tables[0] is None else pd.concat(tables)

    replaced = [part.replaced_counts for part in parts if not part.replaced_counts.empty]
    return Fit(
        genes=genes,
        coefficients=pd.concat([part.coefficients for part in parts]),
        covariance=np.concatenate([part.covariance for part in parts]),
        design=first.design,
        size_factors=first.size_factors,
        trend=first.trend,
        group_totals=np.concatenate([part.group_totals for part in parts]),
        settings=first.settings,
        normalization_factors=together("normalization_factors"),
        replaced_counts=pd.concat(replaced) if replaced else pd.DataFrame(),
        cooks=together("cooks"),
    )
