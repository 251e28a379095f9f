"""What the cells of an analysis make before anything is known of their quality: kinds of cells, and the sums of these.

Standard library only: the Snakefile imports this module. Labels that are computed in the run are not known here; every
type that is asked for is then taken to have all cells.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from degsteps.basics.errors import Finding
from degsteps.inputs.cells.cell_file import Header
from degsteps.inputs.cells.donors import is_no_person, join_donors, read_donors
from degsteps.inputs.cells.inspection import CAPTURE, CellTable, cell_table, read_header
from degsteps.inputs.cells.opening import CellsError
from degsteps.inputs.cells.pseudobulks import CELL_TYPE, DONOR, OWN_COLUMNS, Pseudobulks, no_label, pseudobulks
from degsteps.inputs.cells.sources import CellSource, cell_sources
from degsteps.inputs.scan import CACHE


@dataclass(frozen=True)
class CellStudy:
    """Cells of an analysis by what the configuration names.

    Attributes
    ----------
    sources, headers : the given files.
    table : cells by ``capture``, ``donor``, ``cell_type`` (blank where labels are computed) and the columns that the
        analysis names; None if a file cannot be read or lacks the columns of donors or labels.
    donor_findings : about the table of donors.
    """

    sources: Sequence[CellSource]
    headers: Sequence[Header]
    table: CellTable | None = None
    donor_findings: Sequence[Finding] = field(default=())

    @property
    def columns(self) -> list[str]:
        """Columns that describe cells in any file."""
        return list(dict.fromkeys(name for header in self.headers for name in header.columns))

    @property
    def n_values(self) -> int:
        """Stored counts of all files."""
        return sum(header.n_values for header in self.headers)

    @property
    def n_cells(self) -> int:
        """Cells of all files."""
        return sum(header.n_cells for header in self.headers)

    @property
    def n_genes(self) -> int:
        """Genes of the file that has most."""
        return max((header.n_genes for header in self.headers), default=0)

    def labels(self) -> list[str]:
        """Return the given cell types, those that say that there is none left out."""
        return [label for label in self.table.levels(CELL_TYPE) if not no_label(label)] if self.table else []


def design_columns(analysis: Mapping[str, Any]) -> list[str]:
    """Return the columns of cells that an analysis names, without those that the made sheet of samples adds."""
    design, qc = analysis["design"], analysis["qc"]
    named = [*design["factors"], *design["covariates"], *analysis["batch"]["columns"], *(qc["color_by"] or [])]
    named += [qc["sex_column"], qc["subject_column"], (design["repeated"] or {}).get("subject")]
    named += [column for sample_set in design["sample_sets"].values() for column in sample_set["keep"]]
    return [name for name in dict.fromkeys(named) if name and name not in OWN_COLUMNS]


def cell_study(cells: Mapping[str, Any], columns: Iterable[str], cache: Path | None = CACHE) -> CellStudy:
    """Look at the files of a section ``cells``; never raises for what it finds.

    Parameters
    ----------
    cells : the section, with defaults filled in.
    columns : of the cells, or of the table of donors, that the analysis names.
    """
    sources = cell_sources(cells)
    headers = [read_header(source, cache) for source in sources]
    study = CellStudy(sources, headers)
    donor, label = cells["donor_column"], cells["label_column"]
    needed = [name for name in (donor, label, cells["capture_column"]) if name]
    if any(header.faults for header in headers) or not all(name in study.columns for name in needed):
        return study
    table, findings = None, []
    if cells["donors"] not in (None, "unknown") and donor:
        table, findings = read_donors(cells["donors"], donor)
    in_table = [name for name in table.columns if name in study.columns] if table else []
    names = [*needed, *(name for name in columns if name in study.columns), *in_table]
    names += [cells["donor_prefix"]] if cells["donor_prefix"] in study.columns else []
    try:
        found = cell_table(sources, names, cells["capture_column"], cache)
    except CellsError as fault:
        return CellStudy(sources, headers, None, [fault.finding])
    kinds = found.dicts()
    joined = join_donors(kinds, donor, table, cells["donor_prefix"]) if donor else None
    values: dict[str, Sequence[str]] = {DONOR: joined.donors if joined else [""] * len(kinds)}
    values |= joined.columns if joined else {}
    values[CELL_TYPE] = [kind[label] if label else "" for kind in kinds]
    return CellStudy(sources, headers, found.with_columns(values), [*findings, *(joined.findings if joined else ())])


def prospective_sums(
    study: CellStudy, design_columns: Sequence[str], types: Sequence[str] | None, has_labels: bool
) -> Pseudobulks:
    """Return the sums that the cells would make if all of them were kept.

    Parameters
    ----------
    study : whose table is known.
    design_columns : of the design.
    types : cell types that are asked for; all that occur if None.
    has_labels : whether cell types are given. Otherwise each type that is asked for gets every cell.
    """
    kinds, sizes = study.table.dicts(), [number for _, number in study.table.rows]
    if not has_labels:
        asked = types or ["all"]
        kinds = [kind | {CELL_TYPE: name} for name in asked for kind in kinds]
        sizes = sizes * len(asked)
    design = [name for name in design_columns if name in study.table.columns and name not in (CAPTURE, DONOR)]
    return pseudobulks(kinds, sizes, design, types)


def types_with_donors(sums: Pseudobulks, min_cells: int, factor: str | None, min_donors: int = 2) -> list[str]:
    """Return the cell types that have enough donors with enough cells in every group of a factor.

    Parameters
    ----------
    factor : column whose levels are compared; None asks for enough donors in all.
    """
    columns = sums.columns
    groups = columns.get(factor or "", [""] * len(sums.samples))
    donors: dict[str, dict[str, set[str]]] = {}
    for cell_type, group, donor, number in zip(columns[CELL_TYPE], groups, columns[DONOR], sums.n_cells, strict=True):
        of_group = donors.setdefault(cell_type, {}).setdefault(group, set())
        if number >= min_cells and not is_no_person(donor):
            of_group.add(donor)
    levels = set(groups)
    return [
        name for name, of_type in donors.items() if all(len(of_type.get(level, ())) >= min_donors for level in levels)
    ]
