# 04 batch: what the design can and cannot tell apart.
# enters: <ingest>/samples.tsv; for unwanted variation also <filter>/counts.parquet, <normalize>/size_factors.tsv
# leaves: samples.tsv with the surrogate variables, if they are asked for;
#         design.tsv (the design matrix of the test), association, crosstab and cells; counts adjusted for figures


rule estimate_surrogates:
    """Estimate variation that no column of the sheet names, as covariates of the design."""
    input:
        counts="<filter>/counts.parquet",
        size_factors="<normalize>/size_factors.tsv",
        samples="<ingest>/samples.tsv",
        lengths=lengths_input,
        control_genes=surrogate_controls,
    output:
        surrogates="<batch>/surrogates.tsv",
        extended="<batch>/samples.tsv",
        association="<batch>/surrogate_association.tsv",
        record="<batch>/estimate_surrogates.record.json",
    log:
        "<logs>/estimate_surrogates.log",
    benchmark:
        "<benchmarks>/estimate_surrogates.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(per_million=10),
    params:
        model=model_of_set,
        null_model=surrogate_null,
        seed=1,
        fit_type=setting("test.fit_type"),
        compatibility=setting("test.compatibility"),
        code=code("estimate_surrogates"),
    script:
        "../scripts/estimate_surrogates.py"


rule check_design:
    """Write the design matrix and measure confounding between all columns that matter."""
    input:
        samples=design_samples,
    output:
        design="<batch>/design.tsv",
        association="<batch>/association.tsv",
        crosstab="<batch>/crosstab.tsv",
        cells="<batch>/cells.tsv",
        summary="<batch>/design.json",
        record="<batch>/check_design.record.json",
    log:
        "<logs>/check_design.log",
    benchmark:
        "<benchmarks>/check_design.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        model=setting("design"),
        batch_columns=setting("batch.columns"),
        max_cramers_v=setting("batch.max_cramers_v"),
        code=code("check_design"),
    script:
        "../scripts/check_design.py"


rule compile_contrasts:
    """Write the weights of every contrast. Apart from the design, so that a new contrast does not fit again."""
    input:
        samples=design_samples,
    output:
        compiled="<batch>/contrasts.json",
        record="<batch>/compile_contrasts.record.json",
    log:
        "<logs>/compile_contrasts.log",
    benchmark:
        "<benchmarks>/compile_contrasts.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        model=model_of_set,
        contrasts=contrasts_of_set,
        subject=repeated_subject,
        code=code("compile_contrasts"),
    script:
        "../scripts/compile_contrasts.py"


rule adjust_counts:
    """Adjust counts for batch with ComBat-seq. FOR FIGURES ONLY: the test reads the raw counts."""
    input:
        counts="<filter>/counts.parquet",
        samples="<ingest>/samples.tsv",
    output:
        adjusted="<batch>/adjusted_counts.parquet",
        record="<batch>/adjust_counts.record.json",
    log:
        "<logs>/adjust_counts.log",
    benchmark:
        "<benchmarks>/adjust_counts.tsv"
    conda:
        "../envs/combat_seq.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(per_million=10),
    params:
        batch_columns=setting("batch.columns"),
        group=setting("filter.group"),
        code=code("adjust_counts"),
    script:
        "../scripts/adjust_counts.py"
