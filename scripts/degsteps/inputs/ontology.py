"""Ontologies in the OBO format: terms, and which of them are their parents (``is_a`` and ``part_of``).

Standard library only: the checks before a run read it.
"""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from degsteps.basics.errors import DataError

#: Relations by which a term belongs to another, as gene sets of the Gene Ontology are made.
_PART_OF = "part_of"


@dataclass
class Ontology:
    """Terms of an ontology; obsolete ones are left out.

    Attributes
    ----------
    release : as the file states it; blank if it does not.
    parents : by term, in the order of the file.
    other_ids : ids that stand for a term too -> the term.
    """

    release: str = ""
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    other_ids: dict[str, str] = field(default_factory=dict)

    def term(self, name: str) -> str | None:
        """Return the term of an id; None if it is none."""
        return name if name in self.parents else self.other_ids.get(name)


def read_ontology(path: str) -> Ontology:
    """Read an OBO file, plain or gzip.

    Raises
    ------
    DataError
        if it cannot be read, or is none.
    """
    found = Ontology()
    try:
        opener = gzip.open if Path(path).read_bytes()[:2] == b"\x1f\x8b" else open
        with opener(path, "rt", encoding="utf-8") as lines:
            for kind, tags in _stanzas(lines):
                _take(found, kind, tags)
    except FileNotFoundError:
        raise DataError(
            f"{path}: there is no such file. Correct the path; it is relative to the working folder."
        ) from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as text ({error}). Copy or download it again.") from None
    if not found.parents:
        raise DataError(f"{path}: holds no [Term]: it is no ontology in the OBO format. Give e.g. go-basic.obo.")
    return found


def _stanzas(lines) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the kind of each part of the file, blank for its head, and its tags with their values."""
    kind, tags = "", []
    for line in lines:
        text = line.strip()
        if text.startswith("[") and text.endswith("]"):
            yield kind, tags
            kind, tags = text[1:-1], []
        elif ":" in text and not text.startswith("!"):
            tag, _, value = text.partition(":")
            # What follows " ! " is a comment, what stands in braces belongs to the tag.
            tags.append((tag.strip(), value.split(" ! ")[0].split(" {")[0].strip()))
    yield kind, tags


def _take(found: Ontology, kind: str, tags: list[tuple[str, str]]) -> None:
    values = dict(tags)
    if kind == "":
        found.release = values.get("data-version", values.get("date", ""))
    if kind != "Term" or "id" not in values or values.get("is_obsolete") == "true":
        return
    parents = []
    for tag, value in tags:
        words = value.split()
        if tag == "is_a" and words:
            parents.append(words[0])
        elif tag == "relationship" and words[:1] == [_PART_OF] and len(words) > 1:
            parents.append(words[1])
        elif tag == "alt_id":
            found.other_ids[value] = values["id"]
    found.parents[values["id"]] = tuple(dict.fromkeys(parents))
