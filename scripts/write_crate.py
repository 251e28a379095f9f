"""Write the run as an RO-Crate (Workflow Run Crate 0.5), from the manifest, for tools that know this standard."""

import json

from degsteps.provenance.crate import run_crate
from degsteps.step import Input, Output, run


def main(manifest: Input, crate: Output, workflow: Output, snakefile: str, workflow_versions: dict) -> dict:
    """Describe every file and step, and put a copy of the Snakefile beside them."""
    from degsteps.tables import read_json

    workflow.write_text(f"{snakefile}\n", encoding="utf-8")
    content = run_crate(read_json(manifest), "Snakefile", workflow_versions)
    crate.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return {"entities": len(content["@graph"])}


if __name__ == "__main__":
    run(main)
