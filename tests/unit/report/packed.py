"""Reads what the page's explorer gets, on its own: from the bytes in the page to arrays and numbers."""

import base64
import gzip
import json
import re

import numpy as np

_TYPES = {1: ">u1", 2: ">u2", 4: ">u4"}


def description(source: str) -> dict:
    """Return what the explorer knows besides arrays."""
    return json.loads(re.search(r'id="explorer-data">(.*?)</script>', source)[1])


def arrays(source: str, name: str) -> dict:
    """Return the arrays and texts of one blob of a page."""
    packed = re.search(rf'data-blob="{re.escape(name)}">(.*?)</script>', source)[1]
    return unpacked(description(source)["layouts"][name], packed)


def unpacked(layout: list, packed: str) -> dict:
    """Return arrays and texts by name."""
    content, found, start = gzip.decompress(base64.b64decode(packed)), {}, 0
    for name, width, number in layout:
        part = content[start : start + number * (width or 1)]
        start += len(part)
        if width == 0:
            found[name] = part.decode()
        else:
            planes = np.frombuffer(part, dtype=np.uint8).reshape(width, number)
            found[name] = planes.T.copy().view(_TYPES[width]).ravel().astype(np.int64)
    assert start == len(content)
    return found


def numbers(codes: np.ndarray, kind: str, step: float) -> np.ndarray:
    """Return fold changes, p-values (not their logarithms) or means."""
    codes = codes.astype(float)
    values = {
        "fold": lambda: (codes - 32767) * step,
        "p": lambda: np.where(codes == 65534, 0.0, 10.0 ** -((codes * step) ** 2)),
        "mean": lambda: 2 ** (codes * step) - 1,
    }[kind]()
    return np.where(codes == 65535, np.nan, values)


def undone(differences: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return codes whose differences were packed in the order of other codes."""
    order = sorted(range(len(keys)), key=lambda place: (keys[place], place))
    codes, total = np.zeros(len(keys), dtype=np.int64), 0
    for place, difference in zip(order, differences, strict=True):
        total = (total + int(difference)) % 65536
        codes[place] = total
    return codes
