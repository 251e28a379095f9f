"""Single cells: from captures to sums per donor and cell type."""
