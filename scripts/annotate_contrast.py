"""Put the annotation between the gene id and the results of a contrast; rows and their order stay."""

from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_matrix, read_text_table, write_table


def main(table: Input, annotation: Input, annotated: Output, stability: OptionalInput = None) -> dict:
    """Join by gene id, both sides as text: no number changes on the way."""
    results, genes = read_text_table(table), read_text_table(annotation)
    if stability:
        share = read_matrix(stability)[f"{table.stem}.stability"].reindex(results.index)
        results.insert(results.columns.get_loc("na_reason"), "stability", share)
    joined = genes.reindex(results.index).join(results)
    write_table(joined, annotated)
    return {"genes": len(joined), "annotation_columns": list(genes.columns)}


if __name__ == "__main__":
    run(main)
