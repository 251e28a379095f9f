# 07 test: one fit per design, one table per contrast. Reads raw counts and size factors, nothing adjusted.
# enters: <filter>/counts.parquet, <normalize>/size_factors.tsv, <batch>/design.tsv
# leaves: model.h5ad (the fit), genes.tsv (dispersions), <contrast>.tsv, figures


rule fit_model:
    """Fit variances and coefficients of every gene, once for all contrasts."""
    input:
        counts="<filter>/counts.parquet",
        size_factors="<normalize>/size_factors.tsv",
        design="<batch>/design.tsv",
        lengths=lengths_input,
        samples=subject_sheet,
        parts=fit_parts("fit_coefficients", "h5ad"),
    output:
        model="<test>/model.h5ad",
        genes="<test>/genes.tsv",
        record="<test>/fit_model.record.json",
    log:
        "<logs>/fit_model.log",
    benchmark:
        "<benchmarks>/fit_model.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(per_million=10),
    params:
        engine=setting("test.engine"),
        compatibility=setting("test.compatibility"),
        fit_type=setting("test.fit_type"),
        subject=correlated_subject,
        code=code("fit_model"),
    script:
        "../scripts/fit_model.py"


# Where the genes are scattered over jobs (test.scatter), the next three make the parts that fit_model joins. Snakemake's
# scattergather has one number for the whole workflow; here each analysis has its own.
rule fit_gene_wise:
    """Fit the gene-wise dispersions of a part of the genes."""
    input:
        counts="<filter>/counts.parquet",
        size_factors="<normalize>/size_factors.tsv",
        design="<batch>/design.tsv",
        lengths=lengths_input,
    output:
        gene_wise="<test>/fit_gene_wise/{part}.parquet",
        record="<test>/fit_gene_wise/{part}.fit_gene_wise.record.json",
    log:
        "<logs>/{part}.fit_gene_wise.log",
    benchmark:
        "<benchmarks>/{part}.fit_gene_wise.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory_of_part(per_million=80),
        runtime=runtime_of_part(per_million=10),
    params:
        part=part_name,
        compatibility=setting("test.compatibility"),
        code=code("fit_gene_wise"),
    script:
        "../scripts/fit_gene_wise.py"


rule fit_trend:
    """Fit the trend of the dispersions through the genes of all parts."""
    input:
        gene_wise=fit_parts("fit_gene_wise", "parquet"),
        design="<batch>/design.tsv",
    output:
        trend="<test>/trend.json",
        record="<test>/fit_trend.record.json",
    log:
        "<logs>/fit_trend.log",
    benchmark:
        "<benchmarks>/fit_trend.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=2),
        runtime=runtime(),
    params:
        compatibility=setting("test.compatibility"),
        fit_type=setting("test.fit_type"),
        code=code("fit_trend"),
    script:
        "../scripts/fit_trend.py"


rule fit_coefficients:
    """Fit final dispersions and coefficients of a part of the genes."""
    input:
        counts="<filter>/counts.parquet",
        size_factors="<normalize>/size_factors.tsv",
        design="<batch>/design.tsv",
        lengths=lengths_input,
        gene_wise="<test>/fit_gene_wise/{part}.parquet",
        trend="<test>/trend.json",
    output:
        fit="<test>/fit_coefficients/{part}.h5ad",
        record="<test>/fit_coefficients/{part}.fit_coefficients.record.json",
    log:
        "<logs>/{part}.fit_coefficients.log",
    benchmark:
        "<benchmarks>/{part}.fit_coefficients.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory_of_part(per_million=80),
        runtime=runtime_of_part(per_million=10),
    params:
        part=part_name,
        compatibility=setting("test.compatibility"),
        code=code("fit_coefficients"),
    script:
        "../scripts/fit_coefficients.py"


rule test_contrast:
    """Test one contrast in every gene; maximum-likelihood and shrunken fold changes side by side."""
    input:
        model=for_contrast("<test>/model.h5ad"),
        counts=for_contrast("<filter>/counts.parquet"),
        size_factors=for_contrast("<normalize>/size_factors.tsv"),
        samples=design_samples,
    output:
        table="<test>/{contrast}.tsv",
        record="<test>/{contrast}.test_contrast.record.json",
    log:
        "<logs>/{contrast}.test_contrast.log",
    benchmark:
        "<benchmarks>/{contrast}.test_contrast.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(per_million=10),
    params:
        contrast=contrast_setting,
        design=model_of_set,
        alpha=setting("test.alpha"),
        cooks_filter=setting("test.cooks_filter"),
        independent_filtering=setting("test.independent_filtering"),
        adjustment=setting("test.adjustment"),
        shrinkage=setting("test.shrinkage"),
        code=code("test_contrast"),
    script:
        "../scripts/test_contrast.py"


rule plot_dispersion:
    """Draw the variances of the fit over the mean."""
    input:
        genes="<test>/genes.tsv",
    output:
        figure_png=report(
            "<test>/dispersion.png",
            category="{analysis}",
            subcategory="Test",
            labels={"figure": "Dispersion"},
        ),
        figure_svg="<test>/dispersion.svg",
        record="<test>/plot_dispersion.record.json",
    log:
        "<logs>/plot_dispersion.log",
    benchmark:
        "<benchmarks>/plot_dispersion.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        code=code("plot_dispersion"),
    script:
        "../scripts/plot_dispersion.py"
