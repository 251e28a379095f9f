"""Names of rows that are no genes, and of columns that are no samples.

Programs append what they could not count to the genes, and people a total. Some of these names mean nothing else;
others, such as ``Total``, could be a gene, so that the numbers of the row decide with the name.
"""

import functools
import re
import string
import unicodedata
from collections.abc import Collection

from degsteps.basics.words import bare, is_annotation_name

#: Why a row was left out, as it stands in the account of genes.
OUTSIDE_GENES, TOTAL_OF_ROWS, MEAN_OF_ROWS, ASKED = (
    "reads_outside_genes",
    "total_of_other_rows",
    "mean_of_other_rows",
    "listed_in_drop_rows",
)

_MARKS = f"{string.punctuation} ".encode()


def _word(name: str) -> str:
    """Return a name in small letters, without marks, blanks and signs over or under letters that stand alone."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name)).casefold()


#: HTSeq (of any age), STAR, featureCounts, STARsolo, zUMIs, VERSE and their kin, without marks and in small letters.
_OUTSIDE = frozenset(
    {"nofeature", "nofeatures", "ambiguous", "ambiguity", "toolowaqual", "lowaqual", "notaligned", "notunique"}
    | {"alignmentnotunique", "nunmapped", "nmultimapping", "nnofeature", "nambiguous", "nounmapped", "nonofeature"}
    | {"unmapped", "unmappedreads", "multimapped", "multimapping", "multimappers", "unassigned", "assigned"}
    | {"assignedreads", "unassignedreads", "nambigfeature", "nambigfeaturemultimap", "ntoomany", "nnoexactmatch"}
    | {"nnomatch", "notcounted", "notunmapped", "nounique", "missingfeature", "noaligned", "unaligned"}
    | {"unalignedreads", "alignmentnotuniq", "readsoutsidegenes", "intergenic", "intronic"}
)
_UNASSIGNED = re.compile(
    r"(un)?assigned(unmapped|readtype|singleton|mappingquality|chimera|fragmentlength|duplicates?|multimapping|"
    r"secondary|nonsplit|nofeatures?|overlappinglength|ambiguity|ambiguous)"
)
#: Names of several words that no gene has.
_TOTAL_PHRASES = frozenset(
    {"grandtotal", "totalreads", "totalcounts", "totalcount", "totalsum", "sumtotal", "sumofall", "sumofcounts"}
    | {"countsum", "librarysize", "libsize", "librarysizes", "libsizes", "colsums", "colsum", "columnsum"}
    | {"columnsums", "columntotal", "columntotals", "subtotal", "subtotals", "totalmapped", "totalmappedreads"}
    | {"mappedreads", "readstotal", "totalassigned", "sequencingdepth", "allgenes", "totalgenes", "gesamtsumme"}
    | {"gesamtergebnis", "sommetotale", "totalgeneral", "totalgenerale", "sumatotal", "общийитог", "общаясумма"}
    | {"всегоридов", "sumofallgenes", "totalfeatures", "totalumi", "totalumis", "ncounts", "sumreads", "sumcounts"}
)
#: Words for a sum; the row's numbers must be like one.
_TOTAL_WORDS = frozenset(
    {"total", "totals", "tot", "sum", "sums", "summe", "summen", "gesamt", "insgesamt", "somme", "sommes", "totaux"}
    | {"totale", "totali", "somma", "suma", "sumatoria", "totales", "soma", "totais", "totaal", "som", "summa"}
    | {"totalt", "sammanlagt", "yhteensä", "summaa", "razem", "ogółem", "ogolem", "łącznie", "lacznie", "celkem"}
    | {"součet", "soucet", "spolu", "összesen", "osszesen", "toplam", "tổng", "tong", "tổngcộng", "jumlah"}
    | {"итого", "всего", "сумма", "усього", "разом", "сума", "общо", "ukupno", "укупно", "skupaj", "σύνολο", "συνολο"}
    | {"合計", "合计", "总计", "總計", "総計", "总和", "總和", "总数", "計", "计", "小計", "小计", "求和"}
    | {"합계", "총계", "총합", "المجموع", "مجموع", "סהכ", "सकल", "कुल", "योग", "รวม", "all", "overall", "everything"}
)
#: Words for a mean, whose numbers must be like one; and for a median, which no gene is called.
_MEAN_WORDS = frozenset(
    {"mean", "means", "average", "averages", "avg", "mittelwert", "mittel", "durchschnitt", "moyenne", "mitte"}
    | {"moyen", "media", "promedio", "média", "gemiddelde", "medelvärde", "colmean", "meanofall", "meanofgenes"}
    | {"medelvarde", "medel", "gennemsnit", "gjennomsnitt", "keskiarvo", "średnia", "srednia", "průměr", "prumer"}
    | {"среднее", "средняя", "середнє", "átlag", "atlag", "ortalama", "平均", "平均値", "平均值", "평균"}
    | {"colmeans", "columnmean", "rowmean", "rowmeans", "meancount", "meancounts"}
)
_MEDIANS = frozenset(
    {"median", "medians", "médiane", "mediane", "mediana", "mediaan", "медиана", "中央値", "中位数", "medianwert"}
)
_TOTAL_WORDS, _MEAN_WORDS, _MEDIANS = (frozenset(map(_word, words)) for words in (_TOTAL_WORDS, _MEAN_WORDS, _MEDIANS))
_ASCII_WORDS = frozenset(
    name.encode() for name in _OUTSIDE | _TOTAL_PHRASES | _TOTAL_WORDS | _MEAN_WORDS | _MEDIANS if name.isascii()
)


def row_kind(gene: bytes) -> tuple[str, bool] | None:
    """Return why a row of this name is no gene, and whether the name alone decides; None of any other name."""
    if not gene.isascii():
        return _kind(gene.decode("utf-8"))
    word = gene.lower().translate(None, _MARKS)
    if word in _ASCII_WORDS or b"assigned" in word or not word:
        return _kind(gene.decode())
    return None


@functools.lru_cache(maxsize=1024)
def _kind(name: str) -> tuple[str, bool] | None:
    if name.strip() == "*":  # samtools: reads that are not aligned
        return OUTSIDE_GENES, True
    word = _word(name)
    if word in _OUTSIDE or _UNASSIGNED.fullmatch(word):
        return OUTSIDE_GENES, True
    if word in _TOTAL_PHRASES:
        return TOTAL_OF_ROWS, True
    if word in _MEDIANS:
        return MEAN_OF_ROWS, True
    if word in _TOTAL_WORDS:
        return TOTAL_OF_ROWS, False
    return (MEAN_OF_ROWS, False) if word in _MEAN_WORDS else None


def is_no_gene(name: str) -> bool:
    """Return whether an id is one that programs give to reads outside genes, or that means a total and nothing else."""
    kind = row_kind(name.encode())
    return kind is not None and kind[1]


# ---- columns

_MEASURES = r"(?:fpkm|rpkm|rpk|tpm|cpm|rpm|fpm|tmm|rlog|vst|norm(?:ali[sz]ed)?|log2?(?:cpm|tpm|fpkm|rpkm)?|zscore|uq)"
_IS_MEASURE = re.compile(
    rf"(?:.*[\W_])?{_MEASURES}(?:[\W_](?:counts?|values?|unstranded|uq|expr(?:ession)?|\d+))*[\W_]*|{_MEASURES}[\W_].*",
    re.IGNORECASE | re.DOTALL,
)
_STATISTICS = frozenset(
    {"logfc", "log2fc", "log2foldchange", "foldchange", "fc", "pvalue", "pval", "padj", "fdr", "qvalue", "qval", "stat"}
    | {"adjpval", "adjpvalue", "padjust", "pvalueadj", "basemean", "lfcse", "logcpm", "aveexpr"}
    | {"variance", "var", "sd", "stdev", "std", "stddev", "se", "sem", "cv", "min", "max", "minimum", "maximum"}
    | {"rank", "range", "iqr", "nsamples", "detected", "nonzero"}
)
_MORE_ANNOTATION = frozenset(
    {"gc", "gccontent", "percentgc", "exonlength", "txlength", "cdslength", "effectivelength", "efflength", "source"}
    | {"txstart", "txend", "exonstart", "exonend", "genestart", "geneend", "startpos", "endpos", "position", "pos"}
    | {"chrstart", "chrend", "exoncount", "exons", "nexons", "numexons", "ntranscripts", "row", "index", "unnamed0"}
    | {"geneidversion", "ensembl", "ensemblid", "ensg", "entrezgeneid", "ncbigeneid", "refseq", "uniprot", "hgnc"}
    | {"hgncsymbol", "hgncid", "mgi", "mgiid", "mgisymbol", "externalgenename", "genedescription", "product"}
    | {"locustag", "locus", "alias", "aliases", "synonyms", "go", "goterm", "kegg", "kegid", "pathway", "feature"}
    | {"class", "mergedlength", "unionlength", "medianlength", "meanlength", "maxlength", "sumexonlength", "note"}
    | {"länge", "longueur", "longitud", "lunghezza", "长度", "comment", "comments", "bp", "kb", "mappability"}
)


def column_kind(name: str, sample_ids: Collection[str]) -> str | None:
    """Say what a column that no row of the sheet names is by its name; None if the name does not tell."""
    word = bare(name)
    if name in sample_ids:
        return None
    if is_annotation_name(name) or word in _MORE_ANNOTATION:
        return "annotation of genes"
    if word in _STATISTICS:
        return "a statistic"
    kind = _kind(name)
    if kind is not None and kind[0] != OUTSIDE_GENES:
        return "a sum or mean of samples"
    if re.fullmatch(
        r"(row|gene)?(sum|total|mean|avg|average|median)s?(of)?(all|counts?|reads?|samples?|expr\w*)?", word
    ):
        return "a sum or mean of samples"
    return "normalised values" if _IS_MEASURE.fullmatch(name) else None
