"""Fit the gene-wise dispersions of a part of the genes; the parts of all jobs give those of one job, bit for bit."""

from degsteps.engines.deseq import estimation
from degsteps.engines.progress import ProgressLog
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import write_matrix
from degsteps.test import gene_parts


def main(
    counts: Input,
    size_factors: Input,
    design: Input,
    gene_wise: Output,
    part: str,
    compatibility: str,
    lengths: OptionalInput = None,
) -> dict:
    """Fit a part, such as 2-of-8, from raw counts."""
    data, offsets = gene_parts.read_part(part, counts, size_factors, design, lengths)
    table = estimation.fit_gene_wise(*data, **offsets, compatibility=compatibility, progress=ProgressLog())
    write_matrix(table, gene_wise)
    return {"genes": len(table)}


if __name__ == "__main__":
    run(main)
