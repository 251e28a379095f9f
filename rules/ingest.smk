# 01 ingest: read what was given, check it, align it, merge sites, sum technical replicates.
# enters: the counts and the sample sheets of the configuration, of one site or of several
# leaves: counts.parquet, samples.tsv, who was left out and why, what each site sent
from degsteps.sources import given_files, given_sheets, sources_of


def count_files(wildcards):
    """Return every file of counts."""
    return given_files(ANALYSES[wildcards.analysis]["ingest"])


def sheet_files(wildcards):
    """Return the sample sheets."""
    return given_sheets(ANALYSES[wildcards.analysis]["ingest"])


def count_sources(wildcards):
    """Return which counts belong to which sheet, and how they are read."""
    ingest = ANALYSES[wildcards.analysis]["ingest"]
    return [source.as_params() for source in sources_of(ingest)]


def ingest_settings(wildcards):
    """Return what is done with what was read."""
    names = ["exclude_samples", "unmatched_samples", "duplicate_genes"]
    names += ["gene_versions", "estimated_counts", "strand", "length_correction"]
    names += ["merge_genes", "union_fill", "replicate_column"]
    names += ["max_replicate_bcv", "min_replicate_correlation"]
    ingest = ANALYSES[wildcards.analysis]["ingest"]
    return {name: ingest[name] for name in names}


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
