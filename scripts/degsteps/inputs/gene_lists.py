"""Lists of gene ids: one a line. Standard library only: the Snakefile imports this module."""

import fnmatch
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import counted, listed, quoted, verb
from degsteps.inputs.gene_ids import without_version
from degsteps.inputs.plain_text import read_checked


def read_gene_list(path: Path | str) -> list[str]:
    """Read a list of gene ids, one per line; blank lines and what follows ``#`` are passed over."""
    try:
        text = read_checked(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: is no text in UTF-8. Write one gene id per line, as plain text.") from None
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def list_findings(path: str, entries: Sequence[str], genes: Collection[str], needs_all: bool = False) -> list[Finding]:
    """Say what of a list is not among the genes of the counts.

    Parameters
    ----------
    path : of the list.
    entries : what stands in it.
    genes : of the counts.
    needs_all : whether one id that is not found stops the step that takes the list.

    Returns
    -------
    list
        problems: nothing in the list, nothing of it found, patterns; a note where some ids are not found.
    """
    if not entries:
        return [Finding("", f"{path}: no gene id stands in it.", "Write one id per line, or leave the setting out.")]
    known = set(genes)
    entries = list(dict.fromkeys(entries))
    missing = [entry for entry in entries if entry not in known]
    patterns = [entry for entry in missing if _is_pattern(entry, known)]
    findings = [_pattern_finding(path, patterns, known)] if patterns else []
    others = [entry for entry in missing if entry not in patterns]
    n_found = len(entries) - len(missing)
    if not others:
        return findings
    of_list = f"{n_found} of {counted(len(entries), 'listed gene')} {verb(n_found, 'is', 'are')} in the counts"
    what = f"{path}: {of_list}; not {listed(others, 3)}"
    if n_found == 0 and not patterns:
        what += f", where the ids are as {listed(sorted(known)[:3], quote=False)}."
        return [Finding("", what, _cure(others, known) or "List ids of the kind that the counts have.")]
    found = [entry for entry in entries if entry in known]
    what += f"; {listed(found, 3)} {verb(len(found), 'is', 'are')}." if found else "."
    cure = _cure(others, known) or "Correct those ids, or take them off the list."
    return [*findings, Finding("", what, cure, "config" if needs_all else "note")]


def _is_pattern(entry: str, genes: Iterable[str]) -> bool:
    """Return whether an entry that is no id is meant for several: signs of patterns, or what ids begin with."""
    if re.search(r"[*?^$|\\\[\]]|\.\+", entry):
        return True
    return entry[-1] in "-_." and sum(gene.startswith(entry) for gene in genes) > 1


def _matched(entry: str, genes: Iterable[str]) -> list[str]:
    try:
        if re.search(r"[\^$|\\]|\.[*+]", entry):
            return sorted(gene for gene in genes if re.search(entry, gene))
        pattern = entry if re.search(r"[*?\[]", entry) else f"{entry}*"
        return sorted(gene for gene in genes if fnmatch.fnmatchcase(gene, pattern))
    except re.error:
        return []


def _pattern_finding(path: str, patterns: Sequence[str], genes: Collection[str]) -> Finding:
    matched = _matched(patterns[0], genes)
    what = f"{path}: {listed(patterns, 3)} {verb(len(patterns), 'is a pattern', 'are patterns')}, and ids are taken as "
    what += "they stand."
    if matched:
        cure = f"Write the {counted(len(matched), 'id')} that {quoted(patterns[0])} means, one per line: "
        return Finding("", what, f"{cure}{listed(matched, 3, quote=False)}.")
    return Finding("", what, f"Write ids, one per line; no id of the counts fits {quoted(patterns[0])}.")


def _cure(missing: Sequence[str], genes: Collection[str]) -> str:
    """Say what makes ids that are not found ones that are; blank if nothing that is known does."""
    by_case = {gene.casefold(): gene for gene in genes}
    by_version = {without_version(gene): gene for gene in genes}
    ways = (
        (lambda entry: re.split(r"[\t,; |]+", entry)[0].strip("'\""), "Keep the first column of the list only"),
        (lambda entry: entry.strip("'\""), "Take the quotation marks away"),
        (without_version, "Take the versions off the listed ids"),
        (lambda entry: by_version.get(without_version(entry), ""), "Write ids with the versions that the counts have"),
        (lambda entry: by_case.get(entry.casefold(), ""), "Write the ids in the letter case of the counts"),
    )
    for change, advice in ways:
        changed = [(entry, change(entry)) for entry in missing]
        mended = [(entry, gene) for entry, gene in changed if gene != entry and gene in genes]
        if mended and len(mended) * 2 >= len(missing):
            first, second = mended[0]
            return f"{advice}: {quoted(first)} is {quoted(second)}."
    return ""
