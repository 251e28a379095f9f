"""Checks of the library's structure: each takes a folder of sources and returns breaches as ``file:line: what``.

What the rules are stands in the tables below; ``tests/unit/test_architecture.py`` applies the checks to the library,
and to small trees that break each rule, so that a check which finds nothing has been seen to find something.
"""

import ast
import functools
import itertools
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

LIBRARY = "degsteps"

#: Stages of the flow, a folder each; none imports another, but for what ARROWS says.
STAGES = ("cells", "ingest", "filter", "normalize", "batch", "transform", "qc", "test", "annotate", "enrich")

#: What folders that are not light as a whole say of themselves, for preflight and the Snakefile.
REGISTRIES = ("engines.registry", "engines.wording", "normalize.methods", "inputs.formats")

LIGHT_FOLDERS = ("basics", "config", "inputs", "design", "preflight", "workflow", "terminal")
#: Blinding, plans and seals are looked at before a run; `make init` runs before there is anything to import.
LIGHT_MODULES = (
    *REGISTRIES,
    "provenance.blinding",
    "provenance.plan",
    "provenance.documents",
    "provenance.promised",
    "provenance.seal",
    "provenance.sealed",
    "provenance.signature",
    "provenance.verification",
    "onboarding.from_counts",
    "onboarding.draft",
    "onboarding.beside_counts",
    "onboarding.swapped",
    "onboarding.known_genes",
    "onboarding.design_guess",
    "onboarding.from_cells",
    "onboarding.cell_guesses",
)
LIGHT_PACKAGES = frozenset({"yaml", "jsonschema"})

_OF_STAGES = {"engines", "design", "inputs", "figures", "basics", *REGISTRIES}

#: Who may import whom, beside itself. A folder, or a kind of module that has its own rule: a registry, and the
#: sections (`section.py`, `section_<part>.py`) and `checks.py` of every stage (``*.section``, ``*.checks``).
ARROWS: dict[str, set[str]] = {
    "basics": set(),
    "config": {"basics", *REGISTRIES},  # they are choices of the schemas
    "inputs": {"basics"},
    "figures": {"basics"},
    "tables": {"basics"},
    "step": {"basics", "tables"},
    "design": {"basics", *REGISTRIES},
    "engines": {"basics", *REGISTRIES},
    # Registries reach their functions when they are called; what they load themselves is for `weight_breaches`.
    "engines.registry": {"basics", "engines.wording"},
    "engines.wording": {"basics"},
    "inputs.formats": {"basics"},
    "normalize.methods": {"basics", "engines"},
    **{stage: set(_OF_STAGES) for stage in STAGES},
    "transform": _OF_STAGES | {"normalize"},
    "qc": _OF_STAGES | {"batch"},
    "cells": _OF_STAGES | {"batch"},
    # Reanalysis runs the filter, normalisation and surrogate variables again, from files.
    "test": _OF_STAGES | {"filter", "normalize", "batch", "tables", "step"},
    "*.section": {"basics", "design", "sections", *REGISTRIES},
    "*.checks": {"basics", "config", "design", "inputs"},
    "sections": {"basics", "design", *REGISTRIES},
    "report": {"*.section", "sections", "provenance", "design", "basics", *REGISTRIES},
    "provenance": {"config", "inputs", "figures", "tables", "step", "basics"},
    "preflight": {"*.checks", "config", "design", "inputs", "basics", *REGISTRIES},
    "workflow": {"preflight", "provenance", "config", "design", "inputs", "basics", *REGISTRIES},
    "terminal": {"workflow", "basics"},
    "onboarding": {"ingest", "config", "design", "inputs", "basics", *REGISTRIES},
}

#: Who may read and write the workflow's own files through `degsteps.tables`; beside them only the scripts.
USERS_OF_TABLES = (
    "step",
    "provenance",  # compares, verifies and replays the files of finished runs
    "test.reanalysis",  # runs earlier steps again, from their files
    "test.gene_parts",  # parts of a fit pass between jobs as files
    "test.tables",  # size factors or transcript lengths, whichever file a test takes as offsets
)

#: Modules that open files themselves. Others get frames and arrays.
READERS = (
    "tables",
    "inputs",
    "cells.counts_file",  # counts of cells, some at a time
    "cells.matrices",
    "ingest.readers",
    "config",
    "basics.digest",  # hashes of any file
    "annotate.gene_table",  # the given gene table and GTF: read by the line, as large as the counts
    "preflight.files",  # looks at the beginning of what the configuration names
    "onboarding.beside_counts",  # symbols beside the counts
    "onboarding.known_genes",  # ids and symbols of the shipped tables of genes
    "onboarding.from_star_deseq2",  # the sheet of another workflow
    "terminal.causes",  # the end of a log, of any length
    "workflow.costs",  # what jobs were measured to take
    "provenance.differences",  # two files as text, whatever they are
)
_OPENING_CALLS = frozenset({"open", "read_csv", "read_parquet", "read_h5ad", "read_excel"})


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file; several checks look at the same ones."""
    return _parsed(path.read_text(encoding="utf-8"))


@functools.cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


# ---- imports


@dataclass(frozen=True)
class Import:
    """One imported module.

    Attributes
    ----------
    place : ``file:line``.
    importer, target : dotted names; modules of the library without ``degsteps.``, the library itself as ``degsteps``.
    is_own : whether the target is a module of the library.
    at_top : whether it is imported when the module is, and not when a function is called.
    """

    place: str
    importer: str
    target: str
    is_own: bool
    at_top: bool


def library_modules(root: Path) -> dict[str, Path]:
    """Return the files of a library by their dotted names below it; a package is its ``__init__``."""
    modules = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name or LIBRARY] = path
    return modules


def library_imports(root: Path) -> list[Import]:
    """Return every import in a library, at the top of modules and in functions."""
    files = library_modules(root).values()
    return _imports_of(root, tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


@functools.cache
def _imports_of(root: Path, files: tuple[tuple[Path, int, int], ...]) -> list[Import]:
    """Return the imports of a library whose files are these: several checks ask for the same."""
    modules = library_modules(root)
    return [
        imported
        for name, path in modules.items()
        for imported in _file_imports(path, f"{root.name}/{path.relative_to(root)}", name, modules)
    ]


def _file_imports(path: Path, file: str, importer: str, modules: Collection[str]) -> Iterator[Import]:
    for node, at_top in _statements(parsed(path).body, at_top=True):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif node.level:
            raise ValueError(f"{file}:{node.lineno}: relative import; write degsteps.<folder>.<module>.")
        else:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        own = [_own_module(name, modules) for name in names if name.split(".")[0] == LIBRARY]
        others = [name for name in names if name.split(".")[0] != LIBRARY]
        for is_own, targets in ((True, own), (False, others)):
            for target in dict.fromkeys(targets):
                yield Import(f"{file}:{node.lineno}", importer, target, is_own, at_top)


def _statements(nodes: Iterable[ast.AST], *, at_top: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Yield import statements, and whether they run when the module is imported. Expressions hold none."""
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, at_top
        else:
            later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
                isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            )
            for part in ("body", "handlers", "orelse", "finalbody", "cases"):
                yield from _statements(getattr(node, part, ()), at_top=at_top and not later)


def _own_module(name: str, modules: Collection[str]) -> str:
    """Return the module of the library that an imported name is, or is in."""
    parts = name.split(".")[1:]
    while parts and ".".join(parts) not in modules:
        parts.pop()
    return ".".join(parts) or LIBRARY


def layer(module: str) -> str:
    """Return the row of ARROWS that a module belongs to."""
    folder, _, rest = module.partition(".")
    if module in REGISTRIES:
        return module
    if folder in STAGES and (rest in ("section", "checks") or rest.startswith("section_")):
        return f"*.{rest.partition('_')[0]}"
    return folder


# ---- rules


def arrow_breaches(root: Path, arrows: Mapping[str, Collection[str]] = ARROWS) -> list[str]:
    """Return imports between folders that the table does not allow."""
    breaches = []
    for found in library_imports(root):
        if not found.is_own or LIBRARY in (found.importer, found.target):
            continue
        source, target = layer(found.importer), layer(found.target)
        own_stage = found.importer.split(".")[0] == found.target.split(".")[0] and source != "*.checks"
        if source not in arrows:
            breaches.append(f"{found.place}: {source} has no row in ARROWS: say whom it may import.")
        elif not own_stage and source != target and target not in arrows[source]:
            breaches.append(
                f"{found.place}: {source} -> {target} ({found.importer} imports {found.target}). "
                f"{source} may import {', '.join(sorted(arrows[source])) or 'the standard library only'}."
            )
    return breaches


def cycle_breaches(root: Path) -> list[str]:
    """Return one cycle of modules and one of folders, if there are any, with the imports that make it."""
    imports = [found for found in library_imports(root) if found.is_own]
    breaches = []
    for kind, name_of in (("modules", str), ("folders", lambda module: module.split(".")[0])):
        edges = {
            (name_of(found.importer), name_of(found.target)): found.place
            for found in imports
            if name_of(found.importer) != name_of(found.target)
        }
        graph: dict[str, set[str]] = {}
        for importer, target in edges:
            graph.setdefault(importer, set()).add(target)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            nodes = error.args[1][::-1]
            steps = [f"{edges[pair]}: {pair[0]} -> {pair[1]}" for pair in itertools.pairwise(nodes)]
            breaches.append(f"cycle of {kind}: " + "; ".join(steps))
    return breaches


def light_modules(root: Path) -> set[str]:
    """Return the modules that the Snakefile's process may import, with the packages on the way to them."""
    names = {
        name
        for name in library_modules(root)
        if name.split(".")[0] in LIGHT_FOLDERS or name in LIGHT_MODULES or layer(name) == "*.checks"
    }
    parents = {name.rsplit(".", depth)[0] for name in names for depth in range(1, name.count(".") + 1)}
    return names | parents | {LIBRARY}


def weight_breaches(root: Path) -> list[str]:
    """Return imports at the top of light modules that are not light: other packages, and other modules."""
    light = light_modules(root)
    allowed = sys.stdlib_module_names | LIGHT_PACKAGES
    return [
        f"{found.place}: {found.importer} is light and imports {found.target} at its top; "
        "import it in the function that needs it, or leave it out."
        for found in library_imports(root)
        if found.importer in light
        and found.at_top
        and (found.target not in light if found.is_own else found.target.split(".")[0] not in allowed)
    ]


def door_breaches(
    root: Path, users: Collection[str] = USERS_OF_TABLES, readers: Collection[str] = READERS
) -> list[str]:
    """Return imports of `tables` by others than its users, and files that are opened elsewhere than by readers."""
    breaches = [
        f"{found.place}: {found.importer} imports tables; take frames as arguments, and let the script read them."
        for found in library_imports(root)
        if found.is_own and found.target == "tables" and not _is_within(found.importer, users)
    ]
    for name, path in library_modules(root).items():
        if _is_within(name, readers):
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _OPENING_CALLS:
                breaches.append(
                    f"{root.name}/{path.relative_to(root)}:{node.lineno}: {name} reads a file "
                    f"({ast.unparse(node.func)}); only {', '.join(readers)} do."
                )
    return breaches


#: Whose comparisons are with words of others: names of another workflow's settings.
OF_OTHER_WORKFLOWS = "onboarding"


def _is_within(module: str, places: Collection[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def engine_name_breaches(files: Iterable[Path], names: Collection[str], root: Path) -> list[str]:
    """Return comparisons with the name of an engine, in Python files, rules and templates outside of engines/."""
    breaches = []
    spoken = "|".join(map(re.escape, sorted(names)))
    quoted = rf"""(?:==|!=|\bin)\s*[\[(]?\s*["'](?:{spoken})["']|["'](?:{spoken})["']\s*(?:==|!=|\b(?:not\s+)?in\b)"""
    for path in files:
        text = path.read_text(encoding="utf-8")
        file = path.relative_to(root)
        if path.suffix == ".py":
            lines = _compared_with(parsed(path), names)
        else:
            lines = [text.count("\n", 0, match.start()) + 1 for match in re.finditer(quoted, text)]
        breaches += [
            f"{file}:{line}: an engine is told by its name; ask its record in engines/registry.py." for line in lines
        ]
    return breaches


def _compared_with(tree: ast.AST, names: Collection[str]) -> list[int]:
    def says_one(node: ast.AST) -> bool:
        return any(isinstance(part, ast.Constant) and part.value in names for part in _literal_parts(node))

    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(map(says_one, [node.left, *node.comparators])):
            lines.append(node.lineno)
        elif isinstance(node, ast.MatchValue) and says_one(node.value):
            lines.append(node.value.lineno)
    return sorted(lines)


def _literal_parts(node: ast.AST) -> list[ast.AST]:
    """Return a literal and the members of a literal tuple, list or set; not what is inside of calls or subscripts."""
    return [node, *node.elts] if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]


def init_breaches(root: Path, stages: Collection[str] = STAGES) -> list[str]:
    """Return `__init__` files of stages that hold more, or less, than a docstring."""
    breaches = []
    for stage in stages:
        for folder in sorted({path.parent for path in (root / stage).rglob("*.py")}):
            path = folder / "__init__.py"
            body = parsed(path).body if path.is_file() else []
            says = bool(body) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
            if not says or len(body) > 1:
                line = body[1].lineno if len(body) > 1 else 1
                breaches.append(
                    f"{root.name}/{path.relative_to(root)}:{line}: holds a docstring and nothing else: every step "
                    "that imports a module of the folder depends on this file."
                )
    return breaches


def mirror_breaches(tests: Path, root: Path) -> list[str]:
    """Return test files in folders that the library lacks, or that import from others than the one they mirror."""
    breaches = []
    for path in sorted(tests.rglob("test_*.py")):
        parts = path.relative_to(tests).parts[:-1]
        file = f"{tests.name}/{path.relative_to(tests)}"
        if not parts:
            continue
        if not root.joinpath(*parts).is_dir():
            breaches.append(f"{file}:1: the library has no folder {'/'.join(parts)}.")
            continue
        folders = set(re.findall(rf"^(?:from|import) {LIBRARY}\.(\w+)", path.read_text("utf-8"), flags=re.MULTILINE))
        folders -= {"basics", "tables", "step"}
        if folders and parts[0] not in folders:
            others = ", ".join(sorted(folders))
            breaches.append(
                f"{file}:1: imports from {others}, and nothing from {parts[0]}: it stands in the wrong folder."
            )
    return breaches
