"""Lock the plan of an analysis: design, contrasts, filters, thresholds and exclusions, with digests of files and code.

Do this before unblinding. Afterwards every run says in its report that it matches the plan, or lists each deviation;
reasons are given under plan.deviations. A plan is written once.
Exit code: 0 if written or already there with the same content, 11 if another plan is there, 2 or 3 if the analysis
cannot be read.
"""

import argparse
import json
import sys
from pathlib import Path

from degsteps.basics.errors import ConfigError, DegstepsError
from degsteps.basics.exit_codes import ExitCode
from degsteps.config.reading import analysis_name
from degsteps.provenance.plan import locked_plan
from degsteps.workflow.analyses import load_checked_analyses


def main() -> int:
    """Write the plan, print what to add to the analysis, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("analysis", type=Path, help="config/analyses/<name>.yaml")
    file = parser.parse_args().analysis
    try:
        analyses = load_checked_analyses({"analyses": [str(file)]}, masked=False)
        content = locked_plan(analyses[analysis_name(file)], Path(__file__).resolve().parent)
    except DegstepsError as error:
        print(error, file=sys.stderr)
        return ExitCode.CONFIG if isinstance(error, ConfigError) else ExitCode.DATA
    path = file.with_suffix(".plan.lock")
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") != text:
        print(f"{path}: another plan is locked already. List deviations under plan.deviations.", file=sys.stderr)
        return ExitCode.SEALED
    path.write_text(text, encoding="utf-8")
    print(f"{path}: locked (sha256 {content['sha256']}). Name it in {file}:\nplan:\n  lock: {path}")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
