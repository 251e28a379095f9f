"""Gene annotation: match a gene table (:mod:`degsteps.annotate.gene_table`) to the genes of a count matrix."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
import pandas as pd

from degsteps.annotate.gtf import GENE_COLUMNS
from degsteps.basics.errors import DataError

ALWAYS_PRESENT = ("symbol", "name", "biotype", "chrom", "n_matches")
STATUS = "annotation_status"

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

    If most genes are not found by their ids, and more are found among the Entrez ids or the symbols of the table (with
    aliases, where it has them), they are looked up there, and `gene_id` says which id of the table that is.

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
        above 1) | not_found; matched_by_entrez_id, matched_by_symbol or matched_by_alias if ids are of another kind
        than the table's.

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
    annotation = _matched_by_id(genes, table, strip_version)
    found = int((annotation[STATUS] != "not_found").sum())
    if 2 * found >= len(genes):
        return annotation
    for keyed in _tables_by_other_ids(table):
        n_found = int(genes.isin(keyed.index).sum())
        if n_found > found:
            annotation, found = _matched_by_other_id(genes, keyed), n_found
    return annotation


#: Columns in which tables of genes hold their other symbols, several in a field.
_ALIASES = ("alias", "aliases", "alias_symbol", "synonym", "synonyms", "previous_symbols", "prev_symbol")
_KIND = "matched_by"


def _tables_by_other_ids(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the table indexed by each other kind of id that it holds, with the kind in a column."""
    named = table if "gene_id" in table.columns else table.assign(gene_id=pd.array(table.index, dtype="string"))
    for column in ("entrez_id", "symbol"):
        if column not in table.columns or table[column].isna().all():
            continue
        keyed = _indexed_by(named, named[column].astype("string"), column)
        if column == "symbol":
            aliases = [
                _indexed_by(exploded, exploded[name].str.strip().astype("string"), "alias")
                for name in _ALIASES
                if name in table.columns
                for exploded in [named.assign(**{name: named[name].astype("string").str.split(r"[|;,]")}).explode(name)]
            ]
            # A name that is a gene's symbol means that gene, whatever else was once called so.
            keyed = pd.concat([keyed, *(alias[~alias.index.isin(keyed.index)] for alias in aliases)])
        yield keyed


def _indexed_by(table: pd.DataFrame, keys: pd.Series, kind: str) -> pd.DataFrame:
    has_key = (keys.notna() & (keys != "")).to_numpy(dtype=bool)
    index = pd.Index(keys[has_key].to_numpy(dtype=object), name="gene")
    return table[has_key].set_axis(index, axis=0).assign(**{_KIND: kind})


def _matched_by_other_id(genes: pd.Index, keyed: pd.DataFrame) -> pd.DataFrame:
    # Without the kind and the aliases, which differ by way of looking up and not by gene.
    annotation = _matched_by_id(genes, keyed.drop(columns=[_KIND, *keyed.columns.intersection(_ALIASES)]), "never")
    kinds = keyed[_KIND][~keyed.index.duplicated()].reindex(genes)
    is_matched = (annotation[STATUS] == "matched").to_numpy()
    statuses = np.array(annotation[STATUS], dtype=object)
    statuses[is_matched] = [f"{_KIND}_{kind}" for kind in kinds[is_matched]]
    return annotation.assign(**{STATUS: pd.array(statuses, dtype="string")})


def matched_by(annotation: pd.DataFrame) -> str | None:
    """Return the kind of id that genes were looked up by, if it was not that of the table."""
    kinds = annotation[STATUS].dropna()
    kinds = kinds[kinds.str.startswith(f"{_KIND}_")].value_counts()
    return None if kinds.empty else str(kinds.index[0]).removeprefix(f"{_KIND}_")


def _matched_by_id(genes: pd.Index, table: pd.DataFrame, strip_version: str) -> pd.DataFrame:
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
        rows = row_of_key.get_indexer(keys)
        on_y = np.array([key.endswith(_PAR_Y) for key in keys]) & (rows < 0)
        rows[on_y] = row_of_key.get_indexer([key.removesuffix(_PAR_Y) for key in keys[on_y]])
        hit = rows >= 0
        row[missed[hit]] = key_rows[rows[hit]]
        n_matches[missed[hit]] = records[rows[hit]]
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
    columns = [column for column in GENE_COLUMNS if column in table.columns]
    table = table[columns + [column for column in table.columns if column not in columns]]
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
    match = pattern.fullmatch(gene)
    return match[1] + (match[2] or "") if match else gene


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
    # Not one gene is never what was meant, however little is asked for.
    if share >= min_mapped_fraction and (share > 0 or annotation.empty):
        return
    missed = annotation.index[annotation[STATUS] == "not_found"]
    ids = pd.Index(table_genes)
    first_ids = f"First genes of the annotation: {', '.join(map(str, ids[:5]))}. " if len(ids) else ""
    bound = f", and min_mapped_fraction asks for {min_mapped_fraction:.1%}" if min_mapped_fraction > 0 else ""
    raise DataError(
        f"{source}: {len(annotation) - len(missed):,} of {len(annotation):,} genes ({share:.1%}) are in the gene "
        f"annotation{bound}. "
        f"First genes not found: {', '.join(map(str, missed[:5]))}. {first_ids}{_likely_cause(missed, ids)}"
    )


def _likely_cause(missed: pd.Index, ids: pd.Index) -> str:
    ours, theirs = detect_id_type(_spread(missed)), detect_id_type(_spread(ids))
    lower = "or lower min_mapped_fraction if so few are expected."
    if ours == "ensembl_transcript" != theirs:
        return (
            "The counts have transcript ids, the annotation genes. Sum the counts to genes (of quantifications: "
            "ingest.tx2gene), or give a table of transcripts."
        )
    if ours != theirs and "unknown" not in (ours, theirs):
        both = f"The counts have {ID_TYPES[ours][0]}, the annotation {ID_TYPES[theirs][0]}"
        if {ours, theirs} <= SPECIES_ID_TYPES:
            return f"{both}: another species. Give the annotation of the species that was sequenced."
        return f"{both}: another type of id. Give an annotation with the ids of the counts."
    if len(ids) and _are_versioned(_spread(missed)) != _are_versioned(_spread(ids)):
        return "Ids with a version (.15) meet ids without. Set strip_version to auto."
    if len(ids) and ours == theirs != "unknown":
        return (
            f"Both have {ID_TYPES[ours][0]}, so it is probably another release or a part of the genes. "
            f"Give the annotation that the reads were counted with, {lower}"
        )
    return f"Probably another species or type of id. Give the annotation that the reads were counted with, {lower}"


def _spread(genes: pd.Index) -> pd.Index:
    """As many genes as are examined, from everywhere: the first of a file are often of one kind, such as tRNAs."""
    return genes[:: max(1, len(genes) // _N_EXAMINED)]
