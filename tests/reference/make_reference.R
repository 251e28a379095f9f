#!/usr/bin/env Rscript
# Rscript make_reference.R DIR [OUT [short]]
# Results of R's DESeq2 for one data set, which the tests compare degsteps with.
# DIR holds counts.tsv.gz (gene, samples; integers), samples.tsv (sample, columns) and reference.cfg:
#   condition=dex            the factor that is tested
#   base=untrt               its base level in the design (default: reference)
#   reference=untrt          the level that test is compared with
#   test=trt                 the level compared
#   batch=cell               further factors (comma-separated), for the designs called "batch"
#   designs=nobatch,batch    which designs (default: all); filtered=1: each also on expressed genes only (..._cpm1:
#                            a CPM of at least 1 in as many samples as the smallest group has)
#   lengths=1                lengths.tsv.gz, times the size factors, are normalisation factors
#   thresholds=1             also tests against a fold change of 0.5
#   transforms=1, rlog=1     also the variance-stabilising transformations; the regularised log
#   digits=17                significant digits
# Tables are written to OUT (default: DIR/r) as <table>.<design>.tsv.gz. With "short" they hold, to eight digits, what the
# page of agreement compares: DIR/r45, by another release of R.
suppressPackageStartupMessages({library(DESeq2); library(edgeR)})
arguments <- commandArgs(TRUE)
directory <- arguments[1]
out <- if (length(arguments) > 1) arguments[2] else file.path(directory, "r")
dir.create(out, showWarnings = FALSE, recursive = TRUE)
config_file <- file.path(directory, "reference.cfg")
lines <- grep("=", readLines(config_file), value = TRUE)
config <- setNames(as.list(sub("^[^=]*=", "", lines)), sub("=.*", "", lines))
setting <- function(key, default) if (is.null(config[[key]])) default else config[[key]]
is_short <- "short" %in% arguments
digits <- if (is_short) 8L else as.integer(setting("digits", "17"))

write_table <- function(values, name, first) {
  values <- as.data.frame(values, optional = TRUE)
  text <- lapply(values, function(x) {
    if (is.logical(x)) x <- as.integer(x)
    if (!is.numeric(x)) return(as.character(x))
    y <- formatC(as.numeric(x), digits = digits, format = "g", width = 1)
    y[is.na(x)] <- "NA"
    y
  })
  target <- gzfile(file.path(out, paste0(name, ".tsv.gz")), "w", compression = 9)
  write.table(data.frame(setNames(list(rownames(values)), first), text, check.names = FALSE), target,
              sep = "\t", quote = FALSE, row.names = FALSE)
  close(target)
}
facts <- list()
fact <- function(key, value) facts[[key]] <<- formatC(as.numeric(value), digits = 17, format = "g", width = 1)

counts <- as.matrix(read.delim(gzfile(file.path(directory, "counts.tsv.gz")), row.names = 1, check.names = FALSE))
samples <- read.delim(file.path(directory, "samples.tsv"), row.names = 1, check.names = FALSE, colClasses = "character")
counts <- counts[, rownames(samples)]
storage.mode(counts) <- "integer"
batches <- strsplit(setting("batch", ""), ",")[[1]]
for (column in batches) samples[[column]] <- factor(samples[[column]])
samples[[config$condition]] <- relevel(factor(samples[[config$condition]]), setting("base", config$reference))
designs <- list(nobatch = reformulate(config$condition))
if (length(batches)) designs$batch <- reformulate(c(batches, config$condition))
designs <- designs[intersect(names(designs), strsplit(setting("designs", "nobatch,batch"), ",")[[1]])]
# DESeq2 1.44 has another test under the name greaterAbs, and calls the earlier one by its year.
bounds <- c("greaterAbs", if (packageVersion("DESeq2") >= "1.44") "greaterAbs2014", "lessAbs", "greater", "less")
expressed <- rowSums(cpm(counts) >= 1) >= min(table(samples[[config$condition]]))
contrast <- c(config$condition, config$test, config$reference)

size_factors <- sizeFactors(estimateSizeFactors(DESeqDataSetFromMatrix(counts, samples, ~1)))
digits <- 17L
write_table(data.frame(size_factor = size_factors), "size_factors", "sample")
digits <- if (is_short) 8L else as.integer(setting("digits", "17"))
lengths <- NULL
if (setting("lengths", "0") == "1") {
  lengths <- as.matrix(read.delim(gzfile(file.path(directory, "lengths.tsv.gz")), row.names = 1, check.names = FALSE))
}
make_data <- function(matrix, design) {
  data <- DESeqDataSetFromMatrix(matrix, samples, design)
  if (is.null(lengths)) sizeFactors(data) <- size_factors
  else normalizationFactors(data) <- sweep(lengths[rownames(matrix), ], 2, size_factors, "*")
  data
}

fit_and_write <- function(matrix, design, tag) {
  fit <- DESeq(make_data(matrix, designs[[design]]), quiet = TRUE)
  columns <- as.data.frame(mcols(fit))
  kept <- c("baseMean", "baseVar", "dispGeneEst", "dispFit", "dispMAP", "dispersion", "dispOutlier", "replace",
            "maxCooks", "betaConv")
  fitted <- columns[, intersect(kept, names(columns))]
  result <- results(fit, contrast = contrast)
  fitted$log2FoldChange <- result$log2FoldChange
  fitted$lfcSE <- result$lfcSE
  fitted$stat <- result$stat
  fitted$pvalue <- result$pvalue
  fitted$padj <- result$padj
  fitted$padj_alpha0.05 <- results(fit, contrast = contrast, alpha = 0.05)$padj
  fitted$padj_unfiltered <- results(fit, contrast = contrast, independentFiltering = FALSE)$padj
  fitted$pvalue_no_cooks <- results(fit, contrast = contrast, cooksCutoff = FALSE)$pvalue
  if (setting("thresholds", "0") == "1") for (alternative in bounds) {
    threshold <- results(fit, contrast = contrast, lfcThreshold = 0.5, altHypothesis = alternative)
    fitted[[paste0("stat_", alternative)]] <- threshold$stat
    fitted[[paste0("pvalue_", alternative)]] <- threshold$pvalue
  }
  reduced <- if (design == "batch") reformulate(batches) else ~1
  ratio <- DESeq(make_data(matrix, designs[[design]]), test = "LRT", reduced = reduced, quiet = TRUE)
  ratio <- results(ratio, contrast = contrast)
  fitted$lrt_stat <- ratio$stat
  fitted$lrt_pvalue <- ratio$pvalue
  fitted$lrt_padj <- ratio$padj
  shrunken <- lfcShrink(fit, coef = length(resultsNames(fit)), type = "normal", quiet = TRUE)
  fitted$normal_lfc <- shrunken$log2FoldChange
  fitted$normal_se <- shrunken$lfcSE
  if (is_short) fitted <- fitted[, setdiff(names(fitted), c("baseVar", "dispOutlier", "replace", "maxCooks", "betaConv",
    "padj_alpha0.05", "padj_unfiltered", "pvalue_no_cooks", "lrt_stat", "lrt_padj"))]
  write_table(fitted, paste0("deseq2.", tag), "gene")
  trend <- attributes(dispersionFunction(fit))
  facts[[paste0(tag, ".fit_type")]] <<- trend$fitType
  if (!is.null(trend$coefficients)) {
    fact(paste0(tag, ".asymptotic"), trend$coefficients[[1]])
    fact(paste0(tag, ".extra_poisson"), trend$coefficients[[2]])
  }
  fact(paste0(tag, ".residual_variance"), trend$varLogDispEsts)
  fact(paste0(tag, ".prior_variance"), trend$dispPriorVar)
}
for (design in names(designs)) {
  fit_and_write(counts, design, design)
  if (setting("filtered", "0") == "1") fit_and_write(counts[expressed, ], design, paste0(design, "_cpm1"))
}

if (setting("transforms", "0") == "1") {
  data <- make_data(counts, designs[[length(designs)]])
  for (blind in if (is_short) TRUE else c(TRUE, FALSE)) {
    word <- if (blind) "blind" else "design"
    write_table(assay(varianceStabilizingTransformation(data, blind = blind)), paste0("vst.", word), "gene")
    fast <- tryCatch(assay(vst(data, blind = blind)), error = function(e) NULL)
    if (!is.null(fast)) write_table(fast, paste0("vst_1000.", word), "gene")
  }
  for (kind in if (!is_short) c("local", "mean")) {
    stabilized <- varianceStabilizingTransformation(data, fitType = kind)
    write_table(assay(stabilized), paste0("vst_", kind, ".blind"), "gene")
  }
}
if (setting("rlog", "0") == "1") {
  write_table(assay(rlog(make_data(counts, designs[[length(designs)]]))), "rlog.blind", "gene")
}
write.table(data.frame(key = names(facts), value = unlist(facts)), file.path(out, "facts.tsv"), sep = "\t",
            quote = FALSE, row.names = FALSE)
writeLines(c(R.version.string, paste("DESeq2", packageVersion("DESeq2")), paste("edgeR", packageVersion("edgeR")),
             paste("locfit", packageVersion("locfit"))), file.path(out, "versions.txt"))
# The numbers in scripts/degsteps/engines/deseq/kernels/data/prior_draws.tsv (one bin in a row, behind its degrees of
# freedom and where it begins): with an argument "draws", histogram counts of DESeq2's seeded
# draws for 1, 2 and 3 residual degrees of freedom.
if ("draws" %in% arguments) for (df in 1:3) {
  set.seed(2)
  drawn <- sapply(seq(0, 8, length = 200), function(variance) {
    values <- log(rchisq(1e4, df = df)) + rnorm(1e4, 0, sqrt(variance)) - log(df)
    hist(values[values > -10 & values < 10], breaks = -20:20 / 2, plot = FALSE)$counts
  })
  write.table(drawn, file.path(out, paste0("draws", df, ".tsv")), sep = "\t", row.names = FALSE, col.names = FALSE)
}
