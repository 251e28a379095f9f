# 08 annotate: symbols and the rest from a local file; no gene is lost, doubled or renamed.
# enters: <test>/<contrast>.tsv, the gene table of the configuration
# leaves: genes.tsv (every gene that was read), <contrast>.tsv (the result tables), figures, overlap/ (of all contrasts)


rule annotate_genes:
    """Find every gene in the gene table."""
    input:
        genes="<filter>/genes.tsv",
        source=given_file("annotate.genes"),
    output:
        annotation="<annotate>/genes.tsv",
        record="<annotate>/annotate_genes.record.json",
    log:
        "<logs>/annotate_genes.log",
    benchmark:
        "<benchmarks>/annotate_genes.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        release=setting("annotate.release"),
        strip_version=setting("annotate.strip_version"),
        min_mapped_fraction=setting("annotate.min_mapped_fraction"),
        code=code("annotate_genes"),
    script:
        "../scripts/annotate_genes.py"


rule annotate_contrast:
    """Join the annotation to a contrast's table."""
    input:
        table="<test>/{contrast}.tsv",
        annotation="<annotate>/genes.tsv",
        stability=stability_input,
        calls=engine_calls,
    output:
        annotated=report(
            "<annotate>/{contrast}.tsv",
            category="{analysis}",
            subcategory="Results",
            labels={"table": "{contrast}"},
        ),
        record="<annotate>/{contrast}.annotate_contrast.record.json",
    log:
        "<logs>/{contrast}.annotate_contrast.log",
    benchmark:
        "<benchmarks>/{contrast}.annotate_contrast.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        code=code("annotate_contrast"),
    script:
        "../scripts/annotate_contrast.py"


use rule annotate_contrast as annotate_stage_wise with:
    input:
        table="<test>/stage_wise/{family}.tsv",
        annotation="<annotate>/genes.tsv",
    output:
        annotated=report(
            "<annotate>/stage_wise/{family}.tsv",
            category="{analysis}",
            subcategory="Results",
            labels={"table": "Stage-wise, {family}"},
        ),
        record="<annotate>/stage_wise/{family}.annotate_contrast.record.json",
    log:
        "<logs>/{family}.annotate_stage_wise.log",
    benchmark:
        "<benchmarks>/{family}.annotate_stage_wise.tsv"


rule plot_contrast:
    """Draw the MA, volcano and p-value figures of a contrast."""
    input:
        table="<annotate>/{contrast}.tsv",
    output:
        ma_png=report(
            "<annotate>/{contrast}.ma.png",
            category="{analysis}",
            subcategory="Results",
            labels={"figure": "MA, {contrast}"},
        ),
        ma_svg="<annotate>/{contrast}.ma.svg",
        volcano_png=report(
            "<annotate>/{contrast}.volcano.png",
            category="{analysis}",
            subcategory="Results",
            labels={"figure": "Volcano, {contrast}"},
        ),
        volcano_svg="<annotate>/{contrast}.volcano.svg",
        pvalues_png=report(
            "<annotate>/{contrast}.pvalues.png",
            category="{analysis}",
            subcategory="Results",
            labels={"figure": "P-values, {contrast}"},
        ),
        pvalues_svg="<annotate>/{contrast}.pvalues.svg",
        record="<annotate>/{contrast}.plot_contrast.record.json",
    log:
        "<logs>/{contrast}.plot_contrast.log",
    benchmark:
        "<benchmarks>/{contrast}.plot_contrast.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        title=contrast_title,
        alpha=setting("test.alpha"),
        min_log2_fold_change=setting("test.min_log2_fold_change"),
        labelled_genes=setting("report.labelled_genes"),
        point_null=point_null,
        code=code("plot_contrast"),
    script:
        "../scripts/plot_contrast.py"


rule plot_top_genes:
    """Draw a contrast's top genes: normalised counts, and transformed values as a heatmap."""
    input:
        table="<annotate>/{contrast}.tsv",
        counts=for_contrast("<filter>/counts.parquet"),
        size_factors=for_contrast("<normalize>/size_factors.tsv"),
        samples=design_samples,
        transformed=for_contrast("<transform>/transformed.parquet"),
        lengths=lengths_input,
    output:
        figure_png=report(
            "<annotate>/{contrast}.top_genes.png",
            category="{analysis}",
            subcategory="Results",
            labels={"figure": "Top genes, {contrast}"},
        ),
        figure_svg="<annotate>/{contrast}.top_genes.svg",
        heatmap_png=report(
            "<annotate>/{contrast}.heatmap.png",
            category="{analysis}",
            subcategory="Results",
            labels={"figure": "Heatmap, {contrast}"},
        ),
        heatmap_svg="<annotate>/{contrast}.heatmap.svg",
        record="<annotate>/{contrast}.plot_top_genes.record.json",
    log:
        "<logs>/{contrast}.plot_top_genes.log",
    benchmark:
        "<benchmarks>/{contrast}.plot_top_genes.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        title=contrast_title,
        contrast=contrast_setting,
        design=model_of_set,
        alpha=setting("test.alpha"),
        min_log2_fold_change=setting("test.min_log2_fold_change"),
        heatmap_genes=setting("report.heatmap_genes"),
        code=code("plot_top_genes"),
    script:
        "../scripts/plot_top_genes.py"


rule plot_overlap:
    """Count and draw which contrasts call the same genes."""
    input:
        contrast_tables=contrast_tables,
    output:
        overlaps="<annotate>/overlap/overlap.tsv",
        figure_png=report(
            "<annotate>/overlap/overlap.png",
            category="{analysis}",
            subcategory="Results",
            labels={"figure": "Overlap of contrasts"},
        ),
        figure_svg="<annotate>/overlap/overlap.svg",
        record="<annotate>/overlap/plot_overlap.record.json",
    log:
        "<logs>/plot_overlap.log",
    benchmark:
        "<benchmarks>/plot_overlap.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory(),
        runtime=runtime(),
    params:
        alpha=setting("test.alpha"),
        min_log2_fold_change=setting("test.min_log2_fold_change"),
        code=code("plot_overlap"),
    script:
        "../scripts/plot_overlap.py"
