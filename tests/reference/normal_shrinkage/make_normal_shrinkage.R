#!/usr/bin/env Rscript
# Rscript make_normal_shrinkage.R
# lfcShrink(type = "normal", contrast = ...) of DESeq2 on the counts of ../simulated_three_groups, where the contrast is
# no coefficient: R turns to a matrix with a column for every level. Writes shrunken.tsv.gz (by design: fold change and
# error of C against B; of C against the mean of A and B), priors.tsv (the prior variances) and versions.txt.
suppressPackageStartupMessages(library(DESeq2))
set <- file.path("..", "simulated_three_groups")
counts <- as.matrix(read.delim(gzfile(file.path(set, "counts.tsv.gz")), row.names = 1))
storage.mode(counts) <- "integer"
samples <- read.delim("samples.tsv", row.names = 1, stringsAsFactors = TRUE)
counts <- counts[, rownames(samples)]
written <- function(x) formatC(x, digits = 12, format = "g", width = 1)
designs <- list(group = ~group, batch = ~batch + group, age = ~age + group, both = ~batch + age + group)
table <- data.frame(gene = rownames(counts))
priors <- NULL
for (name in names(designs)) {
  fit <- DESeq(DESeqDataSetFromMatrix(counts, samples, designs[[name]]), quiet = TRUE)
  levels <- lfcShrink(fit, contrast = c("group", "C", "B"), type = "normal", quiet = TRUE)
  variances <- priorInfo(levels)$betaPriorVar
  weights <- setNames(0 * variances, names(variances))
  weights[c("groupC", "groupA", "groupB")] <- c(1, -0.5, -0.5)
  rest <- suppressMessages(lfcShrink(fit, contrast = weights, res = results(fit), type = "normal", quiet = TRUE))
  table[[paste0(name, ".lfc")]] <- written(levels$log2FoldChange)
  table[[paste0(name, ".se")]] <- written(levels$lfcSE)
  table[[paste0(name, ".rest_lfc")]] <- written(rest$log2FoldChange)
  table[[paste0(name, ".rest_se")]] <- written(rest$lfcSE)
  priors <- rbind(priors, data.frame(design = name, column = names(variances), variance = written(variances)))
}
target <- gzfile("shrunken.tsv.gz", "w", compression = 9)
write.table(table, target, sep = "\t", quote = FALSE, row.names = FALSE)
close(target)
write.table(priors, "priors.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
writeLines(c(R.version.string, paste("DESeq2", packageVersion("DESeq2"))), "versions.txt")
