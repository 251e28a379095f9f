"""Inputs that stall, fill memory or crash a library: each is refused within seconds, with place, cause and cure."""

import gzip
import os
import signal
import time
import zipfile

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.bounded import Bounds, ExhaustedError, bounded
from degsteps.basics.errors import ConfigError, DataError, Finding
from degsteps.config.reading import read_schema, read_yaml, schema_problems
from degsteps.design.contrasts import ContrastError
from degsteps.design.formula import FormulaError, parse_formula
from degsteps.design.group_expressions import parse_expression
from degsteps.ingest.readers.containers import read_parquet, read_xlsx
from degsteps.ingest.readers.raw import Reading
from degsteps.inputs.cells import inspection
from degsteps.inputs.cells.opening import CellsError
from degsteps.inputs.cells.sources import CellSource
from degsteps.inputs.plain_text import LONGEST_LINE, TextError
from degsteps.inputs.scan import lines, scan_counts, scan_faults
from degsteps.inputs.sheet import inspect_sheet
from degsteps.inputs.sources import Located, Source


@pytest.fixture(autouse=True)
def no_stall():
    """End a test that stalls."""

    def late(*_):
        pytest.fail("takes more than a minute")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)


# ---- configuration

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
YAML = {
    "aliases": (LAUGHS, "line 5: is not valid YAML: it stands for more than 100,000 values"),
    "aliases of mappings": (LAUGHS.replace("[x,", "[{k: x},"), "stands for more than 100,000 values"),
    "alias within itself": ("a: &a [*a]\n", "line 1: is not valid YAML: an alias stands within what it names"),
    "brackets": ("a: " + "[" * 2000 + "]" * 2000, "line 1: is not valid YAML: more than 40 lists and mappings"),
    "open brackets": ("a: " + "[" * 20_000, "line 1: is not valid YAML: more than 40 lists"),
    "braces": ("a: " + "{b: " * 2000 + "}" * 2000, "more than 40 lists and mappings"),
    "dashes": ("a:\n" + "- " * 2000 + "x\n", "more than 40 lists and mappings"),
    "long number": (f"version: {'9' * 5000}\n", "is written like a number or a date, and is none"),
    "no date": ("version: 2026-13-45\n", "line 1: is not valid YAML: '2026-13-45' is written like a number or a date"),
    "many values": ("a: [" + "1," * 200_000 + "1]\n", "it stands for more than 100,000 values"),
    "large": ("# " + "x" * 5_000_000, "is larger than 4 MB, and no configuration"),
}


@pytest.mark.parametrize("name", YAML)
def test_a_configuration_that_never_ends_is_refused(name, tmp_path):
    text, message = YAML[name]
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_yaml(path)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 600


def test_aliases_that_stand_for_little_are_read(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: &a [1, 2]\nb: *a\nc: {d: *a}\n")
    assert read_yaml(path) == {"a": [1, 2], "b": [1, 2], "c": {"d": [1, 2]}}


VALUES = {"list": ["x" * 100] * 5000, "mapping": {f"k{n}": "x" * 50 for n in range(5000)}, "text": "x" * 100_000}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("key", ["version", "title", "design", "ingest"])
def test_messages_show_the_beginning_of_a_value(key, value):
    content = {"version": "1.0", "title": "t", key: VALUES[value]}
    for problem in schema_problems(content, read_schema("analysis"), "a.yaml")[:20]:
        assert len(str(problem)) < 2000


LONG = " * ".join(f"f{number}" for number in range(15))
FORMULAS = {
    LONG: "more than 500 terms",
    "(" * 2000 + "a" + ")" * 2000: "is the 51th parenthesis within another",
    "(" + " + ".join(f"f{number}" for number in range(400)) + ")**9": "more than 500 terms",
    " + ".join(f"f{number}" for number in range(600)): "more than 500 terms",
    " + ".join(["a"] * 20_000): "has 79,999 characters",
    ":".join(f"({' + '.join(f'f{n}_{m}' for n in range(40))})" for m in range(4)): "more than 500 terms",
}


@pytest.mark.parametrize("formula", FORMULAS, ids=range(len(FORMULAS)))
def test_a_formula_without_end_is_refused_at_once(formula):
    begin = time.process_time()
    with pytest.raises(FormulaError, match=FORMULAS[formula]):
        parse_formula(f"~ {formula}")
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("text", ["(" * 2000 + "a" + ")" * 2000, "-" * 5000 + "a", "mean(" * 2000 + "a" + ")" * 2000])
def test_an_expression_without_end_is_refused(text):
    with pytest.raises(ContrastError, match="stands within more than 50 others"):
        parse_expression(text, {"f": ("a", "b")})


# ---- text


def faults(path):
    return " ".join(map(str, scan_counts(path, cache=None).faults))


def test_a_sheet_behind_little_gzip_is_refused(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_bytes(gzip.compress(b"sample\tx\n" + b"s\t" + b"a" * 60_000_000))
    sheet, found = inspect_sheet(path, "sample")
    assert sheet is None
    assert any(word in found[0].what for word in ("unpacks to more than 500 times", "is longer than 32 MB"))


SHEETS = {
    "cells": (b"sample\tx\n" + b"\t\t\t\t\t\n" * 1_000_000, "has more than 5,000,000 cells"),
    "a cell": (b"sample\tx\ns1\t" + b"a" * 200_000 + b"\n", "has a cell of more than 131,072 characters"),
    "size": (b"sample\tx\n" + (b"s\t" + b"a" * 100 + b"\n") * 700_000, "is more than 67 MB of text"),
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_has_bounds(name, tmp_path):
    content, message = SHEETS[name]
    path = tmp_path / "samples.tsv"
    path.write_bytes(content)
    sheet, (fault,) = inspect_sheet(path, "sample")
    assert sheet is None
    assert message in fault.what


def test_a_matrix_of_one_endless_line_is_refused(tmp_path):
    path = tmp_path / "counts.tsv"
    path.write_bytes(b"gene\ts1\ts2\ng1\t1\t" + b"2" * (LONGEST_LINE + 10))
    assert "line 2: is longer than 32 MB" in faults(path)
    path.write_bytes(b"gene\t" + b"\t".join([b"s"] * 1_100_000) + b"\ng1\t1\n")
    assert "the header has more than 1,000,000 columns" in faults(path)
    path.write_bytes(b"gene\ts1\ts2\n" + b"g" * 200_000 + b"\t1\t2\n")
    assert "line 2: has a cell of more than 131,072 characters" in faults(path)
    path.write_bytes(b'gene\ts1\ts2\n"' + b"g" * 200_000 + b'","\t1\t2\n')
    assert "line 2: " in faults(path)


def test_a_matrix_behind_little_gzip_is_refused(tmp_path):
    path = tmp_path / "counts.tsv.gz"
    names = "\t".join(f"s{number}" for number in range(20_000)).encode()
    path.write_bytes(gzip.compress(b"gene\t" + names + b"\n" + (b"g" + b"\t0" * 20_000 + b"\n") * 1500, 6))
    assert os.path.getsize(path) < 120_000
    assert "unpacks to more than 500 times its size" in faults(path)


def test_a_table_of_too_many_rows_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "_MOST_ROWS", 1000)
    path = tmp_path / "counts.tsv"
    path.write_text("gene\t" + "\t".join(f"s{n}" for n in range(1000)) + "\n" + ("g" + "\t1" * 1000 + "\n") * 2000)
    assert "has more than 1,000 rows" in faults(path)


def test_long_numbers_are_no_counts_and_messages_are_short(tmp_path):
    path = tmp_path / "counts.tsv"
    path.write_text("gene\ts1\ts2\ng1\t1\t" + "9" * 5000 + "\ng2\t1\t2\n")
    scan = scan_counts(path, cache=None)
    (fault,) = scan_faults(scan)[0]
    assert len(str(fault)) < 500


# ---- binary formats


def reading(path, form):
    return Reading(Source("", str(path), ""), Located(form, [str(path)]))


def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path):
    path = tmp_path / "counts.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", "<workbook/>")
        book.writestr("xl/worksheets/sheet1.xml", b"0" * 20_000_000)
    with pytest.raises(DataError, match=r"its part 'xl/worksheets/sheet1\.xml' unpacks from .* to 20,000,000 bytes"):
        read_xlsx(reading(path, "xlsx"))


def test_a_cell_far_away_does_not_fill_the_sheet(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for row in (["gene", "s1", "s2"], *([f"g{n}", n, 2 * n] for n in range(1, 30))):
        book.active.append(row)
    book.save(tmp_path / "sound.xlsx")
    book.active["XFD1048576"] = 1
    book.save(tmp_path / "far.xlsx")
    found = read_xlsx(reading(tmp_path / "sound.xlsx", "xlsx")).counts
    assert found["s2"].tolist() == [2 * n for n in range(1, 30)]
    with pytest.raises(DataError) as caught:
        read_xlsx(reading(tmp_path / "far.xlsx", "xlsx"))
    assert len(str(caught.value)) < 1000


def test_a_table_of_parquet_that_tells_of_too_many_rows_is_refused(tmp_path, monkeypatch):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "counts.parquet"
    pq.write_table(pa.table({"gene": ["g"] * 1000, "s1": [1] * 1000}), path)
    monkeypatch.setattr("degsteps.ingest.readers.containers._MOST_CELLS", 1999)
    with pytest.raises(DataError, match="says that it holds 1,000 rows and 2 columns"):
        read_parquet(reading(path, "parquet"))


# ---- work in a process of its own


def stall():
    end = time.monotonic() + 60
    while time.monotonic() < end:
        pass


def wait():
    time.sleep(60)


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def fill():
    return np.ones(10**9)


def leave():
    os._exit(3)


ENDINGS = {
    stall: ("takes more than 0.5 seconds", False),
    wait: ("takes more than 0.1 seconds", False),
    fill: ("takes more than 600 MB of memory", False),
    crash: (r"ends the program \(SIGSEGV\)", True),
    leave: (r"ends the program \(code 3\)", True),
}


@pytest.mark.parametrize("work", ENDINGS, ids=lambda work: work.__name__)
def test_the_end_of_a_process_is_a_sentence(work):
    what, is_crash = ENDINGS[work]
    bounds = Bounds({stall: 0.5, wait: 0.1}.get(work, 20), 600)
    with pytest.raises(ExhaustedError, match=what) as caught:
        bounded(work, bounds=bounds)
    assert caught.value.is_crash == is_crash


def test_work_may_wait_and_large_files_may_take_longer(tmp_path):
    assert bounded(nap, bounds=Bounds(0.2, 600)) == "done"
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2 * 10**9)
    assert Bounds(20, 1000).for_files([tmp_path / "large", tmp_path]) == Bounds(120, 3000)


def test_memory_that_was_there_before_does_not_count():
    held = np.ones(4 * 10**7)  # 320 MB
    assert bounded(nap, bounds=Bounds(20, 100)) == "done"
    assert held[0] == 1


def nap():
    time.sleep(0.5)
    return "done"


def test_results_and_errors_come_back():
    frame = pd.DataFrame({"a": [1, 2]})
    pd.testing.assert_frame_equal(bounded(frame.copy, bounds=Bounds(20, 1000)), frame)
    with pytest.raises(ZeroDivisionError):
        bounded(divmod, 1, 0, bounds=Bounds(20, 1000))
    with pytest.raises(DataError, match="a file: what"):
        bounded(raises, bounds=Bounds(20, 1000))


class OddError(Exception):
    """One that cannot be made again from its text."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TextError("a.tsv", Finding("line 1", "is odd.", "Mend it.")), TextError),
        (CellsError("a.h5ad", Finding("", "is odd.", "Mend it.")), CellsError),
        (KeyError("a"), KeyError),
        (OddError("is odd.", "Mend it."), RuntimeError),
        (ValueError(lambda: 0), RuntimeError),
    ],
)
def test_errors_of_all_kinds_come_back(error, kind):
    def work():
        raise error

    with pytest.raises(kind) as caught:
        bounded(work, bounds=Bounds(20, 1000))
    assert type(caught.value) is kind
    if kind is not RuntimeError:
        assert str(caught.value) == str(error)


def raises():
    raise DataError("a file: what is wrong. What to do.")


#: By what goes wrong while a file of cells is looked at: what is said of it.
DAMAGES = {
    stall: "it takes more than 1 seconds",
    crash: "it ends the program (SIGSEGV)",
    raises: "a file: what is wrong",
}


@pytest.mark.parametrize("damage", [stall, crash], ids=lambda work: work.__name__)
def test_a_file_of_cells_that_breaks_its_library_is_a_fault_of_the_file(damage, monkeypatch, tmp_path):
    path = tmp_path / "cells.h5ad"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    monkeypatch.setattr(inspection, "_header", lambda source: damage())
    monkeypatch.setattr(inspection, "CHECK", Bounds(1, 1000))
    (fault,) = inspection.read_header(CellSource("", str(path)), cache=None).faults
    assert DAMAGES[damage] in fault.what
    assert "copy or download it again" in fault.cure


@pytest.mark.long
def test_a_damaged_file_of_cells_is_no_traceback(tmp_path, monkeypatch):
    """Blocks of zeros in an h5ad: HDF5 stalls on some, and raises errors of all kinds on others."""
    import anndata

    monkeypatch.setattr(inspection, "CHECK", Bounds(5, 1000))
    rng = np.random.default_rng(0)
    obs = pd.DataFrame({"donor": pd.Categorical(rng.choice(list("abc"), 50))}, index=[f"c{n}" for n in range(50)])
    cells = anndata.AnnData(rng.poisson(1, (50, 20)).astype("float32"), obs=obs)
    path = tmp_path / "cells.h5ad"
    cells.write_h5ad(path)
    sound = path.read_bytes()
    said = []
    for place in rng.integers(512, min(len(sound), 8000), 8):
        damaged = bytearray(sound)
        damaged[place : place + 64] = bytes(64)
        path.write_bytes(damaged)
        said += inspection.read_header(CellSource("", str(path)), cache=None).faults
    assert said
    assert all(fault.what and fault.cure for fault in said)
