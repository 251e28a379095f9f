"""Tables of text with genes in rows and samples in columns."""

import bz2
import io
import lzma
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.inputs import plain_text
from degsteps.inputs.folders import begins_with
from degsteps.inputs.scan import Scan

_ZSTD = b"\x28\xb5\x2f\xfd"
#: Text that is parsed at a time: its arrays fit into the processor's cache.
_BLOCK_BYTES = 1 << 18
#: So many digits fit into 64 bits, whatever they are.
_MOST_DIGITS = 18


def open_zstd(path: Path | str) -> BinaryIO:
    """Open a file that is compressed with Zstandard."""
    import pyarrow as pa

    return io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"), 1 << 20)


def open_bytes(path: str) -> BinaryIO:
    """Open a file that is compressed with gzip, Zstandard or not at all."""
    return open_zstd(path) if begins_with(path, _ZSTD) else plain_text.open_bytes(path)


#: Compressions that pandas knows too, by their first bytes.
_OTHER_OPENERS: dict[bytes, Callable[[Path | str], BinaryIO]] = {
    _ZSTD: open_zstd,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}


def read_bytes(path: Path | str) -> bytes:
    """Read text of any compression as a whole.

    Raises
    ------
    TextError
        if it is damaged, holds control characters, or is larger than tables of one sample are.
    """
    opener = next((opener for mark, opener in _OTHER_OPENERS.items() if begins_with(str(path), mark)), None)
    return plain_text.read_checked(path, opener)


def _after_header(stream: BinaryIO, scan: Scan) -> BinaryIO:
    """Read up to and including the header; comments, titles and blank lines may stand before it."""
    for number, _ in enumerate(stream, start=1):
        if number == scan.header_line:
            return stream
    raise DataError("the file has no header.")


def read_columns(
    path: str, ends: dict[str, str] | None = None, has_comments: bool = False, **options: Any
) -> pd.DataFrame:
    """Read a tab-separated file of one sample.

    Parameters
    ----------
    has_comments : whether lines that begin with ``#`` may stand above the table. Pandas would take what stands behind
        that sign in any line for a comment, and ``4#711`` for 4.
    ends : gets the last cell of the file, if its last line has no end.

    Raises
    ------
    DataError
        if it cannot be read.
    """
    try:
        content = read_bytes(path)
        last = plain_text.last_without_end(content)
        if ends is not None and last is not None:
            ends[path] = last
        while has_comments and content.startswith(b"#"):
            content = content.partition(b"\n")[2]
        return pd.read_csv(io.BytesIO(content), sep="\t", keep_default_na=False, encoding="utf-8", **options)
    except DataError:
        raise
    except (OSError, EOFError, ValueError, KeyError) as error:
        first = str(error).splitlines()[0][:200]
        raise DataError(f"{path}: cannot be read ({first}). Copy the file again, or run that sample again.") from None


def read_scanned_table(scan: Scan) -> pd.DataFrame:
    """Read a scanned table: whole numbers in plain text, or numbers however they are written.

    Rows that the scan found to be no genes are passed over.
    """
    counts = _read_plain_counts(scan)
    return _read_any_numbers(scan) if counts is None else counts


def _read_plain_counts(scan: Scan) -> pd.DataFrame | None:
    """Read counts that are written with digits only, block by block into one matrix; None if some are not.

    For a thousand samples this takes half the time of the readers for CSV of any kind, and little more memory than
    the matrix.
    """
    values = np.empty((scan.n_genes, len(scan.positions)), dtype=np.int64, order="F")
    genes: list[str] = []
    with open_bytes(scan.path) as stream:
        for lines in _whole_lines(_genes_only(_after_header(stream, scan), scan)):
            block = _parse_digits(lines, scan)
            if block is None or len(genes) + len(block[0]) > scan.n_genes:
                return None
            values[len(genes) : len(genes) + len(block[0])] = block[1]
            genes += block[0]
    if len(genes) != scan.n_genes:
        return None
    return pd.DataFrame(values, index=pd.Index(genes, name="gene", dtype=object), columns=scan.samples, copy=False)


def _genes_only(stream: BinaryIO, scan: Scan) -> BinaryIO:
    """Return the lines of data without those that are no genes."""
    if not scan.skipped_rows:
        return stream
    skipped, kept = frozenset(scan.skipped_rows), io.BytesIO()
    for ordinal, line in enumerate(line for line in stream if line.strip()):
        if ordinal not in skipped:
            kept.write(line)
    kept.seek(0)
    return kept


def _whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield blocks of whole lines that end with a line feed, without blank lines at their ends."""
    rest = b""
    for block in iter(lambda: stream.read(_BLOCK_BYTES), b""):
        end = block.rfind(b"\n") + 1
        lines, rest = (rest + block[:end], block[end:]) if end else (b"", rest + block)
        lines = lines.replace(b"\r\n", b"\n").strip(b"\n")
        if lines:
            yield lines + b"\n"
    if rest.strip():
        yield rest.rstrip(b"\r") + b"\n"


def _parse_digits(lines: bytes, scan: Scan) -> tuple[list[str], np.ndarray] | None:
    """Return genes and counts (genes x samples) of some lines; None if any cell of counts is not all digits."""
    text, n_columns = np.frombuffer(lines, dtype=np.uint8), len(scan.columns) + scan.has_row_names
    is_end = text == ord(scan.delimiter)
    is_end |= text == ord("\n")
    ends, n_lines = np.flatnonzero(is_end).astype(np.int32), lines.count(b"\n")
    if len(ends) != n_lines * n_columns or (text[ends[n_columns - 1 :: n_columns]] != ord("\n")).any():
        return None
    widths = (np.diff(ends, prepend=np.int32(-1)) - np.int32(1)).reshape(n_lines, n_columns)
    ends = ends.reshape(n_lines, n_columns)
    genes = _gene_ids(lines, ends[:, scan.gene_position], widths[:, scan.gene_position])
    first, last = scan.positions[0], scan.positions[-1]
    chosen = slice(first, last + 1) if last - first + 1 == len(scan.positions) else scan.positions
    units, widths = ends[:, chosen] - np.int32(1), widths[:, chosen]
    most = int(widths.max())
    if genes is None or widths.min() < 1 or most > _MOST_DIGITS:
        return None
    units, widths = units.ravel(), widths.astype(np.uint8).ravel()
    digits = text[units] - np.uint8(ord("0"))
    are_digits = digits.max() <= 9
    counts, longer = digits.astype(np.int64), np.flatnonzero(widths > 1)
    for place in range(1, most):
        digits = text[units[longer] - place] - np.uint8(ord("0"))
        are_digits &= digits.max() <= 9
        counts[longer] += digits * np.int64(10**place)
        longer = longer[widths[longer] > place + 1]
    return (genes, counts.reshape(n_lines, -1)) if are_digits else None


def _gene_ids(lines: bytes, ends: np.ndarray, widths: np.ndarray) -> list[str] | None:
    """Return gene ids, without the quotation marks that R writes; None if other marks are among them."""
    begins = (ends - widths).tolist()
    genes = [lines[begin:end].decode("utf-8").strip() for begin, end in zip(begins, ends.tolist(), strict=True)]
    if b'"' in lines:
        genes = [gene[1:-1].strip() if gene[:1] == gene[-1:] == '"' and len(gene) > 1 else gene for gene in genes]
        if any('"' in gene for gene in genes):
            return None
    return genes


def _read_any_numbers(scan: Scan) -> pd.DataFrame:
    """Read numbers as R and spreadsheets write them: 1e+05, 12.0, "12", with blanks around them."""
    if scan.n_fractions == 0:
        with suppress(ValueError, OverflowError):
            return _read_numbers(scan, np.int64)
    # Floats are exact up to 2^53.
    return _read_numbers(scan, np.float64)


def _read_numbers(scan: Scan, kind: type) -> pd.DataFrame:
    with open_bytes(scan.path) as stream:
        read = pd.read_csv(
            _genes_only(_after_header(stream, scan), scan),
            sep=scan.delimiter,
            header=None,
            names=range(len(scan.columns) + scan.has_row_names + scan.n_trailing),
            usecols=[scan.gene_position, *scan.positions],
            dtype={scan.gene_position: str} | dict.fromkeys(scan.positions, kind),
            keep_default_na=False,
            na_filter=False,
            encoding="utf-8",
            engine="c",
        )
    genes = pd.Index(read[scan.gene_position].str.strip(), name="gene", dtype=object)
    return pd.DataFrame(read[scan.positions].to_numpy(), index=genes, columns=scan.samples)
