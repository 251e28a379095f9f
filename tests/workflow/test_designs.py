"""The designs of docs/designs.md, as they stand there, on simulated counts: what is true is found, with its size."""

import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.conftest import REPO, planned_rules, run_snakemake

pytestmark = pytest.mark.long

N_GENES = 400
CHANGED = np.arange(N_GENES) < 80
#: log2 fold changes of the changed genes, both ways.
SIZE = np.where(CHANGED, np.where(np.arange(N_GENES) % 2 == 0, 2.0, -2.0), 0.0)
OTHER = np.where((np.arange(N_GENES) >= 60) & (np.arange(N_GENES) < 140), 1.5, 0.0) * np.tile([1, 1, -1, -1], 100)


def grid(n, **factors):
    """Return a sheet with n samples of each combination of levels."""
    rows = [row for row in itertools.product(*factors.values()) for _ in range(n)]
    return {name: [row[position] for row in rows] for position, name in enumerate(factors)}


def is_(sheet, **levels):
    """Return 1 for the samples at some levels, 0 for all others."""
    return np.all([np.array(sheet[name]) == level for name, level in levels.items()], axis=0).astype(float)


ARMS = grid(5, condition=["control", "treated"])
PAIRS = grid(1, patient=[f"p{n}" for n in range(1, 7)], time=["before", "after"])
BATCHES = grid(3, batch=["b1", "b2"], condition=["control", "treated"])
DRUGS = grid(5, drug=["vehicle", "low", "high"])
CROSSED = grid(4, genotype=["wt", "ko"], treatment=["ctl", "trt"])
COURSE = grid(3, strain=["wt", "mut"], hour=["0", "2", "6"])
AGES = {"sex": ["f", "m"] * 10, "age": [str(20 + 3 * n) for n in range(20)]}
SEXES = grid(5, sex=["f", "m"], condition=["control", "treated"])
VISITS = grid(1, arm=["placebo", "verum"], number=[f"n{n}" for n in range(1, 6)], visit=["first", "last"])
IN_ARMS = grid(1, arm=["placebo", "verum"], number=[f"n{n}" for n in range(1, 6)], visit=["first", "last"])
IN_ARMS["patient"] = [f"{arm}-{number}" for arm, number in zip(IN_ARMS["arm"], IN_ARMS.pop("number"), strict=True)]
LANES = {name: [level for level in levels for _ in range(2)] for name, levels in ARMS.items()}
LANES["library"] = [f"lib{number // 2}" for number in range(20)]
DOSES = grid(5, dose=["0", "1", "4"])
TISSUES = grid(5, tissue=["brain", "heart", "liver"])
HOURS = {"arm": ["placebo", "verum"] * 15, "hour": [f"{24 * n / 29:.1f}" for n in range(30)]}
CURVE = np.sin(np.pi * np.array(HOURS["hour"], dtype=float) / 24)
#: A day that the sheet does not name, and that goes with the condition.
UNNAMED = grid(8, condition=["control", "treated"])
DAY = np.array([0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1], dtype=float)
OF_DAY = np.random.default_rng(3).normal(0, 1, N_GENES) * (np.random.default_rng(4).random(N_GENES) < 0.5)
OF_PATIENT = np.random.default_rng(2).normal(0, 1, (N_GENES, 10))


def by_patient(sheet, *names):
    """Return differences between patients that concern all genes."""
    patients = list(zip(*[sheet[name] for name in names], strict=True))
    order = list(dict.fromkeys(patients))
    return np.stack([OF_PATIENT[:, order.index(patient)] for patient in patients], axis=1)


#: name -> (sheet, log2 effects genes x samples, {contrast: its true log2 fold changes})
TRUTH = {
    "two_groups": (
        ARMS,
        np.outer(SIZE, is_(ARMS, condition="treated")),
        {"treated_vs_control": SIZE, "beyond_half": SIZE},
    ),
    "paired": (
        PAIRS,
        by_patient(PAIRS, "patient") + np.outer(SIZE, is_(PAIRS, time="after")),
        {"after_vs_before": SIZE},
    ),
    "batches": (
        BATCHES,
        np.outer(3 * OTHER, is_(BATCHES, batch="b2")) + np.outer(SIZE, is_(BATCHES, condition="treated")),
        {"treated_vs_control": SIZE},
    ),
    "three_groups": (
        DRUGS,
        np.outer(SIZE, is_(DRUGS, drug="high")) + np.outer(OTHER, is_(DRUGS, drug="low")),
        {"drug.low_vs_vehicle": OTHER, "drug.high_vs_vehicle": SIZE, "drug.high_vs_low": SIZE - OTHER, "any": None},
    ),
    "factorial": (
        CROSSED,
        np.outer(OTHER, is_(CROSSED, treatment="trt")) + np.outer(SIZE, is_(CROSSED, genotype="ko", treatment="trt")),
        {"in_wt": OTHER, "in_ko": OTHER + SIZE, "difference": SIZE, "on_average": OTHER + SIZE / 2},
    ),
    "time_course": (
        COURSE,
        np.outer(OTHER, is_(COURSE, hour="2") + is_(COURSE, hour="6"))
        + np.outer(SIZE, is_(COURSE, strain="mut", hour="6")),
        {"course": SIZE},
    ),
    "covariate": (
        AGES,
        np.outer(SIZE / 20, np.array(AGES["age"], dtype=float) - 50) + np.outer(OTHER, is_(AGES, sex="m")),
        {"age": SIZE / 20},
    ),
    "subsets": (
        SEXES,
        np.outer(SIZE, is_(SEXES, condition="treated", sex="f")),
        {"treated.women": SIZE, "treated.all": SIZE / 2, "treated.without_s1": None},
    ),
    "repeated_measures": (
        VISITS,
        by_patient(VISITS, "arm", "number")
        + np.outer(OTHER, is_(VISITS, visit="last"))
        + np.outer(SIZE, is_(VISITS, arm="verum", visit="last")),
        {"change_in_verum": OTHER + SIZE, "change_differs": SIZE},
    ),
    "subjects_in_arms": (
        IN_ARMS,
        0.3 * by_patient(IN_ARMS, "patient")
        + np.outer(OTHER, is_(IN_ARMS, visit="last"))
        + np.outer(SIZE, is_(IN_ARMS, arm="verum")),
        {"verum_vs_placebo": SIZE},
    ),
    "technical_replicates": (LANES, np.outer(SIZE, is_(LANES, condition="treated")), {"treated_vs_control": SIZE}),
    "trend": (
        DOSES,
        np.outer(SIZE, np.array(DOSES["dose"], dtype=float) / 2),
        # The slope of the line through 0, 0.5 and 2 at the places 0, 1 and 2.
        {"per_step": SIZE * np.polyfit([0, 1, 2], [0, 0.5, 2], 1)[0], "per_unit": SIZE / 2},
    ),
    "one_vs_rest": (
        TISSUES,
        np.outer(SIZE, is_(TISSUES, tissue="liver")),
        {"tissue.liver_vs_rest": SIZE, "tissue.brain_vs_rest": -SIZE / 2, "tissue.heart_vs_rest": -SIZE / 2},
    ),
    "spline": (
        HOURS,
        np.outer(OTHER, CURVE) + np.outer(SIZE, CURVE * is_(HOURS, arm="verum")),
        {"course": SIZE, "verum_at_12": OTHER + SIZE},
    ),
    "surrogates": (
        UNNAMED,
        np.outer(SIZE, is_(UNNAMED, condition="treated")) + np.outer(OF_DAY, DAY),
        {"treated_vs_control": SIZE},
    ),
}


def documented():
    """Return the blocks of the page by name."""
    page = (REPO / "docs" / "designs.md").read_text(encoding="utf-8")
    return {name: yaml.safe_load(text) for name, text in re.findall(r"```yaml (\w+)\n(.*?)```", page, flags=re.S)}


def test_every_documented_design_has_a_truth():
    assert list(documented()) == list(TRUTH)
    assert len(TRUTH) >= 12


def simulated_counts(effects, seed):
    """Return counts, genes x samples, of a dispersion of 0.03 and depths between one half and two."""
    rng = np.random.default_rng(seed)
    means = rng.lognormal(6, 0.8, N_GENES)[:, None] * rng.uniform(0.5, 2, effects.shape[1]) * 2.0**effects
    shape = 1 / 0.03
    return rng.negative_binomial(shape, shape / (shape + means))


def counts_of(name, effects, seed):
    """Return the counts of a design; lanes are halves of one library, which differ by chance alone."""
    if name != "technical_replicates":
        return simulated_counts(effects, seed)
    libraries = simulated_counts(effects[:, ::2], seed)
    first = np.random.default_rng(seed + 100).binomial(libraries, 0.5)
    return np.stack([first, libraries - first], axis=2).reshape(N_GENES, -1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which every design has been run up to the tables of its contrasts."""
    folder = tmp_path_factory.mktemp("designs")
    for place in ("given", "config/analyses"):
        (folder / place).mkdir(parents=True)
    targets = []
    for seed, (name, sections) in enumerate(documented().items()):
        sheet, effects, truths = TRUTH[name]
        ids = [f"s{number}" for number in range(1, effects.shape[1] + 1)]
        genes = [f"g{number:03d}" for number in range(N_GENES)]
        counts = pd.DataFrame(counts_of(name, effects, seed), index=pd.Index(genes, name="gene"), columns=ids)
        counts.to_csv(folder / "given" / f"{name}.counts.tsv", sep="\t")
        pd.DataFrame({"sample": ids, **sheet}).to_csv(folder / "given" / f"{name}.samples.tsv", sep="\t", index=False)
        given = {"counts": f"given/{name}.counts.tsv", "samples": f"given/{name}.samples.tsv"}
        analysis = {"version": "1.0", **sections, "ingest": given | sections.get("ingest", {})}
        (folder / "config" / "analyses" / f"{name}.yaml").write_text(yaml.safe_dump(analysis))
        targets += [f"results/{name}/1.0/07_test/{contrast}.tsv" for contrast in truths]
    targets.append("results/subsets/1.0/10_report/manifest.json")
    listed = [f"config/analyses/{name}.yaml" for name in TRUTH]
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump({"analyses": listed}))
    done = run_snakemake(folder, "--keep-going", "--", *targets)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return folder


def table_of(folder, name, contrast):
    path = folder / "results" / name / "1.0" / "07_test" / f"{contrast}.tsv"
    return pd.read_csv(path, sep="\t", index_col=0).sort_index()


CASES = [
    (name, contrast) for name, (_, _, truths) in TRUTH.items() for contrast in truths if truths[contrast] is not None
]


@pytest.mark.parametrize(("name", "contrast"), CASES)
def test_truth_is_found_with_its_size(folder, name, contrast):
    truth = TRUTH[name][2][contrast]
    table = table_of(folder, name, contrast)
    truth = truth[[int(gene[1:]) for gene in table.index]]
    called = (table["padj"] < 0.05).to_numpy()
    is_true = np.abs(truth) > 1e-9
    assert called[is_true].mean() > 0.85
    assert (called & ~is_true).sum() / called.sum() < 0.12
    slope, offset = np.polyfit(truth, table["log2_fold_change"], 1)
    assert slope == pytest.approx(1, abs=0.12)
    assert abs(offset) < 0.25 * np.abs(truth).max()
    inside = (table["lfc_lower"] < truth) & (truth < table["lfc_upper"])
    assert 0.86 < inside.mean() <= 1


def test_a_threshold_takes_genes_away(folder):
    any_change = table_of(folder, "two_groups", "treated_vs_control")
    beyond = table_of(folder, "two_groups", "beyond_half")
    assert (beyond["pvalue"] >= any_change["pvalue"] - 1e-12).all()
    pd.testing.assert_series_equal(beyond["log2_fold_change"], any_change["log2_fold_change"])


def test_omnibus_table_has_the_fold_change_of_each_level(folder):
    table = table_of(folder, "three_groups", "any")
    pairs = {level: table_of(folder, "three_groups", f"drug.{level}_vs_vehicle") for level in ("low", "high")}
    for level, single in pairs.items():
        np.testing.assert_allclose(table[f"lfc_drug[T.{level}]"], single["log2_fold_change"], rtol=1e-9, atol=1e-9)
    truth = np.abs(SIZE) + np.abs(OTHER) > 0
    called = (table["padj"] < 0.05).to_numpy()
    assert called[truth].mean() > 0.85
    assert (called & ~truth).sum() / called.sum() < 0.12


def test_excluded_sample_has_no_say_and_is_accounted_for(folder):
    root = folder / "results" / "subsets" / "1.0"
    account = pd.read_csv(root / "01_ingest" / "sets" / "without_s1" / "sample_account.tsv", sep="\t", index_col=0)
    assert list(account.index[account["status"] == "dropped"]) == ["s1"]
    assert account.at["s1", "reason"] == "excluded: RIN 2.1"
    factors = pd.read_csv(root / "03_normalize" / "sets" / "without_s1" / "size_factors.tsv", sep="\t", index_col=0)
    assert "s1" not in factors.index
    assert len(factors) == 19
    design = json.loads((root / "04_batch" / "sets" / "women" / "design.json").read_text())
    compiled = json.loads((root / "04_batch" / "sets" / "women" / "contrasts.json").read_text())
    assert design["formula"] == "~ condition"
    assert compiled["treated.women"]["groups"] == {"treated": 5, "control": 5}


def test_accounts_of_sample_sets_add_up_in_the_report(folder):
    report = folder / "results" / "subsets" / "1.0" / "10_report"
    account = pd.read_csv(report / "accountability.tsv", sep="\t")
    women = account[account["stage"] == "sample set: women"].set_index("outcome")["n"]
    assert dict(women) == {"received": 20, "dropped": 10, "kept": 10}
    assert {"filter: women", "filter: without_s1", "test: treated.women"} <= set(account["stage"])
    page = (report / "report.html").read_text(encoding="utf-8")
    assert "condition: treated against control (in women)" in page
    assert "Counts of the top genes" in page


def test_contrasts_of_one_sample_set_share_one_fit(folder):
    fits = [json.loads(path.read_text()) for path in folder.glob("results/**/fit_model.record.json")]
    tests = list(folder.glob("results/**/*.test_contrast.record.json"))
    # One fit for each design, and one more for each of two sample sets.
    assert len(fits) == len(TRUTH) + 2
    assert len(tests) == sum(len(truths) for _, _, truths in TRUTH.values()) > len(fits)
    analysis = yaml.safe_load((folder / "config" / "analyses" / "factorial.yaml").read_text())
    analysis["test"]["contrasts"]["another"] = {"expression": "ko - wt"}
    (folder / "config" / "analyses" / "factorial.yaml").write_text(yaml.safe_dump(analysis))
    target = "results/factorial/1.0/07_test/another.tsv"
    jobs = planned_rules(run_snakemake(folder, "--dry-run", "--", target))
    assert "fit_model" not in jobs
    assert jobs.count("test_contrast") == 1
