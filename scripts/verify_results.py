"""Check a results folder against its manifest: hash every file again, and walk from each file back to the given ones.

Prints one line per finding: which file, which step wrote it, what changed, and what was made from it.
Exit code: 0 if all is as it was written; 5 a file changed, 6 a file is gone, 7 the records do not join into one graph,
8 a file that no step wrote, 12 a manifest, record, seal or crate that cannot be read as one (the first of these that
applies); 3 if there is no manifest.
"""

import argparse
import json
import sys
from pathlib import Path

from degsteps.basics.errors import DataError
from degsteps.basics.exit_codes import ExitCode
from degsteps.basics.words import counted
from degsteps.provenance.verification import Verified, verify


def as_json(verified: Verified, root: Path) -> str:
    """Return what was found as JSON."""
    content = {
        "results": str(root),
        "exit_code": int(verified.code),
        "checked": {"files": verified.files, "given_files": verified.given, "steps": verified.steps},
        "findings": [finding._asdict() | {"code": finding.code.name.lower()} for finding in verified.findings],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def main() -> int:
    """Check, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="results/<analysis>/<version>, or a copy of it")
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--given", type=Path, default=Path(), help="folder that paths of given files start from (here)")
    given.add_argument("--skip-given", action="store_true", help="do not look at the given files")
    parser.add_argument("--digest", default=None, help="digest of the seal, as `make seal` printed it")
    parser.add_argument("--signers", type=Path, default=None, help="list of who may have signed: `name key-type key`")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    try:
        given_root = None if arguments.skip_given else arguments.given
        signers = arguments.signers and arguments.signers.expanduser()
        verified = verify(arguments.results, given_root, arguments.digest, signers)
    except DataError as error:
        print(error, file=sys.stderr)
        return ExitCode.DATA
    if arguments.json:
        print(as_json(verified, arguments.results))
        return verified.code
    for finding in verified.findings:
        print(finding)
    given_files = "given files skipped" if arguments.skip_given else f"{verified.given} given files"
    state = counted(len(verified.findings), "finding") if verified.findings else "all as written"
    print(f"{arguments.results}: {verified.files} files, {given_files}, {verified.steps} steps: {state}.")
    return verified.code


if __name__ == "__main__":
    sys.exit(main())
