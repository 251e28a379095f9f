"""Batched negative-binomial engine: every numeric kernel of the differential-expression core, on plain arrays.

The kernels need numpy and scipy.special only. Inside a block, arrays are samples x genes, so that each operation
runs over thousands of genes at once and a sum over samples is one gene's own sum, whatever else is in the block:
results do not depend on the block size or on the number of threads, bit for bit.

Modules
-------
cells          a design matrix with its equal rows pooled; p x p algebra for all genes at once
blocks         splitting genes into blocks, and threads over blocks
moments        base means, start values, linear means
irls           coefficients of the negative-binomial regression
dispersion     Cox-Reid adjusted dispersion, with and without a prior: DESeq2's search; its parts are
               dispersion_posterior (value and slope) and dispersion_optimum (the maximum itself)
trend          dispersion as a function of the mean: parametric, local regression, mean
prior          width of the dispersion prior
cooks          Cook's distances, outlier replacement
wald           Wald and likelihood-ratio statistics
adjust         multiple testing: Benjamini-Hochberg, independent filtering
shrink         shrunken fold changes
depth          size factors of the highest likelihood
transform      variance-stabilising and regularised-log transformations
inference      the kernels behind PyDESeq2's public interface (the only module that imports pydeseq2)
"""
