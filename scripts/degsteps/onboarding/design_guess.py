"""What a table of samples is asked: the factor to compare, its reference, blocks; and what the gene ids are.

Standard library only, so that it runs before any environment is made.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from degsteps.basics.errors import DegstepsError
from degsteps.basics.words import bare, listed, quoted, verb
from degsteps.design.coding import as_number, build_design, factor_levels
from degsteps.design.confounding import determines
from degsteps.design.formula import Formula
from degsteps.design.rank import rank_report
from degsteps.onboarding.draft import Draft
from degsteps.onboarding.known_genes import known_table

_BATCH_WORDS = frozenset(
    {"batch", "run", "site", "center", "centre", "hospital", "donor", "patient", "subject", "individual", "participant"}
    | {"cell", "cells", "cellline", "line", "type", "library", "lib", "lane", "plate", "flowcell", "pool", "prep"}
    | {"pair", "block", "litter", "mouse", "animal", "sex", "gender", "date", "day", "sequencer", "operator"}
)
_QUESTION_WORDS = frozenset(
    {"condition", "treatment", "treated", "treat", "group", "arm", "genotype", "disease", "diagnosis", "status", "drug"}
    | {"phenotype", "stimulus", "stimulation", "exposure", "knockdown", "response", "outcome", "dose"}
)
#: Levels that things are compared with, the plainest first.
_REFERENCE_WORDS = (
    *("control", "controls", "ctrl", "ctl", "untreated", "untrt", "unstimulated", "wildtype", "wt", "vehicle", "veh"),
    *("dmso", "placebo", "normal", "healthy", "mock", "baseline", "naive", "scramble", "scrambled", "pbs", "none"),
    *("pre", "before", "unt", "sham", "nt", "no", "0h", "0"),
)
#: Beginning of gene ids, what it tells, and the gene table that the project ships.
_GENE_IDS = (
    (r"ENSG\d", "human Ensembl genes", "resources/genes/human.tsv.gz"),
    (r"FBgn\d", "FlyBase genes", "resources/genes/fly.tsv.gz"),
    (r"ENSMUSG\d", "mouse Ensembl genes", None),
    (r"ENS[A-Z]{3,4}G\d", "Ensembl genes of another species", None),
    (r"WBGene\d", "WormBase genes", None),
    (r"AT[1-5MC]G\d", "Arabidopsis genes", None),
    (r"Y[A-P][LR]\d{3}[CW]", "yeast genes", None),
)


def guess_design(draft: Draft, columns: Mapping[str, list[str]]) -> None:
    """Choose the factor to compare, its reference, and the blocks that the samples can separate from it."""
    possible = []
    for name, values in columns.items():
        reason = _why_no_factor(values)
        if reason is None:
            possible.append(name)
        else:
            draft.others[name] = reason
    # A level that is called a control says more than the name of a column, and that more than the order.
    ranked = sorted(possible, key=lambda name: (-likeness(name, columns[name]), len(set(columns[name]))))
    single = _without_replicates(columns)
    if not ranked or (single is not None and likeness(ranked[0], columns[ranked[0]]) <= 0):
        # A batch is not what was asked, where what was asked has no replicates.
        draft.remarks["formula"] = _no_replicates(single) if single is not None else _WHY_NOT
        return
    factor = ranked[0]
    reference, reason = _reference(columns[factor])
    draft.factor = factor
    draft.levels[factor] = factor_levels(columns[factor], reference)
    draft.remarks["factor"] = f"{quoted(factor)} is what is compared: {_why_factor(factor, columns[factor])}"
    draft.remarks["reference"] = reason
    for name in [*possible, *(name for name in columns if name not in possible and _is_pairing(name, columns, factor))]:
        if name == factor:
            continue
        if not _is_block_name(name):
            draft.others[name] = "may be a factor too; nothing in its name tells"
        elif determines(columns[name], columns[factor]):
            draft.others[name] = f"cannot be told from {quoted(factor)}: one {factor} in each {name}"
        elif _is_estimable([*draft.blocks, name, factor], columns):
            draft.blocks.append(name)
            draft.others.pop(name, None)
            alone = sorted(level for level, size in Counter(columns[name]).items() if size == 1)
            if alone:
                draft.remarks["alone"] = (
                    f"{listed(alone, most=5)} of {quoted(name)} {verb(len(alone), 'has', 'have')} one sample only, "
                    "which adds nothing to the comparison within pairs"
                )
            draft.levels[name] = factor_levels(columns[name], columns[name][0])
        else:
            draft.others[name] = "with it in the formula the samples would not suffice"
    if draft.blocks:
        draft.remarks["blocks"] = (
            f"{listed(draft.blocks)} {verb(len(draft.blocks), 'looks', 'look')} like a batch or a block by name"
        )


_WHY_NOT = "no column has 2 or more levels with 2 or more samples each"


def _without_replicates(columns: Mapping[str, list[str]]) -> str | None:
    """Return the column that looks like what is compared and has no level with a second sample; None if none does."""
    single = [name for name, values in columns.items() if len(set(values)) == len(values) > 1 and "" not in values]
    likely = [name for name in single if likeness(name, columns[name]) > 0]
    return max(likely, key=lambda column: likeness(column, columns[column]), default=None)


def _no_replicates(name: str) -> str:
    return (
        f"no replicates: every level of {quoted(name)} has one sample, and without a second one nothing tells how "
        "samples of one level vary; no test is possible. Sequence replicates, or add their samples"
    )


def _is_pairing(name: str, columns: Mapping[str, list[str]], factor: str) -> bool:
    """Whether a column names subjects of which several have samples at more than one level of the factor.

    Subjects with one sample only do not speak against it.
    """
    values = columns[name]
    if "" in values or not _is_block_name(name):
        return False
    levels: dict[str, set[str]] = {}
    for value, level in zip(values, columns[factor], strict=True):
        levels.setdefault(value, set()).add(level)
    return sum(len(found) > 1 for found in levels.values()) > 1


def _why_no_factor(values: Sequence[str]) -> str | None:
    """Say why a column is no factor with replicates; None if it is one."""
    sizes = Counter(values)
    if "" in sizes:
        return "has blank cells"
    if len(sizes) == 1:
        return "is the same in all samples"
    if len(sizes) > len(values) / 2 or min(sizes.values()) < 2:
        is_number = all(as_number(value) is not None for value in values)
        return "may be a covariate: it holds numbers" if is_number else "has levels with one sample only"
    return None


def name_words(name: str) -> set[str]:
    """Return the words of a column's name, and the name without its punctuation."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return set(re.findall(r"[a-z]+", spaced.casefold())) | {bare(name)}


def _is_block_name(name: str) -> bool:
    return bool(name_words(name) & _BATCH_WORDS)


def _reference_rank(level: str) -> int:
    """Return the place of a level among the words for a control; their number if it is none of them."""
    words = {bare(level), *re.findall(r"[^\W_]+", level.casefold())}
    ranks = [rank for rank, word in enumerate(_REFERENCE_WORDS) if word in words]
    return min(ranks, default=len(_REFERENCE_WORDS))


def likeness(name: str, values: Sequence[str]) -> int:
    """Return how much a column looks like what is compared: by a level that is called a control, and by its name."""
    has_control = any(_reference_rank(level) < len(_REFERENCE_WORDS) for level in set(values))
    return 4 * has_control + 2 * bool(name_words(name) & _QUESTION_WORDS) - 3 * _is_block_name(name)


def _why_factor(name: str, values: Sequence[str]) -> str:
    if any(_reference_rank(level) < len(_REFERENCE_WORDS) for level in set(values)):
        return "one of its levels is called like a control"
    if name_words(name) & _QUESTION_WORDS:
        return "by its name"
    return "it is the first column with replicates; CHECK this"


def _reference(values: Sequence[str]) -> tuple[str, str]:
    levels = list(dict.fromkeys(values))
    best = min(levels, key=_reference_rank)
    if _reference_rank(best) < len(_REFERENCE_WORDS):
        return best, f"{quoted(best)} is called like a control"
    return best, f"no level is called like a control; {quoted(best)} comes first in the sheet; CHECK this"


def _is_estimable(names: Sequence[str], columns: Mapping[str, list[str]]) -> bool:
    factors = {name: {"reference": columns[name][0]} for name in names}
    ids = [str(row) for row in range(len(columns[names[0]]))]
    try:
        design = build_design(columns, ids, Formula(True, tuple((name,) for name in names)), factors, {})
    except DegstepsError:
        return False
    report = rank_report(design)
    return report.is_full_rank and report.residual_df > 0


def guess_gene_table(draft: Draft, genes: Sequence[str]) -> None:
    """Tell the kind of some gene ids, and the gene table that the project ships for it.

    Ids without a form of their own, which symbols and Entrez ids are, are looked up in the shipped tables.
    """
    for pattern, what, table in _GENE_IDS:
        if sum(bool(re.match(pattern, gene)) for gene in genes) > len(genes) / 2:
            hint = ""
            if table and Path(table).is_file():
                draft.gene_table = table
            elif table:
                hint = f"; give the path of {table}, which the project ships"
            else:
                hint = "; no gene table of these is shipped, so name a GTF or a table"
            draft.remarks["genes"] = f"the gene ids look like {what} ({genes[0]}){hint}"
            return
    known = known_table(genes)
    if known is not None:
        draft.gene_table = known.table
        draft.remarks["genes"] = (
            f"{known.n_known} of the first {len(genes)} gene ids are {known.words} of {known.table} ({genes[0]})"
        )
        return
    if genes and all(gene.isdigit() for gene in genes):
        what = f"the gene ids are bare numbers, possibly Entrez ids ({genes[0]}), and not those of a shipped table"
        draft.remarks["genes"] = f"{what}; name a GTF or a table with these ids"
        return
    draft.remarks["genes"] = f"the kind of gene id is not known ({genes[0]}); name a GTF or a table with these ids"
