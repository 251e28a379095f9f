"""Write the page of an analysis, with everything inside, and its methods as text."""

from degsteps.report import accounting
from degsteps.report.content import Content
from degsteps.report.methods import methods_text
from degsteps.report.page import render_page
from degsteps.step import Input, Inputs, OptionalInput, Output, run
from degsteps.tables import read_json, read_samples, read_table, read_text_table


def main(
    samples: Input,
    sample_account: Input,
    sites: Input,
    libraries: Input,
    genes: Input,
    design_summary: Input,
    association: Input,
    crosstab: Input,
    accountability: Input,
    contrasts: Input,
    verdicts: Input,
    contrast_tables: Inputs,
    contrast_figures: Inputs,
    figures: Inputs,
    set_figures: Inputs,
    overlap_figures: Inputs,
    steps: Input,
    compiled_contrasts: Inputs,
    agreements: Inputs,
    concordance_figures: Inputs,
    page: Output,
    methods: Output,
    settings: dict,
    workflow_versions: dict,
    sex: OptionalInput = None,
    subjects: OptionalInput = None,
    surrogate_association: OptionalInput = None,
) -> dict:
    """Read what the page shows; nothing is computed here."""
    common = {
        "settings": settings,
        "records": read_json(steps),
        "accounts": accounting.accounts_of(read_table(accountability, text=("reason", "stage"))),
        "design": accounting.with_contrasts(read_json(design_summary), map(read_json, compiled_contrasts)),
        "workflow_versions": workflow_versions,
    }
    text = methods_text(**common)
    content = Content(
        **common,
        samples=read_samples(samples),
        sample_account=read_table(sample_account, text=("reason",)),
        sites=read_text_table(sites),
        sex=read_text_table(sex) if sex else None,
        subjects=read_text_table(subjects) if subjects else None,
        libraries=read_table(libraries, text=("flags",)),
        genes=read_table(genes, text=("reason",)),
        association=read_table(association, text=("a", "b")),
        crosstab=read_table(crosstab, text=("level", "other_factor", "other_level")),
        verdicts=read_table(verdicts, text=("finding", "advice")),
        summary=read_table(contrasts),
        contrasts={path.stem: accounting.typed_results(read_text_table(path)) for path in contrast_tables},
        contrast_paths={path.stem: path for path in contrast_tables},
        figures=figures,
        agreements={
            path.name.removesuffix(".agreement.tsv"): read_table(path, text=("second",)) for path in agreements
        },
        concordance_figures=concordance_figures,
        contrast_figures=contrast_figures,
        set_figures=set_figures,
        overlap_figures=overlap_figures,
        methods=text,
        folder=page.parent,
        surrogate_association=read_table(surrogate_association, text=("column",)) if surrogate_association else None,
    )
    page.write_text(render_page(content), encoding="utf-8", newline="\n")
    methods.write_text(text.as_markdown(settings["title"]), encoding="utf-8", newline="\n")
    return {"references": len(text.references)}


if __name__ == "__main__":
    run(main)
