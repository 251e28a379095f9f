"""The methods of linear models of log counts, and of repeated measures, in words."""

from collections.abc import Callable, Mapping
from typing import Any

REFERENCES = {
    "law2014": (
        "Law CW, Chen Y, Shi W, Smyth GK. voom: precision weights unlock linear model analysis tools for RNA-seq read "
        "counts. Genome Biology 2014;15:R29. doi:10.1186/gb-2014-15-2-r29"
    ),
    "lund2012": (
        "Lund SP, Nettleton D, McCarthy DJ, Smyth GK. Detecting differential expression in RNA-sequence data using "
        "quasi-likelihood with shrunken dispersion estimates. Statistical Applications in Genetics and Molecular "
        "Biology 2012;11:8. doi:10.1515/1544-6115.1826"
    ),
    "mccarthy2009": (
        "McCarthy DJ, Smyth GK. Testing significance relative to a fold-change threshold is a TREAT. "
        "Bioinformatics 2009;25:765-771. doi:10.1093/bioinformatics/btp053"
    ),
    "smyth2004": (
        "Smyth GK. Linear models and empirical Bayes methods for assessing differential expression in microarray "
        "experiments. Statistical Applications in Genetics and Molecular Biology 2004;3:3. doi:10.2202/1544-6115.1027"
    ),
    "smyth2005": (
        "Smyth GK, Michaud J, Scott HS. Use of within-array replicate spots for assessing differential expression in "
        "microarray experiments. Bioinformatics 2005;21:2067-2075. doi:10.1093/bioinformatics/bti270"
    ),
}


def linear_sentences(
    settings: Mapping[str, Any],
    fit: Mapping[str, Any],
    design: str,
    covariates: str,
    cite: Callable[..., str],
) -> list[str]:
    """Return what was fitted, in sentences.

    Parameters
    ----------
    fit : facts of the fit.
    design : the formula, with its reference levels.
    covariates : how covariates entered; blank if there are none.
    cite : gives the numbers of references.
    """
    transformed = (
        "Counts were transformed to log2 counts per million, with library sizes whose ratios are those of the size "
        "factors, and weighted by the inverse of their variance, which follows from its trend over the mean count "
        f"(voom {cite('law2014')})."
    )
    found = [
        transformed,
        f"Linear models with the design {design} were fitted to them by weighted least squares.{covariates}",
    ]
    if "correlation" in fit:
        subject = settings["design"]["repeated"]["subject"]
        found.append(
            f"Samples of one {subject} ({fit['n_subjects']:.0f} in all) were taken to be correlated by "
            f"{fit['correlation']:.3f} in all genes, the trimmed mean over genes of restricted maximum likelihood "
            f"estimates {cite('smyth2005')}; weights and correlation were estimated in turn, twice."
        )
    worth = "infinitely many" if fit.get("prior_df") is None else f"{fit['prior_df']:.1f}"
    found.append(
        f"Residual variances were moderated by empirical Bayes, with a prior of {worth} degrees of freedom "
        f"{cite('smyth2004')}. This is the method of limma {cite('ritchie2015')} as implemented in degsteps."
    )
    if any(_is_treat(contrast) for contrast in settings["test"]["contrasts"].values()):
        found.append(f"Tests for an absolute log2 fold change above a bound are those of TREAT {cite('mccarthy2009')}.")
    return found


def _is_treat(contrast: Mapping[str, Any]) -> bool:
    return bool(contrast.get("lfc_null")) and contrast.get("alternative", "greater_abs") == "greater_abs"


def concordance_sentence(settings: Mapping[str, Any], versions: Mapping[str, str], cite: Callable[..., str]) -> str:
    """Name the second engines, where there are any."""
    engines = settings["test"].get("concordance") or []
    named = []
    for engine in engines:
        if engine == "limma_voom":
            named.append(f"limma-voom {cite('law2014', 'smyth2004')}")
        else:
            by = f" (edgePython {versions['edgepython']}, method of edgeR 3.40)" if "edgepython" in versions else ""
            named.append(f"edgeR's quasi-likelihood F test{by} {cite('lund2012')}")
    if not named:
        return ""
    return (
        f"To see how far other methods agree, the same contrasts were tested by {' and '.join(named)} with library "
        "sizes of the same ratios; the calls that are reported are not theirs."
    )


def subject_sentence(settings: Mapping[str, Any]) -> str:
    """Say that subjects are compared with themselves, where the configuration says so."""
    repeated = settings["design"].get("repeated")
    if not repeated or repeated["method"] != "fixed":
        return ""
    return (
        f"The {repeated['subject']} is a term of the design, so that changes within each {repeated['subject']} count."
    )
