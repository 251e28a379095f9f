"""The software that computed the results of an analysis, as its steps recorded it, with what to cite for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from degsteps.sections.citations import Citations, series

#: A step whose packages bring others along that it does not use.
_BROUGHT_ALONG = frozenset({"export_normalized"})


@dataclass(frozen=True)
class Package:
    """A package that decides about numbers or figures.

    Attributes
    ----------
    reference : key of its paper; blank if it has none.
    not_by : steps that load it without using it.
    title : its name where that of its files differs.
    """

    reference: str = ""
    not_by: frozenset[str] = frozenset()
    title: str = ""


#: By the names that records have, in the order of the methods; what these bring along is in the table of versions.
PACKAGES = {
    "numpy": Package("harris2020"),
    "scipy": Package("virtanen2020"),
    "pandas": Package("mckinney2010"),
    "anndata": Package("virshup2024"),
    "pydeseq2": Package("muzellec2023", title="PyDESeq2"),
    "scanpy": Package("wolf2018"),
    "scikit-learn": Package("pedregosa2011", _BROUGHT_ALONG),
    "scranpy": Package(),
    "knncolle": Package(),
    "graspologic_native": Package(title="graspologic-native"),
    "harmonypy": Package("korsunsky2019"),
    "inmoose": Package("behdenna2023"),
    "matplotlib": Package("hunter2007", _BROUGHT_ALONG),
}

#: Papers of packages that no section cites by itself.
REFERENCES = {
    "harris2020": (
        "Harris CR, Millman KJ, van der Walt SJ, et al. Array programming with NumPy. Nature 2020;585:357-362. "
        "doi:10.1038/s41586-020-2649-2"
    ),
    "hunter2007": (
        "Hunter JD. Matplotlib: a 2D graphics environment. Computing in Science and Engineering 2007;9:90-95. "
        "doi:10.1109/MCSE.2007.55"
    ),
    "mckinney2010": (
        "McKinney W. Data structures for statistical computing in Python. Proceedings of the 9th Python in Science "
        "Conference 2010;445:56-61. doi:10.25080/Majora-92bf1922-00a"
    ),
    "pedregosa2011": (
        "Pedregosa F, Varoquaux G, Gramfort A, et al. Scikit-learn: machine learning in Python. Journal of Machine "
        "Learning Research 2011;12:2825-2830. doi:10.5555/1953048.2078195"
    ),
    "virshup2024": (
        "Virshup I, Rybakov S, Theis FJ, Angerer P, Wolf FA. anndata: access and store annotated data matrices. "
        "Journal of Open Source Software 2024;9:4371. doi:10.21105/joss.04371"
    ),
    "virtanen2020": (
        "Virtanen P, Gommers R, Oliphant TE, et al. SciPy 1.0: fundamental algorithms for scientific computing in "
        "Python. Nature Methods 2020;17:261-272. doi:10.1038/s41592-019-0686-2"
    ),
}


def used_packages(records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the versions of the packages that steps of this analysis computed with, by the names of `PACKAGES`.

    Where steps had several versions, all are named.
    """
    versions: dict[str, dict[str, None]] = {}
    for record in records:
        for name, version in record["packages"].items():
            if name in PACKAGES and record["step"] not in PACKAGES[name].not_by:
                versions.setdefault(name, {})[version] = None
    return {name: " and ".join(versions[name]) for name in PACKAGES if name in versions}


def software_sentence(
    records: Sequence[Mapping[str, Any]], python: str, cite: Citations, known: Collection[str]
) -> str:
    """Name the packages with their versions; each is cited whose reference is known."""
    named = [
        f"{title_of(name)} {version}{' ' + cite(reference) if (reference := PACKAGES[name].reference) in known else ''}"
        for name, version in used_packages(records).items()
    ]
    return f"Computations ran on Python {python}" + (f" with {series(named)}." if named else ".")


def title_of(name: str) -> str:
    """Return what a package is called."""
    return PACKAGES[name].title or name
