"""Write rules/sources.txt: the files that rules/common.smk asks for when the workflow is loaded from a Git host.

Usage: python scripts/write_source_list.py [--check]
"""

import argparse
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
TARGET = REPO / "rules" / "sources.txt"


def sources() -> list[str]:
    """Return every script, library file, page template and schema that git tracks, relative to the repository."""
    command = ["git", "-C", str(REPO), "ls-files", "-z", "scripts", "config/schema"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return sorted(path for path in listed.split("\0") if path and (REPO / path).is_file())


def main() -> int:
    """Write the list, or with ``--check`` only say whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit with 1 if the list is out of date")
    text = "".join(f"{path}\n" for path in sources())
    if parser.parse_args().check:
        if TARGET.read_text(encoding="utf-8") != text:
            print("rules/sources.txt is out of date: run `make docs`", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
