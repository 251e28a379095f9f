"""Opening text that others wrote: control characters, endless lines and what never ends are refused on the way.

Standard library only: the Snakefile imports this package.

Programs that read tables take a NUL for the end of a cell, so that ``5\\0`` followed by digits would be 5.
"""

import gzip
import io
import os
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import quoted

#: Control characters; tabs and ends of lines are none. Those of two bytes are U+0080 to U+009F.
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]")
#: The same, and a carriage return that ends no line.
IN_LINE = re.compile(CONTROL.pattern + rb"|\r(?!\r*(?:\n|\Z))")
#: Bytes of one line, and of one cell: more is no table.
LONGEST_LINE, LONGEST_CELL = 1 << 25, 1 << 17
#: Bytes that text has when it is unpacked, and how many times those of the file, where it has more than the third.
MOST_UNPACKED, MOST_RATIO, UNPACKED_FREELY = 1 << 34, 500, 1 << 24
#: Bytes of text that is read as a whole: tables of samples, of transcripts, of genes.
MOST_WHOLE = 1 << 29
#: What to do about a file that may be cut in its last number.
COMPARE_SIZE = "It may be cut off in that number: compare the size of the file with that of the original."
_ONE_BYTE = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r")
_NAMES = {0: "NUL", 11: "vertical tab", 12: "form feed", 13: "carriage return", 26: "substitute", 27: "escape"}
_END_OF_BGZF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class TextError(DataError):
    """Text that cannot be read as it is; ``finding`` says what is wrong with it."""

    def __init__(self, path: Path | str, finding: Finding) -> None:
        super().__init__(f"{path}: {finding}")
        self.path, self.finding = str(path), finding

    def __reduce__(self) -> tuple:
        return type(self), (self.path, self.finding)


def control_fault(text: bytes, line: int) -> Finding | None:
    """Say which control character stands in a line, and behind what; None if there is none."""
    match = IN_LINE.search(text)
    if match is None:
        return None
    code = ord(match[0].decode())
    name = _NAMES.get(code)
    before = text[max(0, match.start() - 20) : match.start()].decode("utf-8", errors="replace")
    where = f" behind {quoted(before)}" if before else ""
    shown = f"U+{code:04X} ({name})" if name else f"U+{code:04X}"
    what = f"holds the control character {shown}{where}, which is no part of a table."
    return Finding(f"line {line}", what, "Copy the file again; if it is there too, write it again.")


def endless_fault(line: int) -> Finding:
    """Say that a line does not end."""
    what = f"is longer than {LONGEST_LINE >> 20} MB."
    return Finding(f"line {line}", what, "Write one gene per line, with line ends; copy the file again if it has them.")


def unpacked_fault(n_packed: int, n_unpacked: int, most: int = MOST_UNPACKED) -> Finding | None:
    """Say that a file unpacks to more than text of its size ever does, or to more than can be read."""
    if n_unpacked > most:
        what = f"is more than {most / 1e6:,.0f} MB of text."
        return Finding("", what, "Give the table alone; of a larger one, only the columns that are needed.")
    if n_unpacked > UNPACKED_FREELY and n_unpacked > MOST_RATIO * max(n_packed, 1):
        what = f"unpacks to more than {MOST_RATIO} times its size ({n_packed:,} bytes), as no table of counts does."
        return Finding("", what, "Write it again; if it is right, give it without compression.")
    return None


def gzip_end_fault(path: Path | str) -> Finding | None:
    """Say that a file of blocks (bgzip) lacks the one that ends it: a file that is cut between two is sound gzip."""
    with open(path, "rb") as stream:
        head = stream.read(18)
        if head[:4] != b"\x1f\x8b\x08\x04" or head[12:16] != b"BC\x02\x00":
            return None
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - len(_END_OF_BGZF)))
        if stream.read() == _END_OF_BGZF:
            return None
    return Finding("", "is compressed with bgzip, and lacks the block that ends it.", "It is cut off: copy it again.")


def open_bytes(path: Path | str) -> BinaryIO:
    """Open a file, compressed with gzip or not: the content decides, not the name."""
    with open(path, "rb") as stream:
        is_gzip = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if is_gzip else open(path, "rb")


class Checked(io.RawIOBase):
    """Bytes of text as another stream gives them; raises :class:`TextError` for what is no table of text."""

    def __init__(self, stream: BinaryIO, path: Path | str, packed: BinaryIO | None, most: int) -> None:
        super().__init__()
        self.stream, self.path, self.packed, self.most = stream, path, packed, most
        self.n_bytes, self.line, self.since_end = 0, 1, 0
        #: The first half of a character or of a line's end.
        self.half = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        number = self.stream.readinto(buffer)
        if number:
            self._look_at(bytes(buffer[:number]))
        return number

    def _look_at(self, chunk: bytes) -> None:
        text = self.half + chunk
        self.half = text[-1:] if text[-1:] in (b"\xc2", b"\r") else b""
        may_hold = len(text.translate(None, _ONE_BYTE)) < len(text) or b"\xc2" in text
        match = CONTROL.search(text) if may_hold else None
        # Text of old Macintosh programs has no other line ends.
        if match is None and text.count(b"\r") != text.count(b"\r\n") and (self.line > 1 or b"\n" in text):
            match = IN_LINE.search(text)
        if match is not None:
            begin = text.rfind(b"\n", 0, match.start()) + 1
            line = self.line + text.count(b"\n", 0, match.start())
            raise TextError(self.path, control_fault(text[begin : match.end() + 1], line))
        self.n_bytes += len(chunk)
        first, last = chunk.find(b"\n"), chunk.rfind(b"\n")
        if self.since_end + (len(chunk) if first < 0 else first) > LONGEST_LINE:
            raise TextError(self.path, endless_fault(self.line))
        self.since_end = self.since_end + len(chunk) if last < 0 else len(chunk) - last - 1
        self.line += chunk.count(b"\n")
        if self.n_bytes > UNPACKED_FREELY:
            fault = unpacked_fault(self.packed.tell() if self.packed else self.n_bytes, self.n_bytes, self.most)
            if fault:
                raise TextError(self.path, fault)

    def close(self) -> None:
        if not self.closed:
            self.stream.close()
            if self.packed is not None:
                self.packed.close()
        super().close()


def open_checked(
    path: Path | str, opener: Callable[[Path | str], BinaryIO] | None = None, most: int = MOST_UNPACKED
) -> BinaryIO:
    """Open text, compressed with gzip or not, as bytes that are looked at while they go by.

    Parameters
    ----------
    opener : opens a file of another compression.
    most : bytes of text that may be read.

    Raises
    ------
    TextError
        while it is read: a control character, a line without end, more text than a file of that size holds.
    """
    if opener is not None:
        return io.BufferedReader(Checked(opener(path), path, None, most), 1 << 18)
    packed = open(path, "rb")  # noqa: SIM115
    if packed.peek(2)[:2] != b"\x1f\x8b":
        return io.BufferedReader(Checked(packed, path, None, most), 1 << 18)
    fault = gzip_end_fault(path)
    if fault:
        packed.close()
        raise TextError(path, fault)
    return io.BufferedReader(Checked(gzip.GzipFile(fileobj=packed), path, packed, most), 1 << 18)


def open_text(path: Path | str, newline: str | None = "") -> io.TextIOWrapper:
    """Open text as :func:`open_checked` does, decoded; a byte order mark is passed over."""
    return io.TextIOWrapper(open_checked(path), encoding="utf-8-sig", newline=newline)


def read_checked(
    path: Path | str, opener: Callable[[Path | str], BinaryIO] | None = None, most: int = MOST_WHOLE
) -> bytes:
    """Read text as a whole; see :func:`open_checked`.

    Raises
    ------
    TextError
        if it is damaged, or no text.
    OSError
        if it cannot be opened.
    """
    try:
        with open_checked(path, opener, most) as stream:
            return stream.read()
    except (EOFError, zlib.error, gzip.BadGzipFile):
        what = "is a gzip file that is cut off or damaged."
        raise TextError(path, Finding("", what, "Copy or download it again.")) from None


def text_fault(path: Path | str) -> Finding | None:
    """Say what keeps a small file from being text; None if nothing does, or it cannot be opened at all."""
    try:
        read_checked(path)
    except TextError as error:
        return error.finding
    except OSError:
        return None
    return None


def last_without_end(content: bytes) -> str | None:
    """Return the last cell of text between tabs whose last line has no line end; None if it has one.

    Programs end every line. A file that is cut in its last number is whole otherwise: 539 has become 5.
    """
    if not content or content.endswith((b"\n", b"\r")):
        return None
    return content[content.rfind(b"\n") + 1 :].rsplit(b"\t", 1)[-1].strip().decode("utf-8", errors="replace")
