# 07 test, once more: what the calls depend on, and several contrasts together. Made only where `test.sensitivity`,
# `test.influence`, `test.stage_wise` or `test.power` asks for it.
# enters: <ingest>/counts.parquet, <batch>/design.tsv, <test>/<contrast>.tsv (also those of a sample set)
# leaves: sensitivity/<sample set>.*, influence/<sample set>.* (`all` for all samples), stage_wise/<name>.tsv, power/<contrast>.tsv, figures


rule vary_settings:
    """Test every contrast again under other filters, size factors and outlier policies."""
    input:
        counts=for_contrast("<ingest>/counts.parquet"),
        samples=design_samples,
        design=for_contrast("<batch>/design.tsv"),
        contrast_tables=tables_of_set,
        keep_list=given_file("filter.keep_list"),
        drop_list=given_file("filter.drop_list"),
        control_genes=given_file("normalize.control_genes"),
        given_size_factors=given_file("normalize.given_size_factors"),
        lengths=lengths_input,
        surrogate_controls=surrogate_controls,
    output:
        settings="<test>/sensitivity/{sample_set}.tsv",
        stability="<test>/sensitivity/{sample_set}.parquet",
        record="<test>/sensitivity/{sample_set}.vary_settings.record.json",
    log:
        "<logs>/{sample_set}.vary_settings.log",
    benchmark:
        "<benchmarks>/{sample_set}.vary_settings.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=120),
        runtime=runtime(per_million=60),
    params:
        contrasts=contrasts_of_set,
        model=model_of_set,
        group=group_of_set,
        filters=setting("filter"),
        size_factors=setting("normalize.size_factors"),
        test=repeated_test,
        null_model=surrogate_null,
        seed=1,
        subject=correlated_subject,
        code=code("vary_settings"),
    script:
        "../scripts/vary_settings.py"


rule leave_out_samples:
    """Repeat the analysis without each sample in turn."""
    input:
        counts=for_contrast("<ingest>/counts.parquet"),
        samples=design_samples,
        design=for_contrast("<batch>/design.tsv"),
        contrast_tables=tables_of_set,
        keep_list=given_file("filter.keep_list"),
        drop_list=given_file("filter.drop_list"),
        control_genes=given_file("normalize.control_genes"),
        given_size_factors=given_file("normalize.given_size_factors"),
        lengths=lengths_input,
        surrogate_controls=surrogate_controls,
    output:
        influence="<test>/influence/{sample_set}.samples.tsv",
        genes="<test>/influence/{sample_set}.genes.tsv",
        record="<test>/influence/{sample_set}.leave_out_samples.record.json",
    log:
        "<logs>/{sample_set}.leave_out_samples.log",
    benchmark:
        "<benchmarks>/{sample_set}.leave_out_samples.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=120),
        runtime=runtime(per_million=120),
    params:
        contrasts=contrasts_of_set,
        model=model_of_set,
        group=group_of_set,
        filters=setting("filter"),
        size_factors=setting("normalize.size_factors"),
        test=repeated_test,
        null_model=surrogate_null,
        seed=1,
        subject=correlated_subject,
        code=code("leave_out_samples"),
    script:
        "../scripts/leave_out_samples.py"


rule plot_sensitivity:
    """Draw what a contrast calls under other settings."""
    input:
        settings=of_set_folder("<test>/sensitivity", "tsv"),
        table="<annotate>/{contrast}.tsv",
    output:
        figure_png=report(
            "<annotate>/{contrast}.sensitivity.png",
            category="{analysis}",
            subcategory="Results",
            labels={"figure": "Sensitivity, {contrast}"},
        ),
        figure_svg="<annotate>/{contrast}.sensitivity.svg",
        record="<annotate>/{contrast}.plot_sensitivity.record.json",
    log:
        "<logs>/{contrast}.plot_sensitivity.log",
    benchmark:
        "<benchmarks>/{contrast}.plot_sensitivity.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        contrast=contrast_name,
        title=contrast_title,
        alpha=setting("test.alpha"),
        code=code("plot_sensitivity"),
    script:
        "../scripts/plot_sensitivity.py"


rule plot_influence:
    """Draw what a contrast loses and gains without each sample."""
    input:
        influence=of_set_folder("<test>/influence", "samples.tsv"),
        genes=of_set_folder("<test>/influence", "genes.tsv"),
    output:
        figure_png=report(
            "<annotate>/{contrast}.influence.png",
            category="{analysis}",
            subcategory="Results",
            labels={"figure": "Influence, {contrast}"},
        ),
        figure_svg="<annotate>/{contrast}.influence.svg",
        record="<annotate>/{contrast}.plot_influence.record.json",
    log:
        "<logs>/{contrast}.plot_influence.log",
    benchmark:
        "<benchmarks>/{contrast}.plot_influence.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        contrast=contrast_name,
        title=contrast_title,
        alpha=setting("test.alpha"),
        code=code("plot_influence"),
    script:
        "../scripts/plot_influence.py"


rule adjust_stage_wise:
    """Test several contrasts of each gene stage by stage."""
    input:
        model=for_contrast("<test>/model.h5ad"),
        counts=for_contrast("<filter>/counts.parquet"),
        samples=design_samples,
        contrast_tables=tables_of_family,
    output:
        table="<test>/stage_wise/{family}.tsv",
        record="<test>/stage_wise/{family}.adjust_stage_wise.record.json",
    log:
        "<logs>/{family}.adjust_stage_wise.log",
    benchmark:
        "<benchmarks>/{family}.adjust_stage_wise.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory(per_million=80),
        runtime=runtime(per_million=10),
    params:
        family=family_name,
        contrasts=contrasts_of_family,
        design=model_of_set,
        confirmation=confirmation_of_family,
        alpha=setting("test.alpha"),
        cooks_filter=setting("test.cooks_filter"),
        independent_filtering=setting("test.independent_filtering"),
        code=code("adjust_stage_wise"),
    script:
        "../scripts/adjust_stage_wise.py"


rule compute_power:
    """Compute what a contrast could find with these samples."""
    input:
        table="<test>/{contrast}.tsv",
        genes=for_contrast("<test>/genes.tsv"),
        size_factors=for_contrast("<normalize>/size_factors.tsv"),
        design=for_contrast("<batch>/design.tsv"),
        samples=design_samples,
        lengths=lengths_input,
    output:
        power="<test>/power/{contrast}.tsv",
        record="<test>/power/{contrast}.compute_power.record.json",
    log:
        "<logs>/{contrast}.compute_power.log",
    benchmark:
        "<benchmarks>/{contrast}.compute_power.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        name=contrast_name,
        contrast=contrast_setting,
        model=model_of_set,
        alpha=setting("test.alpha"),
        target=setting("test.power"),
        fold_changes=setting("test.power_fold_changes"),
        code=code("compute_power"),
    script:
        "../scripts/compute_power.py"


rule plot_power:
    """Draw the power of a contrast over the mean count of genes."""
    input:
        power="<test>/power/{contrast}.tsv",
    output:
        figure_png=report(
            "<annotate>/{contrast}.power.png",
            category="{analysis}",
            subcategory="Results",
            labels={"figure": "Power, {contrast}"},
        ),
        figure_svg="<annotate>/{contrast}.power.svg",
        record="<annotate>/{contrast}.plot_power.record.json",
    log:
        "<logs>/{contrast}.plot_power.log",
    benchmark:
        "<benchmarks>/{contrast}.plot_power.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        title=contrast_title,
        target=setting("test.power"),
        code=code("plot_power"),
    script:
        "../scripts/plot_power.py"
