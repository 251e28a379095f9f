# 08 annotate: result tables with symbols and the rest; figures of contrasts, whose labels need them.
# enters: <test>/<contrast>.tsv and what repeated analyses say of its calls, <filter>/annotation.tsv
# leaves: <contrast>.tsv (the result tables; those of 07 where there is nothing to add to them), figures, stage_wise/,
#         overlap/ (of all contrasts)


rule annotate_contrast:
    """Join the annotation to a contrast's table."""
    input:
        table="<test>/{contrast}.tsv",
        annotation="<filter>/annotation.tsv",
        stability=job(files.stability),
        calls=job(files.engine_calls),
        expressing=job(files.of_cells, "<ingest>/expressing.parquet"),
        samples=job(files.of_cells, "<ingest>/samples.tsv"),
        design=job(files.compiled_of_cells),
        auc=job(files.of_cells, "<cells>/label/auc.parquet"),
        in_types=job(files.in_all_types),
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
        **needs("annotate_contrast"),
    params:
        levels=job(settings.called_levels),
        cell_types=job(settings.cell_types_by_file),
        contrast=job(settings.contrast_of_cells),
        alpha=setting("test.alpha"),
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
        table=job(files.result_table),
    output:
        **figure("<annotate>/{contrast}.ma", "Results", "MA, {contrast}", name="ma"),
        **figure("<annotate>/{contrast}.volcano", "Results", "Volcano, {contrast}", name="volcano"),
        **figure("<annotate>/{contrast}.pvalues", "Results", "P-values, {contrast}", name="pvalues"),
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
        **needs("plot_contrast"),
    params:
        **settings_of("test", "alpha", "min_log2_fold_change"),
        look=setting("report.figures"),
        genes=setting("report.genes"),
        title=job(settings.contrast_title),
        labelled_genes=setting("report.labelled_genes"),
        point_null=job(settings.point_null),
        code=code("plot_contrast"),
    script:
        "../scripts/plot_contrast.py"


rule plot_top_genes:
    """Draw a contrast's top genes: normalised counts, and transformed values as a heatmap."""
    input:
        table=job(files.result_table),
        counts=of_subset("<filter>/counts.parquet"),
        size_factors=of_subset("<normalize>/size_factors.tsv"),
        samples=job(files.design_samples),
        compiled=of_subset("<batch>/compiled_design.json"),
        transformed=of_subset("<transform>/transformed.parquet"),
        lengths=job(files.lengths),
    output:
        **figure("<annotate>/{contrast}.top_genes", "Results", "Top genes, {contrast}"),
        **figure("<annotate>/{contrast}.heatmap", "Results", "Heatmap, {contrast}", name="heatmap"),
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
        **needs("plot_top_genes"),
    params:
        **settings_of("test", "alpha", "min_log2_fold_change"),
        look=setting("report.figures"),
        genes=setting("report.genes"),
        title=job(settings.contrast_title),
        contrast=job(settings.contrast),
        design=job(settings.model),
        heatmap_genes=setting("report.heatmap_genes"),
        code=code("plot_top_genes"),
    script:
        "../scripts/plot_top_genes.py"


rule plot_sensitivity:
    """Draw what a contrast calls under other settings."""
    input:
        settings=of_subset("<test>/sensitivity/settings.tsv"),
        table=job(files.result_table),
    output:
        **figure("<annotate>/{contrast}.sensitivity", "Results", "Sensitivity, {contrast}"),
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
        **needs("plot_sensitivity"),
    params:
        look=setting("report.figures"),
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
        **figure("<annotate>/{contrast}.influence", "Results", "Influence, {contrast}"),
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
        **needs("plot_influence"),
    params:
        look=setting("report.figures"),
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
        **figure("<annotate>/{contrast}.power", "Results", "Power, {contrast}"),
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
        **needs("plot_power"),
    params:
        look=setting("report.figures"),
        title=job(settings.contrast_title),
        target=setting("test.power"),
        code=code("plot_power"),
    script:
        "../scripts/plot_power.py"


rule plot_overlap:
    """Count and draw which contrasts call the same genes."""
    input:
        contrast_tables=job(files.result_tables),
    output:
        **figure("<annotate>/overlap/overlap", "Results", "Overlap of contrasts"),
        overlaps="<annotate>/overlap/overlap.tsv",
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
        **needs("plot_overlap"),
    params:
        **settings_of("test", "alpha", "min_log2_fold_change"),
        look=setting("report.figures"),
        code=code("plot_overlap"),
    script:
        "../scripts/plot_overlap.py"
