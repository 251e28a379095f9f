"""One zip file for somebody else: no link leads nowhere, every column has a meaning, stale results are refused."""

import csv
import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import openpyxl
import pytest
from rocrate.rocrate import ROCrate

from degsteps.basics.exit_codes import ExitCode
from degsteps.provenance.crate import content_uri
from tests.workflow.test_verify_and_replay import command

pytestmark = pytest.mark.long

STUDIES = {"small": "1.0", "hostile": "v2-rc.1"}


@pytest.fixture(scope="module")
def packed(finished_run, tmp_path_factory):
    """The folders to which the packages of both studies are unpacked, by the name of the study."""
    into, folders = tmp_path_factory.mktemp("packages"), {}
    for name, version in STUDIES.items():
        done = command("package_version", name, "--into", into, folder=finished_run.folder)
        assert done.returncode == 0, done.stderr
        assert "is not sealed" in done.stdout
        with zipfile.ZipFile(into / f"{name}-{version}.zip") as archive:
            archive.extractall(into)
        folders[name] = into / f"{name}-{version}"
    return folders


class Links(HTMLParser):
    """The targets of a page's links and pictures, and its anchors."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        self.targets += [named[key] for key in ("href", "src") if named.get(key)]
        self.anchors |= {named["id"]} if named.get("id") else set()


def links_of(path: Path) -> list[str]:
    """Return the links of a page or of Markdown, but for those within it and into the net."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        found = re.findall(r"(?<!\\)\]\(([^)\s]+)\)", text)
    else:
        page = Links(text)
        found = page.targets
        # The explorer's state stands behind the name of its section.
        assert {link.removeprefix("#").partition("&")[0] for link in found if link.startswith("#")} <= page.anchors
    return [link for link in found if not link.startswith(("#", "data:", "https://"))]


@pytest.mark.parametrize("name", STUDIES)
def test_no_link_leads_nowhere(packed, name):
    pages = [path for path in packed[name].rglob("*") if path.suffix in (".html", ".md")]
    assert {path.name for path in pages} == {"README.html", "README.md", "report.html", "methods.html", "methods.md"}
    links = [(page, link) for page in pages for link in links_of(page)]
    assert len({link for page, link in links if page.name == "report.html"}) > 40
    dead = [(page.name, link) for page, link in links if not (page.parent / unquote(urlsplit(link).path)).is_file()]
    assert dead == []


@pytest.mark.parametrize("name", STUDIES)
def test_a_page_mailed_alone_says_what_it_lacks(packed, name):
    page = (packed[name] / "10_report" / "report.html").read_text()
    assert f"the package that <code>make package NAME={name}</code> writes" in page
    rule = re.search(r"main a\[href\]:not\(([^{]*)\)::after \{[^}]*content: \"([^\"]*)\"", page)
    assert (rule[1], rule[2]) == ('[href^="#"], [href^="http"], :has(img)', "\\2197")


@pytest.mark.parametrize("name", STUDIES)
def test_every_column_of_every_table_has_a_meaning(packed, name):
    root = packed[name]
    with (root / "data_dictionary.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert all(row["meaning"] for row in rows)
    for path in sorted(root.glob("[01]*/**/*.tsv")):
        own = [row for row in rows if row["table"] == path.relative_to(root).as_posix()]
        with path.open(encoding="utf-8", newline="") as stream:
            header = next(csv.reader(stream, delimiter="\t"))
        assert sum(int(row["columns"]) for row in own) == len(header), path
        singles = [row["column"] for row in own if row["columns"] == "1"]
        assert [column for column in header if column in set(singles)] == singles


def test_what_somebody_looks_for_is_there(packed):
    root = packed["small"]
    for path in (
        "08_annotate/treated_vs_untreated.tsv",
        "08_annotate/treated_vs_untreated.volcano.svg",
        "09_enrich/made/treated_vs_untreated.tsv",
        "10_report/workbook.xlsx",
        "rerun/analysis.yaml",
    ):
        assert (root / path).is_file(), path
    # The table without annotation would be the same numbers again; where there is no annotation, it is the result.
    assert not (root / "07_test" / "treated_vs_untreated.tsv").exists()
    assert (packed["hostile"] / "07_test" / "back.tsv").is_file()
    assert not [path for path in root.rglob("*") if path.suffix in (".parquet", ".h5ad", ".gz")]
    assert "Counts of called genes" in openpyxl.load_workbook(root / "10_report" / "workbook.xlsx").sheetnames


@pytest.mark.parametrize("name", STUDIES)
def test_checksums_cover_every_file(packed, name):
    root = packed[name]
    listed = dict(line.split("  ", 1)[::-1] for line in (root / "checksums.sha256").read_text().splitlines())
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    assert set(listed) == set(found) - {"checksums.sha256"}
    assert all(hashlib.sha256(found[path].read_bytes()).hexdigest() == digest for path, digest in listed.items())
    if shutil.which("sha256sum"):
        line = ["sha256sum", "--check", "--quiet", "checksums.sha256"]
        assert subprocess.run(line, cwd=root, check=False).returncode == 0


@pytest.mark.parametrize("name", STUDIES)
def test_the_crate_is_of_the_package(packed, name):
    root = packed[name]
    manifest = json.loads((root / "10_report" / "manifest.json").read_text())
    crate = ROCrate(root)
    files = {entity.id: entity for entity in crate.data_entities if "File" in entity.type}
    inside = {path for path in files if not path.startswith("ni:")}
    found = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert inside == found - {"checksums.sha256", "ro-crate-metadata.json"}
    for path in inside - {"Snakefile"}:
        assert files[path]["sha256"] == hashlib.sha256((root / path).read_bytes()).hexdigest()
    outside = {
        entry["sha256"]
        for entry in manifest["files"]
        if entry["path"].removeprefix(f"{manifest['folder']}/") not in found
    }
    assert {content_uri(digest) for digest in outside} <= set(files)
    assert len(crate.root_dataset["mentions"]) == 1 + len(manifest["steps"])


def test_it_says_how_to_run_it_again(finished_run, packed):
    root = packed["small"]
    given = list(csv.DictReader((root / "rerun" / "given_files.tsv").read_text().splitlines(), delimiter="\t"))
    assert "given/small.counts.tsv.gz" in {row["path"] for row in given}
    for row in given:
        assert hashlib.sha256((finished_run.folder / row["path"]).read_bytes()).hexdigest() == row["sha256"]
    settings = (finished_run.folder / "config" / "analyses" / "small.yaml").read_bytes()
    assert (root / "rerun" / "analysis.yaml").read_bytes() == settings
    assert re.search(r"^numpy==\d", (root / "rerun" / "versions.txt").read_text(), re.MULTILINE)
    assert "`config/analyses/small.yaml`" in (root / "README.md").read_text()


def test_same_results_same_bytes(finished_run, packed, tmp_path):
    first = packed["small"].with_name("small-1.0.zip")
    done = command("package_version", "small", "--into", tmp_path, folder=finished_run.folder)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / first.name).read_bytes() == first.read_bytes()


# ---- what is not handed over


@pytest.fixture
def copied(finished_run, tmp_path):
    """A copy of the small study's results and configuration, to change."""
    # Beside the run's own folder, because its configuration names the annotation relative to the working folder.
    for name in ("config", "given", "results/small"):
        shutil.copytree(finished_run.folder / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ("table", ExitCode.CHANGED, "08_annotate/treated_vs_untreated.tsv: has changed since it was written"),
        ("given", ExitCode.CHANGED, "given/small.samples.tsv: has changed since it was given"),
        ("setting", ExitCode.CONFIG, "test.alpha: 0.05 when run, 0.01 now."),
        ("unfinished", ExitCode.DATA, "is not finished: 10_report/manifest.json is missing. Run `snakemake"),
        ("not_run", ExitCode.DATA, "results/small/1.0: is not there. Run `snakemake --cores 2 small` first."),
        ("unknown", ExitCode.CONFIG, "config/analyses/other.yaml: there is no such analysis."),
    ],
)
def test_stale_results_are_refused(copied, change, code, words):
    root, name = copied / "results" / "small" / "1.0", "small"
    if change in ("table", "given"):
        path = (
            root / "08_annotate/treated_vs_untreated.tsv" if change == "table" else copied / "given/small.samples.tsv"
        )
        path.write_text(path.read_text() + "\n")
    elif change == "setting":
        path = copied / "config" / "analyses" / "small.yaml"
        path.write_text(path.read_text().replace("test:\n", "test:\n  alpha: 0.01\n"))
    elif change == "unfinished":
        (root / "10_report" / "manifest.json").unlink()
    elif change == "not_run":
        shutil.rmtree(root)
    else:
        name = "other"
    done = command("package_version", name, folder=copied)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(copied.rglob("*.zip"))


def test_a_sealed_version_says_so(copied):
    assert command("seal_version", "results/small/1.0", folder=copied).returncode == 0
    done = command("package_version", "small", folder=copied)
    assert done.returncode == 0, done.stderr
    assert "not sealed" not in done.stdout
    with zipfile.ZipFile(copied / "results" / "packages" / "small-1.0.zip") as archive:
        text = archive.read("small-1.0/README.md").decode()
        seal = hashlib.sha256(archive.read("small-1.0/seal.json")).hexdigest()
    assert f"SHA-256 of its seal: `{seal}`" in text
