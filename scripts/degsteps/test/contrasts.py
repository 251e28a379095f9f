"""Contrasts of the configuration as an engine tests them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from degsteps.batch.design_matrix import compared_samples, reduced_design
from degsteps.design.compiled import CompiledDesign
from degsteps.design.weights import compile_contrast
from degsteps.engines.interface import Contrast


def compiled_contrasts(
    stored: CompiledDesign,
    contrasts: Mapping[str, Mapping[str, Any]],
    columns: pd.DataFrame,
) -> dict[str, Contrast]:
    """Compile contrasts for a design matrix.

    Parameters
    ----------
    stored : the design that stage 04 has written.
    contrasts : definitions by name.
    columns : the matrix that is fitted, or that to which surrogate variables are joined later.
    """
    design = stored.design
    by_name = {}
    for name, contrast in contrasts.items():
        compiled = compile_contrast(design, contrast)
        weights = pd.Series(compiled.weights, index=list(design.columns)).loc[list(columns.columns)]
        reduced = reduced_design(stored, contrast)
        if reduced is not None:
            reduced = reduced.loc[columns.index]
        compared = compared_samples(design, contrast, compiled)
        by_name[name] = Contrast(weights.to_numpy(), reduced, contrast["lfc_null"], contrast["alternative"], compared)
    return by_name
