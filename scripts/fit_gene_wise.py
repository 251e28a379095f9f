"""Make the first pass over a part of the genes; the parts of all jobs give those of one job, bit for bit."""

from degsteps.engines.interface import FitSettings, QuasiLikelihood
from degsteps.engines.registry import ENGINES
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import write_matrix
from degsteps.test import gene_parts


def main(
    counts: Input,
    size_factors: Input,
    design: Input,
    gene_wise: Output,
    part: str,
    engine: str,
    compatibility: str,
    quasi_likelihood: dict,
    lengths: OptionalInput = None,
) -> dict:
    """Fit a part, such as 2-of-8, from raw counts."""
    record = ENGINES[engine]
    of_part = gene_parts.read_part(part, counts, size_factors, design, lengths, see_all=record.parts_see_all)
    settings = FitSettings(compatibility, quasi_likelihood=QuasiLikelihood(**quasi_likelihood))
    table = record.load_parts().first(of_part, settings)
    write_matrix(table, gene_wise)
    return {"genes": len(table)}


if __name__ == "__main__":
    run(main)
