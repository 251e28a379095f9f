"""Stage 01: reading what was given, aligning it, merging sites and technical replicates."""
