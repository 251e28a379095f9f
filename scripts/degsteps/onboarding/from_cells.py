"""A first configuration of a single-cell analysis, guessed from a file of cells.

Donors, condition, captures and labels are told by the names and the levels of the columns, and by which of them varies
within which. Every guess is written into the file as a comment with its reason.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from degsteps.basics.errors import DataError
from degsteps.basics.words import bare, counted, listed, quoted, verb
from degsteps.inputs.cells.cell_file import Header
from degsteps.inputs.cells.donors import is_no_person
from degsteps.inputs.cells.inspection import CAPTURE, CellTable, cell_table, read_header
from degsteps.inputs.cells.known_cells import CLUSTERS, DONOR_LEVEL, has_word
from degsteps.inputs.cells.pseudobulks import CELL_TYPE, DONOR, no_label, pseudobulks
from degsteps.inputs.cells.sources import CellSource
from degsteps.inputs.cells.type_names import slug_findings
from degsteps.onboarding.design_guess import guess_design, guess_gene_table, likeness
from degsteps.onboarding.draft import (
    FILL_IN,
    Draft,
    annotation_lines,
    contrast_lines,
    design_lines,
    file_name,
    head_lines,
    name_from,
    scalar,
    shown_path,
)

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
_LABEL_NAMES = (
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
#: Words of columns that describe cells, whatever their levels.
_OF_CELLS = ("phase", "cycle", "doublet", "multiplets", "qc", "score", "barcode", "umap", "pca")
_MOST_LEVELS = 200
_FORMATS = (".h5ad", ".h5mu", ".h5", ".mtx", ".mtx.gz")


@dataclass
class CellGuesses:
    """What is guessed of the section ``cells``: values by key, and why by the same keys."""

    values: dict[str, object] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    def add(self, key: str, value: object, why: str) -> None:
        """Take over a guess."""
        self.values[key], self.why[key] = value, why


@dataclass
class CellDraft:
    """A guessed analysis of single cells: its design as of other analyses, and the section ``cells``."""

    draft: Draft
    cells: CellGuesses

    @property
    def name(self) -> str:
        """Name of the analysis."""
        return self.draft.name

    @property
    def remarks(self) -> dict[str, str]:
        """All that was guessed, and why."""
        return self.cells.why | self.draft.remarks


def draft_cells(path: Path | str, name: str | None = None, donors: Path | str | None = None) -> CellDraft:
    """Guess an analysis from a file of cells, or from a folder with a file or folder for each capture.

    Raises
    ------
    DataError
        if a file cannot be read, with what is wrong.
    """
    sources = capture_sources(path)
    headers = [read_header(source, cache=None) for source in sources]
    faults = [f"{header.path}: {fault}" for header in headers for fault in header.faults]
    if faults:
        raise DataError("\n".join(faults))
    columns = dict.fromkeys(name for header in headers for name in header.columns)
    few = [name for name in columns if _n_levels(headers, name) <= _MOST_LEVELS]
    table = cell_table(sources, few, CAPTURE if CAPTURE in columns else None, None)
    draft = Draft(file_name(name) if name else name_from(path, path), shown_path(path), "", "", [], None, [], {}, None)
    cells = guess_cells(headers, table)
    if len(sources) > 1 or sources[0].capture:
        captures = {source.capture: shown_path(source.counts) for source in sources}
        cells.values = {"captures": captures} | cells.values
        cells.why = {"captures": f"each of the {len(captures)} files in {draft.counts} is a capture"} | cells.why
        cells.values.pop("capture_column", None)
        cells.why.pop("capture_column", None)
    else:
        cells.values = {"counts": draft.counts} | cells.values
    if donors is not None:
        cells.add("donors", shown_path(donors), "as given")
    guess_sums(draft, cells, table)
    guess_gene_table(draft, headers[0].genes[:200])
    return CellDraft(draft, cells)


def capture_sources(path: Path | str) -> list[CellSource]:
    """Return the one source of a file, or the captures of a folder: its files, or folders with a matrix each."""
    if not os.path.isdir(path) or _has_matrix(str(path)):
        return [CellSource("", str(path))]
    entries = {entry: os.path.join(path, entry) for entry in sorted(os.listdir(path))}
    captures = {}
    for entry, own in entries.items():
        folders = [
            os.path.join(own, each) for each in ("", "filtered_feature_bc_matrix", "outs/filtered_feature_bc_matrix")
        ]
        inner = next((folder for folder in folders if os.path.isdir(folder) and _has_matrix(folder)), None)
        if inner is not None:
            captures[entry] = inner.rstrip("/")
        elif os.path.isfile(own) and own.endswith((".h5", ".h5ad")):
            captures[re.sub(r"(?:[._-]filtered_feature_bc_matrix)?\.h5(?:ad)?$", "", entry)] = own
    if not captures:
        raise DataError(
            f"{path}: holds no files of cells ({', '.join(_FORMATS)}), and no folder with a matrix.mtx. Name a file, "
            "or a folder with one of these for each capture."
        )
    return [CellSource(name, own) for name, own in captures.items()]


def _has_matrix(folder: str) -> bool:
    return any(name.endswith((".mtx", ".mtx.gz")) for name in os.listdir(folder))


def guess_cells(headers: Sequence[Header], table: CellTable) -> CellGuesses:
    """Guess the section ``cells`` from what is known of the files.

    Parameters
    ----------
    headers : of all sources.
    table : cells by the values of all columns that may be groups.
    """
    found, header = CellGuesses(), headers[0]
    names = [name for name in table.columns if name != CAPTURE or CAPTURE in header.columns]
    label = _best(names, _LABEL_NAMES, lambda name: _is_label(headers, table, name))
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


def _n_levels(headers: Sequence[Header], name: str) -> int:
    return max((header.columns[name].n_levels for header in headers if name in header.columns), default=0)


def _best(names: Sequence[str], words: Sequence[str], fits) -> str | None:
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


def guess_sums(draft: Draft, cells: CellGuesses, table: CellTable) -> None:
    """Guess the design from the sums that there would be, as from a sheet of samples."""
    donor, label = cells.values["donor_column"], cells.values["label_column"]
    if donor == FILL_IN:
        draft.remarks["formula"] = "without donors no design can be guessed"
        return
    beside = {donor, label, CAPTURE, cells.values.get("capture_column"), cells.values.get("donor_prefix")}
    names = [
        name
        for name in table.columns
        if name not in beside and not has_word(name, (*CLUSTERS, *_OF_CELLS)) and bare(name) not in _LABEL_NAMES
    ]
    within = [name for name in names if not _is_constant(table, donor, name)]
    asked = [name for name in within if likeness(name, table.levels(name)) > 0]
    kinds = [
        {
            **{name: kind[name] for name in (*asked, *(n for n in names if n not in within))},
            DONOR: kind[donor],
            CELL_TYPE: "all",
        }
        for kind in table.dicts()
    ]
    sums = pseudobulks(kinds, [number for _, number in table.rows], [name for name in kinds[0] if name != CELL_TYPE])
    columns = {name: values for name, values in sums.columns.items() if name not in (CELL_TYPE, "n_cells")}
    guess_design(draft, columns)
    for name in within:
        if name not in asked:
            draft.others[name] = "varies within donors, and is not called like a condition"
    draft.others.pop(DONOR, None)


def _is_constant(table: CellTable, donor: str, name: str) -> bool:
    values: dict[str, str] = {}
    pairs = table.counts(donor, name)
    return all(values.setdefault(person, value) == value for person, value in pairs if not is_no_person(person))


def as_yaml(found: CellDraft) -> str:
    """Return the text of ``config/analyses/<name>.yaml``."""
    draft, remarks = found.draft, found.draft.remarks
    lines = [*head_lines(draft), *cells_lines(found.cells), "", "design:", *design_lines(draft)]
    if [name for name in draft.blocks if name != DONOR]:
        columns = ", ".join(scalar(name) for name in draft.blocks if name != DONOR)
        lines += ["", "batch:", f"  # Guess: {remarks['blocks']}.", f"  columns: [{columns}]"]
    lines += ["", "test:", "  contrasts:", *contrast_lines(draft, ", sample_sets: each_cell_type")]
    return "\n".join([*lines, "", *annotation_lines(draft)]) + "\n"


def cells_lines(found: CellGuesses) -> list[str]:
    """Return the section ``cells``, each guess with its reason above it."""
    lines = ["cells:"]
    for key, value in found.values.items():
        if key in found.why:
            lines.append(f"  # Guess: {found.why[key].rstrip('.')}.")
        if key == "captures":
            lines.append("  captures:")
            lines += [f"    {scalar(name)}: {{counts: {scalar(path)}}}" for name, path in value.items()]
        else:
            lines.append(f"  {key}: {_value(value)}")
    return lines


def _value(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key}: {_value(each)}" for key, each in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return scalar(value) if isinstance(value, str) else json.dumps(value)
