"""Reading the configuration of snakemake-workflows/rna-seq-star-deseq2 and writing this one's, with what became of it.

Its ``config.yaml``, ``samples.tsv`` and the count matrix that it writes. R expressions are parsed, never evaluated.
The other workflow that can be read is in :mod:`degsteps.onboarding.from_nfcore`.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from degsteps.basics.errors import ConfigError
from degsteps.basics.words import quoted
from degsteps.config.reading import read_yaml


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


def r_name(text: str) -> str:
    """Return a name as R's ``make.names`` leaves it."""
    name = re.sub(r"[^\w.]", ".", text)
    return f"X{name}" if re.match(r"\d|_|\.\d", name) else name


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
    sections = {"samples", "units", "diffexp", "pca"}
    imported.unmapped += [f"{name}: is about reads, before the counts" for name in content if name not in sections]
    imported.unmapped.append("fold changes are shrunk by ashr there; here apeglm's stand beside the unshrunken ones")
    labels = (content.get("pca") or {}).get("labels") or []
    labels = [name for name in ([labels] if isinstance(labels, str) else labels) if name in columns]
    if labels:
        imported.mapped.append(f"pca.labels {', '.join(labels)} -> qc.color_by")
    if "units" in content:
        imported.unmapped.append("units: that workflow sums them to samples before it writes the matrix")
    imported.analysis = {
        "version": "1.0",
        "ingest": {"counts": counts, "samples": samples, "sample_column": "sample_name"},
        "design": {"formula": formula, "factors": factors},
        **({"batch": {"columns": batches}} if batches else {}),
        **({"qc": {"color_by": labels}} if labels else {}),
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
        f"{name}_{r_name(level)}_vs_{r_name(str(settings['base_level']))}": (name, level)
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
        f"{factor}{r_name(level)}": f"{factor}[T.{level}]"
        for factor in variables
        for level in dict.fromkeys(columns.get(factor, ()))
    }
    for first, left in pairs.items():
        for second, right in pairs.items():
            if name == f"{first}.{second}":
                return f"{left}:{right}"
    raise ConfigError(f"the coefficient {quoted(name)} is not known. Write the contrast by hand.")
