# Shares of donors as correlated samples: limma's duplicateCorrelation instead of donors in the design.
# Rscript make_correlated.R <this folder>
suppressPackageStartupMessages({library(limma); library(statmod)})
folder <- commandArgs(TRUE)[1]
sheet <- read.delim(file.path(folder, "cells_per_type.tsv"), check.names = FALSE)
cells <- as.matrix(sheet[, -(1:3)])
design <- model.matrix(~ factor(sheet$condition, c("ctrl", "stim")))
values <- t(asin(sqrt(cells / rowSums(cells))))
shared <- duplicateCorrelation(values, design, block = sheet$donor)$consensus.correlation
fit <- eBayes(lmFit(values, design, block = sheet$donor, correlation = shared))
digits <- function(x) formatC(x, digits = 17, format = "g", width = 1)
table <- data.frame(cell_type = colnames(cells), correlation = digits(shared), t = digits(fit$t[, 2]), pvalue = digits(fit$p.value[, 2]))
write.table(table, file.path(folder, "correlated.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
