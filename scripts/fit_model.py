"""Fit the model of every gene once, for all contrasts.

Negative-binomial (Love, Huber & Anders 2014), or linear on log counts with weights (voom; Law, Chen, Shi & Smyth 2014),
where samples of one subject may be correlated.
"""

from degsteps.engines.dispatch import fit_model
from degsteps.normalize.size_factors import normalization_factors
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_matrix, read_samples, read_table, write_table


def main(
    counts: Input,
    size_factors: Input,
    design: Input,
    model: Output,
    genes: Output,
    engine: str,
    compatibility: str,
    fit_type: str,
    subject: str | None,
    lengths: OptionalInput = None,
    samples: OptionalInput = None,
) -> dict:
    """Fit raw counts with the size factors, and transcript lengths where they are known, as offsets."""
    matrix = read_matrix(counts)
    factors, coefficients = read_table(size_factors)["size_factor"], read_table(design).loc[matrix.columns]
    options = {"engine": engine, "compatibility": compatibility, "fit_type": fit_type}
    offsets = (
        normalization_factors(read_matrix(lengths).loc[matrix.index, matrix.columns], factors) if lengths else None
    )
    subjects = read_samples(samples)[subject] if subject else None
    options |= {"normalization_factors": offsets, "subjects": subjects}
    fit, table, facts = fit_model(matrix, coefficients, factors, **options)
    fit.write_h5ad(model)
    write_table(table, genes)
    return facts


if __name__ == "__main__":
    run(main)
