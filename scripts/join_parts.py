"""Join the parts of a fit whose genes were scattered over jobs: bit for bit the fit of a single job."""

from degsteps.engines.dispatch import storable
from degsteps.step import Inputs, Output, run
from degsteps.tables import write_table
from degsteps.test.gene_parts import merged_parts


def main(parts: Inputs, model: Output, genes: Output) -> dict:
    """Nothing is fitted again."""
    fit, table, facts = storable(merged_parts(parts))
    fit.write_h5ad(model)
    write_table(table, genes)
    return facts


if __name__ == "__main__":
    run(main)
