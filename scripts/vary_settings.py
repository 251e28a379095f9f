"""Test every contrast again under other filters, size factors and outlier policies: how far do calls depend on choices?

One job for all contrasts of a set of samples: each filter with each method of size factors is fitted once.
"""

from degsteps.step import Output, run
from degsteps.tables import read_table, write_matrix, write_table
from degsteps.test import reanalysis
from degsteps.test.sensitivity import vary_settings


def main(study: reanalysis.StudyFiles, settings: Output, stability: Output) -> dict:
    """Stop if the settings of the main run, repeated here, do not give its numbers to the last digit."""
    samples, contrasts = reanalysis.read_study(study)
    tables = {path.stem: read_table(path, text=("na_reason",)) for path in study.contrast_tables}
    varied, shares = vary_settings(
        samples, contrasts, tables, filters=study.filters, size_factors=study.size_factors, test=study.test
    )
    write_table(varied, settings)
    write_matrix(shares.add_suffix(".stability"), stability)
    first = varied.loc[[next(iter(contrasts))]]
    return {"settings": len(first), "computed": int(first["problem"].isna().sum())}


if __name__ == "__main__":
    run(main)
