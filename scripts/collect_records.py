"""Follow the records back from the last files of every stage, so that the report can say what was done."""

from degsteps.provenance.trace import traced_records
from degsteps.step import Inputs, Output, run
from degsteps.tables import write_json


def main(last_files: Inputs, steps: Output) -> dict:
    """Write the records of all steps before the report, in the order of the flow."""
    records = traced_records(last_files, steps.parent.parent)
    write_json(list(records.values()), steps)
    return {"steps": len(records)}


if __name__ == "__main__":
    run(main)
