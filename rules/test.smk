# 07 test: one fit per design, one table per contrast. Reads raw counts and size factors, nothing adjusted.
# enters: <filter>/counts.parquet, <normalize>/size_factors.tsv, <batch>/design.tsv
# leaves: model.h5ad (the fit), genes.tsv (dispersions), <contrast>.tsv, figures


rule fit_model:
    """Fit variances and coefficients of every gene, once for all contrasts."""
    input:
        counts="<filter>{subset}/counts.parquet",
        size_factors="<normalize>{subset}/size_factors.tsv",
        design="<batch>{subset}/design.tsv",
        lengths=job(files.lengths),
        samples=job(files.subject_sheet),
    output:
        model="<test_whole>{subset}/model.h5ad",
        genes="<test_whole>{subset}/genes.tsv",
        record="<test_whole>{subset}/fit_model.record.json",
    log:
        "<logs>{subset}/fit_model.log",
    benchmark:
        "<benchmarks>{subset}/fit_model.tsv"
    group:
        "fit"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("fit_model"),
    params:
        **settings_of("test", "engine", "compatibility", "fit_type", "quasi_likelihood", "sample_weights"),
        subject=job(settings.correlated_subject),
        code=code("fit_model"),
    script:
        "../scripts/fit_model.py"


# Where the genes are scattered over jobs (test.scatter), the next four do what fit_model does. Snakemake's scattergather
# has one number of parts for the whole workflow; here each analysis has its own.
rule fit_gene_wise:
    """Make the first pass over a part of the genes: gene-wise dispersions."""
    input:
        counts="<filter>{subset}/counts.parquet",
        size_factors="<normalize>{subset}/size_factors.tsv",
        design="<batch>{subset}/design.tsv",
        lengths=job(files.lengths),
    output:
        gene_wise="<test>{subset}/fit_gene_wise/{part}.parquet",
        record="<test>{subset}/fit_gene_wise/{part}.fit_gene_wise.record.json",
    log:
        "<logs>{subset}/{part}.fit_gene_wise.log",
    benchmark:
        "<benchmarks>{subset}/{part}.fit_gene_wise.tsv"
    group:
        "gene_wise"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("fit_gene_wise"),
    params:
        **settings_of("test", "engine", "compatibility", "quasi_likelihood"),
        part=wildcard("part"),
        code=code("fit_gene_wise"),
    script:
        "../scripts/fit_gene_wise.py"


rule fit_trend:
    """Find what the genes of all parts share: the trend of the dispersions."""
    input:
        gene_wise=parts("fit_gene_wise", "parquet"),
        design="<batch>{subset}/design.tsv",
        counts=job(files.seen_by_all, "<filter>/counts.parquet"),
        size_factors=job(files.seen_by_all, "<normalize>/size_factors.tsv"),
        lengths=job(files.lengths_seen_by_all),
    output:
        trend="<test>{subset}/trend.json",
        record="<test>{subset}/fit_trend.record.json",
    log:
        "<logs>{subset}/fit_trend.log",
    benchmark:
        "<benchmarks>{subset}/fit_trend.tsv"
    group:
        "trend"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("fit_trend"),
    params:
        **settings_of("test", "engine", "compatibility", "fit_type", "quasi_likelihood"),
        code=code("fit_trend"),
    script:
        "../scripts/fit_trend.py"


rule fit_coefficients:
    """Fit final dispersions and coefficients of a part of the genes."""
    input:
        counts="<filter>{subset}/counts.parquet",
        size_factors="<normalize>{subset}/size_factors.tsv",
        design="<batch>{subset}/design.tsv",
        lengths=job(files.lengths),
        gene_wise="<test>{subset}/fit_gene_wise/{part}.parquet",
        trend="<test>{subset}/trend.json",
    output:
        fit="<test>{subset}/fit_coefficients/{part}.h5ad",
        record="<test>{subset}/fit_coefficients/{part}.fit_coefficients.record.json",
    log:
        "<logs>{subset}/{part}.fit_coefficients.log",
    benchmark:
        "<benchmarks>{subset}/{part}.fit_coefficients.tsv"
    group:
        "coefficients"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("fit_coefficients"),
    params:
        **settings_of("test", "engine", "compatibility", "quasi_likelihood"),
        part=wildcard("part"),
        code=code("fit_coefficients"),
    script:
        "../scripts/fit_coefficients.py"


rule join_parts:
    """Join the parts of a fit: bit for bit the fit of a single job."""
    input:
        parts=parts("fit_coefficients", "h5ad"),
    output:
        model="<test_in_parts>{subset}/model.h5ad",
        genes="<test_in_parts>{subset}/genes.tsv",
        record="<test_in_parts>{subset}/join_parts.record.json",
    log:
        "<logs>{subset}/join_parts.log",
    benchmark:
        "<benchmarks>{subset}/join_parts.tsv"
    group:
        "fit"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("join_parts"),
    params:
        engine=setting("test.engine"),
        code=code("join_parts"),
    script:
        "../scripts/join_parts.py"


rule test_contrast:
    """Test one contrast in every gene; maximum-likelihood and shrunken fold changes side by side."""
    input:
        model=of_subset("<test>/model.h5ad"),
        counts=of_subset("<filter>/counts.parquet"),
        size_factors=of_subset("<normalize>/size_factors.tsv"),
        design=of_subset("<batch>/compiled_design.json"),
        samples=of_subset("<ingest>/samples.tsv"),
    output:
        table=in_report("<test>/{contrast}.tsv", "Tests", table="{contrast}"),
        record="<test>/{contrast}.test_contrast.record.json",
    log:
        "<logs>/{contrast}.test_contrast.log",
    benchmark:
        "<benchmarks>/{contrast}.test_contrast.tsv"
    group:
        "contrast"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("test_contrast"),
    params:
        **settings_of(
            "test", "alpha", "cooks_filter", "independent_filtering", "adjustment", "shrinkage", "lfc_threshold"
        ),
        name=wildcard("contrast"),
        effect_bounds=job(settings.effect_bounds),
        unit_columns=job(settings.unit_columns),
        contrast=job(settings.contrast),
        code=code("test_contrast"),
    script:
        "../scripts/test_contrast.py"


rule export_sample_weights:
    """Write the weights of the samples."""
    input:
        model="<test>{subset}/model.h5ad",
        samples="<ingest>{subset}/samples.tsv",
    output:
        weights="<test>{subset}/sample_weights.tsv",
        record="<test>{subset}/export_sample_weights.record.json",
    log:
        "<logs>{subset}/export_sample_weights.log",
    benchmark:
        "<benchmarks>{subset}/export_sample_weights.tsv"
    group:
        "fit"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("export_sample_weights"),
    params:
        group=job(settings.main_group),
        code=code("export_sample_weights"),
    script:
        "../scripts/export_sample_weights.py"


rule plot_sample_weights:
    """Draw the weights of the samples."""
    input:
        weights="<test>{subset}/sample_weights.tsv",
    output:
        **figure("<test>{subset}/sample_weights", "Test", "Sample weights{subset}"),
        record="<test>{subset}/plot_sample_weights.record.json",
    log:
        "<logs>{subset}/plot_sample_weights.log",
    benchmark:
        "<benchmarks>{subset}/plot_sample_weights.tsv"
    group:
        "fit"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_sample_weights"),
    params:
        look=setting("report.figures"),
        code=code("plot_sample_weights"),
    script:
        "../scripts/plot_sample_weights.py"


rule plot_dispersion:
    """Draw the variances of the fit over the mean."""
    input:
        genes="<test>{subset}/genes.tsv",
    output:
        **figure("<test>{subset}/dispersion", "Test", "Dispersion{subset}"),
        record="<test>{subset}/plot_dispersion.record.json",
    log:
        "<logs>{subset}/plot_dispersion.log",
    benchmark:
        "<benchmarks>{subset}/plot_dispersion.tsv"
    group:
        "fit"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_dispersion"),
    params:
        look=setting("report.figures"),
        kind=job(settings.fit_figure),
        code=code("plot_dispersion"),
    script:
        "../scripts/plot_dispersion.py"
