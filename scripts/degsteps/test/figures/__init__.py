"""Figures of stage 07."""
