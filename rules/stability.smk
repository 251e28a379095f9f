# 07 test, once more: what the calls depend on, and several contrasts together. Made only where `test.sensitivity`,
# `test.influence`, `test.stage_wise` or `test.power` asks for it, and where subjects are said to be independent.
# enters: <ingest>/counts.parquet, <batch>/design.tsv, <test>/<contrast>.tsv (also those of a set of samples)
# leaves: sensitivity/, influence/ (of each set of samples), stage_wise/<name>.tsv, power/<contrast>.tsv,
#         pairing.tsv (of each set of samples)


# What every repeated analysis reads, and the settings that it repeats (degsteps.test.reanalysis.StudyFiles).
STUDY_FILES = dict(
    counts="<ingest>{subset}/counts.parquet",
    samples=job(files.design_samples),
    design="<batch>{subset}/compiled_design.json",
    contrast_tables=job(files.contrast_tables),
    keep_list=given_file("filter.keep_list"),
    drop_list=given_file("filter.drop_list"),
    control_genes=given_file("normalize.control_genes"),
    given_size_factors=given_file("normalize.given_size_factors"),
    lengths=job(files.lengths),
    surrogate_controls=job(files.surrogate_controls),
)
STUDY_SETTINGS = dict(
    contrasts=job(settings.contrasts),
    model=job(settings.model),
    groups=job(settings.filter_groups),
    filters=setting("filter"),
    size_factors=setting("normalize.size_factors"),
    test=job(settings.repeated_test),
    null_model=job(settings.surrogate_null),
    seed=1,
    subject=job(settings.correlated_subject),
    given=content_of(
        given_file("filter.keep_list"),
        given_file("filter.drop_list"),
        given_file("normalize.control_genes"),
        given_file("normalize.given_size_factors"),
        job(files.surrogate_controls),
    ),
)


rule vary_settings:
    """Test every contrast again under other filters, size factors and outlier policies."""
    input:
        **STUDY_FILES,
    output:
        settings="<test>{subset}/sensitivity/settings.tsv",
        stability="<test>{subset}/sensitivity/stability.parquet",
        record="<test>{subset}/sensitivity/vary_settings.record.json",
    log:
        "<logs>{subset}/vary_settings.log",
    benchmark:
        "<benchmarks>{subset}/vary_settings.tsv"
    group:
        "contrast"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("vary_settings"),
    params:
        **STUDY_SETTINGS,
        code=code("vary_settings"),
    script:
        "../scripts/vary_settings.py"


rule leave_out_samples:
    """Repeat the analysis without each sample in turn."""
    input:
        **STUDY_FILES,
    output:
        influence="<test>{subset}/influence/samples.tsv",
        genes="<test>{subset}/influence/genes.tsv",
        record="<test>{subset}/influence/leave_out_samples.record.json",
    log:
        "<logs>{subset}/leave_out_samples.log",
    benchmark:
        "<benchmarks>{subset}/leave_out_samples.tsv"
    group:
        "contrast"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("leave_out_samples"),
    params:
        **STUDY_SETTINGS,
        code=code("leave_out_samples"),
    script:
        "../scripts/leave_out_samples.py"


rule compare_pairing:
    """Test every contrast within subjects too, where samples of one are taken for independent ones."""
    input:
        **STUDY_FILES,
    output:
        pairing="<test>{subset}/pairing.tsv",
        record="<test>{subset}/compare_pairing.record.json",
    log:
        "<logs>{subset}/compare_pairing.log",
    benchmark:
        "<benchmarks>{subset}/compare_pairing.tsv"
    group:
        "contrast"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("compare_pairing"),
    params:
        **STUDY_SETTINGS,
        paired_by=job(settings.independent_subject),
        code=code("compare_pairing"),
    script:
        "../scripts/compare_pairing.py"


rule adjust_stage_wise:
    """Test several contrasts of each gene stage by stage."""
    input:
        model=of_subset("<test>/model.h5ad"),
        counts=of_subset("<filter>/counts.parquet"),
        design=of_subset("<batch>/compiled_design.json"),
        contrast_tables=job(files.family_tables),
    output:
        table="<test>/stage_wise/{family}.tsv",
        record="<test>/stage_wise/{family}.adjust_stage_wise.record.json",
    log:
        "<logs>/{family}.adjust_stage_wise.log",
    benchmark:
        "<benchmarks>/{family}.adjust_stage_wise.tsv"
    group:
        "finish"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("adjust_stage_wise"),
    params:
        **settings_of("test", "alpha", "cooks_filter", "independent_filtering"),
        family=wildcard("family"),
        contrasts=job(settings.family_contrasts),
        confirmation=job(settings.confirmation),
        code=code("adjust_stage_wise"),
    script:
        "../scripts/adjust_stage_wise.py"


rule compute_power:
    """Compute what a contrast could find with these samples."""
    input:
        table="<test>/{contrast}.tsv",
        genes=of_subset("<test>/genes.tsv"),
        size_factors=of_subset("<normalize>/size_factors.tsv"),
        design=of_subset("<batch>/compiled_design.json"),
        lengths=job(files.lengths),
    output:
        power="<test>/power/{contrast}.tsv",
        record="<test>/power/{contrast}.compute_power.record.json",
    log:
        "<logs>/{contrast}.compute_power.log",
    benchmark:
        "<benchmarks>/{contrast}.compute_power.tsv"
    group:
        "contrast"
    conda:
        "../envs/model.yaml"
    resources:
        **needs("compute_power"),
    params:
        name=wildcard("contrast"),
        contrast=job(settings.contrast),
        alpha=setting("test.alpha"),
        target=setting("test.power"),
        fold_changes=setting("test.power_fold_changes"),
        code=code("compute_power"),
    script:
        "../scripts/compute_power.py"
