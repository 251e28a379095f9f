"""What an engine cannot do, said before any job.

One requirement for each setting that asks something of an engine, and one loop: an engine whose record does not know
that is refused, whichever it is. Standard library only: the Snakefile imports this module.
"""

from collections.abc import Callable
from typing import NamedTuple

from degsteps.basics.errors import DegstepsError
from degsteps.basics.words import quoted
from degsteps.design.contrasts import has_point_null
from degsteps.design.repeated_measures import block_column
from degsteps.engines.registry import ENGINES, Engine
from degsteps.inputs.sources import lengths_are_offsets
from degsteps.preflight.check import Check
from degsteps.preflight.settings import default_of_test


class Place(NamedTuple):
    """Where a setting asks for something: its key, and the contrast that does, if one does."""

    key: str
    contrast: str = ""


class Requirement(NamedTuple):
    """What a setting asks of an engine.

    Attributes
    ----------
    ability : of :data:`degsteps.engines.registry.ABILITIES`.
    places : gives where an analysis asks for it; nowhere, if it does not.
    what : what is wrong; ``{engine}`` stands for the engine as it is configured, ``{name}`` for its name alone,
        ``{contrast}`` for the contrast. A record can say more (``lacks``).
    instead : what to do with the same engine, as a command; blank for nothing.
    of_second : whether second engines must know it too, because it says what is tested.
    only_with : matters to engines with this ability alone.
    is_note : possible, but not advised.
    """

    ability: str
    places: Callable[[Check], list[Place]]
    what: str
    instead: str = ""
    of_second: bool = False
    only_with: str | None = None
    is_note: bool = False


def check_engines(check: Check) -> None:
    """Refuse what the engine and the second engines do not know."""
    test = check.analysis["test"]
    first, second = ENGINES[test["engine"]], [ENGINES[name] for name in test["concordance"]]
    if first in second:
        what = f"{first.name} is test.engine already, so it would be compared with itself."
        check.problem("test.concordance", what, f"Take {first.name} out, or set another test.engine.")
    for requirement in REQUIREMENTS:
        places = requirement.places(check)
        for place in places if _is_missing(requirement, first) else ():
            what = _what(requirement, first, place, f"test.engine {first.name}")
            if requirement.is_note:
                check.note(check.file, place.key, what, _cure(requirement, first))
            else:
                check.problem(place.key, what, _cure(requirement, first))
        for engine in second if requirement.of_second else ():
            for place in places if engine is not first and _is_missing(requirement, engine) else ():
                what = _what(requirement, engine, place, engine.name)
                check.problem("test.concordance", what, _cure_of_second(requirement, engine))


def _is_missing(requirement: Requirement, engine: Engine) -> bool:
    matters = requirement.only_with is None or requirement.only_with in engine.knows
    return matters and requirement.ability not in engine.knows


def _what(requirement: Requirement, engine: Engine, place: Place, called: str) -> str:
    text = engine.lacks.get(requirement.ability, requirement.what)
    return text.format(engine=called, name=engine.name, contrast=quoted(place.contrast))


def _cure(requirement: Requirement, engine: Engine) -> str:
    """Say which engines know it, and what else there is to do."""
    able = " or ".join(
        other.name for other in ENGINES.values() if other.is_advised and requirement.ability in other.knows
    )
    instead = _instead(requirement, engine)
    if not instead:
        return f"Set test.engine: {able}."
    return f"{instead}, or {'' if instead.startswith('Set ') else 'set '}test.engine: {able}."


def _cure_of_second(requirement: Requirement, engine: Engine) -> str:
    instead = _instead(requirement, engine)
    return f"Take {engine.name} out" + (f", or {instead[0].lower()}{instead[1:]}." if instead else ".")


def _instead(requirement: Requirement, engine: Engine) -> str:
    shrinkages = [method for method in ("apeglm", "normal") if method in engine.knows]
    return requirement.instead.format(shrinkages=" or ".join([*shrinkages, "none"]))


# ---- where an analysis asks for what


def _if(key: str, is_used: Callable[[Check], bool]) -> Callable[[Check], list[Place]]:
    """Return a function that gives a key where it is used."""

    def places(check: Check) -> list[Place]:
        return [Place(key)] if is_used(check) else []

    return places


def _is_set(name: str, *values: object) -> Callable[[Check], list[Place]]:
    """Return a function that gives a key of the test where it has one of the values."""
    return _if(f"test.{name}", lambda check: check.analysis["test"][name] in values)


def _contrasts(is_used: Callable[[dict], bool]) -> Callable[[Check], list[Place]]:
    """Return a function that gives the contrasts of which something is true."""

    def places(check: Check) -> list[Place]:
        contrasts = check.contrasts_by_name.items()
        return [Place(f"test.contrasts.{name}", name) for name, contrast in contrasts if is_used(contrast)]

    return places


def _families(check: Check) -> list[Place]:
    return [Place(f"test.stage_wise.{name}") for name in check.analysis["test"]["stage_wise"]]


def _repeated_fits(check: Check) -> list[Place]:
    return [Place(f"test.{name}") for name in ("sensitivity", "influence") if check.analysis["test"][name]][:1]


def _unused_quasi_likelihood(check: Check) -> bool:
    """Whether quasi-dispersions are set, and no second engine has them either."""
    test = check.analysis["test"]
    in_second = any("quasi_likelihood" in ENGINES[name].knows for name in test["concordance"])
    return test["quasi_likelihood"] != default_of_test("quasi_likelihood") and not in_second


def _varies_outliers_only(check: Check) -> bool:
    test = check.analysis["test"]
    return test["sensitivity"] and test["sensitivity_grid"]["cooks_filter"] == [True]


def _has_length_offsets(check: Check) -> bool:
    try:
        return lengths_are_offsets(check.analysis["ingest"])
    except (OSError, DegstepsError):
        # Files that cannot be read are a problem of their own.
        return False


REQUIREMENTS = (
    Requirement(
        "scatter",
        _if("test.scatter", lambda check: check.analysis["test"]["scatter"] not in ("auto", 1)),
        "{engine} fits all genes in one job.",
        "Set scatter: 1",
    ),
    Requirement(
        "local",
        _is_set("fit_type", "local"),
        "{engine} has no local trend.",
        "Set fit_type: parametric or mean",
        of_second=True,
        only_with="dispersions",
    ),
    Requirement(
        "cooks", _is_set("cooks_filter", True), "{engine} computes no Cook's distances.", "Set cooks_filter: false"
    ),
    Requirement(
        "cooks",
        _if("test.sensitivity_grid.cooks_filter", _varies_outliers_only),
        "{engine} computes no Cook's distances, so there is no outlier policy to vary.",
        "Delete it",
    ),
    *[
        Requirement(
            method,
            _is_set("shrinkage", method),
            f"{{engine}} has no shrinkage {method}.",
            "Set shrinkage: {shrinkages}",
        )
        for method in ("apeglm", "normal")
    ],
    Requirement(
        "compatibility",
        _is_set("compatibility", "exact"),
        "{engine} has no choice of where the search for dispersions stops.",
        "Delete it",
    ),
    Requirement(
        "quasi_likelihood",
        _if("test.quasi_likelihood", _unused_quasi_likelihood),
        "is not used: {engine} has no quasi-dispersions.",
        "Delete it",
    ),
    Requirement(
        "lengths",
        _if("ingest.length_correction", _has_length_offsets),
        "{engine} takes no transcript lengths as offsets.",
        "Set ingest.length_correction: length_scaled_tpm, which corrects the counts",
        of_second=True,
    ),
    Requirement(
        "subjects",
        _if("design.repeated.method", lambda check: block_column(check.analysis["design"]) is not None),
        "{engine} knows no correlation between samples of one subject, and would take them for independent.",
        "Set design.repeated.method: fixed",
        of_second=True,
    ),
    Requirement(
        "reduced",
        _contrasts(lambda contrast: contrast["reduced"] is not None),
        "{engine} has no test against a smaller design, and the contrast {contrast} asks for one.",
        "Delete reduced there",
        of_second=True,
    ),
    Requirement(
        "alternatives",
        _contrasts(lambda contrast: not has_point_null(contrast)),
        "{engine} tests for any change only, and the contrast {contrast} asks for another.",
        "Delete lfc_null and alternative there",
        of_second=True,
    ),
    Requirement(
        "stage_wise",
        _families,
        "screens genes by one test of all the contrasts, and {engine} tests single contrasts only.",
        "Delete it",
    ),
    Requirement(
        "power",
        _if("test.power", lambda check: check.analysis["test"]["power"] is not None),
        "needs the dispersions of the negative-binomial fit of degsteps, and {engine} has none of these.",
        "Delete it",
    ),
    Requirement(
        "many_fits",
        _repeated_fits,
        "fits the model many times, and {engine} takes minutes for each fit.",
        is_note=True,
    ),
)
