"""Put the annotation between the gene id and the results of a contrast; rows and their order stay."""

from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_matrix, read_text_table, write_table


def main(
    table: Input,
    annotation: Input,
    annotated: Output,
    levels: list[float],
    stability: OptionalInput = None,
    calls: OptionalInput = None,
) -> dict:
    """Join by gene id, both sides as text: no number changes on the way. `calls` says which engines call a gene.

    Of several `levels`, false discovery rates, the smallest at which a gene is called stands in `called_at`.
    """
    results, genes = read_text_table(table), read_text_table(annotation)
    if stability:
        share = read_matrix(stability)[f"{table.stem}.stability"].reindex(results.index)
        results.insert(results.columns.get_loc("na_reason"), "stability", share)
    if calls:
        called_by = read_text_table(calls)["called_by"].reindex(results.index)
        results.insert(results.columns.get_loc("na_reason"), "called_by", called_by)
    if levels:
        at = results["padj"].map(
            lambda padj: min((level for level in levels if padj and float(padj) < level), default="")
        )
        results.insert(results.columns.get_loc("na_reason"), "called_at", at)
    joined = genes.reindex(results.index).join(results)
    write_table(joined, annotated)
    return {"genes": len(joined), "annotation_columns": list(genes.columns)}


if __name__ == "__main__":
    run(main)
