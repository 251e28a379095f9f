"""Dates as spreadsheets show them, in English, German, French and Spanish, and the genes that became dates.

Standard library only: the Snakefile imports this module.
"""

import datetime
import re
import unicodedata
from typing import NamedTuple

#: Names of months and their usual short forms, without accents.
_NAMES = (
    "jan january januar janvier janv janner ene enero",
    "feb february februar fevrier fevr fev febrero",
    "mar march marz mrz mars marzo",
    "apr april avr avril abr abril",
    "may mai mayo",
    "jun june juni juin junio",
    "jul july juli juil juillet julio",
    "aug august aout ago agosto",
    "sep sept september septembre septiembre setiembre",
    "oct october okt oktober octobre octubre",
    "nov november novembre noviembre",
    "dec december dez dezember decembre dic diciembre",
)
_MONTH_OF = {name: month for month, names in enumerate(_NAMES, start=1) for name in names.split()}
_WORD = r"[^\W\d_]{3,10}"
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}}|{_WORD})(?P=mark)(?P<day>\d{{1,2}}){_TIME}",
        rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])\s?(?P<second>\d{{1,2}})(?P=mark)\s?(?P<year>\d{{4}}|\d{{2}}){_TIME}",
        rf"(?P<day>\d{{1,2}})[-/. ]{{1,2}}(?P<month>{_WORD})\.?(?:[-/. ](?P<year>\d{{4}}|\d{{2}}))?{_TIME}",
        rf"(?P<month>{_WORD})\.?[-/. ](?P<day>\d{{1,2}})(?:(?:[-/.]|, ?| )(?P<year>\d{{4}}|\d{{2}}))?{_TIME}",
        rf"(?P<month>{_WORD})\.?[-/. ](?P<year>\d{{4}})",
    )
)
_NUMBERS = re.compile(rb"\d{1,4}[-/. ]|(?:3[5-9]|4\d)\d{3}(?:\.0)?$|(?:199|20[0-3])\d[01]\d[0-3]\d$")
#: Serial numbers of 2000 to 2036 in spreadsheets that count from 1900, and in those that count from 1904.
_SERIALS = range(35000, 50000)
_EPOCHS = (datetime.date(1899, 12, 30), datetime.date(1904, 1, 1))


class Date(NamedTuple):
    """A date; what is not said is None."""

    year: int | None
    month: int
    day: int | None


def read_dates(text: str) -> list[Date]:
    """Return what a date can mean: two dates where it is not said which number is the day; none if it is no date."""
    for form in _FORMS:
        match = form.fullmatch(text)
        if not match:
            continue
        parts = match.groupdict()
        year = int(parts["year"]) if parts.get("year") else None
        year = year + 2000 if year is not None and year < 100 else year
        if parts.get("first"):
            first, second = int(parts["first"]), int(parts["second"])
            # With points the day comes first everywhere.
            orders = [(second, first)] if parts["mark"] == "." else [(second, first), (first, second)]
            return _possible([Date(year, month, day) for month, day in dict.fromkeys(orders)])
        month = int(parts["month"]) if parts["month"].isdigit() else _MONTH_OF.get(_plain(parts["month"]))
        if month is None:
            continue
        return _possible([Date(year, month, int(parts["day"]) if parts.get("day") else None)])
    return []


def gene_of_date(text: str, is_among_words: bool) -> str | None:
    """Return the gene that a spreadsheet turned into a date; blank for a date that is no gene known for that.

    Parameters
    ----------
    text : the id.
    is_among_words : whether most other ids are no numbers, so that a number is no id but a date.

    Returns
    -------
    str or None
        ``MARCH1, now MARCHF1``; None if the id is no date.
    """
    if text.isascii() and text.removesuffix(".0").isdigit():
        return _gene_of_number(text.removesuffix(".0")) if is_among_words else None
    dates = read_dates(text)
    if not dates:
        return None
    return next((gene for gene in map(_gene, dates) if gene), "")


def days_between(texts: list[str]) -> dict[str, int] | None:
    """Return days since the first of some dates; None if it is not certain which days they are."""
    readings = [read_dates(text) for text in texts]
    # A column has one order of day and month: one date that can be read in one way only tells it.
    orders = {index for index in (0, 1) if all(len(dates) in (1, 2) for dates in readings)}
    if any(len(dates) != 1 for dates in readings):
        mixed = [read_in_order(text) for text in texts]
        orders = {index for index in (0, 1) if all(pair and pair[index] for pair in mixed)}
        if len(orders) != 1:
            return None
        index = orders.pop()
        days = [pair[index] for pair in mixed]
    else:
        days = [_day(dates[0]) for dates in readings]
    if any(day is None for day in days):
        return None
    return {text: (day - min(days)).days for text, day in zip(texts, days, strict=True)}


def read_in_order(text: str) -> tuple[datetime.date | None, datetime.date | None] | None:
    """Return a date of two numbers and a year, with the day first and with the month first."""
    match = _FORMS[1].fullmatch(text)
    if not match:
        return None
    first, second, year = (int(match[name]) for name in ("first", "second", "year"))
    year = year + 2000 if year < 100 else year
    return _day(Date(year, second, first)), _day(Date(year, first, second))


def may_be_date(name: bytes) -> bool:
    """Return whether an id can be a date: quick, for a pass over many of them."""
    return name[:3].lower() in _STARTS or _NUMBERS.match(name) is not None


def is_serial(name: bytes) -> bool:
    """Return whether an id is a number that can be a date."""
    return _NUMBERS.match(name) is not None and name.removesuffix(b".0").isdigit()


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


_STARTS = frozenset(name[:3].encode() for name in _MONTH_OF) | frozenset(
    word.encode()[:3] for word in ("m\u00e4r", "M\u00c4R".lower(), "f\u00e9v", "d\u00e9c", "ao\u00fbt", "j\u00e4n")
)


def _possible(dates: list[Date]) -> list[Date]:
    return [date for date in dates if 1 <= date.month <= 12 and (date.day is None or 1 <= date.day <= 31)]


def _day(date: Date) -> datetime.date | None:
    if date.year is None or date.day is None:
        return None
    try:
        return datetime.date(*date)
    except ValueError:
        return None


def _gene(date: Date) -> str:
    day = date.day if date.day is not None else 1
    if date.month == 3 and day <= 11:
        return f"MARCH{day}, now MARCHF{day}"
    if date.month == 9 and day <= 14:
        return f"SEPT{day}, now SEPTIN{day}"
    if date.month == 9 and day == 15:
        return "SEP15, now SELENOF"
    if date.month == 12 and day <= 2:
        return ("DEC1, now DELEC1", "DEC2, now BHLHE41")[day - 1]
    if date.month == 10 and day in (1, 2, 3, 4, 6, 7, 8, 9, 11):
        return f"OCT{day}, now POU5F1" if day == 4 else f"OCT{day}"
    return ""


def _gene_of_number(text: str) -> str | None:
    """Return the gene of a serial number, or of eight digits; None for other numbers."""
    if len(text) == 8:
        date = Date(int(text[:4]), int(text[4:6]), int(text[6:]))
        return _gene(date) if _day(date) else None
    if len(text) != 5 or int(text) not in _SERIALS:
        return None
    days = [epoch + datetime.timedelta(days=int(text)) for epoch in _EPOCHS]
    genes = [_gene(Date(day.year, day.month, day.day)) for day in days]
    return next((gene for gene in genes if gene), "")
