"""Contrasts of the configuration as an engine tests them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from degsteps.batch.design_matrix import compared_samples, design_of, reduced_design
from degsteps.design.weights import compile_contrast
from degsteps.engines.interface import Contrast


def compiled_contrasts(
    samples: pd.DataFrame,
    model: Mapping[str, Any],
    contrasts: Mapping[str, Mapping[str, Any]],
    design: pd.DataFrame,
) -> dict[str, Contrast]:
    """Compile contrasts for a design matrix.

    Parameters
    ----------
    samples : the sample table, as text.
    model : formula, factors and covariates.
    contrasts : definitions by name.
    design : the matrix that is fitted, or that to which surrogate variables are joined later.
    """
    built = design_of(samples, model)
    by_name = {}
    for name, contrast in contrasts.items():
        compiled = compile_contrast(built, contrast)
        weights = pd.Series(compiled.weights, index=list(built.columns)).loc[list(design.columns)]
        reduced = reduced_design(samples, model, contrast)
        if reduced is not None:
            reduced = reduced.loc[design.index]
        compared = compared_samples(built, contrast, compiled)
        by_name[name] = Contrast(weights.to_numpy(), reduced, contrast["lfc_null"], contrast["alternative"], compared)
    return by_name
