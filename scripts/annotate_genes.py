"""Find every gene in a local gene table, GTF or GFF3; no gene is lost, doubled or renamed."""

from degsteps import annotation as annotations
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
    known = annotations.read_gene_annotation(source)
    found = annotations.match_genes(filtered.index, known, strip_version)
    tested = found[filtered["kept"]]
    annotations.require_mapped(tested, min_mapped_fraction, str(source), known.index)
    write_table(found, annotation)
    return {
        "source": str(source),
        "release": release or annotations.stated_release(source),
        "mapped_fraction_of_tested": annotations.mapped_fraction(tested),
        "status": found["annotation_status"].value_counts().sort_index().to_dict(),
    }


if __name__ == "__main__":
    run(main)
