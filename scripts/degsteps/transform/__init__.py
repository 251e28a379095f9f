"""Stage 05: values on a scale where distances mean something, for figures only."""
