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
from degsteps.config.reading import read_yaml
from degsteps.design.coding import Design, as_number, build_design
from degsteps.design.formula import Formula, FormulaError, parse_formula
from degsteps.inputs.sheet import read_columns
from degsteps.onboarding.from_star_deseq2 import Imported, r_name

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
    skipped = []
    for row in _rows(contrasts):
        try:
            excluded = _excluded(columns, id_column, row["exclude_column"], row["exclude_values"])
            kept = [k for k, sample in enumerate(columns[id_column]) if sample not in excluded]
            own = {name: [values[k] for k in kept] for name, values in columns.items()}
            row = row | _row_contrast(row, own, str(samples)) | {"excluded": excluded}
        except ConfigError as error:
            skipped.append(f"contrast {row['id']}: {error}")
            continue
        # Weights are of coefficients, and these depend on the reference levels; comparisons of levels do not.
        references = tuple(row["references"].items()) if "weights" in row["contrast"] else ()
        key = (row["formula"], tuple(row["covariates"]), references, tuple(excluded))
        groups.setdefault(key, []).append(row)
    content = [_analysis(group, str(samples), str(counts), id_column, lengths) for group in groups.values()]
    if not content:
        raise ConfigError(f"{contrasts}: no contrast could be taken over. {' '.join(skipped)}")
    for imported in content:
        _map_params(imported, texts)
    content[0].unmapped += skipped
    return content


# ---- contrasts


def _rows(path: Path | str) -> list[dict[str, Any]]:
    if str(path).endswith((".yaml", ".yml")):
        content = read_yaml(path)
        entries = content.get("contrasts") if isinstance(content, dict) else None
        if not isinstance(entries, list):
            raise ConfigError(
                f"{path}: has no list 'contrasts'. Give the contrasts file of nf-core/differentialabundance."
            )
        return [_entry(entry) for entry in entries]
    table = read_columns(path)
    missing = [name for name in ("variable", "reference", "target") if name not in table]
    if missing:
        raise ConfigError(
            f"{path}: has no column {listed(missing)}. Its contrasts have variable, reference and target."
        )
    rows = []
    for number in range(len(table["variable"])):
        row = {name: "" if values[number] == "NA" else values[number] for name, values in table.items()}
        rows.append(
            {
                "id": row.get("id") or "_".join(row[name] for name in ("variable", "reference", "target") if row[name]),
                "variable": row["variable"],
                "reference": row["reference"],
                "target": row["target"],
                "blocking": _split(row.get("blocking", "")),
                "exclude_column": row.get("exclude_samples_col", ""),
                "exclude_values": _split(row.get("exclude_samples_values", "")),
            }
        )
    return rows


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    row = {"id": str(entry.get("id", "contrast")), "blocking": list(map(str, entry.get("blocking_factors") or ()))}
    row |= {"exclude_column": str(entry.get("exclude_samples_col") or "")}
    row |= {"exclude_values": _split(str(entry.get("exclude_samples_values") or ""))}
    if entry.get("comparison"):
        if len(entry["comparison"]) != 3:
            raise ConfigError(f"contrast {row['id']}: a comparison is a variable, its reference and its target.")
        variable, reference, target = map(str, entry["comparison"])
        return row | {"variable": variable, "reference": reference, "target": target}
    return row | {"r_formula": str(entry.get("formula", "")), "combination": str(entry.get("make_contrasts_str", ""))}


def _excluded(columns: _Columns, id_column: str, column: str, values: Sequence[str]) -> dict[str, str]:
    if not column:
        return {}
    if column not in columns:
        raise ConfigError(f"exclude_samples_col: the sheet has no column {quoted(column)}. Correct the contrasts.")
    pairs = zip(columns[id_column], columns[column], strict=True)
    return {sample: f"{column} is {value}" for sample, value in pairs if value in values}


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
        named = f"{first['exclude_column']}={';'.join(first['exclude_values'])}"
        imported.mapped.append(f"exclude_samples_col/values {named} -> ingest.exclude_samples")
    # That workflow passes over columns of the matrix without a row in the sheet; here they are dropped and listed.
    ingest["unmatched_samples"] = "drop"
    imported.mapped.append(
        "samples that only one file has are dropped as there; here they are listed in sample_account.tsv"
    )
    if lengths:
        ingest["length_matrix"] = str(lengths)
        imported.mapped.append("feature_length_matrix -> ingest.length_matrix")
    contrasts: dict[str, Any] = {}
    for row in rows:
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", row["id"]).strip("._-") or "contrast"
        same = next((other for other, factors in contrasts.items() if factors == row["contrast"]), None)
        if same is not None:
            imported.unmapped.append(f"contrast {row['id']}: asks the same as {same}")
            continue
        contrasts[name] = row["contrast"]
        imported.mapped.append(f"contrast {row['id']}: {row['about']} -> test.contrasts.{name}")
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
_TAKEN = {"input", "contrasts", "matrix", "feature_length_matrix", "observations_id_col", "paramset_name", "include"}


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


def _map_params(imported: Imported, params: Mapping[str, Any]) -> None:
    analysis, mapped, unmapped = imported.analysis, imported.mapped, imported.unmapped
    test = analysis["test"]
    done = set(_TAKEN)

    def take(name: str, section: str, key: str, value: Any) -> None:
        analysis.setdefault(section, {})[key] = value
        mapped.append(f"{name} {params[name]} -> {section}.{key}: {value}")

    if params.get("differential_method", "deseq2") != "deseq2":
        unmapped.append(f"differential_method {params['differential_method']}: the test here is DESeq2's")
    shrinks = params.get("deseq2_shrink_lfc", True)
    for name, (section, key, values) in _DIRECT.items():
        done.add(name)
        if name in params and params[name] in values:
            take(name, section, key, values[params[name]])
        elif name in params:
            unmapped.append(f"{name} {params[name]}: there is no such choice here")
    if shrinks:
        unmapped.append(
            "deseq2_shrink_lfc true: fold changes are shrunk by ashr there; here apeglm's stand beside the unshrunken "
            "ones"
        )
    else:
        take("deseq2_shrink_lfc", "test", "shrinkage", "none")
    for name, (key, values) in _OF_RESULTS.items():
        done.add(name)
        if name in params and params[name] in values:
            take(name, "test", key, values[params[name]])
        elif name in params:
            unmapped.append(f"{name} {params[name]}: there is no such choice here")
    threshold = float(params.get("deseq2_lfc_threshold") or 0)
    alternative = _ALTERNATIVES.get(params.get("deseq2_alt_hypothesis", "greaterAbs"))
    if threshold or alternative != "greater_abs":
        for contrast in test["contrasts"].values():
            contrast |= {"lfc_null": threshold, "alternative": alternative or "greater_abs"}
        mapped.append(
            f"deseq2_lfc_threshold {threshold:g}, deseq2_alt_hypothesis {alternative} -> lfc_null and alternative of "
            "each contrast"
        )
    effective = {"deseq2_lfc_threshold", "deseq2_alt_hypothesis", *_OF_RESULTS} & set(params)
    if shrinks and effective:
        unmapped.append(
            f"{listed(sorted(effective), quote=False)}: set there, but without effect while deseq2_shrink_lfc is true, "
            "which tests again with defaults; here they do what they say"
        )
    done |= {"differential_method", "study_type", "deseq2_shrink_lfc", "deseq2_lfc_threshold", "deseq2_alt_hypothesis"}
    if "differential_max_qval" in params:
        take("differential_max_qval", "test", "alpha", float(params["differential_max_qval"]))
    if float(params.get("differential_min_fold_change") or 0) > 0:
        least = math.log2(float(params["differential_min_fold_change"]))
        take("differential_min_fold_change", "test", "min_log2_fold_change", round(max(least, 0.0), 6))
    if "exploratory_n_features" in params and int(params["exploratory_n_features"]) > 1:
        take("exploratory_n_features", "qc", "top_genes", int(params["exploratory_n_features"]))
    if params.get("gtf") and "://" not in str(params["gtf"]):
        take("gtf", "annotate", "genes", str(params["gtf"]))
    done |= {"differential_max_qval", "differential_min_fold_change", "exploratory_n_features", "gtf"}
    if params.get("gtf") and "://" in str(params["gtf"]):
        unmapped.append("gtf: is an address; download it and name it under annotate.genes")
    filters = sorted(name for name in params if name.startswith("filtering_"))
    if filters:
        unmapped.append(f"{listed(filters, quote=False)}: the filter here counts per million; see filter.min_cpm")
    of_tests = ("deseq2_", "limma_", "dream_", "differential_")
    tests = sorted(name for name in params if name.startswith(of_tests) and name not in done)
    if tests:
        unmapped.append(f"{listed(tests, most=20, quote=False)}: there is no such setting here")
    rest = sorted(set(params) - done - set(filters) - set(tests))
    if rest:
        unmapped.append(f"{listed(rest, most=40, quote=False)}: about names, figures, gene sets or the report")
