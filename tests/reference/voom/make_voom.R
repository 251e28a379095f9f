#!/usr/bin/env Rscript
# limma-voom, with and without correlated blocks, on the kept reference counts and on simulated repeated measures.
#   Rscript tests/reference/voom/make_voom.R     (from the top of the repository)
suppressPackageStartupMessages({library(limma); library(edgeR)})
out <- "tests/reference/voom"
options(digits = 15)
write <- function(values, name, key = "gene") {
  table <- data.frame(rownames(values), values, check.names = FALSE)
  colnames(table)[1] <- key
  con <- if (grepl("gz$", name)) gzfile(file.path(out, name), "w") else file(file.path(out, name), "w")
  write.table(table, con, sep = "\t", quote = FALSE, row.names = FALSE)
  close(con)
}
read <- function(path) as.matrix(read.delim(gzfile(path), row.names = 1, check.names = FALSE))

# Two arms of 6 and 5 subjects, three visits, some missing; subjects differ more than visits do.
set.seed(20)
sheet <- expand.grid(visit = c("first", "second", "last"), subject = sprintf("p%02d", 1:11))
sheet$arm <- ifelse(as.integer(sheet$subject) <= 6, "placebo", "verum")
sheet <- sheet[-c(6, 21, 30), ]
rownames(sheet) <- sprintf("s%02d", seq_len(nrow(sheet)))
n_genes <- 600
mean_count <- exp(rnorm(n_genes, 4.5, 1.4))
subject_effect <- matrix(rnorm(n_genes * 11, 0, 0.45), n_genes)
effect <- outer(ifelse(seq_len(n_genes) <= 80, 0.8, 0), ifelse(sheet$arm == "verum" & sheet$visit == "last", 1, 0))
depth <- exp(rnorm(nrow(sheet), 0, 0.3))
mu <- t(t(mean_count * exp(subject_effect[, as.integer(sheet$subject)] + effect)) * depth)
simulated <- matrix(rnbinom(length(mu), mu = mu, size = 1 / (0.02 + 1.5 / mean_count)), n_genes)
dimnames(simulated) <- list(sprintf("g%03d", seq_len(n_genes)), rownames(sheet))
simulated[17, ] <- 0
write(simulated, "repeated_counts.tsv.gz")
write(sheet[, c("subject", "arm", "visit")], "repeated_samples.tsv", "sample")

# contrast: weights of coefficients; dropped: coefficients of the F test; block: subjects or NULL
run <- function(name, counts, design, contrast, dropped, block = NULL) {
  dge <- calcNormFactors(DGEList(counts))
  correlations <- c()
  v <- voom(dge, design)
  # voom and duplicateCorrelation, twice: the weights need the correlation and the correlation the weights.
  if (!is.null(block)) {
    found <- duplicateCorrelation(v, design, block = block)
    v <- voom(dge, design, block = block, correlation = found$consensus.correlation)
    correlations <- found$consensus.correlation
    found <- duplicateCorrelation(v, design, block = block)
    correlations <- c(correlations, found$consensus.correlation)
    first <- v
  }
  fit_of <- function(x) {
    if (is.null(block)) lmFit(v, x) else lmFit(v, x, block = block, correlation = found$consensus.correlation)
  }
  # The contrast as a coefficient: contrasts.fit would only be approximate where weights differ between genes.
  k <- which.max(abs(contrast))
  turn <- diag(length(contrast)); turn[k, ] <- contrast
  fit <- eBayes(fit_of(design %*% solve(turn)))
  approximate <- eBayes(contrasts.fit(fit_of(design), contrast))
  treated <- treat(fit, lfc = 0.5)
  # F from two exact fits: what the smaller design leaves unexplained, over the moderated variance.
  small <- fit_of(design[, -dropped, drop = FALSE])
  f <- (small$sigma^2 * small$df.residual - fit$sigma^2 * fit$df.residual) / length(dropped) / fit$s2.post
  table <- data.frame(lfc = fit$coefficients[, k], stat = fit$t[, k], pvalue = fit$p.value[, k],
    approximate_stat = approximate$t[, 1], treat_stat = treated$t[, k], treat_pvalue = treated$p.value[, k],
    f = f, f_pvalue = pf(f, length(dropped), fit$df.total, lower.tail = FALSE), sigma = fit$sigma,
    first_weight = v$weights[, 1], row.names = rownames(counts))
  if (!is.null(block)) {
    table$gene_correlation <- tanh(found$atanh.correlations)
    # duplicateCorrelation stops statmod's iterations early; these are the same estimates at their ends.
    z <- model.matrix(~ 0 + factor(block))
    table$gene_correlation_converged <- sapply(seq_len(nrow(table)), function(i) {
      if (i %% 4 != 1) return(NA)
      s <- sqrt(first$weights[i, ])
      parts <- statmod::mixedModel2Fit(first$E[i, ] * s, design * s, z, only.varcomp = TRUE, maxit = 5000, tol = 1e-14)
      parts$varcomp[2] / sum(parts$varcomp)
    })
  }
  write(table[seq(1, nrow(table), by = 4), ], paste0(name, ".tsv.gz"))
  c(correlations, rep(NA, 2 - length(correlations)), fit$s2.prior, fit$df.prior)
}
of_set <- function(name) {
  counts <- read(file.path("tests/reference", name, "counts.tsv.gz"))
  samples <- read.delim(file.path("tests/reference", name, "samples.tsv"), row.names = 1)
  counts <- counts[, rownames(samples)]
  list(counts = counts[rowSums(counts) >= 10, ], samples = samples)
}
facts <- list()
p <- of_set("pasilla")
p$samples$type <- factor(p$samples$type, c("single_read", "paired_end"))
p$samples$condition <- factor(p$samples$condition, c("untreated", "treated"))
facts$pasilla <- run("pasilla", p$counts, model.matrix(~ type + condition, p$samples), c(0, 0, 1), 2:3)
facts$pasilla_sum <- run("pasilla_sum", p$counts, model.matrix(~ type + condition, p$samples), c(0, 0.5, 0.5), 3)
a <- of_set("airway")
a$samples$dex <- factor(a$samples$dex, c("untrt", "trt"))
facts$airway <- run("airway", a$counts, model.matrix(~ dex, a$samples), c(0, 1), 2, a$samples$cell)
m <- of_set("marioni")
m$samples$tissue <- factor(m$samples$tissue, c("Kidney", "Liver"))
facts$marioni <- run("marioni", m$counts, model.matrix(~ tissue, m$samples), c(0, 1), 2, m$samples$tissue_run)
sheet$arm <- factor(sheet$arm, c("placebo", "verum"))
design <- model.matrix(~ arm * visit, sheet)
facts$repeated <- run("repeated", simulated, design, c(0, 1, 0, 0, 0, 1), 5:6, as.character(sheet$subject))
facts <- do.call(rbind, facts)
colnames(facts) <- c("correlation_1", "correlation_2", "prior_variance", "prior_df")
write(facts, "facts.tsv", "set")

# lowess on its own, ties and outliers included
set.seed(3)
x <- sort(round(c(rnorm(400, 5, 2), runif(100, -2, 12)), 1))
y <- sin(x) + rnorm(500, 0, 0.2) + ifelse(runif(500) < 0.05, 3, 0)
write(data.frame(x = x, y = y, fitted = lowess(x, y, f = 0.5)$y, row.names = seq_along(x)), "lowess.tsv", "point")
writeLines(c(R.version.string, paste("limma", packageVersion("limma")), paste("edgeR", packageVersion("edgeR"))),
  file.path(out, "versions.txt"))
