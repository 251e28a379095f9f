"""Fit the model of every gene once, for all contrasts.

Negative-binomial (Love, Huber & Anders 2014), the same with quasi-dispersions (Lund et al. 2012; Chen et al. 2025), or
linear on log counts with weights (voom; Law, Chen, Shi & Smyth 2014), where samples of one subject may be correlated.
"""

from degsteps.engines.interface import FitData, FitSettings, QuasiLikelihood
from degsteps.engines.registry import ENGINES
from degsteps.engines.voom.sample_weights import sharing_of_weights
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
    quasi_likelihood: dict,
    subject: str | None,
    sample_weights: str | None = None,
    lengths: OptionalInput = None,
    samples: OptionalInput = None,
) -> dict:
    """Fit raw counts with the size factors, and transcript lengths where they are known, as offsets."""
    matrix = read_matrix(counts)
    factors, coefficients = read_table(size_factors)["size_factor"], read_table(design).loc[matrix.columns]
    offsets = (
        normalization_factors(read_matrix(lengths).loc[matrix.index, matrix.columns], factors) if lengths else None
    )
    sheet = read_samples(samples) if samples else None
    subjects = sheet[subject] if subject else None
    weighted = sharing_of_weights(sheet, sample_weights)
    record, data = ENGINES[engine], FitData(matrix, coefficients, factors, offsets, subjects, weighted)
    fitted = record.fit(data, FitSettings(compatibility, fit_type, QuasiLikelihood(**quasi_likelihood)))
    record.stored(fitted).write_h5ad(model)
    write_table(fitted.genes, genes)
    return record.facts(fitted)


if __name__ == "__main__":
    run(main)
