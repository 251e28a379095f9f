"""Cells of a covariate that hold no number: which number is meant, and how to write it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from degsteps.basics.words import listed, quoted, skeleton
from degsteps.inputs.dates import days_between, read_dates
from degsteps.preflight.levels import is_missing_word

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"


class Meaning(NamedTuple):
    """What a cell means: a kind, the number (blank if it has none or two), and the unit that stands there."""

    kind: str
    number: str = ""
    unit: str = ""


def meaning(cell: str) -> Meaning | None:
    """Tell which number a cell means that is none as it stands; None if nothing is known of it."""
    text = skeleton(cell).strip().strip("'\"").strip()
    if is_missing_word(text) or not text:
        return Meaning("missing")
    if read_dates(text):
        return Meaning("date")
    plain = _plain(text)
    if plain is not None:
        return plain
    percent = re.fullmatch(r"(.*\d)\s*(%|percent|pct|\u2030)", text, re.IGNORECASE)
    if percent:
        number = _amount(percent[1])
        return Meaning("unit", number, percent[2]) if number else None
    clock = re.fullmatch(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?(?:\s*h)?", text)
    if clock:
        hours = int(clock[1]) + int(clock[2]) / 60 + int(clock[3] or 0) / 3600
        return Meaning("clock", f"{hours:.6g}")
    bound = re.fullmatch(
        r"(?:[<>~=\u2264\u2265\u2248]+|ca\.?|about|under|over|below|above)\s*(.*\d)(.*)|(.*\d)\s*\+", text
    )
    if bound:
        number = _amount(bound[1] or bound[3] or "")
        return Meaning("bound", number) if number else None
    middle = re.fullmatch(r"(.*\d)\s*(?:\u00b1|\+/-|\+-)\s*(.*\d)\s*(\D*)", text)
    if middle:
        number = _amount(middle[1])
        return Meaning("spread", number, middle[3].strip()) if number else None
    span = re.fullmatch(rf"({_NUMBER})\s*(?:-|to|\.\.)\s*({_NUMBER})\s*(\D*)", text)
    if span:
        return Meaning("range", f"{(float(span[1]) + float(span[2])) / 2:g}", span[3].strip())
    behind = re.fullmatch(r"([-+]?[\d.,' ]*\d)\s*[-_]?\s*([^\W\d_][^\d]*|[\u00b0\u03bc$\u20ac\u00a3][^\d]*)", text)
    if behind:
        number = _amount(behind[1])
        return Meaning("unit", number, behind[2].strip()) if number else None
    before = re.fullmatch(r"([^\W\d_][^\d]*?|[$\u20ac\u00a3])[\s:=_.]*([-+]?[\d.,' ]*\d)", text)
    if before:
        number = _amount(before[2])
        return Meaning("unit", number, before[1].strip()) if number else None
    return None


def cure(cells: Sequence[str]) -> str | None:
    """Say how to write the cells of a column that are no numbers; None if they are most likely words.

    Parameters
    ----------
    cells : those that are no numbers.
    """
    meanings = [(cell, meaning(cell)) for cell in cells]
    known = [(cell, meant) for cell, meant in meanings if meant is not None]
    amounts = [(cell, meant) for cell, meant in known if meant.kind != "missing"]
    words = len(cells) - len(known)
    if not known or words > len(known):
        return None
    # Codes such as A1 and B2 are names, not amounts with a unit before them.
    units = {meant.unit.casefold() for _, meant in amounts if meant.kind == "unit" and meant.unit}
    if not amounts:
        return "Write the value; a sample without one is listed under ingest.exclude_samples with the reason."
    before = [cell for cell, meant in amounts if meant.kind == "unit" and cell[:1].isalpha()]
    if len(before) == len(amounts) and len(units) > 1:
        return None
    if any(meant.kind == "decimal comma" for _, meant in amounts):
        amounts = [
            (cell, Meaning("decimal comma", cell.replace(",", ".")) if meant.kind == "ambiguous" else meant)
            for cell, meant in amounts
        ]
    parts = []
    for kind in dict.fromkeys(meant.kind for _, meant in amounts):
        of_kind = [(cell, meant) for cell, meant in amounts if meant.kind == kind]
        parts.append(_CURES[kind](of_kind))
    if len(known) > len(amounts):
        parts.append("List samples without a value under ingest.exclude_samples with the reason.")
    return " ".join(parts)


def _pairs(cells: Sequence[tuple[str, Meaning]]) -> str:
    distinct = list(dict(cells).items())
    return listed([f"{quoted(cell)} is {meant.number}" for cell, meant in distinct], 2, quote=False)


def _of_units(cells: Sequence[tuple[str, Meaning]]) -> str:
    units = list(dict.fromkeys(meant.unit for _, meant in cells))
    text = f"Write the numbers alone ({_pairs(cells)})"
    if len({unit.casefold() for unit in units}) > 1:
        return f"{text}, all in one unit: the cells have {listed(units)}."
    return f"{text}, and the unit under design.covariates.<name>.unit: {units[0]!r}."


def _of_dates(cells: Sequence[tuple[str, Meaning]]) -> str:
    texts = {cell: skeleton(cell).strip().strip("'\"") for cell, _ in cells}
    days = days_between(list(dict.fromkeys(texts.values())))
    advice = "These are dates: write the number of days since the first of them"
    if days is None:
        return f"{advice}, or declare the column under design.factors if it names batches."
    examples = dict(sorted(((cell, days[text]) for cell, text in texts.items()), key=lambda pair: pair[1])[:2])
    return f"{advice} ({listed([f'{quoted(cell)} is {day}' for cell, day in examples.items()], quote=False)})."


_CURES = {
    "decimal comma": lambda cells: f"Write numbers with a decimal point ({_pairs(cells)}).",
    "thousands": lambda cells: f"Write numbers without signs for thousands ({_pairs(cells)}).",
    "ambiguous": lambda cells: (
        f"Write numbers without commas: {quoted(cells[0][0])} is {cells[0][0].replace(',', '')} if the comma marks "
        f"thousands, and {cells[0][0].replace(',', '.')} if it is a decimal comma."
    ),
    "sign": lambda cells: f"Write digits and a plain minus ({_pairs(cells)}).",
    "unit": _of_units,
    "clock": lambda cells: f"Write hours, or minutes, as one number ({_pairs(cells)} hours).",
    "bound": lambda cells: (
        f"A bound is no value: write the number that is to be used ({_pairs(cells)}, if that is meant)."
    ),
    "spread": lambda cells: f"Write the value alone ({_pairs(cells)}).",
    "range": lambda cells: (
        f"Write one number for a range, e.g. its middle ({_pairs(cells)}), or declare the column under design.factors."
    ),
    "date": _of_dates,
}


def _plain(text: str) -> Meaning | None:
    """Tell a number that is written with other signs than digits and a point."""
    if re.fullmatch(_NUMBER, text):
        return Meaning("sign", text.lstrip("+"))
    if re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", text):
        return Meaning("ambiguous")
    if re.fullmatch(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?", text):
        return Meaning("decimal comma", _amount(text))
    number = _amount(text)
    return Meaning("thousands", number) if number else None


def _amount(text: str) -> str:
    """Return the digits of a number with a point, whatever signs stand for thousands; blank if it is none."""
    text = text.strip().lstrip("+")
    if re.fullmatch(r"-?\d{1,3}(?:[ '_]\d{3})+(?:[.,]\d+)?", text):
        return re.sub(r"[ '_]", "", text).replace(",", ".")
    if re.fullmatch(r"-?\d{1,3}(?:,\d{3})+\.\d*|-?\d{1,3}(?:,\d{3}){2,}", text):
        return text.replace(",", "")
    if re.fullmatch(r"-?\d{1,3}(?:\.\d{3})+,\d*|-?\d{1,3}(?:\.\d{3}){2,}", text):
        return text.replace(".", "").replace(",", ".")
    text = text.replace(",", ".", 1)
    return text if re.fullmatch(_NUMBER, text) else ""
