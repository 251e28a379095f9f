"""What an Excel workbook tells of itself without a library for it: the names of its sheets.

Standard library only: the Snakefile imports this module.
"""

import re
import zipfile
from html import unescape

from degsteps.basics.errors import DataError
from degsteps.basics.words import quoted

#: Bytes of a part when it is unpacked: without further question, as many times its size, and ever.
_FREELY, _MOST_RATIO, _MOST_UNPACKED = 1 << 23, 200, 1 << 31
_SHEET = re.compile(r"<(?:\w+:)?sheet\s[^>]*?\bname=\"([^\"]*)\"")


def require_small_parts(path: str) -> None:
    """Refuse a workbook that unpacks to more than one of its size ever does.

    Raises
    ------
    DataError
        naming the part.
    """
    try:
        with zipfile.ZipFile(path) as book:
            parts = book.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        return  # what reads the workbook says so
    for part in parts:
        is_odd = part.file_size > _FREELY and part.file_size > _MOST_RATIO * max(part.compress_size, 1)
        if part.file_size > _MOST_UNPACKED or is_odd:
            what = f"its part {quoted(part.filename)} unpacks from {part.compress_size:,} to {part.file_size:,} bytes"
            raise DataError(f"{path}: {what}, as no table of counts does. Save it again, or give the counts as text.")


def sheet_names(path: str) -> list[str]:
    """Return the names of the sheets of a workbook in their order; none of a file that cannot be read as one."""
    try:
        with zipfile.ZipFile(path) as book, book.open("xl/workbook.xml") as part:
            text = part.read(_FREELY).decode("utf-8", errors="replace")
    except (OSError, KeyError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        return []
    return [unescape(name) for name in _SHEET.findall(text)]
