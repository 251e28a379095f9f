"""The methods of the fit, and of fits of some samples alone, in words."""

from collections.abc import Mapping
from typing import Any

from degsteps.engines.registry import ENGINES
from degsteps.engines.wording import Wording
from degsteps.sections.citations import Citations, sentences, series
from degsteps.sections.recorded import facts_of


def model_sentences(settings, records, design, versions, cite) -> str:
    """Name the design and the fit."""
    fit = facts_of(records, "fit_model")
    engine = ENGINES[fit.get("engine", settings["test"]["engine"])]
    covariates = _covariates(settings, design, cite)
    levels = f" (reference levels: {_reference_levels(design)})" if design["levels"] else ""
    wording = Wording(
        settings,
        fit,
        f"{design['formula']}{levels}",
        covariates,
        _offsets(records, cite),
        versions,
        cite,
    )
    return sentences(*engine.sentences(wording))


def set_sentence(sample_sets: Mapping[str, Mapping[str, Any]]) -> str:
    """Say which samples are in each set, and its design where it has its own."""
    described = []
    for name, own in sample_sets.items():
        parts = [f"{column} {series(levels)}" for column, levels in own["keep"].items()]
        parts += [f"without {sample} ({reason})" for sample, reason in own["exclude"].items()]
        parts += [f"design {own['formula']}"] if own["formula"] else []
        described.append(f"{name} ({', '.join(parts)})")
    if not described:
        return ""
    these = "Samples of this set were" if len(described) == 1 else "Samples of these sets were"
    return f"{these} filtered, normalised, fitted and tested alone: {'; '.join(described)}."


def _reference_levels(design: Mapping[str, Any]) -> str:
    return series([f"{levels[0]} for {factor}" for factor, levels in design["levels"].items()])


def _covariates(settings: Mapping[str, Any], design: Mapping[str, Any], cite: Citations) -> str:
    described, curves = [], []
    for name, covariate in settings["design"]["covariates"].items():
        unit = f" (in {covariate['unit']})" if covariate["unit"] else ""
        if name in design.get("splines", {}):
            knots = design["splines"][name]["knots"]
            inner = series([f"{knot:.4g}" for knot in knots])
            curve = f"a natural cubic spline of {len(knots) + 1} degrees of freedom"
            curves.append(
                f"{name}{unit} entered as {curve} with {'an inner knot' if len(knots) == 1 else 'inner knots'} "
            )
            curves[-1] += f"at {inner} {cite('hastie1992')}"
            continue
        done = [word for word, on in (("centred", covariate["center"]), ("scaled", covariate["scale"])) if on]
        described.append(f"{name}{unit}" + (f", {' and '.join(done)}," if done else ""))
    text = f" {series(described)} entered as {'a number' if len(described) == 1 else 'numbers'}." if described else ""
    return text + (f" {series(curves)}." if curves else "")


def _offsets(records, cite) -> str:
    if facts_of(records, "ingest_counts").get("length_correction") != "offset":
        return "the size factors as offsets"
    return (
        "an offset for each gene and sample: the size factor (of counts corrected for length) times the average length "
        f"of the gene's transcripts in that sample relative to the other samples {cite('soneson2015')}"
    )
