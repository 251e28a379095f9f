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
        **needs_of_cells(),
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
        **needs_of_cells(),
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
        **needs_of_cells(),
    params:
        **settings_of("cells.normalize", "method", "compare", "n_genes"),
        **settings_of("cells", "label_column", "seed"),
        batch_column=job(settings.first_cell_batch),
        given=content_of(given_file("cells.spike_ins.table")),
        code=code("normalize_cells"),
    script:
        "../scripts/normalize_cells.py"


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
        **needs_of_cells(),
    params:
        settings=job(settings.cell_sums),
        group=setting("filter.group"),
        code=code("aggregate_cells"),
    script:
        "../scripts/aggregate_cells.py"
