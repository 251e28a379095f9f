"""The spreadsheet as another program reads it: text is text, numbers are numbers, same results give same bytes."""

import runpy
import zipfile
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest

from degsteps.basics.errors import DataError
from degsteps.report import workbook
from degsteps.sections.definition import Sheet
from degsteps.tables import read_text_table
from tests.conftest import REPO
from tests.unit.report import report_inputs
from tests.unit.report.report_inputs import SAMPLES, SYMBOLS


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return report_inputs.summarized(report_inputs.build(tmp_path_factory.mktemp("study")))


def write(study, path):
    main = runpy.run_path(str(REPO / "scripts" / "write_workbook.py"))["main"]
    return main(
        **study.inputs("accountability", "contrasts", "verdicts", "counts", "size_factors"),
        workbook=path,
        settings=study.settings,
        workflow_versions=study.workflow_versions,
    )


@pytest.fixture(scope="module")
def book(study):
    path = study.report / "workbook.xlsx"
    facts = write(study, path)
    opened = openpyxl.load_workbook(path)
    assert opened.sheetnames == facts["sheets"]
    return opened


def column(sheet, name):
    """Return the cells of a column below its header."""
    header = [cell.value for cell in sheet[1]]
    return [row[header.index(name)] for row in sheet.iter_rows(min_row=2)]


def test_sheets_stand_in_reading_order(book):
    assert book.sheetnames[:4] == ["README", "Summary", "Verdicts", "hi_vs_na"]
    assert book.sheetnames[5:] == ["All genes", "Counts of called genes", "Samples", "Accountability"]
    assert len(book.sheetnames[4]) == 31


def test_what_was_asked_for_beside_the_contrasts_has_sheets(study, tmp_path):
    family = tmp_path / "08_annotate" / "stage_wise" / "Power.tsv"
    influence = tmp_path / "07_test" / "influence" / "samples.tsv"
    power = tmp_path / "07_test" / "power" / "hi_vs_na.tsv"
    for path in (family, influence, power):
        path.parent.mkdir(parents=True)
    family.write_text("gene\tsymbol\tbase_mean\tpadj\tlfc_hi\tpadj_hi\tna_reason\ng1\t1-Mar\t5\t0.01\t-1.5\t0.02\t\n")
    influence.write_text("contrast\twithout\tcalled\tproblem\nhi_vs_na\t007\t4\t\nhi_vs_na\ts6\t\tno model\n")
    power.write_text("group\tmean_from\tpower_2\n1\t3.5\t0.75\n")
    settings = study.settings | {"test": study.settings["test"] | {"power": 0.8}}
    path = tmp_path / "book.xlsx"
    paths = study.paths | {"of_steps": [family, influence, power]}
    write(replace(study, settings=settings, paths=paths), path)
    found = openpyxl.load_workbook(path)
    assert found.sheetnames[5:] == [
        "Power~2",
        "All genes",
        "Counts of called genes",
        "Samples",
        "Accountability",
        "Influence",
        "Power",
    ]
    assert [cell.value for cell in column(found["Power~2"], "symbol")] == ["1-Mar"]
    assert [cell.value for cell in column(found["Power~2"], "lfc_hi")] == [-1.5]
    assert [cell.value for cell in column(found["Influence"], "without")] == ["007", "s6"]
    assert [cell.value for cell in column(found["Influence"], "called")] == [4, None]
    assert [cell.value for cell in column(found["Power"], "contrast")] == ["hi_vs_na"]
    assert [cell.value for cell in column(found["Power"], "power_2")] == [0.75]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_symbol_stays_text(book, symbol):
    cell = column(book["hi_vs_na"], "symbol")[SYMBOLS.index(symbol)]
    assert cell.value == symbol
    assert cell.data_type == "s"
    assert cell.hyperlink is None


def test_genes_and_samples_stay_text(book):
    genes = column(book["hi_vs_na"], "gene")
    assert [genes[3].value, genes[4].value] == ["=1+1", "SEPT2"]
    samples = column(book["Samples"], "sample")
    assert [cell.value for cell in samples[:6]] == list(SAMPLES)
    assert {cell.data_type for cell in genes + samples} == {"s"}
    assert column(book["hi_vs_na"], "entrez_id")[0].value == "1000"


def test_no_sheet_holds_a_formula_or_a_date(study, book):
    for sheet in book:
        assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} <= {
            "s",
            "n",
            "b",
        }
    with zipfile.ZipFile(study.report / "workbook.xlsx") as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist())


def test_numbers_are_those_of_the_table(study, book):
    table = read_text_table(study.paths["contrast_tables"][0])
    sheet = book["hi_vs_na"]
    assert [cell.value for cell in sheet[1]] == ["gene", *table.columns]
    for name in ("base_mean", "log2_fold_change", "pvalue", "padj", "lfc_shrunken", "mean_NA"):
        written = [np.nan if cell.value is None else cell.value for cell in column(sheet, name)]
        expected = table[name].where(table[name] != "", "nan").astype(float)
        np.testing.assert_allclose(written, expected, rtol=5e-6)
        assert max(len(f"{number:.15g}".split("e")[0].replace(".", "").strip("-0")) for number in written) <= 6
    assert column(sheet, "padj")[0].number_format == "0.00E+00"
    assert column(sheet, "na_reason")[55].value == "low_mean"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (1000, "Every tested gene, by adjusted p-value, of Wald tests; positive"),
        ("all", "Every tested gene, by adjusted p-value, of Wald tests; positive"),
        (45, "The first 45 of 60 genes, by adjusted p-value, of Wald tests; positive"),
        (0, "genes, by adjusted p-value, of Wald tests; positive"),
    ],
)
def test_called_genes_are_all_there_and_come_first(study, tmp_path, rows, words):
    path = tmp_path / "book.xlsx"
    report = study.settings["report"] | {"workbook_rows": rows}
    write(replace(study, settings=study.settings | {"report": report}), path)
    book = openpyxl.load_workbook(path)
    table = read_text_table(study.paths["contrast_tables"][0])
    padj = table["padj"].where(table["padj"] != "", "nan").astype(float)
    called = list(table.index[padj < 0.1])
    assert 5 < len(called) < 60
    genes = [cell.value for cell in column(book["hi_vs_na"], "gene")]
    assert genes[: len(called)] == called
    assert len(genes) == (60 if rows in (1000, "all") else max(rows, len(called)))
    text = {row[0].value: row[1].value for row in book["README"].iter_rows() if row[0].value}
    assert words in text["hi_vs_na"]
    # Every gene is somewhere: also those that the sheets of contrasts leave out.
    assert {cell.value for cell in column(book["All genes"], "gene")} == set(table.index)


def test_all_genes_have_their_numbers_in_every_contrast(study, book):
    sheet = book["All genes"]
    names = list(study.settings["test"]["contrasts"])
    assert [cell.value for cell in sheet[1]] == [
        "gene",
        "symbol",
        *(f"{kind}_{n}" for n in names for kind in ("lfc", "padj")),
    ]
    for name, path in zip(names, study.paths["contrast_tables"], strict=True):
        table = read_text_table(path).loc[[cell.value for cell in column(sheet, "gene")]]
        for written, column_name in ((f"lfc_{name}", "log2_fold_change"), (f"padj_{name}", "padj")):
            expected = table[column_name].where(table[column_name] != "", "nan").astype(float)
            numbers = [np.nan if cell.value is None else cell.value for cell in column(sheet, written)]
            np.testing.assert_allclose(numbers, expected, rtol=5e-6)


def test_counts_of_called_genes_are_divided_by_size_factors(study, book):
    sheet = book["Counts of called genes"]
    tables = [read_text_table(path)["padj"] for path in study.paths["contrast_tables"]]
    smallest = pd.concat([t.where(t != "", "nan").astype(float) for t in tables], axis=1).min(axis=1)
    genes = [cell.value for cell in column(sheet, "gene")]
    assert set(genes) == set(smallest.index[smallest < 0.1])
    assert list(smallest[genes]) == sorted(smallest[genes])
    counts = pd.read_parquet(study.paths["counts"]).set_index("gene")
    factors = pd.read_csv(study.paths["size_factors"], sep="\t", index_col=0)["size_factor"]
    assert [cell.value for cell in sheet[1]] == ["gene", "symbol", *SAMPLES]
    for sample in SAMPLES:
        expected = counts.loc[genes, sample] / factors[sample]
        np.testing.assert_allclose([cell.value for cell in column(sheet, sample)], expected, atol=0.05 + 1e-9)


def test_a_sheet_too_large_says_what_it_leaves_out(study, tmp_path, monkeypatch):
    from degsteps.report import result_sheets

    monkeypatch.setattr(result_sheets, "MAX_NUMBERS", 60)
    monkeypatch.setattr(result_sheets, "MAX_COUNTS", 60)
    path = tmp_path / "book.xlsx"
    assert write(study, path)["genes_with_counts"] == 10
    text = {row[0].value: row[1].value for row in openpyxl.load_workbook(path)["README"].iter_rows() if row[0].value}
    assert text["All genes"].startswith("The 15 of 60 genes, that have the smallest adjusted p-values")
    assert " genes, called in any contrast, that have the smallest" in text["Counts of called genes"]


def test_without_calls_there_are_no_counts_and_one_whole_contrast_needs_no_sheet_of_all(study, tmp_path):
    path = tmp_path / "book.xlsx"
    (name, contrast), *_ = study.settings["test"]["contrasts"].items()
    test = study.settings["test"] | {"contrasts": {name: contrast}, "alpha": 1e-300}
    write(replace(study, settings=study.settings | {"test": test}), path)
    assert openpyxl.load_workbook(path).sheetnames[3:6] == ["hi_vs_na", "Samples", "Accountability"]


def test_sheets_can_be_read_and_sorted(book):
    sheet = book["hi_vs_na"]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert sheet.auto_filter.ref.endswith("61")
    conditions = [rule.formula[0] for rules in sheet.conditional_formatting for rule in rules.rules]
    assert len(conditions) == 3
    # A blank cell counts as 0: without this, genes without a p-value would look significant.
    assert all("ISNUMBER" in condition and "<0.1" in condition and ">=1.0" in condition for condition in conditions)


def test_readme_explains_sheets_and_columns(study, book):
    text = {row[0].value: row[1].value for row in book["README"].iter_rows() if row[0].value}
    for name in [*book.sheetnames[1:], *[cell.value for cell in book["hi_vs_na"][1]]]:
        assert text[name], name
    assert "a.second-contrast_with_a_name_that_is_too_long_for_a_sheet" in text[book.sheetnames[4]]
    assert text["scanpy"] == "1.11.5"
    assert "by adjusted p-value, of Wald tests; positive" in text["hi_vs_na"]
    assert text["padj"] == "p-value adjusted for testing many genes (Benjamini and Hochberg)."


def test_readme_names_the_test_and_the_adjustment_that_were_used(study, tmp_path):
    test = study.settings["test"]
    nested = {name: contrast | {"reduced": "~ site"} for name, contrast in test["contrasts"].items()}
    chosen = {"contrasts": nested, "engine": "voom", "adjustment": "by"}
    path = tmp_path / "book.xlsx"
    write(replace(study, settings=study.settings | {"test": test | chosen}), path)
    text = {row[0].value: row[1].value for row in openpyxl.load_workbook(path)["README"].iter_rows() if row[0].value}
    assert "of moderated F tests against the design ~ site; positive" in text["hi_vs_na"]
    assert "(Benjamini and Yekutieli)" in text["padj"]
    assert "weighted least squares" in text["log2_fold_change"]
    assert "Wald" not in text["stat"] + text["pvalue"]


def test_samples_show_only_columns_that_are_used(book):
    header = [cell.value for cell in book["Samples"][1]]
    assert {"dose", "site", "age"} <= set(header)
    assert "date_of_birth" not in header
    assert header.count("status") == 1
    assert column(book["Samples"], "rle_median")[0].number_format == "0.000"
    ages = column(book["Samples"], "age")
    assert ages[0].value == 31
    assert ages[0].data_type == "n"


def test_same_results_same_bytes(study, tmp_path):
    paths = [tmp_path / "a.xlsx", tmp_path / "b.xlsx"]
    for path in paths:
        write(study, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


# ---- names and limits


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "A", "a"], ["a", "A~2", "a~3"]),
        (["x/y:z", "x?y*z"], ["x_y_z", "x_y_z~2"]),
        (["History", "''"], ["History~2", "sheet"]),
        (["a" * 40], ["a" * 15 + "~" + "a" * 15]),
    ],
)
def test_sheet_names(names, expected):
    assert workbook.sheet_names(names) == expected


def test_sheet_names_are_legal_and_unique():
    long = [f"treatment_{dose}_against_control_in_cells_{cell}" for dose in range(20) for cell in range(20)]
    names = workbook.sheet_names([*long, "Samples", "README"], taken=["Samples", "README"])
    assert len({name.casefold() for name in names}) == len(names) == 402
    assert max(map(len, names)) <= 31
    assert not {"Samples", "README"} & set(names)


def test_too_many_rows_are_refused():
    workbook.require_fits("x", 1_048_575)
    with pytest.raises(DataError, match="1,048,576 rows do not fit"):
        workbook.require_fits("x", 1_048_576)


def test_infinite_numbers_do_not_stop_the_sheet(study, tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "x.xlsx", {"constant_memory": True}) as book:
        form = book.add_format()
        sheet = Sheet("s", "", pd.DataFrame({"stat": [np.inf, 1.0]}, index=pd.Index(["g", "h"], name="gene")))
        workbook._write_sheet(book, sheet, dict.fromkeys(("fold", "general"), form), {"header": form})
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["s"]
    assert [cell.value for cell in column(sheet, "stat")] == ["inf", 1]
