"""Reading the configurations of two other workflows and writing this one's, with a report of what was taken over.

nf-core/differentialabundance: a sample sheet and contrasts (CSV, TSV or YAML). snakemake-workflows/rna-seq-star-deseq2:
``config.yaml``, ``samples.tsv`` and the count matrix that it writes. R expressions are parsed, never evaluated.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from degsteps.config import read_yaml
from degsteps.design import as_number
from degsteps.errors import ConfigError
from degsteps.sheet import read_columns
from degsteps.wording import listed, quoted


@dataclass
class Imported:
    """An analysis in this workflow's terms, and what became of each setting of the other.

    Attributes
    ----------
    analysis : content of ``config/analyses/<name>.yaml``.
    mapped : sentences on what was taken over, in the words of both.
    unmapped : what was not, and why.
    """

    analysis: dict[str, Any]
    mapped: list[str] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)


# ---- nf-core/differentialabundance


def from_nfcore(
    samples: Path | str, contrasts: Path | str, counts: str, *, id_column: str = "sample", lengths: str | None = None
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

    Raises
    ------
    ConfigError, DataError
        if a file cannot be read as one of that workflow.
    """
    columns = read_columns(samples)
    if id_column not in columns:
        raise ConfigError(f"{samples}: has no column {quoted(id_column)}. Name the one with the sample ids.")
    rows = _nfcore_rows(contrasts)
    groups: dict[tuple, list[Mapping[str, Any]]] = {}
    skipped = []
    for row in rows:
        try:
            row = row if row.get("variable") else _from_r_formula(row, columns)
        except ConfigError as error:
            skipped.append(f"contrast {row['id']}: {error}")
            continue
        key = (row["variable"], tuple(row["blocking"]), row["exclude_column"], tuple(row["exclude_values"]))
        groups.setdefault(key, []).append(row)
    found = [
        _nfcore_analysis(key, group, columns, str(samples), counts, id_column, lengths) for key, group in groups.items()
    ]
    if not found:
        raise ConfigError(f"{contrasts}: no contrast could be taken over. {' '.join(skipped)}")
    found[0].unmapped += skipped
    return found


def _nfcore_rows(path: Path | str) -> list[dict[str, Any]]:
    if str(path).endswith((".yaml", ".yml")):
        content = read_yaml(path)
        entries = content.get("contrasts") if isinstance(content, dict) else None
        if not isinstance(entries, list):
            raise ConfigError(
                f"{path}: has no list 'contrasts'. Give the contrasts file of nf-core/differentialabundance."
            )
        return [_nfcore_entry(entry) for entry in entries]
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


def _nfcore_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    row = {"id": str(entry.get("id", "contrast")), "blocking": list(map(str, entry.get("blocking_factors") or ()))}
    row |= {"exclude_column": str(entry.get("exclude_samples_col") or "")}
    row |= {"exclude_values": _split(str(entry.get("exclude_samples_values") or ""))}
    if entry.get("comparison"):
        variable, reference, target = map(str, entry["comparison"])
        return row | {"variable": variable, "reference": reference, "target": target}
    return row | {"formula": str(entry.get("formula", "")), "combination": str(entry.get("make_contrasts_str", ""))}


def _from_r_formula(row: Mapping[str, Any], columns: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Read a formula contrast: a difference of two coefficients of one factor, or one coefficient."""
    formula, combination = row["formula"], row["combination"]
    if "|" in formula:
        raise ConfigError(f"{formula} has a random effect. Put the donor into the formula as a factor.")
    if re.search(r"[*:^]", formula):
        raise ConfigError(
            f"{formula} has an interaction ({combination}). Write it as an expression over groups by hand."
        )
    names = [name.strip() for name in formula.lstrip("~ ").split("+")]
    names = [name for name in names if name not in ("0", "1", "-1")]
    unknown = [name for name in names if name not in columns]
    if unknown:
        raise ConfigError(f"{formula}: the sheet has no column {listed(unknown)}.")
    terms = re.findall(r"(?:^|([+-]))\s*([\w.]+)", combination.strip())
    level_of = {_r_name(name + level): (name, level) for name in names for level in dict.fromkeys(columns[name])}
    found = [(sign or "+", level_of.get(_r_name(term))) for sign, term in terms]
    if not found or any(pair is None for _, pair in found) or len(found) > 2:
        raise ConfigError(f"{combination} is not one coefficient or the difference of two. Write it by hand.")
    variable, target = found[0][1]
    if len(found) == 2:
        if found[1][0] != "-" or found[1][1][0] != variable:
            raise ConfigError(f"{combination} is not the difference of two levels of one factor. Write it by hand.")
        reference = found[1][1][1]
    else:
        # R takes the first level of the alphabet as the reference.
        reference = min(dict.fromkeys(columns[variable]), key=lambda level: (level.casefold(), level))
    blocking = [name for name in names if name != variable]
    return dict(row) | {"variable": variable, "reference": reference, "target": target, "blocking": blocking}


def _r_name(text: str) -> str:
    """Return a name as R's ``make.names`` leaves it."""
    name = re.sub(r"[^\w.]", ".", text)
    return f"X{name}" if re.match(r"\d|_|\.\d", name) else name


def _nfcore_analysis(
    key: tuple,
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, Sequence[str]],
    samples: str,
    counts: str,
    id_column: str,
    lengths: str | None,
) -> Imported:
    variable, blocking, exclude_column, exclude_values = key
    names = [*blocking, variable]
    missing = [name for name in names if name not in columns]
    if missing:
        raise ConfigError(f"{samples}: has no column {listed(missing)}, which the contrasts name.")
    ingest: dict[str, Any] = {"counts": counts, "samples": samples, "sample_column": id_column}
    imported = Imported({})
    excluded = _excluded(columns, id_column, exclude_column, exclude_values)
    if excluded:
        ingest["exclude_samples"] = excluded
        imported.mapped.append(
            f"exclude_samples_col/values {exclude_column}={';'.join(exclude_values)} -> ingest.exclude_samples"
        )
    # That workflow passes over columns of the matrix without a row in the sheet; here they are dropped and listed.
    ingest["unmatched_samples"] = "drop"
    imported.mapped.append(
        "samples that only one file has are dropped as there; here they are listed in sample_account.tsv"
    )
    if lengths:
        ingest["length_matrix"] = lengths
        imported.mapped.append("feature_length_matrix -> ingest.length_matrix")
    first = rows[0]
    factors = {variable: {"reference": first["reference"]}}
    kept = [k for k, sample in enumerate(columns[id_column]) if sample not in excluded]
    for name in blocking:
        factors[name] = {"reference": columns[name][kept[0]] if kept else columns[name][0]}
        if all(as_number(value) is not None for value in columns[name]):
            imported.unmapped.append(
                f"{name} holds numbers; it is a factor here as there. If it is an amount, move it to design.covariates."
            )
    contrasts = {}
    for row in rows:
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", row["id"]).strip("._-") or "contrast"
        contrast = {"factor": variable, "test": row["target"], "reference": row["reference"]}
        same = next((other for other, known in contrasts.items() if known == contrast), None)
        if same is not None:
            imported.unmapped.append(f"contrast {row['id']}: asks the same as {same}")
            continue
        contrasts[name] = contrast
        imported.mapped.append(
            f"contrast {row['id']}: {variable} {row['target']} vs {row['reference']} -> test.contrasts.{name}"
        )
    imported.analysis = {
        "version": "1.0",
        "ingest": ingest,
        "design": {"formula": _formula(names), "factors": factors},
        **({"batch": {"columns": list(blocking)}} if blocking else {}),
        "test": {"contrasts": contrasts},
    }
    imported.mapped.append(f"blocking {';'.join(blocking) or '(none)'} -> design.formula {_formula(names)}")
    return imported


def _excluded(columns, id_column: str, column: str, values: Sequence[str]) -> dict[str, str]:
    if not column:
        return {}
    if column not in columns:
        raise ConfigError(f"exclude_samples_col: the sheet has no column {quoted(column)}. Correct the contrasts.")
    pairs = zip(columns[id_column], columns[column], strict=True)
    return {sample: f"{column} is {value}" for sample, value in pairs if value in values}


def _formula(names: Sequence[str]) -> str:
    return "~ " + " + ".join(name if re.fullmatch(r"[A-Za-z_]\w*", name) else f"`{name}`" for name in names)


# ---- snakemake-workflows/rna-seq-star-deseq2


def from_star_deseq2(config: Path | str, counts: str = "results/counts/all.tsv") -> list[Imported]:
    """Import a study of snakemake-workflows/rna-seq-star-deseq2.

    Parameters
    ----------
    config : its ``config.yaml``.
    counts : path of the matrix that it writes.

    Raises
    ------
    ConfigError, DataError
        if a file cannot be read as one of that workflow.
    """
    content = read_yaml(config)
    if not isinstance(content, dict) or "diffexp" not in content:
        raise ConfigError(f"{config}: has no section 'diffexp'. Give the config.yaml of rna-seq-star-deseq2.")
    diffexp = content["diffexp"]
    variables = diffexp.get("variables_of_interest") or {}
    batches = list(diffexp.get("batch_effects") or [])
    batches = [name for name in batches if name]
    samples = str(content.get("samples", "config/samples.tsv"))
    columns = _tsv_columns(samples, config)
    model = str(diffexp.get("model") or "").strip()
    formula = model or "~ " + " + ".join([*batches, "*".join(variables)])
    imported = Imported({})
    imported.mapped.append(f"model {quoted(model)} -> design.formula {formula}")
    factors = {name: {"reference": str(settings["base_level"])} for name, settings in variables.items()}
    imported.mapped += [f"{name}.base_level -> design.factors.{name}.reference" for name in variables]
    for name in batches:
        levels = columns.get(name)
        if not levels:
            raise ConfigError(f"{samples}: has no column {quoted(name)}, which batch_effects names.")
        factors[name] = {"reference": levels[0]}
        imported.mapped.append(f"batch effect {name} -> batch.columns and a factor; as there, no covariate")
    contrasts: dict[str, Any] = {}
    for name, contrast in (diffexp.get("contrasts") or {}).items():
        try:
            contrasts[name] = _star_contrast(contrast, variables, columns)
            imported.mapped.append(f"contrast {name} -> test.contrasts.{name}")
        except ConfigError as error:
            imported.unmapped.append(f"contrast {name}: {error}")
    if not contrasts:
        raise ConfigError(f"{config}: no contrast could be taken over. {' '.join(imported.unmapped)}")
    known = {"samples", "units", "diffexp"}
    imported.unmapped += [f"{name}: is about reads, before the counts" for name in content if name not in known]
    if "units" in content:
        imported.unmapped.append("units: that workflow sums them to samples before it writes the matrix")
    imported.analysis = {
        "version": "1.0",
        "ingest": {"counts": counts, "samples": samples, "sample_column": "sample_name"},
        "design": {"formula": formula, "factors": factors},
        **({"batch": {"columns": batches}} if batches else {}),
        "test": {"contrasts": contrasts},
    }
    return [imported]


def _tsv_columns(samples: str, config: Path | str) -> dict[str, list[str]]:
    # Its paths are relative to the folder above config/.
    for base in (Path(), Path(config).resolve().parent.parent, Path(config).resolve().parent):
        if (base / samples).is_file():
            with open(base / samples, encoding="utf-8-sig", newline="") as lines:
                rows = list(csv.DictReader(lines, delimiter="\t"))
            return {name: [row[name] or "" for row in rows] for name in rows[0]} if rows else {}
    raise ConfigError(f"{samples}: there is no such file. It is the sheet that {config} names under 'samples'.")


def _star_contrast(contrast: Any, variables: Mapping[str, Any], columns: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    if isinstance(contrast, Mapping):
        variable, level = str(contrast["variable_of_interest"]), str(contrast["level_of_interest"])
        if variable not in variables:
            raise ConfigError(f"{quoted(variable)} is no variable of interest.")
        return {"factor": variable, "test": level, "reference": str(variables[variable]["base_level"])}
    text = str(contrast).strip()
    added, taken = _listed_coefficients(text)
    named = {
        f"{name}_{_r_name(level)}_vs_{_r_name(str(settings['base_level']))}": (name, level)
        for name, settings in variables.items()
        for level in dict.fromkeys(columns.get(name, ()))
    }
    if len(added) == 1 and not taken and added[0] in named:
        name, level = named[added[0]]
        return {"factor": name, "test": level, "reference": str(variables[name]["base_level"])}
    weights = {}
    for coefficients, weight in ((added, 1), (taken, -1)):
        for coefficient in coefficients:
            weights[_coefficient(coefficient, named, variables, columns)] = weight
    return {"weights": weights}


def _listed_coefficients(text: str) -> tuple[list[str], list[str]]:
    """Read ``list(c("a", "b"), c("c"))`` or ``"a"``: coefficients that are added, and those that are taken away."""
    bare = text.strip().strip("'\"")
    if re.fullmatch(r"[\w.]+", bare):
        return [bare], []
    vector = r"""(?:c\(\s*)?((?:["'][\w.]+["']\s*,?\s*)+)\)?"""
    match = re.fullmatch(rf"list\(\s*{vector}\s*(?:,\s*{vector}\s*)?\)", text.strip())
    if not match:
        raise ConfigError(f"{text} is no list of coefficients; R code is not evaluated. Write the contrast by hand.")
    first, second = (re.findall(r"[\"']([\w.]+)[\"']", part or "") for part in match.groups())
    return first, second


def _coefficient(name: str, named: Mapping[str, tuple[str, str]], variables, columns) -> str:
    """Translate the name of a coefficient as DESeq2 writes it: ``a_x_vs_base``, or ``ax.by`` for an interaction."""
    if name in named:
        factor, level = named[name]
        return f"{factor}[T.{level}]"
    pairs = {
        f"{factor}{_r_name(level)}": f"{factor}[T.{level}]"
        for factor in variables
        for level in dict.fromkeys(columns.get(factor, ()))
    }
    for first, left in pairs.items():
        for second, right in pairs.items():
            if name == f"{first}.{second}":
                return f"{left}:{right}"
    raise ConfigError(f"the coefficient {quoted(name)} is not known. Write the contrast by hand.")
