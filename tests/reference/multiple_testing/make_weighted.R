#!/usr/bin/env Rscript
# Rscript make_weighted.R [SIMULATED ...]
# Which genes IHW rejects, with the mean count as covariate, of the p-values of DESeq2 (design with batch, no filter) for
# the shipped counts of pasilla and airway: weighted_<set>.tsv.gz (base_mean, pvalue, ihw_0.05 and ihw_0.1: rejected),
# and weighted_versions.txt. Given tables with base_mean, pvalue and is_true instead, it prints for each how many IHW
# rejects at 0.1 and the share of them that is false.
suppressPackageStartupMessages({library(DESeq2); library(IHW)})
rejected <- function(pvalue, base_mean, alpha) {
  set.seed(1)
  as.integer(adj_pvalues(ihw(pvalue, base_mean, alpha = alpha)) <= alpha)
}
simulated <- commandArgs(TRUE)
for (file in simulated) {
  set <- read.delim(file)
  calls <- rejected(set$pvalue, set$base_mean, 0.1) == 1
  cat(sum(calls), sum(calls & set$is_true == 0) / max(1, sum(calls)), "\n")
}
if (length(simulated)) quit()

sets <- list(pasilla = list(~type + condition, c("condition", "treated", "untreated")),
             airway = list(~cell + dex, c("dex", "trt", "untrt")))
for (name in names(sets)) {
  shipped <- file.path("..", "..", "..", "resources", name)
  counts <- as.matrix(read.delim(gzfile(file.path(shipped, "counts.tsv.gz")), row.names = 1, check.names = FALSE))
  storage.mode(counts) <- "integer"
  samples <- read.delim(file.path(shipped, "samples.tsv"), row.names = 1, stringsAsFactors = TRUE)
  data <- DESeqDataSetFromMatrix(counts[, rownames(samples)], samples, sets[[name]][[1]])
  result <- results(DESeq(data, quiet = TRUE), contrast = sets[[name]][[2]], independentFiltering = FALSE)
  result <- result[!is.na(result$pvalue), ]
  # Few digits keep the tables small; IHW is given the same.
  table <- data.frame(base_mean = signif(result$baseMean, 4), pvalue = signif(result$pvalue, 4))
  table <- table[order(table$base_mean, table$pvalue), ]
  for (alpha in c(0.05, 0.1)) table[[paste0("ihw_", alpha)]] <- rejected(table$pvalue, table$base_mean, alpha)
  target <- gzfile(paste0("weighted_", name, ".tsv.gz"), "w", compression = 9)
  write.table(table, target, sep = "\t", quote = FALSE, row.names = FALSE)
  close(target)
}
writeLines(c(R.version.string, paste("DESeq2", packageVersion("DESeq2")), paste("IHW", packageVersion("IHW"))),
           "weighted_versions.txt")
