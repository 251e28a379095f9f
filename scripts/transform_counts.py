"""Put counts on a log2-like scale whose variance does not depend on the mean. FOR FIGURES ONLY.

``vst``: variance-stabilizing transformation (Anders & Huber 2010). ``log2``: log2(normalised count + 1).
"""

from degsteps.normalize.size_factors import normalization_factors
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_matrix, read_table, write_matrix
from degsteps.transform.transformation import transformed_counts


def main(
    counts: Input,
    size_factors: Input,
    design: Input,
    transformed: Output,
    method: str,
    blind: bool,
    fit_type: str,
    trend_genes: int | None,
    lengths: OptionalInput = None,
) -> dict:
    """Transform; a blind transformation does not see the design."""
    known_design = None if blind else read_table(design)
    factors = read_table(size_factors)["size_factor"]
    matrix = read_matrix(counts)
    offsets = (
        normalization_factors(read_matrix(lengths).loc[matrix.index, matrix.columns], factors) if lengths else None
    )
    options = {"method": method, "design": known_design, "normalization_factors": offsets}
    options |= {"fit_type": fit_type, "trend_genes": trend_genes}
    values, facts = transformed_counts(matrix, factors, **options)
    write_matrix(values, transformed)
    return facts | {"use": "Figures and clustering only, never a test."}


if __name__ == "__main__":
    run(main)
