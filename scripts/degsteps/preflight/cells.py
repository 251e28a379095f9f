"""Single cells: what is wrong with them, and the samples that their sums would be, for the checks of the design."""

from degsteps.inputs.cells.study import CellStudy, cell_study, design_columns, prospective_sums
from degsteps.inputs.sheet import Sheet
from degsteps.preflight.check import Check


def check_cells(check: Check) -> None:
    """Look at the files of cells; sets the samples that they would make, as the checks of a sheet do."""
    cells = check.analysis["cells"]
    study = cell_study(cells, design_columns(check.analysis))
    for header in study.headers:
        for fault in header.faults:
            check.data_problem(header.path, fault)
        for note in header.notes:
            check.note(header.path, note.place, note.what, note.cure)
    if cells["donors"] not in (None, "unknown"):
        check.take((finding._replace(kind=finding.kind or "data") for finding in study.donor_findings), cells["donors"])
    if study.table is None or cells["donor_column"] is None:
        return
    _set_samples(check, study)


def _set_samples(check: Check, study: CellStudy) -> None:
    cells = check.analysis["cells"]
    types = None if cells["types"] == "all" else cells["types"]
    sums = prospective_sums(study, design_columns(check.analysis), types, bool(cells["label_column"]))
    enough = [number >= cells["min_cells"] for number in sums.n_cells]
    names = [name for name, is_enough in zip(sums.samples, enough, strict=True) if is_enough]
    columns = {"sample": list(sums.samples)} | {
        name: list(values) for name, values in sums.columns.items() if name != "sample"
    }
    check.sheet = Sheet(study.sources[0].counts, "sample", columns, [0] * len(sums.samples), "\t")
    if len(names) < 2:
        return
    check.analysed, check.columns = names, check.sheet.select(names)
    genes = {gene for header in study.headers for gene in header.genes}
    check.find_genes = lambda: genes
