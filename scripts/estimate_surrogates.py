"""Estimate variation that no column of the sheet names, as covariates of the design.

``sva``: surrogate variables (Leek & Storey 2007, 2008; for counts: Leek 2014). ``ruv_g``, ``ruv_s``, ``ruv_r``: factors
of unwanted variation from control genes, replicates or residuals (Risso, Ngai, Speed & Dudoit 2014).
"""

from degsteps.batch.design_matrix import as_frame, design_of
from degsteps.batch.surrogate_setup import surrogate_setup
from degsteps.batch.surrogates import associations
from degsteps.normalize.size_factors import normalization_factors
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_gene_list, read_matrix, read_samples, read_table, write_table


def main(
    counts: Input,
    size_factors: Input,
    samples: Input,
    surrogates: Output,
    extended: Output,
    association: Output,
    model: dict,
    null_model: str,
    seed: int,
    fit_type: str,
    compatibility: str,
    lengths: OptionalInput = None,
    control_genes: OptionalInput = None,
) -> dict:
    """Write the variables, the sample table that they join, and what they go with."""
    matrix, libraries = read_matrix(counts), read_table(size_factors)
    sheet = read_samples(samples).loc[matrix.columns].rename_axis("sample")
    factors = libraries["size_factor"].loc[matrix.columns]
    if lengths:
        factors = normalization_factors(read_matrix(lengths).loc[matrix.index, matrix.columns], factors)
    setup = surrogate_setup(
        sheet,
        model,
        null_model=null_model,
        seed=seed,
        fit_type=fit_type,
        compatibility=compatibility,
        control_genes=read_gene_list(control_genes) if control_genes else None,
    )
    variables, facts = setup.variables(matrix, factors, as_frame(design_of(sheet, model)))
    write_table(variables, surrogates)
    write_table(sheet.join(variables.map(lambda value: repr(float(value)))), extended)
    write_table(associations(variables, sheet, libraries.loc[matrix.columns]), association)
    return facts | {"formula": model["formula"], "null_model": null_model}


if __name__ == "__main__":
    run(main)
