"""Run published analyses again, and report how far each reported figure is from what comes out.

Writes drift.md, drift.json and junit.xml. Each study is a file in published/: accession, SHA-256 of the given files,
the analysis, and the expected figures with their tolerance and source.
Exit code: 0 if every figure is within its tolerance, 10 if not, 3 if a given file is not the published one, 2 if a
study's file is wrong, 1 if the workflow fails.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from degsteps.basics.errors import ConfigError, DataError, DegstepsError
from degsteps.basics.exit_codes import ExitCode
from degsteps.config.reading import analysis_name
from degsteps.provenance.published import (
    Study,
    as_json,
    as_junit,
    as_markdown,
    outcome,
    read_published,
    require_published_files,
)

REPO = Path(__file__).resolve().parents[1]


def run_workflow(analyses: list[str], results: Path, cores: int) -> None:
    """Run the workflow for these analysis files in the working folder."""
    config = [f"analyses={json.dumps(analyses)}", f"pathvars={json.dumps({'results': str(results)})}"]
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPO / "Snakefile"), "--cores", str(cores)]
    done = subprocess.run([*command, "--quiet", "rules", "--config", *config], check=False)  # noqa: S603
    if done.returncode:
        raise DegstepsError("The workflow failed; see above.")


def read_study(file: Path, content: dict, results: Path) -> Study:
    """Compare one study's expectations with its results."""
    from degsteps.provenance.comparison import Side
    from degsteps.provenance.set_comparison import sets_table

    name = analysis_name(content["analysis"])
    (manifest,) = (results / name).glob("*/10_report/manifest.json")
    side = Side.read(manifest.parents[1])
    outcomes = []
    for entry in content["expectations"]:
        if "set" in entry:
            table = sets_table(side.root, entry["collection"], entry["contrast"])
            outcomes.append(outcome(entry, table, side.settings["enrich"]["alpha"]))
        else:
            outcomes.append(outcome(entry, side.results(entry["contrast"]), side.settings["test"]["alpha"]))
    record = side.steps["fit_model"]
    versions = {"Python": record["python"], "degsteps code": record["code"]} | record["packages"]
    named = dict.fromkeys(entry["contrast"] for entry in content["expectations"])
    tests = {name: _tested(side, name) for name in named}
    return Study(file.stem, content, outcomes, versions, tests)


def _tested(side, name: str) -> str:
    """Say how a contrast was tested, and of which DESeq2 a test against a bound is."""
    from degsteps.design.contrasts import test_words
    from degsteps.engines.registry import ENGINES

    test, bound = side.settings["test"], side.bound_test(name)
    said = test_words(test["contrasts"][name], ENGINES[test["engine"]].tests)
    return f"{said} as in {bound}" if bound else said


def main() -> int:
    """Run, write the reports, print a line per figure outside its tolerance, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", type=Path, nargs="+", help="published/<name>.yaml")
    parser.add_argument("--into", type=Path, default=Path("results/published"), help="default: %(default)s")
    parser.add_argument("--cores", type=int, default=2, help="default: %(default)s")
    arguments = parser.parse_args()
    try:
        contents = {path: read_published(path) for path in arguments.studies}
        for path, content in contents.items():
            require_published_files(content, path)
        analyses = list(dict.fromkeys(content["analysis"] for content in contents.values()))
        run_workflow(analyses, arguments.into, arguments.cores)
        studies = [read_study(path, content, arguments.into) for path, content in contents.items()]
    except DegstepsError as error:
        print(error, file=sys.stderr)
        kinds = {ConfigError: ExitCode.CONFIG, DataError: ExitCode.DATA}
        return kinds.get(type(error), ExitCode.FAILED)
    (arguments.into / "drift.json").write_text(json.dumps(as_json(studies), indent=2, ensure_ascii=False) + "\n")
    (arguments.into / "drift.md").write_text(as_markdown(studies), encoding="utf-8")
    (arguments.into / "junit.xml").write_bytes(as_junit(studies))
    for study in studies:
        same = sum(found.status != "outside tolerance" for found in study.outcomes)
        print(f"{study.name}: {same} of {len(study.outcomes)} figures within tolerance")
    print(arguments.into / "drift.md")
    return ExitCode.DRIFT if any(study.has_drifted for study in studies) else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
