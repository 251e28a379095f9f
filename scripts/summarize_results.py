"""Account for every sample and gene, count what each contrast has found, and collect the verdicts."""

import pandas as pd

from degsteps.provenance.plan import verdict
from degsteps.report import accounting
from degsteps.report.verdicts import collect_verdicts
from degsteps.step import Input, Inputs, OptionalInput, Output, run
from degsteps.tables import read_json, read_table, read_text_table, write_table


def main(
    sample_account: Input,
    gene_account: Input,
    genes: Input,
    size_factors: Input,
    design: Input,
    design_summary: Input,
    association: Input,
    quality_verdicts: Input,
    contrast_tables: Inputs,
    steps: Input,
    set_genes: Inputs,
    set_samples: Inputs,
    compiled_contrasts: Inputs,
    accountability: Output,
    contrasts: Output,
    verdicts: Output,
    settings: dict,
    identity_verdicts: OptionalInput = None,
    plan: OptionalInput = None,
) -> dict:
    """Stop if any stage has other samples or genes than the one before it has kept."""
    test = settings["test"]
    texts = ("reason", "a", "b", "finding", "advice")
    tables = {path.stem: accounting.typed_results(read_text_table(path)) for path in contrast_tables}
    accounts = accounting.sample_accounts(
        read_table(sample_account, text=texts),
        normalize=read_table(size_factors).index,
        design=read_table(design).index,
    )
    accounts += accounting.set_accounts({path.parent.name: read_table(path, text=texts) for path in set_samples})
    accounts += accounting.gene_accounts(
        read_table(gene_account),
        read_table(genes, text=texts),
        tables,
        {path.parent.name: read_table(path, text=texts) for path in set_genes},
        {name: contrast.get("sample_set") for name, contrast in test["contrasts"].items()},
    )
    summary = accounting.contrast_summaries(
        tables, alpha=test["alpha"], min_log2_fold_change=test["min_log2_fold_change"]
    )
    quality = read_table(quality_verdicts, text=texts)
    if identity_verdicts:
        quality = pd.concat([quality, read_table(identity_verdicts, text=texts)])
    found = collect_verdicts(
        settings=settings,
        records=read_json(steps),
        accounts=accounts,
        design=accounting.with_contrasts(read_json(design_summary), map(read_json, compiled_contrasts)),
        association=read_table(association, text=texts),
        quality=quality,
        contrasts=tables,
    )
    if plan:
        found.loc["plan"] = verdict(read_text_table(plan).reset_index().to_dict("records"))
    write_table(accounting.accountability_table(accounts), accountability)
    write_table(summary, contrasts)
    write_table(found, verdicts)
    return {"verdicts": found["status"].value_counts().sort_index().to_dict(), "contrasts": summary.to_dict("index")}


if __name__ == "__main__":
    run(main)
