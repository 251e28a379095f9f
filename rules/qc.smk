# 06 qc: are the samples what they should be? Numbers first, figures of these numbers, verdicts in words.
# enters: counts before and after the filter, size factors, transformed and adjusted values; gene symbols for labels
# leaves: a table behind each figure, outliers.tsv, verdicts.tsv, figures; only the report reads them; and where a
#         column of sexes or subjects is named, what the counts say of each sample (sex.tsv, subjects.tsv)


rule compute_qc:
    """Compute libraries, distributions, components, distances and outliers, and say what they show."""
    input:
        counts="<filter>{subset}/counts.parquet",
        raw_counts="<ingest>{subset}/counts.parquet",
        samples=job(files.design_samples),
        size_factors="<normalize>{subset}/size_factors.tsv",
        transformed="<transform>{subset}/transformed.parquet",
        adjusted=job(files.adjusted),
        lengths=job(files.lengths),
    output:
        libraries="<qc>{subset}/libraries.tsv",
        boxplots="<qc>{subset}/boxplots.tsv",
        densities="<qc>{subset}/densities.tsv",
        pca="<qc>{subset}/pca.tsv",
        variance="<qc>{subset}/variance.tsv",
        loadings="<qc>{subset}/loadings.tsv",
        association="<qc>{subset}/association.tsv",
        distances="<qc>{subset}/distances.tsv",
        clustering="<qc>{subset}/clustering.tsv",
        outliers="<qc>{subset}/outliers.tsv",
        verdicts="<qc>{subset}/verdicts.tsv",
        record="<qc>{subset}/compute_qc.record.json",
    log:
        "<logs>{subset}/compute_qc.log",
    benchmark:
        "<benchmarks>{subset}/compute_qc.tsv"
    group:
        "quality"
    conda:
        "../envs/tables.yaml"
    resources:
        **needs("compute_qc"),
    params:
        **settings_of("qc", "top_genes", "outlier_mad"),
        model=job(settings.model),
        columns=setting("qc.color_by"),
        batch_columns=setting("batch.columns"),
        tested_factors=job(settings.tested_factors),
        size_factor_method=setting("normalize.size_factors"),
        control_genes=setting("normalize.control_genes"),
        transform_method=setting("transform.method"),
        within=job(settings.compared_within),
        blinded_columns=job(settings.masked_columns),
        code=code("compute_qc"),
    script:
        "../scripts/compute_qc.py"


rule check_identity:
    """Tell sex and subject of each sample from its counts, and compare with the sheet."""
    input:
        raw_counts="<ingest>{subset}/counts.parquet",
        samples="<ingest>{subset}/samples.tsv",
        transformed="<transform>{subset}/transformed.parquet",
        annotation="<filter>/annotation.tsv",
    output:
        sex="<qc>{subset}/sex.tsv",
        subjects="<qc>{subset}/subjects.tsv",
        verdicts="<qc>{subset}/identity.tsv",
        record="<qc>{subset}/check_identity.record.json",
    log:
        "<logs>{subset}/check_identity.log",
    benchmark:
        "<benchmarks>{subset}/check_identity.tsv"
    group:
        "quality"
    conda:
        "../envs/tables.yaml"
    resources:
        **needs("check_identity"),
    params:
        **settings_of("qc", "sex_column", "subject_column"),
        model=job(settings.model),
        batch_columns=setting("batch.columns"),
        masked_columns=job(settings.masked_columns),
        code=code("check_identity"),
    script:
        "../scripts/check_identity.py"


rule plot_qc:
    """Draw every figure of quality control from the tables."""
    input:
        samples=job(files.design_samples),
        libraries="<qc>{subset}/libraries.tsv",
        boxplots="<qc>{subset}/boxplots.tsv",
        densities="<qc>{subset}/densities.tsv",
        pca="<qc>{subset}/pca.tsv",
        variance="<qc>{subset}/variance.tsv",
        loadings="<qc>{subset}/loadings.tsv",
        association="<qc>{subset}/association.tsv",
        distances="<qc>{subset}/distances.tsv",
        clustering="<qc>{subset}/clustering.tsv",
        annotation="<filter>/annotation.tsv",
    output:
        **figure("<qc>{subset}/libraries", "Quality control", "Libraries{subset}", name="libraries"),
        **figure("<qc>{subset}/boxplots", "Quality control", "Before and after normalisation{subset}", name="boxplots"),
        **figure("<qc>{subset}/rle", "Quality control", "Relative log expression{subset}", name="rle"),
        **figure("<qc>{subset}/densities", "Quality control", "Densities{subset}", name="densities"),
        **figure("<qc>{subset}/pca", "Quality control", "PCA{subset}", name="pca"),
        **figure("<qc>{subset}/scree", "Quality control", "PCA, variance{subset}", name="scree"),
        **figure("<qc>{subset}/loadings", "Quality control", "PCA, genes{subset}", name="loadings"),
        **figure("<qc>{subset}/association", "Quality control", "PCA and sample sheet{subset}", name="association"),
        **figure("<qc>{subset}/distances", "Quality control", "Sample distances{subset}", name="distances"),
        record="<qc>{subset}/plot_qc.record.json",
    log:
        "<logs>{subset}/plot_qc.log",
    benchmark:
        "<benchmarks>{subset}/plot_qc.tsv"
    group:
        "quality"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_qc"),
    params:
        look=setting("report.figures"),
        model=job(settings.model),
        columns=setting("qc.color_by"),
        batch_columns=setting("batch.columns"),
        code=code("plot_qc"),
    script:
        "../scripts/plot_qc.py"
