"""Single cells as the later stages know them: cell types are sample sets, in which every contrast is tested by itself.

Standard library only: the Snakefile imports this module.
"""

import functools
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from degsteps.design.weights import contrast_columns
from degsteps.inputs.cells.inspection import source_files
from degsteps.inputs.cells.pseudobulks import CELL_TYPE
from degsteps.inputs.cells.sources import cell_sources
from degsteps.inputs.cells.study import CellStudy, cell_study, design_columns, prospective_sums, types_with_donors
from degsteps.inputs.cells.type_names import slug

#: What a contrast names to be tested in the samples of each cell type.
EACH = "each_cell_type"


def is_of_cells(analysis: Mapping[str, Any]) -> bool:
    """Whether an analysis begins with single cells."""
    return analysis["cells"] is not None


def has_samples(analysis: Mapping[str, Any]) -> bool:
    """Whether there are samples to test: of single cells only where donors are known."""
    return not is_of_cells(analysis) or analysis["cells"]["donor_column"] is not None


def file_state(path: str) -> tuple[Any, ...]:
    """Return what tells that a file has changed; of one that is not there its name alone."""
    try:
        status = os.stat(path)
    except OSError:
        return (os.path.abspath(path),)
    return (os.path.abspath(path), status.st_size, status.st_mtime_ns)


def study_of(analysis: Mapping[str, Any]) -> CellStudy:
    """Return what is known of an analysis's cells before it runs.

    Rules ask for it with every job: it is looked up once while the files are the same.
    """
    cells = analysis["cells"]
    paths = [path for source in cell_sources(cells) for path in source_files(source)]
    paths += [cells["donors"]] if cells["donors"] not in (None, "unknown") else []
    asked = json.dumps([cells, design_columns(analysis)], sort_keys=True)
    return _known_study(asked, tuple(file_state(path) for path in paths))


@functools.lru_cache(maxsize=32)
def _known_study(asked: str, states: tuple[Any, ...]) -> CellStudy:
    return cell_study(*json.loads(asked))


def n_sums(analysis: Mapping[str, Any], study: CellStudy) -> int:
    """Return how many samples the cells would make if all were kept."""
    if study.known is None or not has_samples(analysis):
        return 0
    types = None if analysis["cells"]["types"] == "all" else analysis["cells"]["types"]
    return len(prospective_sums(study, design_columns(analysis), types).samples)


def tested_types(analysis: Mapping[str, Any]) -> list[str]:
    """Return the names of the cell types that are tested: those listed, or all of the given labels that can be."""
    cells = analysis["cells"]
    if cells["types"] != "all":
        return list(cells["types"])
    study = study_of(analysis)
    if not study.labels() or not has_samples(analysis):
        return study.labels()
    sums = prospective_sums(study, design_columns(analysis), None)
    factors = [name for contrast in analysis["test"]["contrasts"].values() for name in contrast_columns(contrast)[:1]]
    return types_with_donors(sums, cells["min_cells"], next(iter(factors), None))


def with_cell_types(analysis: Mapping[str, Any]) -> dict[str, Any]:
    """Return an analysis in which each tested cell type is a sample set, and contrasts name those they are tested in.

    An analysis without single cells is returned as it is.
    """
    if not is_of_cells(analysis):
        return dict(analysis)
    slugs = {slug(name): name for name in tested_types(analysis)}
    sets = sets_of_types(slugs)
    sets |= {name: {**entry, "title": name} for name, entry in analysis["design"]["sample_sets"].items()}
    contrasts = {}
    for name, contrast in analysis["test"]["contrasts"].items():
        if contrast["sample_sets"] in (EACH, []):
            contrast = contrast | {"sample_sets": list(slugs), "set_titles": slugs}
        contrasts[name] = contrast
    return {
        **analysis,
        "design": analysis["design"] | {"sample_sets": sets},
        "test": analysis["test"] | {"contrasts": contrasts},
    }


def sets_of_types(slugs: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the sample set of each cell type, by the name that it has in paths."""
    return {
        slug: {"keep": {CELL_TYPE: [name]}, "exclude": {}, "formula": None, "title": name}
        for slug, name in slugs.items()
    }


def type_names(analysis: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the tested cell types by the sample sets that stand for them; none without single cells."""
    if not is_of_cells(analysis):
        return {}
    sets: Mapping[str, Mapping[str, Sequence[str]]] = analysis["design"]["sample_sets"]
    return {name: entry["title"] for name, entry in sets.items() if list(entry["keep"]) == [CELL_TYPE]}


def has_spike_ins(analysis: Mapping[str, Any]) -> bool:
    """Whether any file of cells has rows of spike-ins."""
    pattern = analysis["cells"]["spike_ins"]["pattern"]
    return bool(pattern) and any(header.matching(pattern) for header in study_of(analysis).headers)


def n_captures(analysis: Mapping[str, Any]) -> int:
    """Return the number of captures that the files tell."""
    return len(study_of(analysis).captures)


def has_symbols(analysis: Mapping[str, Any]) -> bool:
    """Whether every file of cells has symbols beside ids."""
    headers = study_of(analysis).headers
    return all(header.symbols is not None and header.symbols != header.genes for header in headers)
