# Sample sets: the same steps on some of the samples, which are filtered, normalised and fitted anew.
# enters: <ingest>/counts.parquet, <ingest>/samples.tsv
# leaves: <stage>/sets/<sample set>/..., one fit for all contrasts of a set


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
        "<logs>/{sample_set}.select_samples.log",
    benchmark:
        "<benchmarks>/{sample_set}.select_samples.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(),
    params:
        sample_set=sample_set_setting,
        code=code("select_samples"),
    script:
        "../scripts/select_samples.py"


use rule filter_genes as filter_genes_of_set with:
    input:
        counts="<ingest>/sets/{sample_set}/counts.parquet",
        samples="<ingest>/sets/{sample_set}/samples.tsv",
        keep_list=given_file("filter.keep_list"),
        drop_list=given_file("filter.drop_list"),
    output:
        filtered="<filter>/sets/{sample_set}/counts.parquet",
        genes="<filter>/sets/{sample_set}/genes.tsv",
        record="<filter>/sets/{sample_set}/filter_genes.record.json",
    log:
        "<logs>/{sample_set}.filter_genes.log",
    benchmark:
        "<benchmarks>/{sample_set}.filter_genes.tsv"
    params:
        group=group_of_set,


use rule estimate_size_factors as estimate_size_factors_of_set with:
    input:
        counts="<filter>/sets/{sample_set}/counts.parquet",
        control_genes=given_file("normalize.control_genes"),
        given_size_factors=given_file("normalize.given_size_factors"),
        lengths=lengths_input,
    output:
        size_factors="<normalize>/sets/{sample_set}/size_factors.tsv",
        record="<normalize>/sets/{sample_set}/estimate_size_factors.record.json",
    log:
        "<logs>/{sample_set}.estimate_size_factors.log",
    benchmark:
        "<benchmarks>/{sample_set}.estimate_size_factors.tsv"


use rule estimate_surrogates as estimate_surrogates_of_set with:
    input:
        counts="<filter>/sets/{sample_set}/counts.parquet",
        size_factors="<normalize>/sets/{sample_set}/size_factors.tsv",
        samples="<ingest>/sets/{sample_set}/samples.tsv",
        lengths=lengths_input,
        control_genes=surrogate_controls,
    output:
        surrogates="<batch>/sets/{sample_set}/surrogates.tsv",
        extended="<batch>/sets/{sample_set}/samples.tsv",
        association="<batch>/sets/{sample_set}/surrogate_association.tsv",
        record="<batch>/sets/{sample_set}/estimate_surrogates.record.json",
    log:
        "<logs>/{sample_set}.estimate_surrogates.log",
    benchmark:
        "<benchmarks>/{sample_set}.estimate_surrogates.tsv"


use rule check_design as check_design_of_set with:
    input:
        samples=design_samples,
    output:
        design="<batch>/sets/{sample_set}/design.tsv",
        association="<batch>/sets/{sample_set}/association.tsv",
        crosstab="<batch>/sets/{sample_set}/crosstab.tsv",
        cells="<batch>/sets/{sample_set}/cells.tsv",
        summary="<batch>/sets/{sample_set}/design.json",
        record="<batch>/sets/{sample_set}/check_design.record.json",
    log:
        "<logs>/{sample_set}.check_design.log",
    benchmark:
        "<benchmarks>/{sample_set}.check_design.tsv"
    params:
        model=model_of_set,
        batch_columns=[],


use rule compile_contrasts as compile_contrasts_of_set with:
    input:
        samples=design_samples,
    output:
        compiled="<batch>/sets/{sample_set}/contrasts.json",
        record="<batch>/sets/{sample_set}/compile_contrasts.record.json",
    log:
        "<logs>/{sample_set}.compile_contrasts.log",
    benchmark:
        "<benchmarks>/{sample_set}.compile_contrasts.tsv"


use rule fit_model as fit_model_of_set with:
    input:
        counts="<filter>/sets/{sample_set}/counts.parquet",
        size_factors="<normalize>/sets/{sample_set}/size_factors.tsv",
        design="<batch>/sets/{sample_set}/design.tsv",
        lengths=lengths_input,
        samples=subject_sheet,
        parts=fit_parts("fit_coefficients", "h5ad"),
    output:
        model="<test>/sets/{sample_set}/model.h5ad",
        genes="<test>/sets/{sample_set}/genes.tsv",
        record="<test>/sets/{sample_set}/fit_model.record.json",
    log:
        "<logs>/{sample_set}.fit_model.log",
    benchmark:
        "<benchmarks>/{sample_set}.fit_model.tsv"


use rule fit_gene_wise as fit_gene_wise_of_set with:
    input:
        counts="<filter>/sets/{sample_set}/counts.parquet",
        size_factors="<normalize>/sets/{sample_set}/size_factors.tsv",
        design="<batch>/sets/{sample_set}/design.tsv",
        lengths=lengths_input,
    output:
        gene_wise="<test>/sets/{sample_set}/fit_gene_wise/{part}.parquet",
        record="<test>/sets/{sample_set}/fit_gene_wise/{part}.fit_gene_wise.record.json",
    log:
        "<logs>/{sample_set}.{part}.fit_gene_wise.log",
    benchmark:
        "<benchmarks>/{sample_set}.{part}.fit_gene_wise.tsv"


use rule fit_trend as fit_trend_of_set with:
    input:
        gene_wise=fit_parts("fit_gene_wise", "parquet"),
        design="<batch>/sets/{sample_set}/design.tsv",
    output:
        trend="<test>/sets/{sample_set}/trend.json",
        record="<test>/sets/{sample_set}/fit_trend.record.json",
    log:
        "<logs>/{sample_set}.fit_trend.log",
    benchmark:
        "<benchmarks>/{sample_set}.fit_trend.tsv"


use rule fit_coefficients as fit_coefficients_of_set with:
    input:
        counts="<filter>/sets/{sample_set}/counts.parquet",
        size_factors="<normalize>/sets/{sample_set}/size_factors.tsv",
        design="<batch>/sets/{sample_set}/design.tsv",
        lengths=lengths_input,
        gene_wise="<test>/sets/{sample_set}/fit_gene_wise/{part}.parquet",
        trend="<test>/sets/{sample_set}/trend.json",
    output:
        fit="<test>/sets/{sample_set}/fit_coefficients/{part}.h5ad",
        record="<test>/sets/{sample_set}/fit_coefficients/{part}.fit_coefficients.record.json",
    log:
        "<logs>/{sample_set}.{part}.fit_coefficients.log",
    benchmark:
        "<benchmarks>/{sample_set}.{part}.fit_coefficients.tsv"


use rule transform_counts as transform_counts_of_set with:
    input:
        counts="<filter>/sets/{sample_set}/counts.parquet",
        size_factors="<normalize>/sets/{sample_set}/size_factors.tsv",
        design="<batch>/sets/{sample_set}/design.tsv",
        lengths=lengths_input,
    output:
        transformed="<transform>/sets/{sample_set}/transformed.parquet",
        record="<transform>/sets/{sample_set}/transform_counts.record.json",
    log:
        "<logs>/{sample_set}.transform_counts.log",
    benchmark:
        "<benchmarks>/{sample_set}.transform_counts.tsv"


use rule plot_dispersion as plot_dispersion_of_set with:
    input:
        genes="<test>/sets/{sample_set}/genes.tsv",
    output:
        figure_png=report(
            "<test>/sets/{sample_set}/dispersion.png",
            category="{analysis}",
            subcategory="Test",
            labels={"figure": "Dispersion, {sample_set}"},
        ),
        figure_svg="<test>/sets/{sample_set}/dispersion.svg",
        record="<test>/sets/{sample_set}/plot_dispersion.record.json",
    log:
        "<logs>/{sample_set}.plot_dispersion.log",
    benchmark:
        "<benchmarks>/{sample_set}.plot_dispersion.tsv"
