"""Fit the negative-binomial model of every gene once, for all contrasts (Love, Huber & Anders 2014)."""

from degsteps.model import fit_model
from degsteps.normalization import normalization_factors
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_matrix, read_table, write_table


def main(
    counts: Input,
    size_factors: Input,
    design: Input,
    model: Output,
    genes: Output,
    engine: str,
    compatibility: str,
    fit_type: str,
    lengths: OptionalInput = None,
) -> dict:
    """Fit raw counts with the size factors, and transcript lengths where they are known, as offsets."""
    matrix = read_matrix(counts)
    factors, coefficients = read_table(size_factors)["size_factor"], read_table(design).loc[matrix.columns]
    options = {"engine": engine, "compatibility": compatibility, "fit_type": fit_type}
    offsets = (
        normalization_factors(read_matrix(lengths).loc[matrix.index, matrix.columns], factors) if lengths else None
    )
    fit, table, facts = fit_model(matrix, coefficients, factors, **options, normalization_factors=offsets)
    fit.write_h5ad(model)
    write_table(table, genes)
    return facts


if __name__ == "__main__":
    run(main)
