"""Whose cells these are: the table of donors, ids that sites use again, and donors that are no persons.

Standard library only: the Snakefile imports this module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import counted, listed, quoted, verb
from degsteps.inputs.cells.donor_names import is_no_person
from degsteps.inputs.sheet import read_columns


@dataclass(frozen=True)
class Donors:
    """A table of donors.

    Attributes
    ----------
    path : the file.
    column : that holds the donors.
    columns : all of them, values as trimmed text.
    """

    path: str
    column: str
    columns: Mapping[str, Sequence[str]]


@dataclass
class Joined:
    """What the table of donors says of some kinds of cells.

    Attributes
    ----------
    donors : by kind of cells, with the prefix.
    columns : of the table beyond the keys, by kind of cells; blank where the table has no row.
    keys : columns by which rows were found.
    findings : about the table; places are columns of it.
    """

    donors: list[str]
    columns: dict[str, list[str]] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)


def read_donors(path: str, donor_column: str) -> tuple[Donors | None, list[Finding]]:
    """Read a table of donors; one row for each donor, or for each donor and condition.

    Parameters
    ----------
    donor_column : as the cells call it; the table may call it ``donor`` too.
    """
    try:
        columns = read_columns(path)
    except DataError as error:
        what, _, cure = str(error).removeprefix(f"{path}: ").partition(". ")
        return None, [Finding("", f"{what}.", cure)]
    column = next((name for name in (donor_column, "donor") if name in columns), None)
    if column is None:
        what = f"has no column {quoted(donor_column)}: its columns are {listed(columns)}."
        return None, [Finding("header", what, "Call the column of donors as the cells do (cells.donor_column).")]
    return Donors(path, column, columns), []


def join_donors(
    kinds: Sequence[Mapping[str, str]], donor_column: str, donors: Donors | None = None, prefix: str | None = None
) -> Joined:
    """Find the rows of a table of donors for kinds of cells.

    Where a donor has several rows, the columns that cells and table share tell them apart.

    Parameters
    ----------
    kinds : values by column; each kind of cells once, or oftener.
    donor_column : column of the donors among them.
    donors : the table; None if there is none.
    prefix : column, of the cells or of the table, that goes before the donors' ids, as sites use the same ones.
    """
    raw = [kind.get(donor_column, "") for kind in kinds]
    if donors is None:
        return Joined([_prefixed(donor, kind.get(prefix or "", "")) for donor, kind in zip(raw, kinds, strict=True)])
    table = donors.columns
    known = set().union(*kinds) if kinds else set()
    shared = [name for name in table if name != donors.column and name in known and name != donor_column]
    ids = [_prefixed(donor, kind.get(prefix or "", "")) for donor, kind in zip(raw, kinds, strict=True)]
    # A table may hold ids with their prefix already.
    own = table[donors.column]
    looked_up = ids if prefix and not {*raw} & {*own} and {*ids} & {*own} else raw
    is_unique = len(set(own)) == len(own)
    keys = (donors.column,) if is_unique else (donors.column, *shared)
    rows: dict[tuple[str, ...], int] = {}
    found, twice = Joined(ids, keys=keys), []
    for row, key in enumerate(zip(*(table[name] for name in keys), strict=True)):
        if rows.setdefault(key, row) != row:
            twice.append(key)
    if twice:
        by = " and ".join(f"{name} {value}" for name, value in zip(keys, twice[0], strict=True))
        what = f"has {counted(len(twice), 'row')} too many for the same donor: {by} stands there again."
        cure = (
            "Keep one row for each donor, or name a column of the cells (such as the condition) that tells them apart."
        )
        found.findings.append(Finding(donors.column, what, cure))
    lookup = [
        rows.get((donor, *(kind.get(name, "") for name in keys[1:])))
        for donor, kind in zip(looked_up, kinds, strict=True)
    ]
    lacking = {donor for donor, row in zip(looked_up, lookup, strict=True) if row is None and not is_no_person(donor)}
    if lacking:
        number = len(lacking)
        what = f"has no row for {counted(number, 'donor')} of the cells: {listed(sorted(lacking))}"
        cure = "Add their rows, or write the ids as the cells do."
        if {*looked_up} & {*own}:
            found.findings.append(Finding(donors.column, f"{what}.", cure))
        else:
            what = f"{what}; it has {listed(own, 3)}."
            found.findings.append(Finding(donors.column, what, cure))
    unused = [name for name in dict.fromkeys(own) if name not in set(looked_up)]
    if unused and not lacking:
        what = f"{listed(unused)} {verb(len(unused), 'has', 'have')} no cells."
        found.findings.append(Finding(donors.column, what, "Nothing to do, unless the id is misspelt.", "note"))
    for name in shared:
        if name not in keys:
            wrong = [
                (donor, table[name][row], kind[name])
                for donor, row, kind in zip(looked_up, lookup, kinds, strict=True)
                if row is not None and kind.get(name) and table[name][row] and kind[name] != table[name][row]
            ]
            if wrong:
                donor, in_table, in_cells = wrong[0]
                what = f"says {quoted(in_table)} of donor {quoted(donor)}, and the cells say {quoted(in_cells)}."
                found.findings.append(Finding(name, what, "Correct one of them, or leave the column out of the table."))
    for name in table:
        if name not in (*keys, *shared, donors.column):
            found.columns[name] = [table[name][row] if row is not None else "" for row in lookup]
    if prefix and prefix in found.columns:
        found.donors = [_prefixed(donor, before) for donor, before in zip(raw, found.columns[prefix], strict=True)]
    return found


def _prefixed(donor: str, prefix: str) -> str:
    """Return a donor's id with its prefix; who is no person keeps the name that says so."""
    return f"{prefix}_{donor}" if prefix and not is_no_person(donor) else donor
