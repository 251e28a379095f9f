#!/usr/bin/env Rscript
# Rscript bench_core.R ENGINE FOLDER: one engine of R on the set that bench_core.py wrote to FOLDER.
# Prints the CPU seconds of the core (counts to results, no loading of packages, no reading), the number of calls and the
# package's version as JSON.
arguments <- commandArgs(TRUE)
engine <- arguments[1]
folder <- arguments[2]
shape <- scan(file.path(folder, "shape.txt"), quiet = TRUE)
counts <- matrix(readBin(file.path(folder, "counts.bin"), "integer", prod(shape)), shape[1], shape[2])
dimnames(counts) <- list(paste0("g", seq_len(shape[1])), paste0("s", seq_len(shape[2])))
samples <- read.delim(file.path(folder, "samples.tsv"), row.names = 1, colClasses = "character")
rownames(samples) <- colnames(counts)
samples$batch <- factor(samples$batch)
samples$group <- factor(samples$group)
design <- model.matrix(~ batch + group, samples)
suppressPackageStartupMessages(switch(engine, deseq2 = library(DESeq2), library(edgeR)))
start <- proc.time()
if (engine == "deseq2") {
  fit <- DESeq(DESeqDataSetFromMatrix(counts, samples, ~ batch + group), quiet = TRUE)
  padj <- results(fit, alpha = 0.05)$padj
} else {
  data <- DGEList(counts)
  data <- calcNormFactors(data[filterByExpr(data, group = samples$group), , keep.lib.sizes = FALSE])
  if (engine %in% c("edger", "edger4")) {
    fit <- glmQLFit(if (engine == "edger") estimateDisp(data, design) else data, design)
    padj <- topTags(glmQLFTest(fit), n = Inf)$table$FDR
  } else {
    fit <- eBayes(lmFit(voom(data, design), design))
    padj <- topTable(fit, coef = ncol(design), number = Inf)$adj.P.Val
  }
}
used <- proc.time() - start
version <- as.character(packageVersion(c(deseq2 = "DESeq2", edger = "edgeR", edger4 = "edgeR", voom = "limma")[[engine]]))
core <- used[["user.self"]] + used[["sys.self"]]
cat(sprintf('{"core": %.3f, "calls": %d, "note": "%s"}\n', core, sum(padj < 0.05, na.rm = TRUE), version))
