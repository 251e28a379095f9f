"""Find what all genes share, from the first pass of all parts: the trend of the dispersions, or their average."""

import pandas as pd

from degsteps.engines.interface import FitSettings, QuasiLikelihood
from degsteps.engines.registry import ENGINES
from degsteps.step import Input, Inputs, OptionalInput, Output, run
from degsteps.tables import read_matrix, read_table
from degsteps.test import gene_parts


def main(
    gene_wise: Inputs,
    design: Input,
    trend: Output,
    engine: str,
    compatibility: str,
    fit_type: str,
    quasi_likelihood: dict,
    counts: OptionalInput = None,
    size_factors: OptionalInput = None,
    lengths: OptionalInput = None,
) -> dict:
    """Write it; this is the only step of a scattered fit that sees all genes."""
    genes = pd.concat([read_matrix(path) for path in gene_parts.in_order(gene_wise)])
    settings = FitSettings(compatibility, fit_type, QuasiLikelihood(**quasi_likelihood))
    whole = gene_parts.read_data(counts, size_factors, design, lengths) if counts else None
    shared = ENGINES[engine].load_parts().between(genes, read_table(design), whole, settings)
    gene_parts.write_trend(shared, trend)
    return {"genes": len(genes), "trend": shared["kind"]}


if __name__ == "__main__":
    run(main)
