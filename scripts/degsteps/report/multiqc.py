"""What MultiQC shows of an analysis beside other tools: custom content (rendered with MultiQC 1.35).

Each file is JSON with the content of one section; the ids carry the name of the analysis, so that several analyses can
stand in one page. Sample names are those of the sheet, by which MultiQC joins them with the samples of other tools.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from degsteps.sections.results import Results

#: Names of the files and what is in them.
FILES = ("general_mqc.json", "library_sizes_mqc.json", "pca_mqc.json", "contrasts_mqc.json")
#: Colours of groups that colour-blind readers tell apart (Okabe and Ito 2008); more groups begin again.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")


def multiqc_contents(results: Results, summary: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the content of each of `FILES`; sections without numbers have no data, and MultiQC leaves them out.

    Parameters
    ----------
    summary : numbers of each contrast: `tested`, `up`, `down`.
    """
    settings = results.settings
    key = re.sub(r"[^A-Za-z0-9]+", "_", f"{settings['name']}_{settings['version']}")
    sections = zip(
        FILES, (_general(results), _library_sizes(results), _components(results), _contrasts(summary)), strict=True
    )
    return {file: _section(settings, key, file.removesuffix("_mqc.json"), content) for file, content in sections}


def _section(settings: Mapping[str, Any], key: str, part: str, content: Mapping[str, Any]) -> dict[str, Any]:
    name = f"degsteps_{key}_{part}"
    common = {
        "id": name,
        "parent_id": f"degsteps_{key}",
        "parent_name": f"degsteps: {settings['name']} {settings['version']}",
        "parent_description": escape(settings["title"]),
    }
    if "pconfig" in content and isinstance(content["pconfig"], dict):
        title = f"degsteps {settings['name']}: {content['section_name']}"
        content = {**content, "pconfig": {"id": f"{name}_plot", "title": title, **content["pconfig"]}}
    return common | content


def _general(results: Results) -> dict[str, Any]:
    libraries = results.table("qc/libraries.tsv")
    columns = {
        "library_size": ("Reads", "Reads in genes", "{:,.0f}", "Blues"),
        "detected_genes": ("Genes", "Genes with a read", "{:,.0f}", "Greens"),
        "size_factor": ("Size factor", "What counts are divided by", "{:.2f}", "Purples"),
        "flags": ("Flags", "Why quality control flags the sample", "{}", False),
    }
    data = {}
    if libraries is not None:
        for sample, row in libraries.iterrows():
            data[_name(sample)] = {
                "library_size": int(row["library_size"]),
                "detected_genes": int(row["detected_genes"]),
                "size_factor": round(float(row["size_factor"]), 4),
                "flags": escape(row["flags"]) if isinstance(row["flags"], str) else "",
            }
    elif (captures := results.table("cells/read/captures.tsv")) is not None:
        columns = {"cells": ("Cells", "Cells that were read", "{:,.0f}", "Blues")}
        data = {_name(capture): {"cells": int(cells)} for capture, cells in captures["cells"].items()}
    namespace = f"degsteps {results.settings['name']} {results.settings['version']}"
    headers = [
        {column: {"title": title, "description": text, "format": form, "scale": scale, "namespace": namespace}}
        for column, (title, text, form, scale) in columns.items()
    ]
    return {"plot_type": "generalstats", "pconfig": headers, "data": data}


def _library_sizes(results: Results) -> dict[str, Any]:
    libraries = results.table("qc/libraries.tsv")
    data = {}
    if libraries is not None:
        share = libraries.get("top_20_share", pd.Series(0.0, index=libraries.index)).astype(float)
        for sample, size in libraries["library_size"].items():
            first = round(float(size) * share[sample])
            data[_name(sample)] = {"in the 20 largest genes": first, "in all other genes": int(size) - first}
    return {
        "section_name": "Library sizes",
        "description": "Reads of each sample in genes, and how many of them are in its 20 largest genes.",
        "plot_type": "bargraph",
        "pconfig": {"ylab": "Reads"},
        "data": data,
    }


def _components(results: Results) -> dict[str, Any]:
    scores, variance = results.table("qc/pca.tsv"), results.table("qc/variance.tsv")
    data, labels = {}, {"xlab": "PC1", "ylab": "PC2"}
    column = (results.settings["qc"]["color_by"] or [""])[0]
    if scores is not None and {"PC1", "PC2"} <= set(scores.columns):
        samples = results.tables["ingest/samples.tsv"]
        groups = samples[column].astype(str) if column in samples.columns else pd.Series("", index=samples.index)
        colors = dict(zip(dict.fromkeys(groups), COLORS * len(groups), strict=False))
        for sample, row in scores[scores["values"] == "transformed"].iterrows():
            group = groups.get(sample, "")
            point = {"x": round(float(row["PC1"]), 4), "y": round(float(row["PC2"]), 4), "color": colors.get(group)}
            data[_name(sample)] = point | ({"group": escape(group)} if group else {})
        if variance is not None:
            share = variance[variance["values"] == "transformed"]["fraction"].astype(float)
            labels = {
                axis: f"{pc} ({share[pc]:.2f} of the variance)" for axis, pc in (("xlab", "PC1"), ("ylab", "PC2"))
            }
    colored = f" Colours: {escape(column)}." if column else ""
    return {
        "section_name": "Principal components",
        "description": f"Samples by the first two principal components of their transformed counts.{colored}",
        "plot_type": "scatter",
        "pconfig": labels | {"showlegend": True},
        "data": data,
    }


def _contrasts(summary: pd.DataFrame) -> dict[str, Any]:
    data = {
        _name(contrast): {name: int(row[name]) for name in ("tested", "up", "down")}
        for contrast, row in summary.iterrows()
    }
    titles = {
        "tested": ("Tested", "Genes with a p-value", "Greys"),
        "up": ("Up", "Genes called with a positive fold change", "Reds"),
        "down": ("Down", "Genes called with a negative fold change", "Blues"),
    }
    headers = {
        name: {"title": title, "description": text, "format": "{:,.0f}", "scale": scale}
        for name, (title, text, scale) in titles.items()
    }
    return {
        "section_name": "Contrasts",
        "description": "Genes that were tested and called in each contrast.",
        "plot_type": "table",
        "pconfig": {"col1_header": "Contrast", "namespace": "degsteps"},
        "headers": headers,
        "data": data,
    }


def _name(name: Any) -> str:
    # MultiQC writes names into its page as they are.
    return escape(str(name), quote=False)
