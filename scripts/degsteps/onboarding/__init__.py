"""First configuration of an analysis, from counts or from another workflow's files."""
