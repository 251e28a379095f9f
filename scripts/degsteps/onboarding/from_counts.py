"""A first configuration of an analysis, guessed from counts in any format and a sample sheet.

Standard library and PyYAML only for text, so that it runs before any environment is made; binary formats are read by
their libraries. Every guess is written into the file
as a comment with its reason: the file is a draft that its reader completes, not an answer.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from degsteps.basics.errors import ConfigError, DataError, DegstepsError
from degsteps.basics.words import bare, counted, listed, quoted, verb
from degsteps.config.reading import analysis_name
from degsteps.design.coding import as_number, build_design, factor_levels
from degsteps.design.confounding import determines
from degsteps.design.formula import Formula
from degsteps.design.rank import rank_report
from degsteps.inputs.formats import FORMATS
from degsteps.inputs.scan import Scan, annotation_columns
from degsteps.inputs.sheet import inspect_sheet, matching_column, read_columns
from degsteps.inputs.sources import Located, Source, column_of_archive, first_lines, locate, locate_source, scan_source

FILL_IN = "FILL_IN"
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
    (r"\d+$", "bare numbers, possibly Entrez ids", None),
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
    format: str = "table"
    extra: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)


def draft_analysis(counts: Path | str, samples: Path | str, name: str | None = None) -> Draft:
    """Guess an analysis from its two files.

    Raises
    ------
    DataError
        if a file cannot be read, or no column of the sheet holds the names in the header of the counts.
    """
    located, sheet = locate(counts), read_columns(samples)
    of_archive = column_of_archive(sheet) if FORMATS[located.format].by_sheet else None
    if of_archive is not None:
        located = locate_source(Source("", str(counts), str(samples), of_archive))
    scan = _scanned(Source("", str(counts), ""), located)
    if not scan.samples:
        raise DataError("\n".join(f"{counts}: {fault}" for fault in scan.faults))
    annotation = annotation_columns(scan, ())
    candidates = [column for column in scan.samples if column not in annotation]
    sample_column = matching_column(sheet, candidates)
    if sample_column is None:
        raise DataError(
            f"{samples}: no column holds the sample names of {counts} ({listed(candidates)}). "
            "Write the sample ids alike in both files."
        )
    _, faults = inspect_sheet(samples, sample_column)
    if faults:
        raise DataError("\n".join(f"{samples}: {fault}" for fault in faults))
    sample_ids = set(sheet[sample_column])
    if not scan.is_partial:
        # Now it is known which columns are samples: nothing else says what the counts are.
        scan = _scanned(Source("", str(counts), str(samples), sample_column), located)
    rows = [row for row, sample in enumerate(sheet[sample_column]) if sample in set(scan.samples)]
    columns = {column: [values[row] for row in rows] for column, values in sheet.items() if column != sample_column}
    draft = Draft(
        name=_file_name(name) if name else _name_from(counts, samples),
        counts=_shown(counts),
        samples=_shown(samples),
        sample_column=sample_column,
        ignore_columns=[name for name in scan.columns if name in {*scan.beside, *annotation_columns(scan, sample_ids)}],
        factor=None,
        blocks=[],
        levels={},
        gene_table=None,
        format=located.format,
    )
    if located.format != "table":
        draft.remarks["format"] = f"the counts are {FORMATS[located.format].words}: {located.evidence}"
    hits = counted(len(rows), "sample")
    where = "names of the files" if located.samples else "names in the counts' header"
    draft.remarks["sample_column"] = f"{quoted(sample_column)} holds the {where} ({hits} match)"
    if draft.ignore_columns:
        draft.remarks["ignore_columns"] = "the sheet does not name these, and they hold no samples by content or name"
    _guess_extra(draft, located, scan)
    _guess_design(draft, columns)
    _guess_gene_table(draft, scan)
    return draft


def _scanned(source: Source, located: Located) -> Scan:
    """Return the names of samples and of some genes, in whichever format they are."""
    scan = scan_source(source, located, cache=None)
    if scan.faults or not scan.is_partial:
        return scan
    if located.samples:
        # One file per sample, or the features of a 10x matrix: the ids stand first in each line.
        genes_file = located.files[1 if FORMATS[located.format].parts else 0]
        ids = [line.split("\t")[0] for line in first_lines(genes_file, 200)]
        scan.first_genes = [gene for gene in ids if not gene.startswith(("#", "N_", "__"))][1:]
        return scan
    from degsteps.ingest.reading import read_source

    return read_source(source, located).scan


def _guess_extra(draft: Draft, located: Located, scan: Scan) -> None:
    """Guess what a format needs beside the counts: genes of transcripts, lengths, that counts are estimates."""
    folder = Path(draft.counts) if os.path.isdir(draft.counts) else Path(draft.counts).parent
    if FORMATS[located.format].of_transcripts:
        near = sorted(path for base in (folder, folder.parent) for path in base.glob("*tx2gene*") if path.is_file())
        draft.extra["tx2gene"] = _shown(near[0]) if near else FILL_IN
        pairs = [re.split(r"[\t,]", line) for line in (first_lines(str(near[0]), 50)[1:] if near else ())]
        scan.first_genes = [pair[1].strip('"') for pair in pairs if len(pair) > 1] or scan.first_genes
        draft.remarks["tx2gene"] = "the counts are of transcripts, so a table of their genes is needed"
        draft.remarks["tx2gene"] += f"; {near[0].name} is called like one" if near else ", and none lies beside them"
    elif FORMATS[located.format].lengths_file:
        name = Path(draft.counts).name
        lengths = folder / re.sub(r"gene_counts\w*", "gene_lengths", name)
        if "scaled" in name:
            draft.extra["length_correction"] = "none"
            draft.remarks["length_correction"] = "by their name the counts are scaled by length already"
        elif lengths.name != name and lengths.is_file():
            draft.extra["length_matrix"] = _shown(lengths)
            draft.remarks["length_matrix"] = "transcript lengths of each sample lie beside the counts"
    elif FORMATS[located.format].with_strands:
        draft.extra["strand"] = "auto"
        draft.remarks["strand"] = (
            "inferred from the reads on each strand; set it if you know how the libraries were made"
        )
    if scan.n_fractions and not FORMATS[located.format].estimated:
        draft.extra["estimated_counts"] = "true"
        draft.remarks["estimated_counts"] = f"{counted(scan.n_fractions, 'value')} are fractions; CHECK that these are "
        draft.remarks["estimated_counts"] += "estimated counts (RSEM, Salmon), not normalised values"


def _guess_design(draft: Draft, columns: Mapping[str, list[str]]) -> None:
    """Choose the factor to compare, its reference, and the blocks that the samples can separate from it."""
    possible = []
    for name, values in columns.items():
        reason = _why_no_factor(values)
        if reason is None:
            possible.append(name)
        else:
            draft.others[name] = reason
    # A level that is called a control says more than the name of a column, and that more than the order.
    ranked = sorted(possible, key=lambda name: (-_likeness(name, columns[name]), len(set(columns[name]))))
    if not ranked:
        draft.remarks["formula"] = _why_nothing_to_compare(columns)
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


def _why_nothing_to_compare(columns: Mapping[str, list[str]]) -> str:
    """Say why no column is a factor: no replicates, if one looks like what is compared."""
    single = [name for name, values in columns.items() if len(set(values)) == len(values) > 1 and "" not in values]
    likely = [name for name in single if _likeness(name, columns[name]) > 0]
    if likely:
        name = max(likely, key=lambda column: _likeness(column, columns[column]))
        return (
            f"no replicates: every level of {quoted(name)} has one sample, and without a second one nothing tells how "
            "samples of one level vary; no test is possible. Sequence replicates, or add their samples"
        )
    return "no column has 2 or more levels with 2 or more samples each"


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


def _words(name: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return set(re.findall(r"[a-z]+", spaced.casefold())) | {bare(name)}


def _is_block_name(name: str) -> bool:
    return bool(_words(name) & _BATCH_WORDS)


def _reference_rank(level: str) -> int:
    """Return the place of a level among the words for a control; their number if it is none of them."""
    words = {bare(level), *re.findall(r"[^\W_]+", level.casefold())}
    ranks = [rank for rank, word in enumerate(_REFERENCE_WORDS) if word in words]
    return min(ranks, default=len(_REFERENCE_WORDS))


def _likeness(name: str, values: Sequence[str]) -> int:
    has_control = any(_reference_rank(level) < len(_REFERENCE_WORDS) for level in set(values))
    return 4 * has_control + 2 * bool(_words(name) & _QUESTION_WORDS) - 3 * _is_block_name(name)


def _why_factor(name: str, values: Sequence[str]) -> str:
    if any(_reference_rank(level) < len(_REFERENCE_WORDS) for level in set(values)):
        return "one of its levels is called like a control"
    if _words(name) & _QUESTION_WORDS:
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


def _guess_gene_table(draft: Draft, scan: Scan) -> None:
    genes = scan.first_genes
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
    draft.remarks["genes"] = f"the kind of gene id is not known ({genes[0]}); name a GTF or a table with these ids"


def _file_name(name: str) -> str:
    """Return a name without what cannot stand in a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", analysis_name(name)).strip("._-") or "analysis"


_NO_NAMES = frozenset(
    {"counts", "count", "raw", "matrix", "gene", "genes", "merged", "quant", "quants", "filtered", "feature", "bc"}
    | {"salmon", "star", "kallisto", "rsem", "htseq", "featurecounts"}
)


def _name_from(counts: Path | str, samples: Path | str) -> str:
    endings = r"(\.(gz|zst|tsv|csv|txt|tab|parquet|h5ad|xlsx))+$"
    stem = re.sub(endings, "", Path(counts).resolve().name, flags=re.IGNORECASE)
    words = [word for word in re.split(r"[^A-Za-z0-9]+", stem) if word]
    telling = [word for word in words if bare(word) not in _NO_NAMES]
    folder = Path(counts).resolve().parent.name
    return _file_name("_".join(telling) or folder or Path(samples).stem)


def _shown(path: Path | str) -> str:
    """Return a path relative to the working folder where it lies inside, so that it is true on other machines."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _scalar(value: str) -> str:
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


def as_yaml(draft: Draft) -> str:
    """Return the text of ``config/analyses/<name>.yaml``."""
    remarks = draft.remarks
    lines = [
        "# A draft: what was guessed says so. Read it once, correct it, and run `make check`.",
        "# All other settings and their defaults: config/README.md.",
        f"title: {json.dumps(draft.name.replace('_', ' '), ensure_ascii=False)}",
        'version: "1.0"',
        "",
        "ingest:",
        *([f"  # Found: {remarks['format']}."] if "format" in remarks else []),
        f"  counts: {_scalar(draft.counts)}",
        f"  samples: {_scalar(draft.samples)}",
        f"  # Guess: {remarks['sample_column']}.",
        f"  sample_column: {_scalar(draft.sample_column)}",
    ]
    if draft.ignore_columns:
        names = ", ".join(map(_scalar, draft.ignore_columns))
        lines += [f"  # Guess: {remarks['ignore_columns']}.", f"  ignore_columns: [{names}]"]
    for key, value in draft.extra.items():
        lines += [f"  # Guess: {remarks[key]}.", f"  {key}: {value if key != 'tx2gene' else _scalar(value)}"]
    lines += [
        "  # Samples to leave out, each with its reason:",
        "  # exclude_samples: {S12: RNA degraded}",
        "",
        "design:",
    ]
    lines += _design_lines(draft)
    if draft.blocks:
        columns = ", ".join(map(_scalar, draft.blocks))
        lines += ["", "batch:", f"  # Guess: {remarks['blocks']}.", f"  columns: [{columns}]"]
    lines += ["", "test:", "  contrasts:"]
    if draft.factor is None:
        lines += [f"    a_vs_b: {{factor: {FILL_IN}, test: {FILL_IN}, reference: {FILL_IN}}}"]
    else:
        reference = draft.levels[draft.factor][0]
        lines += ["    # Every level with the reference. A positive log2 fold change is higher in `test`."]
        for name, level in contrast_names(draft.levels[draft.factor]).items():
            values = f"factor: {_scalar(draft.factor)}, test: {_scalar(level)}, reference: {_scalar(reference)}"
            lines += [f"    {_scalar(name)}: {{{values}}}"]
    lines += ["", "annotate:", f"  # Guess: {remarks['genes']}."]
    lines += [f"  genes: {draft.gene_table}" if draft.gene_table else "  genes: null"]
    return "\n".join(lines) + "\n"


def _design_lines(draft: Draft) -> list[str]:
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
            lines += [f"    {_scalar(name)}: {{reference: {_scalar(levels[0])}}}"]
        levels = draft.levels[draft.factor]
        lines += [f"    # {listed(levels)}. Guess: {draft.remarks['reference']}."]
        lines += [f"    {_scalar(draft.factor)}: {{reference: {_scalar(levels[0])}}}"]
    if draft.others:
        lines += ["  # Columns of the sheet that are not used:"]
        lines += [f"  #   {quoted(name)} {reason}" for name, reason in draft.others.items()]
    return lines


def with_analysis(config_text: str, path: str) -> str:
    """Add a file to the list ``analyses`` of ``config/config.yaml``, leaving comments and layout as they are.

    Raises
    ------
    ConfigError
        if the list cannot be found in the text or has the file already; then add the line by hand.
    """
    by_hand = f"Add '{path}' to the list 'analyses' by hand."
    before = _yaml_or_none(config_text)
    if not isinstance(before, dict):
        raise ConfigError(f"config/config.yaml: is not valid YAML. {by_hand}")
    listed_before = list(before.get("analyses") or [])
    if path in listed_before:
        raise ConfigError(f"config/config.yaml: analyses: has {path} already. Leave --add out.")
    lines = config_text.splitlines()
    head = next((number for number, line in enumerate(lines) if re.match(r"analyses\s*:", line)), None)
    if head is None:
        raise ConfigError(f"config/config.yaml: has no list 'analyses'. {by_hand}")
    items = head + 1
    last, indent = head, "  "
    while items < len(lines) and (not lines[items].strip() or re.match(r"\s*(#|-\s)", lines[items])):
        item = re.match(r"(\s*)-\s", lines[items])
        if item:
            last, indent = items, item[1]
        items += 1
    inline = re.match(r"(analyses\s*:\s*\[)(.*)(\].*)$", lines[head])
    if inline:
        inner = ", ".join([part for part in (inline[2].strip(), _scalar(path)) if part])
        lines[head] = f"{inline[1]}{inner}{inline[3]}"
    else:
        lines.insert(last + 1, f"{indent}- {_scalar(path)}")
    text = "\n".join(lines) + "\n"
    if _yaml_or_none(text) != before | {"analyses": [*listed_before, path]}:
        raise ConfigError(f"config/config.yaml: the list 'analyses' has an unusual form. {by_hand}")
    return text


def _yaml_or_none(text: str) -> object:
    """Return what YAML text holds; None if it cannot be read."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None
