"""What an engine needs to say in a methods text what was fitted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TRENDS = {
    "parametric": "a parametric trend over the mean",
    "local": "a trend over the mean fitted by local regression",
    "mean": "their common mean",
}


_BOUND_SENTENCES = {
    "greater_abs": "Absolute log2 fold changes were tested against their bound as in DESeq2 1.44 and later, by the sum "
    "of the tails beyond both bounds.",
    "greater_abs_2014": "Absolute log2 fold changes were tested against their bound as in DESeq2 up to 1.42 (its "
    "greaterAbs2014 today), by twice the tail beyond the nearer bound.",
}


@dataclass(frozen=True)
class Wording:
    """Values and parts of sentences.

    Attributes
    ----------
    settings : the whole analysis.
    facts : what the fit recorded.
    design : the formula, with its reference levels.
    covariates : how covariates entered, as a sentence with a blank before it; empty if there are none.
    offsets : what enters as offset.
    versions : of packages, by name.
    cite : gives the numbers of references.
    """

    settings: Mapping[str, Any]
    facts: Mapping[str, Any]
    design: str
    covariates: str
    offsets: str
    versions: Mapping[str, str]
    cite: Callable[..., str]


def negative_binomial_sentences(wording: Wording, implementation: Callable[[], str]) -> list[str]:
    """Return what a negative-binomial fit by the method of DESeq2 is.

    Parameters
    ----------
    implementation : gives the name of what computed it; called where it stands, so that references are in order.
    """
    trend = _TRENDS.get(wording.facts.get("trend"), "their trend over the mean")
    modelled = (
        f"Counts were modelled by a negative-binomial generalised linear model with the design {wording.design} and "
        f"{wording.offsets}, by the method of DESeq2 {wording.cite('love2014')} as implemented in {implementation()}."
    )
    contrasts = wording.settings["test"]["contrasts"].values()
    bounded = [contrast.get("alternative", "greater_abs") for contrast in contrasts if contrast.get("lfc_null")]
    return [
        f"{modelled}{wording.covariates}",
        f"Gene-wise dispersions were shrunk by a log-normal prior around {trend}.",
        *(sentence for alternative, sentence in _BOUND_SENTENCES.items() if alternative in bounded),
    ]
