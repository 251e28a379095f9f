"""How many cells and donors express a gene, beside the sums that are tested."""

import pandas as pd


def expression_columns(
    expressing: pd.DataFrame, cells: pd.Series, groups: pd.Series, donors: pd.Series
) -> pd.DataFrame:
    """Return what a table of a contrast says of each group that it compares.

    Parameters
    ----------
    expressing : cells with at least one read, genes x samples.
    cells, groups, donors : by sample: number of cells, group of the contrast, donor. Samples without a group are left
        out; they may be missing from ``groups``.

    Returns
    -------
    DataFrame
        By gene: ``percent_expressing_<group>`` (of all cells of the group) and ``n_donors_<group>`` (donors with at
        least one cell that expresses the gene), groups in the order of their names.
    """
    columns = {}
    groups = groups[groups.notna() & groups.index.isin(expressing.columns)]
    for name in sorted(groups.unique()):
        samples = groups.index[groups == name]
        of_group = expressing[samples]
        columns[f"percent_expressing_{name}"] = 100 * of_group.sum(axis=1) / cells[samples].sum()
        by_donor = of_group.T.groupby(donors[samples].to_numpy()).sum().T
        columns[f"n_donors_{name}"] = (by_donor > 0).sum(axis=1)
    return pd.DataFrame(columns, index=expressing.index)
