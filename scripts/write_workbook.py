"""Write all results into one spreadsheet, one sheet per contrast; no gene symbol turns into a date."""

from degsteps.report.reading import stored_results
from degsteps.report.workbook import write_workbook
from degsteps.step import Input, Inputs, Output, run
from degsteps.tables import read_json, read_table, read_text_table


def main(
    results: Inputs,
    steps: Input,
    accountability: Input,
    contrasts: Input,
    verdicts: Input,
    workbook: Output,
    settings: dict,
    workflow_versions: dict,
) -> dict:
    """Write the workbook; every sheet has a table that is also there as TSV."""
    stored = stored_results(
        results,
        settings=settings,
        records=read_json(steps),
        workflow_versions=workflow_versions,
        read_table=read_table,
        read_text_table=read_text_table,
        read_json=read_json,
    )
    names = write_workbook(
        workbook,
        stored,
        accountability=read_table(accountability, text=("stage", "reason")),
        verdicts=read_table(verdicts, text=("finding", "advice", "short")).drop(columns="short"),
        summary=read_table(contrasts),
    )
    return {"sheets": names}


if __name__ == "__main__":
    run(main)
