# Rscript fuzz_with_r.R FOLDER [LIBRARY]: DESeq2 on every case that fuzz_with_r.py wrote into FOLDER. LIBRARY may hold apeglm
# and ashr.
arguments <- commandArgs(TRUE)
if (length(arguments) > 1) .libPaths(c(arguments[2], .libPaths()))
suppressPackageStartupMessages(library(DESeq2))
folder <- arguments[1]
has <- function(package) requireNamespace(package, quietly = TRUE)
writeLines(c(R.version.string, paste("DESeq2", packageVersion("DESeq2")),
             paste("apeglm", if (has("apeglm")) packageVersion("apeglm") else "-"),
             paste("ashr", if (has("ashr")) packageVersion("ashr") else "-")), file.path(folder, "versions.txt"))
cases <- read.delim(file.path(folder, "cases.tsv"), colClasses = "character")
number <- function(x) { y <- formatC(as.numeric(x), digits = 15, format = "g", width = 1); y[is.na(x)] <- "NA"; y }
write_table <- function(values, name) {
  write.table(as.data.frame(lapply(values, number), row.names = rownames(values), check.names = FALSE),
              file.path(folder, name), sep = "\t", quote = FALSE)
}
run <- function(case) {
  counts <- as.matrix(read.delim(file.path(folder, paste0(case$case, ".counts.tsv")), row.names = 1, check.names = FALSE))
  samples <- read.delim(file.path(folder, paste0(case$case, ".samples.tsv")), row.names = 1, colClasses = "character")
  for (column in names(samples)) samples[[column]] <- if (column == "age") as.numeric(samples[[column]]) else factor(samples[[column]])
  storage.mode(counts) <- "integer"
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
for (row in seq_len(nrow(cases))) {
  done <- try(suppressMessages(suppressWarnings(run(cases[row, ]))), silent = TRUE)
  if (inherits(done, "try-error")) writeLines(as.character(done), file.path(folder, paste0(cases$case[row], ".error.txt")))
}
