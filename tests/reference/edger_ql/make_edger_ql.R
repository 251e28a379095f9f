#!/usr/bin/env Rscript
# edgeR's quasi-likelihood F test on the kept reference counts.
#   Rscript tests/reference/edger_ql/make_edger_ql.R     (from the top of the repository)
suppressPackageStartupMessages(library(edgeR))
out <- "tests/reference/edger_ql"
options(digits = 15)
run <- function(name, formula, levels) {
  counts <- as.matrix(read.delim(gzfile(file.path("tests/reference", name, "counts.tsv.gz")), row.names = 1))
  samples <- read.delim(file.path("tests/reference", name, "samples.tsv"), row.names = 1)
  counts <- counts[, rownames(samples)]
  counts <- counts[rowSums(counts) >= 10, ]
  for (column in names(levels)) samples[[column]] <- relevel(factor(samples[[column]]), levels[[column]])
  design <- model.matrix(formula, samples)
  dge <- estimateDisp(calcNormFactors(DGEList(counts)), design)
  fit <- glmQLFit(dge, design)
  last <- glmQLFTest(fit)$table
  every <- glmQLFTest(fit, coef = 2:ncol(design))$table
  table <- data.frame(gene = rownames(counts), log2_fold_change = last$logFC, stat = last$F, pvalue = last$PValue,
    all_pvalue = every$PValue)
  con <- gzfile(file.path(out, paste0(name, ".tsv.gz")), "w")
  write.table(table[seq(1, nrow(table), by = 3), ], con, sep = "\t", quote = FALSE, row.names = FALSE)
  close(con)
}
run("pasilla", ~ type + condition, list(type = "single_read", condition = "untreated"))
run("airway", ~ cell + dex, list(cell = "N052611", dex = "untrt"))
writeLines(c(R.version.string, paste("edgeR", packageVersion("edgeR"))), file.path(out, "versions.txt"))
