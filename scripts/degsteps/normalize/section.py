"""What the report says of size factors, and of normalised tables for inspection."""

from collections.abc import Iterator

from degsteps.sections.citations import Citations, series
from degsteps.sections.definition import Block, Chapter, File, Section, text
from degsteps.sections.grids import Grid
from degsteps.sections.results import Results

#: How size factors came about, in a few words.
SIZE_FACTORS = {
    "ratio": "median of ratios",
    "poscounts": "median of ratios over positive counts",
    "iterate": "highest likelihood, alternating with dispersions",
    "tmm": "trimmed means of M values",
    "tmmwsp": "trimmed means of M values with singleton pairing",
    "rle": "relative log expression",
    "upper_quartile": "upper quartiles",
    "given": "given by the user",
}
_TABLE_WORDS = {
    "normalized": ("counts divided by size factors", ()),
    "cpm": ("counts per million", ()),
    "tmm_cpm": ("counts per million with TMM-scaled library sizes", ("robinson2010",)),
    "log_cpm": ("log2 counts per million with TMM-scaled library sizes", ("robinson2010",)),
    "tpm": ("TPM", ("wagner2012",)),
    "fpkm": ("FPKM", ("mortazavi2008",)),
    "getmm": ("GeTMM", ("smid2018",)),
}


def _has_lengths(results: Results) -> bool:
    return results.facts("ingest_counts").get("length_correction") == "offset"


def _blocks(results: Results) -> Iterator[Block]:
    facts = results.facts("estimate_size_factors")
    is_linear = results.settings["test"]["engine"] == "voom"
    use = (
        "library sizes scaled by one size factor per sample" if is_linear else "one size factor per sample as an offset"
    )
    lengths = " and the lengths of a gene's transcripts in each sample beside them" if _has_lengths(results) else ""
    yield text(
        f"The test takes raw counts, with {use} ({SIZE_FACTORS.get(facts.get('method'))}, from "
        f"{facts['smallest']:.3f} to {facts['largest']:.3f}; each is in the table of samples){lengths}. The tables "
        "below are for inspection: no step of the workflow reads them."
    )


def _sentences(results: Results, cite: Citations) -> str:
    """Say how size factors were estimated, and where they lay."""
    facts = results.facts("estimate_size_factors")
    lay = f"lay between {facts['smallest']:.3f} and {facts['largest']:.3f}."
    if facts["method"] == "given":
        return f"Size factors were given by the user, not estimated from the counts, and {lay}"
    scaled = "library sizes times {} factors, scaled to geometric mean 1"
    method, keys = {
        "ratio": ("the median of ratios to the geometric mean of each gene", ("anders2010", "love2014")),
        "poscounts": ("the median of ratios to geometric means that pass over zeros (poscounts)", ("love2014",)),
        "iterate": ("the highest likelihood, alternating with dispersions (DESeq2's iterate)", ("love2014",)),
        "tmm": (f"trimmed means of M values ({scaled.format('TMM')})", ("robinson2010",)),
        "tmmwsp": (f"trimmed means of M values with singleton pairing ({scaled.format('TMMwsp')})", ("chen2025",)),
        "rle": (f"relative log expression ({scaled.format('RLE')})", ("anders2010", "chen2025")),
        "upper_quartile": (f"upper quartiles ({scaled.format('upper-quartile')})", ("bullard2010", "chen2025")),
    }[facts["method"]]
    controls = " of the control genes given by the user" if results.settings["normalize"]["control_genes"] else ""
    return f"Size factors were estimated by {method}{controls} {cite(*keys)} and {lay}"


NORMALIZATION = Section(
    stage="normalize",
    name="normalization",
    title="Normalisation",
    files=(File(r"size_factors\.tsv", "Library sizes and size factors."),),
    chapter=Chapter("normalisation", "Normalisation"),
    blocks={"normalisation": _blocks},
    sentences={"counts": _sentences},
    citations={
        "bullard2010": (
            "Bullard JH, Purdom E, Hansen KD, Dudoit S. Evaluation of statistical methods for normalization and "
            "differential expression in mRNA-Seq experiments. BMC Bioinformatics 2010;11:94. "
            "doi:10.1186/1471-2105-11-94"
        ),
    },
    checks={"normalization": "Normalisation"},
)


# ---- normalised tables


def uses_grid(results: Results) -> Grid:
    """Return the normalised tables and what each may be used for."""
    rows = tuple((facts["table"], facts["use"]) for facts in results.facts_of_all("export_normalized"))
    return Grid("Normalised tables for inspection", ("Table", "What it may be used for"), (False, False), rows)


def _table_sentences(results: Results, cite: Citations) -> str:
    names = results.settings["normalize"]["tables"]
    if not names:
        return ""
    parts = []
    for name in names:
        words, keys = _TABLE_WORDS[name]
        if name == "normalized" and _has_lengths(results):
            words = "counts divided by size factors and relative transcript lengths"
        if name == "cpm" and "scanpy" in results.versions:
            words, keys = f"{words} (Scanpy {results.versions['scanpy']})", ("wolf2018",)
        parts.append(f"{words} {cite(*keys)}" if keys else words)
    return f"Normalised tables for inspection hold {series(parts)}; none of them entered a test."


TABLES = Section(
    stage="normalize",
    name="normalized_tables",
    files=(File(r"tables/.*", "Normalised values for inspection; no test reads them."),),
    blocks={"normalisation": lambda results: [uses_grid(results)]},
    sentences={"tables": _table_sentences},
    citations={
        "mortazavi2008": (
            "Mortazavi A, Williams BA, McCue K, Schaeffer L, Wold B. Mapping and quantifying mammalian transcriptomes "
            "by RNA-Seq. Nature Methods 2008;5:621-628. doi:10.1038/nmeth.1226"
        ),
        "smid2018": (
            "Smid M, Coebergh van den Braak RRJ, van de Werken HJG, et al. Gene length corrected trimmed mean of "
            "M-values (GeTMM) processing of RNA-seq data performs similarly in intersample analyses while improving "
            "intrasample comparisons. BMC Bioinformatics 2018;19:236. doi:10.1186/s12859-018-2246-7"
        ),
        "wagner2012": (
            "Wagner GP, Kin K, Lynch VJ. Measurement of mRNA abundance using RNA-seq data: RPKM measure is "
            "inconsistent among samples. Theory in Biosciences 2012;131:281-285. doi:10.1007/s12064-012-0162-3"
        ),
        "wolf2018": (
            "Wolf FA, Angerer P, Theis FJ. SCANPY: large-scale single-cell gene expression data analysis. "
            "Genome Biology 2018;19:15. doi:10.1186/s13059-017-1382-0"
        ),
    },
)


SECTIONS = (NORMALIZATION, TABLES)
