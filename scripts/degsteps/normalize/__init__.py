"""Stage 03: size factors for the test, normalised tables for inspection."""
