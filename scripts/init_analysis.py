"""Write a first configuration for counts in any format and a sample sheet, with every guess as a comment.

Writes config/analyses/<name>.yaml, never over an existing file, and says what it guessed and what is left to do.
"""

import argparse
import sys
from pathlib import Path

from degsteps.basics.errors import ConfigError, DegstepsError
from degsteps.config.reading import load_analyses
from degsteps.onboarding.draft import Draft
from degsteps.onboarding.from_counts import as_yaml, draft_analysis, with_analysis
from degsteps.preflight import check_analyses

CONFIG = Path("config/config.yaml")


def init(counts: str, samples: str, name: str | None, add: bool) -> tuple[Path, Draft]:
    """Write the configuration; return its path and what it was written from."""
    draft = draft_analysis(counts, samples, name)
    path = CONFIG.parent / "analyses" / f"{draft.name}.yaml"
    if path.exists():
        raise ConfigError(f"{path}: is there already. Choose another name (NAME=...), or delete it first.")
    listing = with_analysis(CONFIG.read_text(encoding="utf-8"), path.as_posix()) if add else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_yaml(draft), encoding="utf-8")
    if listing is not None:
        CONFIG.write_text(listing, encoding="utf-8")
    return path, draft


def report(path: Path, draft: Draft, added: bool) -> None:
    """Print what was guessed, what the check says, and what to do next."""
    print(f"Wrote {path}. Guessed:")
    for remark in draft.remarks.values():
        print(f"  - {remark}")
    analyses, problems = load_analyses({"analyses": [path.as_posix()]})
    findings = check_analyses(analyses)
    problems += findings.problems
    if problems:
        print("To mend before it can run:")
        for number, problem in enumerate(problems, start=1):
            print(f"  {number}. {problem}")
    for note in findings.notes:
        print(f"  note: {note}")
    print(f"Next: read {path}{'' if added else f', add it to {CONFIG}'}, then run `make check`.")


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", required=True, help="raw counts: a table, or a folder with one file per sample")
    parser.add_argument("--samples", required=True, help="sample sheet, one row per sample")
    parser.add_argument("--name", default=None, help="name of the analysis (default: from the file or its folder)")
    parser.add_argument("--add", action="store_true", help=f"add it to the list in {CONFIG}")
    arguments = parser.parse_args()
    try:
        path, draft = init(arguments.counts, arguments.samples, arguments.name, arguments.add)
    except DegstepsError as error:
        print(error, file=sys.stderr)
        return 1
    report(path, draft, arguments.add)
    return 0


if __name__ == "__main__":
    sys.exit(main())
