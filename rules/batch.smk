# 04 batch: what the design can and cannot tell apart.
# enters: <ingest>/samples.tsv; for unwanted variation also <filter>/counts.parquet, <normalize>/size_factors.tsv
# leaves: samples.tsv with the surrogate variables, if they are asked for;
#         design.tsv (the design matrix of the test), association, crosstab and cells; counts adjusted for figures


rule estimate_surrogates:
    """Estimate variation that no column of the sheet names, as covariates of the design."""
    input:
        counts="<filter>{subset}/counts.parquet",
        size_factors="<normalize>{subset}/size_factors.tsv",
        samples="<ingest>{subset}/samples.tsv",
        lengths=job(files.lengths),
        control_genes=job(files.surrogate_controls),
    output:
        surrogates="<batch>{subset}/surrogates.tsv",
        extended="<batch>{subset}/samples.tsv",
        association="<batch>{subset}/surrogate_association.tsv",
        record="<batch>{subset}/estimate_surrogates.record.json",
    log:
        "<logs>{subset}/estimate_surrogates.log",
    benchmark:
        "<benchmarks>{subset}/estimate_surrogates.tsv"
    group:
        "prepare"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("estimate_surrogates"),
    params:
        **settings_of("test", "fit_type", "compatibility"),
        model=job(settings.model),
        null_model=job(settings.surrogate_null),
        seed=1,
        given=content_of(job(files.surrogate_controls)),
        code=code("estimate_surrogates"),
    script:
        "../scripts/estimate_surrogates.py"


rule check_design:
    """Write the design matrix and measure confounding between all columns that matter."""
    input:
        samples=job(files.design_samples),
    output:
        design="<batch>{subset}/design.tsv",
        association="<batch>{subset}/association.tsv",
        crosstab="<batch>{subset}/crosstab.tsv",
        cells="<batch>{subset}/cells.tsv",
        summary="<batch>{subset}/design.json",
        compiled="<batch>{subset}/compiled_design.json",
        record="<batch>{subset}/check_design.record.json",
    log:
        "<logs>{subset}/check_design.log",
    benchmark:
        "<benchmarks>{subset}/check_design.tsv"
    group:
        "prepare"
    conda:
        "../envs/tables.yaml"
    resources:
        **needs("check_design"),
    params:
        model=job(settings.model),
        batch_columns=job(settings.batch_columns),
        max_cramers_v=setting("batch.max_cramers_v"),
        code=code("check_design"),
    script:
        "../scripts/check_design.py"


rule compile_contrasts:
    """Write the weights of every contrast. Apart from the design, so that a new contrast does not fit again."""
    input:
        design="<batch>{subset}/compiled_design.json",
        samples=job(files.design_samples),
    output:
        compiled="<batch>{subset}/contrasts.json",
        record="<batch>{subset}/compile_contrasts.record.json",
    log:
        "<logs>{subset}/compile_contrasts.log",
    benchmark:
        "<benchmarks>{subset}/compile_contrasts.tsv"
    group:
        "prepare"
    conda:
        "../envs/tables.yaml"
    resources:
        **needs("compile_contrasts"),
    params:
        contrasts=job(settings.contrasts),
        subject=job(settings.repeated_subject),
        code=code("compile_contrasts"),
    script:
        "../scripts/compile_contrasts.py"


rule adjust_counts:
    """Adjust counts for batch with ComBat-seq. FOR FIGURES ONLY: the test reads the raw counts."""
    input:
        counts="<filter>{subset}/counts.parquet",
        samples="<ingest>{subset}/samples.tsv",
    output:
        adjusted="<batch>{subset}/adjusted_counts.parquet",
        record="<batch>{subset}/adjust_counts.record.json",
    log:
        "<logs>{subset}/adjust_counts.log",
    benchmark:
        "<benchmarks>{subset}/adjust_counts.tsv"
    conda:
        "../envs/combat_seq.yaml"
    resources:
        **needs("adjust_counts"),
    params:
        batch_columns=setting("batch.columns"),
        group=job(settings.main_group),
        code=code("adjust_counts"),
    script:
        "../scripts/adjust_counts.py"
