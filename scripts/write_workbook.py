"""Write all results into one spreadsheet, one sheet per contrast; no gene symbol turns into a date."""

import pandas as pd

from degsteps.report import workbook as workbooks
from degsteps.report.accounting import typed_results
from degsteps.step import Input, Inputs, Output, run
from degsteps.tables import read_json, read_samples, read_table, read_text_table


def main(
    samples: Input,
    sample_account: Input,
    libraries: Input,
    accountability: Input,
    contrasts: Input,
    verdicts: Input,
    contrast_tables: Inputs,
    agreements: Inputs,
    stage_wise: Inputs,
    influence: Inputs,
    power: Inputs,
    steps: Input,
    workbook: Output,
    settings: dict,
    workflow_versions: dict,
) -> dict:
    """Write the workbook; every sheet has a table that is also there as TSV."""
    sheet = workbooks.sample_sheet(
        read_samples(samples),
        read_table(sample_account, text=("reason",)),
        read_table(libraries, text=("flags",)),
        settings,
    )
    without = [read_table(path, text=("without", "problem")) for path in influence]
    names = workbooks.write_workbook(
        workbook,
        settings=settings,
        records=read_json(steps),
        workflow_versions=workflow_versions,
        samples=sheet,
        accountability=read_table(accountability, text=("stage", "reason")),
        verdicts=read_table(verdicts, text=("finding", "advice")),
        summary=read_table(contrasts),
        agreements={
            path.name.removesuffix(".agreement.tsv"): read_table(path, text=("second",)) for path in agreements
        },
        stage_wise={path.stem: typed_results(read_text_table(path)) for path in stage_wise},
        influence=pd.concat(without) if without else None,
        power={path.stem: read_table(path) for path in power},
        contrasts={path.stem: typed_results(read_text_table(path)) for path in contrast_tables},
    )
    return {"sheets": names}


if __name__ == "__main__":
    run(main)
