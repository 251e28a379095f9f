"""Compare two versions, or two runs: which genes and sets moved across the threshold in each contrast, and why.

Writes comparison.html (one offline page), comparison.json, and per contrast a figure of the fold changes' differences.
Exit code: 0 when the comparison is written, 3 if a folder cannot be compared.
"""

import argparse
import sys
from pathlib import Path

from degsteps.basics.errors import DegstepsError
from degsteps.basics.exit_codes import ExitCode
from degsteps.basics.words import counted
from degsteps.provenance.comparison import Side, compare


def write_comparison(first: Path, second: Path, into: Path) -> dict:
    """Compare and write everything into a folder; return what was found."""
    from degsteps.figures.saving import save
    from degsteps.provenance.comparison_figures import fold_change_differences
    from degsteps.report.comparison import render_comparison
    from degsteps.tables import write_json

    compared = compare(first, second)
    into.mkdir(parents=True, exist_ok=True)
    sides = [Side.read(root) for root in (first, second)]
    figures = {}
    for name, found in compared["contrasts"].items():
        moved = {entry["gene"]: entry["called_in"] for entry in found["moved"]}
        title = f"{name}: {compared['first']['name']} and {compared['second']['name']}"
        png = into / f"{name}.png"
        save(
            fold_change_differences(*(side.results(name) for side in sides), moved, title), png, png.with_suffix(".svg")
        )
        figures[name] = png.read_bytes()
    write_json(compared, into / "comparison.json")
    (into / "comparison.html").write_text(render_comparison(compared, figures), encoding="utf-8")
    return compared


def main() -> int:
    """Compare, print a line per contrast, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path, help="results/<analysis>/<version>")
    parser.add_argument("second", type=Path, help="the one to compare it with")
    parser.add_argument("--into", type=Path, required=True, help="folder to write to")
    arguments = parser.parse_args()
    try:
        compared = write_comparison(arguments.first, arguments.second, arguments.into)
    except DegstepsError as error:
        print(error, file=sys.stderr)
        return ExitCode.DATA
    for name, found in compared["contrasts"].items():
        causes = ", ".join(f"{cause} {number}" for cause, number in found["causes"].items())
        moved = counted(len(found["moved"]), "gene") + " moved" + (f" ({causes})" if causes else "")
        print(f"{name}: Jaccard {found['jaccard']:.3f}, {moved}")
        for entry in found["sets"]:
            if entry["came"] or entry["went"]:
                came = f"{len(entry['came'])} sets came, {len(entry['went'])} went"
                print(f"  {entry['collection']}, {entry['method']}: {came}")
    print(arguments.into / "comparison.html")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
