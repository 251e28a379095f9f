"""What the columns of the size factors mean."""

from degsteps.sections.definition import Section, Table

COLUMNS = Section(
    stage="normalize",
    name="normalize_columns",
    tables=(
        Table(
            r"size_factors\.tsv",
            {
                "sample": "Sample.",
                "library_size": "Reads counted in the genes that are tested.",
                "size_factor": "What the counts of the sample are divided by to be compared.",
                "norm_factor": "Factor of the library size.",
            },
        ),
    ),
)
