# 07 test, second engines: the same contrasts by other methods, and how far the answers agree. Off by default.
# enters: <ingest>/counts.parquet or <filter>/counts.parquet, <normalize>/size_factors.tsv, <batch>/design.tsv,
#         <test>/<contrast>.tsv
# leaves: concordance/<engine>.tsv (all contrasts), concordance/<contrast>.tsv (who calls which gene), .agreement.tsv


rule test_second_engine:
    """Test every contrast by another engine than the analysis's own."""
    input:
        counts="<filter>{subset}/counts.parquet",
        size_factors="<normalize>{subset}/size_factors.tsv",
        design="<batch>{subset}/compiled_design.json",
        samples="<ingest>{subset}/samples.tsv",
        all_counts=job(files.second_engine_counts),
        keep_list=given_file("filter.keep_list"),
        drop_list=given_file("filter.drop_list"),
        lengths=job(files.lengths),
    output:
        table="<test>{subset}/concordance/{engine}.tsv",
        record="<test>{subset}/concordance/{engine}.test_second_engine.record.json",
    log:
        "<logs>{subset}/{engine}.test_second_engine.log",
    benchmark:
        "<benchmarks>{subset}/{engine}.test_second_engine.tsv"
    wildcard_constraints:
        engine="|".join(settings.engine_names()),
    group:
        "fit"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("test_second_engine"),
    params:
        **settings_of("test", "compatibility", "fit_type", "quasi_likelihood", "cooks_filter"),
        contrasts=job(settings.contrasts),
        engine=wildcard("engine"),
        subject=job(settings.correlated_subject),
        groups=job(settings.filter_groups),
        filters=job(settings.second_engine_filters),
        own_size_factors=job(settings.second_engine_size_factors),
        given=content_of(given_file("filter.keep_list"), given_file("filter.drop_list")),
        code=code("test_second_engine"),
    script:
        "../scripts/test_second_engine.py"


rule compare_engines:
    """Compare what the engines say about a contrast."""
    input:
        table="<test>/{contrast}.tsv",
        second=job(files.second_engines),
    output:
        **figure("<test>/concordance/{contrast}.concordance", "Results", "Second engines, {contrast}"),
        genes="<test>/concordance/{contrast}.genes.tsv",
        agreement="<test>/concordance/{contrast}.agreement.tsv",
        record="<test>/concordance/{contrast}.compare_engines.record.json",
    log:
        "<logs>/{contrast}.compare_engines.log",
    benchmark:
        "<benchmarks>/{contrast}.compare_engines.tsv"
    group:
        "contrast"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("compare_engines"),
    params:
        **settings_of("test", "engine", "alpha", "concordance_input"),
        look=setting("report.figures"),
        contrast=wildcard("contrast"),
        title=job(settings.contrast_title),
        code=code("compare_engines"),
    script:
        "../scripts/compare_engines.py"
