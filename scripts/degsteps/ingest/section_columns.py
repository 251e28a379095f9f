"""What the columns of the first tables mean: samples, sites, accounts."""

from degsteps.sections.definition import Section, Table

_ACCOUNT = {
    "sample": "Sample.",
    "in_counts": "Whether the counts have it.",
    "in_sheet": "Whether the sample sheet has it.",
    "status": "`kept`, `dropped`, or `summed` with others to one sample.",
    "reason": "Why it is not among the analysed samples; blank if it is.",
    "summed_into": "The sample that it became a part of.",
    "total_count": "Reads counted in genes.",
    "n_cells": "Cells that were summed.",
}

COLUMNS = Section(
    stage="ingest",
    name="ingest_columns",
    tables=(
        Table(r"sample_account\.tsv", _ACCOUNT, rest="From the sample sheet."),
        Table(
            r"samples\.tsv",
            {"sample": "Sample.", "n_cells": "Cells that were summed, where samples are sums of cells."},
            rest="From the sample sheet.",
        ),
        Table(
            r"gene_account\.tsv",
            {
                "gene": "Gene id.",
                "n_rows": "Rows of the counts with this id.",
                "status": "`kept`: the rows were added up to one gene; `dropped`: they were left out.",
                "reason": "Why.",
            },
        ),
        Table(
            r"gene_symbols\.tsv",
            {"gene": "Gene id.", "symbol": "Symbol of the gene, as the files of cells have it."},
        ),
        Table(
            r"cell_account\.tsv",
            {"fate": "What became of cells.", "cells": "Number of cells.", "counts": "Sum of their counts."},
        ),
        Table(
            r"replicates\.tsv",
            {
                "replicate": "Technical replicate, as the counts name it.",
                "sample": "The sample that it was summed to.",
                "total_count": "Reads counted in genes.",
                "correlation": "Correlation of log counts with the other replicates of the sample.",
                "bcv": "Biological coefficient of variation among the replicates; near 0 if they are technical.",
                "n_genes": "Genes that these two numbers are of.",
            },
        ),
        Table(
            r"sites\.tsv",
            {
                "site": "Site.",
                "counts": "File of its counts.",
                "format": "Format of that file.",
                "genes": "Genes in it.",
                "genes_shared": "Those that every site has.",
                "genes_unshared": "Those that some site lacks; they are left out.",
                "samples": "Samples of the site.",
                "total_count_(median|min|max)": "Reads counted in genes: {} over its samples.",
                "detected_genes_median": "Genes with a count: median over its samples.",
                "samples_(.*)": "Samples of the group {}.",
            },
        ),
    ),
)
