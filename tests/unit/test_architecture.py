"""The structure of the library: who imports whom, what is light, who opens files. The checks: `tests.architecture`."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import architecture
from tests.conftest import REPO, clean_environment

SCRIPTS = REPO / "scripts"
ROOT = SCRIPTS / "degsteps"


# ---- the library keeps the rules


def test_arrows():
    assert architecture.arrow_breaches(ROOT) == []


def test_doors():
    assert architecture.door_breaches(ROOT) == []


def test_no_cycles():
    assert architecture.cycle_breaches(ROOT) == []


def test_light():
    assert architecture.weight_breaches(ROOT) == []


def test_light_modules_load_nothing_heavy():
    """The proof of `test_light`: all of them in one fresh process."""
    names = sorted(architecture.light_modules(ROOT) - {"degsteps"})
    assert len(names) > 40
    code = (
        "import sys, importlib\nbefore = set(sys.modules)\n"
        f"for name in {names!r}: importlib.import_module('degsteps.' + name)\n"
        "tops = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(tops & {'numpy', 'pandas', 'scipy', 'pyarrow', 'matplotlib', 'anndata', 'h5py', 'formulaic'}))\n"
        "print('degsteps' in tops)"
    )
    environment = clean_environment() | {"PYTHONPATH": str(SCRIPTS)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:2] == ["[]", "True"], done.stderr


def test_stage_init():
    assert architecture.init_breaches(ROOT) == []


def test_mirror():
    assert architecture.mirror_breaches(REPO / "tests" / "unit", ROOT) == []


def test_tables_of_rules_name_what_there_is():
    """A folder that is renamed must not leave its rules without use."""
    modules = architecture.library_modules(ROOT)
    for place in (*architecture.USERS_OF_TABLES, *architecture.READERS):
        assert place in modules or (ROOT / place.replace(".", "/")).is_dir(), place
    assert set(architecture.LIGHT_FOLDERS) <= {name.split(".")[0] for name in modules}


# ---- every check finds what breaks its rule


def tree(folder: Path, files: dict[str, str]) -> Path:
    """Write a small library, with a docstring in every `__init__` that is not given."""
    root = folder / "degsteps"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for parent in path.relative_to(folder).parents[:-1]:
            if not (init := folder / parent / "__init__.py").exists():
                init.write_text('"""A folder."""\n')
    return root


HEAD = '"""A module."""\n\n'

#: what is broken -> (check, files, how each breach begins)
BROKEN = {
    "a stage imports another": (
        architecture.arrow_breaches,
        {"filter/rules.py": HEAD + "from degsteps.normalize import size_factors\n", "normalize/size_factors.py": HEAD},
        ["degsteps/filter/rules.py:3: filter -> normalize (filter.rules imports normalize.size_factors)."],
    ),
    "an engine imports a stage inside a function": (
        architecture.arrow_breaches,
        {"engines/fit.py": HEAD + "def fit():\n    import degsteps.qc.measures\n", "qc/measures.py": HEAD},
        ["degsteps/engines/fit.py:4: engines -> qc (engines.fit imports qc.measures)."],
    ),
    "the report imports a method, and not a section": (
        architecture.arrow_breaches,
        {
            "report/page.py": HEAD + "import degsteps.qc.section\nfrom degsteps.qc.measures import (\n    y,\n)\n",
            "qc/section.py": HEAD,
            "qc/measures.py": HEAD,
        },
        ["degsteps/report/page.py:4: report -> qc (report.page imports qc.measures)."],
    ),
    "a section imports another stage": (
        architecture.arrow_breaches,
        {"qc/section.py": HEAD + "from degsteps.test.power import x\n", "test/power.py": HEAD},
        ["degsteps/qc/section.py:3: *.section -> test (qc.section imports test.power)."],
    ),
    "a part of a section imports another stage": (
        architecture.arrow_breaches,
        {
            "report/page.py": HEAD + "import degsteps.qc.section_samples\n",
            "qc/section_samples.py": HEAD + "import degsteps.test.power\n",
            "test/power.py": HEAD,
        },
        ["degsteps/qc/section_samples.py:3: *.section -> test (qc.section_samples imports test.power)."],
    ),
    "checks import their own stage's method": (
        architecture.arrow_breaches,
        {"qc/checks.py": HEAD + "from degsteps.qc.measures import x\n", "qc/measures.py": HEAD},
        ["degsteps/qc/checks.py:3: *.checks -> qc (qc.checks imports qc.measures)."],
    ),
    "a stage reads files": (
        architecture.arrow_breaches,
        {"qc/measures.py": HEAD + "from degsteps.tables import read_table\n", "tables.py": HEAD},
        ["degsteps/qc/measures.py:3: qc -> tables (qc.measures imports tables)."],
    ),
    "a new folder": (
        architecture.arrow_breaches,
        {"spikes/mix.py": HEAD + "from degsteps.basics.words import listed\n", "basics/words.py": HEAD},
        ["degsteps/spikes/mix.py:3: spikes has no row in ARROWS"],
    ),
    "modules in a cycle": (
        architecture.cycle_breaches,
        {
            "qc/a.py": HEAD + "import degsteps.qc.b\n",
            "qc/b.py": HEAD + "from degsteps.qc import c\n",
            "qc/c.py": HEAD + "def late():\n    from degsteps.qc.a import x\n",
        },
        ["cycle of modules: degsteps/qc/"],
    ),
    "folders in a cycle, and no module": (
        architecture.cycle_breaches,
        {
            "filter/a.py": HEAD + "import degsteps.qc.a\n",
            "qc/a.py": HEAD,
            "qc/b.py": HEAD + "from degsteps.filter import b\n",
            "filter/b.py": HEAD,
        },
        ["cycle of folders: degsteps/"],
    ),
    "a light module imports a package": (
        architecture.weight_breaches,
        {"config/reading.py": HEAD + "import json\nimport yaml\nimport pandas as pd\n"},
        ["degsteps/config/reading.py:5: config.reading is light and imports pandas at its top;"],
    ),
    "a light module imports under a condition": (
        architecture.weight_breaches,
        {"inputs/sheet.py": HEAD + "try:\n    from numpy.linalg import qr\nexcept ImportError:\n    qr = None\n"},
        ["degsteps/inputs/sheet.py:4: inputs.sheet is light and imports numpy.linalg.qr at its top;"],
    ),
    "a light module imports one that is not": (
        architecture.weight_breaches,
        {"preflight/check.py": HEAD + "from degsteps.qc.measures import x\n", "qc/measures.py": HEAD},
        ["degsteps/preflight/check.py:3: preflight.check is light and imports qc.measures at its top;"],
    ),
    "checks of a stage are light": (
        architecture.weight_breaches,
        {"qc/checks.py": HEAD + "import scipy\n"},
        ["degsteps/qc/checks.py:3: qc.checks is light and imports scipy at its top;"],
    ),
    "a registry loads an engine": (
        architecture.weight_breaches,
        {"engines/registry.py": HEAD + "from degsteps.engines import voom\n", "engines/voom.py": HEAD},
        ["degsteps/engines/registry.py:3: engines.registry is light and imports engines.voom at its top;"],
    ),
    "a package on the way to a light module": (
        architecture.weight_breaches,
        {"engines/registry.py": HEAD, "engines/__init__.py": HEAD + "import numpy\n"},
        ["degsteps/engines/__init__.py:3: engines is light and imports numpy at its top;"],
    ),
    "tables, imported by a stage": (
        architecture.door_breaches,
        {"qc/measures.py": HEAD + "def f():\n    from degsteps.tables import read_table\n", "tables.py": HEAD},
        ["degsteps/qc/measures.py:4: qc.measures imports tables;"],
    ),
    "files, opened elsewhere": (
        architecture.door_breaches,
        {
            "qc/measures.py": HEAD + "open('x')\npath.open()\ngzip.open('x')\npd.read_csv('x')\npd.read_parquet('x')\n",
            "inputs/sheet.py": HEAD + "open('x')\n",
            "ingest/readers/raw.py": HEAD + "pd.read_csv('x')\n",
        },
        [f"degsteps/qc/measures.py:{line}: qc.measures reads a file (" for line in range(3, 8)],
    ),
    "a stage whose package imports": (
        architecture.init_breaches,
        {"qc/__init__.py": HEAD + "from degsteps.qc.measures import x\n", "qc/measures.py": HEAD},
        ["degsteps/qc/__init__.py:3: holds a docstring and nothing else"],
    ),
    "a folder of a stage without a docstring": (
        architecture.init_breaches,
        {"test/figures/__init__.py": "", "test/figures/power.py": HEAD},
        ["degsteps/test/figures/__init__.py:1: holds a docstring and nothing else"],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_breach_is_found_with_file_and_line(name, tmp_path):
    check, files, expected = BROKEN[name]
    breaches = check(tree(tmp_path, files))
    assert len(breaches) == len(expected), breaches
    assert all(found.startswith(start) for found, start in zip(breaches, expected, strict=True)), breaches


def test_every_check_accepts_what_is_allowed(tmp_path):
    files = {
        "basics/words.py": HEAD + "import re\n",
        "config/reading.py": HEAD + "import yaml, jsonschema\nfrom degsteps.basics.words import listed\n",
        "preflight/check.py": HEAD + "import degsteps.qc.checks\nfrom degsteps.engines.registry import ENGINES\n",
        "engines/registry.py": HEAD + "def load():\n    from degsteps.engines import voom\n",
        "engines/voom.py": HEAD + "import numpy\n",
        "qc/checks.py": HEAD + "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas\n",
        "qc/measures.py": HEAD + "import pandas\nfrom degsteps.batch import adjustment\n",
        "batch/adjustment.py": HEAD + "from degsteps.engines import voom\n",
        "report/page.py": HEAD + "import degsteps.qc.section\n",
        "qc/section.py": HEAD + "from degsteps.qc.measures import x\n",
        "tables.py": HEAD + "open('x')\n",
        "step.py": HEAD + "from degsteps.tables import x\n",
    }
    root = tree(tmp_path, files)
    checks = (
        architecture.arrow_breaches,
        architecture.cycle_breaches,
        architecture.weight_breaches,
        architecture.door_breaches,
        architecture.init_breaches,
    )
    assert [breach for check in checks for breach in check(root)] == []


def test_relative_imports_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"degsteps/qc/measures.py:3: relative import"):
        architecture.library_imports(tree(tmp_path, {"qc/measures.py": HEAD + "from . import sex\n"}))


def test_a_cycle_is_told_with_its_imports(tmp_path):
    files = {"qc/a.py": HEAD + "import degsteps.qc.b\n", "qc/b.py": HEAD + "\nimport degsteps.qc.a\n"}
    (breach,) = architecture.cycle_breaches(tree(tmp_path, files))
    assert "degsteps/qc/a.py:3: qc.a -> qc.b" in breach
    assert "degsteps/qc/b.py:4: qc.b -> qc.a" in breach


COMPARISONS = """\
if engine == "voom": pass
if "voom" != test["engine"]: pass
if engine in ("deseq2", "voom"): pass
match engine:
    case "voom": pass
x = 1 if settings.get("engine") not in ["voom"] else 2
"""
NO_COMPARISONS = """\
engine = "voom"
names = {"voom": 1}["voom"]
if test["voom"] == 3: pass
if ENGINES["voom"].figure == "mean_variance": pass
"""


def test_an_engine_that_is_told_by_its_name_is_found(tmp_path):
    for name, text in (("a.py", COMPARISONS), ("b.py", NO_COMPARISONS)):
        (tmp_path / name).write_text(text)
    (tmp_path / "c.html.j2").write_text("{{ x }}\n{% if engine == 'voom' %}\n{% set x = 'voom' %}\n")
    (tmp_path / "d.smk").write_text('x = "voom" in engines\ny = engine in ("voom", "b")\nz = ["voom"]\n')
    found = architecture.engine_name_breaches(sorted(tmp_path.iterdir()), {"voom", "deseq2"}, tmp_path)
    places = [breach.partition(": ")[0] for breach in found]
    assert places == [*(f"a.py:{line}" for line in (1, 2, 3, 5, 6)), "c.html.j2:2", "d.smk:1", "d.smk:2"]


def test_a_test_in_the_wrong_folder_is_found(tmp_path):
    root = tree(tmp_path, {"qc/measures.py": HEAD, "filter/rules.py": HEAD})
    for name, text in {
        "qc/test_measures.py": "from degsteps.qc import measures\n",
        "qc/test_rules.py": "from degsteps.filter import rules\n",
        "quality/test_measures.py": "",
        "test_of_all.py": "",
    }.items():
        path = tmp_path / "unit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert architecture.mirror_breaches(tmp_path / "unit", root) == [
        "unit/qc/test_rules.py:1: imports from filter, and nothing from qc: it stands in the wrong folder.",
        "unit/quality/test_measures.py:1: the library has no folder quality.",
    ]
