"""Join the records of all steps into one graph, and account for every file of the results."""

from degsteps.basics.digest import file_entry
from degsteps.provenance.manifest import joined_records
from degsteps.provenance.trace import traced_records
from degsteps.step import Inputs, Output, run
from degsteps.tables import write_json


def main(last_files: Inputs, report_files: Inputs, manifest: Output, settings: dict) -> dict:
    """Write manifest.json: each input is an earlier step's output or a given file."""
    folder = manifest.parent.parent
    records = traced_records([*last_files, *report_files], folder)
    content = joined_records(records, settings, [file_entry(path) for path in records], str(folder))
    write_json(content, manifest)
    return {"steps": len(content["steps"]), "given_files": len(content["given"])}


if __name__ == "__main__":
    run(main)
