# 10 report: one page, one spreadsheet, the methods in words, and the manifest that ties everything together.
# enters: tables, figures and records of all stages
# leaves: ro-crate-metadata.json beside the stages; report.html, workbook.xlsx, methods.md, references.bib, contrasts.tsv,
#         accountability.tsv, verdicts.tsv, plan.tsv, multiqc/ (for MultiQC), steps.json, manifest.json


rule check_plan:
    """Compare the run with the locked analysis plan."""
    input:
        lock=given_file("plan.lock"),
        given=job(files.planned),
    output:
        deviations="<report>/plan.tsv",
        record="<report>/check_plan.record.json",
    log:
        "<logs>/check_plan.log",
    benchmark:
        "<benchmarks>/check_plan.tsv"
    group:
        "finish"
    conda:
        "../envs/tables.yaml"
    resources:
        **needs("check_plan"),
    params:
        settings=all_settings(),
        steps=planned_code,
        given=content_of(given_file("plan.lock"), job(files.planned)),
        code=code("check_plan"),
    script:
        "../scripts/check_plan.py"


rule collect_records:
    """Follow the records back from the last files of every stage, so that the report can say what was done."""
    input:
        last_files=job(targets.last_files),
    output:
        steps="<report>/steps.json",
        record="<report>/collect_records.record.json",
    log:
        "<logs>/collect_records.log",
    benchmark:
        "<benchmarks>/collect_records.tsv"
    group:
        "finish"
    conda:
        "../envs/tables.yaml"
    resources:
        **needs("collect_records"),
    params:
        code=code("collect_records"),
    script:
        "../scripts/collect_records.py"


rule summarize_results:
    """Account for every sample and gene, count calls, collect the verdicts, and write what MultiQC shows."""
    input:
        results=job(targets.reported_files),
        steps="<report>/steps.json",
    output:
        accountability=in_report("<report>/accountability.tsv", "Report", table="Accountability"),
        contrasts=in_report("<report>/contrasts.tsv", "Report", table="Contrasts"),
        verdicts=in_report("<report>/verdicts.tsv", "Report", table="Verdicts"),
        general="<report>/multiqc/general_mqc.json",
        library_sizes="<report>/multiqc/library_sizes_mqc.json",
        components="<report>/multiqc/pca_mqc.json",
        calls="<report>/multiqc/contrasts_mqc.json",
        record="<report>/summarize_results.record.json",
    log:
        "<logs>/summarize_results.log",
    benchmark:
        "<benchmarks>/summarize_results.tsv"
    group:
        "finish"
    conda:
        "../envs/report.yaml"
    resources:
        **needs("summarize_results"),
    params:
        settings=all_settings(),
        code=code("summarize_results"),
    script:
        "../scripts/summarize_results.py"


# What the page and the spreadsheet show.
SUMMARIZED = dict(
    results=job(targets.reported_files),
    steps="<report>/steps.json",
    accountability="<report>/accountability.tsv",
    contrasts="<report>/contrasts.tsv",
    verdicts="<report>/verdicts.tsv",
)


rule render_report:
    """Write the page, with everything inside, and the methods as text and as BibTeX."""
    input:
        **SUMMARIZED,
        counts=job(files.explored_counts),
        lengths=job(files.explored_lengths),
        factors=job(files.explored_factors),
        of_samples=job(files.explored_samples),
    output:
        page=in_report("<report>/report.html", "Report", page="Report"),
        methods="<report>/methods.md",
        references="<report>/references.bib",
        record="<report>/render_report.record.json",
    log:
        "<logs>/render_report.log",
    benchmark:
        "<benchmarks>/render_report.tsv"
    group:
        "finish"
    conda:
        "../envs/report.yaml"
    resources:
        **needs("render_report"),
    params:
        settings=all_settings(),
        workflow_versions=workflow_versions,
        code=code("render_report"),
    script:
        "../scripts/render_report.py"


rule write_workbook:
    """Write all results into one spreadsheet, one sheet per contrast."""
    input:
        **SUMMARIZED,
        counts="<ingest>/counts.parquet",
        size_factors="<normalize>/size_factors.tsv",
        lengths=job(files.lengths),
    output:
        workbook=in_report("<report>/workbook.xlsx", "Report", table="Spreadsheet"),
        record="<report>/write_workbook.record.json",
    log:
        "<logs>/write_workbook.log",
    benchmark:
        "<benchmarks>/write_workbook.tsv"
    group:
        "finish"
    conda:
        "../envs/report.yaml"
    resources:
        **needs("write_workbook"),
    params:
        settings=all_settings(),
        workflow_versions=workflow_versions,
        code=code("write_workbook"),
    script:
        "../scripts/write_workbook.py"


# Which figures there are depends on the analysis, so each that asks for PDF has a rule: one job draws all of them.
for _name in (name for name in ANALYSES if targets.printed_figures(ANALYSES[name]) and name not in SEALED):

    rule:
        name:
            f"print_figures_{_name}"
        input:
            figures=job(targets.drawn_figures),
        output:
            printed=paths_of_one(_name, ANALYSES[_name]["version"], targets.printed_figures(ANALYSES[_name])),
            record=paths_of_one(_name, ANALYSES[_name]["version"], ["<report>/print_figures.record.json"])[0],
        log:
            "<logs>/print_figures.log",
        benchmark:
            "<benchmarks>/print_figures.tsv"
        group:
            "finish"
        conda:
            "../envs/cells.yaml" if ANALYSES[_name]["cells"] else "../envs/figures.yaml"
        resources:
            **needs("print_figures"),
        params:
            code=code("print_figures"),
        script:
            "../scripts/print_figures.py"


rule write_manifest:
    """Join the records of all steps into one graph."""
    input:
        last_files=job(targets.last_files),
        report_files=job(targets.report_files),
    output:
        manifest="<report>/manifest.json",
        record="<report>/write_manifest.record.json",
    log:
        "<logs>/write_manifest.log",
    benchmark:
        "<benchmarks>/write_manifest.tsv"
    group:
        "finish"
    conda:
        "../envs/tables.yaml"
    resources:
        **needs("write_manifest"),
    params:
        settings=all_settings(),
        code=code("write_manifest"),
    script:
        "../scripts/write_manifest.py"


rule write_crate:
    """Describe the run as an RO-Crate, for tools that know this standard."""
    input:
        manifest="<report>/manifest.json",
    output:
        crate="<version>/ro-crate-metadata.json",
        workflow="<version>/Snakefile",
        record="<report>/write_crate.record.json",
    log:
        "<logs>/write_crate.log",
    benchmark:
        "<benchmarks>/write_crate.tsv"
    group:
        "finish"
    conda:
        "../envs/report.yaml"
    resources:
        **needs("write_crate"),
    params:
        snakefile=own_snakefile,
        workflow_versions=workflow_versions,
        code=code("write_crate"),
    script:
        "../scripts/write_crate.py"
