"""What the columns of the tables on tests mean, but for those of the result tables."""

from degsteps.sections.definition import Section, Table

_CALLS = {
    "genes": "Genes that the filter kept.",
    "surrogate_variables": "Surrogate variables of the fit.",
    "tested": "Genes with an adjusted p-value.",
    "called": "Genes called.",
    "up": "Those with a positive fold change.",
    "down": "Those with a negative fold change.",
    "gained": "Genes called here, and not in the main run.",
    "lost": "Genes called in the main run, and not here.",
    "jaccard": "Share of the genes called in either that both call.",
    "lfc_correlation": "Correlation of the fold changes with those of the main run.",
    "problem": "Why there are no numbers; blank if there are.",
}
_PAIR = {
    "first": "Engine.",
    "second": "The engine that it is compared with.",
    "genes": "Genes that both test.",
    "called_first": "Genes that the first calls.",
    "called_second": "Genes that the second calls.",
    "called_both": "Genes that both call.",
    "jaccard": "Share of the genes called by either that both call.",
    "rank_correlation": "Correlation of the ranks by evidence.",
    "fold_change_correlation": "Correlation of the fold changes.",
    "same_sign": "Share of the genes called by either whose fold changes have one sign.",
}
#: What a fit says of each gene, by any engine.
_GENES = {
    "gene": "Gene id.",
    "base_mean": "Mean of the normalised counts over all samples.",
    "base_var": "Variance of the normalised counts over all samples.",
    "all_zero": "Whether no sample has a count.",
    "disp_gene_wise": "Dispersion by the gene alone.",
    "disp_fitted": "Dispersion by the trend over the mean.",
    "disp_map": "Dispersion of the gene, shrunk towards the trend.",
    "dispersion": "Dispersion that the test uses.",
    "disp_outlier": "Whether the gene keeps its own dispersion, which is far above the trend.",
    "log_likelihood": "Log likelihood of the fit.",
    "max_cooks": "Largest Cook's distance of a sample; blank where it is not judged.",
    "max_cooks_irreplaceable": "The same over samples whose counts cannot be replaced.",
    "counts_above_outlier": "Samples with a larger count than the one with the largest Cook's distance.",
    "beta_converged": "Whether the fit of the coefficients ended.",
    "replaced": "Whether outlying counts were replaced before the fit.",
    "log_cpm": "Mean log2 counts per million.",
    "shared_dispersion": "Dispersion that all genes share, or of the trend.",
    "deviance": "Deviance of the fit.",
    "residual_df": "Residual degrees of freedom of the gene.",
    "quasi_dispersion": "Variation beyond that dispersion, by the gene alone.",
    "quasi_prior": "The same, expected from all genes.",
    "quasi_posterior": "The same, moderated: what the test uses.",
    "below_poisson": "Whether the gene varies less than Poisson counts would.",
    "df": "Degrees of freedom of the test.",
    "log_count": "Mean log2 count.",
    "root_deviation": "Square root of the residual standard deviation of log2 counts.",
    "voom_trend": "The same by the trend over the mean.",
    "variance": "Residual variance by the gene alone.",
    "posterior_variance": "The same, moderated: what the test uses.",
}

COLUMNS = Section(
    stage="test",
    name="test_columns",
    tables=(
        Table(r"genes\.tsv", _GENES),
        Table(
            r"sample_weights\.tsv",
            {
                "sample": "Sample.",
                "group": "Samples of a group share a weight.",
                "weight": "Weight in the fit; 1 is usual, less where residuals are large.",
            },
        ),
        Table(
            r"sensitivity/.*\.tsv",
            {
                "contrast": "Contrast.",
                "filter": "Method of the filter.",
                "size_factors": "Method of the size factors.",
                "cooks_filter": "Whether genes with a count outlier are set aside.",
                "is_main": "Whether these are the settings of the analysis.",
                **_CALLS,
            },
        ),
        Table(
            r"influence/samples\.tsv", {"contrast": "Contrast.", "without": "The sample that was left out.", **_CALLS}
        ),
        Table(
            r"influence/genes\.tsv",
            {
                "gene": "Gene id, of a gene that is called.",
                "contrast": "Contrast.",
                "log2_fold_change": "log2 fold change with all samples.",
                "padj": "Adjusted p-value with all samples.",
                "n_fits": "Fits with one sample left out.",
                "still_called": "In how many of them the gene is called with the same sign.",
                "lost_without": "The samples without which it is not.",
            },
        ),
        Table(
            r"power/.*\.tsv",
            {
                "group": "Tenth of the genes by mean count, from 1, the lowest.",
                "genes": "Genes in it.",
                "mean_from": "Lowest mean count.",
                "mean_to": "Highest mean count.",
                "dispersion": "Median dispersion.",
                "detectable_log2_fold_change": "Smallest log2 fold change found with the power asked for (median over "
                "genes); blank where none below 12 is.",
                "detectable_fold_change": "The same as a ratio.",
                "power_(.*)": "Probability of finding a fold change of {}.",
            },
        ),
        Table(
            r"concordance/[^/]*\.genes\.tsv",
            {
                "gene": "Gene id.",
                "called_by": "Engines that call the gene.",
                "(.*)_log2_fold_change": "log2 fold change by {}.",
                "(.*)_pvalue": "p-value by {}.",
                "(.*)_padj": "Adjusted p-value by {}.",
            },
        ),
        Table(r"concordance/[^/]*\.agreement\.tsv", _PAIR),
        Table(
            r"concordance/.*\.tsv",
            {
                "gene": "Gene id.",
                "contrast": "Contrast.",
            },
            rest="As in the result tables, by this engine.",
        ),
        Table(
            r"exploratory/.*\.tsv",
            {
                "gene": "Gene id.",
                "symbol": "Symbol.",
                "n_cells_test": "Cells of the group named first with a count.",
                "percent_expressing_(.*)": "Percent of the cells of {} with a count of the gene.",
                "auc": "Probability that a cell of the group named first has more of the gene than one of the other.",
                "difference": "Difference of the mean log values.",
                "p_cells": "p-value if cells were replicates, which they are not.",
                "design_effect": "How much more the gene varies between donors than cells as replicates would have it.",
                "p_design_effect": "p-value that allows for it.",
                "evidence": "What kind of evidence this is.",
                "padj_pseudobulk": "Adjusted p-value of sums by donor: the result to use.",
            },
            rest="Of the test that takes cells for replicates; docs/single_cell.md.",
        ),
    ),
)
