"""Blinding: the labels of a sample sheet are permuted, the key is kept elsewhere, and quality control sees neither.

Standard library only, apart from :func:`unblinded`: the Snakefile imports this module.

Labels are permuted within strata (the other factors of the design), so that every crosstab, and with it group sizes,
rank and confounding, stays as it is. What does not look at labels (filter, size factors, a blind transformation) then
gives the same bytes before and after unblinding.
"""

import hashlib
import json
import os
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from degsteps.basics.digest import file_sha256
from degsteps.basics.errors import ConfigError, DataError, DegstepsError, Problem
from degsteps.inputs.sources import sources_of
from degsteps.provenance.plan import deviations, given_paths, read_plan

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
    blinded : columns whose labels are masked; permuted together, so that their combinations stay.
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
                "would be masked. Name fewer columns under --within."
            )
        shuffled = [labels[row] for row in stratum]
        rng.shuffle(shuffled)
        for row, label in zip(stratum, shuffled, strict=True):
            labels[row] = label
    masked = {name: [label[place] for label in labels] for place, name in enumerate(blinded)}
    kept = [name for name in columns if name == sample_column or name in (*blinded, *within)]
    return {name: masked.get(name, columns[name]) for name in kept}


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
    """Whether the labels of an analysis are masked: it names blinded columns, and no key is given."""
    return bool(analysis["blinding"]["columns"]) and analysis["blinding"]["key"] is None


def with_masked_labels(analysis: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a blinded run: own version, and nothing that looks at the masked labels."""
    columns = analysis["blinding"]["columns"]
    masked = {**analysis, "version": f"{analysis['version']}{SUFFIX}"}
    masked["qc"] = analysis["qc"] | {"color_by": [name for name in analysis["qc"]["color_by"] if name not in columns]}
    # The linear adjustment protects the design, which holds the masked labels.
    masked["batch"] = analysis["batch"] | {"method": "none"}
    # What is masked beside the design can only be told where the design is known.
    masked["design"] = analysis["design"] | {"surrogates": None}
    masked["transform"] = analysis["transform"] | {"blind": True}
    return masked


def true_labels(keys: Sequence[Path], sheets: Sequence[tuple[Path, str]]) -> dict[str, dict[str, str]]:
    """Return the true labels of every sample.

    Parameters
    ----------
    keys : key files, one for each sheet.
    sheets : sample sheets, each with what goes before its sample ids (``ingest.same_ids``).

    Raises
    ------
    DataError
        if a key cannot be read, belongs to no sheet, or a sheet has no key.
    """
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path, _ in sheets]
    paths = [str(path) for path, _ in sheets]
    for place, found in enumerate(hashes):
        if found in hashes[:place]:
            alike = f"{paths[hashes.index(found)]}, {paths[place]}"
            raise DataError(f"{alike}: are the same, so their keys cannot be told apart. Blind one of them again.")
    labels: dict[str, dict[str, str]] = {}
    opened = set()
    for key in keys:
        content = read_key(key)
        if content["blinded_sheet_sha256"] not in hashes:
            cure = "Use the pair as written."
            raise DataError(f"{key}: is not the key of {', '.join(paths)}, or the sheet was edited since. {cure}")
        place = hashes.index(content["blinded_sheet_sha256"])
        opened.add(place)
        labels |= {f"{sheets[place][1]}{sample}": own for sample, own in content["labels"].items()}
    closed = [path for place, path in enumerate(paths) if place not in opened]
    if closed:
        raise DataError(f"{', '.join(closed)}: no key of it is given. Name the key of every site's sheet.")
    return labels


def unblinded(samples: "pd.DataFrame", keys: Sequence[Path], sheets: Sequence[tuple[Path, str]]) -> "pd.DataFrame":
    """Return the sample table with the true labels.

    Parameters
    ----------
    samples : the analysed samples, with permuted labels.
    keys, sheets : see :func:`true_labels`.

    Raises
    ------
    DataError
        if keys and sheets do not belong together, or a sample is in no key.
    """
    labels = true_labels(keys, sheets)
    unknown = [sample for sample in samples.index if sample not in labels]
    if unknown:
        raise DataError(f"{', '.join(map(str, keys))}: no labels for {', '.join(unknown[:5])}. Blind whole sheets.")
    result = samples.copy()
    for name in next(iter(labels.values())):
        result[name] = [labels[sample][name] for sample in samples.index]
    return result


def unblinding_problems(keys: Mapping[str, Any], analyses: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    """Return why analyses may not be unblinded yet.

    Parameters
    ----------
    keys : what the configuration unblinds, by name of the analysis.
    analyses : settings of the analyses, with defaults filled in.
    """
    found = []
    for name in keys:
        place = f"unblind.{name}"
        if name not in analyses or not analyses[name]["blinding"]["columns"]:
            cure = "Correct the name, or take it out."
            found.append(Problem("config/config.yaml", place, "is no blinded analysis.", cure))
            continue
        analysis = analyses[name]
        try:
            for key in analysis["blinding"]["key"]:
                read_key(key)
            if analysis["plan"]["lock"] is None:
                cure = f"Lock it first: make plan NAME={name}, then name it under plan.lock."
                found.append(Problem(analysis["file"], "plan.lock", "no plan is locked, so the key is not used.", cure))
                continue
            plan = read_plan(analysis["plan"]["lock"])
            sheets = [(Path(source.samples), source.prefix) for source in sources_of(analysis["ingest"])]
            true_labels([Path(key) for key in analysis["blinding"]["key"]], sheets)
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


def require_outside(key: Path, project: Path = Path()) -> None:
    """Raise :class:`ConfigError` if a key would lie in the project's folder, which analysts read and hand on.

    Parameters
    ----------
    key : where it is to be written; a link in the project that leads out of it is inside too.
    project : the working folder, with configuration, given files and results.
    """
    inside = project.resolve()
    places = (key.resolve(), key.parent.absolute().resolve() / key.name, Path(os.path.abspath(key)))
    if any(place.is_relative_to(inside) or place.is_relative_to(os.path.abspath(project)) for place in places):
        raise ConfigError(
            f"{key}: a key must not lie in the folder of the project ({inside}). Keep it where the analysts cannot "
            "read it."
        )
