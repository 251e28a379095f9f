"""Run one recorded step again, in a scratch folder, and compare what it writes with what it wrote then."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from degsteps.basics.digest import code_digest, file_sha256
from degsteps.basics.errors import DataError, DegstepsError
from degsteps.provenance.recorded import files_of, placed_outputs, record_path_of, words_of


class Replayed(NamedTuple):
    """What a replay gave."""

    step: str
    #: Recorded path of each output, and the sentences that say how it differs; none if the bytes are the same.
    outputs: dict[str, list[str]]
    #: What is not as it was then: code, Python, packages, platform.
    surroundings: list[str]

    @property
    def is_same(self) -> bool:
        """Whether every output has the recorded bytes."""
        return not any(self.outputs.values())


def moved_folders(record_path: Path, recorded_path: str) -> tuple[str, Path]:
    """Return the folder of the results then and now, from the path of one record then and now.

    The two paths are the same from their end up to where the results have been moved.
    """
    then, now = Path(recorded_path).parts, record_path.parts
    same = 0
    while same < min(len(then), len(now)) and then[-1 - same] == now[-1 - same]:
        same += 1
    if not same:
        raise DataError(f"{record_path}: was written as {recorded_path}. Give the record its name back.")
    return str(Path(*then[: len(then) - same])), Path(*now[: len(now) - same])


def located_by(record_path: Path, recorded_path: str) -> Callable[[str], Path]:
    """Return where recorded paths lie now, from the path of one record then and now."""
    then, now = moved_folders(record_path.absolute(), recorded_path)

    def located(path: str) -> Path:
        lies_within = then != "." and Path(path).is_relative_to(then)
        return now / Path(path).relative_to(then) if lies_within else now / path if then == "." else Path(path)

    return located


def require_unchanged_inputs(record: dict[str, Any], located: Callable[[str], Path]) -> None:
    """Raise a DataError that says which recorded input is gone or not what the step read."""
    for file in files_of(record["inputs"]):
        path = located(file.path)
        if not path.is_file():
            raise DataError(f"{path}: {record['step']} read it, and it is gone. Restore it, then try again.")
        if file_sha256(path) != file.sha256:
            raise DataError(f"{path}: is not what {record['step']} read. Restore it, or run the step that wrote it.")


def replay(record_path: Path, record: dict[str, Any], scripts: Path, scratch: Path) -> Replayed:
    """Run a step again with outputs, record and log in a scratch folder, and compare the bytes.

    Parameters
    ----------
    record_path, record : the record's file, and what :func:`degsteps.provenance.recorded.read_record` reads of it. It
        may be a stranger's: the command is made from the step's signature and the record's fields. The results may
        have been moved; given files are looked for from the working folder, as in the run.
    scripts : folder of the scripts; the one of this step must be there.
    scratch : an empty folder; outputs keep their recorded paths below it.

    Raises
    ------
    DataError
        if an input is gone or not what the step read, or the record is none of this step.
    DegstepsError
        if the step fails.
    """
    from degsteps.provenance.differences import file_differences

    script = script_of(record["step"], scripts)
    recorded_record = record_path_of(record, record_path)
    located = located_by(record_path, recorded_record)
    outputs = placed_outputs(record, record_path, scratch)
    new_record = scratch / "replayed.record.json"
    places = {file.path: str(located(file.path)) for file in files_of(record["inputs"])} | outputs
    words = words_of(record, record_path, script, places, str(new_record))
    require_unchanged_inputs(record, located)
    command = [sys.executable, str(script), *words]
    done = subprocess.run(command, env=_plain_environment(), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise DegstepsError(f"{record['step']}: the replay failed.\n{done.stderr.strip()}")
    found = {}
    for file in files_of(record["outputs"]):
        path, original = Path(outputs[file.path]), located(file.path)
        found[file.path] = []
        if file_sha256(path) != file.sha256:
            is_original = original.is_file() and file_sha256(original) == file.sha256
            without = ["the bytes differ; what was written then is gone, so no more can be said."]
            found[file.path] = file_differences(original, path) if is_original else without
    from degsteps.tables import read_json

    return Replayed(record["step"], found, surroundings(record, read_json(new_record), code_digest(script)))


def script_of(step: Any, scripts: Path) -> Path:
    """Return the script of a step; a record may come from anywhere, so its step is looked up, not made into a path."""
    known = {path.stem: path for path in sorted(scripts.glob("*.py"))}
    if step not in known:
        raise DataError(f"{step}: there is no such step. Check out the version of the code that wrote the record.")
    return known[step]


def surroundings(then: dict[str, Any], now: dict[str, Any], code: str) -> list[str]:
    """Return what differs between two records of one step besides the data: code, Python, platform, packages."""
    found = [f"the code has changed ({then['code']} then, {code} now)"] * (then["code"] != code)
    found += [f"{key}: {then[key]} then, {now[key]} now" for key in ("python", "platform") if then[key] != now[key]]
    names = sorted(then["packages"].keys() | now["packages"].keys())
    versions = {name: (then["packages"].get(name), now["packages"].get(name)) for name in names}
    for name, (old, new) in versions.items():
        if old != new:
            found.append(f"{name}: {old or 'not loaded'} then, {new or 'not loaded'} now")
    return found


def _plain_environment() -> dict[str, str]:
    """Return the environment without what would make Python load other code than the script's own."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
