"""Files that are made from others and kept under version control: written, or found out of date."""

import argparse
import sys
from pathlib import Path


def write_or_check(target: Path, text: str, description: str) -> int:
    """Write a generated file, or with ``--check`` on the command line only say whether it is up to date.

    Returns
    -------
    int
        The exit code: 1 if the file is out of date and was only checked.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="exit with 1 if the file is out of date")
    if not parser.parse_args().check:
        target.write_text(text, encoding="utf-8")
    elif not target.is_file() or target.read_text(encoding="utf-8") != text:
        print(f"{target.parent.name}/{target.name} is out of date: run `make docs`", file=sys.stderr)
        return 1
    return 0
