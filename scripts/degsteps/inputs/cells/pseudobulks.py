"""Which sums there are: one for each donor, each design column that varies within a donor, and each cell type.

Standard library only: the checks before a run know the same samples, by the same names, as the job that adds up cells.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from degsteps.basics.words import bare
from degsteps.inputs.cells.donor_names import is_no_person
from degsteps.inputs.cells.type_names import slug

#: Columns that the table of sums has by itself: one of the cells with such a name is called ``<name>_of_cells``.
OWN_COLUMNS = ("sample", "cell_type", "n_cells")
DONOR, CELL_TYPE, N_CELLS = "donor", "cell_type", "n_cells"


@dataclass(frozen=True)
class Pseudobulks:
    """The sums of an analysis.

    Attributes
    ----------
    samples : names, in order of cell type, donor and the columns that vary within donors.
    columns : ``donor``, the design's columns, ``cell_type``, ``n_cells`` and what else donors or their conditions have
        in common, as text by sample.
    kinds : for each kind of cells the position of its sum; -1 of cells that belong to none.
    reasons : for each kind of cells why it belongs to no sum; blank where it does.
    split_by : design columns that vary within a donor.
    """

    samples: tuple[str, ...]
    columns: dict[str, list[str]]
    kinds: tuple[int, ...]
    reasons: tuple[str, ...]
    split_by: tuple[str, ...]

    @property
    def n_cells(self) -> list[int]:
        """Cells of each sum."""
        return list(map(int, self.columns[N_CELLS]))


def no_label(label: str) -> bool:
    """Return whether a label says that a cell has none."""
    return bare(label) in ("", "na", "nan", "none", "null", "unassigned", "unknown", "unlabeled", "unlabelled")


def pseudobulks(
    kinds: Sequence[Mapping[str, str]],
    sizes: Sequence[int],
    design_columns: Sequence[str],
    types: Sequence[str] | None = None,
) -> Pseudobulks:
    """Tell the sums of kinds of cells.

    Parameters
    ----------
    kinds : values by column, of ``donor``, ``cell_type`` and whatever else is known; each combination once or oftener.
    sizes : cells of each kind.
    design_columns : columns of the design. Those that vary within a donor split its cells; of the others each donor
        must have one value, which all its sums get.
    types : cell types that are asked for; all that occur if None. Cells of others belong to no sum.
    """
    design = [name for name in dict.fromkeys(design_columns) if name not in (DONOR, *OWN_COLUMNS)]
    reasons = [_reason(kind, design, types) for kind in kinds]
    kept = [kind for kind, reason in zip(kinds, reasons, strict=True) if not reason]
    split_by = tuple(name for name in design if not _is_constant(kept, (DONOR,), name))
    key_columns = (CELL_TYPE, DONOR, *split_by)
    members: Counter[tuple[str, ...]] = Counter()
    for kind, size, reason in zip(kinds, sizes, reasons, strict=True):
        if not reason:
            members[tuple(kind[name] for name in key_columns)] += size
    keys = sorted(members)
    position = {key: number for number, key in enumerate(keys)}
    first = {}
    for kind in kept:
        first.setdefault(tuple(kind[name] for name in key_columns), kind)
    others = dict.fromkeys(name for kind in kept for name in kind)
    further = [
        name
        for name in others
        if name not in (*key_columns, *design, *OWN_COLUMNS) and _is_constant(kept, (DONOR, *split_by), name)
    ]
    columns = {DONOR: [key[1] for key in keys]}
    columns |= {name: [first[key].get(name, "") for key in keys] for name in design}
    columns |= {CELL_TYPE: [key[0] for key in keys], N_CELLS: [str(members[key]) for key in keys]}
    columns |= {name: [first[key].get(name, "") for key in keys] for name in further}
    return Pseudobulks(
        sample_names(keys),
        columns,
        tuple(
            -1 if reason else position[tuple(kind[name] for name in key_columns)]
            for kind, reason in zip(kinds, reasons, strict=True)
        ),
        tuple(reasons),
        split_by,
    )


def _reason(kind: Mapping[str, str], design: Sequence[str], types: Sequence[str] | None) -> str:
    """Say why cells of a kind belong to no sum; blank if they do."""
    if is_no_person(kind[DONOR]):
        return f"donor '{kind[DONOR]}' is no person"
    blank = next((name for name in design if not kind.get(name)), None)
    if blank is not None:
        return f"no {blank}"
    if no_label(kind[CELL_TYPE]):
        return f"label '{kind[CELL_TYPE]}' is no cell type"
    if types is not None and kind[CELL_TYPE] not in types:
        return f"cell type '{kind[CELL_TYPE]}' is not asked for"
    return ""


def _is_constant(kinds: Sequence[Mapping[str, str]], within: Sequence[str], name: str) -> bool:
    """Whether a column has one value in each combination of others."""
    value: dict[tuple[str, ...], str] = {}
    return all(
        value.setdefault(tuple(kind[key] for key in within), kind.get(name, "")) == kind.get(name, "") for kind in kinds
    )


def sample_names(keys: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return names of sums that can stand in paths: donor, what splits it, type, e.g. ``d1_ctrl_CD14_Monocytes``.

    Parameters
    ----------
    keys : cell type, donor and values of the columns that split donors, sorted. Two whose names would be the same
        but for case are told apart by a number at the end.
    """
    names: list[str] = []
    taken: set[str] = set()
    for cell_type, *parts in keys:
        name = plain = "_".join(map(slug, (*parts, cell_type)))
        number = 2
        while name.casefold() in taken:
            name, number = f"{plain}_{number}", number + 1
        taken.add(name.casefold())
        names.append(name)
    return tuple(names)
