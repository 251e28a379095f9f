"""Reading a study of nf-core/differentialabundance and writing an analysis of this workflow, with what became of it.

A sample sheet, contrasts (CSV, TSV or YAML) and a file of parameters. R expressions are parsed, never evaluated.
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from degsteps.basics.errors import ConfigError, DegstepsError
from degsteps.basics.words import listed, quoted
from degsteps.config.reading import read_yaml, read_yaml_as_text
from degsteps.design.coding import Design, as_number, build_design
from degsteps.design.formula import Formula, FormulaError, parse_formula
from degsteps.inputs.sheet import read_columns
from degsteps.onboarding.from_star_deseq2 import (
    Imported,
    excluded_samples,
    is_blank,
    leaf_settings,
    r_name,
    split_values,
)
from degsteps.onboarding.nfcore_gene_sets import map_gene_sets

_Columns = Mapping[str, Sequence[str]]


def from_nfcore(
    samples: Path | str | None = None,
    contrasts: Path | str | None = None,
    counts: str | None = None,
    *,
    id_column: str | None = None,
    lengths: str | None = None,
    params: Path | str | None = None,
) -> list[Imported]:
    """Import a study of nf-core/differentialabundance.

    Its contrasts may have blocking factors and samples of their own; each set of contrasts with the same model and
    the same samples becomes one analysis.

    Parameters
    ----------
    samples : the sheet (``--input``).
    contrasts : the table (``id,variable,reference,target,blocking,...``) or the YAML file of contrasts.
    counts : path of the matrix, for the result.
    id_column : its ``observations_id_col``.
    lengths : path of the matrix of transcript lengths.
    params : its file of parameters (``-params-file``), which gives what is not given here, and settings of the test.

    Raises
    ------
    ConfigError, DataError
        if a file cannot be read as one of that workflow.
    """
    texts = _params(params) if params else {}
    named = {
        "input": samples,
        "contrasts": contrasts,
        "matrix": counts,
        "observations_id_col": id_column,
        "feature_length_matrix": lengths,
    }
    samples, contrasts = samples or texts.get("input"), contrasts or texts.get("contrasts")
    counts = counts or texts.get("matrix")
    id_column = id_column or texts.get("observations_id_col") or "sample"
    lengths = lengths or texts.get("feature_length_matrix")
    for name, value in (("samples (input)", samples), ("contrasts", contrasts), ("counts (matrix)", counts)):
        if not value:
            raise ConfigError(f"the {name} are not given. Name the file, or a file of parameters that does.")
        if "://" in str(value):
            raise ConfigError(f"{value}: is an address. Download the file, and name the copy.")
    columns = read_columns(samples)
    if id_column not in columns:
        raise ConfigError(f"{samples}: has no column {quoted(id_column)}. Name the one with the sample ids.")
    groups: dict[tuple, list[Mapping[str, Any]]] = {}
    skipped = {}
    for row in _rows(contrasts):
        account = Imported({})
        try:
            excluded = _excluded(account, row, columns, id_column)
            kept = [k for k, sample in enumerate(columns[id_column]) if sample not in excluded]
            own = {name: [values[k] for k in kept] for name, values in columns.items()}
            row = row | _row_contrast(row, own, str(samples)) | {"excluded": excluded, "account": account}
        except ConfigError as error:
            skipped[row["id"]] = f"contrast {row['id']}: {error}"
            continue
        for setting in row["unknown"]:
            account.leave(setting, f"{setting}: there is no such setting here")
        # Weights are of coefficients, and these depend on the reference levels; comparisons of levels do not.
        references = tuple(row["references"].items()) if "weights" in row["contrast"] else ()
        key = (row["formula"], tuple(row["covariates"]), references, tuple(excluded))
        groups.setdefault(key, []).append(row)
    content = [_analysis(group, str(samples), str(counts), id_column, lengths) for group in groups.values()]
    if not content:
        raise ConfigError(f"{contrasts}: no contrast could be taken over. {' '.join(skipped.values())}")
    for imported in content:
        _map_files(imported, texts, named)
        _map_params(imported, texts)
    for name, sentence in skipped.items():
        content[0].leave(f"contrast {name}", sentence)
    return content


# ---- contrasts


#: Columns of a table of contrasts, or keys of an entry of the YAML file, that are read.
_COMPARISON = ("variable", "reference", "target", "comparison")
_BLOCKING = ("blocking", "blocking_factors")
_EXCLUSION = ("exclude_samples_col", "exclude_samples_values")
_FORMULA = ("formula", "make_contrasts_str")


def _rows(path: Path | str) -> list[dict[str, Any]]:
    if str(path).endswith((".yaml", ".yml")):
        content = read_yaml_as_text(path)
        entries = content.get("contrasts") if isinstance(content, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
            raise ConfigError(
                f"{path}: has no list 'contrasts'. Give the contrasts file of nf-core/differentialabundance."
            )
        rows = [_entry(entry, number) for number, entry in enumerate(entries, start=1)]
        beside = [name for name in content if name != "contrasts" and not is_blank(content[name])]
        rows[0]["unknown"] += beside
        return _with_own_ids(rows)
    table = read_columns(path)
    missing = [name for name in ("variable", "reference", "target") if name not in table]
    if missing and "formula" not in table:
        raise ConfigError(
            f"{path}: has no column {listed(missing)}. Its contrasts have variable, reference and target."
        )
    number_of_rows = len(next(iter(table.values())))
    rows = [{name: values[number] for name, values in table.items() if name} for number in range(number_of_rows)]
    return _with_own_ids([_entry(row, number) for number, row in enumerate(rows, start=1)])


def _with_own_ids(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the contrasts with names that differ, so that what is said of one is not said of another."""
    seen: dict[str, int] = {}
    for row in rows:
        name = row["id"]
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            row["id"] = f"{name}_{seen[name]}"
            row["unknown"] = [
                setting.replace(f"contrast {name}: ", f"contrast {row['id']}: ", 1) for setting in row["unknown"]
            ]
    return rows


def _entry(entry: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return one contrast; `settings` are those that it is made of, `unknown` those that nothing is made of."""
    given = {str(name): value for name, value in entry.items() if not is_blank(value)}
    comparison = given.get("comparison")
    if comparison is not None:
        comparison = comparison if isinstance(comparison, list) else split_values(comparison)
    elif "variable" in given:
        comparison = [given["variable"], given.get("reference", ""), given.get("target", "")]
    named = "_".join(part for part in comparison or () if part)
    row = {"id": str(given.get("id") or named or f"contrast_{number}")}
    for name in ("id", "variable", "reference", "target", *_FORMULA, "exclude_samples_col"):
        if isinstance(given.get(name), (list, Mapping)):
            raise ConfigError(f"contrast {row['id']}: {name} is no single value. Write one value.")
    row |= {"blocking": [each for name in _BLOCKING for each in split_values(given.get(name))]}
    row |= {name: given.get(name, "") for name in _EXCLUSION}
    if comparison is not None:
        if len(comparison) != 3:
            raise ConfigError(f"contrast {row['id']}: a comparison is a variable, its reference and its target.")
        row |= dict(zip(("variable", "reference", "target"), map(str, comparison), strict=True))
        used = (*_COMPARISON, *_BLOCKING)
    else:
        row |= {"r_formula": given.get("formula", ""), "combination": given.get("make_contrasts_str", "")}
        used = _FORMULA
    row["settings"] = [name for name in given if name in ("id", *used)]
    known = {*row["settings"], *_EXCLUSION}
    row["unknown"] = [
        f"contrast {row['id']}: {name}" for name in leaf_settings(given) if name.split(".")[0] not in known
    ]
    return row


def _excluded(account: Imported, row: Mapping[str, Any], columns: _Columns, id_column: str) -> dict[str, str]:
    """Return the samples that a contrast leaves out, with the reason; each of its values is accounted for."""
    column, setting = row["exclude_samples_col"], f"contrast {row['id']}: exclude_samples_values"
    of_column = f"contrast {row['id']}: exclude_samples_col"
    values = split_values(row["exclude_samples_values"], columns.get(column, ()))
    if column and column not in columns:
        # A run with samples that were to be left out is another one: this contrast is not taken over.
        raise ConfigError(f"exclude_samples_col: the sheet has no column {quoted(column)}. Correct the contrasts.")
    if not column:
        for value in values:
            why = "no exclude_samples_col says which column holds it"
            account.leave(f"{setting} {value}", f"{setting} {quoted(value)}: {why}")
        return {}
    if not values:
        account.leave(of_column, f"{of_column} {quoted(column)}: no exclude_samples_values are named")
        return {}
    samples: dict[str, list[str]] = {}
    for sample, cell in zip(columns[id_column], columns[column], strict=True):
        samples.setdefault(next((value for value in values if _is_same(value, cell)), cell), []).append(sample)
    excluded = excluded_samples(account, setting, values, samples, f"{column} is {{}}")
    if excluded:
        account.take(of_column, f"{of_column} {quoted(column)} -> ingest.exclude_samples")
    else:
        account.leave(of_column, f"{of_column} {quoted(column)}: none of its values is excluded")
    return excluded


def _is_same(value: str, cell: str) -> bool:
    """Return whether a value of the contrasts is a cell of the sheet; 1 is 1.0, as numbers are in R."""
    number = as_number(value)
    return value == cell or (number is not None and number == as_number(cell))


def _row_contrast(row: Mapping[str, Any], columns: _Columns, samples: str) -> dict[str, Any]:
    """Return `formula`, `references` of its factors, `covariates`, `batches` and the `contrast` of one row."""
    if "variable" in row:
        names = [*row["blocking"], row["variable"]]
        missing = [name for name in names if name not in columns]
        if missing:
            raise ConfigError(f"{samples}: has no column {listed(missing)}, which the contrast names.")
        references = {row["variable"]: row["reference"]}
        references |= {name: columns[name][0] for name in row["blocking"]}
        contrast = {"factor": row["variable"], "test": row["target"], "reference": row["reference"]}
        formula = str(Formula(True, tuple((name,) for name in names)))
        about = f"{row['variable']} {row['target']} vs {row['reference']}"
        model = {"formula": formula, "references": references, "covariates": [], "batches": row["blocking"]}
        numbers = [name for name in row["blocking"] if all(as_number(value) is not None for value in columns[name])]
        remarks = [
            f"{name} holds numbers; it is a factor here as there. If it is an amount, move it to design.covariates."
            for name in numbers
        ]
        return model | {"contrast": contrast, "about": about, "remarks": remarks}
    return _formula_contrast(row["r_formula"], row["combination"], columns)


def _formula_contrast(text: str, combination: str, columns: _Columns) -> dict[str, Any]:
    if "|" in text:
        raise ConfigError(f"{text} has a random effect. Put the donor into the formula as a factor.")
    try:
        formula = parse_formula(text)
    except FormulaError as error:
        raise ConfigError(f"{text}: {error}") from None
    unknown = [name for name in formula.columns if name not in columns]
    if unknown:
        raise ConfigError(f"{text}: the sheet has no column {listed(unknown)}.")
    # In a formula that workflow leaves numbers as numbers and levels in R's order, so the first one is the reference.
    covariates = [name for name in formula.columns if all(as_number(value) is not None for value in columns[name])]
    references = {name: _first_level(columns[name]) for name in formula.columns if name not in covariates}
    remarks = [
        f"the reference of {name} is {quoted(level)}, the first in R's order of letters; where R is told to sort "
        f"capitals first, it is {quoted(min(columns[name]))}: check it"
        for name, level in references.items()
        if level != min(columns[name])
    ]
    remarks += [f"{name} holds numbers and is a covariate, as there in a formula" for name in covariates]
    try:
        design = build_design(
            columns,
            [str(k) for k in range(len(next(iter(columns.values()))))],
            formula,
            {name: {"reference": level} for name, level in references.items()},
            {name: {"center": False, "scale": False} for name in covariates},
        )
    except DegstepsError as error:
        raise ConfigError(str(error)) from None
    weights = _weights(combination, design)
    contrast, tested = _simplified(weights, design)
    if not contrast:
        raise ConfigError(
            f"{combination} asks whether a mean itself is 0, which compares nothing: without an intercept a "
            "coefficient is a mean. Name the difference of two."
        )
    batches = [name for name in references if name not in tested]
    if "factor" in contrast and all(len(term) == 1 for term in formula.terms):
        # The same model as that of a comparison with blocking factors, in the same words.
        names = [*(name for name in formula.columns if name not in tested), *tested]
        formula = Formula(True, tuple((name,) for name in names))
    model = {"formula": str(formula), "references": references, "covariates": covariates, "batches": batches}
    return model | {"contrast": contrast, "about": f"{text}, {combination}", "remarks": remarks}


def _first_level(values: Sequence[str]) -> str:
    return min(dict.fromkeys(values), key=lambda level: (level.casefold(), level))


def _r_coefficients(design: Design) -> dict[str, str]:
    """Return the coefficients of a design by the names that R's ``make.names`` leaves of them, and DESeq2's own."""
    names = {}
    for column in design.columns:
        parts = re.split(r":(?![^\[]*\])", column)
        bare = [re.sub(r"\[(?:T\.)?(.*)\]$", r"\1", part) for part in parts]
        names[r_name(":".join("(Intercept)" if part == "Intercept" else part for part in bare))] = column
        match = re.fullmatch(r"(.*)\[T\.(.*)\]", column)
        if len(parts) == 1 and match:
            names[r_name(f"{match[1]}_{match[2]}_vs_{design.levels[match[1]][0]}")] = column
    return names


def _weights(combination: str, design: Design) -> dict[str, float]:
    """Read sums and differences of coefficients, with numbers before and behind: ``(a + b)/2 - c``."""
    names = _r_coefficients(design)
    parser = _Sum(combination, names)
    weights = parser.sum()
    if parser.tokens or not weights:
        parser.fail()
    return {name: weight for name, weight in weights.items() if weight}


class _Sum:
    """Recursive descent over ``sum := product ((+|-) product)*; product := factor ((*|/) factor)*``."""

    def __init__(self, text: str, coefficients: Mapping[str, str]) -> None:
        self.text, self.coefficients = text, coefficients
        self.tokens = re.findall(r"[\w.]+|\S", text)

    def fail(self, name: str | None = None) -> None:
        if name is not None:
            names = listed(self.coefficients, most=8)
            raise ConfigError(f"{self.text}: {quoted(name)} is no coefficient of the formula. It has {names}.")
        raise ConfigError(
            f"{self.text} is no sum of coefficients; R code is not evaluated. Write the contrast by hand."
        )

    def sum(self) -> dict[str, float]:
        total: dict[str, float] = {}
        sign = 1.0
        if self.tokens and self.tokens[0] in "+-":
            sign = -1.0 if self.tokens.pop(0) == "-" else 1.0
        while True:
            for name, weight in self.product().items():
                total[name] = total.get(name, 0.0) + sign * weight
            if not self.tokens or self.tokens[0] not in ("+", "-"):
                return total
            sign = -1.0 if self.tokens.pop(0) == "-" else 1.0

    def product(self) -> dict[str, float]:
        weights = self.factor()
        while self.tokens and self.tokens[0] in ("*", "/"):
            sign, other = self.tokens.pop(0), self.factor()
            if isinstance(weights, float) and isinstance(other, dict) and sign == "*":
                weights, other = other, weights
            if not isinstance(other, float) or (sign == "/" and other == 0):
                self.fail()
            scale = other if sign == "*" else 1 / other
            weights = (
                weights * scale if isinstance(weights, float) else {name: w * scale for name, w in weights.items()}
            )
        if isinstance(weights, float):
            self.fail()
        return weights

    def factor(self) -> dict[str, float] | float:
        if not self.tokens:
            self.fail()
        word = self.tokens.pop(0)
        if word == "(":
            inner = self.sum()
            if not self.tokens or self.tokens.pop(0) != ")":
                self.fail()
            return inner
        if re.fullmatch(r"\d+(\.\d*)?|\.\d+", word):
            return float(word)
        if word not in self.coefficients:
            self.fail(word if re.fullmatch(r"[\w.]+", word) else None)
        return {self.coefficients[word]: 1.0}


def _simplified(weights: Mapping[str, float], design: Design) -> tuple[dict[str, Any], list[str]]:
    """Return a contrast of levels or a slope where the weights are one, else the weights; and the columns they name.

    Blank if they are no contrast: the mean of a group itself.
    """
    interacting = {name for term in design.formula.terms if len(term) > 1 for name in term}
    parts = {column: re.fullmatch(r"([^:\[]+)\[(T\.)?([^\]]*)\]", column) for column in weights}
    tested = sorted({name for column in weights for name in re.findall(r"(?:^|:)([^:\[]+)", column)})
    is_plain = len(tested) == 1 and tested[0] not in interacting
    if is_plain and list(weights.values()) == [1.0]:
        (column,) = weights
        match = parts[column]
        if match and match[2]:
            return {"factor": match[1], "test": match[3], "reference": design.levels[match[1]][0]}, tested
        if not match and column in design.covariates:
            return {"covariate": column}, tested
    if is_plain and all(parts.values()) and sorted(weights.values()) == [-1.0, 1.0]:
        level = {weight: parts[column][3] for column, weight in weights.items()}
        return {"factor": tested[0], "test": level[1.0], "reference": level[-1.0]}, tested
    # Without an intercept the levels' own means are coefficients; a comparison takes away what it adds.
    means = [weight for column, weight in weights.items() if "[" in column and "[T." not in column]
    if "Intercept" in weights or abs(sum(means)) > 1e-9:
        return {}, tested
    return {"weights": dict(weights)}, tested


# ---- analyses


def _analysis(
    rows: Sequence[Mapping[str, Any]], samples: str, counts: str, id_column: str, lengths: str | None
) -> Imported:
    first = rows[0]
    ingest: dict[str, Any] = {"counts": counts, "samples": samples, "sample_column": id_column}
    imported = Imported({})
    if first["excluded"]:
        ingest["exclude_samples"] = first["excluded"]
    # That workflow passes over columns of the matrix without a row in the sheet; here they are dropped and listed.
    ingest["unmatched_samples"] = "drop"
    imported.mapped.append(
        "samples that only one file has are dropped as there; here they are listed in sample_account.tsv"
    )
    if lengths:
        ingest["length_matrix"] = str(lengths)
    contrasts: dict[str, Any] = {}
    for row in rows:
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", row["id"]).strip("._-") or "contrast"
        account = row["account"]
        imported.mapped += account.mapped
        imported.unmapped += account.unmapped
        imported.taken += account.taken
        imported.left += account.left
        settings = [f"contrast {row['id']}: {each}" for each in row["settings"]]
        same = next((other for other, factors in contrasts.items() if factors == row["contrast"]), None)
        if same is not None:
            imported.leave(settings, f"contrast {row['id']}: asks the same as {same}")
            continue
        while name in contrasts:
            name += "_"
        contrasts[name] = row["contrast"]
        imported.take(settings, f"contrast {row['id']}: {row['about']} -> test.contrasts.{name}")
        imported.mapped += [remark for remark in row["remarks"] if remark not in imported.mapped]
    design: dict[str, Any] = {"formula": first["formula"]}
    design["factors"] = {name: {"reference": level} for name, level in first["references"].items()}
    if first["covariates"]:
        design["covariates"] = {name: {"center": False} for name in first["covariates"]}
    imported.analysis = {
        "version": "1.0",
        "ingest": ingest,
        "design": design,
        **({"batch": {"columns": list(first["batches"])}} if first["batches"] else {}),
        "test": {"contrasts": contrasts},
    }
    if "variable" in first:
        blocking = ";".join(first["blocking"]) or "(none)"
        imported.mapped.append(f"blocking {blocking} -> design.formula {first['formula']}")
    return imported


# ---- parameters

_DIRECT = {
    "deseq2_fit_type": ("test", "fit_type", {"parametric": "parametric", "local": "local", "mean": "mean"}),
    "deseq2_sf_type": ("normalize", "size_factors", {"ratio": "ratio", "poscounts": "poscounts"}),
    "deseq2_vs_method": ("transform", "method", {"vst": "vst", "rlog": "rlog"}),
    "deseq2_vs_blind": ("transform", "blind", {True: True, False: False}),
}
#: What that workflow's shrinkage makes ineffective there: it tests again with defaults.
_OF_RESULTS = {
    "deseq2_independent_filtering": ("independent_filtering", {True: True, False: False}),
    "deseq2_p_adjust_method": ("adjustment", {"BH": "bh", "fdr": "bh", "BY": "by", "bonferroni": "bonferroni"}),
}
_ALTERNATIVES = {"greaterAbs": "greater_abs", "lessAbs": "less_abs", "greater": "greater", "less": "less"}


def _params(path: Path | str) -> dict[str, Any]:
    content = read_yaml(path)  # JSON is YAML
    if isinstance(content, list):
        raise ConfigError(f"{path}: is a list of parameter sets. Give a file with one of them.")
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: has no parameters. Give the file of nf-core/differentialabundance's -params-file.")
    method, study = content.get("differential_method", "deseq2"), content.get("study_type", "rnaseq")
    if study not in ("rnaseq", "generic_matrix"):
        raise ConfigError(f"{path}: study_type is {study}, and only counts of RNA-seq are analysed here.")
    if method == "propd":
        raise ConfigError(
            f"{path}: differential_method is propd, which asks other questions than differences of means."
        )
    return content


def _map_files(imported: Imported, params: Mapping[str, Any], named: Mapping[str, Any]) -> None:
    """Say which files were taken from the parameters; what was named beside them goes first."""
    places = {
        "input": "ingest.samples",
        "contrasts": "test.contrasts",
        "matrix": "ingest.counts",
        "observations_id_col": "ingest.sample_column",
        "feature_length_matrix": "ingest.length_matrix",
    }
    for name, place in places.items():
        if named[name] and is_blank(params.get(name)):
            imported.take((), f"{name} {named[name]} -> {place}")
        elif named[name] and str(named[name]) != str(params[name]):
            imported.take((), f"{named[name]}, named beside the parameters -> {place}")
            imported.leave(name, f"{name} {params[name]}: {named[name]} was named beside the parameters")
        elif not is_blank(params.get(name)):
            imported.take(name, f"{name} {params[name]} -> {place}")


def _map_params(imported: Imported, params: Mapping[str, Any]) -> None:
    analysis = imported.analysis
    given = {name: value for name, value in params.items() if not is_blank(value)}

    def take(name: str, section: str, key: str, value: Any) -> None:
        analysis.setdefault(section, {})[key] = value
        imported.take(name, f"{name} {given[name]} -> {section}.{key}: {value}")

    def number(name: str) -> float | None:
        """Return a parameter that is a number; if it is none, say so."""
        value = None if isinstance(given.get(name), bool) else as_number(str(given.get(name, "")))
        if name in given and value is None:
            imported.leave(name, f"{name} {given[name]}: is no number")
        return value

    if given.get("differential_method", "deseq2") != "deseq2":
        what = f"differential_method {given['differential_method']}: the test here is DESeq2's"
        imported.leave("differential_method", what)
    elif "differential_method" in given:
        imported.take("differential_method", "differential_method deseq2 -> test.engine: deseq2's test is the default")
    if "study_type" in given:
        imported.take("study_type", f"study_type {given['study_type']} -> counts of RNA-seq are all that is read here")
    shrinks = given.get("deseq2_shrink_lfc", True)
    choices = {name: (section, key, values) for name, (section, key, values) in _DIRECT.items()}
    choices |= {name: ("test", key, values) for name, (key, values) in _OF_RESULTS.items()}
    for name, (section, key, values) in choices.items():
        value = given.get(name)
        if name in given and not isinstance(value, (list, dict)) and value in values:
            take(name, section, key, values[value])
        elif name in given:
            imported.leave(name, f"{name} {value}: there is no such choice here")
    effective = {"deseq2_lfc_threshold", "deseq2_alt_hypothesis", *_OF_RESULTS} & set(given)
    shown = ["deseq2_shrink_lfc"] if "deseq2_shrink_lfc" in given else []
    if shrinks:
        why = "fold changes are shrunk by ashr there; here apeglm's stand beside the unshrunken ones"
        if effective:
            why += f"; {listed(sorted(effective), quote=False)}: set there, but without effect while deseq2_shrink_lfc "
            why += "is true, which tests again with defaults; here they do what they say"
        imported.leave(shown, f"deseq2_shrink_lfc true: {why}")
    else:
        take("deseq2_shrink_lfc", "test", "shrinkage", "none")
    _map_threshold(imported, given, number("deseq2_lfc_threshold"))
    alpha = number("differential_max_qval")
    if alpha is not None:
        take("differential_max_qval", "test", "alpha", alpha)
    change = number("differential_min_fold_change")
    if change is not None:
        least = round(max(math.log2(change), 0.0), 6) if change > 0 else 0.0
        take("differential_min_fold_change", "test", "min_log2_fold_change", least)
    top = number("exploratory_n_features")
    if top is not None and top > 1:
        take("exploratory_n_features", "qc", "top_genes", int(top))
    elif top is not None:
        imported.leave("exploratory_n_features", f"exploratory_n_features {top:g}: qc.top_genes is a number of genes")
    if "://" in str(given.get("gtf", "")):
        imported.leave("gtf", "gtf: is an address; download it and name it under annotate.genes")
    elif "gtf" in given:
        take("gtf", "annotate", "genes", str(given["gtf"]))
    map_gene_sets(imported, params)
    _leave_the_rest(imported, params)


def _map_threshold(imported: Imported, given: Mapping[str, Any], threshold: float | None) -> None:
    asked = given.get("deseq2_alt_hypothesis", "greaterAbs")
    alternative = _ALTERNATIVES.get(str(asked))
    if alternative is None:
        sentence = f"deseq2_alt_hypothesis {asked}: there is no such choice here"
        imported.leave("deseq2_alt_hypothesis", sentence)
    named = ["deseq2_lfc_threshold"] if threshold is not None else []
    named += ["deseq2_alt_hypothesis"] if alternative and "deseq2_alt_hypothesis" in given else []
    threshold = threshold or 0.0
    if threshold or alternative not in ("greater_abs", None):
        for contrast in imported.analysis["test"]["contrasts"].values():
            contrast |= {"lfc_null": threshold, "alternative": alternative or "greater_abs"}
    if named:
        sentence = f"deseq2_lfc_threshold {threshold:g}, deseq2_alt_hypothesis {alternative or 'greater_abs'} -> "
        imported.take(named, f"{sentence}lfc_null and alternative of each contrast")


def _leave_the_rest(imported: Imported, params: Mapping[str, Any]) -> None:
    """Say of every parameter that nothing was said of why it has no place here."""
    rest = sorted(name for name in params if not imported.is_accounted(name))
    of_tests = ("deseq2_", "limma_", "dream_", "differential_")
    filters = [name for name in rest if name.startswith("filtering_")]
    tests = [name for name in rest if name.startswith(of_tests)]
    others = [name for name in rest if name not in (*filters, *tests)]
    for names, why in (
        (filters, "the filter here counts per million; see filter.min_cpm"),
        (tests, "there is no such setting here"),
        (others, "about names, figures or the report"),
    ):
        if names:
            imported.leave(names, f"{', '.join(names)}: {why}")
