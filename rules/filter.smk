# 02 filter: genes with too few counts, each with the reason.
# enters: <ingest>/counts.parquet
# leaves: counts.parquet of the genes that are tested, genes.tsv that accounts for all


rule filter_genes:
    """Drop genes with too few counts to be tested, each with the reason."""
    input:
        counts="<ingest>/counts.parquet",
        samples="<ingest>/samples.tsv",
        keep_list=given_file("filter.keep_list"),
        drop_list=given_file("filter.drop_list"),
    output:
        filtered="<filter>/counts.parquet",
        genes="<filter>/genes.tsv",
        record="<filter>/filter_genes.record.json",
    log:
        "<logs>/filter_genes.log",
    benchmark:
        "<benchmarks>/filter_genes.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(),
    params:
        method=setting("filter.method"),
        group=setting("filter.group"),
        min_cpm=setting("filter.min_cpm"),
        min_samples=setting("filter.min_samples"),
        min_count=setting("filter.min_count"),
        min_total_count=setting("filter.min_total_count"),
        code=code("filter_genes"),
    script:
        "../scripts/filter_genes.py"


rule plot_filter:
    """Draw which genes were dropped, and at what abundance."""
    input:
        counts="<ingest>/counts.parquet",
        genes="<filter>/genes.tsv",
    output:
        figure_png=report(
            "<filter>/filter.png",
            category="{analysis}",
            subcategory="Filter",
            labels={"figure": "Gene filter"},
        ),
        figure_svg="<filter>/filter.svg",
        record="<filter>/plot_filter.record.json",
    log:
        "<logs>/plot_filter.log",
    benchmark:
        "<benchmarks>/plot_filter.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        code=code("plot_filter"),
    script:
        "../scripts/plot_filter.py"
