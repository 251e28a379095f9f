# 07 test, second engines: the same contrasts by other methods, and how far the answers agree. Off by default.
# enters: <filter>/counts.parquet, <normalize>/size_factors.tsv, <batch>/design.tsv, <test>/<contrast>.tsv
# leaves: concordance/<engine>.tsv (all contrasts), concordance/<contrast>.tsv (who calls which gene), .agreement.tsv


rule test_limma_voom:
    """Test every contrast with limma-voom as a second engine."""
    input:
        counts="<filter>/counts.parquet",
        size_factors="<normalize>/size_factors.tsv",
        design="<batch>/design.tsv",
        samples=design_samples,
    output:
        table="<test>/concordance/limma_voom.tsv",
        record="<test>/concordance/test_limma_voom.record.json",
    log:
        "<logs>/test_limma_voom.log",
    benchmark:
        "<benchmarks>/test_limma_voom.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(per_million=10),
    params:
        model=model_of_set,
        contrasts=contrasts_of_set,
        subject=correlated_subject,
        code=code("test_limma_voom"),
    script:
        "../scripts/test_limma_voom.py"


rule test_edger_ql:
    """Test every contrast with edgeR's quasi-likelihood F test as a second engine (optional environment)."""
    input:
        counts="<filter>/counts.parquet",
        size_factors="<normalize>/size_factors.tsv",
        design="<batch>/design.tsv",
        samples=design_samples,
    output:
        table="<test>/concordance/edger_ql.tsv",
        record="<test>/concordance/test_edger_ql.record.json",
    log:
        "<logs>/test_edger_ql.log",
    benchmark:
        "<benchmarks>/test_edger_ql.tsv"
    conda:
        "../envs/concordance.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(per_million=10),
    params:
        model=model_of_set,
        contrasts=contrasts_of_set,
        code=code("test_edger_ql"),
    script:
        "../scripts/test_edger_ql.py"


use rule test_limma_voom as test_limma_voom_of_set with:
    input:
        counts="<filter>/sets/{sample_set}/counts.parquet",
        size_factors="<normalize>/sets/{sample_set}/size_factors.tsv",
        design="<batch>/sets/{sample_set}/design.tsv",
        samples=design_samples,
    output:
        table="<test>/sets/{sample_set}/concordance/limma_voom.tsv",
        record="<test>/sets/{sample_set}/concordance/test_limma_voom.record.json",
    log:
        "<logs>/{sample_set}.test_limma_voom.log",
    benchmark:
        "<benchmarks>/{sample_set}.test_limma_voom.tsv"


use rule test_edger_ql as test_edger_ql_of_set with:
    input:
        counts="<filter>/sets/{sample_set}/counts.parquet",
        size_factors="<normalize>/sets/{sample_set}/size_factors.tsv",
        design="<batch>/sets/{sample_set}/design.tsv",
        samples=design_samples,
    output:
        table="<test>/sets/{sample_set}/concordance/edger_ql.tsv",
        record="<test>/sets/{sample_set}/concordance/test_edger_ql.record.json",
    log:
        "<logs>/{sample_set}.test_edger_ql.log",
    benchmark:
        "<benchmarks>/{sample_set}.test_edger_ql.tsv"


rule compare_engines:
    """Compare what the engines say about a contrast."""
    input:
        table="<test>/{contrast}.tsv",
        second=second_engine_tables,
    output:
        genes="<test>/concordance/{contrast}.genes.tsv",
        agreement="<test>/concordance/{contrast}.agreement.tsv",
        figure_png=report(
            "<test>/concordance/{contrast}.concordance.png",
            category="{analysis}",
            subcategory="Results",
            labels={"figure": "Second engines, {contrast}"},
        ),
        figure_svg="<test>/concordance/{contrast}.concordance.svg",
        record="<test>/concordance/{contrast}.compare_engines.record.json",
    log:
        "<logs>/{contrast}.compare_engines.log",
    benchmark:
        "<benchmarks>/{contrast}.compare_engines.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        contrast=contrast_name,
        title=contrast_title,
        engine=setting("test.engine"),
        alpha=setting("test.alpha"),
        code=code("compare_engines"),
    script:
        "../scripts/compare_engines.py"
