"""What the cells of an analysis make before anything is known of their quality: kinds of cells, and the sums of these.

No heavy package at the top: the Snakefile imports this module. Labels that are computed in the run are not known here;
every type that is asked for is then taken to have all cells.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from degsteps.basics.errors import DataError
from degsteps.inputs.cells.cell_file import Header
from degsteps.inputs.cells.donor_names import is_no_person
from degsteps.inputs.cells.inspection import CAPTURE, read_header
from degsteps.inputs.cells.known_cells import KnownCells, known_cells
from degsteps.inputs.cells.pseudobulks import CELL_TYPE, DONOR, OWN_COLUMNS, Pseudobulks, no_label, pseudobulks
from degsteps.inputs.cells.sources import CellSource, cell_sources
from degsteps.inputs.scan import CACHE

#: Donors with enough cells that each group needs for a type to be tested.
LEAST_DONORS = 2


@dataclass(frozen=True)
class CellStudy:
    """Cells of an analysis by what the configuration names.

    Attributes
    ----------
    sources, headers : the given files.
    known : how many cells there are of each kind; None if a file cannot be read.
    fault : why it is not known, where the headers do not say.
    """

    sources: Sequence[CellSource]
    headers: Sequence[Header]
    known: KnownCells | None = None
    fault: str = ""

    @property
    def n_values(self) -> int:
        """Stored counts of all files."""
        return sum(header.n_values for header in self.headers)

    @property
    def n_genes(self) -> int:
        """Genes of the file that has most."""
        return max((header.n_genes for header in self.headers), default=0)

    @property
    def captures(self) -> list[str]:
        """Names of the captures."""
        return self.known.table.levels(CAPTURE) if self.known else [source.capture for source in self.sources]

    def labels(self) -> list[str]:
        """Return the given cell types, those that say that there is none left out."""
        if self.known is None or CELL_TYPE not in self.known.table.columns:
            return []
        return [label for label in self.known.table.levels(CELL_TYPE) if not no_label(label)]


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
    if any(header.faults for header in headers):
        return CellStudy(sources, headers)
    try:
        return CellStudy(sources, headers, known_cells(cells, headers, list(columns), cache))
    except DataError as error:
        return CellStudy(sources, headers, None, str(error))


def prospective_sums(study: CellStudy, columns: Sequence[str], types: Sequence[str] | None) -> Pseudobulks:
    """Return the sums that the cells would make if all of them were kept.

    Parameters
    ----------
    study : whose cells are known.
    columns : of the design.
    types : cell types that are asked for; all that occur if None. Where no labels are given, each gets every cell.
    """
    table = study.known.table
    kinds, sizes = table.dicts(), [number for _, number in table.rows]
    if CELL_TYPE not in table.columns:
        asked = types or ["cells"]
        kinds = [kind | {CELL_TYPE: name} for name in asked for kind in kinds]
        sizes = sizes * len(asked)
    design = [name for name in columns if name in table.columns and name not in (CAPTURE, DONOR)]
    return pseudobulks(kinds, sizes, design, types)


def donors_by_group(
    sums: Pseudobulks, min_cells: int, factors: Iterable[str]
) -> dict[str, dict[tuple[str, str], set[str]]]:
    """Return, by cell type and by factor and level, the donors that have enough cells.

    Parameters
    ----------
    factors : columns whose levels are compared; one that the sums lack has the level ``""``, of all donors.
    """
    columns, found = sums.columns, {}
    for row, (cell_type, donor) in enumerate(zip(columns[CELL_TYPE], columns[DONOR], strict=True)):
        own = found.setdefault(cell_type, {})
        if sums.n_cells[row] >= min_cells and not is_no_person(donor):
            for factor in factors:
                level = columns[factor][row] if factor in columns else ""
                own.setdefault((factor, level), set()).add(donor)
    return found


def lacks_donors(of_type: Mapping[tuple[str, str], set[str]], groups: Iterable[tuple[str, str]]) -> bool:
    """Whether a cell type has fewer donors than a test needs in one of some groups, of :func:`donors_by_group`."""
    return any(len(of_type.get(group, ())) < LEAST_DONORS for group in groups)


def types_with_donors(sums: Pseudobulks, min_cells: int, factor: str | None) -> list[str]:
    """Return the cell types that have enough donors with enough cells in every group of a factor.

    Parameters
    ----------
    factor : column whose levels are compared; None asks for enough donors in all.
    """
    name = factor or ""
    groups = [(name, level) for level in dict.fromkeys(sums.columns.get(name, [""]))]
    donors = donors_by_group(sums, min_cells, [name])
    return [cell_type for cell_type, own in donors.items() if not lacks_donors(own, groups)]
