# Surrogate variables by sva's svaseq and num.sv, on the embedded data sets and on simulated counts.
# Usage, from the repository: Rscript tests/reference/surrogates/make_surrogates.R
suppressMessages({ library(sva); library(DESeq2) })
options(digits = 17)
folder <- "tests/reference/surrogates"

normalised <- function(counts) {
  factors <- estimateSizeFactorsForMatrix(counts)
  t(t(counts) / factors)
}
embedded <- function(name) {
  counts <- as.matrix(read.delim(gzfile(file.path("resources", name, "counts.tsv.gz")), row.names = 1, check.names = FALSE))
  sheet <- read.delim(file.path("resources", name, "samples.tsv"), row.names = 1, colClasses = "character")
  list(counts = counts[rowSums(counts >= 5) >= 3, ], sheet = sheet[colnames(counts), ])
}
simulated <- function(seed, n_genes = 600, n = 14) {
  set.seed(seed)
  sheet <- data.frame(condition = rep(c("a", "b"), each = n / 2), row.names = paste0("s", seq_len(n)))
  surrogates <- rbinom(n, 1, ifelse(sheet$condition == "a", 0.35, 0.65))
  effect <- outer(ifelse(seq_len(n_genes) <= 80, 1.2, 0), as.numeric(sheet$condition == "b")) +
    outer(ifelse(runif(n_genes) < 0.4, rnorm(n_genes, sd = 1), 0), surrogates)
  mean <- 2^(effect + rnorm(n_genes, 7, 1.5))
  counts <- matrix(rnbinom(n_genes * n, mu = mean, size = 15), n_genes, dimnames = list(paste0("g", seq_len(n_genes)), rownames(sheet)))
  write.table(data.frame(gene = rownames(counts), counts), gzfile(file.path(folder, "simulated.counts.tsv.gz")), sep = "\t", quote = FALSE, row.names = FALSE)
  write.table(data.frame(sample = rownames(sheet), sheet, surrogates = surrogates), file.path(folder, "simulated.samples.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
  list(counts = counts[rowSums(counts >= 5) >= 3, ], sheet = sheet)
}
sets <- list(pasilla = embedded("pasilla"), airway = embedded("airway"), simulated = simulated(5))
cases <- list(
  c("pasilla", "~ condition", "~ 1"), c("pasilla", "~ type + condition", "~ type"),
  c("airway", "~ dex", "~ 1"), c("airway", "~ cell + dex", "~ cell"), c("simulated", "~ condition", "~ 1")
)
variables <- numbers <- NULL
for (case in cases) {
  data <- sets[[case[1]]]
  full <- model.matrix(as.formula(case[2]), data$sheet)
  null <- model.matrix(as.formula(case[3]), data$sheet)
  values <- normalised(data$counts)
  logs <- log(values + 1)
  numbers <- rbind(numbers, data.frame(
    set = case[1], full = case[2], auto = num.sv(logs, full, method = "be", seed = 1)
  ))
  for (number in 1:3) {
    found <- tryCatch(svaseq(values, full, null, n.sv = number)$sv, error = function(error) NULL)
    if (is.null(found)) next
    for (k in seq_len(number)) {
      variables <- rbind(variables, data.frame(
        set = case[1], full = case[2], null = case[3], number = number, variable = k,
        sample = colnames(values), value = as.matrix(found)[, k]
      ))
    }
  }
}
write.table(variables, file.path(folder, "variables.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
write.table(numbers, file.path(folder, "numbers.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
writeLines(c(R.version.string, paste("sva", packageVersion("sva")), paste("DESeq2", packageVersion("DESeq2"))), file.path(folder, "versions.txt"))
