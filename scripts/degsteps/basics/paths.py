"""Where results lie: stage folders are numbered here and nowhere else.

Standard library only: the Snakefile imports this module.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

VERSION_FOLDER = "<results>/{analysis}/{version}"
#: In the order of the flow, which numbers their folders from 0; `cells` is only of analyses of single cells.
STAGES = ("cells", "ingest", "filter", "normalize", "batch", "transform", "qc", "test", "annotate", "enrich", "report")


def stage_folder(stage: str) -> str:
    """Return the numbered folder of a stage, e.g. ``"filter"`` -> ``"02_filter"``."""
    return f"{STAGES.index(stage):02d}_{stage}"


def stage_pathvars(
    versions: Mapping[str, str],
    in_parts: Iterable[str] = (),
    of_cells: Iterable[str] = (),
    with_text: Iterable[str] = (),
) -> dict[str, str]:
    """Return one Snakemake path variable per stage, plus those of the whole version, logs and benchmarks.

    Rules write ``<filter>/genes.tsv``; a workflow that loads this one as a module moves everything by setting
    ``<results>`` alone.

    Parameters
    ----------
    versions : by analysis; what rules may make files for. The patterns stand in the paths themselves, because
        Snakemake does not apply ``wildcard_constraints:`` to wildcards that come out of a path variable.
    in_parts : analyses whose genes are scattered over jobs. The fit of these is ``<test_in_parts>``, that of all others
        ``<test_whole>``: the same folder, so that two rules can make the same file, each for its own analyses.
    of_cells : analyses of single cells. The counts of their samples are sums, in ``<ingest_of_cells>``; those of all
        others are read, into ``<ingest_of_counts>``.
    with_text : analyses whose normalised tables are written as text too, below ``<tables_with_text>``; those of all
        others below ``<tables_without_text>``.
    """
    folder = _version_pattern(versions, versions)
    stages = {stage: f"{folder}/{stage_folder(stage)}" for stage in STAGES}
    stages |= {"version": folder} | {name: f"{folder}/{name}" for name in ("logs", "benchmarks")}
    names = set(versions)
    in_parts, of_cells, with_text = (set(some) & names for some in (in_parts, of_cells, with_text))
    divided = (
        ("test_in_parts", in_parts, "test"),
        ("test_whole", names - in_parts, "test"),
        ("ingest_of_cells", of_cells, "ingest"),
        ("ingest_of_counts", names - of_cells, "ingest"),
        ("tables_with_text", with_text, "normalize"),
        ("tables_without_text", names - with_text, "normalize"),
    )
    for name, analyses, stage in divided:
        stages[name] = f"{_version_pattern(analyses, versions)}/{stage_folder(stage)}"
    return stages


def paths_of_one(analysis: str, version: str, paths: Iterable[str]) -> list[str]:
    """Return paths such as ``<qc>/pca.pdf`` as patterns that fit one analysis only, for outputs that only it has."""
    folder = _version_pattern([analysis], {analysis: version})

    def placed(path: str) -> str:
        stage, rest = path.removeprefix("<").split(">", 1)
        return f"{folder}/{stage_folder(stage) if stage in STAGES else stage}{rest}"

    return [placed(path) for path in paths]


def _version_pattern(analyses: Iterable[str], versions: Mapping[str, str]) -> str:
    """Return the folder of a version, with wildcards that fit some analyses only."""
    return VERSION_FOLDER.format(
        analysis=f"{{analysis,{_one_of(analyses)}}}", version=f"{{version,{_one_of(versions.values())}}}"
    )


def _one_of(names: Iterable[str]) -> str:
    """Return a regular expression that matches these names only; nothing at all if there are none."""
    return "|".join(re.escape(name) for name in sorted(set(names))) or "(?!)"


def version_folder(analysis: str, version: str) -> str:
    """Return the folder of one version of one analysis, still below the path variable ``<results>``."""
    return VERSION_FOLDER.format(analysis=analysis, version=version)


def results_path(analysis: str, version: str, results: str = "results") -> Path:
    """Return the folder of one version of one analysis; ``results`` is the path variable's value."""
    return Path(version_folder(analysis, version).replace("<results>", results))


def in_stage(stage: str, analysis: str, version: str, file: str) -> str:
    """Return the path of one file of one analysis, still below the path variable ``<results>``."""
    return f"{version_folder(analysis, version)}/{stage_folder(stage)}/{file}"
