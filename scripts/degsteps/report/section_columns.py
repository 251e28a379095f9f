"""What the columns of the report's own tables mean."""

from degsteps.sections.accounts import NA_REASONS
from degsteps.sections.definition import Section, Table

COLUMNS = Section(
    stage="report",
    name="report_columns",
    tables=(
        Table(
            r"accountability\.tsv",
            {
                "unit": "What is counted: cells, samples or genes.",
                "stage": "Stage, and the contrast or set of samples.",
                "outcome": "`received`, `dropped` or `kept`.",
                "reason": "Why dropped.",
                "n": "How many.",
            },
        ),
        Table(
            r"contrasts\.tsv",
            {
                "contrast": "Contrast.",
                "genes": "Genes in its table.",
                "tested": "Those with a p-value.",
                "adjusted": "Those with an adjusted p-value.",
                "up": "Genes called with a positive fold change.",
                "down": "Genes called with a negative fold change.",
                "(up|down)_marked": "Those ({}) whose fold change reaches the minimum of the settings.",
                "up_at_(.*)": "Genes called at {} with a positive fold change.",
                "down_at_(.*)": "Genes called at {} with a negative fold change.",
                **{
                    f"na_{reason}": f"Genes without (adjusted) p-value: {words}."
                    for reason, words in NA_REASONS.items()
                },
            },
        ),
        Table(
            r"verdicts\.tsv",
            {
                "check": "What was looked at; one of many of a kind is `kind: subject`.",
                "status": "`ok`, `note` (worth knowing), `warn` (look at it) or `bad` (settle it first).",
                "finding": "What was found.",
                "advice": "What to do; blank if nothing.",
                "short": "Of one of many of a kind: what is the case in a few words, as the page joins them in a row.",
            },
        ),
        Table(
            r"plan\.tsv",
            {
                "key": "Setting, given file or step.",
                "planned": "Its value in the locked plan.",
                "run": "Its value in this run.",
                "reason": "Why they differ; blank if none is given.",
            },
        ),
    ),
)
