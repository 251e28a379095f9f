# 05 transform: values on a scale where distances mean something. FOR FIGURES ONLY.
# enters: <filter>/counts.parquet, <normalize>/size_factors.tsv, <batch>/design.tsv
# leaves: transformed.parquet, adjusted.parquet (without the batches)


rule transform_counts:
    """Transform counts for figures and clustering."""
    input:
        counts="<filter>/counts.parquet",
        size_factors="<normalize>/size_factors.tsv",
        design="<batch>/design.tsv",
        lengths=lengths_input,
    output:
        transformed="<transform>/transformed.parquet",
        record="<transform>/transform_counts.record.json",
    log:
        "<logs>/transform_counts.log",
    benchmark:
        "<benchmarks>/transform_counts.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(per_million=10),
    params:
        method=setting("transform.method"),
        blind=setting("transform.blind"),
        trend_genes=setting("transform.trend_genes"),
        fit_type=setting("test.fit_type"),
        code=code("transform_counts"),
    script:
        "../scripts/transform_counts.py"


rule adjust_transformed:
    """Remove the batches from the transformed values, keeping what the design asks. FOR FIGURES ONLY."""
    input:
        values=adjustment_input,
        samples=design_samples,
    output:
        adjusted="<transform>/adjusted.parquet",
        record="<transform>/adjust_transformed.record.json",
    log:
        "<logs>/adjust_transformed.log",
    benchmark:
        "<benchmarks>/adjust_transformed.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(),
    params:
        model=setting("design"),
        method=adjustment_method,
        batch_columns=setting("batch.columns"),
        transform=setting("transform.method"),
        trend_genes=setting("transform.trend_genes"),
        fit_type=setting("test.fit_type"),
        code=code("adjust_transformed"),
    script:
        "../scripts/adjust_transformed.py"
