"""A first configuration of an analysis, guessed from counts in any format and a sample sheet.

Standard library and PyYAML only for text, so that it runs before any environment is made; binary formats are read by
their libraries. Every guess is written into the file
as a comment with its reason: the file is a draft that its reader completes, not an answer.
"""

import os
import re
from pathlib import Path

import yaml

from degsteps.basics.errors import ConfigError, DataError
from degsteps.basics.words import counted, listed, quoted
from degsteps.inputs.formats import FORMATS
from degsteps.inputs.scan import Scan, annotation_columns
from degsteps.inputs.sheet import inspect_sheet, matching_column, read_columns
from degsteps.inputs.sources import Located, Source, column_of_archive, first_lines, locate, locate_source, scan_source
from degsteps.onboarding.beside_counts import keep_symbols
from degsteps.onboarding.design_guess import guess_design, guess_gene_table
from degsteps.onboarding.draft import (
    FILL_IN,
    Draft,
    annotation_lines,
    contrast_lines,
    design_lines,
    file_name,
    head_lines,
    name_from,
    scalar,
    shown_path,
)
from degsteps.onboarding.swapped import refuse_swapped


def draft_analysis(counts: Path | str, samples: Path | str, name: str | None = None) -> Draft:
    """Guess an analysis from its two files.

    Raises
    ------
    DataError
        if a file cannot be read, or no column of the sheet holds the names in the header of the counts.
    """
    refuse_swapped(counts, samples)
    # First the sheet: it is small, and what is wrong with it is said before a large matrix is read.
    sheet, located = read_columns(samples), locate(counts)
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
        name=file_name(name) if name else name_from(counts, samples),
        counts=shown_path(counts),
        samples=shown_path(samples),
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
    guess_design(draft, columns)
    guess_gene_table(draft, scan.first_genes)
    keep_symbols(draft, located, scan)
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
        draft.extra["tx2gene"] = shown_path(near[0]) if near else FILL_IN
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
            draft.extra["length_matrix"] = shown_path(lengths)
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


def as_yaml(draft: Draft) -> str:
    """Return the text of ``config/analyses/<name>.yaml``."""
    remarks = draft.remarks
    lines = [
        *head_lines(draft),
        "ingest:",
        *([f"  # Found: {remarks['format']}."] if "format" in remarks else []),
        f"  counts: {scalar(draft.counts)}",
        f"  samples: {scalar(draft.samples)}",
        f"  # Guess: {remarks['sample_column']}.",
        f"  sample_column: {scalar(draft.sample_column)}",
    ]
    if draft.ignore_columns:
        names = ", ".join(map(scalar, draft.ignore_columns))
        lines += [f"  # Guess: {remarks['ignore_columns']}.", f"  ignore_columns: [{names}]"]
    for key, value in draft.extra.items():
        lines += [f"  # Guess: {remarks[key]}.", f"  {key}: {value if key != 'tx2gene' else scalar(value)}"]
    lines += [
        "  # Samples to leave out, each with its reason:",
        "  # exclude_samples: {S12: RNA degraded}",
        "",
        "design:",
    ]
    lines += design_lines(draft)
    if draft.blocks:
        columns = ", ".join(map(scalar, draft.blocks))
        lines += ["", "batch:", f"  # Guess: {remarks['blocks']}.", f"  columns: [{columns}]"]
    lines += ["", "test:", "  contrasts:", *contrast_lines(draft), "", *annotation_lines(draft)]
    return "\n".join(lines) + "\n"


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
        inner = ", ".join([part for part in (inline[2].strip(), scalar(path)) if part])
        lines[head] = f"{inline[1]}{inner}{inline[3]}"
    else:
        lines.insert(last + 1, f"{indent}- {scalar(path)}")
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
