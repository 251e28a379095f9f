"""What a pass over a count matrix finds."""

from dataclasses import dataclass, field

from degsteps.basics.errors import Finding


@dataclass
class Scan:
    """What a pass over a count matrix found.

    Attributes
    ----------
    path : the file.
    delimiter : what separates the cells.
    n_comment_lines : lines that begin with ``#`` before the header (featureCounts writes one).
    titles : lines above the header that are neither comments nor blank.
    n_trailing : delimiters at the end of every line, behind its last cell; and ``header_line`` is the header's number.
    has_row_names : whether the header lacks the name of the gene column, as R's ``write.table`` leaves it out.
    columns : names in the header, trimmed.
    gene_column : name of the column of gene ids; blank if it has none.
    samples : names of the columns of counts: all others that are not to be ignored.
    positions : where these columns stand in a line, and ``gene_position`` where the gene ids do.
    n_genes : number of rows.
    first_genes : the first 200 gene ids.
    totals : sum of each sample's counts.
    detected : number of genes with a count in each sample.
    largest : the largest value.
    n_positive, n_fractions : cells above zero, and cells that are no whole numbers.
    fractions, missing, negative : examples ``(gene, sample, cell)`` of each kind of cell.
    n_missing, n_negative : number of such cells.
    text_cells : by column, the number of cells that are no numbers, and the gene and the content of the first.
    duplicates : number of gene ids that occur more than once, and examples.
    no_genes : rows that are left out, by name: the reason, and how many there are. They are in no other number.
    skipped_rows : where they stand among the lines of data that are not blank.
    kept_words : rows that are called like a total or a mean, and whose counts are like a gene's.
    sum_rows : rows of any name that are sums, and of what.
    named_rows : rows of the configuration (to drop or to keep) that are there.
    beside : columns that are left out, as no row of the sheet names them: what they are, blank if that is not known.
    twins : pairs of columns that are the same from the first gene to the last.
    has_full_gene : whether any gene has counts in all samples.
    date_genes : ids that look like gene symbols which a spreadsheet turned into dates -> the symbol that was meant,
        blank if that is not known.
    gene_ids : every id once, a line each; a table of 60,000 is one text and not as many objects. Those of the first
        file, where there is one for each sample.
    has_end : whether the last line has a line end, as programs write it.
    faults : what makes the file unreadable or ragged, whatever the settings.
    remarks : what is only worth knowing, whatever the settings.
    format, evidence : the format, and what tells it.
    is_partial : whether only names are known: the values of this format are read by the job.
    """

    path: str
    delimiter: str = "\t"
    n_comment_lines: int = 0
    titles: list[str] = field(default_factory=list)
    n_trailing: int = 0
    header_line: int = 1
    has_row_names: bool = False
    columns: list[str] = field(default_factory=list)
    gene_column: str = ""
    samples: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    gene_position: int = 0
    n_genes: int = 0
    first_genes: list[str] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)
    detected: list[int] = field(default_factory=list)
    largest: float = 0
    n_positive: int = 0
    n_fractions: int = 0
    fractions: list[list[str]] = field(default_factory=list)
    n_missing: int = 0
    missing: list[list[str]] = field(default_factory=list)
    n_negative: int = 0
    negative: list[list[str]] = field(default_factory=list)
    text_cells: dict[str, list] = field(default_factory=dict)
    n_duplicates: int = 0
    duplicates: list[str] = field(default_factory=list)
    no_genes: dict[str, list] = field(default_factory=dict)
    skipped_rows: list[int] = field(default_factory=list)
    kept_words: list[str] = field(default_factory=list)
    sum_rows: dict[str, str] = field(default_factory=dict)
    named_rows: list[str] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)
    twins: list[list[str]] = field(default_factory=list)
    has_full_gene: bool = False
    date_genes: dict[str, str] = field(default_factory=dict)
    gene_ids: str = field(default="", repr=False)
    has_end: bool = True
    faults: list[Finding] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)
    format: str = "table"
    evidence: str = ""
    is_partial: bool = False

    @property
    def genes(self) -> list[str]:
        """Every gene id once, in no order; none where the values are read by the job."""
        return self.gene_ids.split("\n") if self.gene_ids else []

    @property
    def is_readable(self) -> bool:
        """Whether the header and the shape of the table are sound, so that its samples can be compared."""
        return not self.faults

    def alike_columns(self) -> list[tuple[int, int]]:
        """Return pairs of places of samples with the same sum and the same number of genes: they may be one."""
        first_of: dict[tuple[float, int], int] = {}
        pairs = []
        for place, (total, detected) in enumerate(zip(self.totals, self.detected, strict=False)):
            if total >= 1000 and detected >= 20:
                first = first_of.setdefault((total, detected), place)
                if first != place:
                    pairs.append((first, place))
        return pairs
