# R's answer to the demo of single cells: DESeq2 on the sums of each cell type, its own size factors, paired donors.
#
#   Rscript make_demo.R FOLDER
#
# FOLDER holds <type>.counts.tsv and <type>.samples.tsv: counts of 02_filter/sets/<type> of `make cells`, and their rows of
# 01_ingest/sets/<type>/samples.tsv. Writes <type>.tsv.gz there.
# DESeq2 1.46 (R 4.5). Where each gene has a zero, size factors are those of positive counts.
suppressMessages(library(DESeq2))
folder <- commandArgs(TRUE)[1]
for (type in c("B_cells", "CD14_Monocytes", "CD4_T_cells")) {
  counts <- as.matrix(read.delim(file.path(folder, paste0(type, ".counts.tsv")), row.names = 1, check.names = FALSE))
  samples <- read.delim(file.path(folder, paste0(type, ".samples.tsv")), row.names = 1)[colnames(counts), ]
  samples$donor <- factor(samples$donor)
  samples$condition <- factor(samples$condition, levels = c("ctrl", "stim"))
  dds <- DESeqDataSetFromMatrix(counts, samples, ~ donor + condition)
  complete <- any(rowSums(counts == 0) == 0)
  dds <- DESeq(estimateSizeFactors(dds, type = if (complete) "ratio" else "poscounts"), quiet = TRUE)
  found <- results(dds, contrast = c("condition", "stim", "ctrl"), alpha = 0.05)
  table <- data.frame(gene = rownames(found), base_mean = found$baseMean, log2_fold_change = found$log2FoldChange,
                      pvalue = found$pvalue, padj = found$padj)
  for (column in names(table)[-1]) table[[column]] <- signif(table[[column]], 8)
  target <- gzfile(file.path(folder, paste0(type, ".tsv.gz")), "w")
  write.table(table, target, sep = "\t", quote = FALSE, row.names = FALSE)
  close(target)
  cat(type, "called:", sum(found$padj < 0.05, na.rm = TRUE), "fit:", attr(dispersionFunction(dds), "fitType"), "\n")
}
