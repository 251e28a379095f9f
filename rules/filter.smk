# 02 filter: genes with too few counts, each with the reason; and what is known of every gene.
# enters: <ingest>/counts.parquet; the gene table of the configuration
# leaves: counts.parquet of the genes that are tested, genes.tsv that accounts for all; annotation.tsv (symbols and the rest)


rule filter_genes:
    """Drop genes with too few counts to be tested, each with the reason."""
    input:
        counts="<ingest>{subset}/counts.parquet",
        samples="<ingest>{subset}/samples.tsv",
        keep_list=given_file("filter.keep_list"),
        drop_list=given_file("filter.drop_list"),
    output:
        filtered="<filter>{subset}/counts.parquet",
        genes="<filter>{subset}/genes.tsv",
        record="<filter>{subset}/filter_genes.record.json",
    log:
        "<logs>{subset}/filter_genes.log",
    benchmark:
        "<benchmarks>{subset}/filter_genes.tsv"
    group:
        "prepare"
    conda:
        "../envs/tables.yaml"
    resources:
        **needs("filter_genes"),
    params:
        **settings_of("filter", "method", "min_cpm", "min_samples", "min_count", "min_total_count"),
        groups=job(settings.filter_groups),
        given=content_of(given_file("filter.keep_list"), given_file("filter.drop_list")),
        code=code("filter_genes"),
    script:
        "../scripts/filter_genes.py"


rule plot_filter:
    """Draw which genes were dropped, and at what abundance."""
    input:
        counts="<ingest>{subset}/counts.parquet",
        genes="<filter>{subset}/genes.tsv",
    output:
        **figure("<filter>{subset}/filter", "Filter", "Gene filter{subset}"),
        record="<filter>{subset}/plot_filter.record.json",
    log:
        "<logs>{subset}/plot_filter.log",
    benchmark:
        "<benchmarks>{subset}/plot_filter.tsv"
    group:
        "prepare"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_filter"),
    params:
        look=setting("report.figures"),
        code=code("plot_filter"),
    script:
        "../scripts/plot_filter.py"


rule annotate_genes:
    """Find every gene in the gene table."""
    input:
        genes="<filter>/genes.tsv",
        source=job(files.gene_table),
    output:
        annotation="<filter>/annotation.tsv",
        record="<filter>/annotate_genes.record.json",
    log:
        "<logs>/annotate_genes.log",
    benchmark:
        "<benchmarks>/annotate_genes.tsv"
    group:
        "prepare"
    conda:
        "../envs/tables.yaml"
    resources:
        **needs("annotate_genes"),
    params:
        **settings_of("annotate", "release", "strip_version", "min_mapped_fraction"),
        given=content_of(given_file("annotate.genes")),
        code=code("annotate_genes"),
    script:
        "../scripts/annotate_genes.py"
