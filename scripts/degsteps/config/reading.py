"""Reading the YAML configuration: closed schemas, defaults, and problems in one sentence each.

Standard library, PyYAML and jsonschema only: the Snakefile imports this module.
"""

import copy
import difflib
import functools
import re
import reprlib
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from degsteps.basics.errors import ConfigError, Problem
from degsteps.basics.names import same_but_for_case
from degsteps.basics.words import LONGEST, quoted
from degsteps.config.choices import with_choices
from degsteps.engines.registry import ENGINES

#: Keys of earlier releases -> as they are called now.
RENAMED = {"design.hidden": "design.surrogates"}
#: Values of earlier releases, by key -> as they are called now.
RENAMED_VALUES = {"test.concordance": {"limma_voom": "voom"}}
#: Methods of normalisation that need a gene without a zero -> what sums of few cells take in their place.
OF_SPARSE_SUMS = {"ratio": "ratio_or_poscounts"}
#: Of a configuration: its bytes, its values when every alias is written out, and how deep they are nested.
MOST_BYTES, MOST_VALUES, MOST_NESTED = 4_000_000, 100_000, 40
_NESTED = f"more than {MOST_NESTED} lists and mappings stand within one another"
_MANY = f"it stands for more than {MOST_VALUES:,} values"
_CIRCLE = "an alias stands within what it names"
SCHEMAS = Path(__file__).resolve().parents[3] / "config" / "schema"
#: What becomes part of a path; the schemas have the same pattern for versions and contrasts.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = LONGEST
_SHORT.maxlist = _SHORT.maxdict = 6
_SHORT.maxlevel = 2


class _PlainLoader(yaml.SafeLoader):
    """YAML without repeated keys, which PyYAML would drop silently."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """The same in C, where PyYAML was built with it: ten times as fast."""


def _mapping_without_repeats(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict:
    seen: dict[Any, int] = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "a key is a list or a mapping", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {shown(key)} stands here twice", key_node.start_mark
            )
        seen[key] = key_node.start_mark.line
    return yaml.constructor.SafeConstructor.construct_mapping(loader, node, deep=True)


def read_yaml(path: Path | str) -> Any:
    """Read a YAML file safely; repeated keys and syntax errors raise :class:`ConfigError` with the line."""
    try:
        return _parsed(bounded_text(path))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such file. Correct the path; it is relative to the working folder."
        ) from None
    except OSError as error:
        what = "is a folder" if isinstance(error, IsADirectoryError) else f"cannot be read ({error.strerror})"
        raise ConfigError(f"{path}: {what}. Name a YAML file that you may read.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text. Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else "the file"
        fault = _yaml_fault(getattr(error, "problem", None) or str(error))
        raise ConfigError(f"{path}: {place}: is not valid YAML: {fault.what}. {fault.cure}") from None


def bounded_text(path: Path | str) -> str:
    """Return the text of a YAML file.

    Raises
    ------
    ConfigError
        if it is larger than a configuration is.
    """
    with open(path, "rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        what = f"is larger than {MOST_BYTES / 1e6:.0f} MB, and no configuration"
        raise ConfigError(f"{path}: {what}. Name the YAML file of an analysis; lists of genes are files of their own.")
    return content.decode("utf-8-sig")


def _require_bounded(text: str) -> None:
    """Refuse what is nested, or stands for more values, than a configuration ever has, before anything is built.

    Raises
    ------
    yaml.YAMLError
        with the line.
    """
    depth, n_values, has_aliases = 0, 0, False
    for event in _sound_events(text):
        is_start = isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent))
        depth += is_start - isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent))
        n_values += is_start or isinstance(event, yaml.ScalarEvent)
        has_aliases |= isinstance(event, yaml.AliasEvent)
        if depth > MOST_NESTED:
            raise yaml.MarkedYAMLError(problem=_NESTED, problem_mark=event.start_mark)
        if n_values > MOST_VALUES:
            raise yaml.MarkedYAMLError(problem=_MANY, problem_mark=event.start_mark)
    if has_aliases:
        try:
            node = yaml.compose(text, Loader=_Loader)
        except yaml.YAMLError:
            return
        _expanded_size(node, {})


def _sound_events(text: str) -> Iterator[yaml.Event]:
    """Yield what a text consists of, up to the first fault, which is told where the text is read."""
    with suppress(yaml.YAMLError):
        yield from yaml.parse(text, Loader=_Loader)


def _expanded_size(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Return how many values a node stands for when every alias is written out."""
    if id(node) in known:
        size = known[id(node)]
        if size is None:
            raise yaml.MarkedYAMLError(problem=_CIRCLE, problem_mark=node.start_mark)
        return size
    known[id(node)] = None
    parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else []
    parts = node.value if isinstance(node, yaml.SequenceNode) else parts
    size = 1 + sum(_expanded_size(part, known) for part in parts)
    if size > MOST_VALUES:
        raise yaml.MarkedYAMLError(problem=_MANY, problem_mark=node.start_mark)
    known[id(node)] = size
    return size


def _checked_scalar(construct: Callable[[Any, yaml.Node], Any]) -> Callable[[Any, yaml.Node], Any]:
    """Return a constructor of numbers or dates that says in which line one is none."""

    def constructed(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
        try:
            return construct(loader, node)
        except (ValueError, OverflowError):
            what = f"{quoted(node.value)} is written like a number or a date, and is none"
            raise yaml.constructor.ConstructorError(None, None, what, node.start_mark) from None

    return constructed


def shown(value: Any) -> str:
    """Return a value as messages show it: the beginning of what is long, or nested."""
    return _SHORT.repr(value)


def read_yaml_as_text(path: Path | str) -> Any:
    """Read a YAML file as :func:`read_yaml` does, but leave every value as it is written: ``no``, ``01`` and ``1e3``.

    Values that are compared with a sheet of samples, whose cells are text, must not become truths and numbers first.
    """
    read_yaml(path)  # which says what is wrong with it
    return _as_text(yaml.compose(Path(path).read_text(encoding="utf-8-sig"), Loader=_PlainLoader))


def _as_text(node: yaml.Node | None) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {str(_as_text(key)): _as_text(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_as_text(each) for each in node.value]
    return "" if node is None else node.value


class _YamlFault(NamedTuple):
    """Part of what the parser says, what it means, and what to do."""

    part: str
    what: str
    cure: str


_YAML_FAULTS = (
    _YamlFault(r"character '\t'", "a tab stands where only blanks may", "Indent with blanks."),
    _YamlFault(
        "mapping values",
        "there is a ': ' too many",
        "Put text with a colon in quotes; indent keys alike.",
    ),
    _YamlFault(
        "<block end>", "the indentation does not fit the lines above", "Begin keys of one section at the same column."
    ),
    _YamlFault("expected ':'", "a key has no ': ' behind it", "Write `key: value`, in this line or the one above."),
    _YamlFault("unexpected end of stream", "a quotation mark is not closed", "Close it."),
    _YamlFault(_NESTED, _NESTED, "Mend the brackets of that line."),
    _YamlFault(_MANY, _MANY, "Write out what its aliases (*name) stand for, and what of it is needed."),
    _YamlFault(_CIRCLE, _CIRCLE, "Write out what it stands for."),
    _YamlFault("written like a number", "", "Write it otherwise, or put it in quotes if it is text."),
    _YamlFault(
        "expected ',' or", "a bracket is not closed, or a comma is missing", "Mend it, in this line or the one above."
    ),
)


def _yaml_fault(problem: str) -> _YamlFault:
    faults = (fault for fault in _YAML_FAULTS if fault.part in problem)
    fault = next(faults, _YamlFault("", problem, "Mend that line."))
    return fault if fault.what else fault._replace(what=problem)


def _parsed(text: str) -> Any:
    _require_bounded(text)
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader)
    except yaml.YAMLError:
        # The two name faults differently; messages must not depend on how PyYAML was built.
        return yaml.load(text, Loader=_PlainLoader)  # noqa: S506  (a SafeLoader)


for _loader in (_PlainLoader, _Loader):
    _loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_repeats)
    for _kind in ("int", "float", "timestamp"):
        _tag = f"tag:yaml.org,2002:{_kind}"
        _loader.add_constructor(_tag, _checked_scalar(yaml.SafeLoader.yaml_constructors[_tag]))


@functools.cache
def read_schema(name: str) -> dict[str, Any]:
    """Read ``config/schema/<name>.schema.yaml``, once; who changes what is returned must copy it.

    Choices that the library defines (methods, formats) are those of its registries: the schema names the registry.
    """
    return with_choices(read_yaml(SCHEMAS / f"{name}.schema.yaml"))


def with_defaults(content: Any, schema: dict[str, Any]) -> Any:
    """Return a copy of the content in which every key that is not given has the schema's default."""
    if not isinstance(content, dict):
        return copy.deepcopy(content)
    filled = {key: with_defaults(value, _schema_of(key, schema)) for key, value in content.items()}
    for key, part in schema.get("properties", {}).items():
        if key not in filled and "default" in part:
            filled[key] = with_defaults(copy.deepcopy(part["default"]), part)
    return filled


def with_analysis_defaults(content: Any) -> dict[str, Any]:
    """Return a copy of an analysis in which every key that is not given has its default.

    That of some keys follows from others: the size factors are those that are usual with the engine. An analysis of
    single cells has no counts and no sheet of samples: they are made.
    """
    schema = read_schema("analysis")
    filled = with_defaults(content, schema)
    if filled["cells"] is not None:
        filled["ingest"] = {"counts": None, "samples": None, **with_defaults({}, schema["properties"]["ingest"])}
    if filled["normalize"]["size_factors"] is None:
        usual = ENGINES[filled["test"]["engine"]].size_factors
        filled["normalize"]["size_factors"] = OF_SPARSE_SUMS.get(usual, usual) if filled["cells"] else usual
    if filled["test"]["independent_filtering"] is None:
        engine = ENGINES[filled["test"]["engine"]]
        is_for_few = bool(filled["cells"]) and engine.is_for_few_samples
        filled["test"]["independent_filtering"] = engine.independent_filtering and not is_for_few
    if filled["test"]["effect_bounds"] is None:
        filled["test"]["effect_bounds"] = [0.25, 0.5, 1] if filled["cells"] else []
    return filled


def _schema_of(key: str, schema: dict[str, Any]) -> dict[str, Any]:
    rest = schema.get("additionalProperties")
    return schema.get("properties", {}).get(key, rest if isinstance(rest, dict) else {})


def schema_problems(content: Any, schema: dict[str, Any], file: str) -> list[Problem]:
    """Return every way in which the content breaks the schema, with the key path and a near match for typos."""
    from jsonschema import Draft202012Validator

    errors = sorted(
        Draft202012Validator(schema).iter_errors(content), key=lambda error: list(map(str, error.absolute_path))
    )
    # The validator tells each missing key on its own, and each time all of them are named.
    return list(dict.fromkeys(problem for error in errors for problem in _explain(error, file)))


def _explain(error: Any, file: str) -> list[Problem]:
    key = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        allowed = sorted(error.schema.get("properties", {}))
        problems = []
        for name in sorted(map(str, set(error.instance) - set(allowed))):
            full = f"{key}.{name}".lstrip(".")
            if full in RENAMED:
                problems.append(Problem(file, full, "is now called otherwise.", f"Write {RENAMED[full]}."))
            else:
                problems.append(Problem(file, full, "is no known key.", _right_key(name, error.schema)))
        return problems
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        cures = error.schema.get("properties", {})
        return [
            Problem(
                file,
                f"{key}.{name}".lstrip("."),
                "is missing.",
                f"Give it: {cures.get(name, {}).get('description', '')}",
            )
            for name in missing
        ]
    description = error.schema.get("description", "")
    if error.validator == "oneOf":
        return [_explain_choice(error, file, key)]
    if error.validator == "type":
        return [_explain_type(error, file, key)]
    if error.validator == "enum":
        renamed = RENAMED_VALUES.get(re.sub(r"\.\d+$", "", key), {})
        if error.instance in renamed:
            what = f"{shown(error.instance)} is now called otherwise."
            return [Problem(file, key, what, f"Write {renamed[error.instance]}.")]
        choices = ", ".join(map(str, error.validator_value))
        return [Problem(file, key, f"{shown(error.instance)} is not one of the choices.", f"Choose one of: {choices}.")]
    word = re.fullmatch(r"\^(\w+)\\Z", str(error.validator_value)) if error.validator == "pattern" else None
    if word:
        return [Problem(file, key, f"{shown(error.instance)} is not {word[1]!r}, the only word here.", description)]
    if error.validator == "pattern":
        what = f"{shown(error.instance)} has characters that cannot stand in a file name, or begins with one."
        return [Problem(file, key, what, "Use letters, digits, '.', '_' and '-'; begin with a letter or digit.")]
    if error.validator == "uniqueItems":
        twice = [entry for place, entry in enumerate(error.instance) if entry in error.instance[:place]]
        return [Problem(file, key, f"{shown(twice[0])} stands there twice.", "Leave one of them.")]
    if error.validator == "contains":
        missing = error.validator_value.get("const")
        whole = ", ".join(shown(entry).strip("'") for entry in [*error.instance, missing])
        return [Problem(file, key, f"lacks {missing!r}.", f"Add it: [{whole}].")]
    bounds = {
        "minimum": "must be at least",
        "maximum": "must be at most",
        "exclusiveMinimum": "must be greater than",
        "exclusiveMaximum": "must be less than",
        "maxItems": "may have at most this many entries:",
        "minItems": "needs at least this many entries:",
        "minProperties": "needs at least this many entries:",
        "minLength": "needs at least this many characters:",
    }
    if error.validator in bounds:
        return [Problem(file, key, f"{bounds[error.validator]} {error.validator_value}.", description)]
    return [Problem(file, key, f"{_shortened(error.message)}.", description)]


def _shortened(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:300]}..."


def _right_key(name: str, schema: dict[str, Any]) -> str:
    """Say which key may have been meant by one that is not known."""
    parts = schema.get("properties", {})
    if "\u00a0" in name:
        return "It begins with a no-break space, which looks like a blank: type the blanks of this line again."
    homes = [section for section, part in parts.items() if name in part.get("properties", {})]
    if homes:
        return f"It belongs below {' or '.join(map(repr, homes))}: indent it."
    near = difflib.get_close_matches(name, sorted(parts), n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(sorted(parts))}."


def _explain_choice(error: Any, file: str, key: str) -> Problem:
    """Say which sets of keys exclude each other, and which of them is not complete."""
    sets = [choice["required"] for choice in error.validator_value]
    names = [name for choice in sets for name in choice if name in error.instance]
    cure = f"Give either {' and '.join(sets[0])}, or {' and '.join(sets[1])}."
    if not names:
        return Problem(file, key, f"{' and '.join(sets[0])} {'is' if len(sets[0]) == 1 else 'are'} missing.", cure)
    if {*names} < {*sets[0]}:
        missing = [name for name in sets[0] if name not in names]
        what = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."
        return Problem(file, key, what, cure)
    return Problem(file, key, f"{' and '.join(names)} exclude each other.", cure)


def _explain_type(error: Any, file: str, key: str) -> Problem:
    """Say which type a value must have, and why YAML reads another one where that surprises."""
    words = {"string": "text", "array": "a list", "object": "a mapping", "null": "empty", "boolean": "true or false"}
    types = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    types_in_words = [words.get(name, f"a {name}" if name == "number" else f"an {name}") for name in types]
    what, quotes = f"must be {' or '.join(types_in_words)}", "Put the value in quotes."
    if error.instance is None:
        cure = "Write what belongs to it; lines below it are its own only if indented."
        return Problem(file, key, f"is empty, and {what}.", cure)
    if "string" in types and isinstance(error.instance, bool):
        return Problem(file, key, f"{what}, but YAML reads this word as true or false.", quotes)
    if "string" in types and isinstance(error.instance, (int, float)):
        return Problem(file, key, f"{what}, but YAML reads {shown(error.instance)} as a number.", quotes)
    return Problem(file, key, f"{what}, not {shown(error.instance)}.", error.schema.get("description", ""))


def analysis_name(path: Path | str) -> str:
    """Return the name of an analysis: its file's name without ``.yaml``."""
    return Path(path).name.removesuffix(".yml").removesuffix(".yaml")


def load_analyses(config: dict[str, Any], file: str = "config/config.yaml") -> tuple[dict[str, dict], list[Problem]]:
    """Load every analysis that the configuration lists.

    Returns
    -------
    analyses : mapping of name to content with defaults filled in and ``name`` and ``file`` added; an analysis that
        breaks its schema is left out.
    problems : everything that is wrong, to be shown in one go.
    """
    schema = read_schema("config")
    problems = schema_problems(config, schema, file)
    if problems:
        return {}, problems
    analyses: dict[str, dict] = {}
    analysis_schema = read_schema("analysis")
    for path in with_defaults(config, schema)["analyses"]:
        name = analysis_name(path)
        if not NAME.fullmatch(name):
            what = f"{path!r} gives the analysis the name {name!r}, which becomes a folder."
            cure = "Rename the file: letters, digits, '.', '_' and '-', beginning with a letter or digit."
            problems.append(Problem(file, "analyses", what, cure))
            continue
        if name in analyses:
            problems.append(Problem(file, "analyses", f"two files give the name {name!r}.", "Rename one of the files."))
            continue
        for first, other in same_but_for_case([*analyses, name]):
            what = f"the names {first!r} and {other!r} differ in case only; on some systems their folders are the same."
            problems.append(Problem(file, "analyses", what, "Rename one of the files."))
        try:
            content = read_yaml(path)
        except ConfigError as error:
            problems.append(_unread(path, str(error), file))
            continue
        of_file = schema_problems(content if content is not None else {}, analysis_schema, path)
        problems += of_file
        if not of_file:
            analyses[name] = {"name": name, "file": str(path), **with_analysis_defaults(content)}
    return analyses, problems


def _unread(path: str, message: str, file: str) -> Problem:
    """Return the problem of an analysis that cannot be read: of the list, if there is no such file."""
    if Path(path).is_dir():
        return Problem(file, "analyses", f"{path}: is a folder.", "Name the YAML files in it.")
    if Path(path).exists():
        return Problem(path, "", message.removeprefix(f"{path}: "), "")
    present = {analysis_name(file): str(file) for file in sorted(Path("config", "analyses").glob("*.y*ml"))}
    near = difflib.get_close_matches(analysis_name(path), present, n=1)
    cure = f"Did you mean {present[near[0]]}?" if near else "Correct the path; it is relative to the working folder."
    return Problem(file, "analyses", f"{path}: there is no such file.", cure)
