"""Write one normalised table for inspection, and say in the record what it may be used for.

No step reads these tables: the test takes raw counts and size factors.
"""

from degsteps.normalize import size_factors as normalization
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_matrix, read_table, write_matrix_text


def main(
    counts: Input,
    size_factors: Input,
    table: Output,
    name: str,
    gene_lengths: OptionalInput = None,
    lengths: OptionalInput = None,
) -> dict:
    """Compute the table called ``name`` (a key of ``normalization.USES``)."""
    matrix = read_matrix(counts)
    if name == "normalized":
        factors = read_table(size_factors)["size_factor"]
        values = normalization.normalized_counts(matrix, factors)
        if lengths:
            values = matrix / normalization.normalization_factors(read_matrix(lengths).loc[matrix.index], factors)
    elif name in normalization.NEED_LENGTHS:
        known = read_matrix(lengths) if lengths else read_table(gene_lengths)["length"]
        values = getattr(normalization, name)(matrix, known)
    else:
        values = getattr(normalization, name)(matrix)
    write_matrix_text(values, table)
    return {"table": name, "use": normalization.USES[name]}


if __name__ == "__main__":
    run(main)
