"""Calls under other settings and without single samples, against the same contrasts tested one by one."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import DataError, DesignError
from degsteps.engines.deseq import estimation, testing
from degsteps.engines.interface import Contrast
from degsteps.engines.registry import Engine
from degsteps.filter import rules
from degsteps.normalize import size_factors
from degsteps.test import influence, reanalysis, sensitivity
from degsteps.test.figures.stability import influence_plot, sensitivity_plot
from degsteps.test.section_stability import influence_verdict
from tests.unit.figures.test_figures import LONG, require_readable

REFERENCE = Path(__file__).parents[2] / "reference"
sys.path.insert(0, str(REFERENCE))
from reference_sets import load_set  # noqa: E402

FILTERS = {"method": "cpm", "min_cpm": 1.0, "min_samples": None, "min_count": 10, "min_total_count": 15}
GRID = {
    "filters": ["cpm", "filter_by_expr", "none"],
    "size_factors": ["ratio", "poscounts", "tmm"],
    "cooks_filter": [True, False],
}
TEST = {
    "engine": "degsteps",
    "compatibility": "r",
    "fit_type": "mean",
    "quasi_likelihood": {},
    "sample_weights": None,
    "alpha": 0.1,
    "cooks_filter": True,
    "independent_filtering": False,
    "adjustment": "bh",
    "sensitivity_grid": GRID,
}
SAMPLES = [f"s{i}" for i in range(8)]
GROUPS = pd.Series(["a", "b"] * 4, index=SAMPLES)
DESIGN = pd.DataFrame(
    {"Intercept": 1.0, "group": [0.0, 1.0] * 4, "batch": [0.0] * 4 + [1.0] * 4}, index=pd.Index(SAMPLES, name="sample")
)
ASKED = {"group": Contrast(np.array([0.0, 1.0, 0.0]), None, 0.0, "greater_abs")}


def counts_of(lowest=1.0, n_genes=150):
    generator = np.random.default_rng(11)
    effect = np.where(np.arange(n_genes) < 40, 1.2, 0.0) * np.where(np.arange(n_genes) % 2, 1, -1)
    means = 2 ** generator.uniform(lowest, 10, (n_genes, 1)) * 2 ** np.outer(effect, DESIGN["group"])
    values = generator.negative_binomial(8, 8 / (8 + means * generator.uniform(0.7, 1.5, 8)))
    return pd.DataFrame(values, index=pd.Index([f"g{i:03d}" for i in range(n_genes)], name="gene"), columns=SAMPLES)


def one_by_one(counts, design, groups, method, factors, cooks, weights=(0, 1, 0)):
    """Filter, normalise, fit and test by the functions that have tests of their own."""
    kept = {
        "cpm": lambda: rules.filter_cpm(counts, min_samples=groups.value_counts().min()),
        "filter_by_expr": lambda: rules.filter_by_expr(counts, groups=groups),
        "none": lambda: rules.filter_none(counts),
    }[method]()["kept"]
    chosen = counts[kept]
    fit = estimation.fit_model(chosen, design, size_factors.size_factors(chosen, factors), fit_type="mean")
    return testing.wald_test(fit, np.array(weights, float), alpha=0.1, cooks=cooks, independent_filtering=False)


def vary(counts, main, **options):
    study = reanalysis.Study(counts, DESIGN, GROUPS)
    return sensitivity.vary_settings(
        study, ASKED, {"group": main}, filters=FILTERS, test=TEST | options, size_factors="ratio"
    )


def test_every_setting_is_that_of_its_own_run():
    counts = counts_of()
    main = one_by_one(counts, DESIGN, GROUPS, "cpm", "ratio", True)
    settings, shares = vary(counts, main)
    assert len(settings) == 18
    assert settings["is_main"].sum() == 1
    assert settings["problem"].isna().all()
    calls = pd.DataFrame(0, index=counts.index, columns=range(18))
    for position, row in enumerate(settings.itertuples()):
        table = one_by_one(counts, DESIGN, GROUPS, row.filter, row.size_factors, row.cooks_filter)
        calls[position] = reanalysis.called(table, 0.1).reindex(counts.index, fill_value=0)
        assert (row.genes, row.called) == (len(table), int((table["padj"] < 0.1).sum()))
    sign = np.sign(main["log2_fold_change"])
    expected = calls.loc[main.index].eq(sign, axis=0).mean(axis=1)
    np.testing.assert_allclose(shares.loc[main.index, "group"], expected, rtol=0, atol=1e-12)
    assert set(expected) - {0, 1}, "the settings must disagree about some genes for this to be a test"
    by_hand = calls[settings["filter"].tolist().index("none")]
    main_calls = calls[int(np.flatnonzero(settings["is_main"])[0])]
    both, either = ((by_hand == main_calls) & (by_hand != 0)).sum(), ((by_hand != 0) | (main_calls != 0)).sum()
    assert settings["jaccard"].iloc[settings["filter"].tolist().index("none")] == pytest.approx(both / either)


def test_outlier_policy_shows():
    study = load_set(REFERENCE / "simulated_unequal_outliers")
    design = study.design(study.tags[0])
    weights = np.array([0.0] * (design.shape[1] - 1) + [1.0])
    groups = study.samples[study.config["condition"]]
    given = reanalysis.Study(study.counts, design, groups)
    genes = study.counts.index
    factors = reanalysis.size_factors(given, genes, "ratio")
    contrasts = {"c": Contrast(weights, None, 0.0, "greater_abs")}
    found, _ = reanalysis.contrast_tables(given, genes, factors, contrasts, TEST, [True, False])
    assert found[False]["c"]["pvalue"].notna().sum() > found[True]["c"]["pvalue"].notna().sum()


def test_settings_that_coincide_are_fitted_once(monkeypatch):
    counts = counts_of(lowest=6)  # every filter keeps every gene
    main = one_by_one(counts, DESIGN, GROUPS, "cpm", "ratio", True)
    fits = []
    monkeypatch.setattr(Engine, "fit", lambda *a, _own=Engine.fit: fits.append(1) or _own(*a))
    settings, _ = vary(counts, main)
    assert len(settings) == 18
    assert len(fits) == 3


def test_main_run_that_is_not_reproduced_stops():
    counts = counts_of()
    main = one_by_one(counts, DESIGN, GROUPS, "cpm", "ratio", True)
    moved = main.assign(pvalue=main["pvalue"] * (1 + 1e-15))
    with pytest.raises(DataError, match="the settings of the main run, repeated, differ in pvalue"):
        vary(counts, moved)
    with pytest.raises(DataError, match="other genes"):
        vary(counts, main.iloc[1:])


def test_settings_that_cannot_be_computed_are_named():
    counts = counts_of()
    for position, gene in enumerate(counts.index):  # a zero in every gene: no median of ratios
        counts.loc[gene, SAMPLES[position % 8]] = 0
    main = one_by_one(counts, DESIGN, GROUPS, "cpm", "poscounts", True)
    study = reanalysis.Study(counts, DESIGN, GROUPS)
    settings, shares = sensitivity.vary_settings(
        study, ASKED, {"group": main}, filters=FILTERS, test=TEST, size_factors="poscounts"
    )
    assert settings["problem"].notna().sum() == 6
    assert settings.loc[settings["problem"].notna(), "size_factors"].unique().tolist() == ["ratio"]
    # Shares are of the twelve that could be computed.
    assert np.allclose(shares["group"] * 12, (shares["group"] * 12).round())
    assert set(shares.index) == set(counts.index)


# ---- influence


def leave_out(counts, design, contrasts, mains):
    study = reanalysis.Study(counts, design, GROUPS)
    return influence.leave_out_samples(study, contrasts, mains, filters=FILTERS, test=TEST, size_factors="ratio")


def test_leaving_out_is_the_analysis_of_the_others():
    counts = counts_of()
    main = one_by_one(counts, DESIGN, GROUPS, "cpm", "ratio", True)
    samples, genes = leave_out(counts, DESIGN, ASKED, {"group": main})
    calls = reanalysis.called(main, 0.1)
    lost = {gene: [] for gene in calls.index[calls != 0]}
    for row in samples.itertuples():
        rest = [name for name in SAMPLES if name != row.without]
        table = one_by_one(counts[rest], DESIGN.loc[rest], GROUPS[rest], "cpm", "ratio", True)
        here = reanalysis.called(table, 0.1).reindex(list(lost), fill_value=0)
        for gene in lost:
            if here[gene] != calls[gene]:
                lost[gene].append(row.without)
        assert row.called == (table["padj"] < 0.1).sum()
        assert row.lost == (here != calls[list(lost)]).sum()
    assert {gene: ", ".join(names) for gene, names in lost.items()} == genes["lost_without"].to_dict()
    assert any(lost.values())
    assert (genes["n_fits"] == 8).all()


def test_contrasts_that_need_a_sample_are_skipped_without_it():
    counts = counts_of()
    design = DESIGN.assign(single=[1.0] + [0.0] * 7)  # a factor with one sample at one level
    contrasts = {
        "group": Contrast(np.array([0.0, 1, 0, 0]), None, 0.0, "greater_abs"),
        "single": Contrast(np.array([0.0, 0, 0, 1]), None, 0.0, "greater_abs"),
    }
    study = reanalysis.Study(counts, design, GROUPS)
    kept = reanalysis.filtered_genes(study, FILTERS)
    factors = reanalysis.size_factors(study, kept, "ratio")
    mains = reanalysis.contrast_tables(study, kept, factors, contrasts, TEST, [True])[0][True]
    samples, _ = leave_out(counts, design, contrasts, mains)
    skipped = samples[samples["problem"].notna()]
    assert list(zip(skipped.index, skipped["without"], strict=True)) == [("single", "s0")]
    # Without that sample the other contrast is that of the design without the column.
    rest = SAMPLES[1:]
    table = one_by_one(counts[rest], DESIGN.loc[rest], GROUPS[rest], "cpm", "ratio", True)
    found = samples.loc["group"].set_index("without").loc["s0"]
    assert found["called"] == (table["padj"] < 0.1).sum()


def test_too_few_samples_are_said():
    counts = counts_of()[SAMPLES[:4]]
    design = pd.DataFrame({"a": [1.0] * 4, "b": [0.0, 1, 0, 1], "c": [0.0, 0, 1, 1]}, index=SAMPLES[:4])
    study = reanalysis.Study(counts, design, GROUPS[:4])
    main = one_by_one(counts, design, GROUPS[:4], "cpm", "ratio", True)
    samples, genes = influence.leave_out_samples(
        study, ASKED, {"group": main}, filters=FILTERS, test=TEST, size_factors="ratio"
    )
    assert samples["problem"].str.contains("3 samples for 3 coefficients").all()
    assert (genes["n_fits"] == 0).all()


def test_lost_reference_level_leaves_other_comparisons():
    """The only sample of the reference level goes: the difference of the two others can still be estimated."""
    design = pd.DataFrame(
        {"Intercept": 1.0, "b": [0, 1, 1, 0, 0], "c": [0, 0, 0, 1, 1]}, index=list("uvwxy"), dtype=float
    )
    kept, combinations = reanalysis.reduced_to_full_rank(design.iloc[1:])
    assert list(kept.columns) == ["Intercept", "b"]
    np.testing.assert_allclose(kept.to_numpy() @ combinations.to_numpy(), design.iloc[1:].to_numpy(), atol=1e-12)
    difference = Contrast(np.array([0.0, 1, -1]), None, 0.0, "greater_abs")
    np.testing.assert_allclose(reanalysis.contrast_of_fewer(difference, combinations, list("vwxy")).weights, [0, 1])
    against_reference = Contrast(np.array([0.0, 1, 0]), None, 0.0, "greater_abs")
    with pytest.raises(DesignError, match="cannot be estimated"):
        reanalysis.contrast_of_fewer(against_reference, combinations, list("vwxy"))


def test_facts_of_influence():
    genes = pd.DataFrame(
        {"n_fits": 3, "still_called": [3, 2, 2, 2, 1], "lost_without": ["", "x", "y", "x", "x, y"]}, index=list("abcde")
    )
    samples = pd.DataFrame({"without": ["x", "y", "z", "u"], "called": [1, 2, 3, np.nan]})
    found = influence.influence_facts(samples, genes)
    assert found == {
        "calls": 5,
        "stand": 1,
        "hang": 3,
        "sample": "x",
        "of_sample": 2,
        "fits": 3,
        "skipped": ["u"],
    }
    with_surrogates = influence.influence_facts(samples.assign(surrogate_variables=[2, 1, 2, np.nan]), genes)
    assert with_surrogates == found | {"surrogates": [1, 2]}


FACTS = {
    "contrast": "b_vs_a",
    "calls": 430,
    "stand": 410,
    "hang": 18,
    "sample": "s3",
    "of_sample": 9,
    "fits": 8,
    "skipped": [],
}


@pytest.mark.parametrize(
    ("changed", "status", "sentence"),
    [
        (
            {},
            "ok",
            "410 of 430 calls stay whichever sample is left out. 18 depend on a single sample, 9 of them on s3.",
        ),
        (
            {"stand": 200, "hang": 1, "of_sample": 1},
            "warn",
            "200 of 430 calls stay whichever sample is left out. 1 depends on s3.",
        ),
        ({"of_sample": 18}, "ok", "410 of 430 calls stay whichever sample is left out. 18 depend on s3."),
        (
            {"calls": 1, "stand": 0, "hang": 1, "of_sample": 1, "surrogates": [1, 1]},
            "warn",
            "0 of 1 call stays whichever sample is left out. 1 depends on s3. These fits have 1 surrogate variable.",
        ),
        (
            {"hang": 0, "of_sample": 0, "sample": "", "surrogates": [0, 2]},
            "ok",
            "410 of 430 calls stay whichever sample is left out. These fits have 0 to 2 surrogate variables.",
        ),
        (
            {"hang": 0, "of_sample": 0, "sample": "", "skipped": ["s1", "s2"]},
            "ok",
            "410 of 430 calls stay whichever sample is left out. Not testable without s1, s2.",
        ),
    ],
)
def test_verdict_on_influence(changed, status, sentence):
    assert influence_verdict(FACTS | changed)[1:3] == (status, sentence)


def test_what_is_the_same_is_correlated_by_one():
    table = pd.DataFrame(
        {"log2_fold_change": np.random.default_rng(2).normal(size=500), "padj": 0.5, "pvalue": 0.1},
        index=[f"g{n}" for n in range(500)],
    )
    assert reanalysis.comparison(table, table, 0.05)["lfc_correlation"] == 1
    moved = table.assign(log2_fold_change=table["log2_fold_change"] * (1 + 1e-12))
    assert reanalysis.comparison(moved, table, 0.05)["lfc_correlation"] <= 1


# ---- figures


@pytest.mark.parametrize("n_samples", [2, 70])
def test_figures_are_readable(n_samples):
    generator = np.random.default_rng(1)
    rows = pd.DataFrame({"without": [LONG.format(i, i % 3) for i in range(n_samples)]})
    rows["lost"], rows["gained"], rows["lfc_correlation"] = np.arange(n_samples) * 40, 3, 0.98
    rows.loc[0, ["lost", "gained", "lfc_correlation"]] = np.nan
    shares = pd.Series(generator.random(n_samples * 10))
    require_readable(influence_plot(rows, shares, "dex: trt vs untrt", 0.05))
    require_readable(influence_plot(rows, shares.iloc[:0], "dex: trt vs untrt", 0.05))
    combinations = sensitivity.settings_grid(GRID, ("cpm", "given", True))
    settings = pd.DataFrame(combinations, columns=["filter", "size_factors", "cooks_filter"])
    settings = settings.assign(is_main=settings.index == 0, up=generator.integers(0, 900, len(settings)), down=40)
    settings["jaccard"] = [np.nan, *[0.5] * (len(settings) - 1)]
    texts = [t.get_text() for t in require_readable(sensitivity_plot(settings, shares, "dex: trt vs untrt", 0.05))]
    assert "not computed" in texts
