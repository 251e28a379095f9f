"""Gene annotation from local files: read it, match it to the genes of a count matrix, and say how well it fits.

Nothing here uses the network. A gene table is a DataFrame whose index `gene` holds the ids; the columns in
GENE_COLUMNS have a fixed meaning and order, any other column is carried along. Text columns have the dtype `string`
and whole numbers `Int64`, so a missing value stays apart from 0, from "" and from genes that are really called `NA`
or `nan`.
"""

import csv
import gzip
import io
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal
from urllib.parse import unquote

import numpy as np
import pandas as pd

from degsteps.errors import DataError

GENE_COLUMNS = (
    "symbol", "name", "biotype", "chrom",
    "entrez_id", "n_matches", "start", "end", "strand", "length",
)  # fmt: skip
ALWAYS_PRESENT = ("symbol", "name", "biotype", "chrom", "n_matches")
WHOLE_NUMBERS = ("n_matches", "start", "end", "length")
STATUS = "annotation_status"
STATUSES = ("matched", "matched_without_version", "ambiguous", "not_found")

# -- id types ----------------------------------------------------------------------------------------------------------

ID_TYPES = {
    "ensembl_human": ("human Ensembl gene ids (ENSG...)", re.compile(r"ENSG(\d{11}|R\d{10})(\.\d+.*|_PAR_Y)?")),
    "ensembl_mouse": ("mouse Ensembl gene ids (ENSMUSG...)", re.compile(r"ENSMUSG\d{11}(\.\d+.*)?")),
    "ensembl_other": ("Ensembl gene ids of another species", re.compile(r"ENS[A-Z]{3,4}G\d{11}(\.\d+.*)?")),
    "ensembl_transcript": ("Ensembl transcript ids", re.compile(r"ENS[A-Z]{0,4}T\d{11}(\.\d+.*)?")),
    "flybase": ("FlyBase gene ids (FBgn...)", re.compile(r"FBgn\d{7}")),
    "wormbase": ("WormBase gene ids (WBGene...)", re.compile(r"WBGene\d{8}")),
    "entrez": ("Entrez gene ids (numbers)", re.compile(r"\d+")),
    "refseq": ("RefSeq accessions (NM_, XR_, ...)", re.compile(r"[NX][MRP]_\d{6,}(\.\d+)?")),
    # Symbols have no common form; they are what is left when a name is short and starts with a letter.
    "symbol": ("gene symbols", re.compile(r"[A-Za-z][\w@.:/()'-]{0,24}")),
}
SPECIES_ID_TYPES = {"ensembl_human", "ensembl_mouse", "ensembl_other", "flybase", "wormbase"}
_VERSIONED = re.compile(r"(ENS[A-Z]*\d{11}|ENSGR\d{10}|[NX][MRP]_\d{6,})\.\d+.*")
_N_EXAMINED = 2000


def detect_id_type(genes: Iterable[str]) -> str:
    """Name the kind of id that most genes have: a key of ID_TYPES, or "unknown" without a majority.

    Spike-in controls (`ERCC-...`) are left out. For messages, not for decisions: symbols are recognised only as
    short names that are nothing else.

    Parameters
    ----------
    genes : iterable of str
        Gene ids; the first 2,000 are looked at.

    Returns
    -------
    str
    """
    kinds = Counter()
    for gene in _examined(genes):
        kinds[next((kind for kind, (_, pattern) in ID_TYPES.items() if pattern.fullmatch(gene)), "unknown")] += 1
    if not kinds:
        return "unknown"
    kind, count = kinds.most_common(1)[0]
    return kind if 2 * count > kinds.total() else "unknown"


def _examined(genes: Iterable[str]) -> list[str]:
    return [str(gene) for _, gene in zip(range(_N_EXAMINED), genes, strict=False) if not str(gene).startswith("ERCC-")]


def _are_versioned(genes: Iterable[str]) -> bool:
    examined = _examined(genes)
    return 2 * sum(_VERSIONED.fullmatch(gene) is not None for gene in examined) > len(examined)


_RELEASE_LINE = re.compile(r"#[#!]\s*([\w-]+)[:\s]\s*(.*\S)")
_RELEASE_KEYS = ("description", "date", "genome-build", "annotation-source", "genebuild-last-updated")

# -- reading -----------------------------------------------------------------------------------------------------------


def read_gene_annotation(path: str | Path) -> pd.DataFrame:
    """Read gene annotation from a GTF or GFF3 file or from a table, each plain or gzipped.

    The file's name decides: `.gtf`, `.gff`, `.gff3` (and `.gz` behind it) go to `parse_gtf_genes`, everything else to
    `read_gene_table`. Parameters, result and errors are theirs.
    """
    path = Path(path)
    if not _is_gtf(path):
        return read_gene_table(path)
    with _open_text(path) as lines:
        try:
            return parse_gtf_genes(lines)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error


def read_gene_table(path: str | Path) -> pd.DataFrame:
    """Read a tab-separated gene table, plain or gzipped, whose first column is `gene`.

    Only an empty field is missing: `NA`, `nan` and `None` are names of genes. Ids may occur more than once;
    `match_genes` says what happens then.

    Parameters
    ----------
    path : str or Path
        The table. The columns n_matches, start, end and length, if there, hold whole numbers.

    Returns
    -------
    DataFrame, genes x columns
        Index `gene` in the order of the file.

    Raises
    ------
    DataError
        The file is missing, empty or no TSV, the first column is not `gene`, an id is blank, a column name occurs
        twice, or a column of whole numbers holds something else.
    """
    path = Path(path)
    with _open_text(path) as stream:
        header = stream.readline()
        # R's write.table quotes every text field; in a table whose header is not quoted, a " belongs to the name.
        quoting = csv.QUOTE_MINIMAL if header.startswith('"') else csv.QUOTE_NONE
        columns = next(csv.reader([header], delimiter="\t", quoting=quoting), [])
        if not columns or columns[0] != "gene":
            found = f"it is {columns[0]!r}" if columns else "the file is empty"
            raise DataError(
                f"{path}: the first column of a gene table must be named 'gene'; {found}. "
                "Name the column with the gene ids 'gene', put it first, and separate columns by tabs."
            )
        repeated = [column for column, count in Counter(columns).items() if count > 1]
        if repeated:
            raise DataError(f"{path}: column {repeated[0]!r} occurs more than once. Keep one of them.")
        rows = []
        for line, row in enumerate(csv.reader(stream, delimiter="\t", quoting=quoting), 2):
            if len(row) == len(columns) and row[0]:
                rows.append([field or None for field in row])
            elif row:
                what = f"has {len(row)} fields, the header {len(columns)}" if row[0] else "has no gene id"
                raise DataError(f"{path}: line {line} {what}. Correct the line or remove it.")
    if not rows:
        raise DataError(f"{path}: the gene table has a header but no gene.")
    genes, *values = zip(*rows, strict=True)
    table = pd.DataFrame(
        {column: pd.array(list(fields), dtype="string") for column, fields in zip(columns[1:], values, strict=True)},
        index=pd.Index(genes, dtype=object, name="gene"),
    )
    for column in table.columns.intersection(WHOLE_NUMBERS):
        table[column] = _whole_numbers(table[column], path)
    return table


def stated_release(path: str | Path) -> str | None:
    """What a gene annotation says of its own release.

    A table (`human.tsv.gz`) says it in the key `release` of the YAML file beside it (`human.yaml`). A GTF or GFF3
    file says it in its first comment lines, with other keys in each dialect (Ensembl, GENCODE, NCBI).

    Parameters
    ----------
    path : str or Path
        The annotation.

    Returns
    -------
    str or None
        None if it says nothing.

    Raises
    ------
    DataError
        The file, or the YAML file beside it, cannot be read.
    """
    path = Path(path)
    if _is_gtf(path):
        with _open_text(path) as lines:
            stated = dict(_RELEASE_LINE.match(line).groups() for line in _comments(lines) if _RELEASE_LINE.match(line))
        return ", ".join(stated[key] for key in _RELEASE_KEYS if key in stated) or None
    sidecar = path.with_name(re.sub(r"\.(tsv|txt)(\.gz)?$", "", path.name) + ".yaml")
    if not sidecar.exists():
        return None
    import yaml

    try:
        content = yaml.safe_load(sidecar.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{sidecar}: cannot read what is stated of {path.name}: {error}") from error
    release = content.get("release") if isinstance(content, dict) else None
    return None if release is None else str(release)


def _comments(lines: Iterable[str]) -> Iterator[str]:
    """The comment lines before the first other line."""
    return itertools.takewhile(lambda line: line.startswith("#"), lines)


def _is_gtf(path: Path) -> bool:
    return re.search(r"\.(gtf|gff3?)(\.b?gz)?$", path.name, re.IGNORECASE) is not None


def _whole_numbers(values: pd.Series, path: Path) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").astype("Float64")
    wrong = values.notna() & (numbers.isna() | (numbers % 1 != 0)).fillna(True)
    if wrong.any():
        raise DataError(
            f"{path}: column {values.name!r} must hold whole numbers; {values[wrong].iloc[0]!r} is none. "
            "Correct it, or leave the field empty if the value is not known."
        )
    return numbers.astype("Int64")


@contextmanager
def _open_text(path: Path) -> Iterator[IO[str]]:
    """Open a plain or gzipped text file; the content decides, not the name."""
    try:
        with path.open("rb") as stream:
            is_gzip = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path) if is_gzip else path.open("rb") as binary:
            yield io.TextIOWrapper(io.BufferedReader(binary, 1 << 20), encoding="utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot read the gene annotation: {error}") from error


# -- GTF and GFF3 ------------------------------------------------------------------------------------------------------

_GTF_FIELD = re.compile(r'([^\s;"]+)\s+(?:"([^"]*)"|([^\s;"]+))')
_GTF_GENE_ID = re.compile(r'\bgene_id\s+"?([^";]+)')
_GTF_TRANSCRIPT_ID = re.compile(r'\btranscript_id\s+"?[^";\s]')
_GFF3_ATTRIBUTE = re.compile(r"\s*[^\s=;\"]+=")
_ENTREZ = re.compile(r"\b(?:GeneID|EntrezGene):(\d+)")
_ENSEMBL_SOURCE = re.compile(r"\s*\[Source:.*\]\s*$")
_SYMBOL_KEYS = ("gene_name", "gene_symbol", "Name", "gene")
_NAME_KEYS = ("description", "fullname")
_BIOTYPE_KEYS = ("gene_biotype", "gene_type", "biotype")


class _GeneCollector:
    """What is known of the genes of one file while its lines go by.

    Features refer to genes in two ways: GTF names the gene on each line; GFF3 names the parent, so that an exon leads
    to its gene over one or more transcripts, which may come later in the file.
    """

    def __init__(self) -> None:
        self.records: dict[str, dict[str, object]] = {}
        self.gene_of_feature: dict[str, str] = {}
        self.parents: dict[str, str] = {}
        self.transcript_types: list[tuple[str, str]] = []
        self.exon_owners: list[str] = []
        self.exon_chroms: list[str] = []
        self.exon_starts: list[int] = []
        self.exon_ends: list[int] = []

    def add_gene(self, gene: str, fields: list[str], attributes: dict[str, str], *, has_extent: bool) -> None:
        """Keep the first description of a gene; a gene line adds position to a gene known from its exons only."""
        known = self.records.get(gene)
        if known is not None and (known["start"] is not None or not has_extent):
            return
        entrez = _ENTREZ.search(fields[8])
        name = _first(attributes, _NAME_KEYS)
        self.records[gene] = {
            "symbol": _first(attributes, _SYMBOL_KEYS),
            "name": _ENSEMBL_SOURCE.sub("", name) if name else None,
            "biotype": _first(attributes, _BIOTYPE_KEYS),
            "chrom": fields[0],
            "entrez_id": entrez[1] if entrez else None,
            "start": int(fields[3]) if has_extent else None,
            "end": int(fields[4]) if has_extent else None,
            "strand": fields[6] if fields[6] in "+-" else None,
        }

    def add_exon(self, owner: str, fields: list[str]) -> None:
        self.exon_owners.append(owner)
        self.exon_chroms.append(fields[0])
        self.exon_starts.append(int(fields[3]))
        self.exon_ends.append(int(fields[4]))

    def add_gtf(self, role: str, fields: list[str]) -> None:
        text = fields[8]
        # The common layout is checked first: this runs once per exon.
        if text.startswith('gene_id "'):
            gene = text[9 : text.index('"', 9)]
        else:
            found = _GTF_GENE_ID.search(text)
            if found is None:
                raise ValueError("no gene_id")
            gene = found[1].strip()
        if role == "exon":
            self.add_exon(gene, fields)
            if gene not in self.records:
                self.add_gene(gene, fields, _gtf_attributes(text), has_extent=False)
        elif role == "gene" and not _GTF_TRANSCRIPT_ID.search(text):
            self.add_gene(gene, fields, _gtf_attributes(text), has_extent=True)
        elif fields[2] != "transcript":
            self.transcript_types.append((gene, fields[2]))

    def add_gff3(self, role: str, fields: list[str]) -> None:
        text = fields[8]
        if role == "exon":
            # GENCODE repeats the gene on each exon, which spares the way over the transcripts.
            owner = _gff3_value(text, "gene_id") or _gff3_value(text, "Parent")
            if owner:
                self.add_exon(owner, fields)
            return
        attributes = dict(pair.strip().partition("=")[::2] for pair in text.split(";") if "=" in pair)
        feature, parent = attributes.get("ID"), attributes.get("Parent")
        if parent:
            self.transcript_types.append((parent, fields[2]))
            if feature:
                self.parents[feature] = parent
        elif role == "gene":
            attributes = {key: unquote(value) for key, value in attributes.items()}
            gene = attributes.get("gene_id") or re.sub(r"^gene[:-]", "", attributes.get("ID", ""))
            if not gene:
                raise ValueError("a gene without gene_id and ID")
            if feature:
                self.gene_of_feature[feature] = gene
            self.add_gene(gene, fields, attributes, has_extent=True)

    def genes_of(self, owner: str) -> list[str]:
        """The genes that a GTF gene id or a GFF3 parent list leads to; none if it leads nowhere."""
        if owner in self.records:
            return [owner]
        if self.parents.get(owner) in self.gene_of_feature:  # the common case: one transcript of one gene
            return [self.gene_of_feature[self.parents[owner]]]
        genes, waiting, seen = [], owner.split(","), set()
        while waiting:
            feature = waiting.pop()
            if feature in seen:
                continue
            seen.add(feature)
            if feature in self.gene_of_feature:
                genes.append(self.gene_of_feature[feature])
            elif feature in self.parents:
                waiting.extend(self.parents[feature].split(","))
        return sorted(set(genes))

    def table(self) -> pd.DataFrame:
        self._add_biotypes_of_transcripts()
        genes = pd.Index(list(self.records), dtype=object, name="gene")
        table = pd.DataFrame.from_records(
            list(self.records.values()),
            index=genes,
            columns=[c for c in GENE_COLUMNS if c not in ("n_matches", "length")],
        )
        table["length"] = pd.array([pd.NA] * len(genes), dtype="Int64")
        if self.exon_owners:
            exons = self._exons(genes)
            length = _union_length(exons)
            table.loc[genes[length.index], "length"] = length.to_numpy()
            # Without gene lines (UCSC, old Ensembl) a gene spans its exons on the chromosome where it is seen first.
            there = exons[exons["chrom"].to_numpy() == table["chrom"].to_numpy()[exons["gene"]]]
            extent = there.groupby("gene").agg(start=("start", "min"), end=("end", "max"))
            extent = extent.set_axis(genes[extent.index], axis=0)
            for column in ("start", "end"):
                table[column] = table[column].astype("Int64").fillna(extent[column].astype("Int64"))
        return table.astype({c: "Int64" if c in WHOLE_NUMBERS else "string" for c in table.columns})

    def _exons(self, genes: pd.Index) -> pd.DataFrame:
        """Exons as rows (gene: position in `genes`, chrom, start, end); an exon of two genes stands twice."""
        owner_codes, owners = pd.factorize(np.array(self.exon_owners, dtype=object))
        number = {gene: position for position, gene in enumerate(genes)}
        gene_codes = [[number[gene] for gene in self.genes_of(owner)] for owner in owners]
        n_genes = np.array([len(codes) for codes in gene_codes])
        first = np.concatenate([[0], np.cumsum(n_genes)[:-1]])
        repeats = n_genes[owner_codes]
        rows = np.repeat(np.arange(len(owner_codes)), repeats)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        flat = np.array([code for codes in gene_codes for code in codes], dtype=np.int64)
        return pd.DataFrame(
            {
                "gene": flat[first[owner_codes[rows]] + within],
                "chrom": np.array(self.exon_chroms, dtype=object)[rows],
                "start": np.array(self.exon_starts, dtype=np.int64)[rows],
                "end": np.array(self.exon_ends, dtype=np.int64)[rows],
            }
        )

    def _add_biotypes_of_transcripts(self) -> None:
        """FlyBase gives genes no biotype: one with an mRNA is protein_coding, else what its first transcript is."""
        for owner, kind in self.transcript_types:
            if kind == "transcript":
                continue
            for gene in self.genes_of(owner):
                record = self.records.get(gene)
                if record is None:
                    continue
                if record["biotype"] is None:
                    record["biotype"] = record["transcript_type"] = kind
                elif kind == "mRNA" and "transcript_type" in record:
                    record["biotype"] = kind
        for record in self.records.values():
            if record.pop("transcript_type", None) and record["biotype"] == "mRNA":
                record["biotype"] = "protein_coding"


def parse_gtf_genes(lines: Iterable[str]) -> pd.DataFrame:
    """Read one row per gene out of the lines of a GTF or GFF3 file.

    Knows the dialects of Ensembl (`gene_biotype`, `biotype`), GENCODE (`gene_type`), FlyBase (`gene_symbol`,
    `fullname`; the biotype is taken from the transcripts) and NCBI (`gene`, `Dbxref`), and GTF files without gene
    lines. Gene ids stay as they are written, with version.

    Parameters
    ----------
    lines : iterable of str
        The lines, for example an open text file.

    Returns
    -------
    DataFrame, genes x 9
        Index `gene` in the order of the file; columns symbol, name, biotype, chrom, entrez_id, start, end (counted
        from 1, both included), strand, and length: the bases in the union of all exons of all transcripts, which is
        what a read count of the gene refers to. A gene without exon lines has no length. If a gene id occurs at
        several places, position is that of the first one and length covers all of them.

    Raises
    ------
    DataError
        A line cannot be read, or there is no gene.
    """
    collector = _GeneCollector()
    roles: dict[str, str | None] = {}
    add = None
    number = 0
    line = ""
    try:
        for number, line in enumerate(lines, 1):  # noqa: B007  (the number is for the message)
            if line.startswith("#") or line.isspace():
                if line.startswith("##FASTA"):
                    break
                continue
            fields = line.split("\t", 8)
            if len(fields) < 9:
                raise ValueError("fewer than 9 tab-separated fields")
            kind = fields[2]
            if kind not in roles:
                roles[kind] = _role(kind)
            role = roles[kind]
            if role is None:
                continue
            fields[8] = fields[8].rstrip("\r\n")
            if add is None:
                add = collector.add_gff3 if _GFF3_ATTRIBUTE.match(fields[8]) else collector.add_gtf
            add(role, fields)
    except ValueError as error:
        raise DataError(
            f"line {number} is not a line of a GTF or GFF3 file ({error}): {line[:200].rstrip()!r}"
        ) from error
    if not collector.records:
        raise DataError(f"no gene in {number} lines; a GTF or GFF3 file with gene or exon lines is needed.")
    return collector.table()


def _role(kind: str) -> str | None:
    """What a feature type is good for; most lines of a file (CDS, UTRs, alignments) are good for nothing here."""
    if kind == "exon":
        return "exon"
    if kind.endswith("gene"):  # gene, ncRNA_gene, pseudogene, ...
        return "gene"
    if kind.endswith(("RNA", "transcript", "gene_segment")):
        return "transcript"
    return None


def _gtf_attributes(text: str) -> dict[str, str]:
    return {key: quoted or bare for key, quoted, bare in _GTF_FIELD.findall(text)}


def _gff3_value(text: str, key: str) -> str | None:
    """The value of one attribute without parsing the others."""
    start = 0 if text.startswith(f"{key}=") else text.find(f";{key}=") + 1
    if start == 0 and not text.startswith(f"{key}="):
        return None
    start += len(key) + 1
    stop = text.find(";", start)
    return text[start:] if stop < 0 else text[start:stop]


def _first(attributes: dict[str, str], keys: Iterable[str]) -> str | None:
    return next((attributes[key] for key in keys if attributes.get(key)), None)


def _union_length(exons: pd.DataFrame) -> pd.Series:
    """Bases covered by the exons of each gene, each base once; the index is the gene's number."""
    locus = exons.groupby(["gene", "chrom"], sort=False).ngroup().to_numpy()
    order = np.lexsort((exons["start"].to_numpy(), locus))
    locus = locus[order]
    start, end = exons["start"].to_numpy()[order], exons["end"].to_numpy()[order]
    # Shifting each locus behind the one before makes one running maximum serve all of them.
    shift = locus * (end.max() + 1)
    covered_to = np.maximum.accumulate(end + shift) - shift
    before = np.concatenate([[0], covered_to[:-1]])
    before[np.concatenate([[True], locus[1:] != locus[:-1]])] = 0
    new_bases = np.maximum(end - np.maximum(start - 1, before), 0)
    return pd.Series(new_bases).groupby(exons["gene"].to_numpy()[order]).sum()


# -- matching ----------------------------------------------------------------------------------------------------------

_ENSEMBL_VERSION = re.compile(r"(ENS[A-Z]*\d{11})\.\d+(?:_\d+)?(_PAR_Y)?")
_ANY_VERSION = re.compile(r"(.+)\.\d+(?:_\d+)?(_PAR_Y)?")
_ENSGR = re.compile(r"ENSGR(\d{10})(?:\.\d+)?")
_PAR_Y = "_PAR_Y"


def match_genes(
    genes: pd.Index, table: pd.DataFrame, strip_version: Literal["auto", "always", "never"] = "auto"
) -> pd.DataFrame:
    """Look up each gene in a gene table; no gene is dropped, doubled, renamed or moved.

    An id is looked up as it is first, then, if asked for, without version on both sides. A copy on the Y chromosome
    of a pseudoautosomal gene (`ENSG00000182378.15_PAR_Y`, or `ENSGR0000182378` in old GENCODE files) is looked up
    as such; if the table has only the gene on X, it gives symbol, name, biotype and Entrez id, the chromosome
    becomes Y, and the position stays empty.

    If the table has an id several times, the first row is used; rows that differ from it make the gene ambiguous.

    Parameters
    ----------
    genes : Index of str
        Gene ids of a count matrix.
    table : DataFrame, genes x columns
        From `read_gene_table` or `parse_gtf_genes`.
    strip_version : {"auto", "always", "never"}
        "auto" strips `.15` from Ensembl ids only: in other ids a final number can be part of the name, as in
        `Y110A7A.10` of C. elegans. "always" strips it from every id, "never" from none.

    Returns
    -------
    DataFrame, genes x columns
        Index equal to `genes`. Columns: symbol, name, biotype, chrom; then entrez_id, n_matches, start, end, strand,
        length as far as the table has them (n_matches always: how many records the gene has, 0 if none); then the
        table's other columns; last annotation_status: matched | matched_without_version | ambiguous (n_matches
        above 1) | not_found.

    Raises
    ------
    DataError
        The table has a column annotation_status.
    ValueError
        `strip_version` is none of the three.
    """
    if strip_version not in ("auto", "always", "never"):
        raise ValueError(f"strip_version must be 'auto', 'always' or 'never', not {strip_version!r}")
    if STATUS in table.columns:
        raise DataError(
            f"the gene annotation has a column {STATUS!r}, which degsteps writes itself. Rename the column."
        )
    unique = _one_row_per_gene(table)
    row = unique.index.get_indexer(genes)
    n_matches = np.where(row >= 0, unique["n_matches"].to_numpy()[row], 0)
    is_exact = row >= 0
    from_x = np.zeros(len(genes), dtype=bool)

    if strip_version != "never" and not is_exact.all():
        pattern = _ENSEMBL_VERSION if strip_version == "auto" else _ANY_VERSION
        table_keys = pd.Series([_without_version(gene, pattern) for gene in unique.index])
        records_of_key = pd.Series(unique["n_matches"].to_numpy()).groupby(table_keys.to_numpy(), sort=False).sum()
        row_of_key = pd.Index(table_keys.drop_duplicates())
        key_rows = table_keys.drop_duplicates().index.to_numpy()
        records = records_of_key.reindex(row_of_key).to_numpy()

        missed = np.flatnonzero(~is_exact)
        keys = np.array([_without_version(gene, pattern) for gene in genes[missed]], dtype=object)
        found = row_of_key.get_indexer(keys)
        on_y = np.array([key.endswith(_PAR_Y) for key in keys]) & (found < 0)
        found[on_y] = row_of_key.get_indexer([key.removesuffix(_PAR_Y) for key in keys[on_y]])
        hit = found >= 0
        row[missed[hit]] = key_rows[found[hit]]
        n_matches[missed[hit]] = records[found[hit]]
        from_x[missed] = on_y & hit

    annotation = unique.reset_index(drop=True).reindex(row).set_axis(genes, axis=0)  # -1 is no row: missing
    annotation["n_matches"] = pd.array(n_matches, dtype="Int64")
    _move_to_y(annotation, from_x)
    annotation[STATUS] = pd.array(
        np.select(
            [row < 0, n_matches > 1, is_exact],
            ["not_found", "ambiguous", "matched"],
            default="matched_without_version",
        ),
        dtype="string",
    )
    return annotation


def _one_row_per_gene(table: pd.DataFrame) -> pd.DataFrame:
    """The first row of each gene, columns in their fixed order, n_matches counting the rows that differ."""
    table = table.copy(deep=False)
    for column in ALWAYS_PRESENT:
        if column not in table.columns:
            is_count = column == "n_matches"
            table[column] = pd.array([1 if is_count else pd.NA] * len(table), dtype="Int64" if is_count else "string")
    table["n_matches"] = table["n_matches"].astype("Int64").fillna(1).astype(np.int64)
    known = [column for column in GENE_COLUMNS if column in table.columns]
    table = table[known + [column for column in table.columns if column not in known]]
    if table.index.is_unique:
        return table
    different = table[~table.reset_index().duplicated().to_numpy()]
    first = ~different.index.duplicated()
    records = different["n_matches"].groupby(level=0, sort=False).sum()
    unique = different[first].copy()
    unique["n_matches"] = records.reindex(unique.index).to_numpy()
    return unique


def _without_version(gene: str, pattern: re.Pattern[str]) -> str:
    gene = str(gene)
    old = _ENSGR.fullmatch(gene)
    if old:
        return f"ENSG0{old[1]}{_PAR_Y}"
    found = pattern.fullmatch(gene)
    return found[1] + (found[2] or "") if found else gene


def _move_to_y(annotation: pd.DataFrame, from_x: np.ndarray) -> None:
    """Correct, in place, what the row of the X copy cannot say of the Y copy."""
    if not from_x.any():
        return
    has_prefix = annotation.loc[from_x, "chrom"].str.startswith("chr").fillna(False).to_numpy(dtype=bool)
    annotation.loc[from_x, "chrom"] = np.where(has_prefix, "chrY", "Y")
    for column in annotation.columns.intersection(["start", "end"]):
        annotation.loc[from_x, column] = pd.NA


def mapped_fraction(annotation: pd.DataFrame) -> float:
    """Share of the genes that the annotation knows, from 0 to 1; 1 if there are no genes.

    Parameters
    ----------
    annotation : DataFrame, genes x columns
        From `match_genes`.
    """
    if annotation.empty:
        return 1.0
    return float((annotation[STATUS] != "not_found").mean())


def require_mapped(
    annotation: pd.DataFrame, min_mapped_fraction: float, source: str, table_genes: Iterable[str] = ()
) -> None:
    """Stop if the annotation knows too few of the genes to be the right one.

    Parameters
    ----------
    annotation : DataFrame, genes x columns
        From `match_genes`.
    min_mapped_fraction : float
        Share of genes, 0 to 1, that must be known.
    source : str
        What the message calls the annotation, for example its path.
    table_genes : iterable of str
        Ids of the annotation, to show next to those that were not found and to tell the likely cause.

    Raises
    ------
    DataError
        The share is lower. The message shows ids of both sides, the likely cause and what to do.
    """
    share = mapped_fraction(annotation)
    if share >= min_mapped_fraction:
        return
    missed = annotation.index[annotation[STATUS] == "not_found"]
    known = pd.Index(table_genes)
    shown = f"First genes of the annotation: {', '.join(map(str, known[:5]))}. " if len(known) else ""
    raise DataError(
        f"{source}: {len(annotation) - len(missed):,} of {len(annotation):,} genes ({share:.1%}) are in the gene "
        f"annotation, and min_mapped_fraction asks for {min_mapped_fraction:.1%}. "
        f"First genes not found: {', '.join(map(str, missed[:5]))}. {shown}{_likely_cause(missed, known)}"
    )


def _likely_cause(missed: pd.Index, known: pd.Index) -> str:
    ours, theirs = detect_id_type(_spread(missed)), detect_id_type(_spread(known))
    lower = "or lower min_mapped_fraction if so few are expected."
    if ours != theirs and "unknown" not in (ours, theirs):
        both = f"The counts have {ID_TYPES[ours][0]}, the annotation {ID_TYPES[theirs][0]}"
        if {ours, theirs} <= SPECIES_ID_TYPES:
            return f"{both}: another species. Give the annotation of the species that was sequenced."
        return f"{both}: another type of id. Give an annotation with the ids of the counts."
    if len(known) and _are_versioned(_spread(missed)) != _are_versioned(_spread(known)):
        return "Ids with a version (.15) meet ids without. Set strip_version to auto."
    if len(known) and ours == theirs != "unknown":
        return (
            f"Both have {ID_TYPES[ours][0]}, so it is probably another release or a part of the genes. "
            f"Give the annotation that the reads were counted with, {lower}"
        )
    return f"Probably another species or type of id. Give the annotation that the reads were counted with, {lower}"


def _spread(genes: pd.Index) -> pd.Index:
    """As many genes as are examined, from everywhere: the first of a file are often of one kind, such as tRNAs."""
    return genes[:: max(1, len(genes) // _N_EXAMINED)]
