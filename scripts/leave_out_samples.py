"""Repeat the analysis without each sample in turn: which calls depend on a single sample?

Genes are filtered, size factors estimated and the model fitted anew, as in a sample set that excludes the sample.
"""

from degsteps.step import Input, Inputs, OptionalInput, Output, run
from degsteps.tables import read_table, write_table
from degsteps.test import reanalysis
from degsteps.test.influence import leave_out_samples


def main(
    counts: Input,
    samples: Input,
    design: Input,
    contrast_tables: Inputs,
    influence: Output,
    genes: Output,
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
    """Contrasts that cannot be estimated without a sample are skipped there, with the reason."""
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
    of_samples, of_genes = leave_out_samples(study, compiled, tables, **chosen)
    write_table(of_samples, influence)
    write_table(of_genes, genes)
    return {"fits": int(of_samples.groupby("without")["problem"].apply(lambda found: found.isna().any()).sum())}


if __name__ == "__main__":
    run(main)
