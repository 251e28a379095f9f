"""Files that hold no counts that can be read: what they are, told from their first bytes, and what to do.

Standard library only: the Snakefile imports this module.
"""

import gzip
import re
import zlib
from typing import NamedTuple

from degsteps.basics.errors import Finding

_RECOUNT = (
    "They are about as many times the counts as a read has bases: divide them by the average length of the mapped "
    "reads of each sample (recount3::compute_read_counts in R), and save the counts as text."
)
_R = "Save the counts from R as text: write.table(counts, 'counts.tsv', sep = '\\t', quote = FALSE, col.names = NA)."
_READS = "Count the reads of each gene first (featureCounts, HTSeq, STAR, Salmon), and give the counts."
_OUT_OF_ARCHIVE = "Unpack it, and name the file of counts or the folder in it."


class Kind(NamedTuple):
    """A kind of file that is not read.

    Attributes
    ----------
    what : what the file is, as a sentence after its name.
    cure : what to do.
    pattern : what its first bytes, behind gzip, match.
    ending : what its name ends in, without ``.gz``, if bytes do not tell it.
    """

    what: str
    cure: str
    pattern: bytes
    ending: str = ""


#: In this order: the first that matches is named.
KINDS = (
    Kind("is a BAM file of aligned reads.", _READS, rb"BAM\x01"),
    Kind("is a CRAM file of aligned reads.", _READS, rb"CRAM[\x01-\x05]"),
    Kind("is a SAM file of aligned reads.", _READS, rb"@(?:HD|SQ|RG|PG)\t"),
    Kind("is an archive of reads of the SRA.", _READS, rb"NCBI\.sra"),
    Kind("is a FASTQ file of reads.", _READS, rb"@[^\n]+\n[A-Za-z.*]+\r?\n\+"),
    Kind("is a FASTA file of sequences.", _READS, rb">[^\n]*\n[A-Za-z*\-\r\n]{10}"),
    Kind("is a bigWig file of coverage.", _READS, rb"\x26\xfc\x8f\x88|\x88\x8f\xfc\x26"),
    Kind(
        "is a CEL file of a microarray.",
        "Microarrays have intensities and no counts; use limma on their normalised values instead.",
        rb"\[CEL\]|\x40\x00\x00\x00\x04\x00\x00\x00|\x3b\x01\x00\x00",
    ),
    Kind("is an R object (RDS).", _R, rb"(?:X|A|B)\n(?:\x00\x00\x00[\x02\x03]|[23]\n)"),
    Kind("holds R objects (RData).", _R, rb"RD[XA][23]\n"),
    Kind(
        "is a loom file.",
        "Save it as h5ad: anndata.read_loom('counts.loom').write_h5ad('counts.h5ad') in Python.",
        rb"\x89HDF\r\n\x1a\n",
        ".loom",
    ),
    Kind(
        "is an HDF5 file of Cell Ranger or another program.",
        "Save it as h5ad: scanpy.read_10x_h5('counts.h5').write_h5ad('counts.h5ad') in Python, or name the folder "
        "of matrix.mtx, features.tsv and barcodes.tsv.",
        # What AnnData has at its top stands among the first bytes too.
        rb"\x89HDF\r\n\x1a\n(?!.*\x00obs\x00).*matrix\x00",
        ".h5",
    ),
    Kind("is a PDF document.", "Find the table that it was made from; numbers in a PDF are not read.", rb"%PDF-"),
    Kind("is a picture.", "Give the table that it shows.", rb"\x89PNG|\xff\xd8\xff|GIF8"),
    Kind(
        "is a document of a word processor.",
        "Save the table in it as tab-separated text.",
        rb"\{\\rtf|PK\x03\x04.{26,400}?word/",
    ),
    Kind(
        "is an old Excel workbook (.xls).",
        "Open it, and save it as .xlsx, or as tab-separated text.",
        rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\x09\x08\x10\x00\x00\x06|\x09\x08\x08\x00\x00\x05",
    ),
    Kind(
        "is an OpenDocument spreadsheet (.ods).",
        "Open it, and save it as .xlsx, or as tab-separated text.",
        rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis",
    ),
    Kind(
        "is a spreadsheet of Numbers.",
        "Export it from Numbers as .xlsx or CSV.",
        rb"PK\x03\x04",
        ".numbers",
    ),
    Kind(
        "holds arrays of NumPy.",
        "Save a table of text with names of genes and samples.",
        rb"\x93NUMPY|PK\x03\x04",
        ".npz",
    ),
    Kind("holds an array of NumPy.", "Save a table of text with names of genes and samples.", rb"\x93NUMPY"),
    Kind("is a Feather file (Arrow).", "Save it as Parquet or as text.", rb"ARROW1|FEA1"),
    Kind("is a 7z archive.", _OUT_OF_ARCHIVE, rb"7z\xbc\xaf\x27\x1c"),
    Kind("is a RAR archive.", _OUT_OF_ARCHIVE, rb"Rar!\x1a\x07"),
    Kind("is a tar archive.", _OUT_OF_ARCHIVE, rb".{257}ustar"),
    Kind("is a zip archive.", _OUT_OF_ARCHIVE, rb"PK\x03\x04", ".zip"),
    Kind("is a file of Stata.", "Save it as tab-separated text.", rb"<stata_dta>"),
    Kind("is a file of SPSS.", "Save it as tab-separated text.", rb"\$FL[23]"),
    Kind("is a database of SQLite.", "Save the table of counts as text.", rb"SQLite format 3\x00"),
    Kind(
        "is only the pointer to a file that Git LFS stores.",
        "Fetch the file itself with 'git lfs pull'.",
        rb"version https://git-lfs",
    ),
    Kind("is a table of variants (VCF).", _READS, rb"##fileformat=VCF"),
    Kind(
        "is an annotation of genes (GTF or GFF), not counts.",
        "Name the counts; the annotation goes under annotate.",
        rb"##gff-version|(?:#[^\n]*\n)*[^\t\n]+\t[^\t\n]+\t(?:gene|transcript|exon|mRNA|region)\t\d+\t\d+\t",
    ),
    Kind(
        "is a series matrix of GEO, which holds values of microarrays or nothing for sequencing.",
        "Download the supplementary file of raw counts of the series, or the raw counts that NCBI computed.",
        rb'"?!Series_|"?!Sample_',
    ),
    Kind(
        "is GCT 1.3, with annotation of samples among the genes.",
        "Save it as GCT 1.2 (cmapR: write_gct with ver = 2), or as a table of ids and counts.",
        rb"#1\.3\s",
    ),
    Kind(
        "holds sums of coverage of recount3, which are no counts.", _RECOUNT, rb"##annotation=[^\n]*\n##date\.generated"
    ),
    Kind(
        "counts transcripts (isoforms.results of RSEM).",
        "Give the files genes.results, which RSEM writes beside them.",
        rb"transcript_id\tgene_id\tlength\teffective_length\t",
    ),
    Kind("is JSON.", "Save the counts as tab-separated text.", rb"\s*[{\[]\s*[\"{\[\]}]"),
)


def unread_kind(path: str) -> Finding | None:
    """Say what a file is that cannot be read as counts; None if it may be.

    Raises
    ------
    OSError
        if it cannot be opened.
    """
    with open(path, "rb") as stream:
        head = stream.read(4096)
    name = path.casefold()
    if head[:2] == b"\x1f\x8b":
        try:
            with gzip.open(path, "rb") as stream:
                head = stream.read(4096)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return None
        name = name.removesuffix(".gz")
    for kind in KINDS:
        if name.endswith(kind.ending) and re.match(kind.pattern, head, re.DOTALL):
            return Finding("", kind.what, kind.cure)
    return None
