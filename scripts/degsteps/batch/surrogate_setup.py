"""How the surrogate variables of an analysis are estimated, ready for any of its genes and samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from degsteps.batch import surrogates
from degsteps.batch.design_matrix import as_frame, design_of


@dataclass(frozen=True)
class SurrogateSetup:
    """What an estimate takes beside counts, size factors and the design.

    Attributes
    ----------
    method, number : as in the configuration.
    seed : of the permutations that count them (``number`` auto).
    null : samples x coefficients, the design without the question (``sva``).
    groups : group of replicates of each sample (``ruv_s``).
    control_genes : ids; all genes if not given.
    fit_type, compatibility : of the fit that leaves the residuals (``ruv_r``).
    """

    method: str
    number: int | str
    seed: int
    null: pd.DataFrame | None = None
    groups: pd.Series | None = None
    control_genes: Sequence[str] | None = None
    fit_type: str = "parametric"
    compatibility: str = "r"

    def of_samples(self, samples: Sequence[str], null: pd.DataFrame | None) -> "SurrogateSetup":
        """Return the setup of some of the samples.

        Parameters
        ----------
        null : what these samples leave of the null design.
        """
        return replace(self, null=null, groups=None if self.groups is None else self.groups.loc[list(samples)])

    def variables(
        self, counts: pd.DataFrame, factors: pd.Series | pd.DataFrame, design: pd.DataFrame
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Estimate the variables; see :func:`degsteps.batch.surrogates.estimate`."""
        residuals = None
        if self.method == "ruv_r":
            fitting = {"fit_type": self.fit_type, "compatibility": self.compatibility}
            residuals = surrogates.model_residuals(counts, design, factors, **fitting)
        return surrogates.estimate(
            counts,
            factors,
            design,
            method=self.method,
            number=self.number,
            null=self.null,
            control_genes=self.control_genes,
            groups=self.groups,
            residuals=residuals,
            seed=self.seed,
        )


def surrogate_setup(
    sheet: pd.DataFrame,
    model: Mapping[str, Any],
    *,
    null_model: str,
    seed: int,
    fit_type: str,
    compatibility: str,
    control_genes: Sequence[str] | None,
) -> SurrogateSetup:
    """Return how the surrogate variables of a design are estimated.

    Parameters
    ----------
    sheet : the sample table as text, without surrogate variables.
    model : formula, factors, covariates and surrogates.
    null_model : formula of the null design (``sva``).
    """
    settings = model["surrogates"]
    is_sva, is_ruv_s = settings["method"] == "sva", settings["method"] == "ruv_s"
    return SurrogateSetup(
        settings["method"],
        settings["number"],
        seed,
        null=as_frame(design_of(sheet, {**model, "formula": null_model})) if is_sva else None,
        groups=sheet[settings["replicates"]] if is_ruv_s else None,
        control_genes=control_genes,
        fit_type=fit_type,
        compatibility=compatibility,
    )
