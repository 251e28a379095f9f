"""Words that messages are made of: quoted names, short lists, near matches.

Standard library only: the Snakefile imports this module.
"""

import difflib
import re
from collections.abc import Iterable, Sequence

#: Names of columns that programs write beside the counts.
_ANNOTATION_NAMES = frozenset(
    {"length", "effectivelength", "width", "genelength", "transcriptlength", "start", "end", "chr", "chrom", "strand"}
    | {"chromosome", "seqnames", "genename", "genesymbol", "symbol", "description", "genebiotype", "biotype"}
    | {"genetype", "geneid", "entrez", "entrezid", "entrezgene", "transcriptid", "transcriptids"}
)


def quoted(name: object) -> str:
    """Return a name in single quotes, with invisible characters spelled out."""
    text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(name))
    return f"'{text}'"


def listed(names: Iterable[object], most: int = 5, quote: bool = True) -> str:
    """Return up to ``most`` names and, if there are more, ``and N more``."""
    names = list(names)
    text = ", ".join(quoted(name) if quote else str(name) for name in names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most} more"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, e.g. ``1 sample``, ``3 samples``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def verb(number: int, one: str, many: str) -> str:
    """Return the form of a verb that fits the number of its subjects."""
    return one if number == 1 else many


def bare(name: str) -> str:
    """Return a name without case, blanks, punctuation, byte order mark and the X that R puts before digits.

    Two different names with the same bare form are most likely one name that a program or a person rewrote.
    """
    text = re.sub(r"[\W_]+", "", name.replace("\ufeff", "")).casefold()
    return re.sub(r"^x(?=\d)", "", text)


def near_match(name: str, choices: Sequence[str]) -> str | None:
    """Return the known name that is most like ``name``, or None if none is."""
    same = [other for other in choices if bare(other) == bare(name)]
    if same:
        return same[0]
    lowered = {other.casefold(): other for other in reversed(choices)}
    matches = difflib.get_close_matches(name.casefold(), list(lowered), n=1, cutoff=0.75)
    return lowered[matches[0]] if matches else None


def suggestion(name: str, choices: Sequence[str], kind: str = "It has") -> str:
    """Return ``Did you mean 'x'?``, or a sentence that lists what there is."""
    near = near_match(name, choices)
    return f"Did you mean {quoted(near)}?" if near is not None else f"{kind}: {listed(choices, most=12)}."


def is_annotation_name(name: str) -> bool:
    """Return whether a column is called like annotation of genes (length, symbol, chromosome, ...)."""
    return bare(name) in _ANNOTATION_NAMES
