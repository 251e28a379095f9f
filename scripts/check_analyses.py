"""Check every analysis that the configuration lists, without running anything.

Prints all problems and notes; if there is none that stops the run, what is analysed, how many jobs run, and how long
and how large they are expected to be.

Exit code: 0 if nothing stops the run, 2 if the configuration is at fault, 3 if a given file is, 4 if the design of the
experiment is, 11 if a sealed version is about to be changed (the first of these that applies).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from degsteps.basics.errors import ConfigError, Finding, Problem
from degsteps.basics.exit_codes import ExitCode
from degsteps.basics.paths import results_path
from degsteps.config.reading import read_yaml
from degsteps.inputs.sources import scan_source, sources_of
from degsteps.preflight import Findings
from degsteps.preflight.summary import summary
from degsteps.provenance.seal import is_sealed, seal_problems
from degsteps.terminal.heartbeat import Heartbeat
from degsteps.terminal.plan import FORECAST_FILE
from degsteps.workflow.analyses import as_run, find_problems
from degsteps.workflow.settings import reading

SNAKEFILE = Path(__file__).resolve().parents[1] / "Snakefile"
EXIT_CODES = {
    "config": ExitCode.CONFIG,
    "data": ExitCode.DATA,
    "design": ExitCode.DESIGN,
    "sealed": ExitCode.SEALED,
}


def check(path: str) -> tuple[dict[str, dict[str, Any]], Findings]:
    """Return the analyses that a configuration lists, and what was found."""
    try:
        config = read_yaml(path)
    except ConfigError as error:
        return {}, Findings([Problem(path, "", str(error).removeprefix(f"{path}: "), "")], [])
    analyses, findings = find_problems(config if config is not None else {}, path)
    for analysis in analyses.values() if not findings.problems else ():
        found = trial(analysis)
        findings.problems.extend(found.problems)
        findings.notes.extend(found.notes)
    if not findings.problems:
        results = config.get("pathvars", {}).get("results", "results")
        runs = [(results_path(run["name"], run["version"], results), run) for run in map(as_run, analyses.values())]
        sealed = [(root, run) for root, run in runs if is_sealed(root)]
        free = [root for root, _ in runs if not is_sealed(root)]
        findings.problems.extend(unwritable(free, path))
        try:
            findings.problems.extend(seal_problems(sealed, Path(__file__).parent, every_byte=True))
        except ConfigError as error:
            findings.problems.append(Problem(str(error), "", "", ""))
    return analyses, findings


def trial(analysis: Mapping[str, Any]) -> Findings:
    """Read what only jobs would read otherwise: workbooks, binary files, lengths and gene tables."""
    ingest, annotate = analysis["ingest"], analysis["annotate"]
    if analysis["cells"] is not None:
        return Findings([], [])
    sources, beside = sources_of(ingest), (ingest["tx2gene"], ingest["length_matrix"])
    is_unread = any(path is not None for path in beside) or any(scan_source(each).is_partial for each in sources)
    if not is_unread and annotate["genes"] is None:
        return Findings([], [])
    # Only here: who has tables of text, and no gene table, need not wait for pandas.
    from degsteps.annotate import trial as annotation
    from degsteps.ingest import trial as counts

    genes, problems, notes = None, [], []
    if is_unread:
        genes, problems, notes = counts.trial(sources, reading(analysis, None), *beside)
    else:
        genes = counts.gene_ids(sources)
    if annotate["genes"] is not None:
        settings = annotate["genes"], annotate["strip_version"], annotate["min_mapped_fraction"]
        of_table = annotation.trial(genes, *settings)
        # Where the counts are refused, it is not known yet how many of their genes the table has.
        notes = notes + ([] if problems else of_table[1])
        problems = problems + of_table[0]
    file = analysis["file"]
    return Findings([_problem(each, file) for each in problems], [_problem(each, file) for each in notes])


def _problem(finding: Finding, file: str) -> Problem:
    """Return a finding as a problem; a sentence that begins with the file that it is about stands alone."""
    if finding.place:
        return Problem(file, *finding)
    return Problem(finding.what, "", "", "", finding.kind)


def unwritable(folders: Sequence[Path], config: str) -> list[Problem]:
    """Return one problem for each place where results cannot be written."""
    places = [next(place for place in (folder, *folder.parents) if place.exists()) for folder in folders]
    cure = "Mend its permissions, or name another folder: `pathvars: {results: some/folder}`."
    return [
        Problem(config, "pathvars.results", f"{place} cannot be written to.", cure)
        for place in dict.fromkeys(places)
        if not os.access(place, os.W_OK)
    ]


def expected(path: str, cores: int) -> str:
    """Return how many jobs would run and what they are expected to take, which Snakemake's graph of jobs tells."""
    if find_spec("snakemake") is None:
        return "How many jobs run is told where Snakemake is installed."
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "forecast.json"
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(SNAKEFILE), "--configfile", path]
        command += ["--cores", str(cores), "--dry-run", "--quiet", "all", "--nolock"]
        environment = os.environ | {FORECAST_FILE: str(told)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        if told.is_file():
            return json.loads(told.read_text(encoding="utf-8"))["said"]
    if done.returncode == 0:
        return "Nothing to run: all results are there, and nothing they were made from has changed."
    return f"Snakemake cannot plan the run:\n{done.stdout}{done.stderr}".rstrip()


def as_entry(problem: Problem, stops: bool) -> dict[str, str | bool]:
    """Return one problem or note as JSON has it."""
    return problem._asdict() | {"stops": stops, "message": str(problem)}


def main() -> int:
    """Check, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", default="config/config.yaml", help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print a JSON list of problems and notes")
    parser.add_argument("--cores", type=int, default=2, help="for the expected time (default: %(default)s)")
    arguments = parser.parse_args()
    phase = ["checking settings and given files"]
    said = Heartbeat(sys.stderr, lambda now: f"degsteps: {phase[0]}").start()
    if not arguments.json:
        said.say([f"degsteps: {phase[0]}"])
    analyses, findings = check(arguments.config)
    if arguments.json:
        entries = [as_entry(problem, True) for problem in findings.problems]
        entries += [as_entry(note, False) for note in findings.notes]
        print(json.dumps(entries, indent=2, ensure_ascii=False))
    else:
        for number, problem in enumerate(findings.problems, start=1):
            print(f"{number}. {problem}")
        for note in findings.notes:
            print(f"note: {note}")
        if not findings.problems:
            for analysis in analyses.values():
                print("\n".join(summary(analysis)), flush=True)
            phase[0] = "counting jobs"
            print(expected(arguments.config, arguments.cores))
            print(f"Nothing stops {', '.join(analyses)}.")
    said.stop()
    kinds = {problem.kind for problem in findings.problems}
    return next((code for kind, code in EXIT_CODES.items() if kind in kinds), ExitCode.OK)


if __name__ == "__main__":
    sys.exit(main())
