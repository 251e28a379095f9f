"""Make the second pass over a part of the genes, with what all of them share."""

from degsteps.basics.strings import writable
from degsteps.engines.interface import FitSettings, QuasiLikelihood
from degsteps.engines.registry import ENGINES
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
    engine: str,
    compatibility: str,
    quasi_likelihood: dict,
    lengths: OptionalInput = None,
) -> dict:
    """Fit a part, such as 2-of-8, from raw counts."""
    record = ENGINES[engine]
    of_part = gene_parts.read_part(part, counts, size_factors, design, lengths, see_all=record.parts_see_all)
    first, shared = read_matrix(gene_wise), gene_parts.read_trend(trend)
    settings = FitSettings(compatibility, quasi_likelihood=QuasiLikelihood(**quasi_likelihood))
    fitted = record.load_parts().second(of_part, first, shared, settings)
    writable(fitted.to_anndata()).write_h5ad(fit)
    return {"genes": len(fitted.genes)}


if __name__ == "__main__":
    run(main)
