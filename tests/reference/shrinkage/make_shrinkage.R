# Shrunken fold changes by R 4.5: apeglm 1.27.0 (built from github.com/azhu513/apeglm, commit 0abaccb, with RcppNumerical 0.7-0;
# 0.6-0 gives the same), ashr (github.com/stephens999/ashr) and DESeq2 1.46. Rscript make_shrinkage.R in the repository's
# root; the first argument may be a library that holds apeglm and ashr.
#   <set>.<design>.tsv.gz  of sets beside this folder: lfcShrink(type = "apeglm") and ("ashr"), log2 scale, with s-values, plain
#                          and against 0.5
#   mixtures.tsv           weights of ashr's prior, by set and standard deviation
#   two_modes.tsv.gz       apeglm() on made-up genes of 3 against 3 samples whose posterior has two modes or hardly one:
#                          counts, dispersion and scale of the prior as given; natural logarithms
#   outliers.*.tsv.gz      counts of 8 against 8 samples in two batches with planted outliers; Wald and likelihood-ratio tests
#                          and shrunken fold changes
arguments <- commandArgs(TRUE)
if (length(arguments)) .libPaths(c(arguments[1], .libPaths()))
suppressPackageStartupMessages({library(DESeq2); library(apeglm); library(ashr)})
out <- "tests/reference/shrinkage"
number <- function(x) { y <- formatC(x, digits = 8, format = "g", width = 1); y[is.na(x)] <- "NA"; y }
write_table <- function(values, name) {
  values <- as.data.frame(lapply(values, function(x) if (is.double(x)) number(x) else x), check.names = FALSE)
  path <- file.path(out, name)
  target <- if (grepl("gz$", name)) gzfile(path, "w", compression = 9) else file(path, "w")
  write.table(values, target, sep = "\t", quote = FALSE, row.names = FALSE)
  close(target)
}
shrunken <- function(fit, coef) {
  plain <- results(fit, name = resultsNames(fit)[coef])
  ape <- lfcShrink(fit, coef = coef, type = "apeglm", quiet = TRUE, svalue = TRUE)
  bound <- lfcShrink(fit, coef = coef, type = "apeglm", quiet = TRUE, lfcThreshold = 0.5)
  ash <- lfcShrink(fit, coef = coef, type = "ashr", quiet = TRUE, svalue = TRUE, returnList = TRUE)
  ash_bound <- lfcShrink(fit, coef = coef, type = "ashr", quiet = TRUE, lfcThreshold = 0.5)
  list(table = data.frame(
    gene = rownames(fit), lfc = plain$log2FoldChange, se = plain$lfcSE,
    apeglm_lfc = ape$log2FoldChange, apeglm_se = ape$lfcSE, apeglm_svalue = ape$svalue, apeglm_bound = bound$svalue,
    ashr_lfc = ash$res$log2FoldChange, ashr_se = ash$res$lfcSE, ashr_svalue = ash$res$svalue,
    ashr_lfsr = ash$fit$result$lfsr, ashr_bound = ash_bound$svalue), mixture = ash$fit$fitted_g)
}
mixtures <- NULL
for (set in c("pasilla", "airway", "simulated_outliers")) {
  folder <- file.path("tests/reference", set)
  config <- grep("=", readLines(file.path(folder, "reference.cfg")), value = TRUE)
  config <- setNames(as.list(sub("^[^=]*=", "", config)), sub("=.*", "", config))
  counts <- as.matrix(read.delim(gzfile(file.path(folder, "counts.tsv.gz")), row.names = 1, check.names = FALSE))
  samples <- read.delim(file.path(folder, "samples.tsv"), row.names = 1, check.names = FALSE, colClasses = "character")
  counts <- counts[, rownames(samples)]; storage.mode(counts) <- "integer"
  batches <- strsplit(c(config$batch, "")[1], ",")[[1]]
  for (column in batches) samples[[column]] <- factor(samples[[column]])
  samples[[config$condition]] <- relevel(factor(samples[[config$condition]]), config$reference)
  for (tag in c(if (set != "airway") "nobatch", if (length(batches)) "batch")) {
    design <- reformulate(c(if (tag == "batch") batches, config$condition))
    fit <- DESeq(DESeqDataSetFromMatrix(counts, samples, design), quiet = TRUE)
    found <- shrunken(fit, length(resultsNames(fit)))
    write_table(found$table, paste0(set, ".", tag, ".tsv.gz"))
    mixtures <- rbind(mixtures, data.frame(set = set, design = tag, sd = found$mixture$sd, weight = found$mixture$pi))
  }
}
write_table(mixtures, "mixtures.tsv")

set.seed(7)
# First the counts of NR1D1 in a rat study, with a range of dispersions and scales.
made <- do.call(rbind, lapply(c(0.1, 0.15, 0.2, 0.3), function(scale)
  data.frame(a1 = 13, a2 = 433, a3 = 53, b1 = 1994, b2 = 1611, b3 = 2402, dispersion = c(0.3, 0.5, 0.7, 0.9, 1.2, 1.6), scale = scale)))
for (k in 1:240) {
  size <- 1 / runif(1, 0.2, 1.5); base <- exp(runif(1, 1, 6)); change <- exp(rnorm(1, 0, 1.6))
  made <- rbind(made, setNames(data.frame(t(c(rnbinom(3, mu = base, size = size), rnbinom(3, mu = base * change, size = size))),
                                          1 / size, sample(c(0.05, 0.1, 0.2, 0.3), 1)), names(made)))
}
made <- made[rowSums(made[, 1:6]) > 0, ]
made$map <- made$sd <- NA_real_
x <- model.matrix(~ factor(rep(1:2, each = 3)))
for (scale in unique(made$scale)) {
  rows <- which(made$scale == scale)
  y <- as.matrix(made[rows, 1:6])
  prior <- list(no.shrink = 1, prior.mean = 0, prior.scale = scale, prior.df = 1, prior.no.shrink.mean = 0,
                prior.no.shrink.scale = 15)
  fit <- apeglm(Y = y, x = x, log.lik = NULL, param = made$dispersion[rows], coef = 2, offset = y * 0,
                prior.control = prior, method = "nbinomCR")
  made$map[rows] <- fit$map[, 2]
  made$sd[rows] <- fit$sd[, 2]
}
write_table(made, "two_modes.tsv.gz")

n <- 600
samples <- data.frame(batch = factor(rep(c("x", "y"), 8)), group = factor(rep(c("A", "B"), each = 8)),
                      row.names = paste0("s", 1:16))
base <- exp(rnorm(n, 5, 1.5)); size <- 1 / (0.03 + 1 / base) * exp(rnorm(n, 0, 0.4))
change <- ifelse(runif(n) < 0.2, exp(rnorm(n, 0, 0.8)), 1); shift <- exp(rnorm(n, 0, 0.3))
mu <- outer(base, rep(1, 16)) * outer(change, as.integer(samples$group == "B"), "^") *
  outer(shift, as.integer(samples$batch == "y"), "^")
counts <- matrix(rnbinom(n * 16, mu = mu, size = size), n, dimnames = list(paste0("g", 1:n), rownames(samples)))
for (g in 1:60) { s <- sample(16, 1); counts[g, s] <- as.integer(counts[g, s] * 20 + 300) }
write_table(data.frame(gene = rownames(counts), counts), "outliers.counts.tsv.gz")
for (tag in c("nobatch", "batch")) {
  design <- if (tag == "batch") ~ batch + group else ~ group
  reduced <- if (tag == "batch") ~ batch else ~ 1
  data <- DESeqDataSetFromMatrix(counts, samples, design)
  fit <- DESeq(data, quiet = TRUE, minReplicatesForReplace = 4)
  ratio <- results(DESeq(data, test = "LRT", reduced = reduced, quiet = TRUE, minReplicatesForReplace = 4))
  wald <- results(fit)
  last <- length(resultsNames(fit))
  ape <- lfcShrink(fit, coef = last, type = "apeglm", quiet = TRUE)
  normal <- lfcShrink(fit, coef = last, type = "normal", quiet = TRUE)
  write_table(data.frame(gene = rownames(fit), replaced = as.integer(mcols(fit)$replace %in% TRUE), lfc = wald$log2FoldChange,
                         pvalue = wald$pvalue, lrt_pvalue = ratio$pvalue, lrt_padj = ratio$padj,
                         apeglm_lfc = ape$log2FoldChange, normal_lfc = normal$log2FoldChange), paste0("outliers.", tag, ".tsv.gz"))
  cat(tag, sum(mcols(fit)$replace %in% TRUE), "genes replaced\n")
}
writeLines(c(R.version.string, sapply(c("DESeq2", "apeglm", "ashr", "mixsqp", "RcppNumerical"),
                                      function(p) paste(p, packageVersion(p)))), file.path(out, "versions.txt"))
