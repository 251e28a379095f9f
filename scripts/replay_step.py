"""Run one recorded step again in a scratch folder, and compare its outputs with the recorded ones, byte by byte.

Where bytes differ, tables and matrices are compared by column, and what is not as it was then is listed: code,
Python, platform, packages. Run it in the folder from which the workflow was run.
Exit code: 0 if all bytes are the same, 9 if not, 3 if an input or the record is not what it was, 1 if the step fails.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from degsteps.basics.errors import DataError, DegstepsError
from degsteps.basics.exit_codes import ExitCode
from degsteps.provenance.recorded import read_record
from degsteps.provenance.replay import Replayed, replay


def shown(replayed: Replayed) -> str:
    """Return what a replay gave in words."""
    lines = []
    for path, sentences in replayed.outputs.items():
        lines.append(f"{path}: {'differs' if sentences else 'same bytes'}")
        lines += [f"  {sentence}" for sentence in sentences]
    if not replayed.is_same and replayed.surroundings:
        lines += ["Not as it was then:", *(f"  {sentence}" for sentence in replayed.surroundings)]
    return "\n".join(lines)


def main() -> int:
    """Replay, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("record", type=Path, help="a record, e.g. results/airway/1.0/07_test/fit_model.record.json")
    parser.add_argument("--into", type=Path, default=None, help="keep the outputs in this folder")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    try:
        record = read_record(arguments.record)
        with tempfile.TemporaryDirectory() as temporary:
            into = (arguments.into or Path(temporary)).absolute()
            replayed = replay(arguments.record, record, Path(__file__).resolve().parent, into)
    except DegstepsError as error:
        print(error, file=sys.stderr)
        return ExitCode.DATA if isinstance(error, DataError) else ExitCode.FAILED
    content = replayed._asdict() | {"same": replayed.is_same}
    print(json.dumps(content, indent=2, ensure_ascii=False) if arguments.json else shown(replayed))
    return ExitCode.OK if replayed.is_same else ExitCode.DIFFERS


if __name__ == "__main__":
    sys.exit(main())
