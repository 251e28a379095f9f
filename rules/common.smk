# The analyses, the checks before any job, and what is sealed.
# enters: config (the list of analyses)    leaves: SCRIPTS, TERMINAL, ANALYSES, SEALED, STAGE_PATHS
import re
import sys
from pathlib import Path


def _source_folder():
    """Return the folder that holds scripts/ and config/schema/; a copy of both if the workflow is on a Git host."""
    beside = Path(str(workflow.current_basedir))
    if beside.is_dir():
        return beside.parent
    # Of a workflow on a Git host Snakemake copies only what it is asked for. The copies lie in the same tree.
    listed = Path(workflow.source_path("sources.txt"))
    for path in listed.read_text(encoding="utf-8").splitlines():
        workflow.source_path(f"../{path}")
    return listed.parents[1]


SCRIPTS = _source_folder() / "scripts"
sys.path.insert(0, str(SCRIPTS))

import degsteps

if not Path(degsteps.__file__).samefile(SCRIPTS / "degsteps" / "__init__.py"):
    raise WorkflowError(
        f"{SCRIPTS}: another version of degsteps was loaded before, from {degsteps.__path__[0]}. "
        "Modules in one workflow must name the same tag; run two versions as two workflows."
    )

from degsteps.terminal.handler import follow

# A workflow that takes this one as a module speaks for itself.
TERMINAL = follow(workflow) if workflow.is_main_process and workflow.modifier.is_main_snakefile() else None

from degsteps.basics.errors import DegstepsError
from degsteps.basics.paths import paths_of_one, stage_pathvars, version_folder
from degsteps.provenance.seal import is_sealed, require_unchanged
from degsteps.workflow import job_size, subsets
from degsteps.workflow.analyses import load_checked_analyses, require_listed

# The checks read the given files; jobs that Snakemake starts in processes of their own need not repeat them.
try:
    if workflow.is_main_process:
        # Snakemake does not tell its targets before the rules are read.
        require_listed(sys.argv[1:], config)
    ANALYSES = load_checked_analyses(config, check=workflow.is_main_process)
except DegstepsError as error:
    raise WorkflowError(str(error)) from None


def results_folder(name):
    """Return the folder that holds all results of an analysis."""
    path = version_folder(name, ANALYSES[name]["version"])
    return Path(workflow.pathvars.apply(path))


# Nothing is run for a sealed version: no rule can make its files, and any change since is an error.
SEALED = [name for name in ANALYSES if is_sealed(results_folder(name))]
if workflow.is_main_process:
    try:
        require_unchanged([(results_folder(name), ANALYSES[name]) for name in SEALED], SCRIPTS)
    except DegstepsError as error:
        raise WorkflowError(str(error)) from None
STAGE_PATHS = stage_pathvars(
    {name: analysis["version"] for name, analysis in ANALYSES.items() if name not in SEALED},
    in_parts=[name for name, analysis in ANALYSES.items() if job_size.part_names(analysis)],
    of_cells=[name for name, analysis in ANALYSES.items() if analysis["cells"]],
    with_text=[name for name, analysis in ANALYSES.items() if job_size.has_tables_as_text(analysis)],
)


wildcard_constraints:
    subset=subsets.PATTERN,
    sample_set=subsets.NAME_PATTERN,
    part="[0-9]+-of-[0-9]+",
    question="[A-Za-z0-9][A-Za-z0-9._-]*",
    family=subsets.NAME_PATTERN,
    collection="|".join(sorted({re.escape(name) for a in ANALYSES.values() for name in a["enrich"]["collections"]}))
    or "(?!)",
    contrast="|".join(sorted({re.escape(name) for a in ANALYSES.values() for name in a["test"]["contrasts"]})),
