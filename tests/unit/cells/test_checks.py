"""One message for each thing that can be wrong with cells, donors, labels and captures, before any job."""

import copy

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from degsteps.cells.checks import Asked, setting_findings
from degsteps.inputs.cells.cell_file import Column, Header
from degsteps.inputs.cells.inspection import read_header
from degsteps.inputs.cells.known_cells import known_cells
from degsteps.inputs.cells.sources import cell_sources
from degsteps.inputs.cells.verdict import capture_findings, file_findings, reference_findings
from tests.unit.cells import files

CELLS = {
    "counts": None,
    "captures": None,
    "layer": "auto",
    "format": "auto",
    "donors": None,
    "donor_column": "donor",
    "donor_prefix": None,
    "capture_column": None,
    "label_column": "type",
    "types": "all",
    "min_cells": 5,
    "spike_ins": {"pattern": "^ERCC-"},
    "quality": {"mito": "^MT-"},
    "normalize": {"method": "library", "compare": []},
}
ASKED = Asked(["donor", "stim"], {"stim": ["b", "a"]})


def study(n_cells=96):
    """Four donors in two arms of two, two types, two captures with both arms: nothing is wrong with it."""
    number = np.arange(n_cells)
    donor = number % 4
    return pd.DataFrame(
        {
            "donor": [f"d{k + 1}" for k in donor],
            "stim": np.where(donor < 2, "a", "b"),
            "type": np.where(number // 4 % 2, "B cells", "T cells"),
            "lane": np.where(number // 8 % 2, "l1", "l2"),
            "sex": np.where(donor % 2, "f", "m"),
            "site": np.where(number // 4 % 2, "oslo", "lyon"),
        },
        index=[f"AAACCC{k:04d}-1" for k in number],
    )


def counts_of(cells, seed=0):
    rng = np.random.default_rng(seed)
    # No cell of few genes, as in empty droplets.
    return sparse.csr_matrix(
        (rng.poisson(2, (len(cells), len(files.GENES))) + (rng.random(30) < 0.9)).astype(np.float32)
    )


def all_findings(folder, cells, settings=None, asked=ASKED, counts=None, estimated=False, **others):
    """Write cells as h5ad and return all that is found of them, as text."""
    counts = counts_of(cells) if counts is None else counts
    data = files.ann_data(counts, cells, **others.pop("data", {}))
    for name, value in others.items():
        setattr(data, name, value)
    data.write_h5ad(folder / "cells.h5ad")
    section = copy.deepcopy(CELLS) | {"counts": str(folder / "cells.h5ad")} | (settings or {})
    return found(section, asked, estimated)


def found(section, asked=ASKED, estimated=False):
    sources = cell_sources(section)
    headers = [read_header(source, cache=None) for source in sources]
    findings = [each for header in headers for each in file_findings(header, section, estimated=estimated)]
    broken = any(header.faults for header in headers)
    known = None if broken else known_cells(section, headers, asked.columns, cache=None)
    findings += list(setting_findings(section, headers, known, asked))
    if section["captures"]:
        findings += capture_findings({source.capture: h for source, h in zip(sources, headers, strict=True)})
    return [f"{finding.kind}: {finding}" for finding in findings]


def test_nothing_wrong(tmp_path):
    assert all_findings(tmp_path, study()) == []


# ---- donors and labels: how the cells are changed, the settings, the messages


def change(**columns):
    def changed(cells):
        for name, make in columns.items():
            cells[name] = make(cells)
        return cells

    return changed


def without(name):
    return lambda cells: cells.drop(columns=name)


def is_reused(cells):
    """Two persons called d1, at two sites, and so on."""
    cells["sex"] = np.where((cells["site"] == "oslo") ^ (cells["donor"] == "d2"), "female", "male")
    return cells


IN_COLUMNS = {
    "no donor column": (
        without("donor"),
        {},
        (
            "config: cells.donor_column: the cells have no column 'donor'. The columns are: 'stim', 'type', "
            "'lane', 'sex', 'site'."
        ),
    ),
    "a donor column by another name": (
        lambda cells: cells.rename(columns={"donor": "Donor ID"}),
        {"donor_column": "donor_id"},
        "config: cells.donor_column: the cells have no column 'donor_id'. Did you mean 'Donor ID'?",
    ),
    "one donor in each group": (
        change(donor=lambda cells: np.where(cells["stim"] == "a", "d1", "d2"), stim=lambda cells: cells["stim"]),
        {},
        (
            "config: cells.donor_column: 'donor' is 'stim' by another name: a: d1 48; b: d2 48. Name the "
            "column of the persons,"
        ),
    ),
    "one donor in a group": (
        lambda cells: cells.assign(donor=cells["donor"].replace("d2", "d1")).drop(columns=["sex", "site"]),
        {},
        (
            "design: cells.donor_column: 1 group of 'stim' has one donor: a: d1 48; b: d3 24, d4 24. Cells "
            "of one donor are no replicates of a group. Add donors. Without them only exploratory tables "
            "can be made (donors: unknown)."
        ),
    ),
    "the donor is the type": (
        change(donor=lambda cells: cells["type"]),
        {},
        "config: cells.donor_column: 'donor' is 'type' by another name: B cells: B cells 48; T cells: T cells 48.",
    ),
    "the donor is the cluster": (
        change(leiden=lambda cells: cells["donor"].map({"d1": "0", "d2": "1", "d3": "2", "d4": "3"})),
        {},
        "config: cells.donor_column: 'donor' is 'leiden' by another name: 0: d1 24; 1: d2 24; 2: d3 24; 3: d4 24.",
    ),
    "as many donors as cells": (
        change(donor=lambda cells: cells.index),
        {},
        (
            "config: cells.donor_column: 'donor' has 96 values for 96 cells: it tells cells, not donors. "
            "Name the column of"
        ),
    ),
    "ids of two persons": (
        is_reused,
        {},
        (
            "config: cells.donor_column: donor d1 is male at lyon and female at oslo: ids are reused (4 of "
            "4 donors). Set donor_prefix: site."
        ),
    ),
    "ids of two persons, and no site": (
        lambda cells: is_reused(cells).drop(columns="site"),
        {},
        (
            "config: cells.donor_column: donor d1 has 2 values of 'sex' (female, male): ids are reused (4 "
            "of 4 donors). Give each person an id of their own."
        ),
    ),
    "donors who are no persons": (
        change(donor=lambda cells: np.where(np.arange(96) % 12 == 0, "doublet", cells["donor"])),
        {},
        "note: cells.donor_column: 8 of 96 cells are of no person ('doublet' 8), and are left out. Nothing to do, if",
    ),
    "cells without donor": (
        change(donor=lambda cells: cells["donor"].where(np.arange(96) % 12 > 0)),
        {},
        "note: cells.donor_column: 8 of 96 cells are of no person (blank 8), and are left out.",
    ),
    "no donors at all": (
        change(donor=lambda cells: "unassigned"),
        {},
        (
            "config: cells.donor_column: 96 of 96 cells are of no person ('unassigned' 96), and are left "
            "out. Name another column."
        ),
    ),
    "cells without label": (
        change(type=lambda cells: cells["type"].where(np.arange(96) % 12 > 0)),
        {},
        "note: cells.label_column: 8 of 96 cells (8%) have no label (blank 8), and are in no cell type. Label them if",
    ),
    "labels that say NA": (
        change(type=lambda cells: np.where(np.arange(96) % 12 > 0, cells["type"], "NA")),
        {},
        "note: cells.label_column: 8 of 96 cells (8%) have no label ('NA' 8), and are in no cell type.",
    ),
    "labels that are numbers": (
        change(type=lambda cells: np.where(cells["type"] == "B cells", 0, 1)),
        {},
        (
            "config: cells.label_column: 'type' holds numbers (0, 1), as clusters are called, and no cell "
            "types. Name a column of"
        ),
    ),
    "labels that are numbers as text": (
        change(type=lambda cells: pd.Categorical(np.where(cells["type"] == "B cells", "0", "1"))),
        {},
        "config: cells.label_column: 'type' holds numbers (0, 1)",
    ),
    "numbers that are asked for": (
        change(type=lambda cells: pd.Categorical(np.where(cells["type"] == "B cells", "0", "1"))),
        {"types": ["0"]},
        (
            "note: cells.label_column: 'type' holds numbers (0, 1), as clusters are called, and no cell "
            "types. Look at their"
        ),
    ),
    "a type that no cell has": (
        lambda cells: cells,
        {"types": ["B cell", "T cells"]},
        "config: cells.types: no cell is labelled 'B cell'. Did you mean 'B cells'?",
    ),
    "types that become one in a path": (
        change(type=lambda cells: cells["type"].map({"B cells": "CD4+", "T cells": "CD4-"})),
        {},
        (
            "config: cells.types: the types 'CD4+', 'CD4-' would have the same folder, CD4. Rename one of "
            "them in the labels,"
        ),
    ),
    "all types too small": (
        lambda cells: cells,
        {"min_cells": 13},
        (
            "design: cells.min_cells: no type can be tested: 'B cells', 'T cells' have fewer than 2 donors "
            "with 13 cells in a compared group: B cells: d1 12, d2 12, d3 12, d4 12; T cells: d1 12, d2 12, "
            "d3 12, d4 12. Lower min_cells,"
        ),
    ),
    "one type too small": (
        change(type=lambda cells: np.where(np.arange(96) < 20, "NK", cells["type"])),
        {"min_cells": 6},
        (
            "note: cells.min_cells: 'NK' has fewer than 2 donors with 6 cells in a compared group: NK: d1 "
            "5, d2 5, d3 5, d4 5. They"
        ),
    ),
    "the capture is the condition": (
        change(lane=lambda cells: cells["stim"].map({"a": "l1", "b": "l2"})),
        {"capture_column": "lane"},
        (
            "note: cells.capture_column: each capture has one level of 'stim': l1: a 48; l2: b 48. What "
            "captures did differently"
        ),
    ),
    "levels that look missing": (
        change(stim=lambda cells: np.where(np.arange(96) % 12 == 0, "None", cells["stim"])),
        {},
        (
            "note: design.stim: 'stim' has levels that look like missing values: 'None' (8 cells); they are "
            "taken as levels."
        ),
    ),
    "cells without condition": (
        change(stim=lambda cells: cells["stim"].where(np.arange(96) % 12 > 0)),
        {},
        "note: design.stim: 8 of 96 cells have no stim, and are left out. Fill it in, if they are to be used.",
    ),
    "spike-ins that are not there": (
        lambda cells: cells,
        {"spike_ins": {"pattern": "^SIRV"}, "normalize": {"method": "spike_ins", "compare": ["spike_in_model"]}},
        (
            "config: cells.normalize.method: spike_ins needs spike-ins, and no gene of 'PATH' matches "
            "^SIRV. Take it out, or"
        ),
    ),
    "spike-ins without a pattern": (
        lambda cells: cells,
        {"spike_ins": {"pattern": None}, "normalize": {"method": "library", "compare": ["spike_in_model"]}},
        (
            "config: cells.normalize.compare: spike_in_model needs spike-ins, and no pattern of spike-ins "
            "is given. Take it out,"
        ),
    ),
    "no donors, and nothing said": (
        lambda cells: cells,
        {"donor_column": None},
        (
            "config: cells.donor_column: is null: without donors nothing can be tested, as cells are no "
            "replicates. Name the"
        ),
    ),
    "donors both unknown and named": (
        lambda cells: cells,
        {"donors": "unknown"},
        "config: cells.donors: is unknown, and donor_column names one. Take one of the two out.",
    ),
    "no label column": (
        without("type"),
        {},
        "config: cells.label_column: the cells have no column 'type'. The columns are:",
    ),
}


@pytest.mark.parametrize("name", IN_COLUMNS)
def test_columns(name, tmp_path):
    changed, settings, expected = IN_COLUMNS[name]
    messages = all_findings(tmp_path, changed(study()), settings)
    expected = expected.replace("PATH", str(tmp_path / "cells.h5ad"))
    hits = [message for message in messages if message.startswith(expected)]
    assert len(hits) == 1, messages
    others = [message for message in messages if message not in hits and not message.startswith("note")]
    # One fault, one message; two methods that need spike-ins have one each.
    assert len(others) == (1 if "there" in name and "spike" in name else 0), others


def test_a_prefix_mends_reused_ids(tmp_path):
    assert all_findings(tmp_path, is_reused(study()), {"donor_prefix": "site", "min_cells": 3}) == []


def test_paired_donors(tmp_path):
    """Each donor in both groups, in captures of one group each: the capture is told, the donors are right."""
    cells = change(stim=lambda cells: np.where(np.arange(96) // 8 % 2, "a", "b"))(study())
    assert all_findings(tmp_path, cells) == []


def test_unknown_donors_that_are_written_down(tmp_path):
    assert all_findings(tmp_path, study(), {"donor_column": None, "donors": "unknown"}) == []


def test_table_of_donors(tmp_path):
    table = tmp_path / "donors.tsv"
    table.write_text("donor\tage\nd1\t30\nd2\t40\nd3\t50\n")
    (message,) = all_findings(tmp_path, study(), {"donors": str(table)})
    assert message.startswith("config: cells.donors: donor: has no row for 1 donor of the cells: 'd4'.")
    table.write_text("donor\tstim\nd1\tx\nd2\tx\nd3\ty\nd4\ty\n")
    cells = study().drop(columns="stim")
    asked = Asked(["donor", "stim"], {"stim": ["x", "y"]})
    assert all_findings(tmp_path, cells, {"donors": str(table)}, asked) == []


# ---- values


def logged(counts):
    values = counts.copy()
    values.data = np.log1p(values.data)
    return values


def with_value(counts, value):
    values = counts.copy()
    values.data[5] = value
    return values


def test_log_values_in_x_and_counts_in_a_layer(tmp_path):
    cells = study()
    counts = counts_of(cells)
    data = {"layers": {"umi_raw": counts}}
    (note,) = all_findings(tmp_path, cells, counts=logged(counts), data=data)
    assert note.startswith("note: the counts are those of layers/umi_raw, as X holds fractions up to ")
    (message,) = all_findings(tmp_path, cells, {"layer": "X"}, counts=logged(counts), data=data)
    assert message.startswith("data: X holds fractions up to ")
    assert message.endswith(
        "as after a logarithm, no counts. layers/umi_raw holds whole numbers: set cells.layer: umi_raw, or auto."
    )


def scaled(counts):
    values = counts.toarray()
    return (values - values.mean(axis=0)) / (values.std(axis=0) + 0.1)


def corrected(counts):
    values = counts.copy()
    values.data = values.data * 13.37
    return values


VALUES = {
    "log values": (logged, "data: there are no raw counts: X holds fractions up to ", "Give the file from before"),
    "scaled values": (scaled, "data: there are no raw counts: X holds negative values (", "Give the file from before"),
    "fractions": (
        corrected,
        "data: there are no raw counts: X holds fractions (",
        "set cells.estimated_counts: true;",
    ),
    "a missing value": (
        lambda counts: with_value(counts, np.nan),
        "data: there are no raw counts: X holds missing values (nan)",
        "Give the file from before",
    ),
    "a negative value": (
        lambda counts: with_value(counts, -3),
        "data: there are no raw counts: X holds negative values (-3)",
        "Give the file from before",
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_values(name, tmp_path):
    make, begin, part = VALUES[name]
    cells = study()
    (message,) = all_findings(tmp_path, cells, counts=make(counts_of(cells)))
    assert message.startswith(begin), message
    assert part in message


def test_fractions_that_are_allowed(tmp_path):
    cells = study()
    assert all_findings(tmp_path, cells, counts=corrected(counts_of(cells)), estimated=True) == []
    (message,) = all_findings(tmp_path, cells, counts=sparse.csr_matrix(scaled(counts_of(cells))), estimated=True)
    assert "negative values" in message


# ---- files


def test_transposed(tmp_path):
    cells = study()
    data = files.ann_data(counts_of(cells), cells).T
    data.obs_names = [f"ENSG{k:011d}" for k in range(30)]
    data.var_names = ["".join(np.random.default_rng(k).choice(list("ACGT"), 16)) + "-1" for k in range(96)]
    data.write_h5ad(tmp_path / "cells.h5ad")
    message = found(CELLS | {"counts": str(tmp_path / "cells.h5ad")})[0]
    assert message.startswith(
        "data: has genes in rows ('ENSG00000000000', 'ENSG00000000001', 'ENSG00000000002') and cells in columns ("
    )
    assert "Transpose it" in message


def test_ids_of_cells_that_repeat(tmp_path):
    cells = study()
    cells.index = [f"AAACCC{k // 16 * 8 + k % 8:04d}-1" for k in range(96)]
    with pytest.warns(UserWarning, match="not unique"):
        (message,) = all_findings(tmp_path, cells)
    assert message == (
        "data: 48 cells have an id that another one has: AAACCC0000-1, AAACCC0001-1, AAACCC0002-1. Barcodes repeat "
        "between captures: name the column that tells them apart under cells.capture_column."
    )
    with pytest.warns(UserWarning, match="not unique"):
        assert all_findings(tmp_path, cells, {"capture_column": "lane"}) == []


def renamed(folder, names, symbols=None):
    data = files.ann_data(counts_of(study()), study())
    data.var = pd.DataFrame({} if symbols is None else {"symbol": symbols}, index=names)
    data.write_h5ad(folder / "cells.h5ad")
    return found(CELLS | {"counts": str(folder / "cells.h5ad")})


def test_mitochondrial_genes(tmp_path):
    key = "data: cells.quality.mito: no gene begins with ^MT-, so that no mitochondrial share can be told; genes are "
    key += "called "
    mouse = ["mt-Co1", "mt-Nd1", "Actb", *(f"Gene{k}" for k in range(27))]
    (message,) = renamed(tmp_path, mouse)
    assert message == f"{key}mt-Co1, mt-Nd1, Actb. Did you mean genes such as mt-Co1? Set it to '^mt-'."
    (message,) = renamed(tmp_path, [f"ENSG{k:011d}" for k in range(30)])
    assert message.startswith(
        f"{key}ENSG00000000000, ENSG00000000001, ENSG00000000002, and there are no symbols. Store"
    )
    (message,) = renamed(tmp_path, [f"GENE{k}" for k in range(30)])
    assert message.startswith(f"{key}GENE0, GENE1, GENE2. Correct the pattern, or set it to null")


def test_genes_twice(tmp_path):
    (message,) = renamed(tmp_path, ["MT-CO1", "A", "A", "B", "B", *(f"G{k}" for k in range(25))])
    assert message.startswith("data: 2 gene ids occur more than once: A, B. Give unique ids")


def test_empty_droplets(tmp_path):
    cells = study()
    counts = counts_of(cells).toarray()
    counts[:60, 5:] = 0
    (message,) = all_findings(tmp_path, cells, counts=sparse.csr_matrix(counts))
    assert message.startswith(
        "data: 62% of the cells have fewer than ten genes: most are empty droplets. Give the filtered"
    )


def test_a_file_given_twice(tmp_path):
    counts, cells = files.counts_and_cells(400)
    cells.index = [f"{k:016d}-1" for k in range(400)]
    for name in ("a", "b"):
        files.write_tenx_h5(tmp_path / f"{name}.h5", counts, cells, version=2)
    cells.index = [f"{k + 390:016d}-1" for k in range(400)]
    files.write_tenx_h5(tmp_path / "c.h5", counts, cells, version=2)
    headers = {name: read_header(cell_sources({"counts": str(tmp_path / f"{name}.h5")})[0], None) for name in "abc"}
    (finding,) = capture_findings(headers)
    assert str(finding).startswith("cells.captures.b: has 100% of its barcodes in common with a; captures of their own")


def test_references():
    human = Header("a", genes=[f"GENE{k}" for k in range(600)])
    mouse = Header("b", genes=[f"Gene{k}" for k in range(600)], columns={"type": Column({"T": 3}, 1)})
    few = Header("c", genes=[f"GENE{k}" for k in range(499)], columns={"type": Column({"T": 3}, 1)})
    own = Header("d", genes=human.genes, columns={"type": Column({"T": 3}, 1)})
    assert list(reference_findings(own, [human], "type")) == []
    (message,) = map(str, reference_findings(mouse, [human], "type"))
    assert message == (
        "cells.label.reference: shares 0 genes with the cells, and 500 are needed: they are called Gene0, Gene1, Gene2 "
        "there and GENE0, GENE1, GENE2 here. These are symbols of another species: give a reference of the same."
    )
    (message,) = map(str, reference_findings(few, [human], "type"))
    assert "shares 499 genes" in message
    (message,) = map(str, reference_findings(own, [human], "typ"))
    assert message.endswith("the reference has no column 'typ'. Did you mean 'type'?")
