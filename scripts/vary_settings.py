"""Test every contrast again under other filters, size factors and outlier policies: how far do calls depend on choices?

One job for all contrasts of a sample set: each filter with each method of size factors is fitted once.
"""

from degsteps.step import Input, Inputs, OptionalInput, Output, run
from degsteps.tables import read_table, write_matrix, write_table
from degsteps.test import reanalysis
from degsteps.test.sensitivity import vary_settings


def main(
    counts: Input,
    samples: Input,
    design: Input,
    contrast_tables: Inputs,
    settings: Output,
    stability: Output,
    contrasts: dict,
    model: dict,
    group: str,
    filters: dict,
    size_factors: str,
    test: dict,
    null_model: str,
    seed: int,
    subject: str | None,
    keep_list: OptionalInput = None,
    drop_list: OptionalInput = None,
    control_genes: OptionalInput = None,
    given_size_factors: OptionalInput = None,
    lengths: OptionalInput = None,
    surrogate_controls: OptionalInput = None,
) -> dict:
    """Stop if the settings of the main run, repeated here, do not give its numbers to the last digit."""
    study, compiled = reanalysis.read_study(
        counts,
        samples,
        design,
        group=group,
        model=model,
        contrasts=contrasts,
        test=test,
        null_model=null_model,
        seed=seed,
        subject=subject,
        lengths=lengths,
        keep_list=keep_list,
        drop_list=drop_list,
        control_genes=control_genes,
        given_size_factors=given_size_factors,
        surrogate_controls=surrogate_controls,
    )
    tables = {path.stem: read_table(path, text=("na_reason",)) for path in contrast_tables}
    chosen = {"filters": filters, "size_factors": size_factors, "test": test}
    varied, shares = vary_settings(study, compiled, tables, **chosen)
    write_table(varied, settings)
    write_matrix(shares.add_suffix(".stability"), stability)
    first = varied.loc[[next(iter(contrasts))]]
    return {"settings": len(first), "computed": int(first["problem"].isna().sum())}


if __name__ == "__main__":
    run(main)
