"""What featureCounts says of its counts in the file beside them (``<counts>.summary``): how many reads it assigned.

Standard library only: the Snakefile imports this package.
"""

from collections.abc import Mapping, Sequence

from degsteps.basics.errors import Finding
from degsteps.basics.words import listed, quoted
from degsteps.inputs.folders import first_lines


def assigned_reads(path: str) -> dict[str, int]:
    """Return the number of assigned reads by column of a file of counts; none where no summary lies beside it."""
    lines = first_lines(f"{path.removesuffix('.gz')}.summary", 50)
    rows = {cells[0]: cells[1:] for cells in (line.split("\t") for line in lines)}
    names, numbers = rows.get("Status", []), rows.get("Assigned", [])
    if len(names) != len(numbers) or not all(number.isdecimal() and len(number) < 19 for number in numbers):
        return {}
    return dict(zip(names, map(int, numbers), strict=True))


def fewer_than_assigned(total: int, n_assigned: int) -> str:
    """Return what is said of counts that are fewer than the reads which the summary says were assigned."""
    return f"its counts add up to {total:,}, and {n_assigned:,} reads were assigned, as the summary beside it says"


def summary_finding(path: str, totals: Mapping[str, float], has_end: bool) -> tuple[Finding | None, bool]:
    """Compare the sums of a table of featureCounts with its summary: sums are never smaller, unless lines are missing.

    Parameters
    ----------
    path : of the table.
    totals : sums of its columns, by their names in the header.
    has_end : whether its last line has an end.

    Returns
    -------
    finding : None if nothing is wrong, or nothing is known.
    is_fault : whether the file is cut off for certain; otherwise lines may have been taken out on purpose.
    """
    known: Sequence[tuple[str, int]] = [pair for pair in assigned_reads(path).items() if pair[0] in totals]
    less = {name: number for name, number in known if float(totals[name]).is_integer() and totals[name] < number}
    if not less:
        return None, False
    name, number = next(iter(less.items()))
    others = f" So it is with {listed(list(less)[1:], 2)}." if len(less) > 1 else ""
    what = f"{fewer_than_assigned(int(totals[name]), number)} (in {quoted(name)}).{others}"
    if has_end:
        return Finding("", what, "Copy the file again, unless lines were taken out on purpose."), False
    return Finding("", f"is cut off: {what} Its last line has no end.", "Copy the file again."), True
