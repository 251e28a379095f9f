"""Stage 02: which genes are worth testing, each dropped one with its reason."""
