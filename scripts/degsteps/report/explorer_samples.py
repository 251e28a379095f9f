"""What the explorer knows of samples: the sheet, size factors, flags, components and distances."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from degsteps.report.explorer_coding import Blob, mean_codes
from degsteps.sections.grids import plain_text
from degsteps.sections.results import Results, used_columns

if TYPE_CHECKING:
    from degsteps.report.content import Content

#: Components that can be chosen; later ones are noise.
_COMPONENTS = 10


def samples_data(content: "Content", blobs: dict[str, Blob]) -> dict[str, Any]:
    """Return samples with the columns that the analysis uses, and how they lie to each other."""
    results = content.results
    libraries = results.table("qc/libraries.tsv")
    samples = [str(name) for name in (libraries.index if libraries is not None else ())]
    if content.explored is not None:
        samples = [str(name) for name in content.explored.counts.columns]
    flags = libraries["flags"].reindex(samples).map(plain_text) if libraries is not None else {}
    return {
        "samples": samples,
        "sheet": sheet_columns(results, samples),
        "flags": {name: flag for name, flag in dict(flags).items() if flag},
        "subsets": _subsets(content, samples),
        "components": _components(results, samples),
        "distances": _distances(results, samples, blobs),
    }


def sheet_columns(results: Results, samples: list[str]) -> list[dict[str, Any]]:
    """Return the columns of the sheet that the analysis uses: levels and their codes, or numbers."""
    sheet, design = results.tables["ingest/samples.tsv"], results.settings["design"]
    levels_of = results.design.get("levels", {})
    found = []
    for name in used_columns(results.settings):
        if name not in sheet.columns:
            continue
        values = sheet[name].reindex(samples).fillna("").astype(str)
        if name in design["covariates"]:
            numbers = pd.to_numeric(values, errors="coerce")
            found.append({"name": name, "numbers": [None if pd.isna(value) else float(value) for value in numbers]})
            continue
        present = set(values)
        levels = [str(level) for level in levels_of.get(name, ()) if str(level) in present]
        levels += sorted(present - set(levels))
        code = {level: number for number, level in enumerate(levels)}
        found.append({"name": name, "levels": levels, "codes": [code[value] for value in values]})
    return found


def _subsets(content: "Content", samples: list[str]) -> dict[str, dict[str, Any]]:
    """Return the samples of each set (blank: all) with log2 of their size factors, as places among all samples."""
    if content.explored is None:
        return {}
    place = {name: number for number, name in enumerate(samples)}
    return {
        name or "": {
            "samples": [place[str(sample)] for sample in factors.index if str(sample) in place],
            "log2Factors": [
                round(float(np.log2(value)), 5) for sample, value in factors.items() if str(sample) in place
            ],
        }
        for name, factors in content.explored.factors.items()
    }


def _components(results: Results, samples: list[str]) -> list[dict[str, Any]]:
    """Return the scores of samples on the first components of each kind of values, and the share of variance."""
    scores, variance = results.table("qc/pca.tsv"), results.table("qc/variance.tsv")
    if scores is None or variance is None:
        return []
    found = []
    for kind in dict.fromkeys(scores["values"]):
        of_kind = scores[scores["values"] == kind].reindex(samples)
        fractions = variance.loc[variance["values"] == kind, "fraction"]
        names = [name for name in of_kind.columns if name.startswith("PC")][:_COMPONENTS]
        names = [name for name in names if of_kind[name].notna().any()]
        found.append(
            {
                "values": str(kind),
                "names": names,
                "fractions": [round(float(fractions.get(name, np.nan)), 4) for name in names],
                "scores": [
                    [None if pd.isna(value) else float(f"{value:.5g}") for value in of_kind[name]] for name in names
                ],
            }
        )
    return found


def _distances(results: Results, samples: list[str], blobs: dict[str, Blob]) -> dict[str, Any] | None:
    """Add the distances between samples, the upper triangle by rows, and return the order in which they cluster."""
    table, merges = results.table("qc/distances.tsv"), results.table("qc/clustering.tsv")
    # Of many samples the table holds the nearest ones only.
    if table is None or not set(samples) <= set(table.index) & set(table.columns):
        return None
    values = table.loc[samples, samples].to_numpy(dtype=float)
    codes, step = mean_codes(values[np.triu_indices(len(samples), 1)])
    blobs["distances"] = Blob()
    blobs["distances"].add("distances", codes)
    order = list(range(len(samples)))
    if merges is not None and list(table.index) == samples and len(merges) == len(samples) - 1:
        order = leaf_order(merges, len(samples))
    return {"step": step, "order": order}


def leaf_order(merges: pd.DataFrame, n: int) -> list[int]:
    """Return leaves from left to right; a merge joins two clusters, numbered on from the leaves."""
    members = {leaf: [leaf] for leaf in range(n)}
    for number, (left, right) in enumerate(zip(merges["left"], merges["right"], strict=True)):
        members[n + number] = members.pop(int(left)) + members.pop(int(right))
    return [leaf for cluster in members.values() for leaf in cluster]
