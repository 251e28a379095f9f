"""Write one normalised table for inspection, and say in the record what it may be used for.

No step reads these tables: the test takes raw counts and size factors.
"""

from degsteps.normalize.inspection import table_for_inspection
from degsteps.normalize.methods import TABLES
from degsteps.step import Input, OptionalInput, OptionalOutput, Output, run
from degsteps.tables import read_matrix, read_table, write_matrix, write_matrix_text


def main(
    counts: Input,
    size_factors: Input,
    table: Output,
    name: str,
    gene_lengths: OptionalInput = None,
    lengths: OptionalInput = None,
    text: OptionalOutput = None,
) -> dict:
    """Compute the table called ``name`` (a key of ``degsteps.normalize.methods.TABLES``), also as ``text`` if asked."""
    matrix = read_matrix(counts)
    values = table_for_inspection(
        name,
        matrix,
        read_table(size_factors)["size_factor"],
        read_table(gene_lengths)["length"] if gene_lengths else None,
        read_matrix(lengths).loc[matrix.index] if lengths else None,
    )
    write_matrix(values, table)
    if text:
        write_matrix_text(values, text)
    return {"table": name, "use": TABLES[name].use}


if __name__ == "__main__":
    run(main)
