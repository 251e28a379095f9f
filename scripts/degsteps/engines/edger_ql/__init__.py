"""Negative-binomial models with quasi-likelihood tests: the method of edgeR, for all genes at once.

``glm`` fits the coefficients; ``unit_moments`` says what a deviance of small counts is worth, ``dispersion`` finds the
negative-binomial dispersion that all genes share or that follows their abundance, ``quasi`` how much each gene varies
beyond it; ``moderation`` shares that among genes (empirical Bayes), ``smoothing`` has the curves that it needs and
``minimum`` the searches; ``testing`` tests. ``study`` hands out counts block by block, ``passes`` are the parts of a
fit, ``model`` is the fit of all genes and its tests, ``parts`` the same for a part of the genes in each job.
"""
