"""Write rules/sources.txt: the files that rules/common.smk asks for when the workflow is loaded from a Git host.

Usage: python scripts/write_source_list.py [--check]
"""

import subprocess
import sys
from pathlib import Path

from degsteps.basics.generated import write_or_check

REPO = Path(__file__).resolve().parents[1]
TARGET = REPO / "rules" / "sources.txt"


def sources() -> list[str]:
    """Return every script, library file, page template, schema and list of collections that git tracks.

    Text only: Snakemake reads what it fetches from a Git host as text, and cannot fetch compressed files.
    """
    folders = ["scripts", "config/schema", "resources/gene_sets"]
    command = ["git", "-C", str(REPO), "ls-files", "-z", *folders]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return sorted(path for path in listed.split("\0") if path and not path.endswith(".gz") and (REPO / path).is_file())


def main() -> int:
    """Write the list, or with ``--check`` only say whether it is up to date."""
    text = "".join(f"{path}\n" for path in sources())
    return write_or_check({TARGET: text}, __doc__.splitlines()[0])


if __name__ == "__main__":
    sys.exit(main())
