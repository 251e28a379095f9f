"""Estimate one size factor per sample: the median of ratios to a pseudo-reference (Anders & Huber 2010), TMM or others.

With ``method`` ``given`` the user's size factors are taken as they are; by ``iterate`` they are fitted alternating with
dispersions (Love, Huber & Anders 2014).
"""

import pandas as pd

from degsteps.normalize import size_factors as normalization
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_gene_list, read_matrix, read_samples, write_table


def main(
    counts: Input,
    size_factors: Output,
    method: str,
    control_genes: OptionalInput = None,
    given_size_factors: OptionalInput = None,
    lengths: OptionalInput = None,
) -> dict:
    """Write library sizes (reads in tested genes) and size factors by sample; of length-corrected counts if need be."""
    matrix = read_matrix(counts)
    of_genes = read_matrix(lengths).loc[matrix.index, matrix.columns] if lengths else None
    controls = read_gene_list(control_genes) if control_genes else None
    table = read_samples(given_size_factors) if given_size_factors else None
    factors = normalization.estimated_size_factors(matrix, method, of_genes, controls, table)
    sizes = pd.DataFrame({"library_size": matrix.sum(axis=0), "size_factor": factors})
    write_table(sizes.rename_axis("sample"), size_factors)
    return {"method": method, "smallest": float(factors.min()), "largest": float(factors.max())}


if __name__ == "__main__":
    run(main)
