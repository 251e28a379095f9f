"""What a scan means under the settings of an analysis: faults, and what is only worth knowing."""

import json
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
    faults, notes = list(scan.faults), list(scan.remarks)
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
    faults += _sum_faults(scan)
    notes += _row_notes(scan) + _column_notes(scan)
    twins = [pair for pair in scan.twins if sample_ids is None or {*pair} <= {*sample_ids}] if not faults else []
    if twins:
        examples = listed([f"{quoted(first)} and {quoted(second)}" for first, second in twins], 3, quote=False)
        what = f"{examples} have the same count of every gene: most likely one sample under two names."
        notes.append(Finding("", what, "Find out which name is right, and exclude the other with the reason."))
    if scan.date_genes:
        number = len(scan.date_genes)
        known = [f"{quoted(name)} ({gene})" if gene else quoted(name) for name, gene in scan.date_genes.items()]
        what = (
            f"{counted(number, 'gene id')} {verb(number, 'looks like a gene symbol', 'look like gene symbols')} that "
        )
        what += f"a spreadsheet turned into {verb(number, 'a date', 'dates')}: {listed(known, quote=False)}."
        notes.append(Finding("", what, "Export the table without opening it in a spreadsheet, or use gene ids."))
    return faults, notes


def _sum_faults(scan: Scan) -> list[Finding]:
    """Name rows that are sums of others, and that no name gives away."""
    faults = []
    for name, of in list(scan.sum_rows.items())[:10]:
        what = f"the row {quoted(name)} is the sum of {of} in every sample, as no gene is."
        item = name if re.fullmatch(r"[^\W\d][\w .-]*", name) else json.dumps(name, ensure_ascii=False)
        cure = f"Take it out with ingest.drop_rows: [{item}], or, if it is a gene, set ingest.keep_rows: [{item}]."
        faults.append(Finding("", what, cure))
    return faults


def _row_notes(scan: Scan) -> list[Finding]:
    """Say which rows are left out, and which ones are genes though they are called like a total."""
    notes = []
    if scan.no_genes:
        number = sum(rows for _, rows in scan.no_genes.values())
        what = f"{counted(number, 'row')} {verb(number, 'is no gene but a total', 'are no genes but totals')} and "
        what += f"{verb(number, 'is', 'are')} left out: {listed(scan.no_genes, 12)}."
        cure = "They are in the account of genes; if one is a gene, list it under ingest.keep_rows."
        notes.append(Finding("", what, cure))
    if scan.kept_words:
        number, them = len(scan.kept_words), verb(len(scan.kept_words), "it", "them")
        what = f"{listed(scan.kept_words)} {verb(number, 'is', 'are')} called like a total or a mean, but the counts "
        what += f"are like a gene's, so {verb(number, 'it is', 'they are')} taken for {verb(number, 'one', 'some')}."
        cure = f"If that is wrong, list {them} under ingest.drop_rows; if it is right, under ingest.keep_rows."
        notes.append(Finding("", what, cure))
    return notes


def _column_notes(scan: Scan) -> list[Finding]:
    """Say which columns are left out because the sheet does not name them and they are no samples."""
    kinds: dict[str, list[str]] = {}
    for name, kind in scan.beside.items():
        if kind:
            kinds.setdefault(kind, []).append(name)
    if not kinds:
        return []
    parts = [f"{listed(names)} ({kind})" for kind, names in kinds.items()]
    number = sum(map(len, kinds.values()))
    what = f"{counted(number, 'column')} that no row of the sheet names {verb(number, 'is', 'are')} left out: "
    what += f"{'; '.join(parts)}."
    cure = "List what is no sample under ingest.ignore_columns; add what is one to the sheet."
    return [Finding("header", what, cure)]


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
