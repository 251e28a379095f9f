"""What a scan means under the settings of an analysis: faults, and what is only worth knowing."""

import re
from collections.abc import Collection, Sequence

from degsteps.basics.errors import Finding
from degsteps.basics.words import counted, is_annotation_name, listed, quoted, verb
from degsteps.inputs.scan.scan import Scan

#: The largest 32-bit integer, which is R's; no library has as many reads.
LARGEST_COUNT = 2**31 - 1
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+(?:[eE][-+]?\d+)?")


def annotation_columns(scan: Scan, sample_ids: Collection[str] | None = None) -> list[str]:
    """Return the columns that most likely hold no sample.

    These are columns with text in most lines and, if ``sample_ids`` are given, others that are called like annotation.
    """
    texts = {name for name, (number, *_) in scan.text_cells.items() if number > scan.n_genes / 2}
    if sample_ids is not None:
        texts |= {name for name in scan.samples if name not in sample_ids and is_annotation_name(name)}
    return [name for name in scan.samples if name in texts]


def scan_faults(
    scan: Scan,
    estimated_counts: bool = False,
    duplicate_genes: str = "error",
    sample_ids: Collection[str] | None = None,
) -> tuple[list[Finding], list[Finding]]:
    """Return what is wrong with a scanned matrix under these settings, and what is only worth knowing.

    Parameters
    ----------
    estimated_counts, duplicate_genes : as in the configuration.
    sample_ids : ids in the sample sheet; with them, other columns that are called like annotation are faults.
    """
    faults, notes = list(scan.faults), []
    if scan.titles:
        number, title = len(scan.titles), scan.titles[0].strip(",;\t ")[:60]
        what = f"the header is line {scan.header_line}; {counted(number, 'line')} above it "
        what += f"{verb(number, 'is a title', 'are titles')} and passed over, the first {quoted(title)}."
        notes.append(Finding("header", what, "Nothing is to be done if that is so."))
    annotation = annotation_columns(scan, sample_ids)
    commas = [name for name in annotation if _DECIMAL_COMMA.fullmatch(str(scan.text_cells.get(name, [0, "", ""])[2]))]
    if commas:
        _, gene, cell = scan.text_cells[commas[0]]
        what = f"{listed(commas)} {verb(len(commas), 'has', 'have')} numbers with a decimal comma, e.g. "
        what += f"{_cell((gene, commas[0], cell))}."
        faults.append(
            Finding("", what, "Export the table with decimal points, or better the raw counts, which have none.")
        )
    annotation = [name for name in annotation if name not in commas]
    if annotation:
        number = len(annotation)
        what = f"{listed(annotation)} {verb(number, 'looks', 'look')} like annotation of genes, not like counts."
        cure = f"Add what is no sample to the list ingest.ignore_columns: [{', '.join(annotation)}]."
        faults.append(Finding("header", what, cure))
    words = {name: text_cells for name, text_cells in scan.text_cells.items() if name not in {*annotation, *commas}}
    if words:
        number = sum(text_cells[0] for text_cells in words.values())
        sample, (_, gene, cell) = next(iter(words.items()))
        what = (
            f"{counted(number, 'cell')} {verb(number, 'holds', 'hold')} no number, e.g. {_cell((gene, sample, cell))}."
        )
        faults.append(Finding("", what, "Write whole numbers, without signs for thousands."))
    if scan.n_missing:
        number = scan.n_missing
        what = f"{counted(number, 'cell')} {verb(number, 'is', 'are')} missing, e.g. {_cell(scan.missing[0])}."
        faults.append(Finding("", what, "Write 0 if the gene was counted and had no reads; otherwise delete the gene."))
    if scan.n_negative:
        number = scan.n_negative
        what = f"{counted(number, 'cell')} {verb(number, 'is', 'are')} negative, e.g. {_cell(scan.negative[0])}."
        faults.append(Finding("", what, "Counts are never negative: give the raw counts, not adjusted or log values."))
    if scan.largest > LARGEST_COUNT:
        what = f"the largest value is {scan.largest:.4g}, more than any gene can have reads."
        faults.append(Finding("", what, "Give the raw counts; a delimiter may be missing between two of them."))
    fault, note = _scale_faults(scan, estimated_counts, bool(scan.text_cells))
    faults += [fault] if fault else []
    notes += [note] if note else []
    if scan.n_duplicates and duplicate_genes == "error":
        number = scan.n_duplicates
        examples = f"{listed(scan.duplicates[:5], quote=False)}{_more(number)}"
        what = f"{counted(number, 'gene id')} {verb(number, 'occurs', 'occur')} more than once: {examples}."
        faults.append(Finding("", what, "Make the ids unique, or add the counts up with ingest.duplicate_genes: sum."))
    if scan.odd_genes:
        number = len(scan.odd_genes)
        what = f"{listed(scan.odd_genes)} {verb(number, 'is no gene but a total', 'are no genes but totals')}."
        faults.append(
            Finding("", what, "Delete what HTSeq or STAR appended to the genes; it would distort library sizes.")
        )
    twins = _twins(scan, sample_ids) if not faults else []
    if twins:
        examples = listed([f"{quoted(first)} and {quoted(second)}" for first, second in twins], 3, quote=False)
        what = f"{examples} have the same sum and the same number of genes: most likely one sample under two names."
        notes.append(Finding("", what, "Find out which name is right, and exclude the other with the reason."))
    if scan.date_genes:
        what = f"{listed(scan.date_genes)} look like gene symbols that a spreadsheet turned into dates (MARCH1, SEPT2)."
        notes.append(Finding("", what, "Export the table without opening it in a spreadsheet, or use gene ids."))
    return faults, notes


def _twins(scan: Scan, sample_ids: Collection[str] | None) -> list[tuple[str, str]]:
    """Return pairs of columns that are most likely the same: two samples hardly ever have one sum and one richness."""
    first_of: dict[tuple[float, int], str] = {}
    pairs = []
    for name, total, detected in zip(scan.samples, scan.totals, scan.detected, strict=False):
        if total >= 1000 and detected >= 20 and (sample_ids is None or name in sample_ids):
            first = first_of.setdefault((total, detected), name)
            if first != name:
                pairs.append((first, name))
    return pairs


def _more(number: int) -> str:
    return f" and {number - 5} more" if number > 5 else ""


def _cell(example: Sequence[str]) -> str:
    gene, sample, text = example
    return f"{quoted(text)} (gene {gene}, sample {sample})"


def _scale_faults(scan: Scan, estimated_counts: bool, is_mixed: bool) -> tuple[Finding | None, Finding | None]:
    """Say what values with fractions, or with equal sums, most likely are."""
    totals = [total for total in scan.totals if total]
    if not totals or is_mixed or scan.n_negative:
        return None, None
    raw = "Give the raw counts: the test needs them."
    if scan.n_genes >= 20 and len(totals) > 1 and all(abs(total - 1e6) < 1e3 for total in totals):
        return Finding("", "every sample sums to 1,000,000: these are TPM or CPM, not counts.", raw), None
    if not scan.n_fractions:
        if scan.n_genes < 100 or scan.largest > 25:
            return None, None
        what = f"the largest count of {scan.n_genes} genes is {scan.largest:.0f}: these may be rounded log values."
        return None, Finding("", what, "Make sure that these are raw counts; libraries of so few reads tell little.")
    share = scan.n_fractions / max(1, scan.n_positive)
    wrong = verb(scan.n_fractions, "is no whole number", "are no whole numbers")
    cells = f"{counted(scan.n_fractions, 'cell')} {wrong}"
    example = f"e.g. {_cell(scan.fractions[0])}"
    if scan.largest < 50 and share > 0.5:
        what = f"the largest value is {scan.largest:.4g} and {cells}: these are log values or ratios, not counts."
        return Finding("", what, raw), None
    is_like_fpkm = share > 0.95 and sorted(totals)[len(totals) // 2] < 1.5e6
    if not estimated_counts:
        guess = " They look like FPKM or normalised values." if is_like_fpkm else ""
        what = f"{cells}, {example}.{guess}"
        cure = f"{raw} If they are estimates (RSEM, Salmon through tximport), set ingest.estimated_counts: true."
        return Finding("", what, cure), None
    if is_like_fpkm:
        what = "almost no value is whole and the sums are small for counts: they may be FPKM or normalised values."
        return None, Finding("", what, "Make sure that these are estimated counts ('expected_count', 'NumReads').")
    return None, None
