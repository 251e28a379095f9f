"""What an Excel workbook tells of itself without a library for it: the names of its sheets.

Standard library only: the Snakefile imports this module.
"""

import re
import zipfile
from html import unescape

_SHEET = re.compile(r"<(?:\w+:)?sheet\s[^>]*?\bname=\"([^\"]*)\"")


def sheet_names(path: str) -> list[str]:
    """Return the names of the sheets of a workbook in their order; none of a file that cannot be read as one."""
    try:
        with zipfile.ZipFile(path) as book:
            text = book.read("xl/workbook.xml").decode("utf-8", errors="replace")
    except (OSError, KeyError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        return []
    return [unescape(name) for name in _SHEET.findall(text)]
