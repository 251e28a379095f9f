"""Stage 07: tables of contrasts, and how far they hold."""
