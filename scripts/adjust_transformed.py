"""Remove batches from values for figures, keeping what the design asks. FOR FIGURES ONLY.

``linear``: least squares as in limma's removeBatchEffect (Ritchie et al. 2015) on the transformed values.
``combat_seq``: the counts were adjusted before; here they are brought to the scale of the transformed values.
Surrogate variables of the design are removed by least squares in either case.
"""

from degsteps.batch import adjustment
from degsteps.batch.design_matrix import columns_without, surrogate_columns
from degsteps.design.compiled import CompiledDesign
from degsteps.step import Input, Output, run
from degsteps.tables import read_json, read_matrix, read_samples, write_matrix


def main(
    values: Input,
    samples: Input,
    design: Input,
    adjusted: Output,
    model: dict,
    method: str,
    batch_columns: list[str],
    transform: str,
    fit_type: str,
    trend_genes: int | None,
) -> dict:
    """Adjust; the columns of the design that are no batch and no surrogate variable are protected."""
    matrix = read_matrix(values)
    sheet = read_samples(samples).loc[matrix.columns]
    surrogates = surrogate_columns(sheet, model)
    removed = [*batch_columns, *surrogates]
    if method == "combat_seq":
        from degsteps.transform.transformation import transformed_counts

        options = {"fit_type": fit_type, "trend_genes": trend_genes}
        matrix, _ = transformed_counts(matrix, None, method=transform, **options)
        removed = surrogates
    if removed:
        of_samples = CompiledDesign.from_json(read_json(design)).design
        protected = columns_without(of_samples, [*batch_columns, *surrogates]).loc[matrix.columns]
        covariates = sheet[removed].astype(dict.fromkeys(surrogates, float))
        matrix = adjustment.remove_batch_effect(matrix, covariates, protected)
    write_matrix(matrix, adjusted)
    batches = [*batch_columns, *surrogates]
    return {"method": method, "batches": batches, "use": "Figures only. The test reads the raw counts."}


if __name__ == "__main__":
    run(main)
