# 01 ingest: read what was given, check it, align it, merge sites, sum technical replicates.
# enters: the counts and the sample sheets of the configuration, of one site or of several
# leaves: counts.parquet, samples.tsv, who was left out and why, what each site sent


rule ingest_counts:
    """Read counts and sample sheets, match and merge them, and account for every sample and gene."""
    input:
        matrix=count_files,
        sheet=sheet_files,
        key=blinding_key,
        tx2gene=given_file("ingest.tx2gene"),
        length_matrix=given_file("ingest.length_matrix"),
    output:
        counts="<ingest>/counts.parquet",
        lengths="<ingest>/lengths.parquet",
        samples="<ingest>/samples.tsv",
        sample_account="<ingest>/sample_account.tsv",
        gene_account="<ingest>/gene_account.tsv",
        sites="<ingest>/sites.tsv",
        replicates="<ingest>/replicates.tsv",
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
        sources=count_sources,
        settings=ingest_settings,
        group=setting("filter.group"),
        code=code("ingest_counts"),
    script:
        "../scripts/ingest_counts.py"
