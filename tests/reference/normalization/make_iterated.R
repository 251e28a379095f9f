#!/usr/bin/env Rscript
# Size factors by estimateSizeFactors(type = "iterate") of DESeq2, for tests/unit/normalize/test_size_factors.py.
# Run from the repository root:  Rscript tests/reference/normalization/make_iterated.R
# `default`: as DESeq2 computes them. `tight`: the same with every call of optim repeated, from where it stopped, until it moves no more.
suppressPackageStartupMessages(library(DESeq2))

tight_optim <- function(par, fn, ...) {
  scale <- abs(fn(par))
  res <- stats::optim(par, fn, method = "L-BFGS-B", control = list(fnscale = -scale, factr = 1, ndeps = rep(1e-5, length(par)), maxit = 1000))
  for (k in 1:20) {
    again <- stats::optim(res$par, fn, method = "BFGS",
      control = list(fnscale = -scale, reltol = 1e-16, ndeps = rep(1e-5, length(par)), maxit = 1000))
    moved <- max(abs(again$par - res$par)); res <- again
    if (moved < 1e-8) break
  }
  res$convergence <- 0
  res
}
iterated <- function(counts, optim) {
  dds <- DESeqDataSetFromMatrix(counts, data.frame(row.names = colnames(counts), x = seq_len(ncol(counts))), ~1)
  method <- DESeq2:::estimateSizeFactorsIterate
  seen <- new.env(parent = environment(method)); seen$optim <- optim
  environment(method) <- seen
  method(dds)
}
rows <- list()
for (name in c("pasilla", "airway", "simulated_batches", "normalization")) {
  file <- file.path("tests/reference", name, if (name == "normalization") "simulated_counts.tsv.gz" else "counts.tsv.gz")
  counts <- as.matrix(read.delim(file, row.names = 1, check.names = FALSE))
  default <- iterated(counts, stats::optim); tight <- iterated(counts, tight_optim)
  cat(name, "optim's default stop is off by", max(abs(default / tight - 1)), "\n")
  rows[[name]] <- data.frame(set = name, sample = colnames(counts), default = sprintf("%.17g", default), tight = sprintf("%.17g", tight))
}
sparse <- as.matrix(read.delim("tests/reference/normalization/sparse_counts.tsv.gz", row.names = 1))
print(tryCatch(iterated(sparse, stats::optim), error = conditionMessage))
write.table(do.call(rbind, rows), "tests/reference/normalization/iterated_factors.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
