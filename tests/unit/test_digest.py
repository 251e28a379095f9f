"""The code digest covers what a script can reach, and nothing else."""

from degsteps import digest
from tests.conftest import REPO


def names(script: str) -> set[str]:
    return {path.name for path in digest.code_files(REPO / "scripts" / script)}


def test_reaches_what_is_imported_at_the_top_inside_functions_and_through_others():
    assert {"filter_genes.py", "filtering.py", "norm_factors.py", "tables.py", "errors.py"} <= names("filter_genes.py")
    assert "transformation.py" in names("transform_counts.py")  # imported inside a function of transform.py


def test_templates_count_for_the_step_that_uses_them():
    assert {"page.py", "report.html.j2", "report.css", "report.js"} <= names("render_report.py")
    assert "report.css" not in names("fit_model.py")


def test_plotting_edit_refits_nothing():
    assert not any(path.parent.name == "figures" for path in digest.code_files(REPO / "scripts" / "fit_model.py"))
    assert "model.py" not in names("plot_qc.py")


def test_digest_ignores_final_newlines_only(tmp_path):
    script = tmp_path / "s.py"
    script.write_text("a = 1\n")
    first = digest.code_digest(script)
    script.write_text("a = 1\n\n")
    digest._library_imports.cache_clear()
    assert digest.code_digest(script) == first
    script.write_text("a = 2\n")
    assert digest.code_digest(script) != first


def test_digest_does_not_depend_on_where_the_scripts_lie(tmp_path):
    for name in ("compute_qc.py", "fit_model.py"):  # one sorts before the library's folder, one after it
        copy = tmp_path / name
        copy.write_text((REPO / "scripts" / name).read_text())
        assert digest.code_digest(copy) == digest.code_digest(REPO / "scripts" / name)
