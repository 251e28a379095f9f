"""Settings of the steps that contradict each other or the samples."""

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from degsteps.basics.errors import Finding
from degsteps.basics.words import counted, listed, quoted, suggestion, verb
from degsteps.config.reading import read_schema, with_defaults
from degsteps.design.coding import as_number
from degsteps.design.confounding import crosstab_text, determines
from degsteps.design.contrasts import has_point_null
from degsteps.design.repeated_measures import subject_findings
from degsteps.engines.registry import ENGINES
from degsteps.inputs.sheet import sex_of
from degsteps.preflight.check import Check
from degsteps.preflight.contrasts import answers_all

#: From so many samples on, leaving out each of them takes long and tells little.
_MANY_FITS = 100


def check_transformation(check: Check) -> None:
    method, trend_genes = check.analysis["transform"]["method"], check.analysis["transform"]["trend_genes"]
    if method != "vst" and trend_genes is not None:
        what = f"is not used: transform.method is {method}."
        check.problem("transform.trend_genes", what, "Delete it, or set transform.method: vst.")


def check_repeated(check: Check) -> None:
    """Several samples of one subject."""
    repeated, key = check.analysis["design"]["repeated"], "design.repeated.subject"
    if not repeated or not check.columns or not check.is_in_sheet(key, repeated["subject"]):
        return
    if not check.has_blanks(repeated["subject"], repeated["subject"]):
        named = check.formula_columns if check.parsed else []
        design = check.design_or_none()
        if design is not None and not answers_all(design, _of_all_samples(check)):
            design = None
        check.take(subject_findings(check.analysis["design"], check.columns, named, check.tested, design))


def _of_all_samples(check: Check) -> dict[str, dict[str, Any]]:
    contrasts = check.contrasts_by_name.items()
    return {name: contrast for name, contrast in contrasts if contrast["sample_set"] is None}


def check_repeats(check: Check) -> None:
    """Tests under other settings and without single samples."""
    test = check.analysis["test"]
    _families(check, test)
    quasi = test["quasi_likelihood"]
    if quasi["legacy"] and quasi["top_proportion"] is not None:
        what = "is not used: with legacy the dispersions are a trend through all genes."
        check.problem("test.quasi_likelihood.top_proportion", what, "Delete it, or set legacy: false.")
    own = [name for name in test["concordance"] if ENGINES[name].own_size_factors]
    if test["concordance_input"] != default_of_test("concordance_input") and not own:
        what = "is not used: no second engine has a filter and a normalisation of its own."
        check.problem("test.concordance_input", what, "Delete it.")
    if test["power"] is None and test["power_fold_changes"] != default_of_test("power_fold_changes"):
        check.problem("test.power_fold_changes", "is not used: test.power is not given.", "Set it, e.g. 0.8.")
    if test["lfc_threshold"] and test["shrinkage"] in ("normal", "none"):
        what = f"is for the s-values of apeglm and ashr, and test.shrinkage is {test['shrinkage']}."
        check.problem("test.lfc_threshold", what, "Delete it, or set test.shrinkage: apeglm or ashr.")
    if not test["sensitivity"] and test["sensitivity_grid"] != default_of_test("sensitivity_grid"):
        check.problem("test.sensitivity_grid", "is not used: test.sensitivity is false.", "Set it true, or delete it.")
    if test["sensitivity"]:
        _grid(check)
    if test["influence"] and len(check.analysed) > _MANY_FITS:
        what = f"asks for {len(check.analysed)} fits, one without each sample, in one job."
        check.note(
            check.file, "test.influence", what, "Single samples rarely decide calls among so many: leave it out."
        )


def _grid(check: Check) -> None:
    """The settings that are varied must be others than those of the analysis."""
    test, key = check.analysis["test"], "test.sensitivity_grid"
    grid, policies = test["sensitivity_grid"], test["sensitivity_grid"]["cooks_filter"]
    if "cooks" not in ENGINES[test["engine"]].knows:
        policies = [False]
    own = (check.analysis["filter"]["method"], check.analysis["normalize"]["size_factors"], test["cooks_filter"])
    axes = (grid["filters"], grid["size_factors"], policies)
    if all(set(axis) == {of_main} for of_main, axis in zip(own, axes, strict=True)):
        what = "holds the settings of the analysis only, so that nothing is varied and every call is stable."
        check.note(check.file, key, what, "Add others, delete it to vary all of them, or set test.sensitivity: false.")


def _families(check: Check, test: Mapping[str, Any]) -> None:
    names = list(check.contrasts_by_name)
    for name, family in test["stage_wise"].items():
        key = f"test.stage_wise.{name}"
        unknown = [contrast for contrast in family["contrasts"] if contrast not in names]
        for contrast in unknown:
            what = f"there is no contrast {quoted(contrast)}."
            check.problem(f"{key}.contrasts", what, suggestion(contrast, names, "There are"))
        if unknown:
            continue
        of_family = [check.contrasts_by_name[contrast] for contrast in family["contrasts"]]
        if len({contrast["sample_set"] for contrast in of_family}) > 1:
            what = "the contrasts are tested in several sample sets, which have no fit in common."
            check.problem(f"{key}.contrasts", what, "Make one entry for each sample set.")
        if any(c["reduced"] or not has_point_null(c) for c in of_family):
            what = "asks of contrasts whether they are 0, but some have 'reduced', 'lfc_null' or 'alternative'."
            check.problem(key, what, "Name contrasts without these.")


def check_filters(check: Check) -> None:
    filters = check.analysis["filter"]
    group = filters["group"]
    if group is not None and group not in check.declared_factors:
        what = f"{quoted(group)} is not declared under design.factors."
        factors = list(check.declared_factors)
        check.problem("filter.group", what, suggestion(group, factors, "The factors are") if factors else "Declare it.")
    if not check.declared_factors and filters["method"] != "none":
        what = "there is no factor whose levels could be the groups of the filter."
        cure = "Declare one under design.factors and name it as filter.group, or set filter.method: none."
        check.problem("filter.group", what, cure)
    minimum = filters["min_samples"]
    if group is None and (filters["method"] == "filter_by_expr" or (filters["method"] == "cpm" and minimum is None)):
        _note_smallest_group(check)
    if minimum is not None and check.analysed and minimum > len(check.analysed):
        what = f"is {minimum}, but {counted(len(check.analysed), 'sample')} are analysed, so no gene would be kept."
        check.problem("filter.min_samples", what, "Lower it; the size of the smallest group is a good value.")


def _note_smallest_group(check: Check) -> None:
    """Say on which group the filter counts, where the factors that contrasts compare have others."""
    tested = set(check.tested)
    smallest = {}
    for name in check.formula_columns:
        if name in tested and name in check.declared_factors and check.columns.get(name):
            sizes = Counter(check.columns[name])
            smallest[name] = min((size, level) for level, size in sizes.items())
    if len({size for size, _ in smallest.values()}) < 2:
        return
    name = min(smallest, key=lambda factor: smallest[factor][0])
    size, level = smallest[name]
    what = (
        f"not given: the filter counts on the smallest group of all that contrasts compare, {name} {level} with "
        f"{counted(size, 'sample')}."
    )
    check.note(check.file, "filter.group", what, f"Name one of {listed(list(smallest))} to count on its groups alone.")


def check_batches(check: Check) -> None:
    batch = check.analysis["batch"]
    key = "batch.columns"
    explained = [p for p in check.problems if p.kind == "design" and p.key == "design.formula"]
    for name in batch["columns"]:
        if not check.is_in_sheet(key, name):
            continue
        if name in check.compared:
            what = f"{quoted(name)} is what the contrasts compare: adjusting for it would remove the effect."
            check.problem(key, what, "Take it out of batch.columns.")
            continue
        if check.has_blanks(name, name) or name in check.declared_covariates:
            continue
        values = check.columns[name]
        if len(set(values)) == 1:
            check.problem(
                key, f"{quoted(name)} is {quoted(values[0])} in every sample.", "Take it out of batch.columns."
            )
            continue
        if not any(quoted(name) in problem.what for problem in explained):
            _confounded_batch(check, key, name, values)
        if check.parsed and name not in check.formula_columns:
            what = f"the batch {quoted(name)} is not in the formula: figures are adjusted for it, the test is not."
            check.note(check.file, key, what, f"Add it to design.formula, e.g. '~ {name} + ...'.")


def _confounded_batch(check: Check, key: str, name: str, values: Sequence[str]) -> None:
    for factor in check.compared:
        levels = check.columns.get(factor)
        if levels and len(set(levels)) > 1 and determines(values, levels):
            what = f"all samples of one {quoted(name)} have the same {quoted(factor)}: batch and effect cannot be "
            what += "told apart."
            cure = f"Take {quoted(name)} out of batch.columns; no method can adjust for it.\n"
            check.design_problem(key, what, cure + crosstab_text(values, levels, name, factor))


def check_quality_control(check: Check) -> None:
    quality = check.analysis["qc"]
    by = check.analysis["test"]["sample_weights"]
    if by not in (None, "sample"):
        check.is_in_sheet("test.sample_weights", by)
    for name in quality["color_by"] or ():
        check.is_in_sheet("qc.color_by", name)
    for key in ("sex_column", "subject_column"):
        name = quality[key]
        if name is None or not check.is_in_sheet(f"qc.{key}", name):
            continue
        blinding = check.analysis["blinding"]
        if name in blinding["columns"] and blinding.get("key") is None:
            what = f"the labels of {quoted(name)} are masked, so samples cannot be compared with them."
            check.problem(f"qc.{key}", what, "Take it out of blinding.columns, or leave the setting out.")
        elif key == "sex_column":
            _sexes(check, name)
        else:
            _subjects(check, name)


def _sexes(check: Check, name: str) -> None:
    unread = [level for level in dict.fromkeys(check.columns[name]) if sex_of(level) is None]
    if unread:
        what = f"the column {quoted(name)} has {listed(unread)}, which {verb(len(unread), 'is', 'are')} no sex."
        cure = "Write female and male (f and m); leave the cell blank, or write unknown, where it is not known."
        if all(as_number(level) is not None for level in unread):
            cure += " Codes are not guessed: 1 is male in one convention and female in another."
        check.data_problem(check.sheet.path, Finding(name, what, cure))
    if check.analysis["annotate"]["genes"] is None:
        what = "annotate.genes names no gene table, so sex can be told only if the gene ids are symbols."
        check.note(check.file, "qc.sex_column", what, "Name a gene table that has symbols.")


def _subjects(check: Check, name: str) -> None:
    sizes = Counter(value for value in check.columns[name] if value)
    if len(sizes) < 3 or sum(number > 1 for number in sizes.values()) < 2:
        what = f"{quoted(name)} names {counted(len(sizes), 'subject')}, "
        what += f"{sum(number > 1 for number in sizes.values())} of them with more than one sample: too few to "
        what += "compare samples of one with those of others."
        cure = "It takes three, two of them with several samples; name another column, or leave it out."
        check.problem("qc.subject_column", what, cure)


def check_blinding(check: Check) -> None:
    for name in check.analysis["blinding"]["columns"]:
        check.is_in_sheet("blinding.columns", name)


@functools.cache  # reading the schema takes 0.1 s, and there may be 50 analyses
def default_of_test(name: str) -> Any:
    """Return the default of a setting of the test."""
    schema = read_schema("analysis")["properties"]["test"]["properties"][name]
    return with_defaults({}, schema) if schema.get("type") == "object" else schema["default"]
