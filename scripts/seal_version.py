"""Seal a version of an analysis: verify it, write what it consists of into seal.json, make its files read-only.

From then on the workflow refuses every change of its configuration, given files or code, lists what has changed, and
runs nothing for it. To go on working, give the analysis another version.
Exit code: 0 if sealed, 11 if it was sealed before, else as of verify_results.py (nothing is sealed then).
"""

import argparse
import sys
from pathlib import Path

from degsteps.basics.errors import DataError
from degsteps.basics.exit_codes import ExitCode
from degsteps.provenance.seal import write_seal
from degsteps.provenance.sealed import SEAL, is_sealed
from degsteps.provenance.verification import verify


def main() -> int:
    """Seal, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="results/<analysis>/<version>")
    parser.add_argument("--key", type=Path, default=None, help="sign the seal with this key of SSH (seal.json.sig)")
    arguments = parser.parse_args()
    root = arguments.results
    if is_sealed(root):
        print(f"{root}: is sealed already.", file=sys.stderr)
        return ExitCode.SEALED
    try:
        verified = verify(root)
        if verified.findings:
            for finding in verified.findings:
                print(finding, file=sys.stderr)
            print(f"{root}: not sealed. Mend what is listed, or run the workflow again.", file=sys.stderr)
            return verified.code
        digest = write_seal(root, arguments.key and arguments.key.expanduser())
    except DataError as error:
        print(error, file=sys.stderr)
        return ExitCode.DATA
    print(f"{root / SEAL}: sealed, {verified.files} files. Any change from here needs another version.")
    print(f"sha256 {digest}\nWrite this digest down outside of this folder: make verify RESULTS={root} DIGEST={digest}")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
