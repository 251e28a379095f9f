"""Sex by the counts: the airway cell lines, one of which is a woman's, and numbers that can be reckoned by hand."""

import numpy as np
import pandas as pd
import pytest

from degsteps.qc.sex import sex_table, sex_verdict
from tests.conftest import REPO


@pytest.fixture(scope="module")
def airway():
    counts = pd.read_csv(REPO / "resources/airway/counts.tsv.gz", sep="\t", index_col=0)
    genes = pd.read_csv(REPO / "resources/genes/human.tsv.gz", sep="\t", index_col=0, keep_default_na=False)
    lines = pd.read_csv(REPO / "resources/airway/samples.tsv", sep="\t", index_col=0)["cell"]
    return counts, genes, lines


def test_one_airway_cell_line_is_of_a_woman(airway):
    table = sex_table(*airway[:2], subjects=airway[2])
    by_line = table.groupby("subject")["inferred"].agg(set).to_dict()
    assert by_line == {"N61311": {"male"}, "N052611": {"male"}, "N080611": {"male"}, "N061011": {"female"}}
    # Far from the limits, on both sides.
    assert table.loc[table["inferred"] == "male", "y_share"].min() > 0.2
    assert table.loc[table["inferred"] == "female", "y_share"].max() < 0.001
    assert sex_verdict(table)[0] == "ok"


def test_a_wrong_sheet_and_a_divided_subject_are_named(airway):
    counts, genes, lines = airway
    sexes = pd.Series("male", index=counts.columns)
    sexes["SRR1039520"] = "f"
    sexes["SRR1039508"] = ""
    exchanged = lines.copy()
    exchanged[["SRR1039508", "SRR1039520"]] = lines[["SRR1039520", "SRR1039508"]].to_numpy()
    table = sex_table(counts, genes, sexes, exchanged)
    assert table["agrees"].tolist() == ["", "true", "true", "true", "true", "true", "true", "false"]
    status, finding, advice = sex_verdict(table)
    assert status == "bad"
    assert "1 sample contradicts the sheet: SRR1039521 (male in the sheet, female here)" in finding
    assert "N061011 (SRR1039508 male, SRR1039521 female)" in finding
    assert "swapped" in advice


def test_a_mixture_and_a_shallow_library_are_unclear(airway):
    counts, genes, _ = airway
    mixed = counts.assign(
        SRR1039508=(counts["SRR1039508"] + counts["SRR1039521"]) // 2, SRR1039509=counts["SRR1039509"] // 5000
    )
    table = sex_table(mixed, genes)
    assert table["inferred"].tolist()[:3] == ["both", "too_few_reads", "male"]
    status, finding, _ = sex_verdict(table)
    assert status == "warn"
    assert "SRR1039508: signs of both" in finding
    assert "SRR1039509: too few reads" in finding


GENES = {
    "g1": ("Ddx3y", "chrY"), "g2": ("Ddx3x", "chrX"), "g3": ("Xist", "chrX"), "g4": ("Actb", "chr5"),
    "g5": ("Eif2s3y", "chrY"), "g6": ("Eif2s3x", "chrX"), "g7": ("Uty", "chr9"), "g8": ("Kdm6a", "chrX"),
}  # fmt: skip


def mouse(**columns):
    annotation = pd.DataFrame.from_dict(GENES, orient="index", columns=["symbol", "chrom"])
    return pd.DataFrame(columns, index=pd.Index(list(GENES), name="gene")), annotation


def test_mouse_symbols_by_hand():
    # A gene called Uty on chromosome 9 is no gene of the Y chromosome: its 9,999 reads do not count.
    counts, annotation = mouse(
        m=[300, 1000, 0, 5, 200, 2000, 9999, 7],
        f=[1, 1200, 400, 5, 0, 2000, 9999, 7],
        lost=[0, 1200, 0, 5, 1, 2000, 0, 7],
    )
    table = sex_table(counts, annotation, pd.Series({"m": "M", "f": "female", "lost": "male"}))
    assert table["inferred"].tolist() == ["male", "female", "neither"]
    assert table["y_reads"].tolist() == [500, 1, 1]
    assert table["x_reads"].tolist() == [3000, 3200, 3200]
    assert table["y_share"].tolist() == [round(500 / 3500, 6), round(1 / 3201, 6), round(1 / 3201, 6)]
    assert table["agrees"].tolist() == ["true", "true", ""]


def test_without_xist_y_alone_decides_and_without_symbols_nothing_does():
    counts, annotation = mouse(m=[300, 1000, 0, 5, 200, 2000, 0, 7], f=[1, 1200, 9, 5, 0, 2000, 0, 7])
    assert sex_table(counts.drop(index="g3"), annotation)["inferred"].tolist() == ["male", "female"]
    table = sex_table(counts, pd.DataFrame(index=counts.index))
    assert table["inferred"].tolist() == ["", ""]
    assert np.isnan(table["y_share"]).all()
    status, finding, advice = sex_verdict(table)
    assert status == "warn"
    assert "cannot be told" in finding or "can be told" in finding
    assert "annotate.genes" in advice
    # Ids that are symbols need no table.
    by_symbol = counts.set_axis([symbol for symbol, _ in GENES.values()], axis=0)
    assert sex_table(by_symbol, pd.DataFrame(index=by_symbol.index))["inferred"].tolist() == ["male", "female"]


@pytest.mark.parametrize(
    ("ddx3y", "xist", "inferred"), [(300, 1, "male"), (300, 5, "both"), (2, 0, "female"), (5, 0, "both")]
)
def test_single_stray_reads_of_a_shallow_sample_are_no_trace(ddx3y, xist, inferred):
    counts = pd.DataFrame({"s1": {"DDX3Y": ddx3y, "DDX3X": 250, "XIST": xist}})
    assert sex_table(counts, pd.DataFrame(index=counts.index)).loc["s1", "inferred"] == inferred


@pytest.mark.parametrize(
    ("y", "x", "xist", "inferred"),
    [
        # Share of Y: present from 3 %, absent up to 0.5 %, a mixture in between.
        (300, 9700, 0, "male"),
        (299, 9701, 0, "both"),
        (51, 9949, 1000, "both"),
        (50, 9950, 1000, "female"),
        # XIST per read of the X genes: present from 0.2 %, absent beside Y up to 0.05 %.
        (0, 10_000, 20, "female"),
        (0, 10_000, 19, "neither"),
        (700, 20_000, 11, "both"),
        (700, 20_000, 10, "male"),
        # Reads from which something can be told at all, and from which the lack of XIST means something.
        (0, 199, 50, "too_few_reads"),
        (0, 200, 0, "female"),
        (0, 2499, 0, "female"),
        (0, 2500, 0, "neither"),
    ],
)
def test_limits(y, x, xist, inferred):
    counts = pd.DataFrame({"s1": {"DDX3Y": y, "DDX3X": x, "XIST": xist}})
    assert sex_table(counts, pd.DataFrame(index=counts.index)).loc["s1", "inferred"] == inferred


def test_a_sample_without_reads_of_these_genes_has_no_shares():
    counts = pd.DataFrame({"s1": {"DDX3Y": 0, "DDX3X": 0, "XIST": 0}})
    table = sex_table(counts, pd.DataFrame(index=counts.index))
    assert table[["y_share", "xist_ratio"]].isna().all(axis=None)
    assert table.loc["s1", "inferred"] == "too_few_reads"


@pytest.mark.parametrize(("sexes", "subjects"), [({"m": "female", "f": ""}, None), (None, {"m": "d1", "f": "d1"})])
def test_a_wrong_sheet_alone_and_a_divided_subject_alone_are_bad(sexes, subjects):
    counts = pd.DataFrame({"m": [900, 9000, 0], "f": [0, 9000, 900]}, index=["DDX3Y", "DDX3X", "XIST"])
    in_sheet, by_sample = (None if levels is None else pd.Series(levels) for levels in (sexes, subjects))
    assert sex_verdict(sex_table(counts, pd.DataFrame(index=counts.index), in_sheet, by_sample))[0] == "bad"
