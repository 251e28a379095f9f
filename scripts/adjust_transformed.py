"""Remove batches from values for figures, keeping what the design asks. FOR FIGURES ONLY.

``linear``: least squares as in limma's removeBatchEffect (Ritchie et al. 2015) on the transformed values.
``combat_seq``: the counts were adjusted before; here they are only brought to the scale of the transformed values.
"""

from degsteps import batch
from degsteps.model_matrix import columns_without, design_of
from degsteps.step import Input, Output, run
from degsteps.tables import read_matrix, read_samples, write_matrix


def main(
    values: Input,
    samples: Input,
    adjusted: Output,
    model: dict,
    method: str,
    batch_columns: list[str],
    transform: str,
    fit_type: str,
    trend_genes: int | None,
) -> dict:
    """Adjust; the columns of the design that are no batch are protected."""
    matrix = read_matrix(values)
    sheet = read_samples(samples).loc[matrix.columns]
    if method == "linear":
        protected = columns_without(design_of(sheet, model), batch_columns)
        result = batch.remove_batch_effect(matrix, sheet[batch_columns], protected)
    else:
        from degsteps.transform import transformed_counts

        options = {"fit_type": fit_type, "trend_genes": trend_genes}
        result, _ = transformed_counts(matrix, None, method=transform, **options)
    write_matrix(result, adjusted)
    return {"method": method, "batches": batch_columns, "use": "Figures only. The test reads the raw counts."}


if __name__ == "__main__":
    run(main)
