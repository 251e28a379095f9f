"""Account for every sample and gene, count what each contrast has found, and collect the verdicts.

What MultiQC shows is written here, too, where its numbers are at hand.
"""

from dataclasses import replace

from degsteps.report import accounting
from degsteps.report.multiqc import multiqc_contents
from degsteps.report.reading import stored_results
from degsteps.report.sections import sections_of
from degsteps.report.verdicts import collect_verdicts
from degsteps.step import Input, Inputs, Output, run
from degsteps.tables import read_json, read_table, read_text_table, write_json, write_table


def main(
    results: Inputs,
    steps: Input,
    accountability: Output,
    contrasts: Output,
    verdicts: Output,
    general: Output,
    library_sizes: Output,
    components: Output,
    calls: Output,
    settings: dict,
) -> dict:
    """Stop if any stage has other samples or genes than the one before it has kept."""
    test = settings["test"]
    stored = stored_results(
        results,
        settings=settings,
        records=read_json(steps),
        read_table=read_table,
        read_text_table=read_text_table,
        read_json=read_json,
        sections=sections_of(settings),
    )
    accounts = accounting.all_accounts(stored)
    summary = accounting.contrast_summaries(
        stored.contrasts,
        alpha=test["alpha"],
        min_log2_fold_change=test["min_log2_fold_change"],
        further_alphas=test["further_alphas"],
    )
    collected = collect_verdicts(replace(stored, accounts=accounts), sections_of(settings))
    write_table(accounting.accountability_table(accounts), accountability)
    write_table(summary, contrasts)
    write_table(collected, verdicts)
    contents = multiqc_contents(stored, summary).values()
    for content, path in zip(contents, (general, library_sizes, components, calls), strict=True):
        write_json(content, path)
    return {
        "verdicts": collected["status"].value_counts().sort_index().to_dict(),
        "contrasts": summary.to_dict("index"),
    }


if __name__ == "__main__":
    run(main)
