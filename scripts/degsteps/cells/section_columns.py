"""What the columns of the tables of single cells mean."""

from degsteps.sections.definition import Section, Table

_LABEL = {
    "label": "Label of cells.",
    "cells": "Cells with it.",
    "gene": "Gene id.",
    "symbol": "Symbol.",
    "percent": "Percent of its cells with a count of the gene.",
    "percent_rest": "Percent of all other cells with a count of the gene.",
}

COLUMNS = Section(
    stage="cells",
    name="cells_columns",
    tables=(
        Table(
            r"read/captures\.tsv",
            {
                "capture": "Capture.",
                "file": "File that it was read from.",
                "format": "Format of that file.",
                "matrix": "Which matrix of the file holds the counts.",
                "cells": "Cells.",
                "donors": "Donors.",
                "genes": "Genes.",
                "genes_left_out": "Genes that other captures lack; they are left out.",
                "values": "Counts above 0.",
                "total": "Sum of the counts.",
                "median_total": "Median over cells of the sum of counts.",
                "median_detected": "Median over cells of genes with a count.",
                "spike_ins": "Sum of the counts of spike-ins.",
                "spike_percent": "Their percent of all counts.",
            },
        ),
        Table(
            r"quality/cells\.tsv",
            {
                "cell": "Cell.",
                "capture": "Capture.",
                "donor": "Donor.",
                "total": "Sum of its counts.",
                "detected": "Genes with a count.",
                "(mito|ribo|haemoglobin|spike)_percent": "Percent of its counts in genes of this kind ({}).",
                "doublet_score": "How much it looks like two cells in one.",
                "doublet": "Whether it is taken for two cells in one.",
                "verdict": "`kept` or `dropped`.",
                "reason": "Why dropped; blank if kept.",
            },
        ),
        Table(
            r"quality/thresholds\.tsv",
            {
                "capture": "Capture.",
                "metric": "What is measured, as in cells.tsv.",
                "lower": "Cells below are dropped; blank for no limit.",
                "higher": "Cells above are dropped; blank for no limit.",
                "dropped": "Cells dropped by this limit.",
                "cells": "Cells.",
            },
        ),
        Table(
            r"normalize/size_factors\.tsv",
            {"cell": "Cell.", "spike_ins": "Size factor by spike-ins."},
            rest="Size factor by this method.",
        ),
        Table(
            r"normalize/gains\.tsv",
            {
                "method": "Method of normalisation.",
                "accuracy": "Share of cells whose nearest neighbours have their label.",
                "label_silhouette": "How far labels lie apart, from -1 to 1.",
                "batch_silhouette": "How far batches lie apart, from -1 to 1; low is good.",
                "batch_variance": "Share of the variance that batches explain.",
                "cells": "Cells that were looked at.",
            },
        ),
        Table(
            r"integrate/mixing\.tsv",
            {
                "space": "Before or after integration.",
                "ilisi": "How batches mix among neighbours, from 0 to 1 (integration LISI).",
                "clisi": "Labels among neighbours; 1 if all have the same (cell-type LISI).",
                "silhouette_batch": "How far batches lie apart, from -1 to 1; low is good.",
                "silhouette_label": "How far labels lie apart, from -1 to 1.",
                "n_cells": "Cells.",
                "n_batches": "Batches.",
                "n_labels": "Labels.",
                "silhouette_cells": "Cells that the silhouettes are of.",
            },
        ),
        Table(
            r"label/labels\.tsv",
            {
                "cell": "Cell.",
                "given": "Label that the file has.",
                "mapped": "Label by the reference.",
                "mapped_probability": "Its probability.",
                "by_markers": "Label by markers.",
                "cluster": "Number of its cluster.",
                "used": "The label that is used.",
            },
        ),
        Table(
            r"label/markers\.tsv",
            {
                **_LABEL,
                "rank": "Place among the genes of the label, from 1.",
                "auc": "Probability that a cell with the label has more of the gene than one without.",
                "difference": "Difference of the mean log values.",
            },
        ),
        Table(
            r"label/confusion\.tsv",
            {
                "given": "Label that the file has.",
                "source": "What it is compared with.",
                "label": "Label by that.",
                "cells": "Cells with both.",
                "share": "Their share of the cells with the given label.",
            },
        ),
        Table(
            r"label/verdicts\.tsv",
            {
                **_LABEL,
                "markers": "Genes that mark it.",
                "matched": "Those that the counts have.",
                "auc": "Probability that a cell with the label has more of its markers than one without.",
                "highest": "The label whose cells have most of these markers.",
                "verdict": "What the markers say of the label.",
            },
        ),
        Table(
            r"label/left_out\.tsv",
            {
                "label": "Label that was left out of the reference.",
                "cells": "Its cells.",
                "unassigned": "Share of them that then get no label, as they should.",
                "called": "The label that most of the others get.",
                "share": "Their share.",
                "told": "Whether cells of a type that the reference lacks would be noticed.",
            },
        ),
        Table(r"label/dots\.tsv", {**_LABEL, "mean": "Mean log value of the gene in its cells."}),
        Table(
            r"composition/composition\.tsv",
            {
                "cell_type": "Cell type.",
                "contrast": "Contrast.",
                "transform": "How shares are transformed before the test.",
                "n_samples": "Samples.",
                "cells": "Cells of the type.",
                "share": "Mean share of the cells.",
                "difference": "Difference of the transformed shares.",
                "standard_error": "Its standard error.",
                "stat": "Moderated t statistic.",
                "df": "Its degrees of freedom.",
                "pvalue": "p-value.",
                "padj": "p-value adjusted over cell types (Benjamini and Hochberg).",
            },
        ),
        Table(
            r"composition/shares\.tsv",
            {
                "sample": "Sample.",
                "cell_type": "Cell type.",
                "cells": "Cells of the type in the sample.",
                "share": "Their share of the sample's cells.",
                "donor": "Donor.",
            },
            rest="From the sample sheet.",
        ),
    ),
)
