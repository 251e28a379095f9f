# Genes whose coefficients DESeq2 1.46 fits again by optim: Rscript make_refits.R in this folder. 14 samples of four groups, D
# with one sample, and a covariate far from zero; half of the genes have no count in D's sample, many are rare. Tests of B and of D against A.
suppressPackageStartupMessages(library(DESeq2))
set.seed(3); n <- 400; m <- 14
group <- factor(rep(c("A", "B", "C", "D"), c(5, 5, 3, 1)))
samples <- data.frame(group = group, age = round(rnorm(m, 5, 1), 3), row.names = paste0("s", 1:m))
base <- exp(runif(n, 0, 7)); size <- 1 / exp(runif(n, log(0.05), log(5)))
eta <- log(base) + outer(rnorm(n, 0, 0.6), samples$age - mean(samples$age)) + outer(rnorm(n), as.integer(group == "B")) +
  outer(ifelse(runif(n) < 0.5, -30, 0), as.integer(group == "D"))
counts <- matrix(rnbinom(n * m, mu = exp(pmin(eta, 12)), size = size), n, dimnames = list(paste0("g", 1:n), rownames(samples)))
sizes <- round(exp(rnorm(m, 0, 0.3)), 4)
data <- DESeqDataSetFromMatrix(counts, samples, ~ age + group); sizeFactors(data) <- sizes
fit <- DESeq(data, quiet = TRUE)
number <- function(x) { y <- formatC(x, digits = 9, format = "g", width = 1); y[is.na(x)] <- "NA"; y }
b <- results(fit, name = "group_B_vs_A", cooksCutoff = FALSE); d <- results(fit, name = "group_D_vs_A", cooksCutoff = FALSE)
table <- data.frame(gene = rownames(fit), counts, iterations = mcols(fit)$betaIter, dispersion = number(dispersions(fit)),
                    b_lfc = number(b$log2FoldChange), b_pvalue = number(b$pvalue),
                    d_lfc = number(d$log2FoldChange), d_pvalue = number(d$pvalue),
                    deviance = number(mcols(fit)$deviance))
target <- gzfile("refits.tsv.gz", "w", compression = 9)
write.table(table, target, sep = "\t", quote = FALSE, row.names = FALSE)
close(target)
write.table(data.frame(sample = rownames(samples), samples, size_factor = sizes), "samples.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
writeLines(c(R.version.string, paste("DESeq2", packageVersion("DESeq2"))), "versions.txt")
cat(sum(mcols(fit)$betaIter >= 100, na.rm = TRUE), "genes refitted\n")
