"""A first configuration of a single-cell analysis, guessed from a file of cells.

Donors, condition, captures and labels are told by the names and the levels of the columns, and by which of them varies
within which. Every guess is written into the file as a comment with its reason.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from degsteps.basics.errors import DataError
from degsteps.basics.words import bare
from degsteps.inputs.cells.cell_file import Header
from degsteps.inputs.cells.donor_names import is_no_person
from degsteps.inputs.cells.inspection import CAPTURE, CellTable, cell_table, read_header
from degsteps.inputs.cells.known_cells import CLUSTERS, has_word
from degsteps.inputs.cells.pseudobulks import CELL_TYPE, DONOR, pseudobulks
from degsteps.inputs.cells.sources import CellSource
from degsteps.onboarding.cell_guesses import LABEL_NAMES, CellGuesses, guess_cells
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

#: Words of columns that describe cells, whatever their levels.
_OF_CELLS = ("phase", "cycle", "doublet", "multiplets", "qc", "score", "barcode", "umap", "pca")
_MOST_LEVELS = 200
_FORMATS = (".h5ad", ".h5mu", ".h5", ".mtx", ".mtx.gz")


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


def _n_levels(headers: Sequence[Header], name: str) -> int:
    return max((header.columns[name].n_levels for header in headers if name in header.columns), default=0)


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
        if name not in beside and not has_word(name, (*CLUSTERS, *_OF_CELLS)) and bare(name) not in LABEL_NAMES
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
