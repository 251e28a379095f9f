#!/usr/bin/env Rscript
# Genes without a count in the groups that a contrast compares, for tests/unit/engines/test_zero_groups.py.
# Run from the repository root:  Rscript tests/reference/zero_groups/make.R
suppressPackageStartupMessages(library(DESeq2))
folder <- "tests/reference/zero_groups"
set.seed(8)
n_genes <- 240
samples <- data.frame(group = rep(c("A", "B", "C"), each = 6), strain = rep(c("wt", "ko"), 9),
                      row.names = sprintf("s%02d", 1:18))
mean <- exp(rnorm(n_genes, 4.5, 1.5))
counts <- matrix(rnbinom(n_genes * 18, mu = outer(mean, exp(rnorm(18, 0, 0.2))), size = 5), n_genes,
                 dimnames = list(sprintf("g%03d", seq_len(n_genes)), rownames(samples)))
# Ten genes each: no count in B and C, in A and B, in C, in B and C of the strain ko only.
counts[1:10, samples$group != "A"] <- 0
counts[11:20, samples$group != "C"] <- 0
counts[21:30, samples$group == "C"] <- 0
counts[31:40, samples$group != "A" & samples$strain == "ko"] <- 0
storage.mode(counts) <- "integer"
exact <- function(x) ifelse(is.na(x), "NA", formatC(x, digits = 12, format = "g", width = 1))
write_table <- function(x, name, id) {
  values <- if (is.matrix(x) || id == "sample") x else lapply(x, exact)
  columns <- data.frame(rownames(x), values, check.names = FALSE); names(columns)[1] <- id
  con <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "w")
  write.table(columns, con, sep = "\t", quote = FALSE, row.names = FALSE); close(con)
}
write_table(counts, "counts", "gene"); write_table(samples, "samples", "sample")
samples$group <- factor(samples$group); samples$strain <- factor(samples$strain, c("wt", "ko"))
questions <- list(
  additive = list(C_vs_B = c("group", "C", "B"), B_vs_A = c("group", "B", "A"), A_vs_C = c("group", "A", "C"),
                  B_vs_C_numbers = c(0, 0, 1, -1), B_vs_A_numbers = c(0, 0, 1, 0)),
  crossed = list(C_vs_B = c("group", "C", "B"), B_vs_A = c("group", "B", "A"),
                 C_vs_B_in_ko = list(c("group_C_vs_A", "strainko.groupC"), c("group_B_vs_A", "strainko.groupB")),
                 B_vs_A_in_ko = list(c("group_B_vs_A", "strainko.groupB"), character())))
designs <- list(additive = ~ strain + group, crossed = ~ strain * group)
answers <- list()
for (design in names(designs)) {
  data <- DESeqDataSetFromMatrix(counts, samples, designs[[design]])
  sizeFactors(data) <- 1 + 0 * seq_len(18)
  fit <- DESeq(data, quiet = TRUE)
  for (question in names(questions[[design]])) {
    contrast <- questions[[design]][[question]]
    if (length(contrast) == 2 && !is.numeric(contrast) && !length(contrast[[2]])) contrast <- contrast[1]
    found <- results(fit, contrast = contrast)
    name <- paste(design, question, sep = ".")
    for (column in c("log2FoldChange", "lfcSE", "stat", "pvalue", "padj")) answers[[paste(name, column, sep = ".")]] <- found[[column]]
    if (design == "additive" && question == "C_vs_B") {
      for (side in c("greaterAbs", "lessAbs", "greater", "less")) {
        answers[[paste(name, side, sep = ".")]] <- results(fit, contrast = contrast, lfcThreshold = 0.5, altHypothesis = side)$pvalue
      }
      answers[[paste(name, "greater_0", sep = ".")]] <- results(fit, contrast = contrast, altHypothesis = "greater")$pvalue
    }
  }
  ratio <- DESeq(data, test = "LRT", reduced = ~ strain, quiet = TRUE)
  found <- results(ratio, contrast = c("group", "C", "B"))
  for (column in c("log2FoldChange", "stat", "pvalue")) answers[[paste(design, "lrt", column, sep = ".")]] <- found[[column]]
}
write_table(data.frame(answers, row.names = rownames(counts), check.names = FALSE), "answers", "gene")
writeLines(c(R.version.string, paste("DESeq2", packageVersion("DESeq2"))), file.path(folder, "versions.txt"))
