"""Test the contrasts of a sample set by another engine than the analysis's own, to see how far the answers agree."""

from degsteps.batch.design_matrix import as_frame
from degsteps.design.compiled import CompiledDesign
from degsteps.engines.interface import FitData, FitSettings, TableSettings
from degsteps.engines.registry import ENGINES
from degsteps.normalize.size_factors import normalization_factors
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_json, read_matrix, read_samples, read_table, write_table
from degsteps.test import concordance
from degsteps.test.contrasts import compiled_contrasts


def main(
    counts: Input,
    size_factors: Input,
    design: Input,
    table: Output,
    engine: str,
    contrasts: dict,
    compatibility: str,
    fit_type: str,
    cooks_filter: bool,
    subject: str | None,
    samples: OptionalInput = None,
    lengths: OptionalInput = None,
) -> dict:
    """Fit once, test every contrast; p-values are adjusted over all genes, without independent filtering."""
    matrix, of_samples, record = read_matrix(counts), CompiledDesign.from_json(read_json(design)), ENGINES[engine]
    factors, coefficients = read_table(size_factors)["size_factor"], as_frame(of_samples.design).loc[matrix.columns]
    offsets = (
        normalization_factors(read_matrix(lengths).loc[matrix.index, matrix.columns], factors) if lengths else None
    )
    data = FitData(matrix, coefficients, factors, offsets, read_samples(samples)[subject] if subject else None)
    fitted = record.fit(data, FitSettings(compatibility, fit_type))
    # Where the analysis judges outliers, so does a second engine that can. The level matters to filtering only.
    outliers = cooks_filter and "cooks" in record.knows
    settings = TableSettings(alpha=0.05, cooks_filter=outliers, independent_filtering=False)
    compiled = compiled_contrasts(of_samples, contrasts, coefficients)
    tables = {name: record.contrast_table(fitted, matrix, contrast, settings)[0] for name, contrast in compiled.items()}
    write_table(concordance.joined_tables(tables), table)
    return record.facts(fitted)


if __name__ == "__main__":
    run(main)
