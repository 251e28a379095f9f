"""The fit of the quasi-likelihood engine in parts of the genes, and what looks at all of them between the passes.

The dispersion that all genes share is known before the first fit, so each part finds it anew from the counts of all
genes, which takes a fraction of the time of the fits. The trend of edgeR 3 takes likelihoods of every gene on a grid:
these are made in parts, and the trend from all of them.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.edger_ql import dispersion as dispersions
from degsteps.engines.edger_ql import model, passes
from degsteps.engines.edger_ql.model import Fit
from degsteps.engines.edger_ql.study import Study
from degsteps.engines.interface import FitData, FitSettings, Part


def first(part: Part, settings: FitSettings) -> pd.DataFrame:
    """Return the abundance of a part's genes with the first fit, or the likelihoods on the grid (edgeR 3)."""
    quasi, compatibility = settings.quasi_likelihood, settings.compatibility
    study = _study(part.whole)
    model.require_genes(study.counts)
    index = part.data.counts.index
    if quasi.legacy:
        reads, likelihood = dispersions.grid_likelihoods(study.rows(part.rows), series=compatibility == "r")
        columns = {f"grid_{k}": values for k, values in enumerate(likelihood.T)}
        return pd.DataFrame({"reads": reads} | columns, index=index)
    abundance = passes.abundance(study)
    shared, facts = passes.shared_dispersion(study, abundance, quasi, compatibility)
    fitted = passes.first_fit(study.rows(part.rows), float(shared), compatibility)
    columns = {"log_cpm": abundance[part.rows], "quasi_dispersion": fitted.quasi_dispersion, "df": fitted.df}
    columns |= {f"coefficient_{k}": values for k, values in enumerate(fitted.coefficients.T)}
    return pd.DataFrame(columns, index=index).assign(**facts)


def between(genes: pd.DataFrame, design: pd.DataFrame, whole: FitData | None, settings: FitSettings) -> dict[str, Any]:
    """Return the shared dispersion and the average quasi-dispersion, from the first pass of all genes."""
    quasi, compatibility = settings.quasi_likelihood, settings.compatibility
    study = _study(whole)
    if quasi.legacy:
        likelihood = genes[[name for name in genes if name.startswith("grid_")]].to_numpy()
        trend, common = dispersions.trend_of_grid(
            genes["reads"].to_numpy(), likelihood, lambda common: passes.abundance(study.by_totals, common)
        )
        abundance = passes.abundance(study.by_totals, common)
        facts = {"average": 1.0, "common_dispersion": common}
        return {"kind": "legacy", "facts": facts, "trend": trend, "abundance": abundance}
    facts = {name: float(genes[name].iloc[0]) for name in ("common_dispersion", "top_proportion")}
    average = passes.average_quasi_dispersion(
        study,
        genes["log_cpm"].to_numpy(),
        facts["common_dispersion"],
        _coefficients(genes),
        genes["quasi_dispersion"].to_numpy(),
        genes["df"].to_numpy(),
        compatibility,
    )
    return {"kind": "common", "facts": {"average": average} | facts}


def second(part: Part, genes: pd.DataFrame, shared: dict[str, Any], settings: FitSettings) -> Fit:
    """Return the second fit of a part; what genes learn from each other is left to :func:`joined`."""
    study, facts = _study(part.whole).rows(part.rows), dict(shared["facts"])
    if settings.quasi_likelihood.legacy:
        dispersion, start = np.asarray(shared["trend"])[part.rows], None
        abundance = np.asarray(shared["abundance"])[part.rows]
    else:
        dispersion, start = np.array(facts["common_dispersion"]), _coefficients(genes)
        abundance = genes["log_cpm"].to_numpy()
    return model.second_part(part.data, study, dispersion, facts, abundance, settings, start)


def joined(parts: list[Fit]) -> Fit:
    """Return one fit from those of its parts."""
    first_part = parts[0]
    together = replace(
        first_part,
        genes=pd.concat([part.genes for part in parts]),
        coefficients=pd.concat([part.coefficients for part in parts]),
        bare_coefficients=np.concatenate([part.bare_coefficients for part in parts]),
        covariance=np.concatenate([part.covariance for part in parts]),
        sizes=first_part.sizes if first_part.sizes.ndim == 1 else np.concatenate([part.sizes for part in parts]),
    )
    return model.completed(together)


def _study(data: FitData) -> Study:
    columns = data.design.loc[data.counts.columns]
    sizes = model.library_sizes(data.counts, data.size_factors, data.normalization_factors)
    return Study(data.counts.to_numpy(), sizes, DesignGroups(columns.to_numpy(dtype=float)))


def _coefficients(genes: pd.DataFrame) -> np.ndarray:
    return genes[[name for name in genes if name.startswith("coefficient_")]].to_numpy()
