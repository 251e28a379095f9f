"""Stage 06: are the samples what they should be?"""
