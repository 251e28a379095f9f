"""The code digest covers what a script can reach, and nothing else."""

import ast

import pytest

from degsteps.basics import digest
from tests.conftest import REPO


def names(script: str) -> set[str]:
    return {path.name for path in digest.code_files(REPO / "scripts" / script)}


def test_reaches_what_is_imported_at_the_top_inside_functions_and_through_others():
    assert {"filter_genes.py", "rules.py", "library_sizes.py", "tables.py", "errors.py"} <= names("filter_genes.py")
    files = digest.code_files(REPO / "scripts" / "transform_counts.py")
    # Imported inside a function of transform/transformation.py.
    assert ("deseq", "transformation.py") in {path.parts[-2:] for path in files}


def test_templates_count_for_the_step_that_uses_them():
    assert {"page.py", "report.html.j2", "report.css", "report.js"} <= names("render_report.py")
    assert "report.css" not in names("fit_model.py")


def test_data_count_for_the_step_that_reads_them():
    assert "prior_draws.tsv" in names("fit_model.py")
    assert "prior_draws.tsv" not in names("filter_genes.py")


def test_plotting_edit_refits_nothing():
    assert not any(path.parent.name == "figures" for path in digest.code_files(REPO / "scripts" / "fit_model.py"))
    assert "model.py" not in names("plot_qc.py")


def test_digest_ignores_final_newlines_only(tmp_path):
    script = tmp_path / "s.py"
    script.write_text("a = 1\n")
    first = digest.code_digest(script)
    script.write_text("a = 1\n\n")
    assert digest.code_digest(script) == first
    script.write_text("a = 2\n")
    assert digest.code_digest(script) != first


def test_digest_does_not_depend_on_where_the_scripts_lie(tmp_path):
    for name in ("compute_qc.py", "fit_model.py"):  # one sorts before the library's folder, one after it
        copy = tmp_path / name
        copy.write_text((REPO / "scripts" / name).read_text())
        assert digest.code_digest(copy) == digest.code_digest(REPO / "scripts" / name)


def imports_by_syntax_tree(text: str) -> set[str]:
    """The slow and sure way: every name that an import statement could mean."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_imports_are_those_of_the_syntax_tree():
    files = [*(REPO / "scripts").glob("*.py"), *digest.LIBRARY.rglob("*.py")]
    assert len(files) > 100
    for file in files:
        text = file.read_text(encoding="utf-8")
        sure = set().union(*(digest._module_files(name) for name in imports_by_syntax_tree(text)))
        assert digest._library_imports(text) == sure, file


@pytest.mark.parametrize(
    "text",
    [
        "import degsteps.design.rank\n",
        "import os, degsteps.design.rank as r  # not degsteps.tables\n",
        "def f():\n    from degsteps import (\n        rank,  # how, much\n        tables as t,\n    )\n",
        "from degsteps.design.rank import rank_report as r, names\n",
        "x = 'from degsteps import rank'\n",
    ],
)
def test_every_form_of_import_is_read(text):
    sure = set().union(*(digest._module_files(name) for name in imports_by_syntax_tree(text)))
    assert digest._library_imports(text) == sure
