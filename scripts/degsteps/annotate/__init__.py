"""Stage 08: symbols, names and places of genes from a local file."""
