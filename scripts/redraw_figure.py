"""Draw one figure of a finished run again with other settings, from its tables, without running the workflow.

The figure's record says which tables and settings it was drawn from; what is not said here is as it was then. Files go
into a folder of their own (`figures/`, below it the figure's path within the results), results stay as they are.
Run it in the folder from which the workflow was run.
Exit code: 0 if it was drawn, 2 if no figure is named, 3 if it has no record or its tables are not what they were.
"""

import argparse
import sys
from pathlib import Path

from degsteps.basics.errors import DataError, DegstepsError
from degsteps.basics.exit_codes import ExitCode
from degsteps.provenance.redrawing import named, record_of, redraw
from degsteps.step import repeat

SCRIPTS = Path(__file__).resolve().parent
FORMATS = ("svg", "pdf", "png")


def main() -> int:
    """Redraw, print the files, and return the exit code."""
    from degsteps.figures.look import PALETTES, STYLES

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", type=Path, help="e.g. results/airway/1.0/08_annotate/dex_trt_vs_untrt.volcano.svg")
    parser.add_argument("--width-mm", type=float, help="89 (one column), 120 or 183 (two columns)")
    parser.add_argument("--font-pt", type=float, help="size of text in points")
    parser.add_argument("--dpi", type=int, help="pixels per inch of PNG, and of dense points in SVG and PDF")
    parser.add_argument("--palette", choices=list(PALETTES))
    parser.add_argument("--style", choices=STYLES)
    parser.add_argument("--format", nargs="+", choices=FORMATS, default=list(FORMATS), dest="formats")
    parser.add_argument("--genes", nargs="+", help="symbols or ids that are labelled, drawn and in the heatmap")
    parser.add_argument("--into", type=Path, default=Path("figures"), help="folder of the files (default: figures)")
    arguments = vars(parser.parse_args())
    if arguments["figure"] == Path():
        print("No figure is named: make figure FILE=results/<analysis>/<version>/<stage>/<figure>.svg", file=sys.stderr)
        return ExitCode.CONFIG
    figure, into, formats = arguments.pop("figure"), arguments.pop("into"), arguments.pop("formats")
    try:
        path, record = record_of(figure)
        folder = figure.absolute().parent
        version = next((part for part in path.absolute().parents if (part / "benchmarks").is_dir()), folder)
        below = Path(*version.parts[-2:]) / folder.relative_to(version) if version != folder else Path()
        changed = {name: value for name, value in arguments.items() if value is not None}
        files = named(figure, into / below, formats)
        redraw(path, record, files, changed, SCRIPTS, repeat)
    except OSError as error:
        print(f"{error.filename}: cannot be read ({error.strerror}).", file=sys.stderr)
        return ExitCode.DATA
    except DegstepsError as error:
        print(error, file=sys.stderr)
        return ExitCode.DATA if isinstance(error, DataError) else ExitCode.FAILED
    print("\n".join(map(str, files.values())))
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
