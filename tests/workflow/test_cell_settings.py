"""Every setting of single cells does something: with another value, a file changes, or the run is refused.

As in test_settings.py: one run makes a variant of an analysis for each setting, up to the file that shows it.
"""

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
import yaml

from degsteps.config.reading import with_analysis_defaults
from degsteps.preflight import check_analysis
from tests.conftest import REPO
from tests.workflow.setting_variants import Variants, changed, differ_beyond_rounding, read_values, run_variants
from tests.workflow.test_settings import OF_CELLS

#: Steps in their order, with the first of them that a setting reaches; others are copied from the base analysis.
STEPS = ("read", "quality", "normalize", "integrate", "label", "composition")
QUALITY, FACTORS, LABELS = (
    "00_cells/quality/cells.tsv",
    "00_cells/normalize/size_factors.tsv",
    "00_cells/label/labels.tsv",
)
CAPTURES, SAMPLES = "00_cells/read/captures.tsv", "01_ingest/samples.tsv"


def in_files(first: str, second: str, **of_first: Any) -> dict[str, Any]:
    """Return settings of two captures, each a file of its own."""
    captures = {"c1": {"counts": first} | of_first, "c2": {"counts": second}}
    return {"cells.counts": None, "cells.capture_column": None, "cells.captures": captures}


TWO = in_files("given/c1.h5ad", "given/c2.h5ad")
LAYERS = {"cells.counts": "given/layers.h5ad"}
SPIKED = {"cells.normalize.compare": ["spike_in_model"], "cells.spike_ins.table": "given/molecules.tsv"}
MAPPED = {
    "cells.label_column": None,
    "cells.label.reference": "given/reference.h5ad",
    "cells.label.reference_label": "cell_type",
}

#: key -> (settings, the file that changes, settings of what it is compared with, the first step that they reach)
CHANGES: dict[str, tuple[dict[str, Any], str, dict[str, Any], str]] = {
    "counts": ({"cells.counts": "given/doubled.h5ad"}, CAPTURES, {}, "read"),
    "captures.<name>.counts": (in_files("given/c1_doubled.h5ad", "given/c2.h5ad"), CAPTURES, TWO, "read"),
    "layer": (LAYERS | {"cells.layer": "doubled"}, CAPTURES, LAYERS, "read"),
    "donor_column": ({"cells.donor_column": "person"}, QUALITY, {}, "read"),
    "donor_prefix": ({"cells.donor_prefix": "site", "design.factors.donor.reference": "south_d1"}, QUALITY, {}, "read"),
    "capture_column": ({"cells.capture_column": None}, CAPTURES, {}, "read"),
    "donors": ({"cells.donors": "given/older.tsv"}, SAMPLES, {}, "read"),
    "spike_ins.pattern": ({"cells.spike_ins.pattern": "^ERCC-0000"}, CAPTURES, {}, "read"),
    "spike_ins.table": (SPIKED | {"cells.spike_ins.table": "given/half.tsv"}, FACTORS, SPIKED, "normalize"),
    "label_column": ({"cells.label_column": "other_type"}, LABELS, {}, "label"),
    "types": ({"cells.types": ["CD4 T cells", "B cells"]}, SAMPLES, {}, "ingest"),
    "min_cells": ({"cells.min_cells": 15}, "01_ingest/sample_account.tsv", {}, "ingest"),
    "quality.mads": ({"cells.quality.mads": 2}, QUALITY, {}, "quality"),
    "quality.min_genes": ({"cells.quality.min_genes": 250}, QUALITY, {}, "quality"),
    "quality.min_counts": ({"cells.quality.min_counts": 700}, QUALITY, {}, "quality"),
    "quality.max_mito_percent": ({"cells.quality.max_mito_percent": 4}, QUALITY, {}, "quality"),
    "quality.mito": ({"cells.quality.mito": "given/one_mito.txt"}, QUALITY, {}, "quality"),
    "quality.keep_cells": ({"cells.quality.keep_cells": "given/some_cells.txt"}, QUALITY, {}, "quality"),
    "quality.drop_cells": ({"cells.quality.drop_cells": "given/some_cells.txt"}, QUALITY, {}, "quality"),
    "doublets.method": ({"cells.doublets.method": "none"}, QUALITY, {}, "quality"),
    "doublets.rate": ({"cells.doublets.rate": 0.2}, QUALITY, {}, "quality"),
    "doublets.column": ({"cells.doublets.column": "hashed"}, QUALITY, {}, "quality"),
    "normalize.method": ({"cells.normalize.method": "pooled"}, FACTORS, {}, "normalize"),
    "normalize.n_genes": ({"cells.normalize.n_genes": 100}, "00_cells/normalize/values.h5ad", {}, "normalize"),
    "normalize.compare": ({"cells.normalize.compare": ["raw", "pooled"]}, FACTORS, {}, "normalize"),
    "integrate.method": ({"cells.integrate.method": "none"}, "00_cells/integrate/mixing.tsv", {}, "integrate"),
    "integrate.batch_columns": (
        {"cells.integrate.batch_columns": ["donor"]},
        "00_cells/integrate/mixing.tsv",
        {},
        "integrate",
    ),
    "label.reference": (MAPPED | {"cells.label.reference": "given/other_reference.h5ad"}, LABELS, MAPPED, "label"),
    "label.reference_label": (MAPPED | {"cells.label.reference_label": "broad"}, LABELS, MAPPED, "label"),
    "label.markers": ({"cells.label.markers": None}, "00_cells/label/verdicts.tsv", {}, "label"),
    "label.clusters.resolution": ({"cells.label.clusters": {"resolution": 0.2}}, LABELS, {}, "label"),
    "composition.transform": (
        {"cells.composition.transform": "logit"},
        "00_cells/composition/composition.tsv",
        {},
        "composition",
    ),
    "per_cell": (
        {"cells.per_cell": "wilcoxon"},
        "07_test/exploratory/c.B_cells.tsv",
        {"cells.per_cell": "stratified"},
        "exploratory",
    ),
    "seed": ({"cells.seed": 2}, QUALITY, {}, "quality"),
}

NORTH = {"cells.donor_prefix": "site", "design.factors.donor.reference": "north_d1"}
PLAIN = {"cells.counts": "given/plain.h5ad"}

#: key -> (settings that work, settings without the key, words of the refusal)
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "cells": (PLAIN | {"cells.cells": "given/described.tsv"}, PLAIN, "have no column 'donor'"),
    "captures.<name>.cells": (
        in_files("given/c1_plain.h5ad", "given/c2.h5ad", cells="given/described.tsv"),
        in_files("given/c1_plain.h5ad", "given/c2.h5ad"),
        "'given/c1_plain.h5ad' has no column 'donor', which other captures have",
    ),
    "captures.<name>.columns": (
        in_files("given/c1_without.h5ad", "given/c2_without.h5ad", columns={"site": "north"}) | NORTH,
        in_files("given/c1_without.h5ad", "given/c2_without.h5ad") | NORTH,
        "have no column 'site'",
    ),
    "format": (
        {"cells.counts": "given/coordinates/counts.text", "cells.cells": "given/described.tsv", "cells.format": "mtx"},
        {
            "cells.counts": "given/coordinates/counts.text",
            "cells.cells": "given/described.tsv",
            "cells.format": "table",
        },
        "and format is table",
    ),
    "estimated_counts": (
        {"cells.counts": "given/fractions.h5ad", "cells.estimated_counts": True},
        {"cells.counts": "given/fractions.h5ad"},
        "no raw counts",
    ),
    "duplicate_genes": (
        {"cells.counts": "given/repeated.h5ad", "cells.duplicate_genes": "sum"},
        {"cells.counts": "given/repeated.h5ad"},
        "more than once",
    ),
}


def named_settings() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the settings that are run, with a name."""
    for key, (settings, _, compared, _) in CHANGES.items():
        yield f"{key}.with", settings
        yield f"{key}.without", compared
    for key, (settings, _, _) in REFUSED.items():
        yield key, settings


VARIANTS = Variants(named_settings())


def test_every_setting_of_cells_is_listed():
    assert sorted(f"cells.{key}" for key in (*CHANGES, *REFUSED)) == sorted(OF_CELLS)


def base_analysis() -> dict[str, Any]:
    return {
        "version": "1.0",
        "cells": {
            "counts": "given/cells.h5ad",
            "donors": "given/donors.tsv",
            "donor_column": "donor",
            "capture_column": "capture",
            "label_column": "cell_type",
            "types": ["B cells"],
            "quality": {"min_genes": 100, "min_counts": 200},
            "label": {"markers": "given/markers.tsv"},
        },
        "design": {
            "formula": "~ donor + condition",
            "factors": {"donor": {"reference": "d1"}, "condition": {"reference": "ctrl"}},
        },
        "test": {"contrasts": {"c": {"factor": "condition", "test": "stim", "reference": "ctrl"}}},
    }


def write_given(folder: Path) -> None:
    """Write the demo with about half of its genes, and changed copies of it."""
    given, demo = folder / "given", REPO / "resources" / "cells"
    given.mkdir()
    data = anndata.read_h5ad(demo / "cells.h5ad")
    markers = pd.read_csv(demo / "markers.tsv", sep="\t")
    named = data.var["gene_symbol"].str.match("^(MT-|ERCC-)") | data.var["gene_symbol"].isin(markers["gene"])
    data = data[:, named | (np.arange(data.n_vars) % 2 == 0)].copy()
    number = np.arange(data.n_obs)
    data.obs["person"] = data.obs["donor"].astype(str).replace({"d2": "d3", "d3": "d2"})
    data.obs["other_type"] = np.where(data.obs["cell_type"] == "B cells", "lymphocytes B", data.obs["cell_type"])
    data.obs["other_type"] = data.obs["other_type"].replace({"lymphocytes B": "B cells", "CD4 T cells": "T cells"})
    data.obs["hashed"] = np.where(number % 40 == 3, "doublet", "singlet")
    data.obs["site"] = data.obs["capture"].map({"c1": "south", "c2": "north"})
    data.obs["broad"] = data.obs["cell_type"].map({"CD14+ Monocytes": "myeloid"}).astype(object).fillna("lymphoid")

    def write(name: str, stored: anndata.AnnData) -> None:
        stored.write_h5ad(given / f"{name}.h5ad")

    def doubled(stored: anndata.AnnData) -> anndata.AnnData:
        return anndata.AnnData(stored.X * 2, stored.obs, stored.var)

    write("cells", data)
    write("doubled", doubled(data))
    layers = data.copy()
    layers.layers["doubled"] = layers.X * 2
    write("layers", layers)
    for name in ("c1", "c2"):
        own = data[data.obs["capture"] == name].copy()
        write(name, own)
        write(f"{name}_doubled", doubled(own))
        write(f"{name}_plain", anndata.AnnData(own.X, own.obs[[]], own.var))
        write(f"{name}_without", anndata.AnnData(own.X, own.obs.drop(columns="site"), own.var))
    write("plain", anndata.AnnData(data.X, data.obs[[]], data.var))
    data.obs.to_csv(given / "described.tsv", sep="\t")
    fractions = data.X.astype(np.float32)
    fractions.data += 0.25
    write("fractions", anndata.AnnData(fractions, data.obs, data.var))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a gene is there twice
        write("repeated", data[:, [0, *range(data.n_vars)]].copy())
    write("reference", data[number % 2 == 0].copy())
    other = data[number % 2 == 1].copy()
    other.obs["cell_type"] = other.obs["broad"]
    write("other_reference", other)
    symbols = data.var["gene_symbol"].to_numpy(dtype=str)
    write_coordinates(given / "coordinates", data, symbols)
    (given / "one_mito.txt").write_text("MT-CO1\nMT-ND1\n")
    (given / "some_cells.txt").write_text("\n".join(data.obs_names[:40]) + "\n")
    shutil.copy2(demo / "markers.tsv", given / "markers.tsv")
    shutil.copy2(demo / "donors.tsv", given / "donors.tsv")
    donors = pd.read_csv(demo / "donors.tsv", sep="\t")
    donors.assign(age=donors["age"] + 1).to_csv(given / "older.tsv", sep="\t", index=False)
    shutil.copy2(demo / "spike_ins.tsv", given / "molecules.tsv")
    molecules = pd.read_csv(demo / "spike_ins.tsv", sep="\t")
    molecules["molecules"] *= np.where(np.arange(len(molecules)) % 2, 1.0, 0.2)
    molecules.to_csv(given / "half.tsv", sep="\t", index=False)


def write_coordinates(folder: Path, data: anndata.AnnData, symbols: np.ndarray) -> None:
    """Write a matrix in coordinates whose name does not say what it is."""
    folder.mkdir()
    matrix = data.X.T.tocoo()
    lines = [
        f"{row + 1} {column + 1} {value}"
        for row, column, value in zip(matrix.row, matrix.col, matrix.data, strict=True)
    ]
    head = ["%%MatrixMarket matrix coordinate integer general", "{} {} {}".format(*matrix.shape, matrix.nnz)]
    (folder / "counts.text").write_text("\n".join([*head, *lines]) + "\n")
    (folder / "barcodes.tsv").write_text("\n".join(data.obs_names) + "\n")
    genes = [f"{gene}\t{symbol}" for gene, symbol in zip(data.var_names, symbols, strict=True)]
    (folder / "genes.tsv").write_text("\n".join(genes) + "\n")


def copy_unaffected(results: Path, name: str, first: str) -> None:
    """Copy the steps of the base analysis that lie before the first one that settings reach."""
    before = STEPS[: STEPS.index(first)] if first in STEPS else STEPS
    source, target = results / "base" / "1.0", results / name / "1.0"
    for step in before:
        shutil.copytree(source / "00_cells" / step, target / "00_cells" / step)
    if first == "exploratory":
        shutil.copytree(source / "01_ingest", target / "01_ingest")
        shutil.copytree(source / "07_test", target / "07_test")


@pytest.fixture(scope="module")
def variants(tmp_path_factory) -> Path:
    """A folder in which each setting's variant, and what it is compared with, has been run."""
    folder = tmp_path_factory.mktemp("cell_settings")
    write_given(folder)
    (folder / "config" / "analyses").mkdir(parents=True)
    base = base_analysis()
    settings_of = VARIANTS.settings
    targets: dict[str, set[str]] = {"base": {"00_cells/composition/composition.tsv", "07_test/c.B_cells.tsv"}}
    first_of: dict[str, str] = {}
    for settings, file, compared, first in CHANGES.values():
        for part in (settings, compared):
            targets.setdefault(VARIANTS.name(part), set()).add(file)
            steps = (*STEPS, "ingest", "exploratory")
            first_of[VARIANTS.name(part)] = min(first, first_of.get(VARIANTS.name(part), first), key=steps.index)
    for settings, _, _ in REFUSED.values():
        targets.setdefault(VARIANTS.name(settings), set()).add(CAPTURES)
        first_of[VARIANTS.name(settings)] = "read"
    for name, settings in settings_of.items():
        content = changed(base, settings)
        content["cells"] = {key: value for key, value in content["cells"].items() if (key, value) != ("counts", None)}
        (folder / "config" / "analyses" / f"{name}.yaml").write_text(yaml.safe_dump(content))

    run_variants(folder, ["base"], targets)
    others = [name for name in settings_of if name != "base"]
    for name in others:
        copy_unaffected(folder / "results", name, first_of[name])
    run_variants(folder, others, targets)
    return folder


@pytest.mark.long
@pytest.mark.parametrize("key", CHANGES)
def test_setting_of_cells_changes_its_file(variants, key):
    settings, file, compared, _ = CHANGES[key]
    first, second = (variants / "results" / VARIANTS.name(part) / "1.0" / file for part in (settings, compared))
    assert first != second
    assert first.read_bytes() != second.read_bytes()
    if first.suffix == ".tsv":
        assert differ_beyond_rounding(
            *(read_values(path).drop(columns="file", errors="ignore") for path in (first, second))
        )


@pytest.mark.long
@pytest.mark.parametrize("key", REFUSED)
def test_setting_of_cells_is_needed(variants, key, monkeypatch):
    """With the setting the cells were read (in the fixture); without it, they are refused with a sentence."""
    monkeypatch.chdir(variants)
    _, without, words = REFUSED[key]
    content = changed(base_analysis(), without)
    content["cells"] = {key: value for key, value in content["cells"].items() if value is not None}
    problems, _ = check_analysis({"name": "x", "file": "x.yaml", **with_analysis_defaults(content)})
    assert any(words in str(problem) for problem in problems), list(map(str, problems))
