"""Permuted labels keep every crosstab, hide something in every stratum, and come back with the key and only with it."""

import json
import random
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from degsteps.basics.errors import ConfigError, DataError
from degsteps.provenance import blinding


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a test must repeat


@pytest.fixture
def columns():
    return {
        "sample": [f"P{number:02d}" for number in range(1, 13)],
        "arm": ["drug", "placebo", "drug", "placebo"] * 3,
        "site": ["A"] * 4 + ["B"] * 8,
        "note": ["got the drug", "no"] * 6,
    }


def test_crosstab_stays_and_what_could_tell_is_left_out(columns):
    permutations = set()
    for seed in range(30):
        masked = blinding.permuted_labels(columns, "sample", ["arm"], ["site"], seeded(seed))
        assert list(masked) == ["sample", "arm", "site"]
        assert masked["sample"] == columns["sample"]
        pairs = (Counter(zip(c["arm"], c["site"], strict=True)) for c in (masked, columns))
        assert next(pairs) == next(pairs)
        permutations.add(tuple(masked["arm"]))
    assert len(permutations) > 20


def test_columns_are_permuted_together(columns):
    columns["dose"] = ["5", "0", "10", "0"] * 3
    masked = blinding.permuted_labels(columns, "sample", ["arm", "dose"], ["site"], seeded(1))
    pairs = set(zip(masked["arm"], masked["dose"], strict=True))
    assert pairs == {("drug", "5"), ("placebo", "0"), ("drug", "10")}


def test_what_cannot_be_masked_is_refused(columns):
    columns["donor"] = columns["sample"]
    with pytest.raises(DataError, match=r"samples P01: have the same labels .* fewer columns under --within"):
        blinding.permuted_labels(columns, "sample", ["arm"], ["donor"], seeded(1))
    columns["sample"][2] = "Drug_3"
    with pytest.raises(DataError, match="samples Drug_3: their ids tell their arm"):
        blinding.permuted_labels(columns, "sample", ["arm"], ["site"], seeded(1))


def test_key_gives_the_labels_back_for_its_own_sheet_only(columns, tmp_path):
    masked = blinding.permuted_labels(columns, "sample", ["arm"], ["site"], seeded(1))
    sheet, key = tmp_path / "blinded.tsv", tmp_path / "key.json"
    sheet.write_text(blinding.sheet_text(masked))
    key.write_text(json.dumps(blinding.key_content(columns, "sample", ["arm"], sheet.read_text())))
    samples = pd.read_csv(sheet, sep="\t", dtype=str).set_index("sample").iloc[::-1]
    true = blinding.unblinded(samples, [key], [(sheet, "")])
    assert list(true["arm"]) == columns["arm"][::-1]
    assert list(true["site"]) == columns["site"][::-1]
    sheet.write_text(sheet.read_text() + "\n")
    with pytest.raises(DataError, match=r"is not the key of .* or the sheet was edited since"):
        blinding.unblinded(samples, [key], [(sheet, "")])


def test_every_site_has_a_key_and_its_own_sample_ids(columns, tmp_path):
    keys, sheets = [], []
    for place, site in enumerate(("oslo", "lyon")):
        own = columns | {"arm": columns["arm"] if place == 0 else columns["arm"][::-1]}
        masked = blinding.permuted_labels(own, "sample", ["arm"], ["site"], seeded(place + 1))
        sheet, key = tmp_path / f"{site}.tsv", tmp_path / f"{site}.json"
        sheet.write_text(blinding.sheet_text(masked))
        key.write_text(json.dumps(blinding.key_content(own, "sample", ["arm"], sheet.read_text())))
        keys.append(key)
        sheets.append((sheet, f"{site}_"))
    samples = pd.DataFrame(index=[f"{site}_{sample}" for site in ("oslo", "lyon") for sample in columns["sample"]])
    true = blinding.unblinded(samples, keys[::-1], sheets)
    assert list(true["arm"]) == [*columns["arm"], *columns["arm"][::-1]]
    with pytest.raises(DataError, match=r"lyon\.tsv: no key of it is given"):
        blinding.unblinded(samples, keys[:1], sheets)
    sheets[1][0].write_bytes(sheets[0][0].read_bytes())
    with pytest.raises(DataError, match="cannot be told apart"):
        blinding.unblinded(samples, keys, sheets)


def test_keys_are_compared_with_the_sheets_before_any_job(columns, tmp_path, monkeypatch):
    masked = blinding.permuted_labels(columns, "sample", ["arm"], ["site"], seeded(1))
    sheet, key = tmp_path / "blinded.tsv", tmp_path / "key.json"
    sheet.write_text(blinding.sheet_text(masked))
    key.write_text(json.dumps(blinding.key_content(columns, "sample", ["arm"], sheet.read_text())))
    sites = {site: {"counts": "c.tsv", "samples": str(tmp_path / f"{site}.tsv")} for site in ("oslo", "lyon")}
    (tmp_path / "oslo.tsv").write_bytes(sheet.read_bytes())
    (tmp_path / "lyon.tsv").write_text(sheet.read_text().replace("P0", "Q0"))
    analysis = {
        "file": "trial.yaml",
        "blinding": {"columns": ["arm"], "key": [str(key)]},
        "plan": {"lock": "plan.lock"},
        "ingest": {"sites": sites, "same_ids": "prefix", "ignore_columns": []},
    }
    monkeypatch.setattr(blinding, "read_plan", lambda path: {"code": {}})
    found = blinding.unblinding_problems({"trial": str(key)}, {"trial": analysis})
    assert [str(problem) for problem in found] == [
        f"{tmp_path / 'lyon.tsv'}: no key of it is given. Name the key of every site's sheet."
    ]


@pytest.mark.parametrize(
    "key", ["key.json", "results/x/key.json", "./given/../key.json", "out/key.json", "../project/key.json", "absolute"]
)
def test_key_is_not_kept_in_the_project(key, tmp_path, monkeypatch):
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (project / "out").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(project)
    path = project / "key.json" if key == "absolute" else Path(key)
    with pytest.raises(ConfigError, match="must not lie in the folder of the project"):
        blinding.require_outside(path)
    for other in ("../key.json", tmp_path / "elsewhere" / "key.json", "../projects.json"):
        blinding.require_outside(Path(other))
