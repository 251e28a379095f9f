"""Write all results into one spreadsheet, one sheet per contrast; no gene symbol turns into a date."""

from degsteps.normalize.size_factors import normalization_factors
from degsteps.report import result_sheets
from degsteps.report.reading import stored_results
from degsteps.report.workbook import write_workbook
from degsteps.step import Input, Inputs, OptionalInput, Output, run
from degsteps.tables import read_json, read_matrix, read_table, read_text_table


def main(
    results: Inputs,
    steps: Input,
    accountability: Input,
    contrasts: Input,
    verdicts: Input,
    counts: Input,
    size_factors: Input,
    workbook: Output,
    settings: dict,
    workflow_versions: dict,
    lengths: OptionalInput = None,
) -> dict:
    """Write the workbook; every sheet but the counts of called genes has a table that is also there as TSV."""
    stored = stored_results(
        results,
        settings=settings,
        records=read_json(steps),
        workflow_versions=workflow_versions,
        read_table=read_table,
        read_text_table=read_text_table,
        read_json=read_json,
    )
    matrix, factors = read_matrix(counts), read_table(size_factors)["size_factor"]
    matrix = matrix.loc[result_sheets.genes_with_counts(stored, len(matrix.columns))]
    factors = factors.loc[matrix.columns]
    offsets = (
        normalization_factors(read_matrix(lengths).loc[matrix.index, matrix.columns], factors) if lengths else factors
    )
    normalized = matrix / offsets
    sheets = [result_sheets.all_genes_sheet(stored), result_sheets.counts_sheet(stored, normalized)]
    names = write_workbook(
        workbook,
        stored,
        accountability=read_table(accountability, text=("stage", "reason")),
        verdicts=read_table(verdicts, text=("finding", "advice", "short")).drop(columns="short"),
        summary=read_table(contrasts),
        further=[sheet for sheet in sheets if sheet is not None],
    )
    return {"sheets": names, "genes_with_counts": len(normalized)}


if __name__ == "__main__":
    run(main)
