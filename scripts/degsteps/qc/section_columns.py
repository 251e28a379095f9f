"""What the columns of the tables on quality mean."""

from degsteps.sections.definition import Section, Table

_VALUES = {"values": "Which values: before, after (normalisation), rle, transformed, adjusted (for figures)."}
_VERDICTS = {
    "check": "What was looked at; one of many of a kind is `kind: subject`.",
    "status": "`ok`, `note` (worth knowing), `warn` (look at it) or `bad` (settle it first).",
    "finding": "What was found.",
    "advice": "What to do; blank if nothing.",
}

COLUMNS = Section(
    stage="qc",
    name="qc_columns",
    tables=(
        Table(
            r"libraries\.tsv",
            {
                "sample": "Sample.",
                "library_size": "Reads counted in genes.",
                "detected_genes": "Genes with a count.",
                "top_20_share": "Share of the reads that the 20 largest genes have.",
                "size_factor": "What its counts are divided by.",
                "rle_median": "Median log2 ratio of its normalised counts to the gene's median; 0 is expected.",
                "rle_iqr": "Interquartile range of these ratios.",
                "median_correlation": "Median correlation of its transformed values with those of other samples.",
                "flags": "Measures by which it stands apart; blank if none.",
            },
        ),
        Table(
            r"outliers\.tsv",
            {
                "sample": "Sample.",
                "measure": "What is measured, as in libraries.tsv.",
                "value": "Its value in the sample.",
                "median": "Median of all samples.",
                "deviations": "Difference from the median, in median absolute deviations.",
                "flagged": "Whether it is far enough to be flagged.",
                "reason": "In words; blank if it is not flagged.",
            },
        ),
        Table(r"(verdicts|identity)\.tsv", _VERDICTS),
        Table(
            r"association\.tsv",
            {
                "pc": "Principal component.",
                **_VALUES,
                "covariate": "Column of the sheet.",
                "n_samples": "Samples with a value.",
                "df_model": "Degrees of freedom of the column.",
                "df_residual": "Residual degrees of freedom.",
                "r_squared": "Share of the component's variance that the column explains.",
                "pvalue": "p-value of this model.",
                "padj": "p-value adjusted for all components and columns (Benjamini and Hochberg).",
            },
        ),
        Table(
            r"boxplots\.tsv",
            {
                "sample": "Sample.",
                **_VALUES,
                "whisker_low": "Lowest value within 1.5 interquartile ranges of the box.",
                "q1": "Lower quartile.",
                "median": "Median.",
                "q3": "Upper quartile.",
                "whisker_high": "Highest value within 1.5 interquartile ranges of the box.",
                "n_beyond": "Genes beyond the whiskers.",
                "n_genes": "Genes.",
            },
        ),
        Table(
            r"clustering\.tsv",
            {
                "merge": "Number of the merge, from 0.",
                "left": "Sample (by its number in the table of distances, from 0), or number of samples plus merge.",
                "right": "What it is merged with.",
                "height": "Distance of the two (average linkage).",
                "n_samples": "Samples below.",
            },
        ),
        Table(
            r"densities\.tsv",
            {"sample": "Sample.", **_VALUES, r"(-?\d+\.\d+)": "Density of the values at this point of the log2 scale."},
        ),
        Table(
            r"distances\.tsv",
            {
                "sample": "Sample.",
                "to_median": "Euclidean distance of transformed values to the sample of the genes' medians.",
                r"neighbour_(\d+)": "Of more than 2,000 samples: number {} of the nearest samples.",
                r"distance_(\d+)": "Euclidean distance of transformed values to neighbour_{}.",
            },
            rest="Euclidean distance of transformed values to this sample.",
        ),
        Table(
            r"loadings\.tsv",
            {"gene": "Gene id.", **_VALUES, r"PC(\d+)": "Weight of the gene in principal component {}."},
        ),
        Table(
            r"pca\.tsv",
            {"sample": "Sample.", **_VALUES, r"PC(\d+)": "Place of the sample on principal component {}."},
        ),
        Table(
            r"variance\.tsv",
            {
                "pc": "Principal component.",
                **_VALUES,
                "variance": "Its variance.",
                "fraction": "Share of the variance of all genes that were looked at.",
                "cumulative": "Share of this and all earlier components.",
            },
        ),
        Table(
            r"sex\.tsv",
            {
                "sample": "Sample.",
                "in_sheet": "Sex as the sheet has it.",
                "inferred": "Sex by the counts: female, male, both, neither or too_few_reads; blank if no gene tells.",
                "agrees": "Whether both say the same; blank if either says nothing.",
                "y_reads": "Reads of genes of the Y chromosome that have a partner on the X.",
                "x_reads": "Reads of these partners.",
                "xist_reads": "Reads of XIST.",
                "y_share": "Share of y_reads in y_reads and x_reads together.",
                "xist_ratio": "xist_reads over x_reads.",
                "subject": "Subject, as the sheet has it.",
            },
        ),
        Table(
            r"subjects\.tsv",
            {
                "sample": "Sample.",
                "subject": "Subject, as the sheet has it.",
                "status": "Whether it is most like its own subject, another's, both or none.",
                "own_sample": "The most similar other sample of the same subject.",
                "own_correlation": "Correlation with it.",
                "other_sample": "The most similar sample of any other subject.",
                "other_subject": "Whose sample that is.",
                "other_correlation": "Correlation with it.",
            },
        ),
    ),
)
