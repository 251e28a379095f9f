#!/usr/bin/env Rscript
# Tests of gene sets by limma and goseq: Rscript make_gene_sets.R REPOSITORY OUT
# Reads <study>_genes.tsv.gz of this folder: genes that the usual filter keeps, one row per identifier (the highest base
# mean), DESeq2's Wald statistic of the contrast and whether padj < .05 (make_reference.R on whole studies), and lengths
# (airway: goseq's getlength, hg19, ensGene; pasilla: resources/genes/fly.tsv.gz). Writes <study>_sets.tsv.gz,
# <study>_mroast.tsv, versions.txt and, where goseq is installed, the column weight of the genes into OUT.
suppressMessages({library(limma); library(edgeR)})
arguments <- commandArgs(TRUE); repository <- arguments[1]; out <- arguments[2]
here <- file.path(repository, "tests/reference/gene_sets")
has_goseq <- requireNamespace("goseq", quietly = TRUE)
read_sets <- function(name) {
  lines <- strsplit(readLines(gzfile(file.path(repository, "resources/gene_sets", paste0(name, ".gmt.gz")))), "\t")
  sets <- lapply(lines, function(x) x[-(1:2)]); names(sets) <- sapply(lines, `[`, 1); sets
}
write <- function(table, file, digits) {
  for (k in names(table)) if (is.double(table[[k]])) table[[k]] <- formatC(table[[k]], digits = digits[[k]], format = "g")
  connection <- if (grepl("gz$", file)) gzfile(file.path(out, file), "w") else file(file.path(out, file), "w")
  write.table(table, connection, sep = "\t", quote = FALSE, row.names = FALSE, na = ""); close(connection)
}
study <- function(name, formula, coefficient, collection) {
  genes <- read.delim(gzfile(file.path(here, paste0(name, "_genes.tsv.gz"))), colClasses = c(gene = "character"))
  id <- if (is.null(genes$id)) genes$gene else as.character(genes$id)
  counts <- as.matrix(read.delim(gzfile(file.path(repository, "resources", name, "counts.tsv.gz")), row.names = 1, check.names = FALSE))[genes$gene, ]
  samples <- read.delim(file.path(repository, "resources", name, "samples.tsv"), row.names = 1)[colnames(counts), ]
  for (k in names(samples)) samples[[k]] <- factor(samples[[k]])
  if (name == "airway") samples$dex <- relevel(samples$dex, "untrt") else samples$condition <- relevel(samples$condition, "untreated")
  design <- model.matrix(as.formula(formula), samples)
  all_sets <- read_sets(collection); annotated <- !is.na(id) & id %in% unlist(all_sets)
  sets <- lapply(all_sets, function(x) which(id %in% x)); sets <- sets[lengths(sets) >= 10 & lengths(sets) <= 500]
  y <- voom(calcNormFactors(DGEList(counts)), design)
  in_order <- function(r) r[match(names(sets), rownames(r)), ]
  pr <- in_order(cameraPR(genes$stat, sets, sort = FALSE)); ranks <- in_order(cameraPR(genes$stat, sets, use.ranks = TRUE, sort = FALSE))
  preset <- in_order(camera(y, sets, design, contrast = coefficient, sort = FALSE))
  estimated <- in_order(camera(y, sets, design, contrast = coefficient, inter.gene.cor = NA, sort = FALSE))
  self <- in_order(fry(y, sets, design, contrast = coefficient, sort = "none"))
  result <- data.frame(set = names(sets), size = lengths(sets), camerapr_p = pr$PValue, camerapr_ranks_p = ranks$PValue,
    camera_p = preset$PValue, camera_est_cor = estimated$Correlation, camera_est_p = estimated$PValue, fry_p = self$PValue,
    fry_p_mixed = self$PValue.Mixed, camerapr_up = as.integer(pr$Direction == "Up"),
    camera_up = as.integer(preset$Direction == "Up"), fry_up = as.integer(self$Direction == "Up"))
  de <- genes$called == 1
  for (side in c("both", "up", "down")) {
    hit <- if (side == "both") de else de & ((side == "up") == (genes$stat > 0))
    result[[paste0("overlap_", side)]] <- k <- sapply(sets, function(i) sum(hit[i])); m <- lengths(sets)
    result[[paste0("hyper_tested_", side)]] <- phyper(k - 1, m, nrow(genes) - m, sum(hit), lower.tail = FALSE)
    result[[paste0("hyper_annotated_", side)]] <- phyper(k - 1, m, sum(annotated) - m, sum(hit & annotated), lower.tail = FALSE)
  }
  if (has_goseq) {
    v <- as.integer(de); names(v) <- genes$gene; pwf <- goseq::nullp(v, bias.data = genes$length, plot.fit = FALSE)
    pairs <- data.frame(gene = genes$gene[unlist(sets)], category = rep(names(sets), lengths(sets)))
    tests <- goseq::goseq(pwf, gene2cat = pairs); result$goseq_p <- tests$over_represented_pvalue[match(result$set, tests$category)]
    genes$weight <- pwf$pwf; write(genes, paste0(name, "_genes.tsv.gz"), c(stat = 12, length = 7, weight = 7))
  }
  digits <- c(camerapr_p = 11, camerapr_ranks_p = 11, camera_p = 9, camera_est_cor = 9, camera_est_p = 9, fry_p = 9, fry_p_mixed = 9, goseq_p = 7)
  digits[grep("^hyper", names(result), value = TRUE)] <- 14
  write(result, paste0(name, "_sets.tsv.gz"), digits)
  set.seed(1); some <- sets[seq(1, length(sets), length.out = 150)]
  rotated <- mroast(y, some, design, contrast = coefficient, nrot = 9999, sort = "none")
  write(data.frame(set = rownames(rotated), rotated[c("PValue", "PValue.Mixed", "Direction")]), paste0(name, "_mroast.tsv"), c(PValue = 4, PValue.Mixed = 4))
}
study("airway", "~ cell + dex", "dextrt", "human_go_bp")
study("pasilla", "~ type + condition", "conditiontreated", "fly_go_bp")
versions <- c(paste("R", getRversion()), sapply(c("limma", "edgeR", if (has_goseq) "goseq"), function(p) paste(p, packageVersion(p))))
writeLines(versions, file.path(out, "versions.txt"))
