"""Genes out of GTF and GFF3 files, in the dialects of Ensembl, GENCODE, FlyBase and NCBI."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError

#: Columns of a gene table with a fixed meaning, in their order; any other is carried along.
GENE_COLUMNS = (
    "symbol", "name", "biotype", "chrom",
    "entrez_id", "n_matches", "start", "end", "strand", "length",
)  # fmt: skip
WHOLE_NUMBERS = ("n_matches", "start", "end", "length")

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
        record = self.records.get(gene)
        if record is not None and (record["start"] is not None or not has_extent):
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
            match = _GTF_GENE_ID.search(text)
            if match is None:
                raise ValueError("no gene_id")
            gene = match[1].strip()
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
