"""Text of the methods: lists of words, sentences and numbered references."""

import re
from collections.abc import Sequence


class Citations:
    """Numbers references in the order in which they are first cited."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def __call__(self, *keys: str) -> str:
        self.keys += [key for key in dict.fromkeys(keys) if key not in self.keys]
        return "[" + ", ".join(str(number) for number in sorted({self.keys.index(key) + 1 for key in keys})) + "]"


def sentences(*parts: str) -> str:
    """Join sentences; blank ones are left out."""
    return " ".join(part for part in parts if part)


def series(items: Sequence[str]) -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it stands; citations such as ``[1, 2]`` stay readable in the source."""
    one_line = re.sub(r"\s+", " ", text)
    escaped = re.sub(r"([\\`*_~<>&|#])", r"\\\1", one_line)
    return re.sub(r"\[(?!\d+(?:, \d+)*\](?![(\[:]))", r"\\[", escaped)
