"""What the columns of the tables on the design mean."""

from degsteps.sections.definition import Section, Table

_PAIRS = {
    "a": "Column of the sheet.",
    "b": "The column that it is compared with.",
    "measure": "What is measured: Cramer's V of two factors, or how much of a number's variance a factor explains.",
    "value": "From 0, no association, to 1: one column tells the other.",
    "n_samples": "Samples with a value in both.",
    "separable": "Whether the design can tell their effects apart.",
    "verdict": "What to think of it.",
}

COLUMNS = Section(
    stage="batch",
    name="batch_columns",
    tables=(
        Table(
            r"design\.tsv",
            {"sample": "Sample.", "Intercept": "1 in every sample: the mean of the reference group."},
            rest="Coefficient of the design: the value of this term in each sample.",
        ),
        Table(r"association\.tsv", _PAIRS),
        Table(
            r"surrogate_association\.tsv",
            {
                "variable": "Surrogate variable.",
                "column": "Column of the sheet, or library size or size factor.",
                "n_samples": "Samples with a value.",
                "df_model": "Degrees of freedom of the column.",
                "df_residual": "Residual degrees of freedom.",
                "r_squared": "Share of the variable's variance that the column explains.",
                "pvalue": "p-value of this model.",
                "padj": "p-value adjusted for all columns (Benjamini and Hochberg).",
            },
        ),
        Table(
            r"surrogates\.tsv",
            {"sample": "Sample.", r"surrogate_(\d+)": "Value of surrogate variable {}."},
        ),
        Table(
            r"samples\.tsv",
            {"sample": "Sample.", r"surrogate_(\d+)": "Value of surrogate variable {}."},
            rest="From the sample sheet.",
        ),
        Table(
            r"cells\.tsv",
            {"cell": "Combination of levels.", "n_samples": "Samples with it.", "samples": "Their names."},
            rest="Level of this factor.",
        ),
        Table(
            r"crosstab\.tsv",
            {
                "factor": "Factor.",
                "level": "Its level.",
                "other_factor": "The factor that it is crossed with.",
                "other_level": "Level of that one.",
                "n_samples": "Samples with both levels.",
            },
        ),
    ),
)
