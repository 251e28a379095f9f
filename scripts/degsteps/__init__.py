"""The degsteps library: pure functions on DataFrames, arrays and AnnData; only tables.py and step.py know files."""
