"""Shares of cell types by sample, and tests of them with the samples' own design (propeller: Phipson et al. 2022).

A sample is what one donor gives under one condition, all its cells. Shares are transformed, fitted by least squares and
tested by moderated t, the variance shared among the types as limma shares it among genes (Smyth 2004).
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from degsteps.basics.errors import DesignError
from degsteps.engines.multiple_testing import adjust_bh
from degsteps.engines.voom import correlation, moderation
from degsteps.engines.voom.regression import Regression

#: Added to numbers of cells before a logarithm.
_HALF = 0.5


def arcsin(cells: np.ndarray) -> np.ndarray:
    """Return the angle whose sine is the root of the share; samples x types."""
    return np.arcsin(np.sqrt(cells / cells.sum(axis=1, keepdims=True)))


def logit(cells: np.ndarray) -> np.ndarray:
    """Return log odds of the share, half a cell added to every number."""
    more = cells + _HALF
    share = more / more.sum(axis=1, keepdims=True)
    return np.log(share / (1 - share))


def clr(cells: np.ndarray) -> np.ndarray:
    """Return centred log-ratios: log numbers, half a cell added, less their mean over the types of the sample."""
    logs = np.log(cells + _HALF)
    return logs - logs.mean(axis=1, keepdims=True)


TRANSFORMS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {"arcsin": arcsin, "logit": logit, "clr": clr}


def sample_names(cells: pd.DataFrame) -> pd.Series:
    """Name the sample of each cell: its donor, and its values in columns that vary within a donor.

    Parameters
    ----------
    cells : text by cell: ``donor`` and the columns of the design.
    """
    names = cells["donor"]
    for column in cells.columns.drop("donor"):
        if cells.groupby("donor")[column].nunique().max() > 1:
            names = names + "." + cells[column]
    return names.rename("sample")


def cells_per_type(samples: pd.Series, types: pd.Series) -> pd.DataFrame:
    """Count cells, samples x types, both sorted by name.

    Parameters
    ----------
    samples, types : by cell; cells without a type (missing or blank) are not counted.
    """
    typed = types.notna() & (types != "")
    counted = pd.crosstab(samples[typed].astype(str), types[typed].astype(str))
    return counted.rename_axis(index="sample", columns="cell_type")


def shares(cells: pd.DataFrame) -> pd.DataFrame:
    """Return shares of types, samples x types; each row adds up to 1."""
    return cells.div(cells.sum(axis=1), axis=0)


def compare_shares(
    cells: pd.DataFrame,
    design: pd.DataFrame,
    contrasts: Mapping[str, np.ndarray],
    transform: str = "arcsin",
    subjects: pd.Series | None = None,
) -> tuple[pd.DataFrame, dict[str, float | None]]:
    """Test contrasts of the shares of every type.

    Parameters
    ----------
    cells : numbers of cells, samples x types; every sample has cells.
    design : samples x coefficients, full column rank.
    contrasts : weights of the coefficients, by name of the contrast.
    transform : a key of :data:`TRANSFORMS`.
    subjects : by sample; samples of one subject are taken to be correlated, in all types alike.

    Returns
    -------
    table : DataFrame by cell_type: contrast, transform, n_samples, cells, share (mean over samples), difference (on the
        transformed scale), standard_error (moderated), stat, df, pvalue, padj (Benjamini-Hochberg over the types).
    facts : prior_df (None if infinite), prior_variance, residual_df, and correlation with subjects.

    Raises
    ------
    DesignError
        if there are fewer than two types, or no more samples than coefficients.
    """
    design = design.loc[cells.index]
    n_samples, n_coefficients = design.shape
    if cells.shape[1] < 2:
        raise DesignError("cells.composition: all cells are of one type, so shares cannot change. Leave it out.")
    if n_samples <= n_coefficients:
        raise DesignError(
            f"cells.composition: {n_samples} samples (donor x condition) and {n_coefficients} coefficients leave no "
            "degrees of freedom. Take terms out of design.formula, or leave the comparison of shares out."
        )
    values = TRANSFORMS[transform](cells.to_numpy(dtype=float)).T
    facts: dict[str, float | None] = {}
    block = None if subjects is None else pd.factorize(subjects.loc[cells.index])[0]
    regression = Regression(values, design.to_numpy(dtype=float), block=block)
    shared = 0.0
    if block is not None:
        shared = facts["correlation"] = correlation.consensus(correlation.gene_correlations(regression))
    solved = regression.solve(shared)
    variance = solved.residual_sum / regression.residual_df
    prior = moderation.fit_prior(variance, regression.residual_df)
    posterior, df = moderation.moderated(variance, regression.residual_df, prior)
    facts |= {
        "prior_df": None if np.isinf(prior.df) else prior.df,
        "prior_variance": prior.variance,
        "residual_df": float(regression.residual_df),
    }
    tables = []
    for name, weights in contrasts.items():
        estimate = solved.coefficients @ weights
        error = np.sqrt(np.einsum("i,gij,j->g", weights, solved.covariance, weights) * posterior)
        statistic, pvalue = moderation.t_test(estimate, error, df)
        columns = {
            "contrast": name,
            "transform": transform,
            "n_samples": n_samples,
            "cells": cells.sum(axis=0).to_numpy(),
            "share": shares(cells).mean(axis=0).to_numpy(),
            "difference": estimate,
            "standard_error": error,
            "stat": statistic,
            "df": df,
            "pvalue": pvalue,
            "padj": adjust_bh(pvalue),
        }
        tables.append(pd.DataFrame(columns, index=pd.Index(cells.columns, name="cell_type")))
    return pd.concat(tables), facts
