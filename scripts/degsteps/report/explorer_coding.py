"""Numbers of the gene explorer as few bytes: 16 bits for a fold change or a p-value, 8 bits for a count.

A page holds every tested gene of every contrast. Values are rounded to steps that are finer than what a figure shows;
where a value lies beside a bound by which genes are called, it is rounded so that it stays on its side.
`templates/explorer_data.js` reads what this module writes.
"""

import base64
import gzip
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

#: Of 16 bits: no value; and a p-value of 0, which is smaller than any number of the step.
MISSING, ZERO = 65535, 65534
#: Of 8 bits: no value.
MISSING_8 = 255
_FOLD_ZERO = 32767
#: Steps of 8 bits for each doubling of a count plus 1: counts up to 14 stay what they are, larger ones within 3.4 %.
#: Coarser only where a single count is above 20 million.
STEPS_PER_DOUBLING = 10.5


@dataclass
class Blob:
    """Arrays that are packed together: what a page unpacks when it first needs one of them."""

    layout: list[tuple[str, int, int]] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)

    def add(self, name: str, values: np.ndarray) -> None:
        """Add an array of unsigned integers; bytes of the same weight stand together, which packs better."""
        width = values.dtype.itemsize
        planes = np.ascontiguousarray(values.astype(f">u{width}")).view(np.uint8).reshape(-1, width).T
        self.layout.append((name, width, len(values)))
        self.parts.append(planes.tobytes())

    def add_text(self, name: str, text: str) -> None:
        """Add text."""
        content = text.encode()
        self.layout.append((name, 0, len(content)))
        self.parts.append(content)

    def packed(self) -> str:
        """Return all arrays, packed, as text; the same arrays always give the same."""
        return base64.b64encode(gzip.compress(b"".join(self.parts), compresslevel=6, mtime=0)).decode()


def fold_codes(values: np.ndarray, bounds: Iterable[float] = ()) -> tuple[np.ndarray, float]:
    """Return signed values as codes and their step: ``(code - 32767) * step``.

    Parameters
    ----------
    bounds : absolute values; one that reaches a bound still does so when it is read.
    """
    finite = np.isfinite(values)
    most = float(np.abs(values[finite]).max(initial=0))
    step = most / _FOLD_ZERO if most else 1.0
    steps = np.zeros(len(values), dtype=np.int64)
    steps[finite] = np.round(values[finite] / step).astype(np.int64)
    for bound in bounds:
        is_above, reads_above = np.abs(values) >= bound, np.abs(steps * step) >= bound
        away = np.where(values < 0, -1, 1)
        steps += np.where(finite & is_above & ~reads_above, away, 0) - np.where(
            finite & ~is_above & reads_above, away, 0
        )
    codes = np.clip(steps, -_FOLD_ZERO, _FOLD_ZERO) + _FOLD_ZERO
    return np.where(finite, codes, MISSING).astype(np.uint16), step


def p_codes(values: np.ndarray, bounds: Iterable[float] = ()) -> tuple[np.ndarray, float]:
    """Return p-values as codes of ``-log10(p)`` and their step: ``(code * step) ** 2``.

    Steps of the root are fine where p-values are large and many, and wide where only the order of magnitude matters.

    Parameters
    ----------
    bounds : p-values; one that is below a bound still is when it is read, and one that is not is not.
    """
    finite, positive = np.isfinite(values), values > 0
    logs = np.zeros(len(values))
    logs[positive] = np.abs(np.log10(values[positive]))
    step = float(np.sqrt(logs.max(initial=0))) / (ZERO - 1) or 1.0
    codes = np.round(np.sqrt(logs) / step).astype(np.int64)
    for bound in bounds:
        is_below, reads_below = positive & (values < bound), (codes * step) * (codes * step) > -math.log10(bound)
        codes += np.where(is_below & ~reads_below, 1, 0) - np.where(positive & ~is_below & reads_below, 1, 0)
    codes = np.where(finite & ~positive, ZERO, np.clip(codes, 0, ZERO - 1))
    return np.where(finite, codes, MISSING).astype(np.uint16), step


def mean_codes(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Return values from 0 on as codes of ``log2(value + 1)`` and their step."""
    finite = np.isfinite(values)
    logs = np.zeros(len(values))
    logs[finite] = np.log2(values[finite] + 1)
    step = (float(logs.max(initial=0)) or 1.0) / ZERO
    return np.where(finite, np.round(logs / step), MISSING).astype(np.uint16), step


def width_codes(values: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return positive values as codes of 8 bits, with least value and step of ``log2``: ``least + code * step``."""
    finite = np.isfinite(values) & (values > 0)
    logs = np.log2(np.where(finite, values, 1.0))
    least, most = (float(edge(logs[finite], initial=start)) for edge, start in ((np.min, np.inf), (np.max, -np.inf)))
    if not finite.any():
        return np.full(len(values), MISSING_8, dtype=np.uint8), 0.0, 0.0
    step = (most - least) / (MISSING_8 - 1) or 1.0
    return np.where(finite, np.round((logs - least) / step), MISSING_8).astype(np.uint8), least, step


def text_codes(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Return text as codes of its different values, and these, in the order in which they first appear; blank first."""
    levels = ["", *dict.fromkeys(value for value in values if value)]
    code = {level: number for number, level in enumerate(levels)}
    kind = np.uint8 if len(levels) <= MISSING_8 else np.uint16 if len(levels) <= MISSING else np.uint32
    return np.array([code[value] for value in values], dtype=kind), levels


def count_codes(counts: np.ndarray) -> tuple[np.ndarray, float]:
    """Return counts, genes x samples, as 8 bits each, and how many steps a doubling of ``count + 1`` has.

    The first column is the gene's middle code; the others are differences from it modulo 256, which are small and pack
    well.
    """
    logs = np.log2(np.asarray(counts, dtype=float) + 1)
    steps = min(STEPS_PER_DOUBLING, 255 / max(float(logs.max(initial=0)), 1.0))
    codes = np.round(logs * steps).astype(np.uint8)
    middle = np.sort(codes, axis=1)[:, [codes.shape[1] // 2]] if codes.shape[1] else np.zeros((len(codes), 1), np.uint8)
    return np.hstack([middle, codes - middle]), steps


def in_order_of(values: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return the differences of codes from one to the next, modulo their range, in the order of other codes.

    Adjusted p-values follow the order of p-values: as differences they take next to nothing.
    """
    ordered = values[np.argsort(keys, kind="stable")]
    return np.diff(ordered, prepend=ordered.dtype.type(0)).astype(values.dtype)


def layouts(blobs: Mapping[str, Blob]) -> dict[str, list[tuple[str, int, int]]]:
    """Return the arrays of each blob: name, bytes of a value (0: text) and number of values."""
    return {name: blob.layout for name, blob in blobs.items()}


def texts(values: Iterable[Any]) -> str:
    """Return texts as lines; what would break a line becomes a blank."""
    return "\n".join(" ".join(str(value).split("\n")) if "\n" in str(value) else str(value) for value in values)
