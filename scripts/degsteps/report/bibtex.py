"""References of the methods as BibTeX, with the data and the software by their versions."""

import re
from collections.abc import Mapping

#: ``Love MI, Huber W. Title. Journal 2014;15:550. doi:10.1186/...``
_ARTICLE = re.compile(
    r"(?P<authors>[^.]+)\. (?P<title>.+?[.?]) (?P<journal>[^.;]+(?:\. [^.;]+)*?) (?P<year>\d{4});"
    r"(?P<volume>[^:.]+):(?P<pages>[^.]+)\. doi:(?P<doi>\S+)"
)
_BOOK = re.compile(
    r"(?P<authors>[^.]+)\. (?P<title>.+?)\. In: (?P<editors>[^.]+), editors\. (?P<booktitle>[^.]+)\. "
    r"(?P<address>[^:]+): (?P<publisher>[^;]+); (?P<year>\d{4})\. doi:(?P<doi>\S+)"
)
_INITIALS = re.compile(r"(?P<family>.+) (?P<initials>[A-Z]{1,4})")
_SPECIAL = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
_SPECIAL |= {character: f"\\{character}" for character in "&%$#_{}"}


def escaped(text: str) -> str:
    """Return text that TeX shows as it is, on one line."""
    return "".join(_SPECIAL.get(character, character) for character in " ".join(text.split()))


def authors_of(listed: str) -> str:
    """Return ``Love MI, Huber W, et al`` as ``Love, M. I. and Huber, W. and others``."""
    named = []
    for author in listed.split(", "):
        match = _INITIALS.fullmatch(author)
        initials = " ".join(f"{letter}." for letter in match["initials"]) if match else ""
        named.append("others" if author == "et al" else f"{match['family']}, {initials}" if match else f"{{{author}}}")
    return " and ".join(named)


def entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    """Return one entry; a title keeps its capitals."""
    lines = []
    for name, value in fields.items():
        # Authors are coded already, and programs read identifiers as they stand.
        shown = value if name in ("author", "doi") else escaped(value)
        if value:
            lines.append(f"  {name} = {{{f'{{{shown}}}' if name == 'title' else shown}}},")
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def reference_entry(key: str, reference: str) -> str:
    """Return a reference as an article or a part of a book; what cannot be read as either stands in a note."""
    key = re.sub(r"[^A-Za-z0-9_-]", "", key)
    article = _ARTICLE.fullmatch(reference)
    if article:
        fields = {"author": authors_of(article["authors"]), "title": article["title"].removesuffix(".")}
        fields |= {name: article[name] for name in ("journal", "year", "volume")}
        return entry("article", key, fields | {"pages": article["pages"].replace("-", "--"), "doi": article["doi"]})
    book = _BOOK.fullmatch(reference)
    if book:
        fields = {"author": authors_of(book["authors"]), "title": book["title"]}
        fields |= {name: book[name] for name in ("booktitle", "publisher", "address", "year", "doi")}
        return entry("incollection", key, fields)
    doi = re.search(r"\bdoi:(\S+)", reference)
    year = re.search(r"\b(?:19|20)\d{2}\b", reference)
    fields = {"note": reference, "year": year[0] if year else "", "doi": doi[1].rstrip(".") if doi else ""}
    return entry("misc", key, {"title": reference.split(". ")[0]} | fields)


def bibliography(references: Mapping[str, str], accessions: list[str], software: Mapping[str, str]) -> str:
    """Return a file of BibTeX, in UTF-8.

    Parameters
    ----------
    references : by key, as the methods list them.
    accessions : of the data.
    software : versions by name.
    """
    entries = [reference_entry(key, text) for key, text in references.items()]
    entries += [
        entry("misc", f"data_{re.sub(r'[^A-Za-z0-9]', '', accession)}", {"title": accession, "note": "Data set"})
        for accession in accessions
    ]
    entries += [
        entry("misc", f"software_{re.sub(r'[^A-Za-z0-9]', '', name)}", {"title": name, "note": f"Version {version}"})
        for name, version in software.items()
    ]
    return "\n\n".join(entries) + "\n"
