"""Put the annotation between the gene id and the results of a contrast; rows and their order stay."""

from degsteps.step import Input, Inputs, OptionalInput, Output, run
from degsteps.tables import read_frame, read_json, read_matrix, read_samples, read_table, read_text_table, write_table


def main(
    table: Input,
    annotation: Input,
    annotated: Output,
    levels: list[float],
    stability: OptionalInput = None,
    calls: OptionalInput = None,
    expressing: OptionalInput = None,
    samples: OptionalInput = None,
    design: OptionalInput = None,
    auc: OptionalInput = None,
    in_types: Inputs = (),
    cell_types: dict | None = None,
    contrast: dict | None = None,
    alpha: float = 0.05,
) -> dict:
    """Join by gene id, both sides as text: no number changes on the way. `calls` says which engines call a gene.

    Of single cells, `expressing` (cells with a count, genes x samples), `samples`, `design`, `auc` (of each gene for
    each type) and the tables `in_types` of all types, whose names are in `cell_types` by file, give further columns.

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
    if expressing:
        from degsteps.cells.result_columns import cell_columns_of_results
        from degsteps.design.compiled import CompiledDesign

        of_types = {cell_types[path.name]: read_table(path, text=("na_reason",)) for path in in_types}
        columns = cell_columns_of_results(
            list(results.index),
            contrast,
            CompiledDesign.from_json(read_json(design)),
            read_matrix(expressing),
            read_samples(samples),
            of_types,
            read_frame(auc),
            alpha,
        )
        for name in columns:
            results.insert(results.columns.get_loc("na_reason"), name, columns[name].to_numpy())
    joined = genes.reindex(results.index).join(results)
    write_table(joined, annotated)
    return {"genes": len(joined), "annotation_columns": list(genes.columns)}


if __name__ == "__main__":
    run(main)
