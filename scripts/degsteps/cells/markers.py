"""What tells one label from all others, as sizes of effects: labels come from the same genes, so p-values would lie."""

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.cells.rank_sums import group_aucs

N_MARKERS = 20
#: Share of the cells of a label that express a marker, at least, in percent.
_LEAST_PERCENT = 10.0


class LabelProfiles:
    """How the genes are expressed by the cells of each label.

    Parameters
    ----------
    values : log values, cells x genes, nothing below 0.
    labels : by cell; blank or missing ones are left out of everything.
    genes : names of the columns.

    Attributes
    ----------
    auc, percent, percent_rest, mean, mean_rest : DataFrame, genes x labels
        Share of pairs with a cell of other labels in which this label's is higher; percent of cells with a value above
        0; mean values. ``_rest``: of all other labelled cells together.
    cells : Series, by label.
    """

    def __init__(self, values: sparse.spmatrix, labels: pd.Series, genes: pd.Index) -> None:
        codes, names = pd.factorize(labels.replace("", np.nan), sort=True)
        names = pd.Index(names, name="label")
        values = values.tocsr()
        size = np.bincount(codes[codes >= 0], minlength=len(names)).astype(float)
        known = np.flatnonzero(codes >= 0)
        indicator = sparse.csr_matrix((np.ones(len(known)), (codes[known], known)), shape=(len(names), values.shape[0]))
        sums = np.asarray((indicator @ values.astype(float, copy=False)).todense())
        above = sparse.csr_matrix(((values.data > 0).astype(float), values.indices, values.indptr), shape=values.shape)
        positive = np.asarray((indicator @ above).todense())
        del above
        rest = np.maximum(size.sum() - size, 1.0)[:, None]

        def table(by_label: np.ndarray) -> pd.DataFrame:
            return pd.DataFrame(by_label, index=pd.Index(genes, name="gene"), columns=names)

        self.cells = pd.Series(size.astype(int), index=names)
        self.auc = table(group_aucs(values.tocsc(), codes, len(names)))
        self.percent = table((100 * positive / size[:, None]).T)
        self.percent_rest = table((100 * (positive.sum(axis=0) - positive) / rest).T)
        self.mean = table((sums / size[:, None]).T)
        self.mean_rest = table(((sums.sum(axis=0) - sums) / rest).T)


def top_markers(profiles: LabelProfiles, n: int = N_MARKERS) -> pd.DataFrame:
    """Return the genes that tell each label best, by AUC against the rest; then by difference of means, and name.

    Returns
    -------
    DataFrame
        By label: gene, rank, auc, percent, percent_rest, difference (of mean log values). Genes with an AUC above 0.5
        that at least 10 % of the label's cells express.
    """
    tables = []
    for label in profiles.auc.columns:
        table = pd.DataFrame(
            {
                "auc": profiles.auc[label],
                "percent": profiles.percent[label],
                "percent_rest": profiles.percent_rest[label],
                "difference": profiles.mean[label] - profiles.mean_rest[label],
            }
        )
        table = table[(table["auc"] > 0.5) & (table["percent"] >= _LEAST_PERCENT)]
        order = np.lexsort((table.index.astype(str), -table["difference"], -table["auc"]))
        table = table.iloc[order[:n]].reset_index()
        table.insert(1, "rank", np.arange(1, len(table) + 1))
        tables.append(table.assign(label=label).set_index("label"))
    if not tables:
        columns = ["gene", "rank", "auc", "percent", "percent_rest", "difference"]
        return pd.DataFrame(columns=columns, index=pd.Index([], name="label"))
    return pd.concat(tables)


def dots(profiles: LabelProfiles, genes: list[str]) -> pd.DataFrame:
    """Return what a dot plot draws: percent of cells and mean value of some genes in every label, one row for each."""
    rows = [
        (gene, label, profiles.percent.loc[gene, label], profiles.mean.loc[gene, label])
        for gene in genes
        for label in profiles.percent.columns
    ]
    return pd.DataFrame(rows, columns=["gene", "label", "percent", "mean"]).set_index("gene")


# ---- what a change in many types may be


def ambient_suspects(
    changes: pd.DataFrame, auc: pd.DataFrame, *, least_auc: float = 0.8, least_types: int = 3
) -> pd.DataFrame:
    """Name genes that may have changed in the soup only: RNA of another type, in the droplets of all.

    Parameters
    ----------
    changes : genes x types; 1 or -1 where the gene is called up or down, 0 elsewhere.
    auc : genes x types, of each type against the rest (:attr:`LabelProfiles.auc`).

    Returns
    -------
    DataFrame
        genes x types of text: the type whose marker the gene is (that with the highest AUC), where it changed here and
        in the same way in at least ``least_types`` types, and its AUC in another type is at least ``least_auc``; else
        blank.
    """
    of_genes = auc.reindex(changes.index)
    suspects = pd.DataFrame("", index=changes.index, columns=changes.columns)
    signs = np.sign(changes.fillna(0).to_numpy())
    for place, name in enumerate(changes.columns):
        alike = (signs == signs[:, [place]]).sum(axis=1)
        others = of_genes.drop(columns=name, errors="ignore").fillna(-np.inf)
        if others.shape[1] == 0:
            continue
        marked = (signs[:, place] != 0) & (alike >= least_types) & (others.max(axis=1) >= least_auc).to_numpy()
        suspects.loc[marked, name] = others[marked].idxmax(axis=1)
    return suspects
