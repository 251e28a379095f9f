"""Join the parts of a fit whose genes were scattered over jobs: bit for bit the fit of a single job."""

from degsteps.engines.registry import ENGINES
from degsteps.step import Inputs, Output, run
from degsteps.tables import read_model, write_table
from degsteps.test.gene_parts import in_order


def main(parts: Inputs, model: Output, genes: Output, engine: str) -> dict:
    """Nothing is fitted again."""
    record = ENGINES[engine]
    fitted = record.load_parts().joined([record.read(read_model(path)) for path in in_order(parts)])
    record.stored(fitted).write_h5ad(model)
    write_table(fitted.genes, genes)
    return record.facts(fitted)


if __name__ == "__main__":
    run(main)
