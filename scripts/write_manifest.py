"""Join the records of all steps into one graph, and account for every file of the results."""

from degsteps.basics.digest import file_entry
from degsteps.provenance.manifest import joined_records
from degsteps.step import Inputs, OptionalInput, Output, run
from degsteps.tables import read_json, write_json


def main(
    records: Inputs,
    manifest: Output,
    settings: dict,
    page: OptionalInput = None,
    workbook: OptionalInput = None,
) -> dict:
    """Write manifest.json: each input is an earlier step's output or a given file."""
    joined = {str(path): read_json(path) for path in records}
    folder = str(manifest.parent.parent)
    content = joined_records(joined, settings, [file_entry(path) for path in records], folder)
    write_json(content, manifest)
    return {"steps": len(content["steps"]), "given_files": len(content["given"])}


if __name__ == "__main__":
    run(main)
