"""Write a first configuration for counts in any format and a sample sheet, or for cells; every guess is a comment.

Writes config/analyses/<name>.yaml, never over an existing file, and says what it guessed and what is left to do.
"""

import argparse
import sys
from pathlib import Path

from degsteps.basics.errors import ConfigError, DegstepsError
from degsteps.basics.exit_codes import ExitCode
from degsteps.onboarding.draft import Draft
from degsteps.onboarding.from_cells import CellDraft, draft_cells
from degsteps.onboarding.from_cells import as_yaml as cells_as_yaml
from degsteps.onboarding.from_counts import as_yaml, draft_analysis, with_analysis
from degsteps.terminal.heartbeat import Heartbeat
from degsteps.workflow.analyses import find_problems

CONFIG = Path("config/config.yaml")


def init(counts: str, samples: str, name: str | None, add: bool) -> tuple[Path, Draft]:
    """Write the configuration of counts and a sample sheet; return its path and what it was written from."""
    draft = draft_analysis(counts, samples, name)
    return write(draft.name, as_yaml(draft), add, draft.genes_text), draft


def init_cells(cells: str, donors: str | None, name: str | None, add: bool) -> tuple[Path, CellDraft]:
    """Write the configuration of single cells; return its path and what it was written from."""
    draft = draft_cells(cells, name, donors)
    return write(draft.name, cells_as_yaml(draft), add), draft


def write(name: str, text: str, add: bool, genes: str | None = None) -> Path:
    """Write a configuration, and its table of genes if it has one; add it to the analyses if that is asked for."""
    path = CONFIG.parent / "analyses" / f"{name}.yaml"
    table = path.with_suffix(".genes.tsv")
    for each in (path, *([table] if genes else [])):
        if each.exists():
            raise ConfigError(f"{each}: is there already. Choose another name (NAME=...), or delete it first.")
    listing = with_analysis(CONFIG.read_text(encoding="utf-8"), path.as_posix()) if add else None
    path.parent.mkdir(parents=True, exist_ok=True)
    if genes:
        table.write_text(genes, encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    if listing is not None:
        CONFIG.write_text(listing, encoding="utf-8")
    return path


def missing(counts: str | None, samples: str | None) -> str:
    """Say what was not given, and how a call looks."""
    wanted = {
        "COUNTS": (counts, "raw counts: genes in rows and samples in columns, or a folder with one file per sample"),
        "SAMPLES": (samples, "the sample sheet: one row per sample, as text or .xlsx"),
    }
    lines = [f"{name} is not given: {words}." for name, (value, words) in wanted.items() if not value]
    return "\n".join(
        [
            *lines,
            "  make init COUNTS=counts.tsv SAMPLES=samples.tsv [NAME=mystudy]",
            "  make init CELLS=cells.h5ad [DONORS=donors.tsv] [NAME=mystudy]     for single cells",
        ]
    )


def report(path: Path, draft: Draft | CellDraft, added: bool) -> None:
    """Print what was guessed, what the check says, and what to do next."""
    design = draft.draft if isinstance(draft, CellDraft) else draft
    print(f"Wrote {path}{f' and {design.gene_table}' if design.genes_text else ''}. Guessed:")
    for key, remark in draft.remarks.items():
        if key != "formula" or design.factor is not None:
            print(f"  - {remark}")
    if design.factor is None:
        print(f"No comparison could be guessed: {design.remarks['formula']}.")
    _, findings = find_problems({"analyses": [path.as_posix()]})
    if findings.problems:
        print("To mend before it can run:")
        for number, problem in enumerate(findings.problems, start=1):
            print(f"  {number}. {problem}")
    for note in findings.notes:
        print(f"  note: {note}")
    print(f"Next: read {path}{'' if added else f', add it to {CONFIG}'}, then run `make check`.")


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", default=None, help="raw counts: a table, or a folder with one file per sample")
    parser.add_argument("--samples", default=None, help="sample sheet, one row per sample")
    parser.add_argument("--cells", default=None, help="single cells: a file, or a folder with one for each capture")
    parser.add_argument("--donors", default=None, help="table of the donors of the cells, one row per donor")
    parser.add_argument("--name", default=None, help="name of the analysis (default: from the file or its folder)")
    parser.add_argument("--add", action="store_true", help=f"add it to the list in {CONFIG}")
    arguments = parser.parse_args()
    if not arguments.cells and not (arguments.counts and arguments.samples):
        print(missing(arguments.counts, arguments.samples), file=sys.stderr)
        return ExitCode.CONFIG
    if arguments.cells and (arguments.counts or arguments.samples):
        parser.error("--cells goes without --counts and --samples")
    said = Heartbeat(sys.stderr, lambda now: "make init: reading the files").start()
    try:
        if arguments.cells:
            path, draft = init_cells(arguments.cells, arguments.donors, arguments.name, arguments.add)
        else:
            path, draft = init(arguments.counts, arguments.samples, arguments.name, arguments.add)
    except DegstepsError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        said.stop()
    report(path, draft, arguments.add)
    return 0


if __name__ == "__main__":
    sys.exit(main())
