"""Differential expression from raw counts: one fit per design, any number of tests from it.

The method is DESeq2's (Love, Huber & Anders, Genome Biology 15:550, 2014) and, with ``compatibility="r"``, so are the
numbers. Files and tables are genes x samples.

Modules
-------
fit             the fitted model
checks          what is refused
estimation      dispersions and coefficients
iterated        size factors alternating with dispersions
testing         Wald and likelihood-ratio tests
shrinkage       shrunken fold changes
transformation  variance-stabilising transformation, regularised log
"""
