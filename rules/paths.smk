# Where files of each stage lie. `pathvars` is known to Snakemake from 9.17.1 on: in a file of its own an older one reads
# the Snakefile far enough to say which version it needs.
# enters: STAGE_PATHS (common.smk)    leaves: <results>, <ingest>, <filter>, ... in paths of rules


pathvars:
    **STAGE_PATHS,
