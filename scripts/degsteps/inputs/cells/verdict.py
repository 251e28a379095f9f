"""What is wrong with files of cells, by their headers: no raw counts, cells twice, genes where cells should be.

Standard library only: the Snakefile imports this module.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from degsteps.basics.errors import Finding
from degsteps.basics.words import counted, listed, quoted, suggestion, verb
from degsteps.inputs.cells.cell_file import SKETCH, Header, Matrix
from degsteps.inputs.cells.sources import is_file_of_genes

#: Genes that a reference of labels must share with the cells.
LEAST_SHARED = 500
#: Values of logarithms of counts are smaller than this.
_LARGEST_LOG = 30
_BARCODE = re.compile(r"(?:.*[_:-])?[ACGTN]{10,}(?:[-_.].*)?$")
_GENE = re.compile(r"ENS[A-Z]*G\d{8,}|(?:ACTB|GAPDH|B2M|MALAT1|TMSB4X|EEF1A1|MT-CO\d|RP[LS]\d+[A-Z]?)$", re.IGNORECASE)


def file_findings(
    header: Header, cells: Mapping[str, Any], *, estimated: bool = False, duplicate_genes: str = "error"
) -> Iterator[Finding]:
    """What is wrong with one file of cells.

    Parameters
    ----------
    cells : section of the analysis, defaults filled in.
    estimated : whether fractions are allowed (``cells.estimated_counts``).
    duplicate_genes : as in ``ingest``.
    """
    yield from (fault._replace(kind="data") for fault in header.faults)
    yield from header.notes
    if header.faults:
        return
    if _is_transposed(header):
        what = (
            f"has genes in rows ({listed(header.first_cells[:3])}) and cells in columns ({listed(header.genes[:3])})."
        )
        yield Finding("", what, "Transpose it: adata = adata.T in Python. Cells are the rows of an AnnData.", "data")
        return
    yield from _count_findings(header, estimated)
    if header.n_repeated and not cells.get("capture_column"):
        what = f"{counted(header.n_repeated, 'cell')} {verb(header.n_repeated, 'has', 'have')} an id that another one "
        what += f"has: {listed(header.repeated_cells[:3], quote=False)}."
        if cells.get("captures"):
            cure = "A capture has each barcode once. Give each capture a file of its own."
        else:
            cure = "Barcodes repeat between captures: name the column that tells them apart under cells.capture_column."
        yield Finding("", what, cure, "data")
    if header.repeated_genes and duplicate_genes == "error":
        number = len(header.repeated_genes)
        what = f"{counted(number, 'gene id')} {verb(number, 'occurs', 'occur')} more than once: "
        what += f"{listed(header.repeated_genes, 3, quote=False)}."
        cure = "Give unique ids (of Ensembl, in a column gene_ids), or set cells.duplicate_genes: sum."
        yield Finding("", what, cure, "data")
    yield from _mito_findings(header, cells["quality"]["mito"])
    few = max((matrix.few for matrix in header.matrices.values()), default=0)
    if few >= 0.5:
        what = f"{few:.0%} of the cells have fewer than ten genes: most are empty droplets."
        yield Finding("", what, "Give the filtered matrix (filtered_feature_bc_matrix).", "data")


def _count_findings(header: Header, estimated: bool) -> Iterator[Finding]:
    """Whether the file holds raw counts, and where."""
    whole = [name for name, matrix in header.matrices.items() if matrix.values.are_counts]
    if header.matrix is None or not header.matrices[header.matrix].values.are_counts:
        named = header.matrix
        if named is None and not whole:
            looks = "; ".join(f"{name} holds {_looks(matrix)}" for name, matrix in header.matrices.items())
            if not estimated or all(m.values.negative or m.values.missing for m in header.matrices.values()):
                yield Finding("", f"there are no raw counts: {looks}.", _cure_of(header), "data")
            return
        matrix = header.matrices[named]
        if estimated and not (matrix.values.negative or matrix.values.missing):
            return
        what = f"{named} holds {_looks(matrix)}, no counts."
        if whole:
            name = whole[0].removeprefix("layers/").replace("raw/X", "raw")
            yield Finding("", what, f"{whole[0]} holds whole numbers: set cells.layer: {name}, or auto.", "data")
        else:
            yield Finding("", what, _cure_of(header), "data")
    elif header.matrix != "X" and "X" in header.matrices and not header.matrices["X"].values.are_counts:
        what = f"the counts are those of {header.matrix}, as X holds {_looks(header.matrices['X'])}."
        yield Finding("", what, "Nothing to do, if these are the raw counts.", "note")


def _looks(matrix: Matrix) -> str:
    values = matrix.values
    if values.missing:
        return f"missing values ({values.example})" if values.example else "missing values"
    if values.negative:
        return (
            f"negative values ({values.example}), as after scaling"
            if values.fractions
            else (f"negative values ({values.example})")
        )
    if values.largest < _LARGEST_LOG:
        return f"fractions up to {values.largest:.3g} ({values.example}), as after a logarithm"
    share = values.fractions / max(values.number, 1)
    return f"fractions ({values.example}; {share:.0%} of the values), as after normalisation or a correction"


def _cure_of(header: Header) -> str:
    values = [matrix.values for matrix in header.matrices.values()]
    if any(not (v.negative or v.missing) and v.largest >= _LARGEST_LOG for v in values):
        return (
            "Give the raw counts. If these are counts corrected for ambient RNA, set cells.estimated_counts: true; "
            "normalised values cannot be tested."
        )
    return "Give the file from before normalisation: raw counts in X, in layers['counts'] or in raw."


def _is_transposed(header: Header) -> bool:
    genes, cells = header.genes[:50], header.first_cells
    if not genes or not cells:
        return False
    has_barcodes = 2 * sum(bool(_BARCODE.match(gene)) for gene in genes) > len(genes)
    has_genes = 2 * sum(bool(_GENE.match(cell)) for cell in cells) > len(cells)
    return (has_barcodes and not any(_GENE.match(gene) for gene in genes)) or (
        has_genes and not any(map(_GENE.match, genes))
    )


def _mito_findings(header: Header, pattern: str | None) -> Iterator[Finding]:
    if pattern is None or is_file_of_genes(pattern) or header.matching(pattern):
        return
    seen = listed(header.names[:3], quote=False)
    key = "cells.quality.mito"
    what = f"no gene begins with {pattern}, so that no mitochondrial share can be told; genes are called {seen}."
    others = header.matching(f"(?i){pattern}")
    if others:
        found = next(name for gene, name in zip(header.genes, header.names, strict=True) if gene in set(others))
        yield Finding(key, what, f"Did you mean genes such as {found}? Set it to '^{found[:3]}'.", "data")
    elif header.symbols is None:
        cure = "Store symbols in a column of var ('symbol', 'gene_name'), or set it to null."
        yield Finding(key, f"{what[:-1]}, and there are no symbols.", cure, "data")
    else:
        yield Finding(key, what, "Correct the pattern, or set it to null if these genes were left out.", "data")


def capture_findings(headers: Mapping[str, Header]) -> Iterator[Finding]:
    """Captures with the same cells, by name: one file given twice, or runs of one library as two captures."""
    names = [name for name, header in headers.items() if header.sketch]
    for number, first in enumerate(names):
        for other in names[number + 1 :]:
            one, two = set(headers[first].sketch), set(headers[other].sketch)
            smallest = sorted(one | two)[:SKETCH]
            share = len(one & two & set(smallest)) / len(smallest)
            if share > 0.5:
                what = f"has {share:.0%} of its barcodes in common with {first}; captures of their own share few."
                cure = "Name each file once, and add up runs of one library before (cellranger count)."
                yield Finding(f"cells.captures.{other}", what, cure)


def reference_findings(reference: Header, headers: Sequence[Header], label: str | None) -> Iterator[Finding]:
    """A reference of labels that lacks the label, or that shares too few genes with the cells."""
    if label not in reference.columns:
        advice = suggestion(label or "", list(reference.columns), "Its columns are")
        yield Finding("cells.label.reference_label", f"the reference has no column {quoted(label)}.", advice)
    own = {name for header in headers for name in (*header.genes, *header.names)}
    shared = own & {*reference.genes, *reference.names}
    if len(shared) >= LEAST_SHARED:
        return
    what = f"shares {counted(len(shared), 'gene')} with the cells, and {LEAST_SHARED} are needed: they are called "
    what += f"{listed(reference.names[:3], quote=False)} there and {listed(headers[0].names[:3], quote=False)} here."
    lowered = {name.casefold() for name in own} & {name.casefold() for name in reference.names}
    is_other = len(lowered) >= LEAST_SHARED
    cure = (
        "These are symbols of another species: give a reference of the same." if is_other else "Give one with such ids."
    )
    yield Finding("cells.label.reference", what, cure)
