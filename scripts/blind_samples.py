"""Blind a sample sheet: permute labels within strata, and write the key to a place that the analysts cannot read.

To be run by somebody who is not blinded, e.g. the data manager. The analysts get the blinded sheet, which holds the
sample ids, the permuted columns and the strata, and nothing else that could tell the labels.
Exit code: 0 if written, 2 if the call is wrong, 3 if the sheet cannot be blinded.
"""

import argparse
import json
import random
import sys
from pathlib import Path

from degsteps.basics.errors import ConfigError, DegstepsError
from degsteps.basics.exit_codes import ExitCode
from degsteps.inputs.sheet import read_columns
from degsteps.provenance.blinding import key_content, permuted_labels, require_outside, sheet_text


def main() -> int:
    """Write blinded sheet and key, print what to do with them, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", type=Path, help="the sample sheet with the true labels")
    parser.add_argument("--columns", nargs="+", required=True, help="columns to hide")
    parser.add_argument("--within", nargs="*", default=[], help="the other factors of the design: strata")
    parser.add_argument("--sample-column", default="sample", help="default: %(default)s")
    parser.add_argument("--blinded", type=Path, required=True, help="where to write the blinded sheet")
    parser.add_argument("--key", type=Path, required=True, help="where to write the key, outside of the project")
    given = parser.parse_args()
    try:
        require_outside(given.key)
        present = [str(path) for path in (given.blinded, given.key) if path.exists()]
        if present:
            raise ConfigError(f"{', '.join(present)}: is there already. A sheet is blinded once; choose other names.")
        columns = read_columns(str(given.sheet))
        unknown = [name for name in (given.sample_column, *given.columns, *given.within) if name not in columns]
        if unknown:
            raise ConfigError(f"{given.sheet}: has no column {', '.join(unknown)}. It has: {', '.join(columns)}.")
        rng = random.SystemRandom()
        text = sheet_text(permuted_labels(columns, given.sample_column, given.columns, given.within, rng))
        key = key_content(columns, given.sample_column, given.columns, text)
    except DegstepsError as error:
        print(error, file=sys.stderr)
        return ExitCode.CONFIG if isinstance(error, ConfigError) else ExitCode.DATA
    given.key.touch(mode=0o600)
    given.key.write_text(json.dumps(key, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    given.blinded.write_text(text, encoding="utf-8")
    listed = ", ".join(given.columns)
    print(f"{given.blinded}: for the analysts, with `blinding: {{columns: [{listed}]}}` in the analysis.")
    print(f"{given.key}: the key; keep it away from them until the plan is locked.")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
