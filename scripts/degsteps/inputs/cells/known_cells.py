"""All that is known of the cells of an analysis before any job: how many there are of each donor, condition and type.

No heavy package at the top: the Snakefile imports this module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from degsteps.basics.errors import Finding
from degsteps.basics.words import bare
from degsteps.inputs.cells.cell_file import Header
from degsteps.inputs.cells.donors import Donors, Joined, join_donors, read_donors
from degsteps.inputs.cells.inspection import CAPTURE, CellTable, cell_table
from degsteps.inputs.cells.pseudobulks import CELL_TYPE, DONOR, Pseudobulks, pseudobulks
from degsteps.inputs.cells.sources import cell_sources
from degsteps.inputs.scan import CACHE
from degsteps.inputs.sheet import Sheet

#: Words in names of columns of which each donor has one value.
DONOR_LEVEL = (
    "sex",
    "gender",
    "ethnicity",
    "ancestry",
    "race",
    "species",
    "strain",
    "birth",
    "site",
    "centre",
    "center",
)
#: Words in names of columns that say where donors come from, and so may go before their ids.
ORIGINS = ("site", "centre", "center", "hospital", "cohort", "study", "dataset", "project")
#: Words in names of columns of clusters.
CLUSTERS = ("leiden", "louvain", "cluster", "clusters", "seuratclusters")
#: Levels of a column beyond which it describes no donors.
_MOST_LEVELS = 200


@dataclass
class KnownCells:
    """Cells by what is known of them.

    Attributes
    ----------
    table : with ``capture``, ``donor`` (with its prefix), ``cell_type`` (where a label is given), columns of the
        design, of the table of donors, and others of the cells that may tell what is wrong.
    columns : all columns of the cells, of whichever file.
    donor_columns : those of the table of donors.
    donors : findings about the table of donors.
    """

    table: CellTable
    columns: list[str]
    donor_columns: list[str] = field(default_factory=list)
    donors: list[Finding] = field(default_factory=list)

    def sums(self, design_columns: Sequence[str], types: Sequence[str] | None = None) -> Pseudobulks:
        """Return the sums of all cells, before any is left out: the samples that the design is checked with."""
        kinds = [{CELL_TYPE: "cells", **kind} for kind in self.table.dicts()]
        return pseudobulks(kinds, [number for _, number in self.table.rows], design_columns, types)


def sheet_of(sums: Pseudobulks, path: str) -> Sheet:
    """Return the sums as the sheet of samples that the checks of a design read.

    Parameters
    ----------
    path : the file that messages name.
    """
    columns = {"sample": list(sums.samples)} | {name: list(values) for name, values in sums.columns.items()}
    return Sheet(path, "sample", columns, list(range(2, len(sums.samples) + 2)), "tab")


def has_word(name: str, words: Sequence[str]) -> bool:
    """Return whether a column is called so, whole or in part."""
    parts = {bare(part) for part in name.replace("-", "_").replace(".", "_").replace(" ", "_").split("_")}
    return bool(parts & set(words)) or bare(name) in words


def known_cells(
    cells: Mapping[str, Any],
    headers: Sequence[Header],
    design_columns: Sequence[str],
    cache: Path | None = CACHE,
    beside: Sequence[str] = (),
) -> KnownCells:
    """Count the cells of a section ``cells`` by all that the checks want to know.

    Parameters
    ----------
    cells : section of the analysis, defaults filled in.
    headers : of its sources, in their order, without faults.
    design_columns : columns of formula, batches and contrasts.
    beside : other columns that the configuration names, such as those by which figures are coloured.
    """
    columns = list(dict.fromkeys(name for header in headers for name in header.columns))
    columns += [name for source in cell_sources(cells) for name in source.columns if name not in columns]
    donor, label, prefix = cells["donor_column"], cells["label_column"], cells.get("donor_prefix")
    donors, findings = None, []
    if cells["donors"] not in (None, "unknown"):
        donors, findings = read_donors(cells["donors"], donor or DONOR)
    in_table = list(donors.columns) if donors else []
    telling = [name for name in columns if _may_tell(name, headers)]
    wanted = dict.fromkeys([donor, label, prefix, *design_columns, *beside, *in_table, *telling])
    names = [name for name in wanted if name and name in columns and name != CAPTURE]
    table = cell_table(cell_sources(cells), names, cells.get("capture_column"), cache)
    joined = _joined(table, donor, donors, prefix)
    added = {DONOR: joined.donors} | {name: values for name, values in joined.columns.items() if name not in columns}
    if label is not None and label in table.columns:
        place = table.columns.index(label)
        added[CELL_TYPE] = [values[place] for values, _ in table.rows]
    return KnownCells(table.with_columns(added), columns, list(joined.columns), [*findings, *joined.findings])


def _joined(table: CellTable, donor: str | None, donors: Donors | None, prefix: str | None) -> Joined:
    if donor is None or donor not in table.columns:
        return Joined(["not_known" if donor is None else ""] * len(table.rows))
    return join_donors(table.dicts(), donor, donors, prefix)


def _may_tell(name: str, headers: Sequence[Header]) -> bool:
    """Whether a column may tell what is wrong with donors: of one value for each, of origins, or of clusters."""
    sizes = [header.columns[name].n_levels for header in headers if name in header.columns]
    return max(sizes, default=0) <= _MOST_LEVELS and has_word(name, (*DONOR_LEVEL, *ORIGINS, *CLUSTERS))
