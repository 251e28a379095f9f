"""Sample ids of sheet and counts that are one id as two programs write it: spelling, zeros, endings, prefixes."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from degsteps.basics.words import bare, quoted, told_apart

#: What aligners, counters and sequencers write behind a sample's name; several of them may follow each other.
_ENDINGS = re.compile(
    r"(?:[._-]*(?:"
    r"\.gz|\.bz2|\.zst|\.fastq|\.fq|\.bam|\.sam|\.cram|\.txt|\.tsv|\.csv|\.tab|\.sf|\.h5|\.out|\.results|\.counts?"
    r"|aligned\.?sortedbycoord|aligned\.?totranscriptome|aligned|sortedbycoord|readspergene(?:\.out)?|(?<![a-z])genes"
    r"|isoforms|quant|abundance|featurecounts?|htseq|counts?|gene_?counts?|expected_count|salmon|kallisto|rsem|star"
    r"|hisat2?|stringtie|transcripts?|sorted(?:by(?:coord|name))?|sort|dedup(?:ed|licated)?|rmdup|markdup(?:licates)?"
    r"|md|mkdup|trim(?:med)?|val_[12]|unique|uniq|filtered|mapped|primary|umi|cutadapt|fastp|accepted_hits|r?1_001"
    r"|(?<=[._-])r?[12]_001|(?<=[._-])r[12]|(?<=[._-])l00\d|(?<=[._-])s\d+(?=_l00\d)"
    r"))+$",
    re.IGNORECASE,
)


class Likeness(NamedTuple):
    """Pairs of an id of the sheet and one of the counts that are most likely one sample."""

    pairs: list[tuple[str, str]]
    #: What the ids differ in, as it stands in ``3 ids differ from the counts in ...``.
    how: str
    cure: str


def likeness(only_sheet: Sequence[str], only_counts: Sequence[str]) -> Likeness | None:
    """Find how ids that only one file has become ids that both have; None if they do in no way that is known.

    Each way is one that a program is known to go; what makes two ids of one file the same is none.
    """
    if not only_sheet or not only_counts:
        return None
    cure = "Write the ids alike in both files."
    for pairs, how, advice in (
        (same_but_for_spelling(only_sheet, only_counts), "spelling only", ""),
        (_by(_without_zeros, only_sheet, only_counts), "leading zeros only", _OF_ZEROS),
        (_by(_without_endings, only_sheet, only_counts), "what programs write behind a sample's name", ""),
        (
            _by(_cut_to_the_core, only_sheet, only_counts),
            "leading zeros and what programs write around a name",
            _OF_ZEROS,
        ),
        _affixed(only_sheet, only_counts),
    ):
        if pairs:
            return Likeness(pairs, how, f"{cure} {advice}".rstrip())
    return None


_OF_ZEROS = "Spreadsheets cut leading zeros: format the column as text before you type them."


def shown_pairs(pairs: Sequence[tuple[str, str]]) -> str:
    """Return the first three pairs in words, with code points where two ids look the same."""
    shown = [told_apart(first, second) for first, second in pairs[:3]]
    in_words = [f"{first} of the sheet is {second} in the counts" for first, second in shown]
    more = f" and {len(pairs) - 3} more" if len(pairs) > 3 else ""
    return f"{', '.join(in_words)}{more}."


def same_but_for_spelling(only_sheet: Sequence[str], only_counts: Sequence[str]) -> list[tuple[str, str]]:
    """Pair ids that are the same but for case, punctuation, blanks, R's X, or a path and ending around them."""
    by_bare: dict[str, list[str]] = {}
    for name in only_counts:
        by_bare.setdefault(bare(name), []).append(name)
    pairs = {name: by_bare[bare(name)] for name in only_sheet if bare(name) and bare(name) in by_bare}
    for name in only_sheet:
        if name not in pairs and len(name) > 1 and len(only_sheet) <= 200:
            pattern = re.compile(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])")
            pairs[name] = [other for other in only_counts if pattern.search(other)]
    certain = [(name, others[0]) for name, others in pairs.items() if len(others) == 1]
    once = Counter(second for _, second in certain)
    return [(first, second) for first, second in certain if once[second] == 1]


def _without_zeros(name: str) -> str:
    """Return an id with numbers as a spreadsheet or data frame writes them: 007 is 7, and so is 7.0."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", bare(re.sub(r"^(\d+)\.0$", r"\1", name)))


def _without_endings(name: str) -> str:
    base = re.split(r"[/\\]", name.strip())[-1]
    return bare(_ENDINGS.sub("", base) or base)


def _cut_to_the_core(name: str) -> str:
    return _without_zeros(_without_endings(name))


def _by(core: Callable[[str], str], only_sheet: Sequence[str], only_counts: Sequence[str]) -> list[tuple[str, str]]:
    """Pair ids with the same core; ids of one file that share theirs are left out."""
    of_counts: dict[str, list[str]] = {}
    for name in only_counts:
        of_counts.setdefault(core(name), []).append(name)
    of_sheet = Counter(map(core, only_sheet))
    cores = ((name, core(name)) for name in only_sheet)
    return [
        (name, of_counts[key][0])
        for name, key in cores
        if key and of_sheet[key] == 1 and len(of_counts.get(key, ())) == 1
    ]


def _affixed(only_sheet: Sequence[str], only_counts: Sequence[str]) -> tuple[list[tuple[str, str]], str, str]:
    """Pair ids of which one has text before or behind it that all others of its file have too."""
    for core, also in ((str, ""), (_without_zeros, " and leading zeros"), (_cut_to_the_core, " and endings")):
        sheet, counts = {core(name): name for name in only_sheet}, {core(name): name for name in only_counts}
        if len(sheet) < len(only_sheet) or len(counts) < len(only_counts):
            continue
        for inner, outer, where in ((sheet, counts, "counts"), (counts, sheet, "sheet")):
            affix = _affix(inner, outer)
            if affix:
                before, behind = affix
                pairs = [
                    (inner[key], outer[f"{before}{key}{behind}"]) for key in inner if f"{before}{key}{behind}" in outer
                ]
                if where == "sheet":
                    pairs = [(second, first) for first, second in pairs]
                what = " and ".join(
                    text
                    for text in (
                        f"{quoted(before)} before" if before else "",
                        f"{quoted(behind)} behind" if behind else "",
                    )
                    if text
                )
                how = f"{what} every id of the {where}{also}" if what else f"spelling only{also}"
                return pairs, how, ""
        common = _both_cut(list(sheet), list(counts))
        if common:
            pairs = [(sheet[first], counts[second]) for first, second in common]
            return pairs, f"what all ids of one file begin or end with{also}", ""
    return [], "", ""


def _affix(inner: Sequence[str], outer: Sequence[str]) -> tuple[str, str] | None:
    """Return the text that makes most inner ids outer ones: two or more, and half of them."""
    names, best, most = set(outer), None, 1
    inner = list(inner)
    # The first ids may have no partner; more than a few need not be tried.
    for name in inner[:5]:
        for other in outer:
            before, found, behind = other.partition(name)
            if not found or _splits_number(before, name) or _splits_number(name, behind):
                continue
            number = sum(f"{before}{key}{behind}" in names for key in inner)
            if number > most and number * 2 >= min(len(inner), len(names)):
                best, most = (before, behind), number
        if best:
            return best
    return None


def _splits_number(left: str, right: str) -> bool:
    return left[-1:].isdigit() and right[:1].isdigit()


def _both_cut(first: Sequence[str], second: Sequence[str]) -> list[tuple[str, str]]:
    """Pair ids that are the same without what all ids of their file have in common; all of them, or none."""
    if len(first) < 2 or len(first) != len(second):
        return []
    cut = [dict(zip(map(_trimmer(names), names), names, strict=True)) for names in (first, second)]
    if len(cut[0]) < len(first) or cut[0].keys() != cut[1].keys():
        return []
    # Two files that both count their samples from 1 to 8 need not have the same ones.
    if all(key.isdigit() for key in cut[0]) and not any(len(key) > 2 for key in cut[0]):
        return []
    return [(cut[0][key], cut[1][key]) for key in cut[0]]


def _trimmer(names: Sequence[str]) -> Callable[[str], str]:
    """Return a function that takes off what all names begin and end with, but no part of a number."""
    low, high = min(names), max(names)
    n_before = next((k for k, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    while n_before and low[n_before - 1].isdigit():
        n_before -= 1
    turned = [name[n_before:][::-1] for name in names]
    low, high = min(turned), max(turned)
    n_behind = next((k for k, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    while n_behind and low[n_behind - 1].isdigit():
        n_behind -= 1
    return lambda name: name[n_before : len(name) - n_behind]
