"""Given markers of cell types: scores of cells, labels by them, and whether labels are borne out."""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import rankdata

from degsteps.basics.errors import DataError
from degsteps.basics.words import listed
from degsteps.cells.transfer import UNASSIGNED

_DIRECTIONS = {"up": 1.0, "down": -1.0}
#: AUC of the score against all other cells from which a type is confirmed, and below which it is contradicted.
CONFIRMED, CONTRADICTED = 0.8, 0.6
#: AUC of a cluster by the score of its best type, below which it stays unassigned.
_LEAST_AUC = 0.7


def require_markers(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the markers of a given table: cell_type, gene, direction (1 or -1).

    Parameters
    ----------
    table : as it stands in the file, every column text; ``direction`` (``up`` or ``down``) is up where it is lacking.
    where : name of the file, for messages.

    Raises
    ------
    DataError
        if a column is missing, a field blank, a direction unknown, or a gene both up and down in one type.
    """
    lacking = [name for name in ("cell_type", "gene") if name not in table.columns]
    if lacking:
        raise DataError(
            f"{where}: has no column {listed(lacking)} (it has {listed(list(table.columns))}). Name the columns "
            "cell_type, gene and direction."
        )
    markers = table[["cell_type", "gene"]].apply(lambda column: column.str.strip())
    given = table["direction"] if "direction" in table.columns else pd.Series("", index=table.index)
    given = given.str.strip().str.casefold().replace("", "up")
    problems = []
    fields = zip(markers["cell_type"], markers["gene"], given, strict=True)
    for line, (cell_type, gene, direction) in enumerate(fields, start=2):
        problems += [
            f"line {line}: no {name}" for name, value in (("cell_type", cell_type), ("gene", gene)) if not value
        ]
        if direction not in _DIRECTIONS:
            problems.append(f"line {line}: direction '{direction}' is neither up nor down")
    if problems:
        more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise DataError(f"{where}: {'; '.join(problems[:5])}{more}. Correct these lines.")
    markers["direction"] = given.map(_DIRECTIONS)
    markers = markers.drop_duplicates().reset_index(drop=True)
    both = markers[markers.duplicated(["cell_type", "gene"], keep=False)]
    if len(both):
        first = both.iloc[0]
        raise DataError(f"{where}: {first['gene']} is up and down in {first['cell_type']}. Delete one of the lines.")
    return markers


def marker_weights(
    markers: pd.DataFrame, ids: pd.Index, symbols: pd.Series, spread: np.ndarray
) -> tuple[sparse.csc_matrix, pd.DataFrame]:
    """Return what each gene counts for in the score of each type: 1 / (number of markers x standard deviation).

    Parameters
    ----------
    markers : of :func:`require_markers`; genes are ids or symbols.
    ids, symbols : of the genes; symbols in the same order, may be missing.
    spread : ndarray, (genes,)
        Standard deviation of log values over all cells; a gene that does not vary is no marker.

    Returns
    -------
    weights : genes x types, types in order of their names.
    matched : DataFrame by cell_type: markers (given), matched, missing (names, joined).
    """
    place = {str(name): k for k, name in reversed(list(enumerate(symbols))) if isinstance(name, str) and name}
    place |= {str(name): k for k, name in enumerate(ids)}
    types = sorted(markers["cell_type"].unique())
    rows, columns, values, matched = [], [], [], []
    for column, name in enumerate(types):
        own = markers[markers["cell_type"] == name]
        known = {place[gene]: sign for gene, sign in zip(own["gene"], own["direction"], strict=True) if gene in place}
        used = {gene: sign for gene, sign in known.items() if spread[gene] > 0}
        rows += list(used)
        columns += [column] * len(used)
        values += [sign / (len(used) * spread[gene]) for gene, sign in used.items()]
        missing = [gene for gene in own["gene"] if gene not in place]
        matched.append((name, len(own), len(used), ", ".join(missing)))
    weights = sparse.csc_matrix((values, (rows, columns)), shape=(len(ids), len(types)))
    frame = pd.DataFrame(matched, columns=["cell_type", "markers", "matched", "missing"])
    return weights, frame.set_index("cell_type")


def auc_of(score: np.ndarray, inside: np.ndarray) -> float:
    """Return how often a cell inside has a higher score than one outside, ties as halves; NaN if there are none."""
    n, n_inside = len(score), int(inside.sum())
    if not 0 < n_inside < n:
        return np.nan
    return float((rankdata(score)[inside].sum() - n_inside * (n_inside + 1) / 2) / (n_inside * (n - n_inside)))


def labels_by_markers(scores: pd.DataFrame, clusters: np.ndarray | None) -> np.ndarray:
    """Name cells by their scores: each cluster as a whole, or, without clusters, each cell by its highest score.

    Parameters
    ----------
    scores : cells x types; types without a matched marker have no column here.
    clusters : ndarray of int, (cells,)

    Returns
    -------
    ndarray of str
        ``unassigned`` for a cluster whose best type (by mean score) does not tell its cells from all others with an
        AUC of at least 0.7, and for a cell without a score above 0.
    """
    names, values = scores.columns.to_numpy(dtype=object), scores.to_numpy()
    if not len(names):
        return np.full(len(scores), UNASSIGNED, dtype=object)
    if clusters is None:
        best = values.argmax(axis=1)
        return np.where(values.max(axis=1) > 0, names[best], UNASSIGNED)
    labels = np.full(len(scores), UNASSIGNED, dtype=object)
    for cluster in np.unique(clusters):
        inside = clusters == cluster
        best = int(values[inside].mean(axis=0).argmax())
        auc = auc_of(values[:, best], inside)
        if auc >= _LEAST_AUC or inside.all():
            labels[inside] = names[best]
    return labels


def marker_verdicts(scores: pd.DataFrame, labels: np.ndarray, matched: pd.DataFrame) -> pd.DataFrame:
    """Say of each label whether its own markers bear it out.

    Parameters
    ----------
    scores : cells x types with at least one matched marker.
    labels : by cell; blank where there is none.
    matched : of :func:`marker_weights`.

    Returns
    -------
    DataFrame
        By label: cells, markers, matched, auc (of the score of its own markers, against all other labelled cells),
        highest (the label with the highest mean of that score), verdict: ``confirmed`` (AUC at least 0.8, and no label
        scores higher), ``contradicted`` (AUC below 0.6), ``weak`` (between), ``no markers``.
    """
    labels = np.asarray(labels, dtype=object)
    known = (labels != "") & (labels != UNASSIGNED)
    scores, labels = scores[known], labels[known]
    rows = []
    for name in sorted(set(labels)):
        inside = labels == name
        given = matched.loc[name] if name in matched.index else None
        markers, found = (int(given["markers"]), int(given["matched"])) if given is not None else (0, 0)
        if name not in scores.columns:
            rows.append((name, int(inside.sum()), markers, found, np.nan, "", "no markers"))
            continue
        score = scores[name].to_numpy()
        auc = auc_of(score, inside)
        means = pd.Series(score).groupby(labels).mean()
        highest = str(means.index[means.to_numpy().argmax()])
        if np.isnan(auc):
            verdict = "no markers" if not len(scores) else "weak"
        elif auc < CONTRADICTED:
            verdict = "contradicted"
        else:
            verdict = "confirmed" if auc >= CONFIRMED and highest == name else "weak"
        rows.append((name, int(inside.sum()), markers, found, auc, highest, verdict))
    columns = ["label", "cells", "markers", "matched", "auc", "highest", "verdict"]
    return pd.DataFrame(rows, columns=columns).set_index("label")


def expressed_markers(
    weights: sparse.csc_matrix, types: list[str], percent: pd.DataFrame, percent_rest: pd.DataFrame
) -> pd.DataFrame:
    """Return the mean percent of cells that express a label's own markers (those that are up), there and elsewhere.

    Parameters
    ----------
    weights, types : of :func:`marker_weights`, genes x types.
    percent, percent_rest : genes x labels, in the order of the weights' genes.

    Returns
    -------
    DataFrame
        By label: percent, percent_rest; labels without such markers are left out.
    """
    rows = {}
    for column, name in enumerate(types):
        up = weights[:, [column]].tocoo()
        genes = up.row[up.data > 0]
        if name in percent.columns and len(genes):
            rows[name] = (percent[name].iloc[genes].mean(), percent_rest[name].iloc[genes].mean())
    return pd.DataFrame.from_dict(rows, orient="index", columns=["percent", "percent_rest"]).rename_axis("label")
