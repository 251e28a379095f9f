"""Stage 04: design matrix, confounding, surrogate variables, values without batches for figures."""
