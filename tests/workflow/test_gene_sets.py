"""Sets of genes in a whole run: page, spreadsheet and records, with names of sets that try everything."""

import json
import re

import openpyxl
import pandas as pd

from benchmarks.browser import Browser
from tests.conftest import HOSTILE_SETS
from tests.unit.report.test_page import needs_browser

FOLDER = "results/small/1.0/09_enrich/made"
CONTRAST = "treated_vs_untreated"


def test_names_of_sets_stay_text(finished_run):
    table = pd.read_csv(finished_run.folder / FOLDER / f"{CONTRAST}.tsv", sep="\t", index_col=0)
    assert set(table.index) == set(HOSTILE_SETS)
    page = (finished_run.folder / "results/small/1.0/10_report/report.html").read_text(encoding="utf-8")
    assert "<script>alert(3)" not in page
    assert "&lt;script&gt;alert(3)&lt;/script&gt;" in page
    assert 'href="https://amigo.geneontology.org/amigo/term/GO:0000001"' in page
    book = openpyxl.load_workbook(finished_run.folder / "results/small/1.0/10_report/workbook.xlsx")
    sheet = book["sets made"]
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.value for cell in cells} == set(HOSTILE_SETS)
    assert {cell.data_type for cell in cells} == {"s"}


def test_page_opens_sets_to_genes(finished_run):
    page = (finished_run.folder / "results/small/1.0/10_report/report.html").read_text(encoding="utf-8")
    chapter = page[page.index('<section id="sets"') :]
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', chapter)[1])
    assert len(data["rows"]) == len(data["members"]) == len(HOSTILE_SETS)
    members = pd.read_csv(finished_run.folder / FOLDER / "members.tsv", sep="\t", index_col=0)
    for row, genes in zip(data["rows"], data["members"], strict=True):
        assert {data["genes"][gene][1] for gene in genes} == set(members.at[row[0], "genes"].split(";"))


def test_what_was_left_out_and_what_chance_would_call(finished_run):
    record = finished_run.records()[f"{FOLDER}/test_gene_sets.record.json"]
    assert record["facts"]["sets"] == {"tested": 4, "too_small": 1}
    assert record["facts"]["release"] == "of today"
    (collection,) = record["inputs"]["collections"]
    assert collection["path"] == "given/made.gmt"
    assert len(collection["sha256"]) == 64
    null = pd.read_csv(finished_run.folder / FOLDER / "calibration.tsv", sep="\t")
    assert list(null["method"]) == ["competitive", "self_contained", "over_up", "over_down", "over_both"]
    assert set(null["rotations"]) == {20}
    methods = (finished_run.folder / "results/small/1.0/10_report/methods.md").read_text()
    assert "made (of today)" in methods


def test_no_sets_where_none_are_named(finished_run):
    assert not (finished_run.folder / "results/hostile/v2-rc.1/09_enrich").exists()
    assert 'id="sets"' not in (finished_run.folder / "results/hostile/v2-rc.1/10_report/report.html").read_text()


ACTIONS = """(() => {
const out = {};
const holder = document.querySelector(".set-table");
const rows = () => holder.querySelectorAll("tbody tr").length;
out.rows = rows();
holder.querySelector("button.toggle").click();
out.opened = rows();
const gene = holder.querySelector(".set-genes button");
out.gene = gene.title;
gene.click();
holder.querySelector("button.toggle").click();
out.closed = rows();
const [search, limit] = holder.querySelectorAll("input");
search.value = "=cmd"; search.dispatchEvent(new Event("input", { bubbles: true }));
out.searched = [...holder.querySelectorAll("tbody th")].map((cell) => cell.textContent);
search.value = "no such set"; search.dispatchEvent(new Event("input", { bubbles: true }));
out.none = holder.querySelector("[role=status]").textContent;
return out;
})()"""


@needs_browser
def test_a_set_opens_to_its_genes_and_a_gene_leads_to_the_explorer(finished_run, tmp_path):
    with Browser(tmp_path) as browser:
        browser.open(finished_run.folder / "results/small/1.0/10_report/report.html")
        browser.wait("document.getElementById('explore').dataset.ready === 'all'")
        out = browser.run(ACTIONS)
        browser.wait(f"document.getElementById('x-gene-title').textContent.includes({json.dumps(out['gene'])})")
        browser.wait("document.getElementById('x-sets').textContent.includes('set')")
    assert browser.messages == []
    assert (out["rows"], out["opened"], out["closed"]) == (4, 5, 4)
    assert [cell.split(" ", 1)[1] for cell in out["searched"]] == ["=cmd()"]
    assert out["none"] == "No set fits."
