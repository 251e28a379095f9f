#!/usr/bin/env Rscript
# Rscript make_expressed.R
# DESeq2 on the genes that the usual filter keeps (a CPM of at least 1 in as many samples as the smallest group has), size
# factors and all else from those genes: the whole airway study (../../../resources/airway) and the slice of marioni
# (../marioni). Writes <set>.<design>.tsv.gz (gene, log2FoldChange, pvalue, padj at alpha 0.1; five digits) and
# versions.txt.
suppressPackageStartupMessages({library(DESeq2); library(edgeR)})
sets <- list(
  airway = list(folder = file.path("..", "..", "..", "resources", "airway"), batch = "cell", condition = "dex",
                base = "untrt"),
  marioni = list(folder = file.path("..", "marioni"), batch = "run", condition = "tissue", base = "Kidney"))
for (name in names(sets)) {
  set <- sets[[name]]
  counts <- read.delim(gzfile(file.path(set$folder, "counts.tsv.gz")), row.names = 1, check.names = FALSE)
  samples <- read.delim(file.path(set$folder, "samples.tsv"), row.names = 1, stringsAsFactors = TRUE)
  counts <- as.matrix(counts[, rownames(samples)])
  storage.mode(counts) <- "integer"
  samples[[set$condition]] <- relevel(samples[[set$condition]], set$base)
  counts <- counts[rowSums(cpm(counts) >= 1) >= min(table(samples[[set$condition]])), ]
  designs <- list(nobatch = reformulate(set$condition), batch = reformulate(c(set$batch, set$condition)))
  for (design in names(designs)) {
    result <- results(DESeq(DESeqDataSetFromMatrix(counts, samples, designs[[design]]), quiet = TRUE), alpha = 0.1)
    result <- as.data.frame(result)[, c("log2FoldChange", "pvalue", "padj")]
    text <- lapply(result, function(x) ifelse(is.na(x), "NA", formatC(x, digits = 5, format = "g", width = 1)))
    target <- gzfile(paste0(name, ".", design, ".tsv.gz"), "w", compression = 9)
    write.table(data.frame(gene = rownames(result), text), target, sep = "\t", quote = FALSE, row.names = FALSE)
    close(target)
  }
}
writeLines(c(R.version.string, paste("DESeq2", packageVersion("DESeq2")), paste("edgeR", packageVersion("edgeR"))),
           "versions.txt")
