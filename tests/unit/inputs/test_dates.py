"""Dates in four languages, and the genes that spreadsheets turned into them."""

import pytest

from degsteps.inputs.dates import days_between, gene_of_date, may_be_date
from degsteps.inputs.scan import scan_counts, scan_faults

MARCH1, SEPT2, DEC1 = "MARCH1, now MARCHF1", "SEPT2, now SEPTIN2", "DEC1, now DELEC1"

# fmt: off
FORMS = {
    MARCH1: [
        "1-Mar",
        "01-Mar",
        "Mar-01",
        "Mar-1",
        "1-mar-20",
        "1-Mar-2020",
        "2020-03-01",
        "2020/03/01",
        "2020-Mar-01",
        "2020-03-01 00:00:00",
        "2020-03-01T00:00:00",
        "01.03.2023",
        "1.3.23",
        "01/03/2020",
        "3/1/2020",
        "1 March",
        "1. März",
        "01. Mrz",
        "01-Mrz-20",
        "1. Mär",
        "1-mars",
        "01-mars-20",
        "1 marzo",
        "1-mar",
        "March-1",
        "43891",
        "43891.0",
        "20200301",
        "42429",
        "Mar-2020",
    ],
    SEPT2: [
        "2-Sep",
        "Sep-02",
        "02. Sep",
        "2-sept",
        "2-sept.",
        "2-septembre",
        "2-septiembre",
        "2 September",
        "2020-09-02",
        "02.09.2020",
        "44076",
        "2-Sept-2020",
    ],
    DEC1: [
        "1-Dec",
        "Dec-01",
        "1. Dez",
        "01. Dezember",
        "1-déc",
        "1-déc.",
        "1-dic",
        "1-diciembre",
        "2021-12-01",
        "1-décembre",
        "44531",
    ],
    "SEP15, now SELENOF": ["15-Sep", "2019-09-15"],
    "OCT4, now POU5F1": ["4-Oct", "04. Okt"],
    "": ["12-Jun", "2020-05-20", "45000", "17-Mar", "31-jul", "3-ao\u00fbt"],
}
# fmt: on

GENES = [
    "TP53",
    "SEPT2",
    "MARCHF1",
    "DEC1",
    "HLA-A",
    "5S_rRNA",
    "7SK",
    "MARC-1",
    "Marker-1",
    "AC012345.1",
    "1-8U",
    "12345",
]
GENES += [
    "ENSG00000000003.15",
    "2020",
    "1007_s_at",
    "31-2",
    "99-Mar",
    "2020-13-01",
    "OCTN2-AS1",
    "MAR-AS1",
    "NM_000014.6",
]


@pytest.mark.parametrize(("form", "gene"), [(form, gene) for gene, forms in FORMS.items() for form in forms])
def test_a_date_is_the_gene_that_it_was(form, gene):
    assert may_be_date(form.encode())
    assert gene_of_date(form, is_among_words=True) == gene


@pytest.mark.parametrize("name", GENES)
def test_ids_are_no_dates(name):
    assert gene_of_date(name, is_among_words=True) is None


def scanned(folder, genes):
    path = folder / "counts.tsv"
    path.write_text("gene\ta\tb\n" + "".join(f"{gene}\t10\t12\n" for gene in genes), encoding="utf-8")
    return scan_counts(path, cache=None)


def test_every_form_among_symbols_is_noted_with_its_gene(tmp_path):
    dates = {form: gene for gene, forms in FORMS.items() for form in forms}
    scan = scanned(tmp_path, [*[f"GENE{k}" for k in range(60)], *dates])
    assert scan.date_genes == dates
    (note,) = [note for note in scan_faults(scan)[1] if "spreadsheet" in note.what]
    assert f"{len(dates)} gene ids look like gene symbols" in note.what


def test_a_single_date_is_noted_in_the_singular(tmp_path):
    (note,) = scan_faults(scanned(tmp_path, ["TP53", "KRAS", "44076"]))[1]
    assert str(note).startswith(
        f"1 gene id looks like a gene symbol that a spreadsheet turned into a date: '44076' ({SEPT2})."
    )


@pytest.mark.parametrize(
    "genes",
    [
        pytest.param([str(number) for number in range(43000, 45000, 7)], id="Entrez ids"),
        pytest.param(
            [*(str(number * 37) for number in range(1, 200)), *(f"LOC{k}" for k in range(300))], id="a mixture"
        ),
    ],
)
def test_numbers_that_are_ids_are_no_dates(genes, tmp_path):
    assert scanned(tmp_path, genes).date_genes == {}


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["2023-03-01", "2023-03-15"], [0, 14]),
        (["15.03.2023", "01.03.2023"], [14, 0]),
        (["03/01/2020", "03/15/2020"], [0, 14]),
        (["15/03/2020", "01/03/2020"], [14, 0]),
        (["1. M\u00e4rz 2020", "5-Apr-2020"], [0, 35]),
        (["03/01/2020", "03/02/2020"], None),
        (["1-Mar", "2-Mar"], None),
        (["2023-02-30", "2023-03-01"], None),
    ],
)
def test_days_are_counted_where_it_is_certain_which_they_are(texts, days):
    assert days_between(texts) == (None if days is None else dict(zip(texts, days, strict=True)))
