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
    odd_genes : ids that are no genes: totals that HTSeq and STAR append.
    date_genes : ids that look like gene symbols which a spreadsheet turned into dates.
    faults : what makes the file unreadable or ragged, whatever the settings.
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
    odd_genes: list[str] = field(default_factory=list)
    date_genes: list[str] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)
    format: str = "table"
    evidence: str = ""
    is_partial: bool = False

    @property
    def is_readable(self) -> bool:
        """Whether the header and the shape of the table are sound, so that its samples can be compared."""
        return not self.faults
