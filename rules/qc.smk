# 06 qc: are the samples what they should be? Numbers first, figures of these numbers, verdicts in words.
# enters: counts before and after the filter, size factors, transformed and adjusted values; gene symbols for labels
# leaves: a table behind each figure, outliers.tsv, verdicts.tsv, figures; only the report reads them; and where a
#         column of sexes or subjects is named, what the counts say of each sample (sex.tsv, subjects.tsv)


rule compute_qc:
    """Compute libraries, distributions, components, distances and outliers, and say what they show."""
    input:
        counts="<filter>/counts.parquet",
        raw_counts="<ingest>/counts.parquet",
        samples=design_samples,
        size_factors="<normalize>/size_factors.tsv",
        transformed="<transform>/transformed.parquet",
        adjusted=adjusted_input,
        lengths=lengths_input,
    output:
        libraries="<qc>/libraries.tsv",
        boxplots="<qc>/boxplots.tsv",
        densities="<qc>/densities.tsv",
        pca="<qc>/pca.tsv",
        variance="<qc>/variance.tsv",
        loadings="<qc>/loadings.tsv",
        association="<qc>/association.tsv",
        distances="<qc>/distances.tsv",
        clustering="<qc>/clustering.tsv",
        outliers="<qc>/outliers.tsv",
        verdicts="<qc>/verdicts.tsv",
        record="<qc>/compute_qc.record.json",
    log:
        "<logs>/compute_qc.log",
    benchmark:
        "<benchmarks>/compute_qc.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(),
    params:
        model=setting("design"),
        columns=setting("qc.color_by"),
        batch_columns=setting("batch.columns"),
        top_genes=setting("qc.top_genes"),
        outlier_mad=setting("qc.outlier_mad"),
        blinded_columns=masked_columns,
        code=code("compute_qc"),
    script:
        "../scripts/compute_qc.py"


rule check_identity:
    """Tell sex and subject of each sample from its counts, and compare with the sheet."""
    input:
        raw_counts="<ingest>/counts.parquet",
        samples="<ingest>/samples.tsv",
        transformed="<transform>/transformed.parquet",
        annotation="<annotate>/genes.tsv",
    output:
        sex="<qc>/sex.tsv",
        subjects="<qc>/subjects.tsv",
        verdicts="<qc>/identity.tsv",
        record="<qc>/check_identity.record.json",
    log:
        "<logs>/check_identity.log",
    benchmark:
        "<benchmarks>/check_identity.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(),
    params:
        model=setting("design"),
        batch_columns=setting("batch.columns"),
        masked_columns=masked_columns,
        sex_column=setting("qc.sex_column"),
        subject_column=setting("qc.subject_column"),
        code=code("check_identity"),
    script:
        "../scripts/check_identity.py"


rule plot_qc:
    """Draw every figure of quality control from the tables."""
    input:
        samples=design_samples,
        libraries="<qc>/libraries.tsv",
        boxplots="<qc>/boxplots.tsv",
        densities="<qc>/densities.tsv",
        pca="<qc>/pca.tsv",
        variance="<qc>/variance.tsv",
        loadings="<qc>/loadings.tsv",
        association="<qc>/association.tsv",
        distances="<qc>/distances.tsv",
        clustering="<qc>/clustering.tsv",
        annotation="<annotate>/genes.tsv",
    output:
        libraries_png=report(
            "<qc>/libraries.png",
            category="{analysis}",
            subcategory="Quality control",
            labels={"figure": "Libraries"},
        ),
        libraries_svg="<qc>/libraries.svg",
        boxplots_png=report(
            "<qc>/boxplots.png",
            category="{analysis}",
            subcategory="Quality control",
            labels={"figure": "Before and after normalisation"},
        ),
        boxplots_svg="<qc>/boxplots.svg",
        rle_png=report(
            "<qc>/rle.png",
            category="{analysis}",
            subcategory="Quality control",
            labels={"figure": "Relative log expression"},
        ),
        rle_svg="<qc>/rle.svg",
        densities_png=report(
            "<qc>/densities.png",
            category="{analysis}",
            subcategory="Quality control",
            labels={"figure": "Densities"},
        ),
        densities_svg="<qc>/densities.svg",
        pca_png=report(
            "<qc>/pca.png",
            category="{analysis}",
            subcategory="Quality control",
            labels={"figure": "PCA"},
        ),
        pca_svg="<qc>/pca.svg",
        scree_png=report(
            "<qc>/scree.png",
            category="{analysis}",
            subcategory="Quality control",
            labels={"figure": "PCA, variance"},
        ),
        scree_svg="<qc>/scree.svg",
        loadings_png=report(
            "<qc>/loadings.png",
            category="{analysis}",
            subcategory="Quality control",
            labels={"figure": "PCA, genes"},
        ),
        loadings_svg="<qc>/loadings.svg",
        association_png=report(
            "<qc>/association.png",
            category="{analysis}",
            subcategory="Quality control",
            labels={"figure": "PCA and sample sheet"},
        ),
        association_svg="<qc>/association.svg",
        distances_png=report(
            "<qc>/distances.png",
            category="{analysis}",
            subcategory="Quality control",
            labels={"figure": "Sample distances"},
        ),
        distances_svg="<qc>/distances.svg",
        record="<qc>/plot_qc.record.json",
    log:
        "<logs>/plot_qc.log",
    benchmark:
        "<benchmarks>/plot_qc.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        model=setting("design"),
        columns=setting("qc.color_by"),
        batch_columns=setting("batch.columns"),
        code=code("plot_qc"),
    script:
        "../scripts/plot_qc.py"
