"""A reference with labels, as it comes: its counts or log values, its genes, and what cannot be taken."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.basics.errors import DataError
from degsteps.basics.words import quoted, suggestion
from degsteps.cells.transfer import training_cells

if TYPE_CHECKING:
    from anndata import AnnData

_PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth")
#: Natural logarithms of counts per ten thousand are below this: log(10,001).
_LARGEST_LOG = 9.3
_TEN_THOUSAND = 1e4


def log_per_ten_thousand(counts: sparse.spmatrix) -> sparse.csr_matrix:
    """Return log(1 + counts per ten thousand of the cell), natural logarithm; cells x genes."""
    values = sparse.csr_matrix(counts, dtype=float, copy=True)
    total = np.asarray(values.sum(axis=1)).ravel()
    scale = np.divide(_TEN_THOUSAND, total, out=np.zeros_like(total), where=total > 0)
    values.data = np.log1p(values.data * np.repeat(scale, np.diff(values.indptr)))
    return values


def require_no_pickle(path: Path) -> None:
    """Refuse model files that run code when they are loaded.

    Raises
    ------
    DataError
    """
    if path.suffix.casefold() in _PICKLES:
        raise DataError(
            f"cells.label.reference: {path} is a pickle, and loading one runs whatever code is in it. Give the cells "
            "that the model was trained on as h5ad, with their labels in a column."
        )


def reference_cells(
    data: "AnnData", label_column: str, path: Path, seed: int
) -> tuple[sparse.csr_matrix, np.ndarray, pd.Index, pd.Series, dict[str, Any]]:
    """Return log values and labels of the cells that a model is trained on.

    Parameters
    ----------
    data : cells x genes, with whole numbers in X, in a layer or in raw, or log values in X.
    label_column : column of obs; cells without a label are left out.

    Returns
    -------
    values : log values, cells x genes, cells in order of their ids.
    labels : ndarray of str
    ids, symbols : of the genes.
    facts : cells, labels, source (of the values), and trained_on (cells).

    Raises
    ------
    DataError
        if there is no such column, fewer than two labels, or nothing that can be log values.
    """
    if label_column not in data.obs.columns:
        names = list(data.obs.columns)
        raise DataError(
            f"cells.label.reference_label: {path} has no column {quoted(label_column)}. "
            + suggestion(label_column, names, "Its columns are")
        )
    labels = data.obs[label_column].astype(object)
    known = labels.notna().to_numpy() & (labels.astype(str).str.strip() != "").to_numpy()
    order = np.flatnonzero(known)
    order = order[np.argsort(data.obs_names.to_numpy(dtype=str)[order], kind="stable")]
    names = labels.to_numpy()[order].astype(str)
    if len(np.unique(names)) < 2:
        raise DataError(
            f"cells.label.reference_label: column {quoted(label_column)} of {path} has fewer than two labels. Name the "
            "column of cell types."
        )
    chosen = training_cells(names, seed)
    source, matrix, var = _matrix(data, path)
    values = sparse.csr_matrix(matrix[order[chosen]])
    values = log_per_ten_thousand(values) if source != "log values" else values.astype(float)
    symbols = var["symbol"] if "symbol" in var.columns else pd.Series([None] * len(var), index=var.index)
    facts = {
        "cells": int(known.sum()),
        "labels": len(np.unique(names)),
        "source": source,
        "trained_on": len(chosen),
    }
    return values, names[chosen], pd.Index(var.index), symbols.reset_index(drop=True), facts


def _matrix(data: "AnnData", path: Path) -> tuple[str, Any, pd.DataFrame]:
    """Return what the values are called, the matrix and its genes: counts wherever they are, else log values."""
    places = [("X", data.X, data.var)]
    places += [(f"layer {name}", data.layers[name], data.var) for name in sorted(data.layers)]
    if data.raw is not None:
        places.append(("raw", data.raw.X, data.raw.var))
    for name, matrix, var in places:
        if matrix is not None and _is_counts(matrix):
            return name, matrix, var
    stored = _stored(data.X) if data.X is not None else np.array([np.nan])
    if not len(stored) or not np.isfinite(stored).all() or stored.min() < 0 or stored.max() > _LARGEST_LOG:
        raise DataError(
            f"cells.label.reference: {path} has counts neither in X nor in a layer or raw, and X is no logarithm of "
            f"counts per ten thousand (values from {stored.min():.3g} to {stored.max():.3g}). Give raw counts."
        )
    return "log values", data.X, data.var


def _stored(matrix: Any) -> np.ndarray:
    return np.asarray(matrix.data if sparse.issparse(matrix) else matrix).ravel()


def _is_counts(matrix: Any) -> bool:
    """Whether there are only whole numbers from 0 on, and not all of them 0 or 1 (detected or not)."""
    stored = _stored(matrix)
    with np.errstate(invalid="ignore"):
        return bool(len(stored) and stored.min() >= 0 and stored.max() > 1 and (stored == np.floor(stored)).all())
