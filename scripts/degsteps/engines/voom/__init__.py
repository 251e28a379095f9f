"""Linear models of log counts with precision weights: the method of limma-voom, for all genes at once.

``trend`` turns counts into log2 counts per million with weights (voom), ``regression`` fits them by weighted or
generalised least squares, ``correlation`` finds how much alike the samples of one subject are, ``moderation`` shares
the variance among genes (empirical Bayes) and tests.
"""
