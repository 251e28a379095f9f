# p.adjust and the independent filtering of DESeq2 1.38 on simulated p-values: Rscript make.R writes adjusted.tsv.
suppressMessages(library(DESeq2))
set.seed(11); n <- 1200
bm <- c(rep(0,30), exp(rnorm(n-30, 4, 2)))
p <- runif(n); hit <- bm > 60 & runif(n) < .35; p[hit] <- rbeta(sum(hit), .15, 30)
p[bm==0] <- NA; p[sample(which(bm>0), 15)] <- NA
p <- signif(p, 6); bm <- signif(bm, 6)
res <- function(m, f) {
 r <- DESeqResults(DataFrame(baseMean=bm, log2FoldChange=0, lfcSE=1, stat=0, pvalue=p, row.names=paste0("g",1:n)))
 DESeq2:::pvalueAdjustment(r, independentFiltering=f, filter=bm, alpha=.05, pAdjustMethod=m)$padj }
out <- data.frame(gene=paste0("g",1:n), base_mean=bm, pvalue=p)
for (m in c("BH","BY","bonferroni")) { out[[tolower(m)]] <- p.adjust(p, m)
 f <- try(res(m, TRUE)); out[[paste0(tolower(m),"_filtered")]] <- f }
for (k in 4:9) out[[k]] <- signif(out[[k]], 9)
write.table(out, "adjusted.tsv", sep="\t", quote=FALSE, row.names=FALSE, na="")
