"""What the tests have found: the numbers of each contrast, as tables, figures and sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from degsteps.design.contrasts import test_words, words
from degsteps.engines.registry import ENGINES
from degsteps.report.accounting import NA_REASONS
from degsteps.report.content import Content
from degsteps.report.grids import Grid, gene_table, grid
from degsteps.report.numbers import format_count, format_mean, format_p
from degsteps.report.pictures import (
    CONTRAST_FIGURES,
    STABILITY_FIGURES,
    Picture,
    figures_by_stem,
    picture,
    relative_link,
)
from degsteps.report.recorded import facts_of_all


def summary_grid(content: Content) -> Grid:
    """Return the numbers of all contrasts."""
    minimum = content.settings["test"]["min_log2_fold_change"]
    table = content.summary.reset_index()
    labels = {"contrast": "Contrast", "genes": "Genes", "tested": "With p-value", "adjusted": "With adjusted p"}
    labels |= {"up": "Up", "down": "Down"}
    if minimum:
        labels |= {
            "up_marked": f"Up, |log2FC| ≥ {minimum:g}",
            "down_marked": f"Down, |log2FC| ≥ {minimum:g}",
        }
    formats = {name: format_count for name in labels if name != "contrast"}
    return grid(table, "Genes called in each contrast", labels, formats)


def test_pictures(content: Content, pictures: Mapping[str, Picture]) -> list[Picture]:
    """Return the variances of the fit and of each sample set's, and what the contrasts have in common."""
    shown = [pictures["dispersion"]] if "dispersion" in pictures else []
    of_sets: dict[str, list[Path]] = {}
    for path in content.set_figures:
        of_sets.setdefault(path.parent.name, []).append(path)
    for name, paths in of_sets.items():
        kind = ENGINES[content.settings["test"]["engine"]].figure
        of_set = picture(paths, kind, content.folder)
        shown.append(replace(of_set, title=f"{of_set.title}, sample set {name}"))
    return shown + [
        picture(paths, stem, content.folder) for stem, paths in figures_by_stem(content.overlap_figures).items()
    ]


def stage_wise_grid(facts: Mapping[str, Any]) -> Grid:
    """Return the contrasts that were tested stage by stage, with what was confirmed."""
    rows = tuple(
        (name, format_count(found["up"]), format_count(found["down"]), format_count(facts["called_alone"][name]))
        for name, found in facts["confirmed"].items()
    )
    caption = f"{facts['family']}: {facts['screened']:,} of {facts['tested']:,} genes pass the screening"
    labels = ("Contrast", "Confirmed up", "Confirmed down", "Called by itself")
    return Grid(caption, labels, (False, True, True, True), rows)


def power_sentence(records: Sequence[Mapping[str, Any]], contrast: str) -> str:
    """Return what the samples could find in a gene of median mean count; blank where it was not computed."""
    facts = next((f for f in facts_of_all(records, "compute_power") if f["contrast"] == contrast), None)
    if not facts or not facts["power"]:
        return ""
    chances = [f"probability {chance:.2f} if it changes {ratio}-fold" for ratio, chance in facts["power"].items()]
    least = facts["detectable_fold_change"]
    reach = f"; {facts['target']:.0%} power needs a fold change of {least:.2g}" if least else ""
    return (
        f"With these samples a gene of median mean count ({format_mean(facts['median_mean'])}) is found with "
        f"{', '.join(chances)}{reach}. A gene counts as found if its p-value is at most "
        f"{format_p(facts['pvalue'])}, the largest that was called."
    )


def contrast_context(content: Content, name: str) -> dict[str, Any]:
    """Return everything that the page shows of one contrast."""
    contrast = content.design["contrasts"][name]
    table = content.contrasts[name]
    data, rows = gene_table(table, content.settings["report"]["table_rows"])
    figures = figures_by_stem(content.contrast_figures)
    shown, hang_on = (
        [picture(figures[f"{name}.{kind}"], kind, content.folder) for kind in kinds if f"{name}.{kind}" in figures]
        for kinds in (CONTRAST_FIGURES, STABILITY_FIGURES)
    )
    numbers = {key: int(value) for key, value in content.summary.loc[name].items()}
    reasons = [(reason, text, numbers[f"na_{reason}"]) for reason, text in NA_REASONS.items()]
    path = content.contrast_paths[name]
    return {
        "name": name,
        "words": words(content.settings["test"]["contrasts"][name]),
        "reduced": content.settings["test"]["contrasts"][name].get("reduced"),
        "test": test_words(
            content.settings["test"]["contrasts"][name], ENGINES[content.settings["test"]["engine"]].tests
        ),
        "at": contrast.get("at") or {},
        "averaged": contrast.get("averaged", []),
        "cells": contrast.get("cells", {}),
        "weights": {key: weight for key, weight in contrast["weights"].items() if weight},
        "numbers": numbers,
        "power": power_sentence(content.records, name),
        "missing": [(reason, text, format_count(n)) for reason, text, n in reasons if n],
        "data": data,
        "rows": rows,
        "n_shown": len(data["rows"]),
        "file": path.name,
        "link": relative_link(path, content.folder),
        "figures": shown,
        "stability_figures": hang_on,
        "engines": agreement_grid(content.agreements.get(name)),
        "engine_figures": [
            picture(paths, "concordance", content.folder)
            for stem, paths in figures_by_stem(content.concordance_figures).items()
            if stem == f"{name}.concordance"
        ],
    }


def agreement_grid(agreement: pd.DataFrame | None) -> Grid | None:
    """Return how far each pair of engines agrees on a contrast, if there are second engines."""
    if agreement is None:
        return None
    labels = ("Engines", "Called by first", "by second", "by both", "Jaccard index", "Rank correlation", "Same sign")
    rows = []
    for first, row in agreement.iterrows():
        counts = [format_count(int(row[name])) for name in ("called_first", "called_second", "called_both")]
        shares = [
            "" if pd.isna(row[name]) else f"{row[name]:.3f}" for name in ("jaccard", "rank_correlation", "same_sign")
        ]
        rows.append((f"{first}, {row['second']}", *counts, *shares))
    return Grid("Agreement with second engines", labels, (False, *[True] * 6), tuple(rows))
