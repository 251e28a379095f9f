"""Files that are made from others and kept under version control: written, or found out of date."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path


def write_or_check(texts: Mapping[Path, str], description: str) -> int:
    """Write generated files, or with ``--check`` on the command line only say whether they are up to date.

    Parameters
    ----------
    texts : what each file is to hold.
    description : of the command, for ``--help``.

    Returns
    -------
    int
        The exit code: 1 if a file is out of date and was only checked.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a file is out of date")
    only_check, code = parser.parse_args().check, 0
    for target, text in texts.items():
        if not only_check:
            target.write_text(text, encoding="utf-8")
        elif not target.is_file() or target.read_text(encoding="utf-8") != text:
            print(f"{os.path.relpath(target)} is out of date: run `make docs`", file=sys.stderr)
            code = 1
    return code


def with_block(text: str, name: str, block: str) -> str:
    """Return a text whose generated block of a name holds other lines.

    The block begins with a line ``<!-- <name>: ... -->`` and ends with ``<!-- end of <name> -->``.
    """
    begin = text.index("\n", text.index(f"<!-- {name}:")) + 1
    return text[:begin] + block + text[text.index(f"<!-- end of {name} -->", begin) :]
