"""Single cells: what is wrong with them, and the samples that their sums would be, for the checks of the design."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from degsteps.basics.errors import Finding
from degsteps.basics.words import quoted
from degsteps.cells.checks import Asked, setting_findings
from degsteps.design.formula import FormulaError, parse_formula
from degsteps.design.weights import contrast_columns
from degsteps.inputs.cells.inspection import read_header
from degsteps.inputs.cells.known_cells import sheet_of
from degsteps.inputs.cells.pseudobulks import CELL_TYPE
from degsteps.inputs.cells.sources import CellSource, is_file_of_genes
from degsteps.inputs.cells.study import CellStudy, cell_study, design_columns, prospective_sums
from degsteps.inputs.cells.verdict import capture_findings, file_findings, reference_findings
from degsteps.inputs.plain_text import text_fault
from degsteps.inputs.sheet import unreadable_fault
from degsteps.preflight.check import Check


def check_cells(check: Check) -> None:
    """Look at the files of cells; sets the samples that they would make, as the checks of a sheet do."""
    cells = check.analysis["cells"]
    study = cell_study(cells, design_columns(check.analysis))
    for header in study.headers:
        for finding in file_findings(
            header, cells, estimated=cells["estimated_counts"], duplicate_genes=cells["duplicate_genes"]
        ):
            _take(check, header.path, finding)
    if not any(header.faults for header in study.headers):
        by_capture = {source.capture: header for source, header in zip(study.sources, study.headers, strict=True)}
        check.take(capture_findings(by_capture) if len(by_capture) > 1 else ())
        _reference(check, study)
    if study.fault:
        what, _, cure = study.fault.partition(". ")
        check.take([Finding("", f"{what}.", cure, "data")], study.headers[0].path)
    known = study.known
    check.take(setting_findings(cells, study.headers, known, _asked(check)))
    check.take(_own_findings(check.analysis))
    for key, path in _files(cells).items():
        fault = unreadable_fault(path)
        if fault is None and key != "cells.label.reference":
            fault = text_fault(path)
        if fault:
            check.problem(key, f"{path}: {f'{fault.place}: ' * bool(fault.place)}{fault.what}", fault.cure)
    if known is None or cells["donor_column"] is None or check.problems:
        return
    _set_samples(check, study)


def _reference(check: Check, study: CellStudy) -> None:
    """Look at the reference of labels, as at the cells."""
    label = check.analysis["cells"]["label"]
    if label["reference"] is None or not os.path.isfile(label["reference"]):
        return
    header = read_header(CellSource("", label["reference"]))
    if header.faults:
        check.take((fault._replace(kind="data") for fault in header.faults), header.path)
    elif label["reference_label"] is not None:
        check.take(reference_findings(header, study.headers, label["reference_label"]))


def _take(check: Check, path: str, finding: Finding) -> None:
    """Take a finding of a file; one that is about a setting is said of the configuration."""
    check.take([finding], None if finding.place.startswith("cells.") else path)


def _files(cells: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that the section names beside cells and donors, by their keys."""
    mito = cells["quality"]["mito"]
    named = {
        "cells.quality.mito": mito if mito is not None and is_file_of_genes(mito) else None,
        "cells.spike_ins.table": cells["spike_ins"]["table"],
        "cells.quality.keep_cells": cells["quality"]["keep_cells"],
        "cells.quality.drop_cells": cells["quality"]["drop_cells"],
        "cells.label.reference": cells["label"]["reference"],
        "cells.label.markers": cells["label"]["markers"],
    }
    return {key: path for key, path in named.items() if path is not None}


def _asked(check: Check) -> Asked:
    """Return what the design and the contrasts ask of the cells."""
    try:
        columns = list(parse_formula(check.analysis["design"]["formula"]).columns)
    except FormulaError:
        columns = []
    compared: dict[str, list[str]] = {}
    for contrast in check.contrasts_by_name.values():
        for name in contrast_columns(contrast):
            if name in check.declared_factors:
                levels = [contrast.get("test"), contrast.get("reference")] if contrast.get("factor") == name else []
                compared.setdefault(name, []).extend(level for level in levels if isinstance(level, str))
    columns += [*check.analysis["batch"]["columns"], *compared]
    compared = {name: list(dict.fromkeys(levels)) for name, levels in compared.items()}
    named = [name for name in dict.fromkeys(columns) if name not in ("donor", CELL_TYPE, "n_cells")]
    return Asked(named, compared, list(check.declared_covariates))


def _own_findings(analysis: Mapping[str, Any]) -> Iterator[Finding]:
    """What settings of cells and of later stages do not go together."""
    cells, label = analysis["cells"], analysis["cells"]["label"]
    tests_types = cells["donor_column"] is not None or cells["per_cell"] != "none"
    if cells["types"] == "all" and cells["label_column"] is None and tests_types:
        what = "is all, and no column gives the labels."
        cure = "Run `snakemake <name>_cells`, look at the labels, and list the types that are to be tested."
        yield Finding("cells.types", what, cure)
    if cells["label_column"] is None and not (label["reference"] or label["markers"] or label["clusters"]):
        what = "gives no label: there is no label_column, no reference, no markers and no clusters."
        yield Finding("cells.label", what, "Name one of them.")
    if label["reference"] is not None and label["reference_label"] is None:
        yield Finding("cells.label.reference_label", "is missing.", "Name the column of the reference with its labels.")
    if label["reference"] is None and label["reference_label"] is not None:
        yield Finding("cells.label.reference_label", "is not used: there is no reference.", "Name it, or delete this.")
    if label["reference"] and label["reference"].endswith((".pkl", ".pickle", ".joblib")):
        what = f"{quoted(label['reference'])} is a pickle, which runs code when it is opened."
        yield Finding("cells.label.reference", what, "Give labelled cells as h5ad.")
    if analysis["blinding"]["columns"]:
        what = "masks columns of a sheet of samples, and the samples of single cells are made from columns of cells."
        yield Finding("blinding.columns", what, "Mask the column in the file of cells before it is given.")


def _set_samples(check: Check, study: CellStudy) -> None:
    cells = check.analysis["cells"]
    types = None if cells["types"] == "all" else cells["types"]
    sums = prospective_sums(study, design_columns(check.analysis), types)
    enough = [number >= cells["min_cells"] for number in sums.n_cells]
    names = [name for name, is_enough in zip(sums.samples, enough, strict=True) if is_enough]
    check.sheet = sheet_of(sums, study.sources[0].counts)
    if len(names) < 2:
        return
    check.analysed, check.columns = names, check.sheet.select(names)
    genes = {gene for header in study.headers for gene in header.genes}
    check.find_genes = lambda: genes
