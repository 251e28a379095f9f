"""Which columns of cells hold donors, captures, labels and doublets, by names, levels, and what varies within what.

Standard library only, so that it runs before any environment is made.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from degsteps.basics.words import bare, counted, listed, quoted, verb
from degsteps.inputs.cells.cell_file import Header
from degsteps.inputs.cells.donor_names import is_no_person
from degsteps.inputs.cells.inspection import CAPTURE, CellTable
from degsteps.inputs.cells.known_cells import CLUSTERS, DONOR_LEVEL, has_word
from degsteps.inputs.cells.pseudobulks import no_label
from degsteps.inputs.cells.type_names import slug_findings
from degsteps.onboarding.draft import FILL_IN

#: Names of columns, bare of punctuation, the plainest first.
_DONOR_NAMES = (
    *("donor", "donorid", "patient", "patientid", "individual", "individualid", "subject", "subjectid", "participant"),
    *(
        "person",
        "ind",
        "mouse",
        "mouseid",
        "animal",
        "animalid",
        "pig",
        "rat",
        "sampleid",
        "sample",
        "replicate",
        "rep",
    ),
    *("origident",),
)
#: From this one on a name may be that of a library rather than of a person.
_UNSURE_DONOR = _DONOR_NAMES.index("sampleid")
_CAPTURE_NAMES = (
    *("capture", "captureid", "lane", "channel", "well", "gemgroup", "pool", "poolid", "library", "libraryid"),
    *("libraryuuid", "chip", "batch", "batchid", "run", "origident", "sampleid", "sample"),
)
_UNSURE_CAPTURE = _CAPTURE_NAMES.index("library")
LABEL_NAMES = (
    *(
        "celltype",
        "celltypes",
        "celltypel2",
        "celltypel1",
        "predictedcelltype",
        "annotation",
        "annotations",
        "cellannotation",
    ),
    *(
        "celllabel",
        "label",
        "labels",
        "celltypefine",
        "celltypebroad",
        "authorcelltype",
        "majoritylabels",
        "cell",
        "ident",
    ),
    *("subpopulation", "population", "clusterid", "clustername"),
)
_DOUBLET_NAMES = (
    "doublet",
    "doublets",
    "isdoublet",
    "doubletclass",
    "multiplets",
    "predicteddoublet",
    "scdblfinderclass",
)


@dataclass
class CellGuesses:
    """What is guessed of the section ``cells``: values by key, and why by the same keys."""

    values: dict[str, object] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    def add(self, key: str, value: object, why: str) -> None:
        """Take over a guess."""
        self.values[key], self.why[key] = value, why


def guess_cells(headers: Sequence[Header], table: CellTable) -> CellGuesses:
    """Guess the section ``cells`` from what is known of the files.

    Parameters
    ----------
    headers : of all sources.
    table : cells by the values of all columns that may be groups.
    """
    found, header = CellGuesses(), headers[0]
    names = [name for name in table.columns if name != CAPTURE or CAPTURE in header.columns]
    label = _best(names, LABEL_NAMES, lambda name: _is_label(headers, table, name))
    donor = _best(names, _DONOR_NAMES, lambda name: name != label and len(_persons(table, name)) > 1)
    capture = _best(names, _CAPTURE_NAMES, lambda name: name not in (label, donor) and len(table.levels(name)) > 1)
    if header.matrix is None:
        found.add("layer", FILL_IN, "no matrix holds whole numbers; raw counts are needed")
    elif header.matrix != "X":
        layer = header.matrix.removeprefix("layers/").replace("raw/X", "raw")
        found.add("layer", layer, f"{header.matrix} holds whole numbers, and is called like counts or comes first")
    _guess_donor(found, table, donor)
    if capture is not None:
        why = f"{quoted(capture)} is called so ({counted(len(table.levels(capture)), 'level')})"
        is_plain = bare(capture) in _CAPTURE_NAMES[:_UNSURE_CAPTURE]
        unsure = "" if is_plain else "; CHECK that cells of a level were loaded and sequenced together"
        found.add("capture_column", capture, why + unsure)
    else:
        found.add(
            "capture_column", None, "no column is called like a capture; CHECK that all cells were loaded together"
        )
    _guess_label(found, table, label)
    spikes = [gene for each in headers for gene in each.matching("^ERCC-")]
    if spikes:
        found.add(
            "spike_ins", {"pattern": "^ERCC-"}, f"{counted(len(set(spikes)), 'gene')} are called so, e.g. {spikes[0]}"
        )
    _guess_mito(found, headers)
    doublets = _best(names, _DOUBLET_NAMES, lambda name: 1 < len(table.levels(name)) <= 3)
    if doublets is not None:
        levels = listed(table.levels(doublets), quote=False)
        found.add("doublets", {"column": doublets}, f"{quoted(doublets)} tells doublets ({levels}); CHECK by what")
    return found


def _best(names: Sequence[str], words: Sequence[str], fits: Callable[[str], bool]) -> str | None:
    """Return the column that is called most plainly so, among those that fit."""
    ranked = [(words.index(bare(name)), name) for name in names if bare(name) in words and fits(name)]
    return min(ranked)[1] if ranked else None


def _persons(table: CellTable, name: str) -> list[str]:
    return [level for level in table.levels(name) if not is_no_person(level)]


def _is_label(headers: Sequence[Header], table: CellTable, name: str) -> bool:
    levels = [level for level in table.levels(name) if not no_label(level)]
    is_number = any(header.columns[name].is_number for header in headers if name in header.columns)
    return len(levels) > 1 and not is_number and not all(re.fullmatch(r"\d+", level) for level in levels)


def _guess_donor(found: CellGuesses, table: CellTable, donor: str | None) -> None:
    if donor is None:
        why = "no column is called like a donor; without donors nothing can be tested (donors: unknown)"
        found.add("donor_column", FILL_IN, why)
        return
    persons = _persons(table, donor)
    nobody = [level for level in table.levels(donor) if is_no_person(level)]
    why = f"{quoted(donor)} is called so, and has {counted(len(persons), 'donor')}: {listed(persons, 4, quote=False)}"
    if nobody:
        why += f"; cells of {listed(nobody)} are of no person"
    if _DONOR_NAMES.index(bare(donor)) >= _UNSURE_DONOR:
        why += "; CHECK that these are persons or animals, and not libraries"
    found.add("donor_column", donor, why)
    twice = _twice(table, donor)
    if twice:
        column, level, origin = twice
        why = f"donor {level} has several values of {quoted(column)}, so that ids are used for several persons"
        found.add("donor_prefix", origin or FILL_IN, why)


def _twice(table: CellTable, donor: str) -> tuple[str, str, str | None] | None:
    """Return a column of which a donor has several values, the donor, and the column that tells them apart."""
    own = [name for name in table.columns if has_word(name, DONOR_LEVEL) and name != donor]
    for name in own:
        values: dict[str, set[str]] = {}
        for (person, value), _ in table.counts(donor, name).items():
            if value and not is_no_person(person):
                values.setdefault(person, set()).add(value)
        person = next((person for person, several in values.items() if len(several) > 1), None)
        if person is not None:
            others = [other for other in own if other != name and _tells(table, donor, other, name)]
            return name, person, others[0] if others else None
    return None


def _tells(table: CellTable, donor: str, origin: str, name: str) -> bool:
    seen: dict[tuple[str, str], set[str]] = {}
    for (person, place, value), _ in table.counts(donor, origin, name).items():
        seen.setdefault((person, place), set()).add(value)
    return all(len(values) == 1 for values in seen.values())


def _guess_label(found: CellGuesses, table: CellTable, label: str | None) -> None:
    if label is None:
        clusters = [name for name in table.columns if has_word(name, CLUSTERS)]
        why = "no column holds names of cell types"
        why += f" ({listed(clusters)} {verb(len(clusters), 'holds', 'hold')} clusters)" if clusters else ""
        found.add("label_column", None, f"{why}; name markers or a reference under label, and the types to test")
        found.add("types", [], "fill in, after a look at what target <name>_cells makes")
        return
    types = [level for level in table.levels(label) if not no_label(level)]
    why = f"{quoted(label)} is called so, and has {counted(len(types), 'type')}: {listed(types, 6, quote=False)}"
    found.add("label_column", label, why)
    clashes = list(slug_findings(types))
    if clashes:
        found.add("types", types, f"{clashes[0].what} Rename one in the labels, or take it off the list")
    else:
        found.add("types", "all", "all types of the label, each with its own tables")


def _guess_mito(found: CellGuesses, headers: Sequence[Header]) -> None:
    for pattern in ("^MT-", "^mt-", "^Mt-"):
        genes = [name for name in headers[0].names if re.match(pattern, name)]
        if genes:
            if pattern != "^MT-":
                why = f"{counted(len(genes), 'gene')} begin so ({listed(genes, 3, quote=False)})"
                found.add("quality", {"mito": pattern}, why)
            return
    why = f"no gene is called like a mitochondrial one (the first are {listed(headers[0].names[:3], quote=False)})"
    found.add("quality", {"mito": None}, why)
