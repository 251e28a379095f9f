"""What the report says of samples, and of who they are."""

from pathlib import Path

import pandas as pd

from degsteps.qc.section import IDENTITY, QUALITY
from degsteps.sections.citations import Citations
from degsteps.sections.results import Results

SETTINGS = {"qc": {"sex_column": "sex", "subject_column": "donor"}}
SEXES = pd.DataFrame(
    {
        "in_sheet": ["f", "m"],
        "inferred": ["male", "too_few_reads"],
        "agrees": ["false", ""],
        "y_reads": ["1200", ""],
        "x_reads": ["9", ""],
        "xist_reads": ["0", ""],
        "y_share": ["0.25", ""],
    },
    index=pd.Index(["s1", "s2"], name="sample"),
)


def results_with(tables=None, facts=None, files=None):
    return Results(
        SETTINGS, [{"step": "check_identity", "facts": facts or {}}], {}, tables=tables or {}, files=files or {}
    )


def test_sex_that_contradicts_the_sheet_stands_out():
    table, hint = IDENTITY.blocks["quality"](results_with({"qc/sex.tsv": SEXES}))
    assert table.rows[0] == ("s1", "f", "male", "NO", "1,200", "9", "0", "0.2500")
    assert table.rows[1][2:5] == ("too few reads", "", "\N{EN DASH}")
    assert table.is_tall
    assert hint.style == "hint"


def test_identity_says_nothing_where_it_was_not_looked_at():
    nothing = SEXES.assign(inferred="")
    for results in (results_with(), results_with({"qc/sex.tsv": nothing})):
        assert IDENTITY.blocks["quality"](results) == []
        assert list(IDENTITY.verdicts(results)) == []
        assert IDENTITY.sentences["figures"](results, Citations()) == ""


def test_identity_is_described():
    facts = {"sexes": {"male": 1}, "subjects": {"n_genes": 500, "removed": ["batch", "site"]}}
    text = IDENTITY.sentences["figures"](results_with(facts=facts), Citations())
    assert "compared with the column sex." in text
    assert "same subject (donor)" in text
    assert "without the effects of batch and site over the 500 genes that vary most." in text


def test_verdicts_are_those_of_the_step():
    table = pd.DataFrame(
        {"status": ["warn"], "finding": ["Look."], "advice": ["There."]}, index=pd.Index(["outliers"], name="check")
    )
    (verdict,) = QUALITY.verdicts(results_with({"qc/verdicts.tsv": table}))
    assert verdict[:4] == ("outliers", "warn", "Look.", "There.")


def test_figures_have_the_order_of_the_page_and_unknown_ones_come_last():
    names = ("unknown_kind", "distances", "pca", "libraries")
    files = {f"qc/{name}.png": Path(f"{name}.png") for name in names} | {"test/dispersion.png": Path("d.png")}
    titles = [figure.title for figure in QUALITY.blocks["quality"](results_with(files=files))]
    assert titles == ["Libraries", "Distances between samples", "unknown kind"]
