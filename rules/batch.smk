# 04 batch: what the design can and cannot tell apart.
# enters: <ingest>/samples.tsv
# leaves: design.tsv (the design matrix of the test), association, crosstab and cells; counts adjusted for figures


rule check_design:
    """Write the design matrix and measure confounding between all columns that matter."""
    input:
        samples="<ingest>/samples.tsv",
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
        samples="<ingest>/samples.tsv",
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
