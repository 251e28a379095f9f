"""Versions of gene and transcript ids: which ids have one, and the id without it.

Standard library only: the Snakefile imports this module.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

#: Ids of databases that write a version behind a dot: of Ensembl (genes, transcripts, proteins, old ``ENSGR``), with
#: the ``_3`` that GENCODE adds where it mapped an annotation to GRCh37, of RefSeq, CCDS and UCSC. In other ids the dot
#: is a part of the name (Y110A7A.10, MSTRG.12, AT1G01010.1).
_VERSIONED = re.compile(
    r"(?P<id>ENS[A-Z]*\d+|[NXAY][CGMPRT]_\d{5,}|CCDS\d+|uc\d{3}[a-z]{3})"
    r"(?P<early>_PAR_Y)?\.\d+(?:_\d+)?(?P<late>_PAR_Y)?"
)


def without_version(gene: str) -> str:
    """Return an id without its version; ``_PAR_Y`` stays, because it marks another gene than the one on X.

    >>> without_version("ENSG00000182378.15_3_PAR_Y")
    'ENSG00000182378_PAR_Y'
    """
    match = _VERSIONED.fullmatch(gene) if "." in gene else None
    if match is None:
        return gene
    return match["id"] + (match["early"] or match["late"] or "")


def has_version(gene: str) -> bool:
    """Return whether an id has a version that is known as one."""
    return without_version(gene) != gene


def repeated_without_versions(genes: Iterable[str]) -> list[str]:
    """Return the ids that several of the given ones become, sorted."""
    numbers = Counter(map(without_version, genes))
    return sorted(gene for gene, number in numbers.items() if number > 1)


def odd_dots(genes: Sequence[str]) -> list[str]:
    """Return ids that end in a dot and a number, which is no version that is known."""
    return [gene for gene in genes if re.search(r"\.\d+$", gene) and not has_version(gene)]
