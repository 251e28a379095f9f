"""Words that messages are made of: quoted names, short lists, near matches.

Standard library only: the Snakefile imports this module.
"""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

#: Names of columns that programs write beside the counts.
_ANNOTATION_NAMES = frozenset(
    {"length", "effectivelength", "width", "genelength", "transcriptlength", "start", "end", "chr", "chrom", "strand"}
    | {"chromosome", "seqnames", "genename", "genesymbol", "symbol", "description", "genebiotype", "biotype"}
    | {"genetype", "geneid", "entrez", "entrezid", "entrezgene", "transcriptid", "transcriptids"}
)


#: Characters of a name, or of a value, that a message shows.
LONGEST = 120


def _look_alikes() -> dict[int, str]:
    """Return letters and marks that look like plain ones, after NFKC (which takes care of full-width letters)."""
    pairs = (
        (
            "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408",
            "ABEKMHOPCTYXSIJ",
        ),
        ("\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u0501\u051b\u051d\u04bb", "aeopcyxsijdqwh"),
        ("\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7", "ABEZHIKMNOPTYX"),
        ("\u03b1\u03bd\u03bf\u03c1\u03c5\u03ba\u03b9\u03c7\u0131", "avopukixi"),
        ("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-------"),
        ("\u2018\u2019\u02bc\u201c\u201d", "'''\"\""),
    )
    return {ord(char): plain for odd, usual in pairs for char, plain in zip(odd, usual, strict=True)}


#: By code point; letters of Cyrillic and Greek, dashes, quotation marks.
_LOOK_ALIKE = _look_alikes()


def skeleton(name: str) -> str:
    """Return a name as it looks: Latin for look-alike letters, plain blanks and dashes, nothing that is invisible.

    Two different names with the same skeleton can hardly be told apart on a screen.
    """
    if name.isascii():
        return name
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).translate(_LOOK_ALIKE))
    visible = (char for char in plain if unicodedata.category(char) != "Cf")
    return "".join(" " if char.isspace() else char for char in visible)


def told_apart(name: str, other: str) -> tuple[str, str]:
    """Return two names in quotes; where they look the same, with the characters that tell them apart."""
    if name == other or skeleton(name).strip() != skeleton(other).strip():
        return quoted(name), quoted(other)
    shown = []
    for text, partner in ((name, other), (other, name)):
        odd = [char for char in dict.fromkeys(text) if not char.isascii() and char not in partner]
        points = [f"U+{ord(char):04X} {unicodedata.name(char, '').lower()}".rstrip() for char in odd]
        shown.append(f"{quoted(text)} (with {listed(points, quote=False)})" if points else quoted(text))
    return shown[0], shown[1]


def quoted(name: object) -> str:
    """Return a name in single quotes, with invisible characters spelled out; of a long one, the beginning."""
    name = str(name)
    text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name[:LONGEST])
    return f"'{text}'" if len(name) <= LONGEST else f"'{text}...' ({len(name):,} characters)"


def shortened(text: str) -> str:
    """Return the first line of what a library says, without the full stop, and not all of a long one."""
    line = next(iter(text.splitlines()), "").rstrip(".")
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def listed(names: Iterable[object], most: int = 5, quote: bool = True) -> str:
    """Return up to ``most`` names and, if there are more, ``and N more``."""
    names = list(names)
    text = ", ".join(quoted(name) if quote else str(name) for name in names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most} more"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, e.g. ``1 sample``, ``3 samples``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, in the order in which they first do; blank ones are none."""
    return [name for name, number in Counter(names).items() if name and number > 1]


def verb(number: int, one: str, many: str) -> str:
    """Return the form of a verb that fits the number of its subjects."""
    return one if number == 1 else many


def bare(name: str) -> str:
    """Return a name without case, blanks, punctuation, look-alike letters and the X that R puts before digits.

    Two different names with the same bare form are most likely one name that a program or a person rewrote.
    """
    text = re.sub(r"[\W_]+", "", skeleton(name)).casefold()
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
    return f"Did you mean {told_apart(name, near)[1]}?" if near is not None else f"{kind}: {listed(choices, most=12)}."


def is_annotation_name(name: str) -> bool:
    """Return whether a column is called like annotation of genes (length, symbol, chromosome, ...)."""
    return bare(name) in _ANNOTATION_NAMES
