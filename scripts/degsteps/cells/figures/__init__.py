"""Figures of single cells."""
