# 00 cells: of analyses of single cells only. Cells are read, judged, normalised, integrated and labelled, then summed.
# enters: files of cells, the table of donors
# leaves: read/, quality/, normalize/, integrate/, label/, composition/; <ingest>/counts.parquet and what lies beside it: the
#         sums of raw counts by donor, condition and cell type, the samples of all later stages


rule read_cells:
    """Read captures into one matrix of raw counts, cells x genes."""
    input:
        files=job(files.cell_files),
        donors=job(files.donor_table),
    output:
        counts="<cells>/read/counts.h5ad",
        spike_ins="<cells>/read/spike_ins.h5ad",
        captures="<cells>/read/captures.tsv",
        record="<cells>/read/read_cells.record.json",
    log:
        "<logs>/read_cells.log",
    benchmark:
        "<benchmarks>/read_cells.tsv"
    group:
        "cells"
    conda:
        "../envs/cells.yaml"
    resources:
        **needs("read_cells"),
    params:
        sources=job(settings.cell_sources),
        settings=job(settings.cell_reading),
        given=content_of(job(files.cell_files), job(files.donor_table)),
        code=code("read_cells"),
    script:
        "../scripts/read_cells.py"


rule assess_cells:
    """Judge every cell: quality, doublets, donors that are no persons."""
    input:
        counts="<cells>/read/counts.h5ad",
        spike_ins=job(files.spike_ins),
        mito_genes=job(files.mito_genes),
        keep_cells=given_file("cells.quality.keep_cells"),
        drop_cells=given_file("cells.quality.drop_cells"),
    output:
        cells="<cells>/quality/cells.tsv",
        thresholds="<cells>/quality/thresholds.tsv",
        record="<cells>/quality/assess_cells.record.json",
    log:
        "<logs>/assess_cells.log",
    benchmark:
        "<benchmarks>/assess_cells.tsv"
    group:
        "cells"
    conda:
        "../envs/cells.yaml"
    resources:
        **needs("assess_cells"),
    params:
        **settings_of("cells.quality", "mads", "min_genes", "min_counts", "max_mito_percent"),
        **settings_of("cells", "label_column", "seed"),
        mito=job(settings.mito_pattern),
        doublet_method=setting("cells.doublets.method"),
        doublet_rate=job(settings.doublet_rate),
        doublet_column=setting("cells.doublets.column"),
        given=content_of(
            job(files.mito_genes),
            given_file("cells.quality.keep_cells"),
            given_file("cells.quality.drop_cells"),
        ),
        code=code("assess_cells"),
    script:
        "../scripts/assess_cells.py"


rule normalize_cells:
    """Scale cells for figures, neighbours and labels; measure what it brought."""
    input:
        counts="<cells>/read/counts.h5ad",
        cells="<cells>/quality/cells.tsv",
        spike_ins=job(files.spike_ins),
        spike_table=given_file("cells.spike_ins.table"),
    output:
        size_factors="<cells>/normalize/size_factors.tsv",
        values="<cells>/normalize/values.h5ad",
        gains="<cells>/normalize/gains.tsv",
        record="<cells>/normalize/normalize_cells.record.json",
    log:
        "<logs>/normalize_cells.log",
    benchmark:
        "<benchmarks>/normalize_cells.tsv"
    group:
        "cells"
    conda:
        "../envs/cells.yaml"
    resources:
        **needs("normalize_cells"),
    params:
        **settings_of("cells.normalize", "method", "compare", "n_genes"),
        **settings_of("cells", "label_column", "seed"),
        batch_column=job(settings.first_cell_batch),
        given=content_of(given_file("cells.spike_ins.table")),
        code=code("normalize_cells"),
    script:
        "../scripts/normalize_cells.py"


rule integrate_with_harmony:
    """Take differences between batches out of components by Harmony, in an environment of its own."""
    input:
        values="<cells>/normalize/values.h5ad",
        counts="<cells>/read/counts.h5ad",
    output:
        corrected="<cells>/integrate/harmony.parquet",
        record="<cells>/integrate/integrate_with_harmony.record.json",
    log:
        "<logs>/integrate_with_harmony.log",
    benchmark:
        "<benchmarks>/integrate_with_harmony.tsv"
    group:
        "cells"
    conda:
        "../envs/harmony.yaml"
    resources:
        **needs("integrate_with_harmony"),
    params:
        batch_columns=job(settings.cell_batches),
        seed=setting("cells.seed"),
        code=code("integrate_with_harmony"),
    script:
        "../scripts/integrate_with_harmony.py"


rule integrate_cells:
    """Put cells into one space, differences between batches taken out: for neighbours, labels and figures."""
    input:
        values="<cells>/normalize/values.h5ad",
        counts="<cells>/read/counts.h5ad",
        corrected=job(files.harmony),
    output:
        space="<cells>/integrate/space.h5ad",
        mixing_table="<cells>/integrate/mixing.tsv",
        record="<cells>/integrate/integrate_cells.record.json",
    log:
        "<logs>/integrate_cells.log",
    benchmark:
        "<benchmarks>/integrate_cells.tsv"
    group:
        "cells"
    conda:
        "../envs/cells.yaml"
    resources:
        **needs("integrate_cells"),
    params:
        **settings_of("cells", "label_column", "seed"),
        method=job(settings.integration_method),
        batch_columns=job(settings.cell_batches),
        compared_columns=job(settings.compared_cell_columns),
        code=code("integrate_cells"),
    script:
        "../scripts/integrate_cells.py"


rule label_cells:
    """Label cells by the given column, a reference, markers and clusters, side by side; check labels by markers."""
    input:
        counts="<cells>/read/counts.h5ad",
        cells="<cells>/quality/cells.tsv",
        space="<cells>/integrate/space.h5ad",
        reference_cells=given_file("cells.label.reference"),
        marker_genes=given_file("cells.label.markers"),
    output:
        labels_table="<cells>/label/labels.tsv",
        markers_table="<cells>/label/markers.tsv",
        confusion_table="<cells>/label/confusion.tsv",
        verdicts="<cells>/label/verdicts.tsv",
        dots="<cells>/label/dots.tsv",
        auc="<cells>/label/auc.parquet",
        left_out="<cells>/label/left_out.tsv",
        record="<cells>/label/label_cells.record.json",
    log:
        "<logs>/label_cells.log",
    benchmark:
        "<benchmarks>/label_cells.tsv"
    group:
        "cells"
    conda:
        "../envs/cells.yaml"
    resources:
        **needs("label_cells"),
    params:
        **settings_of("cells", "label_column", "seed"),
        reference_label=setting("cells.label.reference_label"),
        resolution=job(settings.cluster_resolution),
        given=content_of(given_file("cells.label.reference"), given_file("cells.label.markers")),
        code=code("label_cells"),
    script:
        "../scripts/label_cells.py"


rule compare_composition:
    """Compare the shares of cell types between groups of donors, with the analysis's own design."""
    input:
        counts="<cells>/read/counts.h5ad",
        cells="<cells>/quality/cells.tsv",
        labels="<cells>/label/labels.tsv",
    output:
        table="<cells>/composition/composition.tsv",
        shares="<cells>/composition/shares.tsv",
        record="<cells>/composition/compare_composition.record.json",
    log:
        "<logs>/compare_composition.log",
    benchmark:
        "<benchmarks>/compare_composition.tsv"
    group:
        "cells"
    conda:
        "../envs/cells.yaml"
    resources:
        **needs("compare_composition"),
    params:
        model=job(settings.cell_model),
        contrasts=job(settings.contrasts_of_cells),
        transform=setting("cells.composition.transform"),
        subject=job(settings.correlated_subject),
        code=code("compare_composition"),
    script:
        "../scripts/compare_composition.py"


rule test_cells:
    """Compare the cells of one type, each for itself: exploratory, beside what the donors say."""
    input:
        counts="<cells>/read/counts.h5ad",
        cells="<cells>/quality/cells.tsv",
        labels="<cells>/label/labels.tsv",
        tested=job(files.tested_in_samples),
    output:
        table="<test>/exploratory/{contrast}.tsv",
        record="<test>/exploratory/{contrast}.test_cells.record.json",
    log:
        "<logs>/{contrast}.test_cells.log",
    benchmark:
        "<benchmarks>/{contrast}.test_cells.tsv"
    group:
        "exploratory"
    conda:
        "../envs/cells.yaml"
    resources:
        **needs("test_cells"),
    params:
        contrast=job(settings.contrast),
        cell_type=job(settings.cell_type),
        method=setting("cells.per_cell"),
        donors_known=job(settings.knows_donors),
        code=code("test_cells"),
    script:
        "../scripts/test_cells.py"


rule plot_cell_quality:
    """Draw the quality of cells by capture with its limits, and the scores of doublets."""
    input:
        cells="<cells>/quality/cells.tsv",
        thresholds="<cells>/quality/thresholds.tsv",
    output:
        **figure("<cells>/quality/quality", "Cells", "Quality of cells", name="quality"),
        **figure("<cells>/quality/doublets", "Cells", "Doublets", name="doublets"),
        record="<cells>/quality/plot_cell_quality.record.json",
    log:
        "<logs>/plot_cell_quality.log",
    benchmark:
        "<benchmarks>/plot_cell_quality.tsv"
    group:
        "cells"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_cell_quality"),
    params:
        **settings_of("cells.quality", "min_genes", "min_counts", "max_mito_percent"),
        look=setting("report.figures"),
        doublet_rate=job(settings.doublet_rate),
        code=code("plot_cell_quality"),
    script:
        "../scripts/plot_cell_quality.py"


rule plot_cell_space:
    """Draw cells in two dimensions, and how batches mix before and after."""
    input:
        space="<cells>/integrate/space.h5ad",
        counts="<cells>/read/counts.h5ad",
        labels="<cells>/label/labels.tsv",
        mixing_table="<cells>/integrate/mixing.tsv",
    output:
        **figure("<cells>/integrate/embedding", "Cells", "Cells in two dimensions", name="embedding"),
        **figure("<cells>/integrate/mixing", "Cells", "Mixing of batches", name="mixing"),
        record="<cells>/integrate/plot_cell_space.record.json",
    log:
        "<logs>/plot_cell_space.log",
    benchmark:
        "<benchmarks>/plot_cell_space.tsv"
    group:
        "cells"
    conda:
        "../envs/cells.yaml"
    resources:
        **needs("plot_cell_space"),
    params:
        look=setting("report.figures"),
        columns=job(settings.drawn_cell_columns),
        method=job(settings.integration_method),
        code=code("plot_cell_space"),
    script:
        "../scripts/plot_cell_space.py"


rule plot_cell_labels:
    """Draw markers of labels, given labels against the others, and how many cells of each type a donor has."""
    input:
        counts="<cells>/read/counts.h5ad",
        cells="<cells>/quality/cells.tsv",
        labels="<cells>/label/labels.tsv",
        dots="<cells>/label/dots.tsv",
        confusion="<cells>/label/confusion.tsv",
    output:
        **figure("<cells>/label/markers", "Cells", "Markers", name="dots"),
        **figure("<cells>/label/confusion", "Cells", "Labels by several means", name="confusion"),
        **figure("<cells>/label/donors", "Cells", "Cells of each donor and type", name="grid"),
        record="<cells>/label/plot_cell_labels.record.json",
    log:
        "<logs>/plot_cell_labels.log",
    benchmark:
        "<benchmarks>/plot_cell_labels.tsv"
    group:
        "cells"
    conda:
        "../envs/cells.yaml"
    resources:
        **needs("plot_cell_labels"),
    params:
        look=setting("report.figures"),
        sample_columns=job(settings.splitting_columns),
        min_cells=setting("cells.min_cells"),
        markers_given=job(settings.has_markers),
        code=code("plot_cell_labels"),
    script:
        "../scripts/plot_cell_labels.py"


rule plot_composition:
    """Draw shares of cell types by the levels of a contrast."""
    input:
        composition="<cells>/composition/composition.tsv",
        shares="<cells>/composition/shares.tsv",
    output:
        **figure("<cells>/composition/{question}", "Cells", "Shares of cell types, {question}"),
        record="<cells>/composition/{question}.plot_composition.record.json",
    log:
        "<logs>/{question}.plot_composition.log",
    benchmark:
        "<benchmarks>/{question}.plot_composition.tsv"
    group:
        "cells"
    conda:
        "../envs/figures.yaml"
    resources:
        **needs("plot_composition"),
    params:
        look=setting("report.figures"),
        name=wildcard("question"),
        contrast=job(settings.question),
        code=code("plot_composition"),
    script:
        "../scripts/plot_composition.py"


rule aggregate_cells:
    """Add up the raw counts of kept cells by donor, condition and cell type: no other values reach the sums."""
    input:
        cell_counts="<cells>/read/counts.h5ad",
        cells="<cells>/quality/cells.tsv",
        labels="<cells>/label/labels.tsv",
    output:
        counts="<ingest_of_cells>/counts.parquet",
        samples="<ingest_of_cells>/samples.tsv",
        sample_account="<ingest_of_cells>/sample_account.tsv",
        cell_account="<ingest_of_cells>/cell_account.tsv",
        lengths="<ingest_of_cells>/lengths.parquet",
        gene_account="<ingest_of_cells>/gene_account.tsv",
        sites="<ingest_of_cells>/sites.tsv",
        replicates="<ingest_of_cells>/replicates.tsv",
        expressing="<ingest_of_cells>/expressing.parquet",
        symbols_table="<ingest_of_cells>/gene_symbols.tsv",
        record="<ingest_of_cells>/aggregate_cells.record.json",
    log:
        "<logs>/aggregate_cells.log",
    benchmark:
        "<benchmarks>/aggregate_cells.tsv"
    group:
        "cells"
    conda:
        "../envs/cells.yaml"
    resources:
        **needs("aggregate_cells"),
    params:
        settings=job(settings.cell_sums),
        group=setting("filter.group"),
        code=code("aggregate_cells"),
    script:
        "../scripts/aggregate_cells.py"
