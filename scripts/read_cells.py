"""Read captures into one matrix of raw counts, cells x genes, and join the donors to the cells."""

from degsteps.basics.errors import DataError
from degsteps.cells.reading import Settings, read_cells_apart
from degsteps.inputs.cells.donors import read_donors
from degsteps.inputs.cells.sources import CellSource
from degsteps.step import Inputs, OptionalInput, OptionalOutput, Output, run
from degsteps.tables import write_table


def main(
    files: Inputs,
    counts: Output,
    captures: Output,
    sources: list,
    settings: dict,
    spike_ins: OptionalOutput = None,
    donors: OptionalInput = None,
) -> dict:
    """Write counts (CSR int32, one capture after another), spike-ins apart, and what each capture holds."""
    asked, table = Settings(**settings), None
    if donors is not None:
        table, faults = read_donors(str(donors), asked.donor_column or "donor")
        if faults:
            raise DataError("\n".join(f"{donors}: {fault}" for fault in faults))
    given = [CellSource.from_params(source) for source in sources]
    found = read_cells_apart(given, asked, counts, spike_ins, table)
    write_table(found.captures, captures)
    return found.facts | {"files": len(files)}


if __name__ == "__main__":
    run(main)
