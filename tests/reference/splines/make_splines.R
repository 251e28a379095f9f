# Natural splines by R's splines::ns, and DESeq2's tests of a design that holds them.
# Usage, from the repository: Rscript tests/reference/splines/make_splines.R
suppressMessages({ library(splines); library(DESeq2) })
options(digits = 17)
folder <- "tests/reference/splines"

values <- c(20, 23.5, 31, 31, 44, 47, 50.25, 58, 61, 75, 18, 90)
asked <- c(10, 18, 33, 61, 90, 95)
bases <- NULL
for (df in 2:5) {
  basis <- ns(values, df = df)
  at <- predict(basis, asked)
  bases <- rbind(bases, data.frame(
    df = df, value = rep(c(values, asked), df), column = rep(seq_len(df), each = length(values) + length(asked)),
    entry = as.vector(rbind(unclass(basis)[, ], at[, ])), knots = paste(format(attr(basis, "knots"), digits = 17, trim = TRUE), collapse = ",")
  ))
}
write.table(bases, file.path(folder, "bases.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)

set.seed(11)
n_genes <- 200
sheet <- data.frame(sample = paste0("s", 1:24), arm = rep(c("placebo", "verum"), 12), hour = sort(round(runif(24, 0, 24), 1)))
sheet$arm <- factor(sheet$arm)
curve <- sin(pi * sheet$hour / 24)
effect <- outer(c(rep(1.5, 30), rep(0, n_genes - 30)), curve * (sheet$arm == "verum")) + outer(rnorm(n_genes, sd = 0.5), curve)
counts <- matrix(rnbinom(n_genes * 24, mu = 2^(effect + rnorm(n_genes, 8, 1.5)), size = 20), n_genes, dimnames = list(sprintf("g%03d", 1:n_genes), sheet$sample))
fit <- DESeqDataSetFromMatrix(counts, sheet, ~ arm * ns(hour, df = 3))
fit <- DESeq(fit, test = "LRT", reduced = ~ arm + ns(hour, df = 3), quiet = TRUE)
whole <- results(fit, cooksCutoff = FALSE, independentFiltering = FALSE)
# The arms at hour 12: a difference of two rows of the design.
basis <- predict(ns(sheet$hour, df = 3), 12)
wald <- nbinomWaldTest(fit, quiet = TRUE)
at12 <- results(wald, contrast = c(0, 1, 0, 0, 0, basis), cooksCutoff = FALSE, independentFiltering = FALSE)
rise <- predict(ns(sheet$hour, df = 3), 12) - predict(ns(sheet$hour, df = 3), 2)
hours <- results(wald, contrast = c(0, 0, rise, 0, 0, 0), cooksCutoff = FALSE, independentFiltering = FALSE)
table <- data.frame(
  gene = rownames(counts), lrt_stat = whole$stat, lrt_pvalue = whole$pvalue, arm_lfc = at12$log2FoldChange,
  arm_se = at12$lfcSE, hour_lfc = hours$log2FoldChange, hour_pvalue = hours$pvalue
)
write.table(table, file.path(folder, "course.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
write.table(data.frame(gene = rownames(counts), counts), gzfile(file.path(folder, "counts.tsv.gz")), sep = "\t", quote = FALSE, row.names = FALSE)
write.table(sheet, file.path(folder, "samples.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
writeLines(c(R.version.string, paste("DESeq2", packageVersion("DESeq2"))), file.path(folder, "versions.txt"))
