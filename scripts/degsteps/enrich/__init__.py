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

Adjusted p-values are Benjamini and Hochberg's over all sets: :func:`degsteps.engines.multiple_testing.adjust_bh`.
"""
