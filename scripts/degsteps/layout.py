"""Where results lie: stage folders are numbered here and nowhere else.

Standard library only: the Snakefile imports this module.
"""

VERSION_FOLDER = "<results>/{analysis}/{version}"
STAGES = ("ingest", "filter", "normalize", "batch", "transform", "qc", "test", "annotate", "enrich", "report")


def stage_folder(stage: str) -> str:
    """Return the numbered folder of a stage, e.g. ``"filter"`` -> ``"02_filter"``."""
    return f"{STAGES.index(stage) + 1:02d}_{stage}"


def stage_pathvars() -> dict[str, str]:
    """Return one Snakemake path variable per stage, plus those of logs and benchmarks.

    Rules write ``<filter>/genes.tsv``; a workflow that loads this one as a module moves everything by setting
    ``<results>`` alone.
    """
    stages = {stage: f"{VERSION_FOLDER}/{stage_folder(stage)}" for stage in STAGES}
    return stages | {name: f"{VERSION_FOLDER}/{name}" for name in ("logs", "benchmarks")}


def in_stage(stage: str, analysis: str, version: str, file: str) -> str:
    """Return the path of one file of one analysis, still below the path variable ``<results>``."""
    return f"{VERSION_FOLDER.format(analysis=analysis, version=version)}/{stage_folder(stage)}/{file}"
