# The cut of independent filtering where rejections rise evenly to the last quantiles (DESeq2 1.46; before 1.40 nothing was
# left out): Rscript make_filter_cut.R adds padj, at 0.1, to the p-values of filter_cut.tsv.gz, which were drawn so that the
# cut is the first with nine tenths (case 1) or eight tenths (2) of the curve's top, or none (3).
suppressMessages(library(DESeq2))
drawn <- read.delim("filter_cut.tsv.gz")[, 1:3]
drawn$padj <- NA
for (case in unique(drawn$case)) {
  rows <- which(drawn$case == case)
  r <- DESeqResults(DataFrame(baseMean = drawn$base_mean[rows], log2FoldChange = 0, lfcSE = 1, stat = 0,
                              pvalue = drawn$pvalue[rows], row.names = paste0("g", rows)))
  r <- DESeq2:::pvalueAdjustment(r, TRUE, drawn$base_mean[rows], alpha = 0.1, pAdjustMethod = "BH")
  cat(case, metadata(r)$filterTheta, sum(r$padj < 0.1, na.rm = TRUE), "\n")
  drawn$padj[rows] <- signif(r$padj, 9)
}
target <- gzfile("filter_cut.tsv.gz", "w", compression = 9)
write.table(drawn, target, sep = "\t", quote = FALSE, row.names = FALSE, na = "")
close(target)
writeLines(c(R.version.string, paste("DESeq2", packageVersion("DESeq2"))), "filter_cut_versions.txt")
