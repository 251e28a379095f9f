"""Draw one figure of a finished run again with other settings, from its tables, without running the workflow.

The figure's record says which tables and settings it was drawn from; what is not said here is as it was then. Files go
into a folder of their own (`figures/`, below it the figure's path within the results), results stay as they are.
Run it in the folder from which the workflow was run.
Exit code: 0 if it was drawn, 3 if the figure has no record or its tables are not what they were.
"""

import argparse
import importlib.util
import json
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from degsteps.basics.errors import DataError, DegstepsError
from degsteps.basics.exit_codes import ExitCode
from degsteps.provenance.replay import located_by, script_of, unchanged_inputs

SCRIPTS = Path(__file__).resolve().parent
FORMATS = ("svg", "pdf", "png")


def record_of(figure: Path) -> tuple[Path, dict[str, Any]]:
    """Return the record that lists a figure among its outputs, and where it lies; a DataError if there is none."""
    for folder in figure.absolute().parents[:3]:
        for path in sorted(folder.glob("*.record.json")):
            record = json.loads(path.read_text(encoding="utf-8"))
            outputs = [Path(entry["path"]) for entries in record["outputs"].values() for entry in entries]
            if any(output.stem == figure.stem and figure.parent.name == output.parent.name for output in outputs):
                return path, record
    raise DataError(f"{figure}: no record of a step names it. Give a figure of finished results, PNG or SVG.")


def redraw(
    record_path: Path, record: dict[str, Any], stems: Sequence[str], into: Path, formats: Sequence[str], **changed: Any
) -> list[Path]:
    """Draw figures of one recorded step, by their names without ending, and return the files.

    Parameters
    ----------
    into
        Folder of the files.
    formats
        ``svg``, ``pdf``, ``png``.
    changed
        Settings of the look (:class:`degsteps.figures.look.Look`), and parameters of the step by their names.
    """
    from dataclasses import fields

    from degsteps.figures.look import Look
    from degsteps.figures.saving import redrawing
    from degsteps.step import repeat

    words = shlex.split(record["command"])[2:]
    at = words.index("--record")
    located = located_by(record_path, words[at + 1])
    inputs = unchanged_inputs(record, located)
    outputs = [Path(entry["path"]) for entries in record["outputs"].values() for entry in entries]
    names = {field.name for field in fields(Look)}
    look = record["params"].get("look", {}) | {name: value for name, value in changed.items() if name in names}
    with tempfile.TemporaryDirectory() as scratch:
        placed = inputs | {str(path): str(Path(scratch, path.name)) for path in outputs}
        words = [placed.get(word, word) for word in words[:at] + words[at + 2 :] if not word.startswith("--look=")]
        main = _main_of(script_of(record["step"], SCRIPTS))
        with redrawing(formats, stems):
            repeat(main, [*words, f"--look={json.dumps(look)}"], changed)
        drawn = [Path(scratch, f"{stem}.{ending}") for stem in stems for ending in formats]
        into.mkdir(parents=True, exist_ok=True)
        return [_moved(path, into / path.name) for path in drawn]


def _moved(path: Path, target: Path) -> Path:
    target.write_bytes(path.read_bytes())
    return target


def _main_of(script: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"redrawn_{script.stem}", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


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
    figure, into, formats = arguments.pop("figure"), arguments.pop("into"), arguments.pop("formats")
    try:
        path, record = record_of(figure)
        folder = figure.absolute().parent
        version = next((part for part in path.absolute().parents if (part / "benchmarks").is_dir()), folder)
        below = Path(*version.parts[-2:]) / folder.relative_to(version) if version != folder else Path()
        changed = {name: value for name, value in arguments.items() if value is not None}
        files = redraw(path, record, [figure.stem], into / below, formats, **changed)
    except OSError as error:
        print(f"{error.filename}: cannot be read ({error.strerror}).", file=sys.stderr)
        return ExitCode.DATA
    except DegstepsError as error:
        print(error, file=sys.stderr)
        return ExitCode.DATA if isinstance(error, DataError) else ExitCode.FAILED
    print("\n".join(map(str, files)))
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
