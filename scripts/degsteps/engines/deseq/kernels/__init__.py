"""Batched negative-binomial engine: every numeric kernel of the differential-expression core, on plain arrays.

The kernels need numpy and scipy.special only. Inside a block, arrays are samples x genes, so that each operation
runs over thousands of genes at once and a sum over samples is one gene's own sum, whatever else is in the block:
results do not depend on the block size or on the number of threads, bit for bit.

Modules
-------
design_groups          a design matrix with its equal rows pooled; p x p algebra for all genes at once
blocks                 splitting genes into blocks, and threads over blocks
moments                base means, start values, linear means
irls                   coefficients of the negative-binomial regression
dispersion             Cox-Reid adjusted dispersion, with and without a prior: DESeq2's search; its parts are
                       dispersion_posterior (value and slope) and dispersion_optimum (the maximum itself)
trend                  dispersion as a function of the mean: parametric, local_regression, mean
prior                  width of the dispersion prior; prior_draws are the histograms that R draws for it
stages                 the passes over all genes that an estimation is made of
cooks                  Cook's distances, outlier replacement
wald                   Wald and likelihood-ratio statistics
shrink                 shrunken fold changes; normal_prior_width is the width of their normal prior
lowess                 the smoother of independent filtering, and its robustness weights
size_factor_likelihood size factors of the highest likelihood
transform              variance-stabilising and regularised-log transformations
special                special functions of whole blocks
"""
