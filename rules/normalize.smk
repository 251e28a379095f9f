# 03 normalize: size factors for the test, normalised tables for inspection.
# enters: <filter>/counts.parquet
# leaves: size_factors.tsv, tables/<name>.parquet, and .tsv.gz of matrices that are not too large (for reading, never for
#         the test)


rule estimate_size_factors:
    """Estimate one size factor per sample."""
    input:
        counts="<filter>{subset}/counts.parquet",
        control_genes=given_file("normalize.control_genes"),
        given_size_factors=given_file("normalize.given_size_factors"),
        lengths=job(files.lengths),
    output:
        size_factors="<normalize>{subset}/size_factors.tsv",
        record="<normalize>{subset}/estimate_size_factors.record.json",
    log:
        "<logs>{subset}/estimate_size_factors.log",
    benchmark:
        "<benchmarks>{subset}/estimate_size_factors.tsv"
    group:
        "prepare"
    conda:
        "../envs/tables.yaml"
    resources:
        **needs("estimate_size_factors"),
    params:
        method=setting("normalize.size_factors"),
        given=content_of(
            given_file("normalize.control_genes"),
            given_file("normalize.given_size_factors"),
        ),
        code=code("estimate_size_factors"),
    script:
        "../scripts/estimate_size_factors.py"


rule export_normalized:
    """Write one normalised table for inspection: nothing later in the flow reads it."""
    input:
        counts="<filter>{subset}/counts.parquet",
        size_factors="<normalize>{subset}/size_factors.tsv",
        gene_lengths=given_file("ingest.gene_lengths"),
        lengths=job(files.lengths),
    output:
        table="<tables_without_text>{subset}/tables/{table}.parquet",
        record="<tables_without_text>{subset}/tables/{table}.export_normalized.record.json",
    log:
        "<logs>{subset}/{table}.export_normalized.log",
    benchmark:
        "<benchmarks>{subset}/{table}.export_normalized.tsv"
    group:
        "prepare"
    conda:
        "../envs/normalize.yaml"
    resources:
        **needs("export_normalized"),
    params:
        name=wildcard("table"),
        given=content_of(given_file("ingest.gene_lengths")),
        code=code("export_normalized"),
    script:
        "../scripts/export_normalized.py"


use rule export_normalized as export_normalized_as_text with:
    output:
        table="<tables_with_text>{subset}/tables/{table}.parquet",
        text="<tables_with_text>{subset}/tables/{table}.tsv.gz",
        record="<tables_with_text>{subset}/tables/{table}.export_normalized.record.json",
