"""Every method of normalisation, once: what it is called, what computes it, what it takes, what it cites.

The choices of the configuration, the checks before a run, the steps, the report's titles and the methods text read this
module; a new method is a function, its record here, and a test. Standard library only: the Snakefile imports it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

_SCALED = "library sizes times {} factors, scaled to geometric mean 1"


def _median_ratios() -> ModuleType:
    from degsteps.normalize import median_ratios

    return median_ratios


def _norm_factors() -> ModuleType:
    from degsteps.normalize import norm_factors

    return norm_factors


def _iterated() -> ModuleType:
    from degsteps.engines.deseq import iterated

    return iterated


def _tables() -> ModuleType:
    from degsteps.normalize import tables

    return tables


@dataclass(frozen=True)
class Method:
    """A way to size factors.

    Attributes
    ----------
    title : how size factors came about, in a few words, for the report.
    description : for the documentation of the setting, whose value is the method's name in :data:`METHODS`.
    words : after "Size factors were estimated by", in the methods text.
    module, function : what estimates them from counts, genes x samples: the import of a module, and the name of its
        function; None if size factors are not estimated but read.
    citations : keys of the report's references.
    gives : ``size_factors``, or ``norm_factors``, by which library sizes are multiplied.
    takes_controls : whether the function has an argument ``control_genes``.
    takes_lengths : whether counts that were divided by relative transcript lengths can be used.
    needs_full_gene : whether it fails where every gene has a zero.
    """

    title: str
    description: str
    words: str = ""
    module: Callable[[], ModuleType] | None = None
    function: str | None = None
    citations: tuple[str, ...] = ()
    gives: Literal["size_factors", "norm_factors"] = "size_factors"
    takes_controls: bool = False
    takes_lengths: bool = True
    needs_full_gene: bool = False

    def load(self) -> Callable[..., Any]:
        """Import the function."""
        return getattr(self.module(), self.function)


@dataclass(frozen=True)
class Table:
    """A normalised table for inspection.

    Attributes
    ----------
    module, function : of counts, genes x samples, and what it takes beside them; as of a :class:`Method`.
    use : what the table can and cannot show, for its record.
    words : what it holds, for the methods text.
    citations : keys of the report's references.
    takes : what the function takes beside the counts.
    """

    module: Callable[[], ModuleType]
    function: str
    use: str
    words: str
    citations: tuple[str, ...] = ()
    takes: Literal["nothing", "size_factors", "lengths"] = "nothing"

    def load(self) -> Callable[..., Any]:
        """Import the function."""
        return getattr(self.module(), self.function)


METHODS: dict[str, Method] = {
    "ratio": Method(
        title="median of ratios",
        description="median of ratios over genes without a zero (DESeq2).",
        words="the median of ratios to the geometric mean of each gene",
        module=_median_ratios,
        function="ratio_size_factors",
        citations=("anders2010", "love2014"),
        takes_controls=True,
        needs_full_gene=True,
    ),
    "poscounts": Method(
        title="median of ratios over positive counts",
        description="the same with geometric means that skip zeros, for sparse counts.",
        words="the median of ratios to geometric means that pass over zeros (poscounts)",
        module=_median_ratios,
        function="poscounts_size_factors",
        citations=("love2014",),
        takes_controls=True,
    ),
    "ratio_or_poscounts": Method(
        title="median of ratios, over positive counts where few genes are without a zero",
        description=(
            "`ratio` where 50 genes (or half of them) are without a zero, `poscounts` otherwise: what sums of single "
            "cells take if nothing else is said."
        ),
        words=(
            "the median of ratios to the geometric mean of each gene (where fewer than 50 genes were without a zero, "
            "to geometric means that pass over zeros)"
        ),
        module=_median_ratios,
        function="ratio_or_poscounts_size_factors",
        citations=("anders2010", "love2014"),
        takes_controls=True,
    ),
    "iterate": Method(
        title="highest likelihood, alternating with dispersions",
        description=(
            'size factors and dispersions alternating until both settle (DESeq2\'s `type = "iterate"`), where no gene '
            "is without a zero; each maximum is found exactly, where R stops about 1e-5 short of it, and very sparse "
            "counts that do not settle are refused, as in R."
        ),
        words="the highest likelihood, alternating with dispersions (DESeq2's iterate)",
        module=_iterated,
        function="iterated_size_factors",
        citations=("love2014",),
        takes_lengths=False,
    ),
    "tmm": Method(
        title="trimmed means of M values",
        description="library sizes times edgeR's TMM factors, scaled to geometric mean 1.",
        words=f"trimmed means of M values ({_SCALED.format('TMM')})",
        module=_norm_factors,
        function="tmm_factors",
        citations=("robinson2010",),
        gives="norm_factors",
    ),
    "tmmwsp": Method(
        title="trimmed means of M values with singleton pairing",
        description="the same with a TMM that pairs the genes with a zero in one sample.",
        words=f"trimmed means of M values with singleton pairing ({_SCALED.format('TMMwsp')})",
        module=_norm_factors,
        function="tmmwsp_factors",
        citations=("chen2025",),
        gives="norm_factors",
    ),
    "rle": Method(
        title="relative log expression",
        description="the same with edgeR's factors by relative log expression.",
        words=f"relative log expression ({_SCALED.format('RLE')})",
        module=_norm_factors,
        function="rle_factors",
        citations=("anders2010", "chen2025"),
        gives="norm_factors",
        needs_full_gene=True,
    ),
    "upper_quartile": Method(
        title="upper quartiles",
        description="the same with edgeR's factors by upper quartiles.",
        words=f"upper quartiles ({_SCALED.format('upper-quartile')})",
        module=_norm_factors,
        function="upper_quartile_factors",
        citations=("bullard2010", "chen2025"),
        gives="norm_factors",
    ),
    "given": Method(title="given by the user", description="those of `given_size_factors`."),
}
#: Methods that estimate size factors from counts, and so can be varied.
ESTIMATED = tuple(name for name, method in METHODS.items() if method.function)


def with_controls() -> str:
    """Return the methods that take control genes, as ``a, b or c``."""
    *others, last = [name for name, method in METHODS.items() if method.takes_controls]
    return f"{', '.join(others)} or {last}" if others else last


TABLES: dict[str, Table] = {
    "normalized": Table(
        module=_tables,
        function="normalized_counts",
        use=(
            "Counts divided by size factors: for plotting one gene over the samples; never into a test, which takes "
            "raw counts, and not for comparing genes with one another, because gene length remains in them."
        ),
        words="counts divided by size factors",
        takes="size_factors",
    ),
    "cpm": Table(
        module=_tables,
        function="cpm",
        use=(
            "Counts per million of the library: for a look at one gene in libraries of different depth and for "
            "filtering; never into a test, and misleading between samples where a few genes take up much of a library "
            "(composition)."
        ),
        words="counts per million",
    ),
    "tmm_cpm": Table(
        module=_tables,
        function="tmm_cpm",
        use=(
            "Counts per million of the TMM effective library: for comparing one gene between samples by eye, with "
            "depth and composition corrected; never into a count test, and not for comparing genes, because gene "
            "length remains."
        ),
        words="counts per million with TMM-scaled library sizes",
        citations=("robinson2010",),
    ),
    "log_cpm": Table(
        module=_tables,
        function="log_cpm",
        use=(
            "log2 of TMM counts per million with a prior count: for heatmaps, PCA and linear models that weigh the "
            "counts' uncertainty (limma-trend); never into a count test, and low counts stay noisier than in a VST."
        ),
        words="log2 counts per million with TMM-scaled library sizes",
        citations=("robinson2010",),
    ),
    "tpm": Table(
        module=_tables,
        function="tpm",
        use=(
            "Transcripts per million: for comparing genes within one sample; never into a test between samples, "
            "because its fixed total makes every gene depend on all others (composition)."
        ),
        words="TPM",
        citations=("wagner2012",),
        takes="lengths",
    ),
    "fpkm": Table(
        module=_tables,
        function="fpkm",
        use=(
            "Fragments per kilobase and million: legacy, for comparison with older publications, within one sample; "
            "never into a test, and not between samples, whose FPKM totals differ; prefer TPM."
        ),
        words="FPKM",
        citations=("mortazavi2008",),
        takes="lengths",
    ),
    "getmm": Table(
        module=_tables,
        function="getmm",
        use=(
            "TMM on reads per kilobase: for classifiers and clustering that compare both genes within and samples "
            "between; never into a count test, because division by length hides how many reads stand behind a value."
        ),
        words="GeTMM",
        citations=("smid2018",),
        takes="lengths",
    ),
}
#: Papers that only methods of normalisation cite, by key; the report's other references are its own.
REFERENCES: dict[str, str] = {
    "bullard2010": (
        "Bullard JH, Purdom E, Hansen KD, Dudoit S. Evaluation of statistical methods for normalization and "
        "differential expression in mRNA-Seq experiments. BMC Bioinformatics 2010;11:94. doi:10.1186/1471-2105-11-94"
    ),
    "mortazavi2008": (
        "Mortazavi A, Williams BA, McCue K, Schaeffer L, Wold B. Mapping and quantifying mammalian transcriptomes by "
        "RNA-Seq. Nature Methods 2008;5:621-628. doi:10.1038/nmeth.1226"
    ),
    "smid2018": (
        "Smid M, Coebergh van den Braak RRJ, van de Werken HJG, et al. Gene length corrected trimmed mean of M-values "
        "(GeTMM) processing of RNA-seq data performs similarly in intersample analyses while improving intrasample "
        "comparisons. BMC Bioinformatics 2018;19:236. doi:10.1186/s12859-018-2246-7"
    ),
    "wagner2012": (
        "Wagner GP, Kin K, Lynch VJ. Measurement of mRNA abundance using RNA-seq data: RPKM measure is inconsistent "
        "among samples. Theory in Biosciences 2012;131:281-285. doi:10.1007/s12064-012-0162-3"
    ),
}
