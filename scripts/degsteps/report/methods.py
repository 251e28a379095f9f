"""The methods of one analysis in words, with the values that it ran with and references to what it used."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from degsteps.contrasts import contrast_form, test_words, words
from degsteps.design import parse_formula
from degsteps.report import linear_methods
from degsteps.report.accounting import Account, facts_of, reason_text
from degsteps.wording import counted

REFERENCES = linear_methods.REFERENCES | {
    "anders2010": (
        "Anders S, Huber W. Differential expression analysis for sequence count data. "
        "Genome Biology 2010;11:R106. doi:10.1186/gb-2010-11-10-r106"
    ),
    "behdenna2023": (
        "Behdenna A, Colange M, Haziza J, et al. pyComBat, a Python tool for batch effects correction in "
        "high-throughput molecular data using empirical Bayes methods. BMC Bioinformatics 2023;24:459. "
        "doi:10.1186/s12859-023-05578-5"
    ),
    "benjamini1995": (
        "Benjamini Y, Hochberg Y. Controlling the false discovery rate: a practical and powerful approach to multiple "
        "testing. Journal of the Royal Statistical Society B 1995;57:289-300. doi:10.1111/j.2517-6161.1995.tb02031.x"
    ),
    "benjamini2001": (
        "Benjamini Y, Yekutieli D. The control of the false discovery rate in multiple testing under dependency. "
        "Annals of Statistics 2001;29:1165-1188. doi:10.1214/aos/1013699998"
    ),
    "bourgon2010": (
        "Bourgon R, Gentleman R, Huber W. Independent filtering increases detection power for high-throughput "
        "experiments. PNAS 2010;107:9546-9551. doi:10.1073/pnas.0914005107"
    ),
    "bullard2010": (
        "Bullard JH, Purdom E, Hansen KD, Dudoit S. Evaluation of statistical methods for normalization and "
        "differential expression in mRNA-Seq experiments. BMC Bioinformatics 2010;11:94. doi:10.1186/1471-2105-11-94"
    ),
    "buja1992": (
        "Buja A, Eyuboglu N. Remarks on parallel analysis. Multivariate Behavioral Research 1992;27:509-540. "
        "doi:10.1207/s15327906mbr2704_2"
    ),
    "chen2016": (
        "Chen Y, Lun ATL, Smyth GK. From reads to genes to pathways: differential expression analysis of RNA-Seq "
        "experiments using Rsubread and the edgeR quasi-likelihood pipeline. F1000Research 2016;5:1438. "
        "doi:10.12688/f1000research.8987.2"
    ),
    "chen2025": (
        "Chen Y, Chen L, Lun ATL, Baldoni PL, Smyth GK. edgeR v4: powerful differential analysis of sequencing data "
        "with expanded functionality and improved support for small counts and larger datasets. Nucleic Acids Research "
        "2025;53:gkaf018. doi:10.1093/nar/gkaf018"
    ),
    "cook1977": (
        "Cook RD. Detection of influential observation in linear regression. Technometrics 1977;19:15-18. "
        "doi:10.1080/00401706.1977.10489493"
    ),
    "hastie1992": (
        "Hastie TJ. Generalized additive models. In: Chambers JM, Hastie TJ, editors. Statistical Models in S. "
        "Pacific Grove: Wadsworth; 1992. doi:10.1201/9780203738535"
    ),
    "hart2013": (
        "Hart SN, Therneau TM, Zhang Y, Poland GA, Kocher JP. Calculating sample size estimates for RNA sequencing "
        "data. Journal of Computational Biology 2013;20:970-978. doi:10.1089/cmb.2012.0283"
    ),
    "heller2009": (
        "Heller R, Manduchi E, Grant GR, Ewens WJ. A flexible two-stage procedure for identifying gene sets that are "
        "differentially expressed. Bioinformatics 2009;25:1019-1025. doi:10.1093/bioinformatics/btp076"
    ),
    "hu2010": (
        "Hu JX, Zhao H, Zhou HH. False discovery rate control with groups. Journal of the American Statistical "
        "Association 2010;105:1215-1227. doi:10.1198/jasa.2010.tm09329"
    ),
    "ignatiadis2021": (
        "Ignatiadis N, Huber W. Covariate powered cross-weighted multiple testing. Journal of the Royal Statistical "
        "Society B 2021;83:720-751. doi:10.1111/rssb.12411"
    ),
    "leek2007": (
        "Leek JT, Storey JD. Capturing heterogeneity in gene expression studies by surrogate variable analysis. "
        "PLoS Genetics 2007;3:e161. doi:10.1371/journal.pgen.0030161"
    ),
    "leek2014": (
        "Leek JT. svaseq: removing batch effects and other unwanted noise from sequencing data. "
        "Nucleic Acids Research 2014;42:e161. doi:10.1093/nar/gku864"
    ),
    "love2014": (
        "Love MI, Huber W, Anders S. Moderated estimation of fold change and dispersion for RNA-seq data with DESeq2. "
        "Genome Biology 2014;15:550. doi:10.1186/s13059-014-0550-8"
    ),
    "molder2021": (
        "Mölder F, Jablonski KP, Letcher B, et al. Sustainable data analysis with Snakemake. F1000Research 2021;10:33. "
        "doi:10.12688/f1000research.29032.2"
    ),
    "mortazavi2008": (
        "Mortazavi A, Williams BA, McCue K, Schaeffer L, Wold B. Mapping and quantifying mammalian transcriptomes by "
        "RNA-Seq. Nature Methods 2008;5:621-628. doi:10.1038/nmeth.1226"
    ),
    "muzellec2023": (
        "Muzellec B, Teleńczuk M, Cabeli V, Andreux M. PyDESeq2: a python package for bulk RNA-seq differential "
        "expression analysis. Bioinformatics 2023;39:btad547. doi:10.1093/bioinformatics/btad547"
    ),
    "risso2014": (
        "Risso D, Ngai J, Speed TP, Dudoit S. Normalization of RNA-seq data using factor analysis of control genes or "
        "samples. Nature Biotechnology 2014;32:896-902. doi:10.1038/nbt.2931"
    ),
    "ritchie2015": (
        "Ritchie ME, Phipson B, Wu D, et al. limma powers differential expression analyses for RNA-sequencing and "
        "microarray studies. Nucleic Acids Research 2015;43:e47. doi:10.1093/nar/gkv007"
    ),
    "robinson2010": (
        "Robinson MD, Oshlack A. A scaling normalization method for differential expression analysis of RNA-seq data. "
        "Genome Biology 2010;11:R25. doi:10.1186/gb-2010-11-3-r25"
    ),
    "shaffer1986": (
        "Shaffer JP. Modified sequentially rejective multiple test procedures. Journal of the American Statistical "
        "Association 1986;81:826-831. doi:10.1080/01621459.1986.10478341"
    ),
    "smid2018": (
        "Smid M, Coebergh van den Braak RRJ, van de Werken HJG, et al. Gene length corrected trimmed mean of M-values "
        "(GeTMM) processing of RNA-seq data performs similarly in intersample analyses while improving intrasample "
        "comparisons. BMC Bioinformatics 2018;19:236. doi:10.1186/s12859-018-2246-7"
    ),
    "soneson2015": (
        "Soneson C, Love MI, Robinson MD. Differential analyses for RNA-seq: transcript-level estimates improve "
        "gene-level inferences. F1000Research 2015;4:1521. doi:10.12688/f1000research.7563.2"
    ),
    "storey2003": (
        "Storey JD, Tibshirani R. Statistical significance for genomewide studies. PNAS 2003;100:9440-9445. "
        "doi:10.1073/pnas.1530509100"
    ),
    "van den berge2017": (
        "Van den Berge K, Soneson C, Robinson MD, Clement L. stageR: a general stage-wise method for controlling the "
        "gene-level false discovery rate in differential expression and differential transcript usage. Genome Biology "
        "2017;18:151. doi:10.1186/s13059-017-1277-0"
    ),
    "wagner2012": (
        "Wagner GP, Kin K, Lynch VJ. Measurement of mRNA abundance using RNA-seq data: RPKM measure is inconsistent "
        "among samples. Theory in Biosciences 2012;131:281-285. doi:10.1007/s12064-012-0162-3"
    ),
    "wolf2018": (
        "Wolf FA, Angerer P, Theis FJ. SCANPY: large-scale single-cell gene expression data analysis. "
        "Genome Biology 2018;19:15. doi:10.1186/s13059-017-1382-0"
    ),
    "zhang2020": (
        "Zhang Y, Parmigiani G, Johnson WE. ComBat-seq: batch effect adjustment for RNA-seq count data. "
        "NAR Genomics and Bioinformatics 2020;2:lqaa078. doi:10.1093/nargab/lqaa078"
    ),
    "zhu2019": (
        "Zhu A, Ibrahim JG, Love MI. Heavy-tailed prior distributions for sequence count data: removing the noise and "
        "preserving large differences. Bioinformatics 2019;35:2084-2092. doi:10.1093/bioinformatics/bty895"
    ),
}
#: Packages that decide about numbers; what they bring along is in the versions table, not in the paragraph.
NAMED_PACKAGES = ("numpy", "scipy", "pandas", "anndata", "pydeseq2", "scanpy", "inmoose", "edgepython", "matplotlib")

_TABLE_WORDS = {
    "normalized": ("counts divided by size factors", ()),
    "cpm": ("counts per million", ()),
    "tmm_cpm": ("counts per million with TMM-scaled library sizes", ("robinson2010",)),
    "log_cpm": ("log2 counts per million with TMM-scaled library sizes", ("robinson2010",)),
    "tpm": ("TPM", ("wagner2012",)),
    "fpkm": ("FPKM", ("mortazavi2008",)),
    "getmm": ("GeTMM", ("smid2018",)),
}


@dataclass(frozen=True)
class Methods:
    """Paragraphs of plain text with numbered citations, and the references in the order of their numbers."""

    paragraphs: tuple[str, ...]
    references: tuple[str, ...]

    @property
    def plain_text(self) -> str:
        """Paragraphs and references as text to be pasted."""
        numbered = [f"{number}. {text}" for number, text in enumerate(self.references, start=1)]
        return "\n\n".join([*self.paragraphs, "\n".join(["References", *numbered])])

    def as_markdown(self, title: str) -> str:
        """Return a Markdown page; what comes from the sheet or the configuration shows as it is."""
        lines = [f"# Methods: {escape_markdown(title)}", ""]
        for paragraph in self.paragraphs:
            lines += [escape_markdown(paragraph), ""]
        lines += ["## References", ""]
        lines += [f"{number}. {escape_markdown(text)}" for number, text in enumerate(self.references, start=1)]
        return "\n".join(lines) + "\n"


class _Citations:
    """Numbers references in the order in which they are first cited."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def __call__(self, *keys: str) -> str:
        self.keys += [key for key in dict.fromkeys(keys) if key not in self.keys]
        return "[" + ", ".join(str(number) for number in sorted({self.keys.index(key) + 1 for key in keys})) + "]"


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it stands; citations such as ``[1, 2]`` stay readable in the source."""
    one_line = re.sub(r"\s+", " ", text)
    escaped = re.sub(r"([\\`*_~<>&|#])", r"\\\1", one_line)
    return re.sub(r"\[(?!\d+(?:, \d+)*\](?![(\[:]))", r"\\[", escaped)


def software_versions(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Join the versions that the steps recorded.

    Returns
    -------
    DataFrame
        Index `package` (Python first, then by name); `version` (several, joined by a comma, if steps differ), `steps`
        (how many used it).
    """
    found: dict[str, dict[str, int]] = {}
    for record in records:
        for package, version in {"python": record["python"], **record["packages"]}.items():
            versions = found.setdefault(package, {})
            versions[version] = versions.get(version, 0) + 1
    names = sorted(found, key=lambda name: (name != "python", name))
    return pd.DataFrame(
        {
            "version": [", ".join(sorted(found[name])) for name in names],
            "steps": [sum(found[name].values()) for name in names],
        },
        index=pd.Index(names, name="package", dtype=object),
    )


def provenance(records: Sequence[Mapping[str, Any]], workflow_versions: Mapping[str, str]) -> str:
    """Return one line that says what made these results, without a date: the same run gives the same line."""
    written = [
        entry["sha256"]
        for record in records
        if record["step"] == "annotate_contrast"
        for entries in record["outputs"].values()
        for entry in entries
    ]
    digest = hashlib.sha256("\n".join(sorted(written)).encode()).hexdigest()
    programs = [f"{name} {version}" for name, version in workflow_versions.items()]
    python, platform = records[0]["python"], records[0]["platform"]
    return " · ".join([*programs, f"Python {python}", platform, f"fingerprint of the result tables {digest[:12]}"])


def methods_text(
    *,
    settings: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    accounts: Sequence[Account],
    design: Mapping[str, Any],
    workflow_versions: Mapping[str, str],
) -> Methods:
    """Write the methods of an analysis.

    Parameters
    ----------
    settings
        The whole analysis.
    records
        Records of all steps: facts and package versions.
    accounts
        Of samples and genes.
    design
        Summary of the design check.
    workflow_versions
        Versions of ``degsteps`` and ``snakemake``.
    """
    cite = _Citations()
    versions = software_versions(records)["version"]
    account = {(entry.unit, entry.stage): entry for entry in accounts}
    paragraphs = (
        _data_sentences(settings, records, account, workflow_versions, cite),
        _filter_sentences(records, account, cite) + " " + _normalization_sentences(settings, records, cite),
        _test_sentences(settings, records, design, versions, cite),
        _sentences(_figure_sentences(settings, records, versions, cite), _identity_sentences(settings, records)),
        _annotation_sentences(records) + _table_sentences(settings, records, versions, cite),
        _software_sentence(versions),
    )
    return Methods(tuple(text for text in paragraphs if text), tuple(REFERENCES[key] for key in cite.keys))


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _series(items: Sequence[str]) -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _data_sentences(settings, records, account, workflow_versions, cite) -> str:
    samples, genes = account["samples", "ingest"], account["genes", "ingest"]
    degsteps = f"degsteps {workflow_versions['degsteps']}"
    snakemake = f"Snakemake {workflow_versions['snakemake']} {cite('molder2021')}"
    dropped = "; ".join(f"{n} {reason_text(reason)}" for reason, n in samples.dropped.items())
    facts = facts_of(records, "ingest_counts")
    n_summed = genes.dropped.get("rows_summed", 0)
    left_out = {reason: n for reason, n in genes.dropped.items() if reason != "rows_summed"}
    return _sentences(
        f"Raw counts of {genes.kept:,} genes in {counted(samples.kept, 'sample')} were analysed with {degsteps}, a "
        f"workflow run by {snakemake}.",
        f"Of {counted(samples.received, 'sample')} received, {samples.n_dropped} "
        f"{'was' if samples.n_dropped == 1 else 'were'} left out ({dropped})."
        if set(samples.dropped) - {"technical_replicates_summed"}
        else "",
        _site_sentence(facts, settings),
        _replicate_sentence(facts),
        f"{counted(n_summed, 'row')} with a gene id that had occurred before "
        f"{'was' if n_summed == 1 else 'were'} added to that gene."
        if n_summed
        else "",
        f"{counted(sum(left_out.values()), 'row')} of the files were not taken over "
        f"({'; '.join(f'{n} {reason_text(reason)}' for reason, n in left_out.items())})."
        if left_out
        else "",
        _length_sentence(facts, cite),
        "The counts were estimates and were rounded to whole numbers." if facts.get("rounded") else "",
    )


def _site_sentence(facts: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    if "sites" not in facts:
        return ""
    named = ", ".join(f"{site} ({counted(n, 'sample')})" for site, n in facts["sites"].items())
    merged = f"The counts of {counted(len(facts['sites']), 'site')}, {named}, were merged by gene id; "
    ingest = settings["ingest"]
    if ingest["merge_genes"] == "intersection":
        return f"{merged}the {facts['genes_at_every_site']:,} genes that every site has were kept."
    fill = f"genes that a site does not have count {ingest['union_fill']} there."
    return f"{merged}all genes were kept, of which every site has {facts['genes_at_every_site']:,}; {fill}"


def _replicate_sentence(facts: Mapping[str, Any]) -> str:
    summed = facts.get("technical_replicates")
    if not summed:
        return ""
    agreement = ""
    if summed["lowest_correlation"] is not None:
        agreement = f" (correlation of log counts at least {summed['lowest_correlation']:.3f}, variation beyond "
        agreement += f"counting at most {summed['largest_variation']:.1%})"
    replicates = counted(summed["replicates"], "technical replicate")
    return f"{replicates} were summed to {counted(summed['samples'], 'sample')}{agreement}."


def _length_sentence(facts: Mapping[str, Any], cite) -> str:
    if facts.get("length_correction") == "length_scaled_tpm":
        return f"Counts were computed from abundances and average transcript lengths {cite('soneson2015')}."
    return ""


def counts_per_million(number: float) -> str:
    """Return ``1 count per million``, ``0.5 counts per million``."""
    return f"{number:g} count{'' if number == 1 else 's'} per million"


def _filter_sentences(records, account, cite) -> str:
    facts, genes = facts_of(records, "filter_genes"), account["genes", "filter"]
    left = f"which left {genes.kept:,} of {genes.received:,} genes to be tested."
    listed_genes = " Genes on the lists given by the user were kept or dropped regardless of the rule."
    params = next((record["inputs"] for record in records if record["step"] == "filter_genes"), {})
    lists = listed_genes if {"keep_list", "drop_list"} & set(params) else ""
    if facts["method"] == "none":
        return f"No expression filter was applied, {left}{lists}"
    if facts["method"] == "cpm":
        rule = (
            f"Genes that reach {counts_per_million(facts['min_cpm'])} in at least "
            f"{counted(facts['min_samples'], 'sample')} were kept"
        )
        if facts["min_samples"] == facts["smallest_group"]:
            rule += f" (the size of the smallest group of {facts['group']})"
        return f"{rule} {cite('chen2016')}, {left}{lists}"
    return (
        f"Genes were filtered by the rule of edgeR's filterByExpr with the groups of {facts['group']} "
        f"{cite('chen2016')}, {left}{lists}"
    )


def _normalization_sentences(settings, records, cite) -> str:
    facts = facts_of(records, "estimate_size_factors")
    lay = f"lay between {facts['smallest']:.3f} and {facts['largest']:.3f}."
    if facts["method"] == "given":
        return f"Size factors were given by the user, not estimated from the counts, and {lay}"
    scaled = "library sizes times {} factors, scaled to geometric mean 1"
    method, keys = {
        "ratio": ("the median of ratios to the geometric mean of each gene", ("anders2010", "love2014")),
        "poscounts": ("the median of ratios to geometric means that pass over zeros (poscounts)", ("love2014",)),
        "iterate": ("the highest likelihood, by turns with dispersions (DESeq2's iterate)", ("love2014",)),
        "tmm": (f"trimmed means of M values ({scaled.format('TMM')})", ("robinson2010",)),
        "tmmwsp": (f"trimmed means of M values with singleton pairing ({scaled.format('TMMwsp')})", ("chen2025",)),
        "rle": (f"relative log expression ({scaled.format('RLE')})", ("anders2010", "chen2025")),
        "upper_quartile": (f"upper quartiles ({scaled.format('upper-quartile')})", ("bullard2010", "chen2025")),
    }[facts["method"]]
    controls = " of the control genes given by the user" if settings["normalize"]["control_genes"] else ""
    return f"Size factors were estimated by {method}{controls} {cite(*keys)} and {lay}"


def _reference_levels(design: Mapping[str, Any]) -> str:
    return _series([f"{levels[0]} for {factor}" for factor, levels in design["levels"].items()])


def _covariates(settings: Mapping[str, Any], design: Mapping[str, Any], cite: "_Citations") -> str:
    described, curves = [], []
    for name, covariate in settings["design"]["covariates"].items():
        unit = f" (in {covariate['unit']})" if covariate["unit"] else ""
        if name in design.get("splines", {}):
            knots = design["splines"][name]["knots"]
            inner = _series([f"{knot:.4g}" for knot in knots])
            curve = f"a natural cubic spline of {len(knots) + 1} degrees of freedom"
            curves.append(
                f"{name}{unit} entered as {curve} with {'an inner knot' if len(knots) == 1 else 'inner knots'} "
            )
            curves[-1] += f"at {inner} {cite('hastie1992')}"
            continue
        done = [word for word, on in (("centred", covariate["center"]), ("scaled", covariate["scale"])) if on]
        described.append(f"{name}{unit}" + (f", {' and '.join(done)}," if done else ""))
    text = f" {_series(described)} entered as {'a number' if len(described) == 1 else 'numbers'}." if described else ""
    return text + (f" {_series(curves)}." if curves else "")


def _hidden_sentence(facts: Mapping[str, Any], test: Mapping[str, Any], cite: "_Citations") -> str:
    """Say what hidden variation was estimated from, and how many variables it became."""
    if not facts:
        return ""
    how = {
        "sva": ("surrogate variables by iteratively reweighted analysis of the log counts (svaseq)", _SVA),
        "ruv_g": (f"factors of unwanted variation from {facts['genes']:,} control genes (RUVg)", ("risso2014",)),
        "ruv_s": ("factors of unwanted variation from differences between replicates (RUVs)", ("risso2014",)),
        "ruv_r": ("factors of unwanted variation from deviance residuals of the design (RUVr)", ("risso2014",)),
    }
    method, keys = how[facts["method"]]
    against = f" against the null model {facts['null_model']}" if facts["method"] == "sva" else ""
    chosen = f", their number by permutation {cite('buja1992')}" if facts["chosen"] == "auto" else ", as many as given"
    if facts["number"] == 0:
        return f"Hidden variation was looked for as {method}{against} {cite(*keys)}; none was found{chosen[1:]}."
    joined = f"{counted(facts['number'], 'hidden variable')} joined the design {facts['formula']}"
    has_reduced = any(contrast.get("reduced") for contrast in test["contrasts"].values())
    both = " Smaller designs of likelihood-ratio tests hold them too." if has_reduced else ""
    return f"{joined}: {method}{against} {cite(*keys)}{chosen}.{both}"


_SVA = ("leek2007", "leek2014")


def _test_sentences(settings, records, design, versions, cite) -> str:
    test, fit = settings["test"], facts_of(records, "fit_model")
    by = f"PyDESeq2 {versions['pydeseq2']} {cite('muzellec2023')}" if fit.get("engine") == "pydeseq2" else "degsteps"
    trend = {
        "parametric": "a parametric trend over the mean",
        "local": "a trend over the mean fitted by local regression",
        "mean": "their common mean",
    }
    shrink = f"a log-normal prior around {trend.get(fit.get('trend'), 'their trend over the mean')}"
    contrasts = [words(contrast).question for contrast in test["contrasts"].values()]
    forms = {contrast_form(contrast) for contrast in test["contrasts"].values()}
    tests = _series(
        list(dict.fromkeys(test_words(contrast, test["engine"]) for contrast in test["contrasts"].values()))
    )
    sign = (
        "positive log2 fold changes mean higher expression in the group named first"
        if forms <= {"levels", "rest"}
        else "positive log2 fold changes mean that the named difference or slope is above 0"
    )
    minimum = test["min_log2_fold_change"]
    covariates = _covariates(settings, design, cite)
    levels = f" (reference levels: {_reference_levels(design)})" if design["levels"] else ""
    if test["engine"] == "voom":
        fitted = linear_methods.linear_sentences(settings, fit, f"{design['formula']}{levels}", covariates, cite)
    else:
        modelled = (
            f"Counts were modelled by a negative-binomial generalised linear model with the design {design['formula']}"
            f"{levels} and {_offsets(records, cite)}, by the method of DESeq2 {cite('love2014')} as implemented in "
            f"{by}.{covariates}"
        )
        fitted = [modelled, f"Gene-wise dispersions were shrunk by {shrink}."]
        if fit.get("engine") == "degsteps" and test["compatibility"] == "exact":
            fitted.append("The dispersion of each gene is the optimum of its likelihood, where DESeq2 stops early.")
    return _sentences(
        *fitted,
        linear_methods.subject_sentence(settings),
        _hidden_sentence(facts_of(records, "estimate_hidden"), test, cite),
        f"The following {'contrast was' if len(contrasts) == 1 else 'contrasts were'} tested by {tests}: "
        f"{'; '.join(contrasts)}; {sign}.",
        f"Genes with a count outlier by Cook's distance {cite('cook1977', 'love2014')} were given no p-value."
        if test["cooks_filter"]
        else "No gene was set aside for count outliers."
        if test["engine"] != "voom"
        else "",
        _adjustment_sentence(test, cite),
        f"Genes with an adjusted p-value below {test['alpha']:g} were called differentially expressed"
        + (f"; those with an absolute log2 fold change of at least {minimum:g} are marked." if minimum else "."),
        _shrinkage_sentence(test["shrinkage"], cite),
        _stage_wise_sentence(test, cite),
        f"The power of the Wald tests was computed from the fitted dispersions and the size factors {cite('hart2013')} "
        "at the largest p-value that was called."
        if test["power"] is not None
        else "",
        _stability_sentences(test, records),
        linear_methods.concordance_sentence(settings, versions, cite),
    )


def _offsets(records, cite) -> str:
    if facts_of(records, "ingest_counts").get("length_correction") != "offset":
        return "the size factors as offsets"
    return (
        "an offset for each gene and sample: the size factor (of counts corrected for length) times the average length "
        f"of the gene's transcripts in that sample relative to the other samples {cite('soneson2015')}"
    )


def _stability_sentences(test: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> str:
    parts = []
    if test["sensitivity"]:
        settings = facts_of(records, "vary_settings")
        parts.append(
            f"Every contrast was tested again under {settings.get('computed', 'several')} combinations of gene filter, "
            "size factors and outlier policy; the stability of a gene is the share of these in which it is called with "
            "the same sign."
        )
    if test["influence"]:
        parts.append("The analysis, from the gene filter on, was repeated without each sample in turn.")
    return " ".join(parts)


def _stage_wise_sentence(test: Mapping[str, Any], cite: "_Citations") -> str:
    if not test["stage_wise"]:
        return ""
    families = _series([f"{name} ({', '.join(family['contrasts'])})" for name, family in test["stage_wise"].items()])
    ways = {"shaffer": "Shaffer's modified sequentially rejective procedure", "holm": "Holm's procedure"}
    used = _series(
        [ways[way] for way in dict.fromkeys(family["confirmation"] for family in test["stage_wise"].values())]
    )
    return (
        f"Contrasts were also tested stage by stage, within {families}: genes were screened by a likelihood-ratio test "
        f"of all these contrasts together, and single contrasts confirmed by {used} within genes that passed, at an "
        f"overall false discovery rate of {test['alpha']:g} {cite('heller2009', 'shaffer1986', 'van den berge2017')}."
    )


def _shrinkage_sentence(method: str, cite: "_Citations") -> str:
    if method == "none":
        return ""
    if method == "normal":
        prior = f"normal priors on all coefficients but the intercept {cite('love2014')}"
    else:
        prior = f"the adaptive Cauchy prior of apeGLM {cite('zhu2019')}"
    return (
        f"Beside the maximum-likelihood estimates, fold changes shrunk by {prior} are given; p-values are those of the "
        "unshrunken estimates."
    )


def _adjustment_sentence(test: Mapping[str, Any], cite: "_Citations") -> str:
    method = test.get("adjustment", "bh")
    if method == "weighted":
        return (
            "P-values were adjusted by the method of Benjamini and Hochberg with weights by groups of mean normalised "
            f"count, learned on other genes {cite('benjamini1995', 'hu2010', 'ignatiadis2021')}."
        )
    by = {"by": ("Benjamini and Yekutieli", ["benjamini2001"]), "bonferroni": ("Bonferroni", [])}
    by |= {"bh": ("Benjamini and Hochberg", ["benjamini1995"]), "storey": ("Storey (q-values)", ["storey2003"])}
    name, keys = by[method]
    text = f"P-values were adjusted by the method of {name}{' ' + cite(*keys) if keys else ''}"
    if not test["independent_filtering"]:
        return f"{text}, without independent filtering."
    level = "level" if method == "bonferroni" else "false discovery rate"
    return (
        f"{text}, after independent filtering on the mean normalised count {cite('bourgon2010')} optimised for a "
        f"{level} of {test['alpha']:g}."
    )


def _figure_sentences(settings, records, versions, cite) -> str:
    transform, batch, quality = settings["transform"], settings["batch"], settings["qc"]
    knowing = "without knowledge of the design (blind)" if transform["blind"] else "with knowledge of the design"
    if transform["method"] == "vst":
        some = transform["trend_genes"]
        some = some if some and some == facts_of(records, "transform_counts").get("trend_genes") else None
        fitted = f", by the dispersion trend of {some:,} genes" if some else ""
        text = (
            f"For figures and clustering, counts were variance-stabilised {knowing}{fitted} "
            f"{cite('anders2010', 'love2014')}."
        )
    elif transform["method"] == "rlog":
        text = f"For figures and clustering, counts were put on the regularised log scale {knowing} {cite('love2014')}."
    else:
        text = "For figures and clustering, normalised counts were transformed to log2(count + 1)."
    text += f" Principal components were computed from the {quality['top_genes']:,} most variable genes."
    adjusted = facts_of(records, "adjust_transformed")
    hidden = [f"hidden_{k + 1}" for k in range(facts_of(records, "estimate_hidden").get("number", 0))]
    removed = [*batch["columns"], *hidden]
    if not removed:
        return text
    names = _series(removed)
    modelled = [name for name in batch["columns"] if name in parse_formula(settings["design"]["formula"]).columns]
    if modelled:
        text += f" Batches ({_series(modelled)}) were accounted for in the test by terms of the design."
    if not adjusted:
        return text
    if batch["method"] == "combat_seq" and batch["columns"]:
        package = f"InMoose {versions['inmoose']} " if "inmoose" in versions else ""
        how = f"ComBat-seq as implemented in {package}{cite('zhang2020', 'behdenna2023')}"
    else:
        how = (
            f"a linear model that keeps the terms of the design, as in limma's removeBatchEffect {cite('ritchie2015')}"
        )
    were = "was" if len(removed) == 1 else "were"
    return f"{text} In figures marked as adjusted, {names} {were} removed by {how}; no test used adjusted values."


def _identity_sentences(settings, records) -> str:
    facts = facts_of(records, "check_identity")
    parts = []
    if facts.get("sexes") and settings["qc"]["sex_column"]:
        parts.append(
            "The sex of each sample was told from the reads of genes of the Y chromosome relative to their X "
            f"homologues and from XIST, and compared with the column {settings['qc']['sex_column']}."
        )
    compared = facts.get("subjects", {})
    if compared.get("n_genes"):
        removed = f" without the effects of {_series(compared['removed'])}" if compared["removed"] else ""
        parts.append(
            f"Samples were compared with those of the same subject ({settings['qc']['subject_column']}) and of others "
            f"by the correlation of transformed values{removed} over the {counted(compared['n_genes'], 'gene')} that "
            "vary most."
        )
    return _sentences(*parts)


def _annotation_sentences(records) -> str:
    facts = facts_of(records, "annotate_genes")
    if not facts.get("source"):
        return ""
    release = f" ({facts['release']})" if facts.get("release") else ""
    fraction = f"{facts['mapped_fraction_of_tested']:.1%}"
    return f"Genes were annotated from a local table{release}, which holds {fraction} of the tested genes. "


def _table_sentences(settings, records, versions, cite) -> str:
    has_lengths = facts_of(records, "ingest_counts").get("length_correction") == "offset"
    names = settings["normalize"]["tables"]
    if not names:
        return ""
    parts = []
    for name in names:
        words, keys = _TABLE_WORDS[name]
        if name == "normalized" and has_lengths:
            words = "counts divided by size factors and relative transcript lengths"
        if name == "cpm" and "scanpy" in versions:
            words, keys = f"{words} (Scanpy {versions['scanpy']})", ("wolf2018",)
        parts.append(f"{words} {cite(*keys)}" if keys else words)
    return f"Normalised tables for inspection hold {_series(parts)}; none of them entered a test."


def _software_sentence(versions: pd.Series) -> str:
    named = [f"{name} {versions[name]}" for name in NAMED_PACKAGES if name in versions]
    return f"Computations ran on Python {versions['python']}" + (f" with {_series(named)}." if named else ".")
