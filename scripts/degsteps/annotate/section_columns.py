"""What the columns of tables beside the results of contrasts mean."""

from degsteps.sections.definition import Section, Table

COLUMNS = Section(
    stage="annotate",
    name="annotate_columns",
    tables=(
        Table(
            r"overlap/overlap\.tsv",
            {
                "contrasts": "Contrasts, joined by &.",
                "n_contrasts": "How many these are.",
                "genes": "Genes that exactly these call.",
                "up": "Those that rise in all of them.",
                "down": "Those that fall in all of them.",
                "both": "Those that rise in one and fall in another.",
            },
        ),
    ),
)
