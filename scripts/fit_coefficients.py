"""Fit final dispersions and coefficients of a part of the genes, with the trend of all of them."""

from degsteps.engines.deseq import estimation
from degsteps.engines.progress import ProgressLog
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_matrix
from degsteps.test import gene_parts


def main(
    counts: Input,
    size_factors: Input,
    design: Input,
    gene_wise: Input,
    trend: Input,
    fit: Output,
    part: str,
    compatibility: str,
    lengths: OptionalInput = None,
) -> dict:
    """Fit a part, such as 2-of-8, from raw counts."""
    data, offsets = gene_parts.read_part(part, counts, size_factors, design, lengths)
    first, prior = read_matrix(gene_wise), gene_parts.read_trend(trend)
    options = {"compatibility": compatibility, "progress": ProgressLog()}
    fitted = estimation.fit_coefficients_given_prior(*data, first, prior, **offsets, **options)
    fitted.to_anndata().write_h5ad(fit)
    return {"genes": len(fitted.genes)}


if __name__ == "__main__":
    run(main)
