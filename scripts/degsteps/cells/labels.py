"""Labels of cells from several sources, side by side, and the one that is used. What is given is never overwritten."""

import numpy as np
import pandas as pd

from degsteps.cells.transfer import UNASSIGNED

#: In the order in which they are asked.
SOURCES = ("given", "mapped", "by_markers")


def used_labels(labels: pd.DataFrame) -> pd.Series:
    """Return the label of each cell that later steps use.

    Parameters
    ----------
    labels : by cell, text: ``given``, ``mapped``, ``by_markers``, ``cluster``; a source that the configuration does not
        ask for is blank throughout.

    Returns
    -------
    Series
        The first of given, mapped and by markers that has a name for the cell, else blank. Clusters are used where
        nothing else was asked for, as ``cluster 3``.
    """
    used = pd.Series("", index=labels.index, dtype=object)
    for source in SOURCES:
        named = (labels[source] != "") & (labels[source] != UNASSIGNED)
        used = used.where((used != "") | ~named, labels[source])
    if not any((labels[source] != "").any() for source in SOURCES):
        used = ("cluster " + labels["cluster"].astype(str)).where(labels["cluster"] != "", "")
    return used.rename("used")


def confusion(labels: pd.DataFrame) -> pd.DataFrame:
    """Cross given labels with those of every other source.

    Returns
    -------
    DataFrame
        By given label: source (mapped, by_markers, cluster), label, cells, share (of the cells with that given label).
        Empty without given labels.
    """
    tables = []
    for source in ("mapped", "by_markers", "cluster"):
        both = labels[(labels["given"] != "") & (labels[source] != "")]
        if len(both):
            counted = both.groupby(["given", source], sort=True).size().rename("cells").reset_index()
            counted = counted.rename(columns={source: "label"}).assign(source=source)
            counted["share"] = counted["cells"] / counted.groupby("given")["cells"].transform("sum")
            tables.append(counted)
    columns = ["source", "label", "cells", "share"]
    if not tables:
        return pd.DataFrame(columns=columns, index=pd.Index([], name="given"))
    return pd.concat(tables).set_index("given")[columns]


def agreement(labels: pd.DataFrame, source: str) -> float | None:
    """Return the share of cells with the same label, of those that both name; None if there are none."""
    other = labels[source]
    both = (labels["given"] != "") & (other != "") & (other != UNASSIGNED)
    return float(np.mean(labels["given"][both] == other[both])) if both.any() else None
