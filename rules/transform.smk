# 05 transform: values on a scale where distances mean something. For figures; no gene is tested by them. The correlation
# of genes within sets is estimated from their residuals (09 enrich).
# enters: <filter>/counts.parquet, <normalize>/size_factors.tsv, <batch>/design.tsv
# leaves: transformed.parquet, adjusted.parquet (without the batches)


rule transform_counts:
    """Transform counts for figures and clustering."""
    input:
        counts="<filter>{subset}/counts.parquet",
        size_factors="<normalize>{subset}/size_factors.tsv",
        design="<batch>{subset}/design.tsv",
        lengths=job(files.lengths),
    output:
        transformed="<transform>{subset}/transformed.parquet",
        record="<transform>{subset}/transform_counts.record.json",
    log:
        "<logs>{subset}/transform_counts.log",
    benchmark:
        "<benchmarks>{subset}/transform_counts.tsv"
    group:
        "quality"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("transform_counts"),
    params:
        **settings_of("transform", "method", "blind", "trend_genes"),
        fit_type=setting("test.fit_type"),
        code=code("transform_counts"),
    script:
        "../scripts/transform_counts.py"


rule adjust_transformed:
    """Remove the batches from the transformed values, keeping what the design asks. FOR FIGURES ONLY."""
    input:
        values=job(files.before_adjustment),
        samples=job(files.design_samples),
        design="<batch>{subset}/compiled_design.json",
    output:
        adjusted="<transform>{subset}/adjusted.parquet",
        record="<transform>{subset}/adjust_transformed.record.json",
    log:
        "<logs>{subset}/adjust_transformed.log",
    benchmark:
        "<benchmarks>{subset}/adjust_transformed.tsv"
    group:
        "quality"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("adjust_transformed"),
    params:
        model=job(settings.model),
        method=job(settings.adjustment_method),
        batch_columns=setting("batch.columns"),
        transform=setting("transform.method"),
        trend_genes=setting("transform.trend_genes"),
        fit_type=setting("test.fit_type"),
        code=code("adjust_transformed"),
    script:
        "../scripts/adjust_transformed.py"
