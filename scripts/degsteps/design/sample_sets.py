"""Sample sets: some of the samples, analysed as if there were no others, each other sample with its reason.

Standard library only: the Snakefile imports this module.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from degsteps.design.formula import parse_formula
from degsteps.design.weights import contrast_columns


def members(
    columns: Mapping[str, Sequence[str]], sample_ids: Sequence[str], sample_set: Mapping[str, Any]
) -> tuple[list[str], dict[str, str]]:
    """Return the samples of a set, and why each of the others is not in it.

    Parameters
    ----------
    columns : columns of the sample sheet, in the order of ``sample_ids``.
    sample_set : ``keep``, the levels of columns that members have; ``exclude``, samples with reasons.

    Returns
    -------
    kept : sample ids in their order.
    reasons : by sample id.
    """
    reasons: dict[str, str] = {}
    for position, sample in enumerate(sample_ids):
        if sample in sample_set["exclude"]:
            reasons[sample] = f"excluded: {sample_set['exclude'][sample]}"
            continue
        for column, levels in sample_set["keep"].items():
            if columns[column][position] not in levels:
                reasons[sample] = f"{column} is {columns[column][position]}"
                break
    return [sample for sample in sample_ids if sample not in reasons], reasons


def set_contrasts(analysis: Mapping[str, Any], name: str | None) -> dict[str, dict[str, Any]]:
    """Return the contrasts of one sample set, or of all samples (None)."""
    contrasts = analysis["test"]["contrasts"]
    return {contrast: content for contrast, content in contrasts.items() if content.get("sample_set") == name}


def set_model(analysis: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    """Return the design section of a sample set: formula, what the formula names, and surrogates."""
    design = analysis["design"]
    model = {key: design[key] for key in ("formula", "factors", "covariates", "surrogates")}
    if name is None:
        return model
    formula = design["sample_sets"][name]["formula"] or design["formula"]
    named = parse_formula(formula).columns
    factors = {column: declared for column, declared in design["factors"].items() if column in named}
    if analysis.get("cells") is not None:
        # A donor may have too few cells of a type: where donors are not compared, any of them is the reference.
        compared = {
            column for contrast in set_contrasts(analysis, name).values() for column in contrast_columns(contrast)
        }
        factors = {
            column: declared if column in compared else {**declared, "reference_may_lack": True}
            for column, declared in factors.items()
        }
    return {
        "formula": formula,
        "factors": factors,
        "covariates": {column: declared for column, declared in design["covariates"].items() if column in named},
        "surrogates": design["surrogates"],
    }


def main_group(analysis: Mapping[str, Any], name: str | None) -> str:
    """Return the one factor whose groups are told apart in figures and protected when batches are adjusted for them.

    It is ``filter.group``, or else the first factor that a contrast names, or the last factor of the formula.
    """
    model = set_model(analysis, name)
    if analysis["filter"]["group"] in model["factors"]:
        return analysis["filter"]["group"]
    contrasts = analysis["test"]["contrasts"] if name is None else set_contrasts(analysis, name)
    named = [column for contrast in contrasts.values() for column in contrast_columns(contrast)]
    return [*[column for column in named if column in model["factors"]], *reversed(_factors(model))][0]


def filter_groups(analysis: Mapping[str, Any], name: str | None) -> dict[str, list[str]]:
    """Return whose groups the filter counts on; what the contrasts compare, whatever their order.

    Parameters
    ----------
    name : a sample set; None for all samples, where all contrasts count if none is tested in all samples.

    Returns
    -------
    dict
        ``named``: factors in the order of the formula, ``filter.group`` alone where it is given; ``expressions`` over
        groups, whose factors only the sample sheet tells; ``factors``: all of the formula, the last of which counts
        where nothing is named.
    """
    model = set_model(analysis, name)
    factors = _factors(model)
    if analysis["filter"]["group"] in model["factors"]:
        return {"named": [analysis["filter"]["group"]], "expressions": [], "factors": factors}
    contrasts = set_contrasts(analysis, name) or analysis["test"]["contrasts"]
    named = {column for contrast in contrasts.values() for column in _compared(contrast, factors)}
    expressions = sorted({contrast["expression"] for contrast in contrasts.values() if contrast.get("expression")})
    return {"named": [column for column in factors if column in named], "expressions": expressions, "factors": factors}


def _factors(model: Mapping[str, Any]) -> list[str]:
    return [column for column in parse_formula(model["formula"]).columns if column in model["factors"]]


def _compared(contrast: Mapping[str, Any], factors: Sequence[str]) -> list[str]:
    """Return the factors that a contrast names; of two formulas without a contrast, those that differ."""
    named = contrast_columns(contrast)
    if not named and contrast.get("reduced"):
        kept = parse_formula(contrast["reduced"]).columns
        named = [factor for factor in factors if factor not in kept]
    return named
