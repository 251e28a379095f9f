# 10 report: one page, one spreadsheet, the methods in words, and the manifest that ties everything together.
# enters: tables, figures and records of all stages
# leaves: ro-crate-metadata.json beside the stages; report.html, workbook.xlsx, methods.md, contrasts.tsv, accountability.tsv, verdicts.tsv, plan.tsv, manifest.json


rule check_plan:
    """Compare the run with the locked analysis plan."""
    input:
        lock=given_file("plan.lock"),
        given=planned_files,
    output:
        deviations="<report>/plan.tsv",
        record="<report>/check_plan.record.json",
    log:
        "<logs>/check_plan.log",
    benchmark:
        "<benchmarks>/check_plan.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        settings=analysis_settings,
        steps=planned_code,
        code=code("check_plan"),
    script:
        "../scripts/check_plan.py"


rule summarize_results:
    """Account for every sample and gene, count what each contrast has found, and collect the verdicts."""
    input:
        results=reported_files,
        records=step_records,
    output:
        accountability=report(
            "<report>/accountability.tsv",
            category="{analysis}",
            subcategory="Report",
            labels={"table": "Accountability"},
        ),
        contrasts=report(
            "<report>/contrasts.tsv",
            category="{analysis}",
            subcategory="Report",
            labels={"table": "Contrasts"},
        ),
        verdicts=report(
            "<report>/verdicts.tsv",
            category="{analysis}",
            subcategory="Report",
            labels={"table": "Verdicts"},
        ),
        record="<report>/summarize_results.record.json",
    log:
        "<logs>/summarize_results.log",
    benchmark:
        "<benchmarks>/summarize_results.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        settings=analysis_settings,
        code=code("summarize_results"),
    script:
        "../scripts/summarize_results.py"


rule render_report:
    """Write the page, with everything inside, and the methods as text."""
    input:
        results=reported_files,
        records=step_records,
        accountability="<report>/accountability.tsv",
        contrasts="<report>/contrasts.tsv",
        verdicts="<report>/verdicts.tsv",
    output:
        page=report(
            "<report>/report.html",
            category="{analysis}",
            subcategory="Report",
            labels={"page": "Report"},
        ),
        methods="<report>/methods.md",
        record="<report>/render_report.record.json",
    log:
        "<logs>/render_report.log",
    benchmark:
        "<benchmarks>/render_report.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        settings=analysis_settings,
        workflow_versions=workflow_versions,
        code=code("render_report"),
    script:
        "../scripts/render_report.py"


rule write_workbook:
    """Write all results into one spreadsheet, one sheet per contrast."""
    input:
        results=reported_files,
        records=step_records,
        accountability="<report>/accountability.tsv",
        contrasts="<report>/contrasts.tsv",
        verdicts="<report>/verdicts.tsv",
    output:
        workbook=report(
            "<report>/workbook.xlsx",
            category="{analysis}",
            subcategory="Report",
            labels={"table": "Spreadsheet"},
        ),
        record="<report>/write_workbook.record.json",
    log:
        "<logs>/write_workbook.log",
    benchmark:
        "<benchmarks>/write_workbook.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        settings=analysis_settings,
        workflow_versions=workflow_versions,
        code=code("write_workbook"),
    script:
        "../scripts/write_workbook.py"


rule write_manifest:
    """Join the records of all steps into one graph."""
    input:
        records=all_records,
        page=report_file("report.html"),
        workbook=report_file("workbook.xlsx"),
    output:
        manifest="<report>/manifest.json",
        record="<report>/write_manifest.record.json",
    log:
        "<logs>/write_manifest.log",
    benchmark:
        "<benchmarks>/write_manifest.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        settings=analysis_settings,
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
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        snakefile=own_snakefile,
        workflow_versions=workflow_versions,
        code=code("write_crate"),
    script:
        "../scripts/write_crate.py"
