"""Run one step: from a Snakemake rule or from the command line, with the same arguments and the same record.

A script defines one typed ``main`` and ends with ``run(main)``. The signature is the only definition of its
arguments: parameters annotated :data:`Input` and :data:`Output` are files, all others are settings.

- A parameter annotated with a dataclass stands for the fields of that class, which are annotated in the same way: what
  several steps have in common is defined once.
- Under ``script:`` the arguments come from the rule's ``input``, ``output`` and ``params`` of the same names.
- On the command line they are ``--name value``; lists, mappings, numbers and booleans are written as JSON.

Outputs are written under temporary names and moved into place together when ``main`` has succeeded, so a killed job
leaves no half-written file. The record (inputs and outputs with SHA-256, settings, code digest, versions) is last.
"""

import argparse
import dataclasses
import errno
import glob
import importlib.util
import inspect
import json
import logging
import os
import platform
import re
import shlex
import sys
import sysconfig
import time
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from degsteps.basics import bounded
from degsteps.basics.digest import code_digest, file_entry, file_sha256
from degsteps.basics.errors import DegstepsError

Input = Annotated[Path, "input"]
Inputs = Annotated[list[Path], "input"]
Outputs = Annotated[list[Path], "output"]
OptionalInput = Annotated[Path | None, "input"]
Output = Annotated[Path, "output"]
OptionalOutput = Annotated[Path | None, "output"]

LIBRARY = Path(__file__).resolve().parent
#: Modules that were there before the step began: Snakemake's own, possibly from the host's environment.
_EARLIER_MODULES = frozenset(sys.modules)

#: Errors of the place where files are written, with the cure.
_STORAGE_ERRORS = {
    errno.ENOSPC: "Free some space.",
    errno.EDQUOT: "Free some space, or ask for a larger quota.",
    errno.EFBIG: "Raise the limit of file sizes.",
    errno.EROFS: "Choose a results folder on a disk that can be written to.",
    errno.EACCES: "Ask for permission to write there, or choose another results folder.",
    errno.EPERM: "Ask for permission to write there, or choose another results folder.",
    errno.EIO: "Check the disk.",
}

logger = logging.getLogger("degsteps")


@dataclasses.dataclass
class Call:
    """One bound call of a step: values by parameter name, and what the record says beside them."""

    script: Path
    values: dict[str, Any]
    record: Path | None
    log: Path | None
    code: str
    threads: int


def run(main: Callable[..., dict[str, Any] | None]) -> None:
    """Bind the arguments, run ``main``, move its outputs into place and write the record.

    ``main`` may return a mapping of facts (numbers and sentences about what it did); they become part of the record.
    A :class:`DegstepsError` ends the process with one message and exit code 1; anything else is a bug and keeps its
    traceback.
    """
    rule = main.__globals__.get("snakemake")
    call = _call_from_rule(main, rule) if rule is not None else _call_from_command_line(main)
    _start_log(call.log)
    logger.info("%s", _command(main, call))
    try:
        _execute(main, call)
    except DegstepsError as error:
        _end_with_one_message(call, str(error))
    except OSError as error:
        message = _storage_message(error, call)
        if message is None:
            logger.exception("%s failed", call.script.stem)
            raise
        _end_with_one_message(call, message)
    except Exception:
        logger.exception("%s failed", call.script.stem)
        raise


def _end_with_one_message(call: Call, message: str) -> typing.NoReturn:
    logger.error("%s", message)
    if call.log:  # the terminal shows it too, so that nobody must search for the log
        print(f"\n{call.script.stem}: {message}\n", file=sys.stderr, flush=True)
    raise SystemExit(1) from None


def _storage_message(error: OSError, call: Call) -> str | None:
    """Return what to say where the disk, not the code, is at fault; None for anything else.

    Libraries below Python (Arrow, HDF5) put the number of the error into the text only.
    """
    found = re.search(r"errno:?\s*=?\s*(\d+)", str(error), flags=re.IGNORECASE)
    number = error.errno or (int(found.group(1)) if found else 0)
    if number not in _STORAGE_ERRORS:
        return None
    outputs = [value for value in call.values.values() if isinstance(value, Path)]
    place = error.filename or next((str(path.parent) for path in reversed(outputs)), "the results folder")
    return (
        f"{place}: cannot be written ({os.strerror(number)}). {_STORAGE_ERRORS[number]} Nothing was lost: run the "
        "workflow again afterwards."
    )


def kind_of(annotation: Any) -> str:
    """Return ``input``, ``output`` or ``param``."""
    metadata = getattr(annotation, "__metadata__", ())
    return metadata[0] if metadata else "param"


def parameters_of(main: Callable) -> dict[str, inspect.Parameter]:
    """Return the parameters of a step by name; a dataclass gives one for each of its fields."""
    parameters: dict[str, inspect.Parameter] = {}
    for name, parameter in _annotated(main).items():
        if dataclasses.is_dataclass(parameter.annotation):
            parameters |= _annotated(parameter.annotation)
        else:
            parameters[name] = parameter
    return parameters


def _annotated(function: Callable) -> dict[str, inspect.Parameter]:
    """Return the parameters of a function or of a dataclass, their annotations resolved."""
    hints = typing.get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters
    return {name: parameter.replace(annotation=hints[name]) for name, parameter in parameters.items()}


def _called(main: Callable, values: dict[str, Any]) -> dict[str, Any] | None:
    """Call ``main`` with values by parameter name, those of a dataclass put together."""
    arguments = {}
    for name, parameter in _annotated(main).items():
        if dataclasses.is_dataclass(parameter.annotation):
            fields = _annotated(parameter.annotation)
            arguments[name] = parameter.annotation(**{field: values[field] for field in fields if field in values})
        elif name in values:
            arguments[name] = values[name]
    return main(**arguments)


def _call_from_rule(main: Callable, rule: Any) -> Call:
    """Bind a rule's named input, output and params to the signature; names that one side lacks are errors."""
    sources = {
        "input": dict(rule.input.items()),
        "output": dict(rule.output.items()),
        "param": dict(rule.params.items()),
    }
    record, code = sources["output"].pop("record", None), sources["param"].pop("code")
    # For Snakemake, which compares it with that of the last run; the record names each file with its own digest.
    sources["param"].pop("given", None)
    # Snakemake runs a temporary copy, but sets __file__ to the script itself: a path, or an address on a Git host.
    script = Path(main.__globals__["__file__"])
    if "://" in main.__globals__["__file__"]:
        script = Path("scripts", script.name)  # as it is called in a clone of the repository
    values: dict[str, Any] = {}
    for name, parameter in parameters_of(main).items():
        kind = kind_of(parameter.annotation)
        if kind == "param" and name == "threads":
            values[name] = rule.threads
        elif name in sources[kind]:
            value = sources[kind].pop(name)
            values[name] = _as_paths(value, parameter.annotation) if kind != "param" else value
        elif parameter.default is inspect.Parameter.empty:
            raise TypeError(f"{script.name}: the rule gives no {kind} named {name}")
    unused = [f"{kind} {name}" for kind, left in sources.items() for name in left]
    if unused:
        raise TypeError(f"{script.name}: main() does not take what the rule gives: {', '.join(unused)}")
    log = Path(str(rule.log[0])) if rule.log else None
    return Call(script, values, Path(record) if record else None, log, code, rule.threads)


def _as_paths(value: Any, annotation: Any) -> Any:
    """Turn what Snakemake gives (a string or a list of them) into paths."""
    if typing.get_origin(typing.get_args(annotation)[0]) is list:
        return [Path(value)] if isinstance(value, str) else [Path(item) for item in value]
    if isinstance(value, str):
        return Path(value)
    items = list(value)
    return Path(items[0]) if items else None


def _call_from_command_line(main: Callable, arguments: list[str] | None = None) -> Call:
    script = Path(main.__globals__["__file__"]).resolve()
    parser = argparse.ArgumentParser(
        prog=script.name,
        description=main.__globals__.get("__doc__"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parameters = parameters_of(main)
    for name, parameter in parameters.items():
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, **_argument(parameter))
    parser.add_argument("--record", type=Path, default=None, help="where to write the record (JSON)")
    parser.add_argument("--log", type=Path, default=None, help="log file (default: the terminal)")
    values = vars(parser.parse_args(arguments))
    record, log = values.pop("record"), values.pop("log")
    return Call(script, values, record, log, code_digest(script), values.get("threads", 1))


def repeat(main: Callable, words: list[str], changed: Mapping[str, Any]) -> None:
    """Call a step with the arguments of a recorded command, some of them changed; nothing is recorded.

    Parameters
    ----------
    main
        Of a script.
    words
        The command without interpreter and script.
    changed
        Values by parameter name; other names are passed over.
    """
    values = _call_from_command_line(main, words).values
    _called(main, values | {name: value for name, value in changed.items() if name in values})


def _argument(parameter: inspect.Parameter) -> dict[str, Any]:
    """Return argparse's keywords for one parameter of the signature."""
    kind, annotation = kind_of(parameter.annotation), parameter.annotation
    required = parameter.default is inspect.Parameter.empty
    options: dict[str, Any] = {"required": required} if required else {"default": parameter.default}
    if kind != "param":
        inner = typing.get_args(annotation)[0]
        options["type"] = Path
        options["help"] = f"{kind} file" + ("s" if typing.get_origin(inner) is list else "")
        if typing.get_origin(inner) is list:
            options["nargs"] = "*"
        return options
    if annotation is str:
        return options | {"metavar": "TEXT"}
    options["help"] = _type_name(annotation) + ", as JSON"
    return options | {"type": json.loads, "metavar": "JSON"}


def _type_name(annotation: Any) -> str:
    if isinstance(annotation, types.UnionType):
        return " or ".join(_type_name(part) for part in typing.get_args(annotation))
    if annotation is type(None):
        return "null"
    return getattr(annotation, "__name__", str(annotation)) if not typing.get_args(annotation) else str(annotation)


def _command(main: Callable, call: Call) -> str:
    """Return the shell command that repeats this call."""
    return shlex.join(command_words(main, call))


def command_words(main: Callable, call: Call) -> list[str]:
    """Return the words of the command that repeats a call: interpreter, script, and what ``main`` takes."""
    words = ["python", _shown(call.script)]
    for name, parameter in parameters_of(main).items():
        if name not in call.values:
            continue
        value, kind = call.values[name], kind_of(parameter.annotation)
        if kind != "param":
            is_optional = parameter.default is not inspect.Parameter.empty
            if value is None or (is_optional and not value):
                continue
            words += [
                f"--{name.replace('_', '-')}",
                *([str(v) for v in value] if isinstance(value, list) else [str(value)]),
            ]
        else:
            text = value if parameter.annotation is str else json.dumps(value, ensure_ascii=False)
            # "--key=value" keeps values that begin with a dash.
            words.append(f"--{name.replace('_', '-')}={text}")
    if call.record:
        words += ["--record", str(call.record)]
    return words


def _shown(path: Path) -> str:
    """Return a path relative to the working directory where it lies inside, so that records name no machine."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return os.path.relpath(path)


def _start_log(path: Path | None) -> None:
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers = [logging.FileHandler(path, mode="w", encoding="utf-8")]
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=handlers, force=True
    )
    logging.captureWarnings(True)


def _execute(main: Callable, call: Call) -> None:
    kinds = {name: kind_of(parameter.annotation) for name, parameter in parameters_of(main).items()}
    inputs = {name: call.values[name] for name in call.values if kinds[name] == "input" and call.values[name]}
    outputs = {name: call.values[name] for name in call.values if kinds[name] == "output" and call.values[name]}
    # Hashed before the work: a file that is edited while the step runs must not get the new content's hash.
    input_entries = {name: [_entry(path) for path in _listed(paths)] for name, paths in inputs.items()}
    targets = [path for paths in outputs.values() for path in _listed(paths)]
    partial = {path: path.with_name(f".part-{os.getpid()}-{path.name}") for path in targets}
    for path in [*targets, *([call.record] if call.record else [])]:
        path.parent.mkdir(parents=True, exist_ok=True)
        # What a killed run has left; nobody else writes this output at the same time.
        for stale in path.parent.glob(f".part-*-{glob.escape(path.name)}"):
            stale.unlink()
    values = call.values | {
        name: [partial[path] for path in paths] if isinstance(paths, list) else partial[paths]
        for name, paths in outputs.items()
    }
    started = time.monotonic()
    try:
        facts = _called(main, values) or {}
        _require_own_environment()
        missing = [str(path) for path in targets if not partial[path].is_file()]
        if missing:
            raise RuntimeError(f"{call.script.name} ended without writing {', '.join(missing)}")
        _require_unchanged(input_entries)
        output_entries = {
            name: [_entry(partial[path], shown=path) for path in _listed(paths)] for name, paths in outputs.items()
        }
        for path in targets:
            os.replace(partial[path], path)
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)
    if call.record:
        _write_record(main, call, kinds, input_entries, output_entries, facts)
    logger.info("done in %.1f s", time.monotonic() - started)


def _listed(paths: Path | list[Path]) -> list[Path]:
    return paths if isinstance(paths, list) else [paths]


def _entry(path: Path, shown: Path | None = None) -> dict[str, Any]:
    try:
        return file_entry(path, shown)
    except OSError as error:
        raise DegstepsError(
            f"{path}: cannot be read ({error.strerror}). Check that the file exists and is readable."
        ) from None


def _require_unchanged(entries: dict[str, list[dict[str, Any]]]) -> None:
    changed = [e["path"] for listed in entries.values() for e in listed if file_sha256(e["path"]) != e["sha256"]]
    if changed:
        raise DegstepsError(
            f"{', '.join(changed)}: changed while the step was reading it. Nothing was written; run the workflow again."
        )


def _write_record(main, call, kinds, inputs, outputs, facts) -> None:
    from degsteps.tables import write_json

    content = {
        "step": call.script.stem,
        "command": _command(main, call),
        "inputs": inputs,
        "outputs": outputs,
        "params": {name: value for name, value in call.values.items() if kinds[name] == "param" and name != "threads"},
        "threads": call.threads,
        "seed": call.values.get("seed"),
        "code": call.code,
        "facts": facts,
        "python": platform.python_version(),
        "platform": f"{platform.system()}-{platform.machine()}",
        "packages": _package_versions(),
    }
    part = call.record.with_name(f".part-{os.getpid()}-{call.record.name}")
    try:
        write_json(content, part)
        os.replace(part, call.record)
    finally:
        part.unlink(missing_ok=True)


def _top_level_modules() -> dict[str, Any]:
    """Return what is loaded, here or in a process that this one has started, as modules or their specifications."""
    loaded = {name: module for name, module in sys.modules.items() if "." not in name}
    elsewhere = {name: _Loaded(name) for name in sorted(bounded.LOADED - loaded.keys())}
    return {name: module for name, module in (loaded | elsewhere).items() if getattr(module, "__file__", None)}


class _Loaded:
    """A module that another process has loaded: where it lies."""

    def __init__(self, name: str) -> None:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            spec = None
        self.__file__ = spec.origin if spec is not None and spec.has_location else None


def _package_versions() -> dict[str, str]:
    """Return the versions of the installed packages that this process has loaded."""
    from importlib import metadata

    site_packages = [Path(sysconfig.get_path(key)).resolve() for key in ("purelib", "platlib")]
    renamed = {"sklearn": "scikit-learn", "yaml": "pyyaml", "PIL": "pillow"}
    versions = {}
    for name, module in _top_level_modules().items():
        if name.startswith("_") or not any(Path(module.__file__).resolve().is_relative_to(p) for p in site_packages):
            continue
        try:
            versions[renamed.get(name, name).lower()] = metadata.version(renamed.get(name, name))
        except metadata.PackageNotFoundError:
            continue
    # Snakemake loads itself, with its own helpers, only when a rule runs the step: replays would differ.
    return {name: versions[name] for name in sorted(versions) if not name.startswith(("snakemake", "_"))}


def _require_own_environment() -> None:
    """Refuse packages that came from another environment.

    ``script:`` appends the site-packages of the interpreter that runs Snakemake to ``sys.path``: a package that an
    environment lacks is then taken from there without a word, and the recorded versions would be wrong.
    """
    roots = {Path(root).resolve() for root in (sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib"))}
    roots.add(LIBRARY.parent)
    foreign = sorted(
        name
        for name, module in _top_level_modules().items()
        if name not in _EARLIER_MODULES
        and name != "__main__"
        and not any(Path(module.__file__).resolve().is_relative_to(root) for root in roots)
    )
    if foreign:
        raise DegstepsError(
            f"{', '.join(foreign)}: loaded from outside this step's environment ({sys.prefix}). "
            "Add the package to the environment file of the rule, or install the workflow's lock file."
        )
