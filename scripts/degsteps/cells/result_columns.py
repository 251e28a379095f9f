"""What the table of a contrast says of the cells behind it: who expresses a gene, and whether it may be ambient RNA."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.batch.design_matrix import group_labels, sheet_of
from degsteps.cells.expressing import expression_columns
from degsteps.cells.markers import ambient_suspects
from degsteps.design.compiled import CompiledDesign
from degsteps.design.weights import compile_contrast
from degsteps.inputs.cells.pseudobulks import DONOR, N_CELLS


def cell_columns_of_results(
    genes: Sequence[str],
    contrast: Mapping[str, Any],
    design: CompiledDesign,
    expressing: pd.DataFrame,
    samples: pd.DataFrame,
    in_types: Mapping[str, pd.DataFrame],
    auc: pd.DataFrame,
    alpha: float,
) -> pd.DataFrame:
    """Return what is said of each tested gene.

    Parameters
    ----------
    genes : of the table, in its order.
    contrast : its definition; ``set_title`` is the cell type.
    design : of the samples of the type.
    expressing : cells with a count of a gene, genes x samples.
    samples : sheet of all samples as text, with ``donor`` and ``n_cells``.
    in_types : results of the same question, by cell type.
    auc : how well each gene tells each type, genes x types.
    alpha : false discovery rate at which genes are called.

    Returns
    -------
    DataFrame
        By gene: ``percent_expressing_<group>``, ``n_donors_<group>``, and ``ambient_suspect``, the type whose marker
        the gene is where it changes alike in several types; blank elsewhere.
    """
    compiled = compile_contrast(design.design, contrast)
    found = pd.DataFrame(index=pd.Index(genes, name="gene"))
    if compiled.factors:
        groups = group_labels(sheet_of(design), compiled.factors)
        columns = expression_columns(expressing, samples[N_CELLS].astype(int), groups, samples[DONOR])
        found = columns.reindex(found.index)
    signs = {
        name: ((table["padj"] < alpha) * ((table["log2_fold_change"] > 0) * 2 - 1)).astype(int)
        for name, table in in_types.items()
    }
    suspects = ambient_suspects(pd.DataFrame(signs).fillna(0), auc)
    found["ambient_suspect"] = suspects[contrast["set_title"]].reindex(found.index)
    return found
