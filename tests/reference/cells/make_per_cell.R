# Tests of two groups of cells: rank sums (wilcox.test) and within strata (van Elteren, by coin), on per_cell/counts.tsv.
# Rscript make_per_cell.R <folder of this script>/per_cell
suppressPackageStartupMessages(library(coin))
folder <- commandArgs(TRUE)[1]
counts <- as.matrix(read.delim(file.path(folder, "counts.tsv"), row.names = 1, check.names = FALSE))
cells <- read.delim(file.path(folder, "cells.tsv"))
stopifnot(colnames(counts) == cells$cell)
values <- round(log2(t(t(counts) / (cells$total / mean(cells$total))) + 1), 10)
test <- cells$cell_line == "K562"
group <- factor(ifelse(test, "test", "reference"), c("test", "reference"))
tag <- factor(cells$tag)
# coin's scores are linear in the ranks: ranks over (N + 1) of the stratum make its block test van Elteren's.
within <- function(y) {
  score <- ave(y, tag, FUN = function(x) rank(x) / (length(x) + 1))
  tested <- independence_test(score ~ group | tag, teststat = "scalar", distribution = "asymptotic")
  as.numeric(statistic(tested, "standardized"))
}
rows <- t(apply(values, 1, function(y) {
  w <- suppressWarnings(wilcox.test(y[test], y[!test], exact = FALSE, correct = TRUE))
  z <- if (length(unique(y)) > 1) within(y) else 0
  c(auc = unname(w$statistic) / sum(test) / sum(!test), p = w$p.value, z_within = z)
}))
table <- data.frame(gene = rownames(values), apply(rows, 2, formatC, digits = 17, format = "g", width = 1))
write.table(table, file.path(folder, "expected.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
writeLines(c(R.version.string, paste("coin", packageVersion("coin"))), file.path(folder, "versions.txt"))
