"""Calls that rest on one sample, subject or site: against refits, on planted outliers, and silent without any."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.single_samples import DESIGNS, STUDIES, fires, rests_of
from degsteps.sections.results import Results
from degsteps.test.section_single_units import SINGLE_UNITS, chance, unit_verdict
from degsteps.test.single_units import log_counts, resting_calls, what_calls_rest_on

SAMPLES = [f"s{place}" for place in range(8)]
GROUP = np.repeat([0.0, 1.0], 4)
DONOR = np.tile([0, 1, 2, 3], 2)
PAIRED = np.column_stack([np.ones(8), *[donor == DONOR for donor in (1, 2, 3)], GROUP]).astype(float)


def frame(values):
    return pd.DataFrame(values, index=[f"g{row}" for row in range(len(values))], columns=SAMPLES)


def refitted(values, design, weights, left_out):
    rest = [place for place in range(len(SAMPLES)) if place not in left_out]
    return values[:, rest] @ (weights @ np.linalg.pinv(design[rest]))


@pytest.mark.parametrize("design", [np.column_stack([np.ones(8), GROUP]), PAIRED])
@pytest.mark.parametrize("units", [SAMPLES, list("abcdabcd"), list("aabbccdd")])
def test_what_is_left_is_that_of_a_fit_without_the_unit(design, units):
    generator = np.random.default_rng(5)
    values = generator.normal(0, 1, (400, 8)) + np.outer(np.full(400, 1.5), GROUP)
    weights = np.eye(design.shape[1])[-1]
    whole = refitted(values, design, weights, ())
    rests = resting_calls(
        frame(values), pd.Series(whole), pd.Series(0.0, index=range(400)), design, weights, series(units)
    )
    left = {
        unit: np.sign(whole) * refitted(values, design, weights, [p for p, name in enumerate(units) if name == unit])
        for unit in dict.fromkeys(units)
    }
    table = pd.DataFrame(left)
    is_resting = (table < 0.5 * np.abs(whole)[:, None]).any(axis=1)
    # Of two samples of a pair the same is left: the one that is farther from the others of its group counts.
    far = [
        pd.DataFrame(np.abs(part - np.median(part, axis=1, keepdims=True)), columns=units[start : start + 4])
        for start in (0, 4)
        for part in [values[:, start : start + 4]]
    ]
    distance = pd.concat(far, axis=1).T.groupby(level=0).max().T
    is_least = table.le(table.min(axis=1) + 1e-8, axis=0)
    expected = distance.where(is_least).idxmax(axis=1)[is_resting].value_counts().to_dict()
    assert rests.genes == expected
    assert sum(expected.values()) > 20
    assert (rests.calls, rests.needed, rests.units) == (400, (), len(set(units)))


def series(units):
    return pd.Series(units, index=SAMPLES)


def test_a_unit_that_the_contrast_needs_is_named_and_one_outside_is_not_counted():
    design = np.column_stack([np.ones(8), [1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 1]]).astype(float)
    values, error = frame(np.ones((3, 8))), pd.Series(0.1, index=range(3))
    first = resting_calls(values, error, error, design, np.array([0.0, 1, 0]), series(SAMPLES))
    assert first.needed == ("s0",)
    assert first.units == 6
    sites = resting_calls(values, error, error, design, np.array([0.0, 0, 1]), series(list("aaaaaabb")))
    assert sites.needed == ("a", "b")


def test_a_count_that_outweighs_the_sign_of_the_logs_is_what_a_call_rests_on():
    counts = frame(np.array([[40, 40, 40, 40, 30, 30, 30, 4000]]))
    values = log_counts(counts, pd.Series(1.0, index=SAMPLES))
    values.iloc[0, 4:7] -= 4
    rests = resting_calls(
        values,
        pd.Series([4.7]),
        pd.Series([1.0]),
        np.column_stack([np.ones(8), GROUP]),
        np.array([0.0, 1.0]),
        series(SAMPLES),
    )
    assert rests.genes == {"s7": 1}


def test_shallow_libraries_do_not_look_like_large_counts():
    counts = pd.DataFrame({"deep": [100, 0], "shallow": [1, 0]}, index=["a", "b"])
    values = log_counts(counts, pd.Series({"deep": 1.0, "shallow": 0.01}))
    assert values.loc["a", "shallow"] - values.loc["a", "deep"] == pytest.approx(np.log2(150 / 100.5))
    factors = pd.DataFrame(2.0, index=["b", "a"], columns=["shallow", "deep"])
    assert log_counts(counts, factors).loc["a", "deep"] == pytest.approx(np.log2(50.25))


def test_only_calls_count_and_kinds_with_one_unit_are_left_out():
    table = pd.DataFrame({"log2_fold_change": 1.0, "lfc_se": 0.1, "padj": [0.01, 0.2, np.nan]}, index=list("abc"))
    seen = []

    def values_of(genes):
        seen.extend(genes)
        return frame(np.ones((len(genes), 8))).set_axis(genes)

    units = {"sample": series(SAMPLES), "site": series(["x"] * 8)}
    facts = what_calls_rest_on(table, values_of, np.column_stack([np.ones(8), GROUP]), np.array([0.0, 1]), units, 0.05)
    assert (seen, list(facts)) == (["a"], ["sample"])
    assert facts["sample"] == {"calls": 1, "units": 8, "needed": [], "resting": 0, "most": {}}


# ---- simulated studies


@pytest.mark.parametrize("engine", ["degsteps", "edger_ql"])
@pytest.mark.parametrize("study", STUDIES)
def test_a_planted_sample_fires_and_clean_studies_are_silent(engine, study):
    """The table of docs/verdicts.md has 20 seeds of each; here one."""
    found = rests_of(900, DESIGNS["2 v 2 of 12 groups"], engine, **STUDIES[study], n_genes=800)
    assert fires(found) == ("outlier" in study)
    if "outlier" in study:
        assert next(iter(found.facts["most"])) == found.planted


# ---- verdicts


def rests(most, calls=734, resting=None, units=8, needed=()):
    return {
        "calls": calls,
        "units": units,
        "needed": list(needed),
        "resting": resting or sum(most.values()),
        "most": most,
    }


@pytest.mark.parametrize(
    ("kind", "given", "flags", "status", "words"),
    [
        ("sample", rests({"s1": 719, "s2": 4}), {}, "bad", "719 of 734 calls (98%) rest on s1"),
        ("sample", rests({"s1": 200}), {}, "warn", "without it less than half of their fold change is left."),
        ("sample", rests({"s1": 100}), {"s1": "few reads"}, "warn", "Quality control flags this sample: few reads."),
        ("sample", rests({"s1": 100}), {"s2": "few reads"}, "ok", "at most 100 rest on one."),
        ("sample", rests({}), {}, "ok", "No single sample carries many of the 734 calls: at most 0"),
        ("sample", rests({"s1": 2, "s2": 1}, calls=6), {}, "ok", "6 calls"),
        ("sample", rests({"s1": 150, "s2": 150, "s3": 149, "s4": 148}, calls=600, units=4), {}, "ok", "at most 150"),
        ("sample", rests({}, needed=["s1"]), {}, "bad", "All 734 calls rest on s1, the only sample of its group."),
        ("donor", rests({"d1": 300}, units=4), {"d1": "no"}, "warn", "300 of 734 calls (41%) rest on donor d1"),
        ("site", rests({}, units=2, needed=["x", "y"]), {}, "bad", "rest on site x and y, as the other samples do not"),
    ],
)
def test_verdicts_on_single_units(kind, given, flags, status, words):
    verdict = unit_verdict("c", kind, given, flags)
    assert verdict.status == status
    assert words in verdict.finding
    assert bool(verdict.advice) == (status != "ok")
    assert verdict.check == ("single_sample: c" if kind == "sample" else f"single_unit: c, {kind}")
    assert verdict.short


def test_no_calls_no_verdict_and_flags_come_from_quality_control():
    assert unit_verdict("c", "sample", rests({}, calls=0), {}) is None
    facts = {"contrast": "c", "rests_on": {"sample": rests({"s1": 120})}}
    libraries = pd.DataFrame({"flags": ["few genes detected", ""]}, index=["s1", "s2"])
    records = [{"step": "test_contrast", "facts": facts}]
    (verdict,) = SINGLE_UNITS.verdicts(Results({}, records, {}, tables={"qc/libraries.tsv": libraries}))
    assert verdict.finding.endswith("Quality control flags this sample: few genes detected.")
    (verdict,) = SINGLE_UNITS.verdicts(Results({}, records, {}))
    assert verdict.status == "ok"


@pytest.mark.parametrize(("most", "resting", "units"), [(6, 6, 4), (10, 30, 8), (719, 723, 8), (4, 9, 3)])
def test_chance_is_that_of_the_binomial_distribution(most, resting, units):
    from scipy.stats import binom

    assert chance(most, resting, units) == pytest.approx(
        min(1, units * binom.sf(most - 1, resting, 1 / units)), rel=1e-9
    )
    assert chance(0, 0, 5) == chance(3, 3, 1) == 1.0
