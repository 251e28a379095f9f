# Tests against |log2 fold change| = 1 by every alternative of DESeq2 1.46, and by its LRT and Wald tests the genes without
# p-value: Rscript make_bounds.R ROOT, in the repository's root. The whole airway study (~ cell + dex, and ~ dex) and the
# slice of marioni (~ batch + condition). calls.tsv: calls at 0.05; pvalues.tsv.gz: every 20th gene.
suppressPackageStartupMessages(library(DESeq2))
out <- "tests/reference/bounds"
read_counts <- function(file) as.matrix(read.delim(gzfile(file), row.names = 1, check.names = FALSE))
alternatives <- c("greaterAbs", "greaterAbs2014", "lessAbs", "greater", "less")
calls <- pvalues <- NULL
run <- function(name, counts, samples, design, contrast) {
  storage.mode(counts) <- "integer"
  fit <- DESeq(DESeqDataSetFromMatrix(counts, samples, design), quiet = TRUE)
  kept <- data.frame(set = name, gene = rownames(fit))
  for (alternative in alternatives) {
    r <- results(fit, contrast = contrast, alpha = 0.05, lfcThreshold = 1, altHypothesis = alternative)
    calls <<- rbind(calls, data.frame(set = name, alternative = alternative, calls = sum(r$padj < 0.05, na.rm = TRUE)))
    kept[[alternative]] <- formatC(r$pvalue, digits = 7, format = "g", width = 1)
    kept[[paste0("stat_", alternative)]] <- formatC(r$stat, digits = 7, format = "g", width = 1)
  }
  tested <- which(!is.na(r$pvalue))
  pvalues <<- rbind(pvalues, kept[tested[seq(1, length(tested), 20)], ])
}
samples <- read.delim("resources/airway/samples.tsv", row.names = 1, colClasses = "character")
counts <- read_counts("resources/airway/counts.tsv.gz")[, rownames(samples)]
samples$cell <- factor(samples$cell); samples$dex <- relevel(factor(samples$dex), "untrt")
run("airway", counts, samples, ~ cell + dex, c("dex", "trt", "untrt"))
samples <- read.delim("tests/reference/marioni/samples.tsv", row.names = 1, colClasses = "character")
counts <- read_counts("tests/reference/marioni/counts.tsv.gz")[, rownames(samples)]
config <- readLines("tests/reference/marioni/reference.cfg")
config <- setNames(sub("^[^=]*=", "", config), sub("=.*", "", config))
for (column in strsplit(config[["batch"]], ",")[[1]]) samples[[column]] <- factor(samples[[column]])
condition <- config[["condition"]]
samples[[condition]] <- relevel(factor(samples[[condition]]), config[["reference"]])
design <- reformulate(c(strsplit(config[["batch"]], ",")[[1]], condition))
run("marioni", counts, samples, design, c(condition, config[["test"]], config[["reference"]]))
write.table(calls, file.path(out, "calls.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
target <- gzfile(file.path(out, "pvalues.tsv.gz"), "w", compression = 9)
write.table(pvalues, target, sep = "\t", quote = FALSE, row.names = FALSE)
close(target)
writeLines(c(R.version.string, paste("DESeq2", packageVersion("DESeq2"))), file.path(out, "versions.txt"))
