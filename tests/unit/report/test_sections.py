"""One definition of a result is all that the report needs: a section shows up everywhere, and nowhere if it is off."""

import re
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from degsteps.basics.errors import DataError
from degsteps.basics.paths import STAGES
from degsteps.report import accounting, sections
from degsteps.report.content import Content
from degsteps.report.files import purpose
from degsteps.report.methods import methods_text
from degsteps.report.page import render_page
from degsteps.report.reading import file_definition, stored_results
from degsteps.report.sections import SECTIONS
from degsteps.report.verdicts import collect_verdicts
from degsteps.report.workbook import write_workbook
from degsteps.sections.definition import Chapter, Column, File, Section, Sheet, Verdict, figures, text
from degsteps.sections.results import Results, StoredTables, place_of
from degsteps.tables import read_json, read_table, read_text_table, write_table
from tests.conftest import REPO
from tests.unit.report import report_inputs

TOY_TABLE = "enrich/sets.tsv"


def _toy_blocks(results):
    yield text(f"{len(results.tables[TOY_TABLE])} sets <were> tested.")
    yield from figures(results, "enrich/sets", "Toy figure", "How to read it.")


TOY = Section(
    stage="enrich",
    name="toy",
    title="Toy stage",
    files=(
        File(r"sets\.tsv", "Every toy set.", text=("set",)),
        File(r".*\.tsv", "Something else of the toy.", is_rest=True),
    ),
    chapter=Chapter("toys", "Toy sets of genes", "Toys"),
    blocks={"toys": _toy_blocks, "quality": lambda results: [text("A toy looks at quality too.")]},
    of_contrast=lambda results, contrast: [text(f"Toys call nothing of {contrast}.")],
    sentences={"toys": lambda results, cite: f"Toy sets were tested {cite('toy2026')}."},
    citations={"toy2026": "Toy T. Sets. Journal of Toys 2026;1:1. doi:10.1000/toy"},
    verdicts=lambda results: [Verdict("toy: all", "warn", "The toy warns.", "Play less.")],
    checks={"toy": "Toy check"},
    columns=(Column("toy_score", "Toy score", "What the toy makes of the gene.", kind="fold"),),
    sheets=lambda results: [Sheet("Toys", "What the toys are.", results.tables[TOY_TABLE])],
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The small study, with the files of a toy stage."""
    study = report_inputs.summarized(report_inputs.build(tmp_path_factory.mktemp("study")))
    folder = study.folder / "09_enrich"
    write_table(pd.DataFrame({"set": ["007", "1e5"]}, index=pd.Index(["a", "b"], name="toy")), folder / "sets.tsv")
    (folder / "sets.png").write_bytes(report_inputs.small_png())
    first = study.paths["contrast_tables"][0]
    table = read_text_table(first)
    table.insert(len(table.columns) - 1, "toy_score", "0.25")
    write_table(table, first)
    study.paths["toy"] = [folder / "sets.tsv", folder / "sets.png"]
    return study


def results_of(study, of_sections, **changes):
    return stored_results(
        study.results,
        settings=study.settings,
        records=[read_json(path) for path in study.paths["records"]],
        accounts=accounting.accounts_of(read_table(study.paths["accountability"], text=("reason", "stage"))),
        workflow_versions=study.workflow_versions,
        read_table=read_table,
        read_text_table=read_text_table,
        read_json=read_json,
        sections=of_sections,
        **changes,
    )


def page_of(study, results, of_sections):
    return render_page(
        Content(
            results=results,
            verdicts=collect_verdicts(results, of_sections),
            summary=read_table(study.paths["contrasts"]),
            methods=methods_text(results, of_sections),
            folder=study.report,
            sections=of_sections,
        )
    )


def workbook_of(study, results, of_sections, path):
    write_workbook(
        path,
        results,
        accountability=read_table(study.paths["accountability"], text=("stage", "reason")),
        verdicts=collect_verdicts(results, of_sections),
        summary=read_table(study.paths["contrasts"]),
        sections=of_sections,
    )
    return openpyxl.load_workbook(path)


WITH_TOY = (*SECTIONS, TOY)


def test_a_section_shows_up_on_the_page(study):
    results = results_of(study, WITH_TOY)
    written = {"path": str(study.paths["toy"][0]), "sha256": "ab" * 32, "bytes": 5}
    record = results.records[0] | {"step": "toy", "outputs": {"out": [written]}, "inputs": {}}
    results = replace(results, records=[*results.records, record])
    page = page_of(study, results, WITH_TOY)
    for words in (
        '<li><a href="#toys">Toys</a></li>',
        '<h2 id="toys-title">Toy sets of genes</h2>',
        "<p>2 sets &lt;were&gt; tested.</p>",
        'alt="Toy figure"',
        "<p>A toy looks at quality too.</p>",
        "What the calls of hi_vs_na depend on</h4>",
        "<p>Toys call nothing of hi_vs_na.</p>",
        '<p class="verdict-title">Toy check <span class="subject">all</span></p>',
        "Toy sets were tested [",
        "Journal of Toys",
        "<code>09_enrich</code> Toy stage",
        "<td>Every toy set.</td>",
        '{"name":"toy_score","label":"Toy score","kind":"fold",',
    ):
        assert words in page, words
    assert page.index('id="results-title"') < page.index('id="toys-title"') < page.index('id="methods-title"')
    without = page_of(study, results_of(study, SECTIONS), SECTIONS)
    assert not re.search(r"(?i)\btoys?\b", without)


def test_a_section_shows_up_in_the_workbook(study, tmp_path):
    book = workbook_of(study, results_of(study, WITH_TOY), WITH_TOY, tmp_path / "with.xlsx")
    assert book.sheetnames[-1] == "Toys"
    assert [cell.value for cell in book["Toys"]["B"]] == ["set", "007", "1e5"]
    readme = {row[0].value: row[1].value for row in book["README"].iter_rows()}
    assert readme["Toys"] == "What the toys are."
    assert readme["toy_score"] == "What the toy makes of the gene."
    without = workbook_of(study, results_of(study, SECTIONS), SECTIONS, tmp_path / "without.xlsx")
    assert without.sheetnames == book.sheetnames[:-1]


def test_a_section_shows_up_in_methods_and_verdicts(study):
    results = results_of(study, WITH_TOY)
    methods, without = methods_text(results, WITH_TOY), methods_text(results)
    place = methods.references.index(TOY.citations["toy2026"])
    assert (*methods.references[:place], *methods.references[place + 1 :]) == without.references
    (sentence,) = [text for text in methods.paragraphs if "Toy" in text]
    assert sentence == f"Toy sets were tested [{place + 1}]."
    assert len(methods.paragraphs) == len(without.paragraphs) + 1
    verdicts = collect_verdicts(results, WITH_TOY)
    assert list(verdicts.loc["toy: all"]) == ["warn", "The toy warns.", "Play less.", ""]
    pd.testing.assert_frame_equal(verdicts.drop(index="toy: all"), collect_verdicts(results))


def test_a_section_says_what_its_files_are_for():
    assert purpose(TOY_TABLE, WITH_TOY) == "Every toy set."
    assert purpose("enrich/others.tsv", WITH_TOY) == "Something else of the toy."
    assert purpose("enrich/sets.png", WITH_TOY) == "Figure."
    assert purpose(TOY_TABLE, SECTIONS) == ""


def test_a_table_that_no_section_describes_is_not_read(study):
    results = results_of(study, SECTIONS)
    assert TOY_TABLE in results.tables
    with pytest.raises(DataError, match=r"sets.tsv: no section of the report describes this table"):
        results.table(TOY_TABLE)


def test_a_chapter_that_nobody_begins_stops_the_page(study):
    lost = Section(stage="test", name="lost", blocks={"nowhere": lambda results: []})
    with pytest.raises(ValueError, match="nowhere"):
        page_of(study, results_of(study, SECTIONS), (*SECTIONS, lost))


def test_a_reference_is_brought_along_once():
    again = replace(TOY, name="again")
    with pytest.raises(ValueError, match="section again: 'toy2026'"):
        sections.references((*WITH_TOY, again))


def test_definitions_are_sound():
    assert len({section.name for section in SECTIONS}) == len(SECTIONS)
    assert {section.stage for section in SECTIONS} <= set(STAGES)
    chapters = [chapter.id for chapter in sections.chapters(SECTIONS)]
    assert len(set(chapters)) == len(chapters)
    titles = [section.stage for section in SECTIONS if section.title]
    assert sorted(titles) == sorted(STAGES)
    checks = [check for section in SECTIONS for check in section.checks]
    assert len(set(checks)) == len(checks)
    assert {file.stage for section in SECTIONS for file in section.files} <= {"", *STAGES}


def test_every_check_of_the_study_has_a_title(study):
    kinds = {check.partition(": ")[0] for check in collect_verdicts(results_of(study, SECTIONS)).index}
    assert kinds <= set(sections.check_titles(SECTIONS))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("qc/sex.tsv", "Sex of each sample"),
        ("qc/scree.tsv", "Numbers behind the figure"),
        ("test/power/b_vs_a.tsv", "Power and smallest"),
        ("test/b_vs_a.tsv", "Result table without annotation"),
        ("test/sets/women/concordance/b_vs_a.genes.tsv", "What each engine says"),
        ("test/sets/women/concordance/voom.tsv", "All contrasts by a second engine"),
        ("annotate/stage_wise/drugs.tsv", "Genes screened for any change"),
        ("annotate/b_vs_a.tsv", "Result table: every tested gene"),
        ("enrich/go/b_vs_a.tsv", "All tested sets of a contrast"),
        ("enrich/go/sets.tsv", "Every set of the collection"),
        ("annotate/b_vs_a.ma.svg", "Figure."),
        ("batch/sets/women/surrogates.tsv", "Surrogate variables"),
        ("batch/adjusted_counts.parquet", "Batch-adjusted counts"),
    ],
)
def test_the_most_special_definition_speaks(place, words):
    assert purpose(place, SECTIONS).startswith(words)


def test_places_do_not_depend_on_where_results_lie():
    assert place_of("results/a/1.0/07_test/sets/women/dispersion.png") == "test/sets/women/dispersion.png"
    assert place_of(Path("/data/07_test/r/a/1.0/02_filter/genes.tsv")) == "filter/genes.tsv"
    assert place_of("elsewhere/notes.tsv") == "elsewhere/notes.tsv"
    assert place_of("notes.tsv") == "notes.tsv"


def test_gene_tables_are_numbers_from_the_results_on(study):
    table = results_of(study, WITH_TOY).contrasts["hi_vs_na"]
    assert table["entrez_id"].iloc[0] == "1000"
    assert table["toy_score"].dtype == float
    assert file_definition("annotate/hi_vs_na.tsv").is_of_genes


def test_tables_are_read_once_and_when_they_are_looked_at():
    files = {"qc/a.tsv": Path("a.tsv"), "qc/sets/b/a.tsv": Path("b.tsv"), "qc/a.png": Path("a.png")}
    read = []

    def reader(place, path):
        read.append(place)
        return pd.DataFrame({"path": [str(path)]})

    tables = StoredTables(files, reader)
    results = Results(settings={}, records=[], design={}, tables=tables, files=files)
    assert list(tables) == ["qc/a.tsv", "qc/sets/b/a.tsv"]
    assert "qc/a.tsv" in tables
    assert results.table("qc/other.tsv") is None
    assert read == []
    assert list(results.tables_like(r"qc/sets/([^/]+)/a\.tsv")) == ["b"]
    assert results.table("qc/sets/b/a.tsv")["path"].iloc[0] == "b.tsv"
    assert read == ["qc/sets/b/a.tsv"]
    assert list(results.figures) == ["qc/a"]


def outputs_of_rules():
    """Return the places of every file that a rule before the report writes, of all samples and of a set of them."""
    values = {"part": "1-of-2", "contrast": "b_vs_a", "family": "both", "engine": "voom", "table": "cpm"}
    values |= {"sample_set": "women", "collection": "go", "question": "b_vs_a"}
    places = set()
    for path in sorted((REPO / "rules").glob("*.smk")):
        blocks = re.findall(r"^    output:\n((?: {8}.*\n)+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        written = re.sub(r'figure\(\s*"([^"]+)"', r'figure("\1.png" "\1.svg"', "".join(blocks))
        for stage, rest in re.findall(r"<(\w+)>((?:\{subset\})?/[^\"]+)", written):
            if rest.endswith(".record.json") or stage in ("report", "version"):
                continue
            stage = re.sub("_(whole|in_parts|of_cells|of_counts)$", "", stage)
            stage = {"tables_with_text": "normalize", "tables_without_text": "normalize"}.get(stage, stage)
            places |= {f"{stage}{rest.format(subset=subset, **values)}" for subset in ("", "/sets/women")}
    return sorted(places)


def test_every_file_that_a_rule_writes_says_what_it_is_for():
    places = outputs_of_rules()
    assert {"batch/compiled_design.json", "filter/sets/women/genes.tsv", "test/model.h5ad", "qc/pca.svg"} <= set(places)
    assert [place for place in places if not purpose(place, SECTIONS)] == []
