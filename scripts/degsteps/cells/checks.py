"""What can be refused of single cells before any job: donors that are none, labels, types, captures, spike-ins.

Pure functions of what was found in the files. What is wrong with a file as such: :mod:`degsteps.inputs.cells.verdict`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from degsteps.basics.errors import Finding
from degsteps.basics.words import counted, listed, quoted, suggestion, verb
from degsteps.inputs.cells.cell_file import Header
from degsteps.inputs.cells.donor_names import is_no_person
from degsteps.inputs.cells.inspection import CAPTURE, CellTable
from degsteps.inputs.cells.known_cells import CLUSTERS, DONOR_LEVEL, ORIGINS, KnownCells, has_word
from degsteps.inputs.cells.pseudobulks import CELL_TYPE, DONOR, no_label
from degsteps.inputs.cells.study import LEAST_DONORS, donors_by_group, lacks_donors
from degsteps.inputs.cells.type_names import slug_findings

#: Methods that need rows of spike-ins.
SPIKE_METHODS = ("spike_ins", "spike_in_model")
_ODD_LEVELS = frozenset({"na", "nan", "none", "null", "n/a", "<na>"})


@dataclass(frozen=True)
class Asked:
    """What the design and the contrasts ask of the cells.

    Attributes
    ----------
    columns : of formula, batches and contrasts.
    compared : levels that contrasts compare, by factor.
    numbers : covariates: their values are numbers, and no groups.
    """

    columns: Sequence[str]
    compared: Mapping[str, Sequence[str]]
    numbers: Sequence[str] = ()


def setting_findings(
    cells: Mapping[str, Any], headers: Sequence[Header], known: KnownCells | None, asked: Asked
) -> Iterator[Finding]:
    """What is wrong with the section ``cells``, given what the files hold.

    Parameters
    ----------
    known : None where the files cannot be read; their own findings say why.
    """
    donor, donors = cells["donor_column"], cells["donors"]
    if donor is None and donors != "unknown":
        what = "is null: without donors nothing can be tested, as cells are no replicates."
        cure = "Name the column, or write donors: unknown beside it, which gives exploratory tables only."
        yield Finding("cells.donor_column", what, cure)
    if donor is not None and donors == "unknown":
        yield Finding("cells.donors", "is unknown, and donor_column names one.", "Take one of the two out.")
    yield from _spike_findings(cells, headers)
    if known is None:
        return
    label = cells["label_column"]
    for key, name in (
        ("donor_column", donor),
        ("label_column", label),
        ("capture_column", cells.get("capture_column")),
        ("donor_prefix", cells.get("donor_prefix")),
    ):
        if name is not None and name not in known.columns and name not in known.donor_columns:
            what = f"the cells have no column {quoted(name)}."
            yield Finding(f"cells.{key}", what, suggestion(name, known.columns, "The columns are"))
    if donor in known.columns and (without := [header.path for header in headers if donor not in header.columns]):
        what = f"{listed(without, 3)} {verb(len(without), 'has', 'have')} no column {quoted(donor)}, which other "
        what += "captures have."
        cure = "Say of whom these cells are under cells.captures.<name>.columns, or give a table of them there."
        yield Finding("cells.donor_column", what, cure)
    for finding in known.donors:
        # What is said of the whole file names it.
        what = finding.what if finding.place else f"{donors}: {finding.what}"
        yield finding._replace(place=f"cells.donors: {finding.place}".rstrip(": "), what=what)
    if label is not None and label in known.columns:
        yield from label_findings(cells, headers, known.table)
    if donor is not None and donor in known.columns:
        of_donors = list(donor_findings(cells, headers, known, asked))
        yield from of_donors
        # Where donors are none, how many cells each has says nothing.
        are_sound = all(finding.kind == "note" for finding in of_donors)
        if are_sound and label is not None and label in known.columns:
            yield from size_findings(cells, known, asked)
    yield from _level_findings(known.table, asked)


def _spike_findings(cells: Mapping[str, Any], headers: Sequence[Header]) -> Iterator[Finding]:
    normalize, pattern = cells["normalize"], cells["spike_ins"]["pattern"]
    methods = [("method", normalize["method"]), *(("compare", name) for name in normalize["compare"] or ())]
    wanted = {name: key for key, name in reversed(methods) if name in SPIKE_METHODS}
    sound = [header for header in headers if not header.faults]
    if not wanted or not sound:
        return
    without = [header.path for header in sound if pattern is None or not header.matching(pattern)]
    if without:
        why = (
            "no pattern of spike-ins is given"
            if pattern is None
            else f"no gene of {listed(without, 3)} matches {pattern}"
        )
        cure = "Take it out, or correct cells.spike_ins.pattern."
        for name, key in wanted.items():
            yield Finding(f"cells.normalize.{key}", f"{name} needs spike-ins, and {why}.", cure)


def label_findings(cells: Mapping[str, Any], headers: Sequence[Header], table: CellTable) -> Iterator[Finding]:
    """Labels that are numbers or missing, and types that no cell has."""
    name, key = cells["label_column"], "cells.label_column"
    sizes = {level: number for (level,), number in table.counts(CELL_TYPE).items()}
    types = [level for level in sizes if not no_label(level)]
    asked = cells["types"]
    is_number = any(header.columns[name].is_number for header in headers if name in header.columns)
    if types and (is_number or all(re.fullmatch(r"-?\d+(?:\.\d+)?", level) for level in types)):
        what = f"{quoted(name)} holds numbers ({listed(types, 4, quote=False)}), as clusters are called, and no "
        what += "cell types."
        if asked == "all":
            yield Finding(
                key, what, "Name a column of types, or list the numbers that are to be tested under cells.types."
            )
        else:
            yield Finding(key, what, "Look at their markers before a number is called a type.", "note")
    without = {level: number for level, number in sizes.items() if no_label(level)}
    if without:
        number, share = sum(without.values()), sum(without.values()) / max(table.n_cells, 1)
        shown = ", ".join(
            f"{quoted(level)} {size:,}" if level else f"blank {size:,}" for level, size in without.items()
        )
        what = f"{number:,} of {table.n_cells:,} cells ({share:.0%}) have no label ({shown}), and are in no cell type."
        kind = "config" if not types else "note"
        yield Finding(
            key, what, "Name another column, or label them." if not types else "Label them if they matter.", kind
        )
    if asked == "all":
        yield from slug_findings(types)
        return
    for wanted in asked:
        if wanted not in types:
            yield Finding(
                "cells.types", f"no cell is labelled {quoted(wanted)}.", suggestion(wanted, types, "There are")
            )
    yield from slug_findings(asked)


def donor_findings(
    cells: Mapping[str, Any], headers: Sequence[Header], known: KnownCells, asked: Asked
) -> Iterator[Finding]:
    """Donors that are none: as many as cells, the condition or the type by another name, ids of two persons."""
    name, key, table = cells["donor_column"], "cells.donor_column", known.table
    sizes = {donor: number for (donor,), number in table.counts(DONOR).items()}
    nobody = {donor: number for donor, number in sizes.items() if is_no_person(donor)}
    donors = [donor for donor in sizes if donor not in nobody]
    n_levels = sum(header.columns[name].n_levels for header in headers if name in header.columns)
    if n_levels > max(0.5 * table.n_cells, 1) and n_levels > 2:
        what = f"{quoted(name)} has {n_levels:,} values for {table.n_cells:,} cells: it tells cells, not donors."
        yield Finding(key, what, "Name the column of the persons, animals or cultures that the cells come from.")
        return
    if nobody:
        number = sum(nobody.values())
        shown = ", ".join(f"{quoted(donor)} {size:,}" if donor else f"blank {size:,}" for donor, size in nobody.items())
        what = f"{number:,} of {table.n_cells:,} cells are of no person ({shown}), and are left out."
        cure = "Nothing to do, if these are droplets that could not be told." if donors else "Name another column."
        yield Finding(key, what, cure, "note" if donors else "config")
    if not donors:
        return
    others = [column for column in (*asked.compared, CELL_TYPE) if column in table.columns]
    others += [column for column in table.columns if has_word(column, CLUSTERS) and column not in others]
    same = next((c for c in others if (c == CELL_TYPE or c != name) and _is_same(table, c)), None)
    if same is not None:
        kind = "cell type" if same == CELL_TYPE else same
        what = f"{quoted(name)} is {quoted(cells['label_column'] if same == CELL_TYPE else kind)} by another name: "
        what += f"{crosstab(table, same, DONOR)}."
        yield Finding(key, what, "Name the column of the persons, animals or cultures that the cells come from.")
        return
    reused = list(_reused(table, known, cells))
    yield from reused
    for factor, levels in asked.compared.items():
        if factor not in table.columns:
            continue
        found = {level: set() for level in levels}
        for (level, donor), _ in table.counts(factor, DONOR).items():
            if level in found and not is_no_person(donor):
                found[level].add(donor)
        few = [level for level, own in found.items() if len(own) == 1]
        if few and not reused:
            what = f"{counted(len(few), 'group')} of {quoted(factor)} {verb(len(few), 'has', 'have')} one donor: "
            what += f"{crosstab(table, factor, DONOR)}. Cells of one donor are no replicates of a group."
            yield Finding(
                key, what, "Add donors. Without them only exploratory tables can be made (donors: unknown).", "design"
            )
    yield from _confounded_captures(table, asked)


def _is_same(table: CellTable, column: str) -> bool:
    """Whether donors and the values of a column stand for each other one to one."""
    pairs = [pair for pair in table.counts(DONOR, column) if pair[1] and not is_no_person(pair[0])]
    donors, values = {donor for donor, _ in pairs}, {value for _, value in pairs}
    return len(pairs) == len(donors) == len(values) > 1


def _reused(table: CellTable, known: KnownCells, cells: Mapping[str, Any]) -> Iterator[Finding]:
    """Donors with two values of what each donor has one of: their ids are used for several persons."""
    if cells.get("donor_prefix"):
        return
    columns = [column for column in table.columns if has_word(column, DONOR_LEVEL) and column not in (DONOR, CAPTURE)]
    origins = [column for column in table.columns if has_word(column, ORIGINS)]
    for column in columns:
        values: dict[str, list[str]] = {}
        for (donor, value), _ in table.counts(DONOR, column).items():
            if value and not is_no_person(donor):
                values.setdefault(donor, []).append(value)
        twice = [donor for donor, own in values.items() if len(own) > 1]
        if not twice or (column in origins and len(columns) > 1 and any(c not in origins for c in columns)):
            continue
        donor = twice[0]
        prefix = next((origin for origin in origins if _parts(table, origin, column, twice)), None)
        if prefix and prefix != column:
            pairs = [(o, v) for (d, o, v), _ in table.counts(DONOR, prefix, column).items() if d == donor and v]
            what = f"donor {donor} is {' and '.join(f'{value} at {origin}' for origin, value in pairs)}: ids are reused"
        else:
            what = f"donor {donor} has {counted(len(values[donor]), 'value')} of {quoted(column)} "
            what += f"({listed(values[donor], quote=False)}): ids are reused"
        what += f" ({len(twice)} of {counted(len(values), 'donor')})."
        cure = f"Set donor_prefix: {prefix}." if prefix else "Give each person an id of their own."
        yield Finding("cells.donor_column", what, cure)
        return


def _parts(table: CellTable, origin: str, column: str, donors: Sequence[str]) -> bool:
    """Whether each donor has one value of a column at each origin."""
    seen: dict[tuple[str, str], set[str]] = {}
    for (donor, place, value), _ in table.counts(DONOR, origin, column).items():
        if donor in donors and value:
            seen.setdefault((donor, place), set()).add(value)
    return bool(seen) and all(place and len(values) == 1 for (_, place), values in seen.items())


def _confounded_captures(table: CellTable, asked: Asked) -> Iterator[Finding]:
    """Captures that have one condition each: what they did differently passes as the effect."""
    captures = table.levels(CAPTURE)
    for factor, levels in asked.compared.items():
        if factor not in table.columns or len(captures) < 2:
            continue
        of_capture: dict[str, set[str]] = {}
        for (capture, level), _ in table.counts(CAPTURE, factor).items():
            if level in levels:
                of_capture.setdefault(capture, set()).add(level)
        used = [own for own in of_capture.values() if own]
        if len(used) == len(levels) and all(len(own) == 1 for own in used) and len(set().union(*used)) == len(levels):
            what = f"each capture has one level of {quoted(factor)}: {crosstab(table, CAPTURE, factor)}. What captures "
            what += (
                "did differently cannot be told from the effect, and integration over captures would take both away."
            )
            cure = "Set cells.integrate.method: none, and read small effects in every cell type with care."
            yield Finding("cells.capture_column", what, cure, "note")


def size_findings(cells: Mapping[str, Any], known: KnownCells, asked: Asked) -> Iterator[Finding]:
    """Types that have too few donors with enough cells, of all cells that there are."""
    least, types = cells["min_cells"], None if cells["types"] == "all" else cells["types"]
    columns = [name for name in asked.columns if name in known.table.columns]
    sums = known.sums(columns, types)
    compared = [
        (factor, level) for factor, levels in asked.compared.items() if factor in sums.columns for level in levels
    ]
    enough = donors_by_group(sums, least, [factor for factor in asked.compared if factor in sums.columns])
    small = [name for name, own in enough.items() if lacks_donors(own, compared)]
    if not small or not compared:
        return
    what = (
        f"{listed(small)} {verb(len(small), 'has', 'have')} fewer than {LEAST_DONORS} donors with {least} cells in a "
    )
    what += f"compared group: {_grid(sums, small)}."
    if len(small) == len(enough):
        cure = "Lower min_cells, join types, or leave contrasts out."
        yield Finding("cells.min_cells", f"no type can be tested: {what}", cure, "design")
    else:
        yield Finding("cells.min_cells", what, "They are not tested; the others are.", "note")


def _grid(sums: Any, types: Sequence[str], most: int = 12) -> str:
    """Return cells by type and donor as text."""
    rows = []
    for name in types[:3]:
        own = [
            f"{' '.join([sums.columns[DONOR][row], *(sums.columns[part][row] for part in sums.split_by)])} {size}"
            for row, size in enumerate(sums.n_cells)
            if sums.columns[CELL_TYPE][row] == name
        ]
        rows.append(f"{name}: {listed(own, most, quote=False)}")
    return "; ".join(rows)


def _level_findings(table: CellTable, asked: Asked) -> Iterator[Finding]:
    """Columns of the design that are missing, or in which levels look like missing values."""
    for name in asked.columns:
        if name not in table.columns or name in asked.numbers:
            continue
        sizes = {level: number for (level,), number in table.counts(name).items()}
        odd = {level: number for level, number in sizes.items() if level and level.casefold() in _ODD_LEVELS}
        if odd:
            shown = ", ".join(f"{quoted(level)} ({number:,} cells)" for level, number in odd.items())
            what = f"{quoted(name)} has levels that look like missing values: {shown}; they are taken as levels."
            yield Finding(
                f"design.{name}", what, "Make them missing in the file, if these cells are to be left out.", "note"
            )
        if sizes.get(""):
            what = f"{sizes['']:,} of {table.n_cells:,} cells have no {name}, and are left out."
            yield Finding(f"design.{name}", what, "Fill it in, if they are to be used.", "note")


def crosstab(table: CellTable, rows: str, columns: str, most: int = 6) -> str:
    """Return the number of cells by two columns in words: ``ctrl: d1 120, d2 80; stim: d3 95``."""
    by_row: dict[str, list[str]] = {}
    for (row, column), number in table.counts(rows, columns).items():
        if row and column:
            by_row.setdefault(row, []).append(f"{column} {number:,}")
    parts = [f"{row}: {listed(own, most, quote=False)}" for row, own in by_row.items()]
    return "; ".join(parts[:most]) + (f" and {len(parts) - most} more" if len(parts) > most else "")
