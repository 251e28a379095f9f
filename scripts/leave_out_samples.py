"""Repeat the analysis without each sample in turn: which calls depend on a single sample?

Genes are filtered, size factors estimated and the model fitted anew, as in a set of samples that excludes the sample.
"""

from degsteps.step import Output, run
from degsteps.tables import read_table, write_table
from degsteps.test import reanalysis
from degsteps.test.influence import leave_out_samples


def main(study: reanalysis.StudyFiles, influence: Output, genes: Output) -> dict:
    """Contrasts that cannot be estimated without a sample are skipped there, with the reason."""
    samples, contrasts = reanalysis.read_study(study)
    tables = {path.stem: read_table(path, text=("na_reason",)) for path in study.contrast_tables}
    of_samples, of_genes = leave_out_samples(
        samples, contrasts, tables, filters=study.filters, size_factors=study.size_factors, test=study.test
    )
    write_table(of_samples, influence)
    write_table(of_genes, genes)
    return {"fits": int(of_samples.groupby("without")["problem"].apply(lambda column: column.isna().any()).sum())}


if __name__ == "__main__":
    run(main)
