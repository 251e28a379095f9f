"""Every format of counts, once: what it is called, how its files are recognised, and what its numbers are.

The choices of the configuration, the search for files, the checks before a run and the README read this module; how a
format is read stands in :mod:`degsteps.ingest.reading`. Standard library only: the Snakefile imports it.
"""

import re
from dataclasses import dataclass

_FEATURECOUNTS = ("Geneid", "Chr", "Start", "End", "Strand", "Length")
#: Columns that featureCounts writes between lengths and counts if it is asked for more attributes.
_ATTRIBUTES = r"(?:\t(?:gene_?(?:name|symbol|type|biotype|id)|symbol|description))*"
#: Names of files of one sample that tell nothing of the program, with words that tell of it in ``{}``.
_PLAIN_TEXT = (
    r"(.+?)(?:[._-](?:{}))*\.(?i:txt|tsv|tab|tabular|dat|out|cnt|counts?|readcounts?|htseq(?:_counts?)?|featurecounts?)"
)
#: Such names of the files of programs that have names of their own, e.g. after a download from Galaxy.
PLAIN_NAMES = _PLAIN_TEXT.format("salmon|quant|kallisto|abundance|star|rsem|genes?|counts?|ReadsPerGene|results")
_SALMON = r"Name\tLength\tEffectiveLength\tTPM\tNumReads$"


@dataclass(frozen=True)
class Part:
    """One of the files of a matrix in a folder: what it is called in messages, and the pattern of its name."""

    label: str
    pattern: str


@dataclass(frozen=True)
class Format:
    """A format of counts.

    Attributes
    ----------
    title : in a list of formats.
    words : in messages.
    files : what its files are called in advice on folders; blank if the name tells nothing.

    per_sample : of formats with one file for each sample: the pattern of its name. The group is the sample unless it is
        blank, then the folder is. Files of other names are taken if these are :data:`PLAIN_NAMES` and they begin so.
    first_line : what the first lines of such a file must match; ``$`` is the end of any of them.
    plain_line : what those of a plain name must match, if that is more, where the format is not named.
    is_common_name : whether other files have such names too: those that begin otherwise are passed over.
    comment : what a line before the first one may begin with.
    rather : the format of the same program that is read where a folder has both.
    by_sheet : whether files are called by ids of an archive, so that a sheet's column of file names tells the samples.

    parts : of matrices that are several files in a folder: these; any file of the first part's name tells the format.
    parts_words : which files belong together.
    samples_part : the part whose lines begin with the names of the samples.

    first_bytes : of one file: what it begins with.
    inside, endings : where other formats begin so too: bytes within the first 4,096, or endings of the name.
    first_lines : of one text file: what its first two lines that are not blank, without quotation marks, must match.
    evidence : what tells the format of one file, in words.

    is_table : whether one text file holds genes in rows and samples in columns.
    beside : columns beside the counts that such a table always has.
    has_dimensions : whether its second line tells the numbers of genes and of samples.
    names_are_alignments : whether its samples are called by the paths of alignments.

    estimated : whether the counts are estimates.
    with_lengths : whether they tell how long a gene's transcripts are in each sample.
    of_transcripts : whether they are of transcripts, which need a table of their genes.
    with_strands : whether there are counts of each strand, of which one is chosen.
    lengths_file : the file of transcript lengths that lies beside counts of genes.
    """

    title: str
    words: str
    files: str = ""
    per_sample: str | None = None
    first_line: str | None = None
    plain_line: str | None = None
    is_common_name: bool = False
    comment: str | None = None
    rather: str | None = None
    by_sheet: bool = False
    parts: tuple[Part, ...] = ()
    parts_words: str = ""
    samples_part: int = 0
    first_bytes: bytes | None = None
    inside: bytes | None = None
    endings: tuple[str, ...] = ()
    first_lines: str | None = None
    evidence: str = ""
    is_table: bool = False
    beside: tuple[str, ...] = ()
    has_dimensions: bool = False
    names_are_alignments: bool = False
    estimated: bool = False
    with_lengths: bool = False
    of_transcripts: bool = False
    with_strands: bool = False
    lengths_file: str | None = None

    @property
    def description(self) -> str:
        """What the documentation of the configuration says of a format, if that is more than its title."""
        return "" if self.words == self.title else f"{self.words}."


FORMATS: dict[str, Format] = {
    "table": Format(
        title="tables of text",
        words="a table of counts",
        is_table=True,
        evidence="text with genes in rows",
    ),
    "featurecounts": Format(
        title="featureCounts",
        words="featureCounts",
        per_sample=_PLAIN_TEXT.format("htseq|gene|counts?|featurecounts?"),
        first_line=r"\t".join(_FEATURECOUNTS) + _ATTRIBUTES + r"\t[^\t\n]+$",
        is_common_name=True,
        comment="# Program:featureCounts",
        first_lines=r"# Program:featureCounts|[^\n]*\n" + r" *\t *".join(_FEATURECOUNTS) + r"\b",
        evidence="its columns are Geneid, Chr, Start, End, Strand, Length and counts",
        is_table=True,
        beside=_FEATURECOUNTS[1:],
        names_are_alignments=True,
    ),
    "nfcore_rnaseq": Format(
        title="nf-core/rnaseq",
        words="a merged gene table of nf-core/rnaseq",
        first_lines=r"(?:#[^\n]*\n)?gene_id\tgene_name(?:\t|\n|$)",
        evidence="its first columns are gene_id and gene_name",
        is_table=True,
        beside=("gene_name",),
        estimated=True,
        lengths_file="salmon.merged.gene_lengths.tsv",
    ),
    "star": Format(
        title="STAR",
        words="STAR ReadsPerGene.out.tab files",
        files="ReadsPerGene.out.tab",
        per_sample=r"(.*?)[._-]?ReadsPerGene\.out\.tab",
        first_line=r"N_unmapped\t\d+\t\d+\t\d+$",
        with_strands=True,
    ),
    "gdc_star": Format(
        title="STAR of the GDC",
        words="augmented_star_gene_counts.tsv files of the GDC",
        files="augmented_star_gene_counts.tsv",
        per_sample=r"(.+?)(?:\.rna_seq)?\.augmented_star_gene_counts\.tsv",
        first_line=r"gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second(?:\t|$)",
        comment="#",
        by_sheet=True,
        with_strands=True,
    ),
    "htseq": Format(
        title="HTSeq",
        words="HTSeq-count files",
        files="HTSeq",
        per_sample=_PLAIN_TEXT.format("htseq|gene|counts?|feature"),
        # A line of column names may stand above, and names of genes, which are no numbers, between ids and counts.
        first_line=r"(?:[^\t\n]*(?:\t[^\t\n]*){0,2}\t*\n)?"
        r"[^\t\n]+\t(?:(?!\d+(?:\.\d+)?\t)[^\t\n]*\t)?\d+(?:\.\d+)?\t*$",
        comment="#",
        is_common_name=True,
    ),
    "salmon": Format(
        title="Salmon",
        words="Salmon quant.sf files",
        files="quant.sf",
        per_sample=r"(.*?)[._-]?(?:quant)?(?<!genes)\.sf",
        first_line=_SALMON,
        # Galaxy calls files of transcripts and of genes alike.
        plain_line=_SALMON + r"\n(?!ENS[A-Z]*G\d)",
        estimated=True,
        with_lengths=True,
        of_transcripts=True,
    ),
    "salmon_genes": Format(
        title="Salmon and DRAGEN by gene",
        words="quant.genes.sf files of Salmon or DRAGEN",
        files="quant.genes.sf",
        per_sample=r"(.*?)[._-]?(?:quant)?[._-]?genes\.sf",
        first_line=_SALMON,
        plain_line=_SALMON + r"\nENS[A-Z]*G\d",
        rather="salmon",
        estimated=True,
        with_lengths=True,
    ),
    "kallisto": Format(
        title="kallisto",
        words="kallisto abundance.tsv or abundance.h5 files",
        files="abundance.tsv",
        per_sample=r"(.*?)[._-]?abundance\.(?:tsv|h5)",
        first_line=r"target_id\tlength\teff_length\test_counts\ttpm$",
        estimated=True,
        with_lengths=True,
        of_transcripts=True,
    ),
    "rsem": Format(
        title="RSEM",
        words="RSEM genes.results files",
        files="genes.results",
        per_sample=r"(.*?)[._-]?genes\.results",
        first_line=r"gene_id\ttranscript_id\(s\)\tlength\teffective_length\texpected_count\tTPM\tFPKM",
        estimated=True,
        with_lengths=True,
    ),
    "gct": Format(
        title="GCT",
        words="GCT 1.2",
        first_lines=r"#1\.2\s*\n *\d+\t\d+",
        evidence="begins with #1.2 and the numbers of genes and samples",
        is_table=True,
        beside=("Description",),
        has_dimensions=True,
    ),
    "parquet": Format(title="Parquet", words="Parquet", first_bytes=b"PAR1", evidence="begins with PAR1"),
    "h5ad": Format(
        title="AnnData (h5ad)",
        words="AnnData (h5ad)",
        first_bytes=b"\x89HDF\r\n\x1a\n",
        evidence="begins as HDF5 does",
    ),
    "mtx": Format(
        title="10x matrices (mtx)",
        words="10x matrix files (mtx)",
        files="matrix.mtx",
        parts=(
            Part("matrix.mtx", r"matrix\.mtx(\.gz)?"),
            Part("features.tsv (or genes.tsv)", r"(features|genes)\.tsv(\.gz)?"),
            Part("barcodes.tsv", r"barcodes\.tsv(\.gz)?"),
        ),
        parts_words="A 10x matrix is one each of matrix.mtx, features.tsv, barcodes.tsv.",
        samples_part=2,
    ),
    "xlsx": Format(
        title="Excel workbooks",
        words="an Excel workbook",
        first_bytes=b"PK\x03\x04",
        inside=b"xl/",
        endings=(".xlsx", ".xlsm"),
        evidence="is a zip file with the parts of a workbook",
    ),
}
#: Their names, for settings whose documentation need not say again what each is.
NAMES = tuple(FORMATS)


def format_of_file(name: str, head: bytes, lines: list[str]) -> str:
    """Tell the format of one file.

    Parameters
    ----------
    name : of the file.
    head : its first 4,096 bytes.
    lines : its first two lines that are not blank; none of a file that is no text.
    """
    for key, form in FORMATS.items():
        if form.first_bytes is not None and head.startswith(form.first_bytes):
            is_shared = form.inside is not None or form.endings
            has_inside = form.inside is not None and form.inside in head
            if not is_shared or has_inside or name.lower().endswith(form.endings):
                return key
    text = "\n".join(line.replace('"', "") for line in lines)
    tables = (key for key, form in FORMATS.items() if form.first_lines and re.match(form.first_lines, text))
    return next(tables, "table")
