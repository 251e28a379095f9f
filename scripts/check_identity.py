"""Tell sex and person of each sample from its counts, and compare with the sample sheet.

Sex: reads of Y genes against their sisters on the X, and of XIST. Person: correlation over genes that differ between
people, once the design is taken out. Nothing is dropped or renamed.
"""

import pandas as pd

from degsteps.qc.relatedness import compare_persons, persons_verdict, removed_terms
from degsteps.qc.sex import sex_table, sex_verdict
from degsteps.step import Input, Output, run
from degsteps.tables import read_matrix, read_samples, read_table, write_table


def main(
    raw_counts: Input,
    samples: Input,
    transformed: Input,
    annotation: Input,
    sex: Output,
    subjects: Output,
    verdicts: Output,
    model: dict,
    batch_columns: list[str],
    masked_columns: list[str],
    sex_column: str | None,
    subject_column: str | None,
) -> dict:
    """Write what the counts say of each sample, and the verdicts."""
    sheet, facts, found = read_samples(samples), {}, []
    persons = sheet[subject_column] if subject_column else None
    known = read_table(annotation, text=("symbol", "chrom"))
    sexes = sex_table(read_matrix(raw_counts), known, sheet[sex_column] if sex_column else None, persons)
    if sex_column or (sexes["inferred"] != "").any():
        found.append(("sex", *sex_verdict(sexes)))
    write_table(sexes, sex)
    table = pd.DataFrame(index=sheet.index[:0])
    if persons is not None:
        terms = removed_terms(sheet, persons, model, batch_columns, masked_columns)
        compared = compare_persons(read_matrix(transformed), sheet, persons, terms, model)
        table, facts = compared.table, compared.facts | {"exchanges": [list(pair) for pair in compared.exchanges]}
        found.append(("subjects", *persons_verdict(compared, masked_columns)))
    write_table(table, subjects)
    write_table(pd.DataFrame(found, columns=["check", "status", "finding", "advice"]).set_index("check"), verdicts)
    return {"sexes": sexes["inferred"].value_counts().sort_index().to_dict(), "subjects": facts}


if __name__ == "__main__":
    run(main)
