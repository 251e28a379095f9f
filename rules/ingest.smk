# 01 ingest: read what was given, check it, align it, merge sites, sum technical replicates; choose sets of samples.
# enters: the counts and the sample sheets of the configuration, of one site or of several
# leaves: counts.parquet, samples.tsv, who was left out and why, what each site sent; the same below sets/<name>
# All later stages take the samples of <ingest>{subset}: all of them, or those of whatever rule writes into sets/<name>.


rule ingest_counts:
    """Read counts and sample sheets, match and merge them, and account for every sample and gene."""
    input:
        matrix=job(files.counts),
        sheet=job(files.sheets),
        key=job(files.blinding_keys),
        tx2gene=given_file("ingest.tx2gene"),
        length_matrix=given_file("ingest.length_matrix"),
    output:
        counts="<ingest_of_counts>/counts.parquet",
        lengths="<ingest_of_counts>/lengths.parquet",
        samples="<ingest_of_counts>/samples.tsv",
        sample_account="<ingest_of_counts>/sample_account.tsv",
        gene_account="<ingest_of_counts>/gene_account.tsv",
        sites="<ingest_of_counts>/sites.tsv",
        replicates="<ingest_of_counts>/replicates.tsv",
        record="<ingest_of_counts>/ingest_counts.record.json",
    log:
        "<logs>/ingest_counts.log",
    benchmark:
        "<benchmarks>/ingest_counts.tsv"
    group:
        "prepare"
    conda:
        "../envs/tables.yaml"
    resources:
        **needs("ingest_counts"),
    params:
        sources=job(settings.count_sources),
        settings=job(settings.reading),
        group=setting("filter.group"),
        given=content_of(
            job(files.counts),
            job(files.sheets),
            job(files.blinding_keys),
            given_file("ingest.tx2gene"),
            given_file("ingest.length_matrix"),
        ),
        code=code("ingest_counts"),
    script:
        "../scripts/ingest_counts.py"


rule select_samples:
    """Take the samples of a set, and account for all others."""
    input:
        counts="<ingest>/counts.parquet",
        samples="<ingest>/samples.tsv",
    output:
        selected="<ingest>/sets/{sample_set}/counts.parquet",
        selected_samples="<ingest>/sets/{sample_set}/samples.tsv",
        account="<ingest>/sets/{sample_set}/sample_account.tsv",
        record="<ingest>/sets/{sample_set}/select_samples.record.json",
    log:
        "<logs>/sets/{sample_set}/select_samples.log",
    benchmark:
        "<benchmarks>/sets/{sample_set}/select_samples.tsv"
    group:
        "prepare"
    conda:
        "../envs/tables.yaml"
    resources:
        **needs("select_samples"),
    params:
        sample_set=job(settings.sample_set),
        code=code("select_samples"),
    script:
        "../scripts/select_samples.py"
