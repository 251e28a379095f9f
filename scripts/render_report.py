"""Write the page of an analysis, with everything inside, and its methods as text and as BibTeX."""

from degsteps.report import accounting
from degsteps.report.content import Content
from degsteps.report.methods import methods_text
from degsteps.report.page import render_page
from degsteps.report.reading import stored_results
from degsteps.report.sections import sections_of
from degsteps.step import Input, Inputs, Output, run
from degsteps.tables import read_json, read_table, read_text_table


def main(
    results: Inputs,
    steps: Input,
    accountability: Input,
    contrasts: Input,
    verdicts: Input,
    page: Output,
    methods: Output,
    references: Output,
    settings: dict,
    workflow_versions: dict,
) -> dict:
    """Read what the page shows; nothing is computed here."""
    stored = stored_results(
        results,
        settings=settings,
        records=read_json(steps),
        accounts=accounting.accounts_of(read_table(accountability, text=("reason", "stage"))),
        workflow_versions=workflow_versions,
        read_table=read_table,
        read_text_table=read_text_table,
        read_json=read_json,
        sections=sections_of(settings),
    )
    text = methods_text(stored, sections_of(settings))
    content = Content(
        results=stored,
        verdicts=read_table(verdicts, text=("finding", "advice", "short")),
        summary=read_table(contrasts),
        methods=text,
        folder=page.parent,
        sections=sections_of(settings),
    )
    page.write_text(render_page(content), encoding="utf-8", newline="\n")
    methods.write_text(text.as_markdown(settings["title"]), encoding="utf-8", newline="\n")
    references.write_text(text.as_bibtex(), encoding="utf-8", newline="\n")
    return {"references": len(text.references)}


if __name__ == "__main__":
    run(main)
