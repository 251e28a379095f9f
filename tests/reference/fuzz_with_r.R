# Rscript fuzz_with_r.R FOLDER [LIBRARY]: DESeq2, limma-voom and edgeR on every case that fuzz_with_r.py wrote into FOLDER; what
# is there already is not made again. LIBRARY may hold apeglm and ashr.
arguments <- commandArgs(TRUE)
if (length(arguments) > 1) .libPaths(c(arguments[2], .libPaths()))
suppressPackageStartupMessages({ library(DESeq2); library(limma); library(edgeR) })
folder <- arguments[1]
has <- function(package) requireNamespace(package, quietly = TRUE)
writeLines(c(R.version.string, paste("DESeq2", packageVersion("DESeq2")),
             paste("limma", packageVersion("limma")), paste("edgeR", packageVersion("edgeR")),
             paste("apeglm", if (has("apeglm")) packageVersion("apeglm") else "-"),
             paste("ashr", if (has("ashr")) packageVersion("ashr") else "-")), file.path(folder, "versions.txt"))
cases <- read.delim(file.path(folder, "cases.tsv"), colClasses = "character")
number <- function(x) { y <- formatC(as.numeric(x), digits = 15, format = "g", width = 1); y[is.na(x)] <- "NA"; y }
write_table <- function(values, name) {
  write.table(as.data.frame(lapply(values, number), row.names = rownames(values), check.names = FALSE),
              file.path(folder, name), sep = "\t", quote = FALSE)
}
read_counts <- function(case) {
  counts <- as.matrix(read.delim(file.path(folder, paste0(case$case, ".counts.tsv")), row.names = 1, check.names = FALSE))
  storage.mode(counts) <- "integer"
  counts
}
read_samples <- function(case) {
  samples <- read.delim(file.path(folder, paste0(case$case, ".samples.tsv")), row.names = 1, colClasses = "character")
  for (column in names(samples)) samples[[column]] <- if (column == "age") as.numeric(samples[[column]]) else factor(samples[[column]])
  samples
}
run <- function(case) {
  counts <- read_counts(case)
  samples <- read_samples(case)
  data <- DESeqDataSetFromMatrix(counts, samples, as.formula(case$formula))
  data <- estimateSizeFactors(data, type = case$size_factors)
  matrix <- model.matrix(as.formula(case$formula), samples)
  write_table(as.data.frame(matrix, check.names = FALSE), paste0(case$case, ".design.tsv"))
  fit <- if (case$reduced == "") DESeq(data, fitType = case$fit_type, quiet = TRUE) else
    DESeq(data, test = "LRT", reduced = as.formula(case$reduced), fitType = case$fit_type, quiet = TRUE)
  weights <- as.numeric(strsplit(case$weights, ",")[[1]])
  bound <- as.numeric(case$lfc_null)
  question <- if (sum(weights != 0) == 1) list(name = resultsNames(fit)[which(weights != 0)]) else list(contrast = weights)
  r <- do.call(results, c(list(fit, alpha = 0.05), question,
                          if (case$reduced == "" && case$alternative != "") list(lfcThreshold = bound, altHypothesis = case$alternative)))
  table <- data.frame(base_mean = r$baseMean, lfc = r$log2FoldChange, se = r$lfcSE, pvalue = r$pvalue, padj = r$padj,
                      dispersion = dispersions(fit), iterations = mcols(fit)$betaIter, row.names = rownames(fit))
  if (case$shrinkage %in% c("normal", "apeglm", "ashr") && (case$shrinkage == "normal" || has(case$shrinkage))) {
    shrunken <- try(lfcShrink(fit, coef = which(weights != 0), type = case$shrinkage, quiet = TRUE), silent = TRUE)
    if (!inherits(shrunken, "try-error")) table$shrunken <- shrunken$log2FoldChange
  }
  write_table(table, paste0(case$case, ".r.tsv"))
  trend <- attributes(dispersionFunction(fit))
  writeLines(c(trend$fitType, number(trend$dispPriorVar)), file.path(folder, paste0(case$case, ".trend.txt")))
}
# Voom and quasi-likelihood with the effective library sizes that the size factors give.
linear <- function(case, counts, size, design) {
  weights <- as.numeric(strsplit(case$weights, ",")[[1]])
  bound <- as.numeric(case$lfc_null)
  lost <- if (case$reduced == "") integer() else grep("^group", colnames(design))
  if (case$sample_weights == "True") {
    fit <- voomLmFit(counts, design, lib.size = size, sample.weights = TRUE)
    values <- fit$EList$E
    precision <- fit$EList$weights
    writeLines(number(fit$targets$sample.weight), file.path(folder, paste0(case$case, ".weights.txt")))
  } else {
    values <- voom(counts, design, lib.size = size)
    fit <- lmFit(values, design)
    precision <- values$weights
    values <- values$E
  }
  fit <- eBayes(fit)
  coefficient <- which(weights != 0)
  # Contrasts of several coefficients take each gene's own weights, where contrasts.fit and the F of eBayes do not.
  parts <- t(sapply(seq_len(nrow(counts)), function(gene) {
    solved <- lm.wfit(design, values[gene, ], precision[gene, ])
    covariance <- chol2inv(solved$qr$qr[seq_len(ncol(design)), , drop = FALSE])
    beta <- solved$coefficients
    c(sum(weights * beta), sqrt(drop(t(weights) %*% covariance %*% weights)),
      if (length(lost)) drop(beta[lost] %*% solve(covariance[lost, lost], beta[lost])) / length(lost) else NA)
  }))
  estimate <- parts[, 1]
  error <- parts[, 2] * sqrt(fit$s2.post)
  up <- function(t) pt(t, fit$df.total, lower.tail = FALSE)
  p <- if (length(lost)) pf(parts[, 3] / fit$s2.post, length(lost), fit$df.total, lower.tail = FALSE) else
    switch(if (bound > 0) case$alternative else "plain",
      plain = if (length(coefficient) == 1) fit$p.value[, coefficient] else 2 * up(abs(estimate / error)),
      greaterAbs = , greaterAbs2014 = if (length(coefficient) == 1) treat(fit, lfc = bound)$p.value[, coefficient] else
        up((abs(estimate) - bound) / error) + up((abs(estimate) + bound) / error),
      greater = up((estimate - bound) / error), less = up(-(estimate + bound) / error),
      lessAbs = pmax(up(-(estimate - bound) / error), up((estimate + bound) / error)))
  data.frame(lfc = estimate, pvalue = p, row.names = rownames(counts))
}
# Genes without counts have no distance from a bound, and glmTreat leaves them out of one vector of two: all genes behind
# them then get the formula (narrow or wide interval) that is another gene's. So they are left out before.
treated <- function(fit, weights, bound) {
  known <- rowSums(fit$counts) > 0
  found <- glmTreat(fit[known, ], contrast = weights, lfc = bound)$table
  list(table = found[match(rownames(fit$counts), rownames(found)), ])
}
quasi <- function(case, counts, size, design) {
  weights <- as.numeric(strsplit(case$weights, ",")[[1]])
  bound <- as.numeric(case$lfc_null)
  if (case$reduced == "" && bound > 0 && !startsWith(case$alternative, "greaterAbs")) return(NULL)
  data <- DGEList(counts, lib.size = size)
  is_legacy <- case$legacy == "True"
  if (is_legacy) data <- estimateDisp(data, design)
  fit <- if (is_legacy) glmQLFit(data, design, legacy = TRUE, robust = case$robust == "True") else
    glmQLFit(data, design, robust = case$robust == "True")
  # The deviance that edgeR keeps is at times not that of its own fit: then what follows from it is computed again.
  dispersion <- if (is_legacy) fit$dispersion else fit$dispersion / fit$average.ql.dispersion
  own <- function(fit) nbinomDeviance(fit$counts, fit$fitted.values, dispersion = dispersion)
  is_odd <- function(fit) abs(fit$deviance - own(fit)) > 1e-6 * (own(fit) + 1e-6)
  odd <- is_odd(fit)
  if (is_legacy && any(odd)) {
    df <- fit$df.residual.zeros
    squeezed <- squeezeVar(ifelse(df == 0, 0, own(fit) / pmax(df, 1)), df, covariate = fit$AveLogCPM, robust = case$robust == "True",
                           winsor.tail.p = c(0.05, 0.1), legacy = TRUE)
    fit$df.prior <- squeezed$df.prior
    fit$s2.prior <- squeezed$var.prior
    fit$s2.post <- squeezed$var.post
  }
  fit$deviance[odd] <- own(fit)[odd]
  r <- if (case$reduced != "") glmQLFTest(fit, coef = grep("^group", colnames(design))) else
    if (bound > 0) treated(fit, weights, bound) else glmQLFTest(fit, contrast = weights)
  if (bound == 0 || case$reduced != "") {
    tested <- if (case$reduced != "") diag(ncol(design))[, grep("^group", colnames(design)), drop = FALSE] else cbind(weights)
    others <- design %*% qr.Q(qr(tested), complete = TRUE)[, -seq_len(ncol(tested)), drop = FALSE]
    null <- glmFit(fit$counts, others, offset = fit$offset, dispersion = dispersion, prior.count = 0)
    odd_null <- which(is_odd(null))
    statistic <- ((own(null) - fit$deviance) / ncol(tested) / fit$s2.post)[odd_null]
    r$table$PValue[odd_null] <- pf(statistic, ncol(tested), r$df.total[odd_null], lower.tail = FALSE)
    odd[odd_null] <- TRUE
  }
  if (bound > 0 && case$reduced == "") {
    # At the bounds too: what such a deviance decides is left out.
    column <- drop(design %*% weights) / sum(weights^2)
    others <- design %*% qr.Q(qr(cbind(weights)), complete = TRUE)[, -1, drop = FALSE]
    offsets <- matrix(as.matrix(fit$offset), nrow(counts), ncol(counts), byrow = nrow(as.matrix(fit$offset)) == 1)
    for (side in c(-1, 1) * bound * log(2)) {
      null <- glmFit(fit$counts, others, offset = offsets + rep(side * column, each = nrow(counts)), dispersion = dispersion,
                     prior.count = 0)
      odd <- odd | is_odd(null)
    }
    r$table$PValue[odd] <- NA
  }
  if (any(odd)) writeLines(as.character(sum(odd)), file.path(folder, paste0(case$case, ".deviances.txt")))
  change <- if (case$reduced != "") predFC(data, design, dispersion = dispersion, prior.count = 0.125) %*% weights else r$table$logFC
  data.frame(lfc = drop(change), pvalue = r$table$PValue, row.names = rownames(counts))
}
run_others <- function(case) {
  counts <- read_counts(case)
  samples <- read_samples(case)
  design <- model.matrix(as.formula(case$formula), samples)
  data <- estimateSizeFactors(DESeqDataSetFromMatrix(counts, samples, as.formula(case$formula)), type = case$size_factors)
  factors <- sizeFactors(data)
  size <- factors * exp(mean(log(colSums(counts))) - mean(log(factors)))
  for (engine in c("voom", "edger_ql")) {
    name <- paste0(case$case, ".", engine, ".tsv")
    if (file.exists(file.path(folder, name))) next
    found <- try(list(voom = linear, edger_ql = quasi)[[engine]](case, counts, size, design), silent = TRUE)
    if (inherits(found, "try-error")) writeLines(as.character(found), file.path(folder, paste0(case$case, ".", engine, ".error.txt")))
    else if (!is.null(found)) write_table(found, name)
  }
}
for (row in seq_len(nrow(cases))) {
  case <- cases[row, ]
  if (!file.exists(file.path(folder, paste0(case$case, ".r.tsv")))) {
    done <- try(suppressMessages(suppressWarnings(run(case))), silent = TRUE)
    if (inherits(done, "try-error")) writeLines(as.character(done), file.path(folder, paste0(case$case, ".error.txt")))
  }
  suppressMessages(suppressWarnings(run_others(case)))
}
