"""Sample sheets as people write them."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from degsteps.basics.errors import DataError
from degsteps.inputs.sheet import detect_delimiter, matching_column, read_columns, read_sheet

ROWS = [["sample", "condition", "age"], ["S-1", "control", "31"], ["8042381", "NA", ""], ["µ 3", "None", "40"]]
COLUMNS = {"sample": ["S-1", "8042381", "µ 3"], "condition": ["control", "NA", "None"], "age": ["31", "", "40"]}


def text(mark="\t", end="\n"):
    return end.join(mark.join(row) for row in ROWS) + end


@pytest.mark.parametrize("mark", ["\t", ",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_make_no_difference(mark, end, tmp_path):
    path = tmp_path / "samples.txt"
    path.write_bytes(text(mark, end).encode())
    sheet = read_sheet(path, "sample")
    assert sheet.columns == COLUMNS
    assert sheet.delimiter == mark
    assert sheet.sample_ids == COLUMNS["sample"]
    assert sheet.lines == [2, 3, 4]
    assert sheet.notes == ()


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + text().encode(),
        gzip.compress(text().encode(), mtime=0),
        text().replace("S-1", '"S-1"').replace("control", '"control"').encode(),
        ("\n" + text() + "\n \n\t\t\n").encode(),
        "".join(f"{line}\t\t\n" for line in text().splitlines()).encode(),
        text().rstrip("\n").encode(),
    ],
    ids=["byte order mark", "gzip", "quotes", "blank lines", "empty columns", "no last line end"],
)
def test_harmless_oddities_are_read(content, tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_bytes(content)
    assert read_sheet(path, "sample").columns == COLUMNS


def test_blanks_around_cells_are_taken_away_and_reported(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text(" sample\tcondition\nA \tcontrol\nB\t\u00a0treated \n", encoding="utf-8")
    sheet = read_sheet(path, "sample")
    assert sheet.columns == {"sample": ["A", "B"], "condition": ["control", "treated"]}
    (note,) = sheet.notes
    assert note.what == "blanks around cells were taken away in 'sample', 'condition', e.g. 'A ' (line 2, sample)."


def test_line_numbers_count_blank_lines_and_line_ends_in_quotes(tmp_path):
    path = tmp_path / "samples.csv"
    path.write_text('sample,note\nA,"two\nlines"\n\nB,one\n', encoding="utf-8")
    assert read_sheet(path, "sample").lines == [2, 5]


def test_select_follows_the_given_order(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text(text(), encoding="utf-8")
    assert read_sheet(path, "sample").select(["µ 3", "S-1"])["age"] == ["40", "31"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"sample condition\nA x\n", "no tab, comma or semicolon"),
        (b"sample\tcondition\n", "no samples"),
        (b"sample\tsample\nA\tx\n", "'sample' more than once"),
        (b"\tsample\nA\tx\n", "column 1 of the header has no name"),
        (b"sample\t\tcondition\nA\tx\ty\n", "column 2 of the header has no name"),
        (b"sample\tcondition\nA\tx\ty\nB\tx\n", "line 2: has 3 cells, the header has 2"),
        (b"sample\tcondition\nA\tx\n\tx\n", "line 3: the sample id .column 'sample'. is blank"),
        (b"sample\tcondition\nA\tx\nA\tx\nA\ty\n", "lines 2, 3, 4: the sample id 'A' stands on 3 lines"),
        (b"Sample\tcondition\nA\tx\n", "Did you mean 'Sample'"),
        (b"\xd0\xcf\x11\xe0", "old Excel workbook"),
        (b"PK\x03\x04", "Excel workbook"),
        (b"<!DOCTYPE html>", "web page"),
        (b'sample\tarm\n"A\nB"\tx\n', r"line 2: the sample id .* has a control character in it .U.000A."),
        (b"BZh9", "something other than gzip"),
        (gzip.compress(b"sample\tcondition\n" * 99, mtime=0)[:20], "cut off or damaged"),
        ("sample\tcondition\nA\tgr\xfcn\n".encode("latin-1"), "line 2: is not UTF-8"),
        (text().encode("utf-16"), "UTF-16"),
        (b'sample\tcondition\nA\t"x\nB\ty\n', "line 2: a quotation mark"),
    ],
)
def test_faults_name_the_place(content, words, tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as error:
        read_sheet(path, "sample")
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize(
    ("content", "columns", "words"),
    [
        (",condition\nA,x\nB,y\n", {"sample": ["A", "B"], "condition": ["x", "y"]}, "read as 'sample'"),  # write.csv
        (
            "condition age\nA x 3\nB y 4\n",
            {"sample": ["A", "B"], "condition": ["x", "y"], "age": ["3", "4"]},
            "'sample'",
        ),
        (",id,arm\n0,A,x\n1,B,x\n", {"id": ["A", "B"], "arm": ["x", "x"]}, "numbers the rows"),  # to_csv of pandas
        (",sample,arm\n1,A,x\n2,B,x\n", {"sample": ["A", "B"], "arm": ["x", "x"]}, "numbers the rows"),
        (",arm\n1,x\n2,x\n", {"sample": ["1", "2"], "arm": ["x", "x"]}, "read as 'sample'"),
    ],
)
def test_a_first_column_without_a_name_holds_the_row_names(content, columns, words, tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text(content.replace(" ", "\t"), encoding="utf-8")
    sheet = read_sheet(path, "sample" if "sample" in columns else "id")
    assert sheet.columns == columns
    assert words in str(sheet.notes[0])


def test_all_faults_are_listed(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text("sample\tx\tx\nA\t1\nB\t2\t3\nC\n", encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_sheet(path, "sample")
    assert len(str(error.value).splitlines()) == 3


def test_a_folder_and_a_missing_file_are_told_apart(tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        read_sheet(tmp_path, "sample")
    with pytest.raises(DataError, match="no such file"):
        read_columns(tmp_path / "none.tsv")


_cell = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z", "Cf"]), max_size=8)


@given(st.lists(st.tuples(_cell, _cell), min_size=1, max_size=5), st.sampled_from("\t,;"))
def test_any_cells_survive(tmp_path_factory, cells, mark):
    """Written by the csv module with quotes where needed, read back equal."""
    import csv

    path = tmp_path_factory.mktemp("sheet") / "samples.csv"
    rows = [["sample", "a", "b"], *([f"S{number}", *pair] for number, pair in enumerate(cells))]
    with open(path, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=mark).writerows(rows)
    sheet = read_sheet(path, "sample")
    assert list(zip(sheet.columns["a"], sheet.columns["b"], strict=True)) == cells


def test_delimiters_in_quotes_do_not_count():
    assert detect_delimiter('"a,b,c"\td') == "\t"
    assert detect_delimiter("a b") is None


def test_the_column_of_ids_is_the_one_most_like_the_header():
    columns = {"run": ["1", "1", "2"], "id": ["A", "B", "C"], "other": ["X", "Y", "C"]}
    assert matching_column(columns, ["A", "B", "C", "Length"]) == "id"
    assert matching_column(columns, ["K", "L"]) is None
    assert matching_column({}, ["A"]) is None
