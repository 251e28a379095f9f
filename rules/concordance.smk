# 07 test, second engines: the same contrasts by other methods, and how far the answers agree. Off by default.
# enters: <filter>/counts.parquet, <normalize>/size_factors.tsv, <batch>/design.tsv, <test>/<contrast>.tsv
# leaves: concordance/<engine>.tsv (all contrasts), concordance/<contrast>.tsv (who calls which gene), .agreement.tsv


rule test_second_engine:
    """Test every contrast by another engine than the analysis's own."""
    wildcard_constraints:
        engine="|".join(engines_of_rule("test_second_engine")),
    input:
        counts="<filter>/counts.parquet",
        size_factors="<normalize>/size_factors.tsv",
        design="<batch>/design.tsv",
        samples=design_samples,
        lengths=lengths_input,
    output:
        table="<test>/concordance/{engine}.tsv",
        record="<test>/concordance/{engine}.test_second_engine.record.json",
    log:
        "<logs>/{engine}.test_second_engine.log",
    benchmark:
        "<benchmarks>/{engine}.test_second_engine.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(per_million=10),
    params:
        model=model_of_set,
        contrasts=contrasts_of_set,
        engine=second_engine_name,
        compatibility=setting("test.compatibility"),
        fit_type=setting("test.fit_type"),
        cooks_filter=setting("test.cooks_filter"),
        subject=correlated_subject,
        code=code("test_second_engine"),
    script:
        "../scripts/test_second_engine.py"


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


use rule test_second_engine as test_second_engine_of_set with:
    input:
        counts="<filter>/sets/{sample_set}/counts.parquet",
        size_factors="<normalize>/sets/{sample_set}/size_factors.tsv",
        design="<batch>/sets/{sample_set}/design.tsv",
        samples=design_samples,
        lengths=lengths_input,
    output:
        table="<test>/sets/{sample_set}/concordance/{engine}.tsv",
        record="<test>/sets/{sample_set}/concordance/{engine}.test_second_engine.record.json",
    log:
        "<logs>/{sample_set}.{engine}.test_second_engine.log",
    benchmark:
        "<benchmarks>/{sample_set}.{engine}.test_second_engine.tsv"


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
