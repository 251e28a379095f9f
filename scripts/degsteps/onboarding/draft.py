"""What is guessed of an analysis, and the text of its configuration: what drafts of all kinds share.

Standard library and PyYAML only, so that it runs before any environment is made.
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from degsteps.basics.words import bare, listed, quoted
from degsteps.config.reading import analysis_name
from degsteps.design.formula import Formula

FILL_IN = "FILL_IN"
_NO_NAMES = frozenset(
    {"counts", "count", "raw", "matrix", "gene", "genes", "merged", "quant", "quants", "filtered", "feature", "bc"}
    | {"salmon", "star", "kallisto", "rsem", "htseq", "featurecounts"}
)


@dataclass
class Draft:
    """A guessed analysis; ``remarks`` says what was guessed, why, and what to check."""

    name: str
    counts: str
    samples: str
    sample_column: str
    ignore_columns: list[str]
    factor: str | None
    blocks: list[str]
    levels: dict[str, tuple[str, ...]]
    gene_table: str | None
    #: Of a table of genes that is written beside the configuration: its text, and where it is from.
    genes_text: str | None = None
    gene_release: str | None = None
    format: str = "table"
    extra: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)


def file_name(name: str) -> str:
    """Return a name without what cannot stand in a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", analysis_name(name)).strip("._-") or "analysis"


def name_from(counts: Path | str, samples: Path | str) -> str:
    """Return a name for the analysis from that of a file, or of its folder, without what says nothing."""
    endings = r"(\.(gz|zst|tsv|csv|txt|tab|parquet|h5ad|xlsx))+$"
    stem = re.sub(endings, "", Path(counts).resolve().name, flags=re.IGNORECASE)
    words = [word for word in re.split(r"[^A-Za-z0-9]+", stem) if word]
    telling = [word for word in words if bare(word) not in _NO_NAMES]
    folder = Path(counts).resolve().parent.name
    return file_name("_".join(telling) or folder or Path(samples).stem)


def shown_path(path: Path | str) -> str:
    """Return a path relative to the working folder where it lies inside, so that it is true on other machines."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def scalar(value: str) -> str:
    """Return text as YAML that is read back as the same text, quoted only where it must be."""
    if re.fullmatch(r"[\w./-]+", value) and yaml.safe_load(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def contrast_names(levels: Sequence[str]) -> dict[str, str]:
    """Return a name for the comparison of every level with the first one: ``{"trt_vs_untrt": "trt"}``."""
    names: dict[str, str] = {}
    for number, level in enumerate(levels[1:], start=1):
        parts = [re.sub(r"[^A-Za-z0-9._-]+", "_", part).strip("._-") for part in (level, levels[0])]
        name = "_vs_".join(parts) if all(parts) else f"contrast_{number}"
        if name.casefold() in {other.casefold() for other in names}:
            name = f"{name}_{number}"
        names[name] = level
    return names


def design_lines(draft: Draft) -> list[str]:
    if draft.factor is None:
        lines = [f"  # To do: {draft.remarks['formula']}.", f'  formula: "~ {FILL_IN}"', "  factors:"]
        lines += [f"    {FILL_IN}: {{reference: {FILL_IN}}}"]
    else:
        formula = Formula(True, tuple((name,) for name in (*draft.blocks, draft.factor)))
        lines = [f"  # Guess: {draft.remarks['factor']}."]
        if draft.blocks:
            lines += [f"  # Guess: {draft.remarks['blocks']}, and the samples can separate it."]
        if "alone" in draft.remarks:
            lines += [f"  # Note: {draft.remarks['alone']}."]
        lines += [f"  formula: {json.dumps(str(formula), ensure_ascii=False)}", "  factors:"]
        for name in draft.blocks:
            levels = draft.levels[name]
            lines += [
                f"    # {listed(levels, quote=False)}. Which one is the reference makes no difference to the test."
            ]
            lines += [f"    {scalar(name)}: {{reference: {scalar(levels[0])}}}"]
        levels = draft.levels[draft.factor]
        lines += [f"    # {listed(levels)}. Guess: {draft.remarks['reference']}."]
        lines += [f"    {scalar(draft.factor)}: {{reference: {scalar(levels[0])}}}"]
    if draft.others:
        lines += ["  # Columns of the sheet that are not used:"]
        lines += [f"  #   {quoted(name)} {reason}" for name, reason in draft.others.items()]
    return lines


def contrast_lines(draft: Draft, others: str = "") -> list[str]:
    """Return the contrasts: every level with the reference.

    Parameters
    ----------
    others : settings that each has beside, e.g. ``, sample_sets: each_cell_type``.
    """
    if draft.factor is None:
        return [f"    a_vs_b: {{factor: {FILL_IN}, test: {FILL_IN}, reference: {FILL_IN}{others}}}"]
    reference = draft.levels[draft.factor][0]
    lines = ["    # Every level with the reference. A positive log2 fold change is higher in `test`."]
    for name, level in contrast_names(draft.levels[draft.factor]).items():
        values = f"factor: {scalar(draft.factor)}, test: {scalar(level)}, reference: {scalar(reference)}{others}"
        lines += [f"    {scalar(name)}: {{{values}}}"]
    return lines


def annotation_lines(draft: Draft) -> list[str]:
    """Return the section ``annotate``."""
    lines = ["annotate:", f"  # Guess: {draft.remarks['genes']}."]
    lines += [f"  genes: {scalar(draft.gene_table)}" if draft.gene_table else "  genes: null"]
    return [*lines, *([f"  release: {scalar(draft.gene_release)}"] if draft.gene_release else [])]


def head_lines(draft: Draft) -> list[str]:
    """Return what stands above the first section."""
    return [
        "# A draft: what was guessed says so. Read it once, correct it, and run `make check`.",
        "# All other settings and their defaults: config/README.md.",
        f"title: {json.dumps(draft.name.replace('_', ' '), ensure_ascii=False)}",
        'version: "1.0"',
        "",
    ]
