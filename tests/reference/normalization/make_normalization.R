#!/usr/bin/env Rscript
# Reference values for tests/unit/test_{filtering,normalization,batch}.py, computed by edgeR, DESeq2 and limma.
# Run from the repository root:  Rscript tests/reference/normalization/make_normalization.R
# Reads resources/{pasilla,airway}; writes beside itself. Doubles are written with 17 significant digits.
suppressPackageStartupMessages({library(DESeq2); library(edgeR); library(limma)})
out_dir <- file.path("tests", "reference", "normalization")
data_dir <- "resources"

exact <- function(x) if (is.double(x)) ifelse(is.na(x), "NA", formatC(x, digits = 17, format = "g", width = 1)) else as.character(x)
write_table <- function(x, name, id = "gene", rows = rownames(x)) {
  x <- as.data.frame(x, optional = TRUE)
  columns <- data.frame(rows, lapply(x, exact), check.names = FALSE)
  names(columns) <- c(id, names(x))
  path <- file.path(out_dir, name)
  con <- if (grepl("gz$", name)) gzfile(path, "w") else file(path, "w")
  write.table(columns, con, sep = "\t", quote = FALSE, row.names = FALSE)
  close(con)
}
read_set <- function(name) {
  counts <- as.matrix(read.delim(file.path(data_dir, name, "counts.tsv.gz"), row.names = 1, check.names = FALSE))
  samples <- read.delim(file.path(data_dir, name, "samples.tsv"), row.names = 1, check.names = FALSE, colClasses = "character")
  list(counts = counts, samples = samples[colnames(counts), , drop = FALSE])
}
edger_factors <- function(counts, method) unname(calcNormFactors(DGEList(counts), method = method)$samples$norm.factors)
deseq2_factors <- function(counts, ...) {
  dds <- DESeqDataSetFromMatrix(counts, data.frame(row.names = colnames(counts), x = seq_len(ncol(counts))), ~1)
  unname(sizeFactors(estimateSizeFactors(dds, ...)))
}
# Made-up but fixed gene lengths (bases); the tests use the same formula.
made_lengths <- function(counts) 300 + (seq_len(nrow(counts)) * 7919) %% 9700
all_factors <- function(counts) {
  control <- seq(1, nrow(counts), by = 7)
  rpk <- counts / (made_lengths(counts) / 1000)
  data.frame(
    ratio = deseq2_factors(counts), poscounts = deseq2_factors(counts, type = "poscounts"),
    ratio_control = deseq2_factors(counts, controlGenes = control),
    poscounts_control = deseq2_factors(counts, type = "poscounts", controlGenes = control),
    tmm = edger_factors(counts, "TMM"), tmmwsp = edger_factors(counts, "TMMwsp"), rle = edger_factors(counts, "RLE"),
    upper_quartile = edger_factors(counts, "upperquartile"), getmm = edger_factors(rpk, "TMM"))
}

# ---- factors and filters on real data
for (name in c("pasilla", "airway")) {
  set <- read_set(name); counts <- set$counts
  write_table(all_factors(counts), paste0(name, "_factors.tsv"), "sample", colnames(counts))
  condition <- factor(set$samples[[if (name == "pasilla") "condition" else "dex"]])
  batch <- factor(set$samples[[if (name == "pasilla") "type" else "cell"]])
  design <- model.matrix(~ batch + condition)
  smallest <- min(table(condition))
  masks <- data.frame(
    cpm_1_smallest_group = rowSums(cpm(counts) >= 1) >= smallest, cpm_0.5_in_2 = rowSums(cpm(counts) >= 0.5) >= 2,
    by_expr_group = filterByExpr(counts, group = condition), by_expr_design = filterByExpr(counts, design = design),
    by_expr_none = suppressMessages(filterByExpr(counts)),
    by_expr_strict = filterByExpr(counts, group = condition, min.count = 50, min.total.count = 1000))
  for (k in names(masks)) masks[[k]] <- as.integer(masks[[k]])
  rows <- seq(1, nrow(counts), by = if (name == "pasilla") 1 else 10)
  write_table(masks[rows, ], paste0(name, "_filters.tsv.gz"), rows = rownames(counts)[rows])
  write_table(data.frame(n = colSums(masks)), paste0(name, "_filters_total.tsv"), "filter", names(masks))
}

# ---- tables for inspection, every 50th gene of pasilla
counts <- read_set("pasilla")$counts; some <- seq(1, nrow(counts), by = 50); lengths <- made_lengths(counts)
tmm <- calcNormFactors(DGEList(counts)); rpk <- counts / (lengths / 1000)
tables <- list(
  normalized = sweep(counts, 2, deseq2_factors(counts), "/"), cpm = cpm(counts), tmm_cpm = cpm(tmm),
  log_cpm = cpm(tmm, log = TRUE, prior.count = 2), log_cpm_prior_0.5 = cpm(tmm, log = TRUE, prior.count = 0.5),
  tpm = sweep(rpk, 2, colSums(rpk), "/") * 1e6, fpkm = rpkm(counts, gene.length = lengths),
  getmm = cpm(calcNormFactors(DGEList(rpk))))
for (k in names(tables)) write_table(tables[[k]][some, ], paste0("pasilla_", k, ".tsv.gz"))

# ---- sparse: more than three quarters of each column are zeros, no gene without a zero
set.seed(1)
sparse <- matrix(rnbinom(600 * 6, mu = rep(rexp(600, 4), 6), size = 0.3), ncol = 6, dimnames = list(sprintf("g%03d", 1:600), paste0("s", 1:6)))
sparse[cbind(1:600, rep(1:6, 100))] <- 0L
storage.mode(sparse) <- "integer"
stopifnot(apply(sparse, 2, quantile, 0.75) == 0)
write_table(sparse, "sparse_counts.tsv.gz")
write_table(data.frame(poscounts = deseq2_factors(sparse, type = "poscounts"), tmm = edger_factors(sparse, "TMM"),
  tmmwsp = edger_factors(sparse, "TMMwsp")), "sparse_factors.tsv", "sample", colnames(sparse))

# ---- simulated: 30 samples, small counts with many ties, crossed and nested batches, a continuous covariate
set.seed(2); n <- 30
samples <- data.frame(
  condition = rep(c("control", "treated"), c(12, 18)), batch = sample(c("b1", "b2", "b3"), n, TRUE, c(0.5, 0.3, 0.2)),
  run = sample(c("r1", "r2"), n, TRUE), rin = round(runif(n, 5, 10), 1), row.names = sprintf("s%02d", 1:n))
samples$site <- ifelse(samples$batch == "b1", sample(c("x1", "x2"), n, TRUE), ifelse(samples$batch == "b2", "y1", "z1"))
samples <- samples[, c("condition", "batch", "site", "run", "rin")]
simulated <- matrix(rnbinom(300 * n, mu = outer(rexp(300, 1 / 30), runif(n, 0.3, 3)), size = 3), nrow = 300,
  dimnames = list(sprintf("g%03d", 1:300), rownames(samples)))
storage.mode(simulated) <- "integer"
write_table(simulated, "simulated_counts.tsv.gz"); write_table(samples, "simulated_samples.tsv", "sample")
write_table(all_factors(simulated), "simulated_factors.tsv", "sample", colnames(simulated))
designs <- list(by_expr_condition = model.matrix(~condition, samples), by_expr_no_intercept = model.matrix(~ 0 + condition, samples),
  by_expr_full = model.matrix(~ batch + run + rin + condition, samples), by_expr_one = matrix(1, n, 1))
masks <- lapply(designs, function(d) as.integer(filterByExpr(simulated, design = d)))
masks$by_expr_group <- as.integer(filterByExpr(simulated, group = samples$condition))
masks$by_expr_group_large_5 <- as.integer(filterByExpr(simulated, group = samples$condition, large.n = 5, min.prop = 0.5))
write_table(masks, "simulated_filters.tsv.gz", rows = rownames(simulated))

# ---- removeBatchEffect on the log-CPM of 40 genes
values <- cpm(calcNormFactors(DGEList(simulated)), log = TRUE)[101:140, ]
write_table(values, "batch_values.tsv.gz")
condition <- model.matrix(~condition, samples)
cases <- list(
  batch = removeBatchEffect(values, batch = samples$batch),
  batch_condition = removeBatchEffect(values, batch = samples$batch, design = condition),
  batch_run_condition = removeBatchEffect(values, batch = samples$batch, batch2 = samples$run, design = condition),
  batch_site_condition = removeBatchEffect(values, batch = samples$batch, batch2 = samples$site, design = condition),
  batch_rin_condition = removeBatchEffect(values, batch = samples$batch, covariates = samples$rin, design = condition),
  batch_rin_centred_condition = removeBatchEffect(values, batch = samples$batch, covariates = samples$rin - mean(samples$rin), design = condition))
for (k in names(cases)) write_table(cases[[k]], paste0("batch_adjusted_", k, ".tsv.gz"))

# ---- principal components against covariates (lm), and pairs of covariates
scores <- prcomp(t(values))$x[, 1:4]
write_table(scores, "association_scores.tsv", "sample")
rows <- list()
for (pc in colnames(scores)) for (covariate in colnames(samples)) {
  fit <- summary(lm(scores[, pc] ~ samples[[covariate]])); f <- fit$fstatistic
  rows[[length(rows) + 1]] <- data.frame(pc = pc, covariate = covariate, df_model = f[[2]], df_residual = f[[3]], r_squared = fit$r.squared,
    pvalue = pf(f[[1]], f[[2]], f[[3]], lower.tail = FALSE))
}
association <- do.call(rbind, rows); association$padj <- p.adjust(association$pvalue, "BH")
write_table(association[, -1], "association_pc.tsv", "pc", association$pc)
factors <- c("condition", "batch", "site", "run"); rows <- list()
for (i in 1:3) for (j in (i + 1):4) {
  crossed <- table(samples[[factors[i]]], samples[[factors[j]]])
  chi2 <- unname(suppressWarnings(chisq.test(crossed, correct = FALSE))$statistic)
  rows[[length(rows) + 1]] <- data.frame(a = factors[i], b = factors[j], value = sqrt(chi2 / sum(crossed) / (min(dim(crossed)) - 1)))
}
for (k in factors) rows[[length(rows) + 1]] <- data.frame(a = k, b = "rin", value = summary(lm(samples$rin ~ samples[[k]]))$r.squared)
pairs <- do.call(rbind, rows); write_table(pairs[, -1], "association_pairs.tsv", "a", pairs$a)

writeLines(c(R.version.string, vapply(c("DESeq2", "edgeR", "limma"), function(p) paste(p, packageVersion(p)), "")), file.path(out_dir, "versions.txt"))
