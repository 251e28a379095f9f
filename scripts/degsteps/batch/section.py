"""What the report says of the design, and how samples are spread over it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.basics.words import counted, listed
from degsteps.batch.section_columns import COLUMNS
from degsteps.batch.section_surrogates import SURROGATES
from degsteps.design.formula import parse_formula
from degsteps.design.surrogate_checks import NAME
from degsteps.sections.citations import Citations, sentences, series
from degsteps.sections.definition import Block, Chapter, Code, File, Section, Verdict, hint, text
from degsteps.sections.grids import Grid, grid
from degsteps.sections.numbers import MINUS, MISSING, format_count
from degsteps.sections.results import Results

MEASURES = {"cramers_v": "Cramér's V", "eta_squared": "η²", "r_squared": "R²"}
MAX_CROSSTAB_LEVELS = 30


# ---- the design


def factor_grid(results: Results) -> Grid:
    """Return the factors with their levels and the number of samples at each."""
    samples, rows = results.tables["ingest/samples.tsv"], []
    for factor, levels in results.design["levels"].items():
        counts = samples[factor].value_counts()
        sizes = [f"{level} ({int(counts.get(level, 0))})" for level in levels]
        rows.append((factor, sizes[0], ", ".join(sizes[1:])))
    labels = ("Factor", "Reference level (samples)", "Other levels (samples)")
    return Grid("Factors", labels, (False,) * 3, tuple(rows))


def covariate_grid(results: Results) -> Grid:
    """Return the covariates with unit, treatment and range."""
    samples, rows = results.tables["ingest/samples.tsv"], []
    for name, covariate in results.settings["design"]["covariates"].items():
        values = pd.to_numeric(samples[name], errors="coerce")
        done = [word for word, on in (("centred", covariate["center"]), ("scaled", covariate["scale"])) if on]
        extent = f"{values.min():g} to {values.max():g}"
        used = ", ".join(done) or "as it is"
        if name in results.design.get("splines", {}):
            knots = results.design["splines"][name]["knots"]
            used = f"natural cubic spline, inner knots at {', '.join(f'{knot:.4g}' for knot in knots)}"
        rows.append((name, covariate["unit"], used, extent))
    return Grid("Covariates", ("Covariate", "Unit", "Used", "Range"), (False,) * 4, tuple(rows))


def coefficient_grid(design: Mapping[str, Any]) -> Grid:
    """Return the coefficients of the design and their weight in each contrast."""
    contrasts = {name: contrast for name, contrast in design["contrasts"].items() if not contrast.get("sample_set")}
    rows = tuple(
        (name, *[f"{contrast['weights'].get(name, 0):g}".replace("-", MINUS) for contrast in contrasts.values()])
        for name in design["coefficients"]
    )
    labels = ("Coefficient", *[f"Weight in {name}" for name in contrasts])
    return Grid("Coefficients and contrasts", labels, (False, *[True] * len(contrasts)), rows)


def association_grid(association: pd.DataFrame) -> Grid:
    """Return how far columns of the sheet go together."""
    table = association.reset_index()
    table["measure"] = [MEASURES.get(measure, measure) for measure in table["measure"]]
    labels = {"a": "Column", "b": "Column", "measure": "Measure", "value": "Value", "n_samples": "Samples"}
    labels |= {"separable": "Separable", "verdict": "Verdict"}
    formats = {"value": lambda value: MISSING if pd.isna(value) else f"{value:.2f}", "n_samples": format_count}
    return grid(table, "Association between columns", labels, formats)


def dropped_text(dropped: Mapping[str, str]) -> str:
    """Return the columns that the design leaves out, each with what it is made of."""
    named = "; ".join(f"{column} = {combination}" for column, combination in dropped.items())
    return (
        "Left out, because in these samples they are combinations of other columns and say nothing of their own: "
        f"{named}. No contrast depends on them; the fit is the same whichever of such columns are left out."
    )


def _design_blocks(results: Results) -> Iterator[Block]:
    design = results.design
    yield text(Code(design["formula"]), style="formula")
    degrees = "degree" if design["residual_df"] == 1 else "degrees"
    yield text(
        f"{len(design['coefficients'])} coefficients, of full rank {design['rank']}; {design['residual_df']} residual "
        f"{degrees} of freedom."
    )
    if design.get("dropped"):
        yield text(dropped_text(design["dropped"]))
    yield factor_grid(results)
    yield covariate_grid(results)
    yield coefficient_grid(design)
    association = association_grid(results.tables["batch/association.tsv"])
    if association.rows:
        yield association
        yield hint("0: none; 1: one column tells the other. Columns that are not separable cannot both be estimated.")


def group_size_verdict(name: str, contrast: Mapping[str, Any], compiled: Mapping[str, Any]) -> Verdict | None:
    """Say how small the smallest group of a contrast is; None if it compares no groups.

    Parameters
    ----------
    contrast, compiled : its definition, and what was made of it: `groups`, samples of each; `subjects`, where several
        samples are of one.
    """
    prefix = f"{contrast['factor']} " if contrast.get("factor") else ""
    sizes = []
    for group, size in compiled.get("groups", {}).items():
        # Samples of one subject repeat each other: what varies between subjects has as many replicates as these.
        n = compiled.get("subjects", {}).get(group, size)
        of_subjects = f"{counted(n, 'subject')} ({counted(size, 'sample')})"
        sizes.append((n, f"{prefix}{group}", of_subjects if "subjects" in compiled else counted(size, "sample")))
    if not sizes:
        return None
    smallest, group, number = min(sizes, key=lambda size: size[0])
    check, finding = f"replicates: {name}", f"The smallest group is {group}, with {number}."
    unit = "subject" if "subjects" in compiled else "sample"
    if smallest >= 3:
        return Verdict(check, "ok", finding, short=f"three {unit}s or more in each group")
    advice = "Variation within a group is hard to tell from so few: read the results as candidates to be confirmed."
    short = f"a group of two {unit}s" if smallest == 2 else f"a group of one {unit}"
    return Verdict(check, "warn" if smallest == 2 else "bad", finding, advice, short)


def residual_verdict(design: Mapping[str, Any]) -> Verdict:
    """Say how many degrees of freedom the design leaves."""
    left = design["residual_df"]
    finding = (
        f"The design leaves {left} residual degree{'' if left == 1 else 's'} of freedom "
        f"({len(design['coefficients'])} coefficients)."
    )
    if left >= 3:
        return Verdict("residual_df", "ok", finding)
    advice = "Dispersions rest almost wholly on the trend over genes; a simpler design leaves more."
    return Verdict("residual_df", "warn", finding, advice)


def association_text(row: Mapping[str, Any]) -> str:
    """Return an association in words, e.g. ``Cramér's V 0.50``."""
    return f"{MEASURES.get(row['measure'], row['measure'])} {row['value']:.2f}"


def confounding_verdict(association: pd.DataFrame, batch_columns: Sequence[str]) -> Verdict | None:
    """Say which columns go together; None if there are no two."""
    if association.empty:
        return None
    table = association.reset_index()
    warned = table[table["verdict"] != "ok"]
    if warned.empty:
        strongest = table.sort_values("value", ascending=False, kind="stable").iloc[0]
        finding = "No two columns of the design and the batches are confounded"
        if pd.notna(strongest["value"]):
            finding += f" (strongest: {strongest['a']} with {strongest['b']}, {association_text(strongest)})"
        return Verdict("confounding", "ok", finding + ".")
    pairs = [f"{row['a']} with {row['b']} ({association_text(row)})" for _, row in warned.iterrows()]
    advice = "What these columns share cannot be attributed to either: see the crosstab. "
    columns = {*warned["a"], *warned["b"]}
    if all(NAME.fullmatch(a) or NAME.fullmatch(b) for a, b in zip(warned["a"], warned["b"], strict=True)):
        advice = "What they share cannot be attributed to either: see what the surrogate variables go with."
    elif not columns & set(batch_columns):
        advice += "With more balanced samples it could."
    else:
        advice += "Groups spread over the batches would be the cure."
    return Verdict("confounding", "warn", f"Columns that go together: {listed(pairs, quote=False)}.", advice)


def _design_verdicts(results: Results) -> Iterator[Verdict]:
    association, batches = results.tables["batch/association.tsv"], results.settings["batch"]["columns"]
    contrasts, compiled = results.settings["test"]["contrasts"], results.design["contrasts"]
    sizes = (group_size_verdict(name, contrast, compiled[name]) for name, contrast in contrasts.items())
    for verdict in (*sizes, residual_verdict(results.design), confounding_verdict(association, batches)):
        if verdict:
            yield verdict


def _dropped_sentence(results: Results) -> str:
    """Name the columns of the design, and of designs of sample sets, that the samples made redundant."""
    designs = [results.design, *results.facts_of_all("check_design")]
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


def _sentences(results: Results, _cite: Citations) -> str:
    """Say what was left out of the design, and how samples of one subject were taken."""
    return sentences(_dropped_sentence(results), _subject_sentence(results.settings))


DESIGN = Section(
    stage="batch",
    name="design",
    title="Design and batches",
    files=(
        File(r"design\.tsv", "Design matrix of the test."),
        File(r"association\.tsv", "How far columns of the sheet are confounded.", text=("a", "b")),
        File(r"cells\.tsv", "Samples by all levels of the design."),
        File(r"design\.json", "Formula, levels and coefficients, for programs."),
        File(r"compiled_design\.json", "The design with all that it was made from: what the later steps read."),
        File(r"contrasts\.json", "Weights of coefficients and of groups in each contrast, for programs."),
    ),
    chapter=Chapter("design", "Design"),
    blocks={"design": _design_blocks},
    sentences={"design": _sentences},
    verdicts=_design_verdicts,
    checks={
        "replicates": "Replicates",
        "residual_df": "Degrees of freedom",
        "confounding": "Confounding",
    },
)


# ---- samples by pairs of levels, batches among them


def crosstab_grids(crosstab: pd.DataFrame, levels: Mapping[str, Sequence[str]]) -> list[Grid]:
    """Return one table per pair of factors; factors with too many levels to be read are left out."""
    grids = []
    long_form = crosstab.reset_index()
    for (factor, other), part in long_form.groupby(["factor", "other_factor"], sort=False):
        wide = part.pivot_table(index="level", columns="other_level", values="n_samples", aggfunc="sum", fill_value=0)
        wide = wide.reindex(index=_in_order(wide.index, levels.get(factor)))
        wide = wide.reindex(columns=_in_order(wide.columns, levels.get(other)))
        if max(wide.shape) > MAX_CROSSTAB_LEVELS:
            continue
        rows = tuple((str(level), *[str(int(n)) for n in wide.loc[level]]) for level in wide.index)
        labels = (f"{factor} \\ {other}", *map(str, wide.columns))
        grids.append(Grid(f"Samples by {factor} and {other}", labels, (False, *[True] * (len(labels) - 1)), rows))
    return grids


def _in_order(present: Iterable[str], order: Sequence[str] | None) -> list[str]:
    present = list(present)
    return [level for level in order if level in present] if order else present


def _crosstab_blocks(results: Results) -> list[Grid]:
    return crosstab_grids(results.tables["batch/crosstab.tsv"], results.design["levels"])


def _batch_in_design_verdicts(results: Results) -> Iterator[Verdict]:
    batches = results.settings["batch"]["columns"]
    if not batches:
        return
    absent = [name for name in batches if name not in parse_formula(results.settings["design"]["formula"]).columns]
    if absent:
        yield Verdict(
            "batch_in_design",
            "warn",
            f"The design does not hold {listed(absent, quote=False)}: the test does not account for it.",
            "Add it to design.formula, unless another column of the design says the same.",
        )
    else:
        finding = f"The test accounts for {listed(batches, quote=False)} by terms of the design."
        yield Verdict("batch_in_design", "ok", finding)


BALANCE = Section(
    stage="batch",
    name="balance",
    files=(File(r"crosstab\.tsv", "Samples by pairs of levels.", text=("level", "other_factor", "other_level")),),
    blocks={"design": _crosstab_blocks},
    verdicts=_batch_in_design_verdicts,
    checks={"batch_in_design": "Batch in the test"},
)


SECTIONS = (DESIGN, SURROGATES, BALANCE, COLUMNS)
