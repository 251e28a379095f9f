#!/usr/bin/env Rscript
# make_sample_weights.R REFERENCE OUT: weights of samples and moderated t by edgeR 4's voomLmFit, and limma's
# voomWithQualityWeights, of the counts in REFERENCE; every tenth gene of the tables. Written with edgeR 4.4.2, limma 3.62.2.
suppressPackageStartupMessages(library(edgeR))
a <- commandArgs(TRUE)
f17 <- function(x) if (is.numeric(x)) formatC(x, digits = 17, format = "g", width = 1) else as.character(x)
weights <- facts <- NULL
note <- function(case, v, fit) {
  fit <- eBayes(fit)
  weights <<- rbind(weights, data.frame(case, sample = colnames(v), weight = f17(fit$targets$sample.weight)))
  facts <<- rbind(facts, data.frame(case, prior_df = f17(fit$df.prior), prior_variance = f17(fit$s2.prior), correlation = f17(if (is.null(fit$correlation)) NA else fit$correlation)))
  k <- seq(1, nrow(fit), 10); last <- ncol(fit)
  t <- data.frame(gene = rownames(fit)[k], change = f17(fit$coefficients[k, last]), t = f17(fit$t[k, last]), pvalue = f17(fit$p.value[k, last]), df = f17(fit$df.total[k]))
  con <- gzfile(file.path(a[2], paste0(case, ".tsv.gz")), "w"); write.table(t, con, sep = "\t", quote = FALSE, row.names = FALSE); close(con)
}
for (set in c("pasilla", "airway", "marioni")) {
  cnt <- as.matrix(read.delim(gzfile(file.path(a[1], set, "counts.tsv.gz")), row.names = 1, check.names = FALSE))
  sam <- read.delim(file.path(a[1], set, "samples.tsv"), row.names = 1, colClasses = "character"); cnt <- cnt[, rownames(sam)]
  cnt <- cnt[rowSums(cnt) >= 10, ]; y <- normLibSizes(DGEList(cnt))
  if (set == "pasilla") m <- cbind(1, sam$type == "paired_end", sam$condition == "treated")
  if (set == "airway") m <- cbind(1, sam$dex == "trt")
  if (set == "marioni") m <- cbind(1, sam$tissue == "Liver")
  note(set, y, voomLmFit(y, m, sample.weights = TRUE))
  if (set == "pasilla") note("pasilla_by_type", y, voomLmFit(y, m, var.group = sam$type))
  if (set == "airway") note("airway_blocked", y, voomLmFit(y, m, block = sam$cell, sample.weights = TRUE))
}
write.table(weights, file.path(a[2], "weights.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
write.table(facts, file.path(a[2], "facts.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
