"""Verdicts of many contrasts: one row for each kind, how many say what first."""

import pandas as pd
import pytest

from degsteps.report.verdicts import COLUMNS, verdict_rows
from degsteps.sections.definition import Verdict

TITLES = {"p_values": "P-values", "missing": "Genes without p-value"}


def table(*verdicts):
    return pd.DataFrame(verdicts, columns=COLUMNS).set_index("check")


def p_values(number, status="ok", short="flat with a peak", advice=""):
    return Verdict(f"p_values: c{number}", status, f"Sentence {number}.", advice, short)


def test_one_of_a_kind_stays_as_it_is():
    rows = verdict_rows(table(p_values(1), Verdict("outliers", "warn", "One is.", "Look.")), TITLES)
    assert [(row["title"], row["subject"], row["finding"], row["advice"], row["parts"]) for row in rows] == [
        ("Outliers", "", "One is.", "Look.", []),
        ("P-values", "c1", "Sentence 1.", "", []),
    ]


def test_many_of_a_kind_are_one_row_with_the_gravest_first():
    verdicts = [p_values(number) for number in range(12)] + [p_values(12, "warn", "a hill", "Look at the PCA.")]
    (row,) = verdict_rows(table(*verdicts), TITLES)
    assert (row["status"], row["subject"]) == ("warn", "")
    assert row["finding"] == "A hill in c12; flat with a peak in 12 of 13."
    assert row["advice"] == "Look at the PCA."
    assert not any(part["advice"] for part in row["parts"])
    assert [part["subject"] for part in row["parts"]] == ["c12", *[f"c{number}" for number in range(12)]]
    assert row["parts"][0]["finding"] == "Sentence 12."


@pytest.mark.parametrize(
    ("verdicts", "status", "finding"),
    [
        ([p_values(1), p_values(2)], "ok", "Flat with a peak in all 2."),
        ([p_values(1, short=""), p_values(2, "bad", short="odd")], "bad", "Odd in c2; fine in c1."),
        (
            [p_values(n, "warn", "a hill") for n in range(4)] + [p_values(n) for n in range(4, 7)],
            "warn",
            "A hill in 4 of 7; flat with a peak in c4, c5, c6.",
        ),
    ],
)
def test_words_and_counts(verdicts, status, finding):
    (row,) = verdict_rows(table(*verdicts), TITLES)
    assert (row["status"], row["finding"]) == (status, finding)


def test_findings_without_words_in_common_stay_whole():
    """Of gene sets each collection has a sentence of its own; only the fine ones are one row."""
    verdicts = [p_values(1, short=""), p_values(2, "warn", short=""), p_values(3, short="")]
    looked, fine = verdict_rows(table(*verdicts), TITLES)
    assert (looked["subject"], looked["finding"], looked["parts"]) == ("c2", "Sentence 2.", [])
    assert (fine["subject"], fine["finding"], len(fine["parts"])) == ("", "Fine in all 2.", 2)


def test_advice_that_differs_stands_with_each():
    verdicts = [p_values(1, "warn", "a hill", "Do this."), p_values(2, "warn", "two peaks", "Do that.")]
    (row,) = verdict_rows(table(*verdicts), TITLES)
    assert row["advice"] == ""
    assert [part["advice"] for part in row["parts"]] == ["Do this.", "Do that."]


def test_blanks_of_a_table_that_was_read_are_no_words():
    read = table(p_values(1), p_values(2)).assign(short=float("nan"), advice=float("nan"))
    (row,) = verdict_rows(read, TITLES)
    assert (row["finding"], row["advice"]) == ("Fine in all 2.", "")
