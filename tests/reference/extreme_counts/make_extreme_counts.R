# Leverages of genes with one huge count, on which DESeq2's least squares leave the reasonable range.
# Rscript make_extreme_counts.R <folder>
suppressMessages(library(DESeq2))
folder <- commandArgs(trailingOnly = TRUE)[1]
counts <- rbind(
  one = c(1e8, 0, 0, 0, 0, 0, 0, 0),
  other = c(0, 0, 0, 1e9, 0, 0, 0, 0),
  treated = c(0, 0, 0, 0, 0, 1e6, 0, 0),
  sparse = c(1e4, 1, 0, 2, 0, 0, 1, 1),
  noisy = c(0, 1, 0, 2, 0, 1e9, 1, 1),
  both = c(1e8, 0, 0, 0, 0, 0, 0, 1000),
  usual = c(100, 110, 90, 80, 100, 120, 90, 70)
)
design <- cbind(intercept = 1, treated = rep(0:1, each = 4), dose = c(0.3, -1, 0.5, 2, -0.7, 0.1, -0.2, 1.1))
ones <- matrix(1, nrow(counts), ncol(counts))
start <- t(solve(qr.R(qr(design)), t(qr.Q(qr(design))) %*% t(log(counts + 0.1))))
rows <- list()
for (dispersion in c(0.1, 8)) {
  fit <- DESeq2:::fitBeta(
    ySEXP = counts, xSEXP = design, nfSEXP = ones, alpha_hatSEXP = rep(dispersion, nrow(counts)),
    contrastSEXP = c(1, 0, 0), beta_matSEXP = start, lambdaSEXP = rep(1e-6 / log(2)^2, 3), weightsSEXP = ones,
    useWeightsSEXP = FALSE, tolSEXP = 1e-8, maxitSEXP = 100, useQRSEXP = TRUE, minmuSEXP = 0.5
  )
  rows[[length(rows) + 1]] <- data.frame(
    gene = rownames(counts), dispersion = dispersion, what = "leverage", signif(fit$hat_diagonals, 10)
  )
}
rows[[length(rows) + 1]] <- data.frame(gene = rownames(counts), dispersion = NA, what = "count", counts)
rows[[length(rows) + 1]] <- data.frame(gene = "dose", dispersion = NA, what = "design", t(design[, "dose"]))
rows <- lapply(rows, function(table) setNames(table, c("gene", "dispersion", "what", paste0("s", 1:8))))
numbers <- do.call(rbind, rows)
numbers[is.na(numbers)] <- ""
write.table(numbers, file.path(folder, "numbers.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
writeLines(c(R.version.string, paste("DESeq2", packageVersion("DESeq2"))), file.path(folder, "versions.txt"))
