"""Figures of sets of genes."""
