# 01 ingest: read what was given, check it, align it.
# enters: the count matrix and the sample sheet of the configuration
# leaves: counts.parquet, samples.tsv, and who was left out and why


rule ingest_counts:
    """Read counts and sample sheet, match them, and account for every sample and gene."""
    input:
        matrix=given_file("ingest.counts"),
        sheet=given_file("ingest.samples"),
        key=blinding_key,
    output:
        counts="<ingest>/counts.parquet",
        samples="<ingest>/samples.tsv",
        sample_account="<ingest>/sample_account.tsv",
        gene_account="<ingest>/gene_account.tsv",
        record="<ingest>/ingest_counts.record.json",
    log:
        "<logs>/ingest_counts.log",
    benchmark:
        "<benchmarks>/ingest_counts.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(),
    params:
        sample_column=setting("ingest.sample_column"),
        gene_column=setting("ingest.gene_column"),
        ignore_columns=setting("ingest.ignore_columns"),
        exclude_samples=setting("ingest.exclude_samples"),
        unmatched_samples=setting("ingest.unmatched_samples"),
        duplicate_genes=setting("ingest.duplicate_genes"),
        estimated_counts=setting("ingest.estimated_counts"),
        code=code("ingest_counts"),
    script:
        "../scripts/ingest_counts.py"
