"""Every setting of a peer's files is taken over or said not to be; what excludes samples there excludes them here."""

import random
import re

import pytest
import yaml

from degsteps.config.reading import read_yaml
from degsteps.onboarding.from_nfcore import from_nfcore
from degsteps.onboarding.from_star_deseq2 import from_star_deseq2

SHEET = """\
sample,cell,dex,keep,number
S1,N61311,untrt,yes,1
S2,N61311,trt,yes,1
S3,N052611,untrt,no,2
S4,N052611,trt,yes,2
S5,"a,b",untrt,yes,01
S6,"a,b",trt,yes,01
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheet.csv").write_text(SHEET)
    (tmp_path / "config").mkdir()
    rows = [f"s{k}\t{'AB'[k % 2]}\t{'12'[k // 4]}" for k in range(8)]
    (tmp_path / "config" / "samples.tsv").write_text("sample_name\tarm\trun\n" + "\n".join(rows) + "\n")
    return tmp_path


def imported_entry(folder, entry):
    content = f"contrasts:\n  - id: x\n    comparison: [dex, untrt, trt]\n{entry}"
    (folder / "contrasts.yml").write_text(content)
    (found,) = from_nfcore("sheet.csv", "contrasts.yml", "counts.tsv")
    return found


@pytest.mark.parametrize(
    ("column", "values", "excluded"),
    [
        ("cell", '["N61311"]', "S1 S2"),
        ("cell", "[N61311, N052611]", "S1 S2 S3 S4"),
        ("cell", "N61311", "S1 S2"),
        ("cell", '"N61311;N052611"', "S1 S2 S3 S4"),
        ("cell", '"N61311, N052611"', "S1 S2 S3 S4"),
        ("cell", '["N61311;N052611"]', "S1 S2 S3 S4"),
        ("cell", '"a,b"', "S5 S6"),
        ("cell", '["a,b"]', "S5 S6"),
        ("keep", "no", "S3"),
        ("keep", "[no]", "S3"),
        ("number", "2", "S3 S4"),
        ("number", "[2.0]", "S3 S4"),
        ("number", "[01]", "S1 S2 S5 S6"),
        ("sample", "\n      - S1\n      - S4", "S1 S4"),
    ],
)
def test_samples_to_exclude_in_every_form(folder, column, values, excluded):
    entry = f"    exclude_samples_col: {column}\n    exclude_samples_values: {values}\n"
    found = imported_entry(folder, entry)
    assert sorted(found.analysis["ingest"]["exclude_samples"]) == excluded.split()
    assert "exclude_samples" not in " ".join(found.unmapped)


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        ("    exclude_samples_col: cell\n    exclude_samples_values: [N99]\n", "'N99': no sample of the sheet has it"),
        ("    exclude_samples_col: cell\n    exclude_samples_values: [N61311, N9]\n", "'N9': no sample of the sheet"),
        ("    exclude_samples_values: [N61311]\n", "'N61311': no exclude_samples_col says which column holds it"),
        ("    exclude_samples_col: cell\n", "exclude_samples_col 'cell': no exclude_samples_values are named"),
        ("    exclude_samples: [S1]\n", "contrast x: exclude_samples: there is no such setting here"),
        ("    limma_trend: true\n", "contrast x: limma_trend: there is no such setting here"),
        ("    formula: ~ dex\n", "contrast x: formula: there is no such setting here"),
    ],
)
def test_what_excludes_nothing_is_said(folder, entry, left):
    assert left in " ".join(imported_entry(folder, entry).unmapped)


def test_blocking_factors_as_text_are_names(folder):
    found = imported_entry(folder, '    blocking_factors: "cell;number"\n')
    assert found.analysis["design"]["formula"] == "~ cell + number + dex"


def test_a_table_of_contrasts_may_hold_formulas(folder):
    rows = "id,formula,make_contrasts_str,note\nx,~ cell + dex,dexuntrt,first\n"
    (folder / "contrasts.csv").write_text(rows)
    (found,) = from_nfcore("sheet.csv", "contrasts.csv", "counts.tsv")
    assert found.analysis["test"]["contrasts"]["x"] == {"factor": "dex", "test": "untrt", "reference": "trt"}
    assert "contrast x: note: there is no such setting here" in found.unmapped


STAR = """\
samples: config/samples.tsv
diffexp:
  variables_of_interest:
    arm: {base_level: B}
  batch_effects: run
  contrasts:
    x: {variable_of_interest: arm, level_of_interest: A}
"""


@pytest.mark.parametrize(
    ("added", "excluded", "left"),
    [
        ("  exclude: [s1, s2]\n", ["s1", "s2"], ""),
        ("  exclude: s1;s2\n", ["s1", "s2"], ""),
        ("  exclude:\n    - s1\n    - s99\n", ["s1"], "diffexp.exclude 's99': no sample of the sheet has it"),
        ("  exclude:\n", [], ""),
        ("  alpha: 0.1\n", [], "diffexp.alpha: there is no such setting here"),
        ("pca:\n  activate: true\n  labels: [arm, nosuch]\n", [], "pca.labels 'nosuch'"),
        ("pca:\n  activate: true\n  labels: nosuch\n", [], "pca.labels nosuch"),
    ],
)
def test_exclusions_and_others_of_star_deseq2(folder, added, excluded, left):
    (folder / "config" / "config.yaml").write_text(STAR + added)
    (found,) = from_star_deseq2("config/config.yaml", "all.tsv")
    assert list(found.analysis["ingest"].get("exclude_samples", {})) == excluded
    assert found.analysis["batch"]["columns"] == ["run"]
    assert left in " ".join(found.unmapped)


def test_pairs_of_levels_as_in_old_releases_of_star_deseq2(folder):
    text = "diffexp:\n  exclude: [s0]\n  contrasts:\n    A-vs-B: [A, B]\n  model: ~run + arm\n"
    (folder / "config" / "config.yaml").write_text(text)
    (found,) = from_star_deseq2("config/config.yaml", "all.tsv")
    assert found.analysis["test"]["contrasts"] == {"A-vs-B": {"factor": "arm", "test": "A", "reference": "B"}}
    assert found.analysis["design"]["factors"] == {"arm": {"reference": "B"}}


def is_about(names, setting):
    """Return whether a list of names accounts for a setting, one of its values, or the section that it stands in."""
    return any(
        setting == name or name.startswith(f"{setting} ") or setting.startswith((f"{name}.", f"{name}: "))
        for name in names
    )


def require_accounts(found, settings):
    """Each setting is in one of the two lists, and none in both."""
    taken = [name for each in found for name in each.taken]
    left = [name for each in found for name in each.left]
    assert not set(taken) & set(left) - {""}
    said = " ".join(line for each in found for line in (*each.mapped, *each.unmapped))
    for setting in settings:
        assert is_about(taken, setting) != is_about(left, setting) or ("exclude" in setting), setting
        assert is_about(taken, setting) or is_about(left, setting), setting
        assert any(part in said for part in re.split(r"[.:] ?", setting)[-2:]), setting


PARAMS = {
    "deseq2_fit_type": ["local", "mean", "glmGamPoi", ["local"]],
    "deseq2_sf_type": ["ratio", "iterate"],
    "deseq2_vs_method": ["vst", "rlog", "none"],
    "deseq2_vs_blind": [True, False, "yes"],
    "deseq2_shrink_lfc": [True, False],
    "deseq2_lfc_threshold": [0, 0.5, "much"],
    "deseq2_alt_hypothesis": ["greaterAbs", "lessAbs", "both"],
    "deseq2_independent_filtering": [True, False],
    "deseq2_p_adjust_method": ["BH", "BY", "hochberg"],
    "deseq2_use_t": [True],
    "differential_method": ["deseq2", "limma"],
    "differential_max_qval": [0.1, "x"],
    "differential_min_fold_change": [0, 1, 2, "two"],
    "differential_feature_id_column": ["gene"],
    "exploratory_n_features": [-1, 500],
    "filtering_min_abundance": [1],
    "gtf": ["genes.gtf", "https://example.org/a.gtf"],
    "study_type": ["rnaseq"],
    "study_name": ["x"],
    "observations_id_col": ["sample"],
    "feature_length_matrix": ["lengths.tsv"],
    "include": ["a"],
    "paramset_name": ["b"],
    "nobody_knows": [{"a": 1}],
    "empty": [None, ""],
}
ENTRY = {
    "blocking_factors": [["cell"], "cell"],
    "exclude_samples_col": ["cell", "keep", "sample"],
    "exclude_samples_values": [["N61311"], "N61311;N99", ["S1", "S99"], "no", []],
    "formula": ["~ dex"],
    "note": ["text"],
    "beside": [["a", "b"]],
}


def some_of(draw, choices):
    return {name: draw.choice(values) for name, values in choices.items() if draw.random() < 0.5}


@pytest.mark.parametrize("seed", range(150))
def test_every_setting_of_nfcore_is_in_one_of_the_two_lists(folder, seed):
    draw = random.Random(seed)  # noqa: S311
    params = some_of(draw, PARAMS)
    entries = [
        {"id": f"c{number}", "comparison": ["dex", *draw.choice([("untrt", "trt"), ("trt", "untrt")])]}
        | some_of(draw, ENTRY)
        for number in range(draw.randint(1, 3))
    ]
    (folder / "contrasts.yml").write_text(yaml.safe_dump({"contrasts": entries}))
    params |= {"input": "sheet.csv", "contrasts": "contrasts.yml", "matrix": "counts.tsv"}
    (folder / "params.yml").write_text(yaml.safe_dump(params))
    found = from_nfcore(params="params.yml")
    settings = [f"contrast {entry['id']}: {name}" for entry in entries for name in entry]
    blank = [f"contrast {e['id']}: {name}" for e in entries for name, value in e.items() if value == []]
    require_accounts(found, [setting for setting in settings if setting not in blank])
    for each in found:
        require_accounts([each], params)


STAR_CHOICES = {
    "exclude": [["s1"], "s1;s99", "s2", ["s99"]],
    "batch_effects": [["run"], "run", [""], ""],
    "model": ["~ run + arm", ""],
    "alpha": [0.1],
    "nested": [{"deep": {"deeper": 1}}],
}
STAR_CONTRASTS = {
    "a": [{"variable_of_interest": "arm", "level_of_interest": "A", "more": 1}],
    "b": ["arm_A_vs_B", "system('ls')", ["A", "B"], ["A", "Z"]],
    "c": [{"variable_of_interest": "nosuch", "level_of_interest": "A"}, {"level_of_interest": "A"}],
}


def leaves(content, prefix=""):
    if isinstance(content, dict):
        return [leaf for name, value in content.items() for leaf in leaves(value, f"{prefix}{name}.")]
    return [] if content in ("", None, [""]) else [prefix.rstrip(".")]


@pytest.mark.parametrize("seed", range(80))
def test_every_setting_of_star_deseq2_is_in_one_of_the_two_lists(folder, seed):
    draw = random.Random(seed)  # noqa: S311
    contrasts = {"sure": {"variable_of_interest": "arm", "level_of_interest": "A"}} | some_of(draw, STAR_CONTRASTS)
    diffexp = {"variables_of_interest": {"arm": {"base_level": "B"}}, "contrasts": contrasts}
    pca = {"activate": True, "labels": draw.choice([["arm"], "arm", ["arm", "nosuch"], "nosuch", ""])}
    content = {"samples": "config/samples.tsv", "diffexp": diffexp | some_of(draw, STAR_CHOICES)}
    content |= some_of(draw, {"pca": [pca], "units": ["config/units.tsv"], "ref": [{"species": "x"}], "params": [{}]})
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(content))
    assert read_yaml("config/config.yaml") == content
    found = from_star_deseq2("config/config.yaml", "all.tsv")
    settings = leaves(content)
    partly = [name for name in settings if name == "pca.labels" and content["pca"]["labels"] == ["arm", "nosuch"]]
    require_accounts(found, [name for name in settings if name not in partly])
