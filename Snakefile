# degsteps: raw RNA-seq counts to annotated tables of differentially expressed genes, one reproducible step at a time.
# This file is the table of contents. Each stage is one file in rules/, each rule one script in scripts/.
from snakemake.utils import min_version

min_version("9.17.1")


configfile: "config/config.yaml"


include: "rules/common.smk"  # analyses, checks before any job
include: "rules/bindings.smk"  # what rules ask for, by the job's wildcards
include: "rules/paths.smk"  # where each stage's files lie
include: "rules/cells.smk"  # 00  files of cells    -> cells kept and labelled, sums by donor, condition and cell type
include: "rules/ingest.smk"  # 01  given files      -> counts, samples, who was kept; sets of samples
include: "rules/filter.smk"  # 02  counts           -> counts worth testing, each dropped gene with its reason
include: "rules/normalize.smk"  # 03  counts        -> size factors, tables for inspection
include: "rules/batch.smk"  # 04  samples           -> design matrix, confounding
include: "rules/transform.smk"  # 05  counts        -> values for figures, batch-adjusted values for figures
include: "rules/qc.smk"  # 06  all of the above     -> quality figures and the tables behind them
include: "rules/test.smk"  # 07  counts, design     -> one fit, one table per contrast
include: "rules/stability.smk"  # 07 again under other settings, and without each sample
include: "rules/concordance.smk"  # 07 again by second engines
include: "rules/annotate.smk"  # 08  contrast tables -> with gene symbols and the rest, figures
include: "rules/enrich.smk"  # 09  contrast tables -> sets of genes: tables, figures
include: "rules/report.smk"  # 10  everything       -> page, spreadsheet, methods text, manifest


rule all:
    """Everything of every analysis."""
    default_target: True
    input:
        targets.targets(ANALYSES, *by_default()),
        lost(*by_default()),


# One analysis by its name: `snakemake --cores 2 airway`.
for _name in ANALYSES:

    rule:
        name:
            _name
        input:
            targets.targets(ANALYSES, _name),
            lost(_name),


# Single cells up to their labels, before anything is summed: `snakemake --cores 2 <name>_cells`.
for _name in (name for name, analysis in ANALYSES.items() if analysis["cells"]):

    rule:
        name:
            f"{_name}_cells"
        input:
            targets.cells_only(ANALYSES[_name], _name),


onstart:
    missing = missing_packages(workflow)
    if missing:
        raise WorkflowError(missing)
    misfits = unfit(requests_of(workflow.dag), config.get("partitions") or {}) if not workflow.local_exec else []
    if misfits:
        raise WorkflowError(refusal(misfits))
    remove_leftovers([CACHE, *map(results_folder, ANALYSES.keys() - set(SEALED))], here=workflow.local_exec)


onsuccess:
    print(closing_lines())


onerror:
    if TERMINAL:
        TERMINAL.end_with_causes(log)
