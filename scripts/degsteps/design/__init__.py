"""Formula, design matrix, contrasts, sets of samples. The Snakefile imports this folder."""
