# What rules ask for: settings, by the job's wildcards.
# enters: ANALYSES (common.smk)    leaves: the functions below
from degsteps.provenance.blinding import is_blinded
from degsteps.design.contrasts import has_point_null, words
from degsteps.design.surrogate_checks import null_formula
from degsteps.design.repeated_measures import block_column
from degsteps.design.sample_sets import set_contrasts, set_group, set_model
from degsteps.engines.registry import ENGINES
from degsteps.inputs.sources import sources_of


def _lookup(analysis, key):
    """Follow a dotted key into one analysis."""
    value = ANALYSES[analysis]
    for part in key.split("."):
        value = value[part]
    return value


def setting(key):
    """Return a params function that gives one setting of the job's analysis."""

    def value_of_setting(wildcards):
        return _lookup(wildcards.analysis, key)

    return value_of_setting


def blinding_key(wildcards):
    """Return the keys of an analysis that is unblinded, else nothing."""
    return ANALYSES[wildcards.analysis]["blinding"]["key"] or []


def contrast_setting(wildcards):
    """Return the definition of the job's contrast."""
    return ANALYSES[wildcards.analysis]["test"]["contrasts"][wildcards.contrast]


def contrast_name(wildcards):
    """Return the name of the job's contrast."""
    return wildcards.contrast


def contrast_title(wildcards):
    """Return a contrast in words: what a positive fold change means."""
    return words(contrast_setting(wildcards)).title


def point_null(wildcards):
    """Whether the job's contrast is tested for any difference at all."""
    return has_point_null(contrast_setting(wildcards))


def table_name(wildcards):
    """Return the name of the job's normalised table."""
    return wildcards.table


def _sample_set(wildcards):
    """Return the job's sample set: its own, or its contrast's; None for all samples, which are called ``all``."""
    if "family" in wildcards.keys():
        return next(iter(contrasts_of_family(wildcards).values()))["sample_set"]
    if "sample_set" in wildcards.keys():
        return None if wildcards.sample_set == "all" else wildcards.sample_set
    return (
        contrast_setting(wildcards)["sample_set"]
        if "contrast" in wildcards.keys()
        else None
    )


def sample_set_setting(wildcards):
    """Return the definition of the job's sample set."""
    return ANALYSES[wildcards.analysis]["design"]["sample_sets"][wildcards.sample_set]


def model_of_set(wildcards):
    """Return formula, factors and covariates of the job's sample set."""
    return set_model(ANALYSES[wildcards.analysis], _sample_set(wildcards))


def group_of_set(wildcards):
    """Return the factor whose groups the filter of the job's sample set counts on."""
    analysis, sample_set = ANALYSES[wildcards.analysis], _sample_set(wildcards)
    return (
        set_group(analysis, sample_set) if sample_set else analysis["filter"]["group"]
    )


def contrasts_of_set(wildcards):
    """Return the contrasts that are tested in the job's sample set."""
    return set_contrasts(ANALYSES[wildcards.analysis], _sample_set(wildcards))


def correlated_subject(wildcards):
    """Return the column whose samples are modelled as correlated, if any."""
    return block_column(ANALYSES[wildcards.analysis]["design"])


def repeated_subject(wildcards):
    """Return the column of the subjects with several samples, or None."""
    repeated = _lookup(wildcards.analysis, "design.repeated")
    return repeated["subject"] if repeated else None


def surrogate_null(wildcards):
    """Return the null model of surrogate variables; other methods have none."""
    model = model_of_set(wildcards)
    if not model["surrogates"] or model["surrogates"]["method"] != "sva":
        return ""
    every = ANALYSES[wildcards.analysis]["test"]["contrasts"]
    return null_formula(model, contrasts_of_set(wildcards) or every)


def masked_columns(wildcards):
    """Return the columns whose labels are permuted in this run."""
    analysis = ANALYSES[wildcards.analysis]
    return analysis["blinding"]["columns"] if is_blinded(analysis) else []


def has_adjusted(analysis):
    """Whether figures are drawn of values without the batches and the surrogate variables."""
    batch, surrogates = ANALYSES[analysis]["batch"], ANALYSES[analysis]["design"]["surrogates"]
    return bool(batch["columns"] or surrogates) and batch["method"] != "none"


def adjustment_method(wildcards):
    """Return how figures are adjusted: surrogate variables without batches are numbers, which only `linear` takes."""
    batch = ANALYSES[wildcards.analysis]["batch"]
    return batch["method"] if batch["columns"] else "linear"


def family_name(wildcards):
    """Return the name of the job's contrasts that are tested stage by stage."""
    return wildcards.family


def contrasts_of_family(wildcards):
    """Return the contrasts that are tested stage by stage in the job."""
    test = ANALYSES[wildcards.analysis]["test"]
    names = test["stage_wise"][wildcards.family]["contrasts"]
    return {name: test["contrasts"][name] for name in names}


def confirmation_of_family(wildcards):
    """Return how the contrasts of a gene are adjusted for each other."""
    families = ANALYSES[wildcards.analysis]["test"]["stage_wise"]
    return families[wildcards.family]["confirmation"]


def repeated_test(wildcards):
    """Return what of the test's settings enters a repeated run."""
    test = ANALYSES[wildcards.analysis]["test"]
    names = ["engine", "compatibility", "fit_type", "alpha", "cooks_filter"]
    names += ["independent_filtering", "adjustment", "sensitivity_grid"]
    return {name: test[name] for name in names}


def powered_contrasts(analysis):
    """Return the contrasts whose power is computed: Wald tests that look for a change, where it is asked for."""
    if analysis["test"]["power"] is None:
        return []
    return [
        name
        for name, contrast in analysis["test"]["contrasts"].items()
        if not contrast["reduced"] and contrast["alternative"] != "less_abs"
    ]


def second_engines(wildcards):
    """Return the second engines of the job's analysis."""
    return ANALYSES[wildcards.analysis]["test"]["concordance"]


def second_engine_name(wildcards):
    """Return the second engine of the job."""
    return wildcards.engine


def engines_of_rule(rule_name):
    """Return the second engines that a rule tests with: those of the main environment share one."""
    return [name for name, engine in ENGINES.items() if engine.rule == rule_name]


def _tested_sets(analysis):
    """Return the sample sets in which an analysis tests anything; all samples are ``all``."""
    contrasts = analysis["test"]["contrasts"].values()
    return list(
        dict.fromkeys(contrast["sample_set"] or "all" for contrast in contrasts)
    )


def checks_identity(analysis):
    """Whether sexes or subjects are compared with the sheet."""
    quality = ANALYSES[analysis]["qc"]
    return bool(quality["sex_column"] or quality["subject_column"])


def analysis_settings(wildcards):
    """Return all settings of the job's analysis."""
    return ANALYSES[wildcards.analysis]


def ingest_settings(wildcards):
    """Return what is done with what was read."""
    names = ["exclude_samples", "unmatched_samples", "duplicate_genes"]
    names += ["gene_versions", "estimated_counts", "strand", "length_correction"]
    names += ["merge_genes", "union_fill", "replicate_column"]
    names += ["max_replicate_bcv", "min_replicate_correlation"]
    ingest = ANALYSES[wildcards.analysis]["ingest"]
    return {name: ingest[name] for name in names}


def count_sources(wildcards):
    """Return which counts belong to which sheet, and how they are read."""
    ingest = ANALYSES[wildcards.analysis]["ingest"]
    return [source.as_params() for source in sources_of(ingest)]
