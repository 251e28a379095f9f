# 08 annotate: result tables with symbols and the rest; figures of contrasts, whose labels need them.
# enters: <test>/<contrast>.tsv and what repeated analyses say of its calls, <filter>/annotation.tsv
# leaves: <contrast>.tsv (the result tables), figures, stage_wise/, overlap/ (of all contrasts)


rule annotate_contrast:
    """Join the annotation to a contrast's table."""
    input:
        table="<test>/{contrast}.tsv",
        annotation="<filter>/annotation.tsv",
        stability=job(files.stability),
        calls=job(files.engine_calls),
    output:
        annotated=in_report("<annotate>/{contrast}.tsv", "Results", table="{contrast}"),
        record="<annotate>/{contrast}.annotate_contrast.record.json",
    log:
        "<logs>/{contrast}.annotate_contrast.log",
    benchmark:
        "<benchmarks>/{contrast}.annotate_contrast.tsv"
    group:
        "contrast"
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        levels=job(settings.called_levels),
        code=code("annotate_contrast"),
    script:
        "../scripts/annotate_contrast.py"


use rule annotate_contrast as annotate_stage_wise with:
    input:
        table="<test>/stage_wise/{family}.tsv",
        annotation="<filter>/annotation.tsv",
    output:
        annotated=in_report(
            "<annotate>/stage_wise/{family}.tsv",
            "Results",
            table="Stage-wise, {family}",
        ),
        record="<annotate>/stage_wise/{family}.annotate_contrast.record.json",
    log:
        "<logs>/{family}.annotate_stage_wise.log",
    benchmark:
        "<benchmarks>/{family}.annotate_stage_wise.tsv"
    group:
        "finish"
    params:
        levels=[],
        code=code("annotate_contrast"),


rule plot_contrast:
    """Draw the MA, volcano and p-value figures of a contrast."""
    input:
        table="<annotate>/{contrast}.tsv",
    output:
        ma_png=in_report("<annotate>/{contrast}.ma.png", "Results", figure="MA, {contrast}"),
        ma_svg="<annotate>/{contrast}.ma.svg",
        volcano_png=in_report(
            "<annotate>/{contrast}.volcano.png",
            "Results",
            figure="Volcano, {contrast}",
        ),
        volcano_svg="<annotate>/{contrast}.volcano.svg",
        pvalues_png=in_report(
            "<annotate>/{contrast}.pvalues.png",
            "Results",
            figure="P-values, {contrast}",
        ),
        pvalues_svg="<annotate>/{contrast}.pvalues.svg",
        record="<annotate>/{contrast}.plot_contrast.record.json",
    log:
        "<logs>/{contrast}.plot_contrast.log",
    benchmark:
        "<benchmarks>/{contrast}.plot_contrast.tsv"
    group:
        "contrast"
    conda:
        "../envs/figures.yaml"
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        title=job(settings.contrast_title),
        alpha=setting("test.alpha"),
        min_log2_fold_change=setting("test.min_log2_fold_change"),
        labelled_genes=setting("report.labelled_genes"),
        point_null=job(settings.point_null),
        code=code("plot_contrast"),
    script:
        "../scripts/plot_contrast.py"


rule plot_top_genes:
    """Draw a contrast's top genes: normalised counts, and transformed values as a heatmap."""
    input:
        table="<annotate>/{contrast}.tsv",
        counts=of_subset("<filter>/counts.parquet"),
        size_factors=of_subset("<normalize>/size_factors.tsv"),
        samples=job(files.design_samples),
        compiled=of_subset("<batch>/compiled_design.json"),
        transformed=of_subset("<transform>/transformed.parquet"),
        lengths=job(files.lengths),
    output:
        figure_png=in_report(
            "<annotate>/{contrast}.top_genes.png",
            "Results",
            figure="Top genes, {contrast}",
        ),
        figure_svg="<annotate>/{contrast}.top_genes.svg",
        heatmap_png=in_report(
            "<annotate>/{contrast}.heatmap.png",
            "Results",
            figure="Heatmap, {contrast}",
        ),
        heatmap_svg="<annotate>/{contrast}.heatmap.svg",
        record="<annotate>/{contrast}.plot_top_genes.record.json",
    log:
        "<logs>/{contrast}.plot_top_genes.log",
    benchmark:
        "<benchmarks>/{contrast}.plot_top_genes.tsv"
    group:
        "contrast"
    conda:
        "../envs/figures.yaml"
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        title=job(settings.contrast_title),
        contrast=job(settings.contrast),
        design=job(settings.model),
        alpha=setting("test.alpha"),
        min_log2_fold_change=setting("test.min_log2_fold_change"),
        heatmap_genes=setting("report.heatmap_genes"),
        code=code("plot_top_genes"),
    script:
        "../scripts/plot_top_genes.py"


rule plot_sensitivity:
    """Draw what a contrast calls under other settings."""
    input:
        settings=of_subset("<test>/sensitivity/settings.tsv"),
        table="<annotate>/{contrast}.tsv",
    output:
        figure_png=in_report(
            "<annotate>/{contrast}.sensitivity.png",
            "Results",
            figure="Sensitivity, {contrast}",
        ),
        figure_svg="<annotate>/{contrast}.sensitivity.svg",
        record="<annotate>/{contrast}.plot_sensitivity.record.json",
    log:
        "<logs>/{contrast}.plot_sensitivity.log",
    benchmark:
        "<benchmarks>/{contrast}.plot_sensitivity.tsv"
    group:
        "contrast"
    conda:
        "../envs/figures.yaml"
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        contrast=wildcard("contrast"),
        title=job(settings.contrast_title),
        alpha=setting("test.alpha"),
        code=code("plot_sensitivity"),
    script:
        "../scripts/plot_sensitivity.py"


rule plot_influence:
    """Draw what a contrast loses and gains without each sample."""
    input:
        influence=of_subset("<test>/influence/samples.tsv"),
        genes=of_subset("<test>/influence/genes.tsv"),
    output:
        figure_png=in_report(
            "<annotate>/{contrast}.influence.png",
            "Results",
            figure="Influence, {contrast}",
        ),
        figure_svg="<annotate>/{contrast}.influence.svg",
        record="<annotate>/{contrast}.plot_influence.record.json",
    log:
        "<logs>/{contrast}.plot_influence.log",
    benchmark:
        "<benchmarks>/{contrast}.plot_influence.tsv"
    group:
        "contrast"
    conda:
        "../envs/figures.yaml"
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        contrast=wildcard("contrast"),
        title=job(settings.contrast_title),
        alpha=setting("test.alpha"),
        code=code("plot_influence"),
    script:
        "../scripts/plot_influence.py"


rule plot_power:
    """Draw the power of a contrast over the mean count of genes."""
    input:
        power="<test>/power/{contrast}.tsv",
    output:
        figure_png=in_report("<annotate>/{contrast}.power.png", "Results", figure="Power, {contrast}"),
        figure_svg="<annotate>/{contrast}.power.svg",
        record="<annotate>/{contrast}.plot_power.record.json",
    log:
        "<logs>/{contrast}.plot_power.log",
    benchmark:
        "<benchmarks>/{contrast}.plot_power.tsv"
    group:
        "contrast"
    conda:
        "../envs/figures.yaml"
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        title=job(settings.contrast_title),
        target=setting("test.power"),
        code=code("plot_power"),
    script:
        "../scripts/plot_power.py"


rule plot_overlap:
    """Count and draw which contrasts call the same genes."""
    input:
        contrast_tables=job(targets.contrast_tables),
    output:
        overlaps="<annotate>/overlap/overlap.tsv",
        figure_png=in_report("<annotate>/overlap/overlap.png", "Results", figure="Overlap of contrasts"),
        figure_svg="<annotate>/overlap/overlap.svg",
        record="<annotate>/overlap/plot_overlap.record.json",
    log:
        "<logs>/plot_overlap.log",
    benchmark:
        "<benchmarks>/plot_overlap.tsv"
    group:
        "finish"
    conda:
        "../envs/figures.yaml"
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        alpha=setting("test.alpha"),
        min_log2_fold_change=setting("test.min_log2_fold_change"),
        code=code("plot_overlap"),
    script:
        "../scripts/plot_overlap.py"
