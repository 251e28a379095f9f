"""Reading a given gene table before a run, and looking up the genes of the counts in it."""

import pandas as pd

from degsteps.annotate.gene_table import read_gene_annotation
from degsteps.annotate.matching import (
    ID_TYPES,
    SPECIES_ID_TYPES,
    detect_id_type,
    mapped_fraction,
    match_genes,
    matched_by,
    require_mapped,
)
from degsteps.basics.errors import DataError, Finding


def trial(
    genes: pd.Index | None, source: str, strip_version: str, min_mapped_fraction: float
) -> tuple[list[Finding], list[Finding]]:
    """Return what is wrong with a gene table, and what there is to note.

    The share that is asked for is one of the tested genes, which are not known yet: of all genes fewer may be found. So
    what is refused is a table of which nothing is found, or one of other ids that has less than is asked for.

    Parameters
    ----------
    genes : ids of the counts; None if they are not known, and then only the table is read.
    """
    try:
        table = read_gene_annotation(source)
    except DataError as error:
        return [Finding("", str(error), "", "data")], []
    key = "annotate.genes"
    if genes is None or not len(genes):
        return [], [Finding(key, f"{source}: it is unchecked how many genes of the counts it has.", "A job says it.")]
    annotation = match_genes(genes, table, strip_version)
    share, kind = mapped_fraction(annotation), matched_by(annotation)
    n_found = round(share * len(genes))
    ours, theirs = detect_id_type(genes), detect_id_type(table.index)
    are_others = ours != theirs and "unknown" not in (ours, theirs) and kind is None
    is_other_species = are_others and {ours, theirs} <= SPECIES_ID_TYPES
    if share == 0 or is_other_species or (are_others and share < min_mapped_fraction):
        try:
            require_mapped(annotation, max(min_mapped_fraction, 1e-9), source, table.index)
            both = f"the counts have {ID_TYPES[ours][0]}, the table {ID_TYPES[theirs][0]}."
            return [Finding(key, f"{source}: {both}", "Give the table of the species that was sequenced.")], []
        except DataError as error:
            return [Finding("", str(error), "", "data")], []
    found = f"{source}: has {n_found:,} of {len(genes):,} genes of the counts ({share:.1%})."
    if kind is not None:
        by = {"entrez_id": "Entrez ids", "symbol": "symbols", "alias": "symbols and aliases"}[kind]
        return [], [Finding(key, f"{found[:-1]}, looked up by {by}.", "Correct annotate.genes if this is not meant.")]
    if share < min_mapped_fraction:
        cure = f"The run asks for {min_mapped_fraction:.0%} of the tested genes (annotate.min_mapped_fraction)."
        return [], [Finding(key, found, cure)]
    return [], []
