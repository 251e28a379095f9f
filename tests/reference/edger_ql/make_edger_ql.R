#!/usr/bin/env Rscript
# edgeR's quasi-likelihood tests on the kept reference counts, by the methods of edgeR 4 and 3, plain and robust (edgeR >= 4.4).
#   Rscript tests/reference/edger_ql/make_edger_ql.R     (from the top of the repository)
suppressPackageStartupMessages(library(edgeR))
out <- "tests/reference/edger_ql"
facts <- NULL
digits <- function(x) if (is.numeric(x)) sprintf("%.10g", x) else x
read <- function(set, file, ...) read.delim(gzfile(file.path("tests/reference", set, file)), row.names = 1, check.names = FALSE, ...)
# name, set, formula, base levels, tested contrast; thin: counts are divided by this and rounded down; lengths: offsets by gene.
run <- function(name, set, formula, levels, contrast, every, thin = 1, lengths = FALSE) {
  samples <- read(set, "samples.tsv", colClasses = "character")
  counts <- as.matrix(read(set, "counts.tsv.gz"))[, rownames(samples)] %/% thin
  counts <- counts[rowSums(counts) >= 10, ]
  for (column in names(levels)) samples[[column]] <- relevel(factor(samples[[column]]), levels[[column]])
  design <- model.matrix(formula, samples)
  y <- DGEList(counts)
  if (lengths) {
    factors <- as.matrix(read(set, "lengths.tsv.gz"))[rownames(counts), ] %*% diag(read(set, "r/size_factors.tsv.gz")[colnames(counts), "size_factor"])
    y$offset <- log(factors) - rowMeans(log(factors)) + mean(log(colSums(counts)))
    # edgeR 4.4 computes the abundance of the first gene without its offsets: it is put in front once more, and left out.
    y$AveLogCPM <- aveLogCPM(rbind(counts[1, ], counts), offset = rbind(y$offset[1, ], y$offset))[-1]
  } else y <- normLibSizes(y)
  table <- data.frame(gene = rownames(counts))
  for (legacy in c(FALSE, TRUE)) for (robust in c(FALSE, TRUE)) {
    tag <- paste0(if (legacy) "legacy_" else "", if (robust) "robust" else "plain")
    fit <- glmQLFit(if (legacy) estimateDisp(y, design) else y, design, legacy = legacy, robust = robust)
    one <- glmQLFTest(fit, contrast = contrast)$table
    every_test <- glmQLFTest(fit, coef = 2:ncol(design))$table
    bound <- glmTreat(fit, contrast = contrast, lfc = log2(1.5))$table
    if (!robust) table[[paste0(tag, ".lfc")]] <- one$logFC
    if (tag == "plain") table$log_cpm <- fit$AveLogCPM
    table[[paste0(tag, ".posterior")]] <- fit$s2.post
    table[[paste0(tag, ".stat")]] <- one$F
    table[[paste0(tag, ".pvalue")]] <- one$PValue
    table[[paste0(tag, ".every")]] <- every_test$PValue
    table[[paste0(tag, ".treat")]] <- bound$PValue
    calls <- sum(p.adjust(one$PValue, "BH") < 0.05)
    facts <<- rbind(facts, data.frame(case = name, tag = tag, dispersion = mean(fit$dispersion), average = if (legacy) 1 else fit$average.ql.dispersion,
      prior_df = median(fit$df.prior), least_prior_df = min(fit$df.prior), calls = calls))
  }
  kept <- table[seq(1, nrow(table), by = every), ]
  con <- gzfile(file.path(out, paste0(name, ".tsv.gz")), "w")
  write.table(as.data.frame(lapply(kept, digits), check.names = FALSE), con, sep = "\t", quote = FALSE, row.names = FALSE)
  close(con)
}
run("pasilla", "pasilla", ~ type + condition, list(type = "single_read", condition = "untreated"), c(0, 0, 1), 9)
run("crossed", "pasilla", ~ type * condition, list(type = "single_read", condition = "untreated"), c(0, 0, 1, 0.5), 9)
run("small", "pasilla", ~ type + condition, list(type = "single_read", condition = "untreated"), c(0, -1, 1), 5, thin = 40)
run("airway", "airway", ~ cell + dex, list(cell = "N052611", dex = "untrt"), c(0, 0, 0, 0, 1), 9)
run("marioni", "marioni", ~ run + tissue, list(run = "R1", tissue = "Kidney"), c(0, 0, 1), 9)
run("three_groups", "simulated_three_groups", ~ group, list(group = "A"), c(0, -1, 1), 5)
run("outliers", "simulated_outliers", ~ group, list(group = "A"), c(0, 1), 6)
run("lengths", "simulated_lengths", ~ batch + group, list(batch = "x", group = "A"), c(0, 0, 1), 5, lengths = TRUE)
write.table(as.data.frame(lapply(facts, digits)), file.path(out, "facts.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
writeLines(c(R.version.string, paste("edgeR", packageVersion("edgeR")), paste("limma", packageVersion("limma"))), file.path(out, "versions.txt"))
