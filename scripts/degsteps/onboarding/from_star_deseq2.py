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
from degsteps.config.reading import read_yaml_as_text


@dataclass
class Imported:
    """An analysis in this workflow's terms, and what became of each setting of the other.

    Attributes
    ----------
    analysis : content of ``config/analyses/<name>.yaml``.
    mapped : sentences on what was taken over, in the words of both.
    unmapped : what was not, and why.
    taken, left : the settings that these sentences are about; none is in both.
    """

    analysis: dict[str, Any]
    mapped: list[str] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def take(self, settings: str | Sequence[str], sentence: str) -> None:
        """Say what became of settings of the other workflow."""
        self._account(settings, sentence, self.mapped, self.taken)

    def leave(self, settings: str | Sequence[str], sentence: str) -> None:
        """Say why settings of the other workflow were not taken over."""
        self._account(settings, sentence, self.unmapped, self.left)

    def _account(self, settings: str | Sequence[str], sentence: str, lines: list[str], names: list[str]) -> None:
        names += [settings] if isinstance(settings, str) else settings
        if sentence not in lines:
            lines.append(sentence)

    def is_accounted(self, setting: str) -> bool:
        """Return whether a setting, or the section that it stands in, was taken over or left."""
        return any(setting == name or setting.startswith(f"{name}.") for name in (*self.taken, *self.left))


def split_values(value: Any, known: Sequence[str] = ()) -> list[str]:
    """Return the values of a setting that is a list, one value, or text with semicolons, commas or bars between values.

    Parameters
    ----------
    known : what the values are compared with: text that is one of these as it stands is one value.
    """
    if isinstance(value, (list, tuple)):
        return [each for part in value for each in split_values(part, known)]
    text = "" if value is None else str(value).strip()
    if text in known:
        return [text]
    if is_blank(text):
        return []
    for mark in (";", ",", "|"):
        if mark in text:
            parts = text.strip("[]()").split(mark)
            return [each for part in parts for each in split_values(part.strip().strip("'\""), known)]
    return [text]


def is_blank(value: Any) -> bool:
    """Return whether a setting says nothing: blank, or one of the words for that."""
    return value in (None, [], {}) or (isinstance(value, str) and value.strip() in ("", "~", "null", "NULL", "NA"))


def leaf_settings(content: Any, prefix: str = "") -> list[str]:
    """Return the dotted keys of all settings of a file that hold a value; a list is one setting."""
    if isinstance(content, Mapping):
        return [
            key
            for name, value in content.items()
            for key in leaf_settings(value, f"{prefix}.{name}" if prefix else str(name))
        ]
    return [] if is_blank(content) else [prefix]


def excluded_samples(
    imported: Imported, setting: str, values: Sequence[str], samples: Mapping[str, Sequence[str]], why: str
) -> dict[str, str]:
    """Return which samples are excluded and why; each value is said to be taken over, or to match no sample.

    Parameters
    ----------
    setting : as the account names it.
    samples : by value, the samples that have it.
    why : the reason, with ``{}`` for the value.
    """
    excluded: dict[str, str] = {}
    for value in dict.fromkeys(values):
        if samples.get(value):
            excluded |= dict.fromkeys(samples[value], why.format(value))
            sentence = f"{setting} {quoted(value)} -> ingest.exclude_samples: {', '.join(samples[value])}"
            imported.take(f"{setting} {value}", sentence)
        else:
            imported.leave(f"{setting} {value}", f"{setting} {quoted(value)}: no sample of the sheet has it")
    return excluded


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
    content = read_yaml_as_text(config)
    if not isinstance(content, dict) or not isinstance(content.get("diffexp"), dict):
        raise ConfigError(f"{config}: has no section 'diffexp'. Give the config.yaml of rna-seq-star-deseq2.")
    diffexp, imported = content["diffexp"], Imported({})
    variables = _variables(diffexp.get("variables_of_interest"), config)
    batches = split_values(diffexp.get("batch_effects"))
    samples = "config/samples.tsv" if is_blank(content.get("samples")) else str(content["samples"])
    imported.take("samples", f"samples {samples} -> ingest.samples")
    columns = _tsv_columns(samples, config)
    model = "" if is_blank(diffexp.get("model")) else str(diffexp["model"]).strip()
    terms = [term for term in (*batches, "*".join(variables)) if term]
    if not model and not terms:
        what = "has neither variables_of_interest nor a model under 'diffexp'."
        raise ConfigError(f"{config}: {what} Name what is compared there first.")
    formula = model or "~ " + " + ".join(terms)
    imported.take("diffexp.model", f"model {quoted(model)} -> design.formula {formula}")
    factors = {name: {"reference": level} for name, level in variables.items()}
    for name in variables:
        setting = f"diffexp.variables_of_interest.{name}.base_level"
        imported.take(setting, f"{name}.base_level -> design.factors.{name}.reference")
    for name in batches:
        levels = columns.get(name)
        if not levels:
            raise ConfigError(f"{samples}: has no column {quoted(name)}, which batch_effects names.")
        factors[name] = {"reference": levels[0]}
        sentence = f"batch effect {name} -> batch.columns and a factor; as there, no covariate"
        imported.take("diffexp.batch_effects", sentence)
    contrasts = _contrasts(imported, diffexp, variables, columns)
    if not contrasts:
        raise ConfigError(f"{config}: no contrast could be taken over. {' '.join(imported.unmapped)}")
    for contrast in contrasts.values():  # releases before 2.0 name no variable of interest
        if "factor" in contrast:
            factors.setdefault(contrast["factor"], {"reference": contrast["reference"]})
    by_id = {sample: [sample] for sample in columns.get("sample_name") or columns.get("sample") or ()}
    left_out = split_values(diffexp.get("exclude"), list(by_id))
    excluded = excluded_samples(imported, "diffexp.exclude", left_out, by_id, "excluded there")
    imported.leave("", "fold changes are shrunk by ashr there; here apeglm's stand beside the unshrunken ones")
    labels = split_values((content.get("pca") or {}).get("labels"), list(columns))
    color_by = [name for name in labels if name in columns]
    if color_by:
        imported.take("pca.labels", f"pca.labels {', '.join(color_by)} -> qc.color_by")
    elif labels:
        imported.leave("pca.labels", f"pca.labels {', '.join(labels)}: the sheet has no such column")
    for name in set(labels) - set(color_by) if color_by else ():
        imported.leave(f"pca.labels {name}", f"pca.labels {quoted(name)}: the sheet has no such column")
    if "units" in content:
        imported.leave("units", "units: that workflow sums them to samples before it writes the matrix")
    _leave_the_rest(imported, content)
    imported.analysis = {
        "version": "1.0",
        "ingest": {
            "counts": counts,
            "samples": samples,
            "sample_column": "sample" if "sample_name" not in columns and "sample" in columns else "sample_name",
            **({"exclude_samples": excluded} if excluded else {}),
        },
        "design": {"formula": formula, "factors": factors},
        **({"batch": {"columns": batches}} if batches else {}),
        **({"qc": {"color_by": color_by}} if color_by else {}),
        "test": {"contrasts": contrasts},
    }
    return [imported]


def _variables(variables: Any, config: Path | str) -> dict[str, str]:
    """Return the base level of each variable of interest."""
    if is_blank(variables):
        return {}
    what = f"{config}: diffexp.variables_of_interest"
    if not isinstance(variables, Mapping):
        raise ConfigError(f"{what}: is no mapping. Write a base_level below each variable.")
    for name, settings in variables.items():
        if not isinstance(settings, Mapping) or is_blank(settings.get("base_level")):
            raise ConfigError(f"{what}: {quoted(name)} has no base_level. Name the level that others are compared to.")
    return {str(name): str(settings["base_level"]) for name, settings in variables.items()}


def _contrasts(
    imported: Imported, diffexp: Mapping[str, Any], variables: Mapping[str, str], columns: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    contrasts: dict[str, Any] = {}
    content = diffexp.get("contrasts")
    for name, contrast in content.items() if isinstance(content, Mapping) else ():
        setting = f"diffexp.contrasts.{name}"
        try:
            contrasts[name] = _star_contrast(contrast, variables, columns)
        except ConfigError as error:
            imported.leave(setting, f"contrast {name}: {error}")
            continue
        named = ("variable_of_interest", "level_of_interest")
        if isinstance(contrast, Mapping):
            imported.take([f"{setting}.{key}" for key in named], f"contrast {name} -> test.contrasts.{name}")
        else:
            imported.take(setting, f"contrast {name} -> test.contrasts.{name}")
    return contrasts


def _leave_the_rest(imported: Imported, content: Mapping[str, Any]) -> None:
    """Say of every setting that nothing was said of why it has no place here."""
    of_counts = ("diffexp", "pca")
    for name, section in content.items():
        if name not in (*of_counts, "samples", "units") and not is_blank(section):
            imported.leave(name, f"{name}: is about reads, before the counts")
    for setting in leaf_settings({name: content.get(name) for name in of_counts}):
        named = [other for other in (*imported.taken, *imported.left) if other.startswith(f"{setting} ")]
        if not imported.is_accounted(setting) and not named:
            imported.leave(setting, f"{setting}: there is no such setting here")


def _tsv_columns(samples: str, config: Path | str) -> dict[str, list[str]]:
    # Its paths are relative to the folder above config/.
    for base in (Path(), Path(config).resolve().parent.parent, Path(config).resolve().parent):
        if (base / samples).is_file():
            with open(base / samples, encoding="utf-8-sig", newline="") as lines:
                rows = list(csv.DictReader(lines, delimiter="\t"))
            return {name: [row[name] or "" for row in rows] for name in rows[0]} if rows else {}
    raise ConfigError(f"{samples}: there is no such file. It is the sheet that {config} names under 'samples'.")


def _star_contrast(contrast: Any, variables: Mapping[str, str], columns: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    if isinstance(contrast, Mapping):
        missing = [key for key in ("variable_of_interest", "level_of_interest") if is_blank(contrast.get(key))]
        if missing:
            raise ConfigError(f"has no {' and no '.join(missing)}.")
        variable, level = str(contrast["variable_of_interest"]), str(contrast["level_of_interest"])
        if variable not in variables:
            raise ConfigError(f"{quoted(variable)} is no variable of interest.")
        return {"factor": variable, "test": level, "reference": variables[variable]}
    if isinstance(contrast, list):
        # Releases before 2.0: the level, and the one that it is compared to, of the one column that has both.
        with_both = [name for name, values in columns.items() if set(contrast) <= set(values)]
        if len(contrast) != 2 or len(with_both) != 1:
            raise ConfigError(f"{contrast} is no pair of levels of one column. Write the contrast by hand.")
        return {"factor": with_both[0], "test": contrast[0], "reference": contrast[1]}
    text = str(contrast).strip()
    added, taken = _listed_coefficients(text)
    named = {
        f"{name}_{r_name(level)}_vs_{r_name(base_level)}": (name, level)
        for name, base_level in variables.items()
        for level in dict.fromkeys(columns.get(name, ()))
    }
    if len(added) == 1 and not taken and added[0] in named:
        name, level = named[added[0]]
        return {"factor": name, "test": level, "reference": variables[name]}
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
