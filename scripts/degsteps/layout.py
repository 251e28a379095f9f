"""Where results lie: stage folders are numbered here and nowhere else.

Standard library only: the Snakefile imports this module.
"""

STAGES = ("ingest", "filter", "normalize", "batch", "transform", "qc", "test", "annotate", "enrich", "report")


def stage_folder(stage: str) -> str:
    """Return the numbered folder of a stage, e.g. ``"filter"`` -> ``"02_filter"``."""
    return f"{STAGES.index(stage) + 1:02d}_{stage}"


def stage_pathvars() -> dict[str, str]:
    """Return one Snakemake path variable per stage, plus those of logs and benchmarks.

    Rules write ``<filter>/genes.tsv``; a workflow that loads this one as a module moves everything by setting
    ``<results>`` alone.
    """
    version_root = "<results>/{analysis}/{version}"
    stages = {stage: f"{version_root}/{stage_folder(stage)}" for stage in STAGES}
    return stages | {"logs": f"{version_root}/logs", "benchmarks": f"{version_root}/benchmarks"}
