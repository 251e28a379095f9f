"""Whose sample: simulated people with a known truth, and every exchange of two airway samples."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from degsteps.qc.relatedness import compare_persons, persons_verdict, removed_terms
from degsteps.transform.transformation import transformed_counts
from tests.conftest import REPO

MODEL = {"formula": "~ subject + visit", "factors": {}, "covariates": {}}


def people(n_subjects=6, n_visits=3, person=1.0, seed=0, n_genes=3000, batch=0.0):
    """Log-scale values of people at several visits: 5 % of the genes differ between them, 10 % between visits."""
    generator = np.random.default_rng(seed)
    n = n_subjects * n_visits
    subject, visit = np.repeat(np.arange(n_subjects), n_visits), np.tile(np.arange(n_visits), n_subjects)
    values = generator.normal(8, 2, (n_genes, 1)) + generator.normal(0, 0.3, (n_genes, n))
    own = generator.normal(0, person, (n_genes // 20, n_subjects))
    values[: n_genes // 20] += own[:, subject]
    values[500:800] += generator.normal(0, 1, (300, n_visits))[:, visit]
    values[1000:2000] += batch * generator.normal(0, 1, (1000, 1)) * generator.permutation(np.arange(n) % 2)
    names = [f"S{k}" for k in range(n)]
    sheet = pd.DataFrame({"subject": [f"p{k}" for k in subject], "visit": visit.astype(str)}, index=names)
    return pd.DataFrame(values, columns=names), sheet


def compared(values, sheet, model=MODEL, extra=(), masked=()):
    terms = removed_terms(sheet, sheet["subject"], model, extra, masked)
    return compare_persons(values, sheet, sheet["subject"], terms, model)


@pytest.mark.parametrize("seed", range(5))
def test_right_labels_raise_no_alarm(seed):
    found = compared(*people(n_subjects=3 + seed, n_visits=2 + seed % 3, seed=seed))
    assert set(found.table["status"]) == {"agrees"}
    assert persons_verdict(found)[0] == "ok"


@pytest.mark.parametrize("seed", range(5))
def test_an_exchange_is_found_and_named(seed):
    values, sheet = people(n_subjects=4 + seed % 4, n_visits=3, seed=seed)
    a, b = "S1", "S8"
    sheet.loc[[a, b]] = sheet.loc[[b, a]].to_numpy()
    found = compared(values, sheet)
    assert found.exchanges == [(a, b)]
    status, _, advice = persons_verdict(found)
    assert status == "bad"
    assert "S1 with S8" in advice


@pytest.mark.parametrize("seed", range(5))
def test_a_wrong_subject_in_the_sheet_is_named(seed):
    values, sheet = people(n_subjects=4 + seed % 4, n_visits=3, seed=seed)
    sheet.loc[["S1", "S8"], "subject"] = ["p2", "p0"]
    found = compared(values, sheet)
    assert list(found.table.index[found.table["status"] == "other_subject"]) == ["S1", "S8"]
    assert set(found.table["status"]) == {"agrees", "other_subject"}
    assert found.exchanges == [("S1", "S8")]
    status, finding, _ = persons_verdict(found)
    assert status == "bad"
    assert "S1 (p2 in the sheet, like" in finding
    # One sample alone under the name of another: nothing to exchange it with.
    sheet.loc["S8", "subject"] = "p2"
    found = compared(values, sheet)
    assert list(found.table.index[found.table["status"] == "other_subject"]) == ["S1"]
    assert found.table.at["S1", "other_subject"] == "p0"
    assert "No single exchange" in persons_verdict(found)[2]


@pytest.mark.parametrize("seed", range(10))
def test_people_who_do_not_differ_cannot_be_told_apart(seed):
    """Clones: neither a clean bill nor an alarm, with right labels and with exchanged ones."""
    values, sheet = people(person=0, seed=seed, n_subjects=4 + seed % 5, n_visits=2 + seed % 2)
    sheet.loc[["S1", "S6"]] = sheet.loc[["S6", "S1"]].to_numpy()
    found = compared(values, sheet)
    assert set(found.table["status"]) == {"not_told"}
    status, finding, advice = persons_verdict(found)
    assert status == "warn"
    assert "cannot be told apart" in finding
    assert "unblinding" not in advice
    assert "the effect of arm may outweigh subjects" in persons_verdict(found, ["arm"])[2]


@pytest.mark.parametrize("seed", range(5))
def test_an_unknown_batch_raises_no_alarm(seed):
    found = compared(*people(person=0.3, batch=1.0, seed=seed))
    assert persons_verdict(found)[0] in ("ok", "warn")


def test_mixtures_and_one_person_under_two_names():
    values, sheet = people(n_subjects=8, seed=3)
    sheet.loc[["S3", "S4", "S5"], "subject"] = "p0"  # p1 was enrolled twice, as p0 and p1; p0's own are S0 to S2
    values["S9"] = np.log2((2 ** values["S9"] + 2 ** values["S12"]) / 2)
    found = compared(values, sheet)
    assert persons_verdict(found)[0] != "bad"
    values, sheet = people(n_subjects=8, seed=4)
    sheet.loc["S0", "subject"] = "p9"
    table = compared(values, sheet).table
    assert table.at["S0", "status"] == "like_other"
    assert table.at["S0", "other_subject"] == "p0"


def test_what_stands_for_the_person_is_not_taken_out():
    _, sheet = people()
    sheet["pair"] = sheet["subject"] + "x"
    sheet["site"] = ["oslo"] * 9 + ["lyon"] * 9
    sheet["number"] = [str(k % 3) for k in range(6) for _ in range(3)]
    model = MODEL | {"formula": "~ pair + site + site:number + visit"}
    terms = removed_terms(sheet, sheet["subject"], model, ["site"], [])
    assert terms.terms == (("site",), ("visit",))
    assert removed_terms(sheet, sheet["subject"], model, [], ["visit"]).terms == (("site",),)


@pytest.fixture(scope="module")
def airway():
    counts = pd.read_csv(REPO / "resources/airway/counts.tsv.gz", sep="\t", index_col=0)
    sheet = pd.read_csv(REPO / "resources/airway/samples.tsv", sep="\t", index_col=0, dtype=str)
    sheet["subject"] = sheet["cell"]
    well = counts[(counts.mean(axis=1) >= 20)]
    return transformed_counts(well, None, method="vst")[0], sheet


AIRWAY = {"formula": "~ cell + dex", "factors": {}, "covariates": {}}


def test_airway_cell_lines_agree_and_every_exchange_is_found(airway):
    values, sheet = airway
    assert set(compared(values, sheet, AIRWAY).table["status"]) == {"agrees"}
    for a, b in combinations(sheet.index, 2):
        if sheet.at[a, "cell"] == sheet.at[b, "cell"]:
            continue
        rows, labels = sheet.copy(), sheet.copy()
        rows.loc[[a, b]] = sheet.loc[[b, a]].to_numpy()
        labels.loc[[a, b], ["cell", "subject"]] = sheet.loc[[b, a], ["cell", "subject"]].to_numpy()
        for wrong in (rows, labels):
            found = compared(values, wrong, AIRWAY)
            assert persons_verdict(found)[0] == "bad"
            assert (a, b) in found.exchanges
            # Of two samples each, either the one or the other two may have been exchanged, unless treatment tells.
            assert len(found.exchanges) <= 2
