"""Figures, drawn from tables and matrices alone; every function returns a ``matplotlib.figure.Figure``."""
