"""Why a design cannot be fitted, in terms of the sample sheet: which columns, which levels, what to leave out.

Standard library only: the Snakefile imports this module.
"""

import itertools
from collections.abc import Collection, Mapping, Sequence

from degsteps.basics.errors import Finding
from degsteps.basics.words import listed, quoted
from degsteps.design.alternatives import Alternatives, without_column, without_interaction
from degsteps.design.coding import Design
from degsteps.design.formula import term_name
from degsteps.design.rank import Alias, RankReport

_MOST_LEVELS = 8
#: Ends advice where nothing that was tried works.
_NOTHING_WORKS = (
    "No formula with fewer of these columns answers it with these samples: ask for a comparison within what they "
    "share, or add samples that separate them."
)


def crosstab_text(rows: Sequence[str], columns: Sequence[str], row_name: str, column_name: str) -> str:
    """Return a table of the number of samples by two columns of the sheet, indented, at most 8 x 8 levels."""
    row_levels, column_levels = list(dict.fromkeys(rows)), list(dict.fromkeys(columns))
    pairs = list(zip(rows, columns, strict=True))
    first_rows, first_columns = row_levels[:_MOST_LEVELS], column_levels[:_MOST_LEVELS]
    table = [[f"{row_name} \\ {column_name}", *first_columns]]
    table += [[level, *[str(pairs.count((level, other))) for other in first_columns]] for level in first_rows]
    widths = [max(len(line[index]) for line in table) for index in range(len(table[0]))]
    lines = [
        "      " + "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
        for line in table
    ]
    others = [
        f"{len(levels) - _MOST_LEVELS} more levels of {name}"
        for levels, name in ((row_levels, row_name), (column_levels, column_name))
        if len(levels) > _MOST_LEVELS
    ]
    return "\n".join(lines + ([f"      ({' and '.join(others)} not shown)"] if others else []))


def determines(first: Sequence[str], second: Sequence[str]) -> bool:
    """Return whether every level of the first column occurs with one level of the second only."""
    pairs = set(zip(first, second, strict=True))
    return len(pairs) == len({level for level, _ in pairs})


def equation(combination: Sequence[tuple[str, float]]) -> str:
    """Return what a redundant column is made of, as ``a - 2 b``; 0 where it is 0 in all samples."""
    return " ".join(_signed(weight, column, first=k == 0) for k, (column, weight) in enumerate(combination)) or "0"


def explain_aliases(
    design: Design,
    samples: Mapping[str, Sequence[str]],
    report: RankReport,
    tested: Collection[str],
    alternatives: Alternatives,
    columns: Collection[str] | None = None,
) -> list[Finding]:
    """Explain every aliased column of a design, by one finding for each set of sheet columns that is involved.

    Parameters
    ----------
    design, report : a design and its rank report.
    samples : columns of the sheet, in the order of the design's samples.
    tested : factors that contrasts compare.
    alternatives : what advised formulas are tried on.
    columns : the aliased columns to explain; all of them, if not given.

    Returns
    -------
    list of Finding
        Of the design, at a blank place: the caller knows where the formula stands.
    """
    terms = {term_name(term): term for term in design.formula.terms}
    term_of = dict(zip(design.columns, design.terms, strict=True))
    groups: dict[frozenset[str], list[Alias]] = {}
    for alias in report.aliased:
        if columns is not None and alias.column not in columns:
            continue
        names = set(terms.get(term_of[alias.column], ()))
        for column, _ in alias.combination:
            names.update(terms.get(term_of[column], ()))
        groups.setdefault(frozenset(names), []).append(alias)
    in_order = {name: position for position, name in enumerate(design.formula.columns)}
    findings = []
    for involved, aliases in groups.items():
        # What holds for some columns need not be said again for a larger set of them.
        if any(other < involved for other in groups):
            continue
        term = terms[term_of[aliases[0].column]]
        names = sorted(involved, key=in_order.__getitem__)
        findings.append(_explain(design, samples, term, names, aliases, tested, alternatives))
    return findings


def _explain(
    design: Design,
    samples: Mapping[str, Sequence[str]],
    term: tuple[str, ...],
    names: list[str],
    aliases: list[Alias],
    tested: Collection[str],
    alternatives: Alternatives,
) -> Finding:
    factors = [name for name in names if name in design.levels]
    if len(term) > 1:
        finding = _explain_empty_groups(design, samples, term, alternatives)
        if finding:
            return finding
    if len(names) == 2 and len(factors) == 2 and len(term) == 1:
        return _explain_pair(design, samples, *factors, tested, alternatives)
    if len(names) == 2 and len(factors) == 1 and len(term) == 1:
        covariate = next(name for name in names if name not in factors)
        if determines(samples[factors[0]], samples[covariate]):
            what = (
                f"{quoted(covariate)} is the same in all samples of one {quoted(factors[0])}, so nothing tells their "
            )
            named = [name for name in (covariate, factors[0]) if name not in tested]
            cure = _leave_out(design, named, alternatives)
            return Finding("", what + "effects apart.", cure, "design")
    alias = aliases[0]
    rest = f" ({len(aliases)} coefficients are affected)" if len(aliases) > 1 else ""
    droppable = [name for name in names if name not in tested] or names
    what = (
        f"the effects of {listed(names)} cannot be told apart: {alias.column} = {equation(alias.combination)} in all "
    )
    what += f"samples{rest}."
    cure = _leave_out(design, droppable, alternatives)
    nested = [(a, b) for a, b in itertools.permutations(factors, 2) if determines(samples[a], samples[b])]
    for first, second in nested[:1]:
        cure += "\n" + crosstab_text(samples[first], samples[second], first, second)
    return Finding("", what, cure, "design")


def _leave_out(design: Design, names: Sequence[str], alternatives: Alternatives) -> str:
    """Advise to take out one of some columns, of those whose formula without it works."""
    working = {}
    for name in names:
        smaller = without_column(design.formula, name)
        if smaller is not None and alternatives.works(smaller):
            working[name] = smaller
    if not working:
        return _NOTHING_WORKS
    named = " or ".join(f"{quoted(name)} ('{smaller}')" for name, smaller in working.items())
    return f"Take {named} out of the formula."


def _signed(weight: float, column: str, first: bool) -> str:
    sign = "-" if weight < 0 else ("" if first else "+")
    size = "" if f"{abs(weight):g}" == "1" else f"{abs(weight):g} "
    return f"{sign}{size}{column}" if first else f"{sign} {size}{column}"


def _explain_empty_groups(
    design: Design, samples: Mapping[str, Sequence[str]], term: tuple[str, ...], alternatives: Alternatives
) -> Finding | None:
    factors = [name for name in term if name in design.levels]
    if len(factors) != 2:
        return None
    first, second = factors
    present = set(zip(samples[first], samples[second], strict=True))
    empty = [
        f"{first} {quoted(a)} with {second} {quoted(b)}"
        for a in design.levels[first]
        for b in design.levels[second]
        if (a, b) not in present
    ]
    if not empty:
        return None
    groups = listed(empty, most=3, quote=False)
    what = f"no sample has {groups}, so the interaction {term_name(term)} cannot be estimated."
    ways = []
    smaller = without_interaction(design.formula, first, second)
    if alternatives.works(smaller):
        ways.append(f"leave the interaction out ('{smaller}')")
    if alternatives.join_works(design.formula, first, second):
        way = "join the two columns of the sheet into one factor with a level for each combination that occurs"
        ways.append(f"{way}, and compare its levels")
    cure = ", or ".join(ways)
    cure = f"{cure[0].upper()}{cure[1:]}." if cure else _NOTHING_WORKS
    table = crosstab_text(samples[first], samples[second], first, second)
    return Finding("", what, f"{cure}\n{table}", "design")


def _explain_pair(
    design: Design,
    samples: Mapping[str, Sequence[str]],
    first: str,
    second: str,
    tested: Collection[str],
    alternatives: Alternatives,
) -> Finding:
    # The block, if there is one, comes first: it is what can be left out.
    if first in tested and second not in tested:
        first, second = second, first
    table = "\n" + crosstab_text(samples[first], samples[second], first, second)
    forth, back = determines(samples[first], samples[second]), determines(samples[second], samples[first])
    if forth and back:
        pairs = dict(zip(samples[first], samples[second], strict=True))
        same = ", ".join(f"{quoted(a)} = {quoted(b)}" for a, b in list(pairs.items())[:3])
        fact = f"{quoted(first)} and {quoted(second)} divide the samples in the same way ({same}), so their effects "
        fact += "cannot be told apart."
    elif forth:
        fact = f"all samples of one {quoted(first)} have the same {quoted(second)}, so the effect of {quoted(second)} "
        fact += f"cannot be told from differences between the levels of {quoted(first)}."
    elif back:
        fact = f"all samples of one {quoted(second)} have the same {quoted(first)}, so the effect of {quoted(first)} "
        fact += f"cannot be told from differences between the levels of {quoted(second)}."
    else:
        fact = f"some levels of {quoted(first)} and {quoted(second)} occur only together, so their effects cannot be "
        fact += "told apart."
    smaller = without_column(design.formula, first)
    if second in tested and first not in tested and smaller is not None and alternatives.works(smaller):
        cure = f"Take {quoted(first)} out of the formula ('{smaller}'); "
        if forth:
            cure += f"what it does is then part of the effect of {quoted(second)}, and only samples that have several "
            cure += f"{quoted(second)} within one {quoted(first)} could separate them."
        else:
            cure += f"comparisons of {quoted(second)} between levels of {quoted(first)} then contain what "
            cure += f"{quoted(first)} does, those within one level do not."
    else:
        cure = _leave_out(design, [name for name in (first, second) if name not in tested], alternatives)
    return Finding("", fact, cure + table, "design")
