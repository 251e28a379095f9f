# From the folder of shared reference tables: Rscript make_composition.R <this folder, with golden/>
# composition test goldens: Kang 8 donors x 2 conditions, cells per type (IFNCellCounts)
suppressPackageStartupMessages({library(limma); library(edgeR); library(lme4)})
d <- commandArgs(TRUE)[1]; z <- read.delim(file.path(d, "cells_per_type.tsv"), check.names = FALSE); n <- as.matrix(z[, -(1:3)]); rownames(n) <- z$sample
info <- data.frame(ind = factor(z$donor, unique(z$donor)), stim = factor(z$condition, c("ctrl", "stim")))
D <- model.matrix(~ind+stim,info); P <- n/rowSums(n)
tt <- function(y) {f <- eBayes(lmFit(y,D),robust=FALSE); t <- topTable(f,coef="stimstim",number=Inf,sort.by="none"); t[,c("logFC","t","P.Value","adj.P.Val")]}
f17 <- function(x) formatC(x,digits=17,format="g",width=1)
o <- list(arcsin=tt(t(asin(sqrt(P)))), logit=tt(t(log((n+0.5)/rowSums(n+0.5)/(1-(n+0.5)/rowSums(n+0.5))))), clr=tt(t({l<-log(n+0.5); l-rowMeans(l)})))
y <- DGEList(t(n)); y <- calcNormFactors(y); y <- estimateDisp(y,D,trend.method="none"); f <- glmQLFit(y,D,abundance.trend=FALSE); q <- glmQLFTest(f,coef="stimstim")$table; o$edger_ql <- data.frame(logFC=q$logFC,t=q$F,P.Value=q$PValue,adj.P.Val=p.adjust(q$PValue,"BH"))
res <- do.call(rbind,lapply(names(o),function(k) data.frame(method=k,cell_type=colnames(n),lapply(o[[k]],f17))))
write.table(res,file.path(d,"golden","composition.tsv"),sep="\t",quote=FALSE,row.names=FALSE); for (k in names(o)) {cat(k,"\n"); z<-o[[k]]; rownames(z)<-colnames(n); print(signif(z,3))}
# without the donor in the design (what the unpaired test loses)
D2 <- model.matrix(~stim,info); f <- eBayes(lmFit(t(asin(sqrt(P))),D2)); print(signif(topTable(f,coef=2,number=Inf,sort.by="none"),3))
# cells as the unit (pooled 2x2 chi-square), the wrong way
for (k in colnames(n)) {a<-tapply(n[,k],info$stim,sum); b<-tapply(rowSums(n)-n[,k],info$stim,sum); cat(k,signif(chisq.test(rbind(a,b))$p.value,3),"\n")}
