"""Files that an analysis names: that they can be read and hold what they should."""

import gzip

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import counted, listed, verb
from degsteps.design.coding import as_number
from degsteps.inputs.gene_lists import list_findings, read_gene_list
from degsteps.inputs.plain_text import text_fault
from degsteps.inputs.sheet import unreadable_fault
from degsteps.inputs.sources import lengths_are_offsets
from degsteps.normalize.methods import METHODS, TABLES, with_controls
from degsteps.preflight.cells import check_cells
from degsteps.preflight.check import Check
from degsteps.preflight.sources import Inputs


def check_files(check: Check) -> None:
    """Files that are named beside the counts and the sheet; those two are opened by their own checks."""
    ingest, filters = check.analysis["ingest"], check.analysis["filter"]
    named = {
        "ingest.gene_lengths": ingest["gene_lengths"],
        "ingest.tx2gene": ingest["tx2gene"],
        "ingest.length_matrix": ingest["length_matrix"],
        "filter.keep_list": filters["keep_list"],
        "filter.drop_list": filters["drop_list"],
        "normalize.control_genes": check.analysis["normalize"]["control_genes"],
        "normalize.given_size_factors": check.analysis["normalize"]["given_size_factors"],
        "annotate.genes": check.analysis["annotate"]["genes"],
        "design.surrogates.control_genes": (check.analysis["design"]["surrogates"] or {}).get("control_genes"),
    }
    for key, path in named.items():
        if path is not None:
            fault = unreadable_fault(path)
            # Lists and tables of transcripts and genes are read through the same check.
            if fault is None and key in ("ingest.gene_lengths", "normalize.given_size_factors"):
                fault = text_fault(path) or (_no_lengths(path) if key == "ingest.gene_lengths" else None)
            if fault:
                check.problem(key, f"{path}: {f'{fault.place}: ' * bool(fault.place)}{fault.what}", fault.cure)
    tables = [name for name in check.analysis["normalize"]["tables"] if TABLES[name].takes == "lengths"]
    if tables and ingest["gene_lengths"] is None and not lengths_are_offsets(ingest):
        what = f"{listed(tables)} {verb(len(tables), 'needs', 'need')} gene lengths, and none are given."
        check.problem("normalize.tables", what, "Name a table under ingest.gene_lengths, or leave them out.")


def check_inputs(check: Check) -> None:
    """Counts and sheets of all sites, or single cells; sets the analysed samples."""
    if check.analysis["cells"] is not None:
        check_cells(check)
        return
    inputs = Inputs(check, check.analysis["ingest"])
    inputs.check()
    check.sheet, check.analysed, check.columns = inputs.sheet, inputs.analysed, inputs.columns
    check.find_genes = inputs.genes
    if inputs.is_multisite and check.columns and len(set(check.columns["site"])) > 1:
        named = {*check.declared_factors, *check.analysis["batch"]["columns"]}
        if "site" not in named:
            what = "the sites are neither in the design nor a batch, so their differences pass as noise or effect."
            cure = "Add site to design.formula, design.factors and batch.columns."
            check.note(check.file, "design.formula", what, cure)


def check_gene_lists(check: Check) -> None:
    """Lists of genes: how many of them the counts have."""
    filters, surrogates = check.analysis["filter"], check.analysis["design"]["surrogates"] or {}
    lists = {
        "filter.keep_list": (filters["keep_list"], False),
        "filter.drop_list": (filters["drop_list"], False),
        "normalize.control_genes": (check.analysis["normalize"]["control_genes"], True),
        "design.surrogates.control_genes": (surrogates.get("control_genes"), False),
    }
    for key, (path, needs_all) in lists.items():
        if path is None or unreadable_fault(path):
            continue
        try:
            entries = read_gene_list(path)
        except DataError as error:
            check.problem(key, str(error).partition(". ")[0] + ".", "Write one gene id per line, as plain text.")
            continue
        if check.genes is not None or not entries:
            findings = list_findings(path, entries, check.genes or (), needs_all)
            check.take(finding._replace(place=key) for finding in findings)


def check_size_factors(check: Check) -> None:
    settings, key = check.analysis["normalize"], "normalize.given_size_factors"
    method, path = settings["size_factors"], settings["given_size_factors"]
    if not METHODS[method].takes_controls and settings["control_genes"] is not None:
        what = f"size_factors {method} takes no control genes."
        check.problem("normalize.control_genes", what, f"Delete them, or set size_factors: {with_controls()}.")
    if lengths_are_offsets(check.analysis["ingest"]):
        test = check.analysis["test"]
        tried = test["sensitivity_grid"]["size_factors"] if test["sensitivity"] else []
        for place, methods in {"normalize": [method], "test.sensitivity_grid": tried}.items():
            for name in (name for name in methods if not METHODS[name].takes_lengths):
                what = f"{name} takes raw counts only, and transcript lengths enter the model here."
                cure = "Set ratio, or ingest.length_correction: length_scaled_tpm."
                check.problem(f"{place}.size_factors", what, cure)
    if method != "given" and path is not None:
        check.problem(key, f"is not used: size_factors is {method}.", "Set size_factors: given, or delete it.")
    elif method == "given" and path is None:
        check.problem(key, "is missing: size_factors is given.", "Name a table of 'sample' and 'size_factor'.")
    elif path is not None and unreadable_fault(path) is None:
        _given_size_factors(check, key, path)


def _given_size_factors(check: Check, key: str, path: str) -> None:
    cure = "Write it tab-separated, with the columns 'sample' and 'size_factor' and a row for every sample."
    try:
        with open(path, encoding="utf-8-sig", newline="") as lines:
            rows = [line.rstrip("\r\n").split("\t") for line in lines if line.strip()]
    except UnicodeDecodeError:
        rows = [[]]
    header = rows[0] if rows else []
    if header[:1] != ["sample"] or "size_factor" not in header:
        check.problem(key, f"{path}: is no table with the columns 'sample' and 'size_factor'.", cure)
        return
    column = header.index("size_factor")
    numbers = {row[0]: as_number(row[column]) if len(row) > column else None for row in rows[1:]}
    # Replicates that are summed get other names, which the step itself looks for.
    samples = check.analysed if check.analysis["ingest"]["replicate_column"] is None else ()
    missing = [sample for sample in samples if sample not in numbers]
    if missing and len(missing) == len(samples):
        what = (
            f"{path}: 0 of {counted(len(samples), 'sample')} are in it: the samples are {listed(samples, 3)}, the rows "
        )
        what += f"{listed(numbers, 3)}."
        check.problem(key, what, "Write the ids of the sheet into its column 'sample'.")
    elif missing:
        check.problem(key, f"{path}: there is no size factor for {listed(missing)}.", "Add a row for every sample.")
    used = {sample: number for sample, number in numbers.items() if not samples or sample in samples}
    bad = [sample for sample, number in used.items() if number is None or not 0 < number < float("inf")]
    if bad:
        what = f"{path}: the size factor of {listed(bad)} is no positive number."
        check.problem(key, what, "Correct it, or leave the sample out of the analysis.")
    if len(numbers) < len(rows) - 1:
        check.problem(key, f"{path}: a sample stands there twice.", "Keep one row per sample.")


def _no_lengths(path: str) -> Finding | None:
    """Say if a table of gene lengths has not the columns that it must have."""
    try:
        with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
            header = next(lines, "").rstrip("\r\n").split("\t")
    except (OSError, EOFError, UnicodeDecodeError):
        header = []
    if header[:1] == ["gene"] and "length" in header:
        return None
    return Finding("", "is no table with the columns 'gene' and 'length'.", "Write it tab-separated, 'gene' first.")
