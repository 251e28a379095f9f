"""What the sentences of several sections cite, and those of the models; a section brings the others along."""

REFERENCES = {
    "anders2010": (
        "Anders S, Huber W. Differential expression analysis for sequence count data. "
        "Genome Biology 2010;11:R106. doi:10.1186/gb-2010-11-10-r106"
    ),
    "benjamini1995": (
        "Benjamini Y, Hochberg Y. Controlling the false discovery rate: a practical and powerful approach to multiple "
        "testing. Journal of the Royal Statistical Society B 1995;57:289-300. doi:10.1111/j.2517-6161.1995.tb02031.x"
    ),
    "benjamini2001": (
        "Benjamini Y, Yekutieli D. The control of the false discovery rate in multiple testing under dependency. "
        "Annals of Statistics 2001;29:1165-1188. doi:10.1214/aos/1013699998"
    ),
    "bourgon2010": (
        "Bourgon R, Gentleman R, Huber W. Independent filtering increases detection power for high-throughput "
        "experiments. PNAS 2010;107:9546-9551. doi:10.1073/pnas.0914005107"
    ),
    "chen2025": (
        "Chen Y, Chen L, Lun ATL, Baldoni PL, Smyth GK. edgeR v4: powerful differential analysis of sequencing data "
        "with expanded functionality and improved support for small counts and larger datasets. Nucleic Acids Research "
        "2025;53:gkaf018. doi:10.1093/nar/gkaf018"
    ),
    "cook1977": (
        "Cook RD. Detection of influential observation in linear regression. Technometrics 1977;19:15-18. "
        "doi:10.1080/00401706.1977.10489493"
    ),
    "hart2013": (
        "Hart SN, Therneau TM, Zhang Y, Poland GA, Kocher JP. Calculating sample size estimates for RNA sequencing "
        "data. Journal of Computational Biology 2013;20:970-978. doi:10.1089/cmb.2012.0283"
    ),
    "hastie1992": (
        "Hastie TJ. Generalized additive models. In: Chambers JM, Hastie TJ, editors. Statistical Models in S. "
        "Pacific Grove: Wadsworth; 1992. doi:10.1201/9780203738535"
    ),
    "heller2009": (
        "Heller R, Manduchi E, Grant GR, Ewens WJ. A flexible two-stage procedure for identifying gene sets that are "
        "differentially expressed. Bioinformatics 2009;25:1019-1025. doi:10.1093/bioinformatics/btp076"
    ),
    "hu2010": (
        "Hu JX, Zhao H, Zhou HH. False discovery rate control with groups. Journal of the American Statistical "
        "Association 2010;105:1215-1227. doi:10.1198/jasa.2010.tm09329"
    ),
    "ignatiadis2021": (
        "Ignatiadis N, Huber W. Covariate powered cross-weighted multiple testing. Journal of the Royal Statistical "
        "Society B 2021;83:720-751. doi:10.1111/rssb.12411"
    ),
    "lun2017": (
        "Lun ATL, Smyth GK. No counts, no variance: allowing for loss of degrees of freedom when assessing biological "
        "variability from RNA-seq data. Statistical Applications in Genetics and Molecular Biology 2017;16:83-93. "
        "doi:10.1515/sagmb-2017-0010"
    ),
    "law2014": (
        "Law CW, Chen Y, Shi W, Smyth GK. voom: precision weights unlock linear model analysis tools for RNA-seq read "
        "counts. Genome Biology 2014;15:R29. doi:10.1186/gb-2014-15-2-r29"
    ),
    "love2014": (
        "Love MI, Huber W, Anders S. Moderated estimation of fold change and dispersion for RNA-seq data with DESeq2. "
        "Genome Biology 2014;15:550. doi:10.1186/s13059-014-0550-8"
    ),
    "lund2012": (
        "Lund SP, Nettleton D, McCarthy DJ, Smyth GK. Detecting differential expression in RNA-sequence data using "
        "quasi-likelihood with shrunken dispersion estimates. Statistical Applications in Genetics and Molecular "
        "Biology 2012;11:8. doi:10.1515/1544-6115.1826"
    ),
    "mccarthy2012": (
        "McCarthy DJ, Chen Y, Smyth GK. Differential expression analysis of multifactor RNA-Seq experiments with "
        "respect to biological variation. Nucleic Acids Research 2012;40:4288-4297. doi:10.1093/nar/gks042"
    ),
    "mccarthy2009": (
        "McCarthy DJ, Smyth GK. Testing significance relative to a fold-change threshold is a TREAT. "
        "Bioinformatics 2009;25:765-771. doi:10.1093/bioinformatics/btp053"
    ),
    "muzellec2023": (
        "Muzellec B, Teleńczuk M, Cabeli V, Andreux M. PyDESeq2: a python package for bulk RNA-seq differential "
        "expression analysis. Bioinformatics 2023;39:btad547. doi:10.1093/bioinformatics/btad547"
    ),
    "ritchie2015": (
        "Ritchie ME, Phipson B, Wu D, et al. limma powers differential expression analyses for RNA-sequencing and "
        "microarray studies. Nucleic Acids Research 2015;43:e47. doi:10.1093/nar/gkv007"
    ),
    "robinson2010": (
        "Robinson MD, Oshlack A. A scaling normalization method for differential expression analysis of RNA-seq data. "
        "Genome Biology 2010;11:R25. doi:10.1186/gb-2010-11-3-r25"
    ),
    "shaffer1986": (
        "Shaffer JP. Modified sequentially rejective multiple test procedures. Journal of the American Statistical "
        "Association 1986;81:826-831. doi:10.1080/01621459.1986.10478341"
    ),
    "phipson2016": (
        "Phipson B, Lee S, Majewski IJ, Alexander WS, Smyth GK. Robust hyperparameter estimation protects against "
        "hypervariable genes and improves power to detect differential expression. Annals of Applied Statistics "
        "2016;10:946-963. doi:10.1214/16-AOAS920"
    ),
    "smyth2004": (
        "Smyth GK. Linear models and empirical Bayes methods for assessing differential expression in microarray "
        "experiments. Statistical Applications in Genetics and Molecular Biology 2004;3:3. doi:10.2202/1544-6115.1027"
    ),
    "smyth2005": (
        "Smyth GK, Michaud J, Scott HS. Use of within-array replicate spots for assessing differential expression in "
        "microarray experiments. Bioinformatics 2005;21:2067-2075. doi:10.1093/bioinformatics/bti270"
    ),
    "soneson2015": (
        "Soneson C, Love MI, Robinson MD. Differential analyses for RNA-seq: transcript-level estimates improve "
        "gene-level inferences. F1000Research 2015;4:1521. doi:10.12688/f1000research.7563.2"
    ),
    "storey2003": (
        "Storey JD, Tibshirani R. Statistical significance for genomewide studies. PNAS 2003;100:9440-9445. "
        "doi:10.1073/pnas.1530509100"
    ),
    "van den berge2017": (
        "Van den Berge K, Soneson C, Robinson MD, Clement L. stageR: a general stage-wise method for controlling the "
        "gene-level false discovery rate in differential expression and differential transcript usage. Genome Biology "
        "2017;18:151. doi:10.1186/s13059-017-1277-0"
    ),
}
