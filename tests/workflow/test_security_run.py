"""A run in which folder, files, samples, genes, levels and titles try to leave their place: all stay plain text."""

import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import Run, run_command, run_snakemake

pytestmark = pytest.mark.long

FOLDER = 'it\'s; touch pwned; "$(touch pwned)" `touch pwned` & | #\n{x} <b>'
COUNTS = "given/counts; touch pwned $(touch pwned) 'a' \"b\" & .tsv"
SHEET = "given/--record=pwned *?[x] \\ ü.tsv"
RUNS = "document.title='pwned'"
SAMPLES = [
    f"<script>{RUNS}</script>",
    f"<img src=x onerror={RUNS}>",
    '=HYPERLINK("http://x","y")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "-2+3",
    "$(touch pwned)",
    "a'; touch pwned; '",
    "{0} {x} %s %(x)s",
    "../../pwned",
]
LEVELS = ["</td><script>", "=1+1"]
GENES = [f"<svg onload={RUNS}>", "</script><b>", "=cmd()", "../../up", "`touch pwned`", "{gene}", "a\\b", "%n"]


def write_study(folder: Path) -> None:
    (folder / "given").mkdir(parents=True)
    (folder / "config").mkdir()
    rng = np.random.default_rng(3)
    genes = GENES + [f"g{number}" for number in range(250)]
    arms = LEVELS * 5
    means = rng.gamma(2.0, 80.0, size=(len(genes), 1))
    effect = np.where((np.arange(len(genes)) % 5 == 0)[:, None] & (np.array(arms) == LEVELS[0]), 3.0, 1.0)
    counts = rng.negative_binomial(8, 8 / (8 + means * effect * rng.uniform(0.7, 1.4, size=len(SAMPLES))))
    pd.DataFrame(counts, index=genes, columns=SAMPLES).to_csv(folder / COUNTS, sep="\t", index_label="gene")
    pd.DataFrame({"sample": SAMPLES, "arm": arms}).to_csv(folder / SHEET, sep="\t", index=False)
    analysis = {
        "title": f"</title><script>{RUNS}</script>",
        "version": "1",
        "ingest": {"counts": COUNTS, "samples": SHEET},
        "design": {"formula": "~ arm", "factors": {"arm": {"reference": LEVELS[1]}}},
        "test": {"contrasts": {"one": {"factor": "arm", "test": LEVELS[0], "reference": LEVELS[1]}}},
    }
    # JSON is YAML.
    (folder / "config" / "study.yaml").write_text(json.dumps(analysis))
    (folder / "config" / "config.yaml").write_text("analyses: [config/study.yaml]\n")


def files_outside_results(base: Path) -> dict[str, str]:
    """Return the digest of every file but those in the two folders that a run may write to."""
    found = (path for path in base.rglob("*") if path.is_file())
    return {
        str(path.relative_to(base)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
        if not {"results", ".snakemake"} & set(path.relative_to(base).parts)
    }


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("base")


@pytest.fixture(scope="module")
def before(base) -> dict[str, str]:
    write_study(base / FOLDER)
    return files_outside_results(base)


@pytest.fixture(scope="module")
def hostile_run(base, before) -> Run:
    done = run_snakemake(base / FOLDER)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return Run(base / FOLDER)


def test_nothing_is_written_outside_the_results(hostile_run, base, before):
    assert files_outside_results(base) == before
    assert not [path for path in base.rglob("*") if path.name.startswith("pwned")]
    names = {path.name for path in hostile_run.folder.glob("results/*")}
    assert names == {"study"}


def test_recorded_commands_are_quoted(hostile_run):
    """Records can be pasted into a shell: what looks like a command in them is part of a name."""
    record = json.loads((hostile_run.folder / "results/study/1/01_ingest/ingest_counts.record.json").read_text())
    kept = (hostile_run.folder / record["outputs"]["counts"][0]["path"]).read_bytes()
    done = run_command(record["command"], hostile_run.folder)
    assert done.returncode == 0, done.stderr
    assert (hostile_run.folder / record["outputs"]["counts"][0]["path"]).read_bytes() == kept
    assert not (hostile_run.folder / "pwned").exists()


def test_names_come_through_unchanged(hostile_run):
    root = hostile_run.folder / "results" / "study" / "1"
    text = {"sep": "\t", "dtype": str, "keep_default_na": False}
    samples = pd.read_csv(root / "01_ingest" / "samples.tsv", **text)
    assert list(samples["sample"]) == SAMPLES
    assert set(samples["arm"]) == set(LEVELS)
    genes = pd.read_csv(root / "07_test" / "one.tsv", **text)["gene"]
    assert set(GENES) <= set(genes)


class Elements(HTMLParser):
    """What of a page a browser would run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self.tags: set[str] = set()
        self._is_script = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.add(tag)
        self.handlers += [value for name, value in attributes if name.startswith("on")]
        self._is_script = tag == "script" and given.get("type", "text/javascript") in {"text/javascript", "module"}

    def handle_endtag(self, tag):
        self._is_script = self._is_script and tag != "script"

    def handle_data(self, data):
        if self._is_script:
            self.scripts.append(data)


def test_page_runs_nothing_of_what_was_given(hostile_run):
    page = (hostile_run.folder / "results/study/1/10_report/report.html").read_text()
    assert "pwned" in page  # the names are there, as text
    elements = Elements(page)
    assert not [handler for handler in elements.handlers if "pwned" in handler]
    assert not [script for script in elements.scripts if "pwned" in script]
    assert not {"iframe", "object", "embed", "base"} & elements.tags


def test_browser_runs_nothing_of_what_was_given(hostile_run, tmp_path):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine.")
    page = tmp_path / "report.html"
    shutil.copy(hostile_run.folder / "results/study/1/10_report/report.html", page)
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    options += ["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=5000", "--dump-dom"]
    shown = subprocess.run([browser, *options, page.as_uri()], capture_output=True, text=True, check=True).stdout
    title = re.search(r"<title>(.*?)</title>", shown, flags=re.DOTALL)[1]
    assert title.strip() != "pwned"
    assert "&lt;script&gt;" in shown


def test_figures_hold_no_markup_of_what_was_given(hostile_run):
    figures = list(hostile_run.folder.glob("results/**/*.svg"))
    assert len(figures) > 10
    for path in figures:
        elements = Elements(path.read_text())
        assert not elements.handlers, path
        assert not {"script", "img", "iframe", "foreignobject"} & elements.tags, path


def test_spreadsheet_has_no_formula_and_no_link(hostile_run):
    with zipfile.ZipFile(hostile_run.folder / "results/study/1/10_report/workbook.xlsx") as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        names = book.namelist()
    assert not any(re.search(r"<f[ >]", sheet) for sheet in sheets)
    assert any("=HYPERLINK(" in sheet for sheet in sheets)
    assert not any("<hyperlink" in sheet for sheet in sheets)
    assert not any("externalLink" in name for name in names)


def test_configuration_of_the_workflow_builds_no_objects(tmp_path):
    """config.yaml is read by Snakemake itself."""
    write_study(tmp_path)
    (tmp_path / "config" / "config.yaml").write_text("analyses: !!python/object/apply:os.system ['touch pwned']\n")
    done = run_snakemake(tmp_path, "--dry-run")
    assert done.returncode != 0
    assert not (tmp_path / "pwned").exists()
