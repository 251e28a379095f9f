# What rules ask for, by the job's wildcards: degsteps.workflow knows the answers, functions of an analysis and wildcards.
# enters: ANALYSES, SCRIPTS (common.smk)
# leaves: job, setting, settings_of, all_settings, given_file, content_of, of_subset, parts, wildcard; in_report, figure; needs; code; lost, by_default, closing_lines
import functools

from degsteps.basics.digest import code_digest
from degsteps.inputs.scan import CACHE
from degsteps.provenance.plan import planned_steps
from degsteps.provenance.promised import described, missing_files
from degsteps.provenance.versions import workflow_versions as versions_of
from degsteps.terminal.environment import missing_packages
from degsteps.terminal.plan import parallel_jobs, plan_lines
from degsteps.workflow import costs, files, job_size, settings, targets
from degsteps.workflow.given import content_digest, kept_digest
from degsteps.workflow.leftovers import remove_leftovers
from degsteps.workflow.limits import refusal, requests_of, unfit


def job(function, *arguments):
    """Return an input or params function: what a function says of the job's analysis and wildcards."""

    def answer(wildcards):
        return function(ANALYSES[wildcards.analysis], wildcards, *arguments)

    return answer


def setting(key):
    """Return a params function that gives one setting; what is said of a change names it by its key."""
    answer = job(settings.at_key, key)
    answer.setting = key
    return answer


def settings_of(section, *names):
    """Return params: settings of a section under their own names."""
    return {name: setting(f"{section}.{name}") for name in names}


def all_settings():
    """Return a params function that gives the whole analysis; a change within it is named by its key alone."""
    answer = job(settings.all_of_analysis)
    answer.setting = ""
    return answer


def given_file(key):
    """Return an input function that gives a file named in the configuration, or nothing where none is named."""
    return job(files.at_key, key)


def content_of(*inputs):
    """Return a params function for given files, as input functions name them: their digest, as dates can go backwards."""

    def digest(wildcards):
        return content_digest(path for paths in inputs for path in files.listed(paths(wildcards)))

    return digest


def of_subset(path):
    """Return an input function that gives a stage's file of the samples that the job's contrast is tested in."""
    return job(files.of_subset, path)


def parts(step, ending):
    """Return an input function that gives the files of a step, one for each part of the genes."""
    return job(files.parts, step, ending)


def wildcard(name):
    """Return a params function that gives a wildcard."""

    def value_of_wildcard(wildcards):
        return wildcards[name]

    return value_of_wildcard


def in_report(path, subcategory, **labels):
    """Return an output that Snakemake's own report shows."""
    return report(path, category="{analysis}", subcategory=subcategory, labels=labels)


def figure(place, subcategory=None, label=None, *, name="figure"):
    """Return outputs: a figure as PNG and as SVG; with a label, Snakemake's own report shows it too."""
    png = in_report(f"{place}.png", subcategory, figure=label) if label else f"{place}.png"
    return {f"{name}_png": png, f"{name}_svg": f"{place}.svg"}


def needs(rule_name):
    """Return resources: memory and time by what the rule was measured to take, doubled at each attempt."""

    def memory(wildcards, attempt):
        return costs.request_mb(costs.expected(rule_name, ANALYSES[wildcards.analysis], wildcards), attempt)

    def time(wildcards, attempt):
        return costs.request_minutes(costs.expected(rule_name, ANALYSES[wildcards.analysis], wildcards), attempt)

    return {"mem_mb": memory, "runtime": time}


def code(rule_name):
    """Return the digest of a rule's script and the library that it reaches, so that an edit reruns what it affects."""
    return code_digest(SCRIPTS / f"{rule_name}.py")


def planned_code(wildcards):
    """Return the code digest of every step whose code was planned."""
    return {step: code(step) for step in planned_steps(ANALYSES[wildcards.analysis])}


def workflow_versions(wildcards):
    """Return the versions of what runs the steps; every step records those of its own packages."""
    return versions_of(Path(workflow.source_path("../pyproject.toml")))


def own_snakefile(wildcards):
    """Return the text of this workflow's Snakefile; the path of a fetched copy differs from run to run."""
    path = Path(workflow.source_path("../Snakefile"))
    return path.read_text(encoding="utf-8").rstrip()


def lost(*names):
    """Return an input function for rules that make nothing: files of the last run that are gone, and can be made."""

    def missing(wildcards):
        return [
            path for name in names for path in _missing(name) if any(rule.is_producer(path) for rule in workflow.rules)
        ]

    return missing


@functools.cache
def _missing(name):
    if name in SEALED or not workflow.is_main_process:
        return []
    paths = targets.ends(ANALYSES[name], name)
    missing = missing_files(results_folder(name), map(workflow.pathvars.apply, paths))
    if missing:
        print(f"note: {described(results_folder(name), missing)}", file=sys.stderr)
    return missing


def by_default():
    """Return the analyses of a run without a target: all; of Snakemake's own report (`--report`) those that were run."""
    wants_report = workflow.is_main_process and any(re.match("--report(=|$)", word) for word in sys.argv[1:])
    if not wants_report or "--report-after-run" in sys.argv:
        return list(ANALYSES)
    crates = {name: results_folder(name) / "ro-crate-metadata.json" for name in ANALYSES}
    return [name for name, path in crates.items() if path.is_file()] or list(ANALYSES)


def closing_lines():
    """Return what the terminal shows last: where to look in what was asked for."""
    lines = ["", "Done. Where to look:"]
    asked = {dict(job.wildcards.items()).get("analysis") for job in workflow.dag.jobs}
    for name, analysis in [(name, analysis) for name, analysis in ANALYSES.items() if name in asked]:
        paths = map(workflow.pathvars.apply, targets.opened_paths(analysis, name))
        lines += targets.shown_paths(f"{name} {analysis['version']}", paths)
    return "\n".join(lines)


def expected_cost(planned):
    """Return the seconds and megabytes that a job is expected to take."""
    analysis = ANALYSES.get(dict(planned.wildcards.items()).get("analysis"))
    return costs.expected(planned.rule.name, analysis, planned.wildcards)


def plan_of_run():
    """Return what is said before the first job."""
    return plan_lines(workflow.dag, parallel_jobs(workflow), expected_cost, kept_digest)


if TERMINAL:
    TERMINAL.on_plan = plan_of_run
