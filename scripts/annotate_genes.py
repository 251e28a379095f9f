"""Find every gene in a local gene table, GTF or GFF3; no gene is lost, doubled or renamed."""

from degsteps.annotate.gene_table import read_gene_annotation, stated_release
from degsteps.annotate.matching import mapped_fraction, match_genes, matched_by, require_mapped
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_table, write_table


def main(
    genes: Input,
    annotation: Output,
    release: str | None,
    strip_version: str,
    min_mapped_fraction: float,
    source: OptionalInput = None,
) -> dict:
    """Annotate all genes that were read; stop if too few of the tested ones are found."""
    filtered = read_table(genes)
    if source is None:
        write_table(filtered[[]], annotation)
        return {"source": None}
    known = read_gene_annotation(source)
    found = match_genes(filtered.index, known, strip_version)
    tested = found[filtered["kept"]]
    require_mapped(tested, min_mapped_fraction, str(source), known.index)
    write_table(found, annotation)
    kind = matched_by(tested)
    return ({"matched_by": kind} if kind else {}) | {
        "source": str(source),
        "release": release or stated_release(source),
        "mapped_fraction_of_tested": mapped_fraction(tested),
        "status": found["annotation_status"].value_counts().sort_index().to_dict(),
    }


if __name__ == "__main__":
    run(main)
