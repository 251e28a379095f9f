"""Gene sets: over-representation, competitive and self-contained tests that know that genes move together.

Arrays in, arrays or frames out, one row per set in the given order. Sets are a ``scipy.sparse`` CSR matrix ``members``,
sets x genes, of 0 and 1; genes are the rows of the background. Nothing depends on the order of genes or sets.

- ``over_representation``: hypergeometric tests of called genes.
- ``correlation``: residual and contrast effects of a design; the correlation of genes within each set; its shrinkage.
- ``camera``: competitive tests, two-sided, by ranks or of unsigned statistics; ``camera.competitive`` is the default
  test, which also takes its reference distribution from the residual degrees of freedom. ``fry``: self-contained tests.
- ``gsea``: running sums, with permuted genes or samples. ``activities``: weighted networks.
- ``length_bias``: call rate against gene length, and Wallenius' test.
- ``groups``: which sets share their genes. ``calibration``: what each method would call if nothing were true.

The default competitive test has two parts that belong together: correlations by ``correlation.shrunk`` (with
``unsigned`` where the statistic is) and the reference distribution by ``correlation.reference_df``. What
``calibration.null_calls`` gives depends on the design and not on the contrast, but for ``directions`` of a
likelihood-ratio test.

Adjusted p-values are Benjamini and Hochberg's over all sets: :func:`degsteps.engines.multiple_testing.adjust_bh`.
"""
