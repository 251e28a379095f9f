"""Write the page of an analysis, with everything inside, and its methods as text and as BibTeX."""

import re

import pandas as pd

from degsteps.normalize.size_factors import length_factors
from degsteps.report import accounting
from degsteps.report.content import Content, Explored
from degsteps.report.methods import methods_text
from degsteps.report.page import render_page
from degsteps.report.reading import stored_results
from degsteps.report.sections import sections_of
from degsteps.sections.results import place_of
from degsteps.step import Input, Inputs, OptionalInput, Output, run
from degsteps.tables import read_json, read_matrix, read_table, read_text_table


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
    factors: Inputs = (),
    of_samples: Inputs = (),
    counts: OptionalInput = None,
    lengths: OptionalInput = None,
) -> dict:
    """Read what the page shows; nothing is computed here.

    Size ``factors`` are those of each tested set of samples; tables ``of_samples`` say how samples lie to each other.
    """
    stored = stored_results(
        [*results, *of_samples],
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
        explored=Explored(_counts(counts, lengths), dict(map(_size_factors, factors))) if counts else None,
    )
    page.write_text(render_page(content), encoding="utf-8", newline="\n")
    methods.write_text(text.as_markdown(settings["title"]), encoding="utf-8", newline="\n")
    references.write_text(text.as_bibtex(), encoding="utf-8", newline="\n")
    return {"references": len(text.references)}


def _counts(counts: Input, lengths: OptionalInput) -> pd.DataFrame:
    matrix = read_matrix(counts)
    if not lengths:
        return matrix
    return matrix / length_factors(read_matrix(lengths).loc[matrix.index, matrix.columns])


def _size_factors(path: Input) -> tuple[str | None, pd.Series]:
    subset = re.fullmatch(r"normalize/sets/([^/]+)/size_factors\.tsv", place_of(path))
    return subset[1] if subset else None, read_table(path)["size_factor"]


if __name__ == "__main__":
    run(main)
