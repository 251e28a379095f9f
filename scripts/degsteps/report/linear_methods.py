"""The methods of linear models of log counts, and of repeated measures, in words."""

from collections.abc import Callable, Mapping
from typing import Any


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
