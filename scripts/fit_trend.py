"""Fit the trend of the dispersions over the mean, and the width of its prior, through the genes of all parts."""

import pandas as pd

from degsteps.engines.deseq import estimation
from degsteps.step import Input, Inputs, Output, run
from degsteps.tables import read_matrix, read_table
from degsteps.test import gene_parts


def main(gene_wise: Inputs, design: Input, trend: Output, compatibility: str, fit_type: str) -> dict:
    """Write the trend; this is the only step of a scattered fit that sees all genes."""
    genes = pd.concat([read_matrix(path) for path in gene_parts.in_order(gene_wise)])
    fitted = estimation.fit_prior(genes, read_table(design), fit_type=fit_type, compatibility=compatibility)
    gene_parts.write_trend(fitted, trend)
    return {"genes": len(genes), "trend": fitted["kind"]}


if __name__ == "__main__":
    run(main)
