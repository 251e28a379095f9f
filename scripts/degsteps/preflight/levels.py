"""Levels of a factor that are most likely not what they seem: spelt in two ways, or a word for a missing value."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from degsteps.basics.errors import Finding
from degsteps.basics.words import counted, quoted, skeleton, told_apart

#: Words for a missing value. ``none`` is not among them: it is how people call a group without treatment.
_MISSING = frozenset(
    {"na", "n/a", "#n/a", "n.a.", "n.a", "<na>", "nan", "null", "nil", "missing", "unknown", "unk", "unspecified", "?"}
    | {"??", "-", "--", "---", ".", "..", "_", "n/d", "n.d.", "tbd", "k.a.", "k. a.", "not available", "not applicable"}
    | {
        "not determined",
        "not collected",
        "not provided",
        "not recorded",
        "not reported",
        "not known",
        "no data",
        "#ref!",
    }
    | {"#value!", "#name?", "#div/0!", "#null!", "#num!", "inconnu", "unbekannt", "desconocido"}
)
_SEPARATORS = r"\s_.,:;/\\'\"()\[\]{}-"


def is_missing_word(level: str) -> bool:
    """Return whether a level is a word that people write for a value that they do not have."""
    return skeleton(level).strip().casefold() in _MISSING


def alike(levels: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of levels that differ in letter case, blanks, punctuation or look-alike letters only.

    Signs that mean something stay: ``GFP+`` and ``GFP-``, ``1.5`` and ``15`` are two levels each, and so are ``D-1``
    and ``D1`` where there is a ``D0``.
    """
    plain = {re.sub(r"[\s_]+", "", skeleton(level)).casefold() for level in levels}
    with_zero = tuple(level[:-1] for level in plain if level.endswith("0") and level[-2:-1].isalpha())
    first_of: dict[str, str] = {}
    pairs = []
    for level in levels:
        other = first_of.setdefault(_spelling(level, with_zero), level)
        if other != level:
            pairs.append((other, level))
    return pairs


def spelling_findings(levels: Sequence[str], key: str, name: str, told: Collection[str]) -> list[Finding]:
    """Say which levels are most likely one level in two spellings.

    Parameters
    ----------
    key : of the factor in the configuration.
    name : of the column.
    told : levels that the configuration names as levels of their own.
    """
    findings = []
    for first, second in alike(levels):
        if {first, second} <= {*told}:
            continue
        shown, other = told_apart(first, second)
        how = "in letter case, blanks or punctuation only"
        if skeleton(first) == skeleton(second):
            how = "in characters that look the same or are not seen"
        what = f"the levels {shown} and {other} differ {how}."
        cure = f"Write them alike if they are the same; if they are two, name both under {key}.levels."
        findings.append(Finding(name, what, cure, "data"))
    return findings


def missing_findings(
    values: Sequence[str], ids: Sequence[str], key: str, name: str, told: Iterable[str]
) -> list[Finding]:
    """Ask whether levels that are words for a missing value are levels; those that the configuration names are."""
    told, sizes = {*told}, Counter(values)
    has_signs = any("+" in level for level in sizes)
    findings = []
    for level, number in sizes.items():
        if level in told or not is_missing_word(level) or (has_signs and level.strip("-") == ""):
            continue
        of_level = [sample for sample, value in zip(ids, values, strict=True) if value == level]
        what = f"the level {quoted(level)} has {counted(number, 'sample')} ({', '.join(of_level[:3])}"
        what += f"{', ...' if number > 3 else ''}) and is in no contrast: it is a group of its own in the model."
        cure = f"If it means missing, fill in the cell, or list the sample{'s' * (number > 1)} under "
        cure += f"ingest.exclude_samples; if it is a level, name it under {key}.levels."
        findings.append(Finding(name, what, cure, "note"))
    return findings


def told_levels(contrasts: Iterable[Mapping[str, Any]], name: str, declared: Mapping[str, Any]) -> set[str]:
    """Return the levels of a factor that the configuration names: reference, ``levels``, those of contrasts."""
    told = {declared["reference"], *(declared["levels"] or ())}
    for contrast in contrasts:
        if contrast.get("factor") == name:
            told |= {str(contrast[place]) for place in ("test", "reference") if contrast.get(place) is not None}
        at = contrast.get("at") or {}
        if name in at:
            told.add(str(at[name]))
        # Names of groups in an expression, and of coefficients, are words of their own.
        texts = [contrast.get("expression") or "", *(contrast.get("weights") or {})]
        told |= {word for text in texts for word in re.split(r"[\s:=()+*,`\[\]]+|T\.", text) if word}
    return told


def _spelling(level: str, with_zero: tuple[str, ...]) -> str:
    """Return what two spellings of one level have in common; the level itself if nothing but signs is left.

    Parameters
    ----------
    with_zero : beginnings of levels that count from below zero: a dash before a number is a minus there.
    """
    text = skeleton(level).strip().casefold()
    text = re.sub(r"[\s_]+", " ", text)
    # Between letters and digits any separator is as good as another; before a digit it may be a minus or a point.
    text = re.sub(rf"(?<=\w)[{_SEPARATORS}]+(?=[^\W\d])", "", text)
    text = re.sub(r"(?<=[^\W\d])[ .,:;/]+(?=\d)", "", text)
    dash = re.fullmatch(r"(.*[^\W\d]) ?-(\d.*)", text)
    if dash and dash[1].replace(" ", "") not in with_zero:
        text = dash[1] + dash[2]
    text = re.sub(r"^['\"(\[]+|[.,:;'\")\]]+$", "", text)
    text = text.replace(" ", "")
    return text or level
