# The figures of the R vignettes, computed by R's DESeq2 on the files in resources/: what published/*.yaml expects.
# Not part of the workflow. Run from the repository's root: Rscript published/vignettes.R > published/vignettes.tsv
suppressPackageStartupMessages(library(DESeq2))

given <- function(study, factors, references) {
  counts <- as.matrix(read.delim(gzfile(file.path("resources", study, "counts.tsv.gz")), row.names = 1))
  samples <- read.delim(file.path("resources", study, "samples.tsv"), row.names = 1, colClasses = "character")
  stopifnot(identical(colnames(counts), rownames(samples)))
  for (name in factors) samples[[name]] <- relevel(factor(samples[[name]]), references[[name]])
  list(counts = counts, samples = samples)
}

summarised <- function(name, study, references, design, contrast, keep, alpha, gene) {
  data <- given(study, names(references), references)
  dds <- DESeqDataSetFromMatrix(data$counts, data$samples, design)
  dds <- dds[keep(counts(dds)), ]
  dds <- DESeq(dds, quiet = TRUE)
  for (level in alpha) {
    result <- results(dds, contrast = contrast, alpha = level)
    called <- !is.na(result$padj) & result$padj < level
    cat(name, level, nrow(dds), sum(called & result$log2FoldChange > 0), sum(called & result$log2FoldChange < 0),
      sum(is.na(result$pvalue) & result$baseMean > 0), sum(!is.na(result$pvalue) & is.na(result$padj)),
      gene, signif(result[gene, "log2FoldChange"], 6),
      sep = "\t")
    cat("\n")
  }
}

cat("analysis", "alpha", "genes", "up", "down", "outliers", "low_counts", "gene", "log2_fold_change",
  sep = "\t")
cat("\n")
# DESeq2's vignette: genes with at least 10 counts in all samples together.
at_least_10 <- function(counts) rowSums(counts) >= 10
summarised("pasilla_condition", "pasilla", list(condition = "untreated"), ~condition,
  c("condition", "treated", "untreated"), at_least_10, c(0.1, 0.05), "FBgn0261552")
summarised("pasilla_type_and_condition", "pasilla", list(type = "single_read", condition = "untreated"),
  ~ type + condition, c("condition", "treated", "untreated"), at_least_10, c(0.1, 0.05), "FBgn0261552")
# The rnaseqGene workflow: genes with more than one count.
more_than_1 <- function(counts) rowSums(counts) > 1
summarised("airway_cell_and_dex", "airway", list(cell = "N61311", dex = "untrt"), ~ cell + dex,
  c("dex", "trt", "untrt"), more_than_1, c(0.1, 0.05), "ENSG00000120129")
