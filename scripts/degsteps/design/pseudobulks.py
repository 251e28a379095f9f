"""Which samples sums of cells make: one per donor, condition and cell type.

Standard library only: the Snakefile imports this module, and the checks before a run ask it for the sheet of samples
that the cells of a file would make; the step that sums them asks it for the one that they make.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from degsteps.design.cell_types import COLUMN, type_slug
from degsteps.design.formula import parse_formula

#: Columns that the made sheet of samples has beside those of the cells.
SAMPLE, N_CELLS = "sample", "n_cells"


class Pseudobulk(NamedTuple):
    """One sample that is a sum of cells.

    Attributes
    ----------
    name : donor, what varies within donors, and the cell type, as they can stand in paths.
    values : by column; blank where cells of the sample do not agree.
    n_cells : cells that are summed.
    """

    name: str
    values: dict[str, str]
    n_cells: int


def design_columns(analysis: Mapping[str, Any]) -> list[str]:
    """Return the columns of cells that an analysis names, without those that the made sheet of samples adds."""
    design, qc = analysis["design"], analysis["qc"]
    named = [*parse_formula(design["formula"]).columns, *design["factors"], *design["covariates"]]
    named += [*analysis["batch"]["columns"], *(qc["color_by"] or []), qc["sex_column"], qc["subject_column"]]
    named += [(design["repeated"] or {}).get("subject")]
    for sample_set in design["sample_sets"].values():
        named += sample_set["keep"]
    for contrast in analysis["test"]["contrasts"].values():
        named += [contrast.get("factor"), contrast.get("covariate")]
    made = {SAMPLE, COLUMN, N_CELLS, None}
    return [name for name in dict.fromkeys(named) if name not in made]


def varying_columns(
    groups: Iterable[Sequence[str]], columns: Sequence[str], donor: str, candidates: Iterable[str]
) -> list[str]:
    """Return the candidates that have several values within a donor: cells of different ones are different samples.

    Parameters
    ----------
    groups : combinations of values that occur, in the order of ``columns``.
    donor : the column of donors.
    """
    at = {name: place for place, name in enumerate(columns)}
    varying = []
    for name in candidates:
        if name in (donor, COLUMN) or name not in at:
            continue
        values: dict[str, str] = {}
        if any(values.setdefault(group[at[donor]], group[at[name]]) != group[at[name]] for group in groups):
            varying.append(name)
    return varying


def pseudobulks(
    groups: Mapping[Sequence[str], int], columns: Sequence[str], donor: str, candidates: Sequence[str]
) -> tuple[list[Pseudobulk], list[str], dict[tuple[str, ...], int]]:
    """Return the samples that groups of cells make.

    Parameters
    ----------
    groups : number of cells by combination of values, in the order of ``columns``, which has the donor, the cell type
        (:data:`degsteps.design.cell_types.COLUMN`) and what else describes cells.
    donor : the column of donors.
    candidates : columns of the design: where one varies within a donor, its values make different samples.

    Returns
    -------
    samples : in the order of donors, varying columns and cell types as text.
    varying : the candidates that vary within donors.
    sample_of : position of the sample by group.
    """
    at = {name: place for place, name in enumerate(columns)}
    varying = varying_columns(list(groups), columns, donor, candidates)
    key_columns = [donor, *varying, COLUMN]
    members: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for group in groups:
        members.setdefault(tuple(group[at[name]] for name in key_columns), []).append(tuple(group))
    names = _names(sorted(members))
    samples, sample_of = [], {}
    for position, key in enumerate(sorted(members)):
        values = {}
        for name, place in at.items():
            present = {group[place] for group in members[key]}
            values[name] = present.pop() if len(present) == 1 else ""
        samples.append(Pseudobulk(names[key], values, sum(groups[group] for group in members[key])))
        sample_of |= dict.fromkeys(members[key], position)
    return samples, varying, sample_of


def _names(keys: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Return a name for each sample; names that two would share are numbered."""
    names: dict[tuple[str, ...], str] = {}
    taken: dict[str, int] = {}
    for key in keys:
        name = "_".join(type_slug(part) for part in key)
        number = taken[name.casefold()] = taken.get(name.casefold(), 0) + 1
        names[key] = name if number == 1 else f"{name}_{number}"
    return names
