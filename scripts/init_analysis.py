"""Write a first configuration for counts in any format and a sample sheet, or for cells; every guess is a comment.

Writes config/analyses/<name>.yaml, never over an existing file, and says what it guessed and what is left to do.
"""

import argparse
import sys
from pathlib import Path

from degsteps.basics.errors import ConfigError, DegstepsError
from degsteps.onboarding.draft import Draft
from degsteps.onboarding.from_cells import CellDraft, draft_cells
from degsteps.onboarding.from_cells import as_yaml as cells_as_yaml
from degsteps.onboarding.from_counts import as_yaml, draft_analysis, with_analysis
from degsteps.workflow.analyses import find_problems

CONFIG = Path("config/config.yaml")


def init(counts: str, samples: str, name: str | None, add: bool) -> tuple[Path, Draft]:
    """Write the configuration of counts and a sample sheet; return its path and what it was written from."""
    draft = draft_analysis(counts, samples, name)
    return write(draft.name, as_yaml(draft), add), draft


def init_cells(cells: str, donors: str | None, name: str | None, add: bool) -> tuple[Path, CellDraft]:
    """Write the configuration of single cells; return its path and what it was written from."""
    draft = draft_cells(cells, name, donors)
    return write(draft.name, cells_as_yaml(draft), add), draft


def write(name: str, text: str, add: bool) -> Path:
    """Write a configuration, and add it to the list of analyses if that is asked for."""
    path = CONFIG.parent / "analyses" / f"{name}.yaml"
    if path.exists():
        raise ConfigError(f"{path}: is there already. Choose another name (NAME=...), or delete it first.")
    listing = with_analysis(CONFIG.read_text(encoding="utf-8"), path.as_posix()) if add else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if listing is not None:
        CONFIG.write_text(listing, encoding="utf-8")
    return path


def report(path: Path, draft: Draft | CellDraft, added: bool) -> None:
    """Print what was guessed, what the check says, and what to do next."""
    print(f"Wrote {path}. Guessed:")
    for remark in draft.remarks.values():
        print(f"  - {remark}")
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
        parser.error("give --counts and --samples, or --cells")
    if arguments.cells and (arguments.counts or arguments.samples):
        parser.error("--cells goes without --counts and --samples")
    try:
        if arguments.cells:
            path, draft = init_cells(arguments.cells, arguments.donors, arguments.name, arguments.add)
        else:
            path, draft = init(arguments.counts, arguments.samples, arguments.name, arguments.add)
    except DegstepsError as error:
        print(error, file=sys.stderr)
        return 1
    report(path, draft, arguments.add)
    return 0


if __name__ == "__main__":
    sys.exit(main())
