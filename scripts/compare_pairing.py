"""Test every contrast within subjects too, where the user has said that samples of one are independent.

What is left out of the formula costs power or makes p-values too small; two numbers tell: degrees of freedom and
standard errors, with the subjects in the design and without them.
"""

from degsteps.step import Output, run
from degsteps.tables import read_samples, read_table, write_table
from degsteps.test import reanalysis
from degsteps.test.pairing import compare_within_subjects


def main(study: reanalysis.StudyFiles, pairing: Output, paired_by: str) -> dict:
    """Contrasts of groups that no subject has two of are rows with the reason."""
    samples, contrasts = reanalysis.read_study(study)
    tables = {path.stem: read_table(path, text=("na_reason",)) for path in study.contrast_tables}
    subjects = read_samples(study.samples)[paired_by]
    found = compare_within_subjects(
        samples, contrasts, tables, subjects, size_factors=study.size_factors, test=study.test
    )
    write_table(found, pairing)
    return {"subject": paired_by, "compared": int((found["problem"] == "").sum()), "contrasts": len(found)}


if __name__ == "__main__":
    run(main)
