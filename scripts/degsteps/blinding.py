"""Blinding: the labels of a sample sheet are permuted, the key is kept elsewhere, and quality control sees neither.

Standard library only, apart from :func:`unblinded`: the Snakefile imports this module.

Labels are permuted within strata (the other factors of the design), so that every crosstab, and with it group sizes,
rank and confounding, stays as it is. What does not look at labels (filter, size factors, a blind transformation) then
gives the same bytes before and after unblinding.
"""

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from degsteps.config import Problem
from degsteps.digest import file_sha256
from degsteps.errors import ConfigError, DataError, DegstepsError
from degsteps.plan import deviations, given_paths, read_plan

if TYPE_CHECKING:
    import pandas as pd

#: Ends the version of a blinded run, so that its results lie beside the unblinded ones.
SUFFIX = "-blinded"
Columns = dict[str, list[str]]


def permuted_labels(
    columns: Columns, sample_column: str, blinded: Sequence[str], within: Sequence[str], rng: random.Random
) -> Columns:
    """Return the columns with the labels of the blinded ones permuted together within strata.

    Parameters
    ----------
    columns : the sample sheet by column.
    blinded : columns whose labels are hidden; permuted together, so that their combinations stay.
    within : columns that define the strata.
    rng : source of randomness; ``random.SystemRandom()`` outside of tests.

    Raises
    ------
    DataError
        if a stratum has one label only, or sample ids tell the labels.
    """
    _require_untold(columns, sample_column, blinded)
    rows = range(len(columns[sample_column]))
    strata: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row in rows:
        strata[tuple(columns[name][row] for name in within)].append(row)
    labels = [tuple(columns[name][row] for name in blinded) for row in rows]
    for stratum in strata.values():
        if len({labels[row] for row in stratum}) == 1:
            names = ", ".join(columns[sample_column][row] for row in stratum)
            raise DataError(
                f"samples {names}: have the same labels and the same {', '.join(within) or 'stratum'}, so nothing "
                "would be hidden. Name fewer columns under --within."
            )
        shuffled = [labels[row] for row in stratum]
        rng.shuffle(shuffled)
        for row, label in zip(stratum, shuffled, strict=True):
            labels[row] = label
    hidden = {name: [label[place] for label in labels] for place, name in enumerate(blinded)}
    kept = [name for name in columns if name == sample_column or name in (*blinded, *within)]
    return {name: hidden.get(name, columns[name]) for name in kept}


def _require_untold(columns: Columns, sample_column: str, blinded: Sequence[str]) -> None:
    for name in blinded:
        telling = [
            sample
            for sample, label in zip(columns[sample_column], columns[name], strict=True)
            if len(label) > 1 and label.lower() in sample.lower()
        ]
        if telling:
            raise DataError(
                f"samples {', '.join(telling[:5])}: their ids tell their {name}. Give the samples neutral ids, in the "
                "counts too."
            )


def sheet_text(columns: Columns) -> str:
    """Return a sample sheet as tab-separated text."""
    lines = ["\t".join(columns), *("\t".join(row) for row in zip(*columns.values(), strict=True))]
    return "".join(f"{line}\n" for line in lines)


def key_content(columns: Columns, sample_column: str, blinded: Sequence[str], blinded_text: str) -> dict[str, Any]:
    """Return what undoes the blinding of one sheet: the true labels of every sample."""
    labels = {
        sample: {name: columns[name][row] for name in blinded} for row, sample in enumerate(columns[sample_column])
    }
    return {"blinded_sheet_sha256": hashlib.sha256(blinded_text.encode()).hexdigest(), "labels": labels}


def is_blinded(analysis: Mapping[str, Any]) -> bool:
    """Whether the labels of an analysis are hidden: it names blinded columns, and no key is given."""
    return bool(analysis["blinding"]["columns"]) and analysis["blinding"]["key"] is None


def with_masked_labels(analysis: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a blinded run: own version, and nothing that looks at the hidden labels."""
    hidden = analysis["blinding"]["columns"]
    masked = {**analysis, "version": f"{analysis['version']}{SUFFIX}"}
    masked["qc"] = analysis["qc"] | {"color_by": [name for name in analysis["qc"]["color_by"] if name not in hidden]}
    # The linear adjustment protects the design, which holds the hidden labels.
    masked["batch"] = analysis["batch"] | {"method": "none"}
    # What is hidden beside the design can only be told where the design is known.
    masked["design"] = analysis["design"] | {"hidden": None}
    masked["transform"] = analysis["transform"] | {"blind": True}
    return masked


def unblinded(samples: "pd.DataFrame", key: Path, sheets: Sequence[Path]) -> "pd.DataFrame":
    """Return the sample table with the true labels.

    Parameters
    ----------
    samples : the analysed samples, with permuted labels.
    key : the key file.
    sheets : the sample sheets; the key belongs to exactly one, which must hold all samples.

    Raises
    ------
    DataError
        if the key cannot be read, belongs to another sheet, or lacks a sample.
    """
    content = read_key(key)
    if content["blinded_sheet_sha256"] not in [hashlib.sha256(sheet.read_bytes()).hexdigest() for sheet in sheets]:
        named = ", ".join(map(str, sheets))
        raise DataError(f"{key}: is not the key of {named}, or the sheet was edited since. Use the pair as written.")
    unknown = [sample for sample in samples.index if sample not in content["labels"]]
    if unknown:
        raise DataError(f"{key}: has no labels for {', '.join(unknown[:5])}. Blind one sheet with all samples.")
    result = samples.copy()
    for name in next(iter(content["labels"].values())):
        result[name] = [content["labels"][sample][name] for sample in samples.index]
    return result


def unblinding_problems(keys: Mapping[str, str], analyses: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    """Return why analyses may not be unblinded yet.

    Parameters
    ----------
    keys : key file of each analysis to be unblinded, by name.
    analyses : settings of the analyses, with defaults filled in.
    """
    found = []
    for name, key in keys.items():
        place = f"unblind.{name}"
        if name not in analyses or not analyses[name]["blinding"]["columns"]:
            cure = "Correct the name, or take it out."
            found.append(Problem("config/config.yaml", place, "is no blinded analysis.", cure))
            continue
        analysis = analyses[name]
        try:
            read_key(key)
            if analysis["plan"]["lock"] is None:
                cure = f"Lock it first: make plan NAME={name}, then name it under plan.lock."
                found.append(Problem(analysis["file"], "plan.lock", "no plan is locked, so the key is not used.", cure))
                continue
            plan = read_plan(analysis["plan"]["lock"])
        except DegstepsError as error:
            found.append(Problem(str(error), "", "", ""))
            continue
        given = {path: file_sha256(path) for path in given_paths(analysis)}
        unexplained = [e["key"] for e in deviations(plan, analysis, given, plan["code"]) if not e["reason"]]
        if unexplained:
            what = f"not as planned, and no reason is given: {', '.join(unexplained)}."
            found.append(Problem(analysis["file"], "plan.deviations", what, "Give the reasons, or do as planned."))
    return found


def read_key(path: Path | str) -> dict[str, Any]:
    """Read a key file."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        _ = content["labels"], content["blinded_sheet_sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read as a key ({error}). Ask who keeps it.") from None
    return content


def require_outside(key: Path, results: Path = Path("results")) -> None:
    """Raise :class:`ConfigError` if a key would lie among the results, which are handed on."""
    if key.resolve().is_relative_to(results.resolve()):
        raise ConfigError(f"{key}: a key must not lie among the results. Keep it where the analysts cannot read it.")
