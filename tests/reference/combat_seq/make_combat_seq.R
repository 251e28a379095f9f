#!/usr/bin/env Rscript
# ComBat_seq of sva on a slice of the pasilla study, with and without the groups.
#   Rscript tests/reference/combat_seq/make_combat_seq.R     (from the top of the repository)
suppressPackageStartupMessages(library(sva))
out <- "tests/reference/combat_seq"
counts <- as.matrix(read.delim(gzfile("resources/pasilla/counts.tsv.gz"), row.names = 1, check.names = FALSE))
samples <- read.delim("resources/pasilla/samples.tsv", row.names = 1)
counts <- counts[, rownames(samples)]
counts <- counts[rowSums(counts >= 10) >= 3, ]
counts <- counts[seq(1, nrow(counts), by = 12), ]
write <- function(values, name) {
  table <- data.frame(gene = rownames(values), values, check.names = FALSE)
  con <- gzfile(file.path(out, name), "w")
  write.table(table, con, sep = "\t", quote = FALSE, row.names = FALSE)
  close(con)
}
write(counts, "counts.tsv.gz")
sink(tempfile())
adjusted <- ComBat_seq(counts, batch = samples$type, group = samples$condition)
sink()
write(adjusted, "adjusted.tsv.gz")
writeLines(c(R.version.string, paste("sva", packageVersion("sva"))), file.path(out, "versions.txt"))
