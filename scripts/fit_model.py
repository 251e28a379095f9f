"""Fit the negative-binomial model of every gene once, for all contrasts (Love, Huber & Anders 2014; PyDESeq2)."""

from degsteps import model as models
from degsteps.step import Input, Output, run
from degsteps.tables import read_matrix, read_table, write_table


def main(counts: Input, size_factors: Input, design: Input, model: Output, genes: Output) -> dict:
    """Fit raw counts with the size factors as offsets."""
    matrix = read_matrix(counts)
    fit = models.fit_model(matrix, read_table(design).loc[matrix.columns], read_table(size_factors)["size_factor"])
    fit.write_h5ad(model)
    write_table(models.gene_table(fit), genes)
    return models.trend_facts(fit) | {"genes": fit.n_vars, "samples": fit.n_obs}


if __name__ == "__main__":
    run(main)
