"""The methods of the design, the fit and the tests, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from degsteps.basics.words import counted
from degsteps.design.contrasts import contrast_form, test_words, words
from degsteps.engines.registry import ENGINES, Engine
from degsteps.engines.wording import Wording
from degsteps.sections.citations import Citations, sentences, series
from degsteps.sections.recorded import facts_of, facts_of_all

_SVA = ("leek2007", "leek2014")


def test_sentences(settings, records, design, versions, cite) -> str:
    """Name design, fit, contrasts, adjustment and what else was asked of the test."""
    test = settings["test"]
    fit = facts_of(records, "fit_model")
    engine = ENGINES[fit.get("engine", test["engine"])]
    forms = {contrast_form(contrast) for contrast in test["contrasts"].values()}
    sign = (
        "positive log2 fold changes mean higher expression in the group named first"
        if forms <= {"levels", "rest"}
        else "positive log2 fold changes mean that the named difference or slope is above 0"
    )
    minimum = test["min_log2_fold_change"]
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
    return sentences(
        *engine.sentences(wording),
        _dropped_sentence(records, design),
        _subject_sentence(settings),
        _surrogate_sentence(facts_of(records, "estimate_surrogates"), settings, cite),
        _set_sentence(settings["design"]["sample_sets"]),
        f"{_tested(test)}; {sign}.",
        f"Genes with a count outlier by Cook's distance {cite('cook1977', 'love2014')} were given no p-value."
        if test["cooks_filter"]
        else "No gene was set aside for count outliers."
        if "cooks" in engine.knows
        else "",
        _adjustment_sentence(test, cite),
        f"Genes with an adjusted p-value below {test['alpha']:g} were called differentially expressed"
        + (f"; those with an absolute log2 fold change of at least {minimum:g} are marked." if minimum else "."),
        _shrinkage_sentence(test, engine, facts_of_all(records, "test_contrast"), cite),
    )


def _tested(test: Mapping[str, Any]) -> str:
    """Say which contrasts were tested, and by which test where there are several."""
    by_test: dict[str, list[str]] = {}
    for contrast in test["contrasts"].values():
        by_test.setdefault(test_words(contrast, ENGINES[test["engine"]].tests), []).append(words(contrast).question)
    if len(by_test) > 1:
        named = [f"{kind} ({'; '.join(asked)})" for kind, asked in by_test.items()]
        return f"Contrasts were tested by {series(named)}"
    ((kind, asked),) = by_test.items()
    begin = "The following contrast was" if len(asked) == 1 else "The following contrasts were"
    return f"{begin} tested by {kind}: {'; '.join(asked)}"


def _dropped_sentence(records: Sequence[Mapping[str, Any]], design: Mapping[str, Any]) -> str:
    """Name the columns of the design, and of designs of sample sets, that the samples made redundant."""
    designs = [design, *facts_of_all(records, "check_design")]
    dropped = list(dict.fromkeys(column for one in designs for column in (one or {}).get("dropped", {})))
    if not dropped:
        return ""
    are = "is a combination" if len(dropped) == 1 else "are combinations"
    was = "was" if len(dropped) == 1 else "were"
    return (
        f"{counted(len(dropped), 'column')} of the design that in these samples {are} of others ({series(dropped)}) "
        f"{was} left out; all contrasts can be estimated without."
    )


def _subject_sentence(settings: Mapping[str, Any]) -> str:
    """Say that subjects are compared with themselves, where the configuration says so."""
    repeated = settings["design"].get("repeated")
    if repeated and repeated["method"] == "independent":
        return f"Samples of one {repeated['subject']} were taken for independent ones."
    if not repeated or repeated["method"] != "fixed":
        return ""
    return (
        f"The {repeated['subject']} is a term of the design, so that changes within each {repeated['subject']} count."
    )


def _set_sentence(sample_sets: Mapping[str, Mapping[str, Any]]) -> str:
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


def _covariates(settings: Mapping[str, Any], design: Mapping[str, Any], cite: "Citations") -> str:
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


def _surrogate_sentence(facts: Mapping[str, Any], settings: Mapping[str, Any], cite: "Citations") -> str:
    """Say what unwanted variation was estimated from, and how many variables it became."""
    if not facts:
        return ""
    how = {
        "sva": ("surrogate variables by iteratively reweighted analysis of the log counts (svaseq)", _SVA),
        "ruv_g": (f"factors of unwanted variation from {facts['genes']:,} control genes (RUVg)", ("risso2014",)),
        "ruv_s": ("factors of unwanted variation from differences between replicates (RUVs)", ("risso2014",)),
        "ruv_r": ("factors of unwanted variation from deviance residuals of the design (RUVr)", ("risso2014",)),
    }
    method, keys = how[facts["method"]]
    named = cite(*keys)
    against = f" against the null model {facts['null_model']}" if facts["method"] == "sva" else ""
    chosen = f", their number by permutation {cite('buja1992')}" if facts["chosen"] == "auto" else ", as many as given"
    # The facts are those of all samples.
    anew = ""
    if settings["design"].get("sample_sets"):
        too = ", and their number too" if facts["chosen"] == "auto" else ""
        anew = f" In each set of samples they were estimated anew{too}."
    if facts["number"] == 0:
        return f"Unwanted variation was looked for as {method}{against} {named}; none was found{chosen[1:]}.{anew}"
    joined = f"{counted(facts['number'], 'surrogate variable')} joined the design {facts['formula']}"
    has_reduced = any(contrast.get("reduced") for contrast in settings["test"]["contrasts"].values())
    both = " Smaller designs of likelihood-ratio tests hold them too." if has_reduced else ""
    return f"{joined}: {method}{against} {named}{chosen}.{both}{anew}"


def _offsets(records, cite) -> str:
    if facts_of(records, "ingest_counts").get("length_correction") != "offset":
        return "the size factors as offsets"
    return (
        "an offset for each gene and sample: the size factor (of counts corrected for length) times the average length "
        f"of the gene's transcripts in that sample relative to the other samples {cite('soneson2015')}"
    )


#: What normal priors are put on, as the tests record it.
_NORMAL_PRIORS = {
    "coefficients": "normal priors on all coefficients but the intercept",
    "levels": "normal priors on the coefficients of a design with a column for every level of every factor",
    "rewritten": "normal priors on the coefficients of a design rewritten so that the contrast is one of them",
}


def _shrinkage_sentence(
    test: Mapping[str, Any], engine: Engine, tests: Sequence[Mapping[str, Any]], cite: "Citations"
) -> str:
    if test["shrinkage"] == "none":
        return ""
    if test["shrinkage"] == "normal":
        used = list(dict.fromkeys(facts.get("normal_prior_on", "coefficients") for facts in tests)) or ["coefficients"]
        named = {kind: [facts["title"] for facts in tests if facts.get("normal_prior_on") == kind] for kind in used}
        priors = [
            _NORMAL_PRIORS[kind] + (f" ({'; '.join(named[kind])})" if len(used) > 1 else "")
            for kind in _NORMAL_PRIORS
            if kind in used
        ]
        prior = f"{series(priors)} {cite('love2014')}"
    elif test["shrinkage"] == "ashr":
        prior = f"a mixture of normal priors, fitted to the estimates and errors of all genes {cite('stephens2017')},"
    else:
        prior = f"the adaptive Cauchy prior of apeGLM {cite('zhu2019')}"
    sentence = (
        f"Beside the maximum-likelihood estimates, fold changes shrunk by {prior} are given; p-values are those of the "
        "unshrunken estimates."
    )
    threshold = test.get("lfc_threshold", 0)
    if threshold:
        sentence += f" S-values are for changes of the wrong sign or of at most {threshold:g} (log2)."
    if test["shrinkage"] == "apeglm" and "compatibility" in engine.knows:
        sentence += (
            " Where the posterior has two modes the higher was taken."
            if test["compatibility"] == "exact"
            else " For coefficients of the design they are where the search of R's apeglm ends, for other contrasts "
            "the mode of the posterior; where it has two, the higher."
        )
    return sentence


def _adjustment_sentence(test: Mapping[str, Any], cite: "Citations") -> str:
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
