"""Paths of stages, and the shape of the repository that the Snakefile promises."""

import re
import subprocess
import sys

from degsteps.basics import paths
from tests.conftest import REPO, clean_environment


def test_stage_numbers():
    assert paths.stage_folder("ingest") == "01_ingest"
    assert paths.stage_folder("report") == "10_report"
    assert paths.in_stage("qc", "a", "1", "x.tsv") == "<results>/a/1/06_qc/x.tsv"


def test_rule_script_log_and_record_carry_one_name():
    for path in (REPO / "rules").glob("*.smk"):
        for block in re.split(r"\nrule ", "\n" + path.read_text())[1:]:
            name = block.split(":", 1)[0]
            assert f'"../scripts/{name}.py"' in block
            assert re.search(rf'"<logs>(\{{subset\}})?/[^"]*\b{name}\.log"', block), name
            assert re.search(rf'record="<[a-z_]+>(\{{subset\}})?/[^"]*\b{name}\.record\.json"', block), name
            assert f'code("{name}")' in block
            assert block.split("\n")[1].strip().startswith('"""'), name
            assert "lambda" not in block
            assert "config[" not in block


def test_what_the_snakefile_imports_needs_no_numpy():
    code = (
        "import sys; import degsteps.workflow.analyses, degsteps.preflight, degsteps.basics.paths;"
        "print([m for m in ('numpy', 'pandas', 'scipy') if m in sys.modules])"
    )
    environment = clean_environment() | {"PYTHONPATH": str(REPO / "scripts")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_config_readme_is_up_to_date():
    script = REPO / "scripts" / "write_config_docs.py"
    assert subprocess.run([sys.executable, str(script), "--check"], check=False).returncode == 0
