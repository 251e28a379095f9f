"""Surrogate variables and linear models in repeated analyses, against the steps themselves run on fewer samples."""

import numpy as np
import pandas as pd
import pytest

from degsteps.tables import read_table, write_matrix, write_table
from degsteps.test.reanalysis import StudyFiles
from scripts import (
    adjust_stage_wise,
    check_design,
    estimate_size_factors,
    estimate_surrogates,
    filter_genes,
    fit_model,
    leave_out_samples,
    test_contrast,
    vary_settings,
)

SAMPLES = [f"s{n}" for n in range(10)]
SHEET = pd.DataFrame(
    {
        "condition": ["a", "b"] * 5,
        "line": [f"l{n // 2}" for n in range(10)],
        "dose": [str(value) for value in (1, 5, 2, 8, 3, 2, 6, 1, 4, 4)],
    },
    index=pd.Index(SAMPLES, name="sample"),
)
GROUPS = {"named": ["condition"], "expressions": [], "factors": ["condition"]}
FILTERS = {"method": "cpm", "min_cpm": 60.0, "min_samples": None, "min_count": 10, "min_total_count": 15}
GRID = {"filters": ["cpm", "none"], "size_factors": ["ratio", "tmm"], "cooks_filter": [True, False]}
TEST = {
    "engine": "degsteps",
    "compatibility": "r",
    "fit_type": "mean",
    "quasi_likelihood": {"robust": True},
    "sample_weights": None,
    "alpha": 0.1,
    "cooks_filter": True,
    "independent_filtering": True,
    "adjustment": "bh",
    "sensitivity_grid": GRID,
}
LINEAR = TEST | {"engine": "voom", "cooks_filter": False}
QUASI = TEST | {"engine": "edger_ql", "cooks_filter": False}
B_VS_A = {"factor": "condition", "test": "b", "reference": "a", "lfc_null": 0.0, "alternative": "greater_abs"}
B_VS_A |= dict.fromkeys(("covariate", "trend", "expression", "weights", "at", "reduced"))
HIDDEN = {"method": "sva", "number": "auto", "control_genes": None, "replicates": None, "null_formula": None}
MODEL = {"formula": "~ condition", "factors": {"condition": {"reference": "a", "levels": None}}, "covariates": {}}


def counts_of(n_genes=200):
    """Counts with a day that no column of the sheet names, on many genes."""
    generator = np.random.default_rng(7)
    day = np.array([0, 0, 1, 0, 1, 1, 0, 1, 1, 0])
    of_day = np.where(generator.random(n_genes) < 0.5, generator.normal(0, 1.2, n_genes), 0)
    effect = np.where(np.arange(n_genes) < 40, 1.2, 0) * np.where(np.arange(n_genes) % 2, 1, -1)
    of_group = np.outer(effect, SHEET["condition"] == "b")
    means = 2 ** generator.uniform(0, 10, (n_genes, 1)) * 2 ** (of_group + np.outer(of_day, day))
    values = generator.negative_binomial(10, 10 / (10 + means * generator.uniform(0.7, 1.5, 10)))
    return pd.DataFrame(values, index=pd.Index([f"g{n:03d}" for n in range(n_genes)], name="gene"), columns=SAMPLES)


def lengths_of(counts):
    lengths = np.random.default_rng(8).uniform(0.8, 1.25, counts.shape) * 1500
    return pd.DataFrame(lengths, index=counts.index, columns=counts.columns)


class Run:
    """The steps from the filter to the test, on files, one after another."""

    def __init__(self, folder, samples, model, *, test=TEST, contrasts=None, lengths=False, subject=None):
        folder.mkdir()
        self.folder, self.model, self.test, self.subject = folder, model, test, subject
        self.contrasts = contrasts or {"c": B_VS_A}
        counts = counts_of()[samples]
        self.offsets = self.path("lengths.parquet") if lengths else None
        write_matrix(counts, self.path("counts.parquet"))
        write_table(SHEET.loc[samples], self.path("sheet.tsv"))
        if lengths:
            write_matrix(lengths_of(counts_of())[samples], self.offsets)
        whole, sheet = self.path("counts.parquet"), self.path("sheet.tsv")
        filtered, factors, design = (self.path(name) for name in ("kept.parquet", "factors.tsv", "design.tsv"))
        filter_genes.main(whole, sheet, filtered, self.path("genes.tsv"), groups=GROUPS, **FILTERS)
        estimate_size_factors.main(filtered, factors, "ratio", lengths=self.offsets)
        self.controls = self.path("controls.txt") if (model["surrogates"] or {}).get("method") == "ruv_g" else None
        if self.controls:
            self.controls.write_text("\n".join(counts.index[60:]), encoding="utf-8")
        self.sheet = sheet
        if model.get("surrogates"):
            self.sheet = self.path("extended.tsv")
            places = [self.path(name) for name in ("surrogates.tsv", "extended.tsv", "association.tsv")]
            settings = {"null_model": "~ 1", "seed": 1, "fit_type": test["fit_type"], "compatibility": "r"}
            extra = {"lengths": self.offsets, "control_genes": self.controls}
            estimate_surrogates.main(filtered, factors, sheet, *places, model, **settings, **extra)
        others = [self.path(name) for name in ("a.tsv", "b.tsv", "c.cells.tsv", "d.json", "compiled.json")]
        check_design.main(self.sheet, design, *others, model, [], 0.5)
        fitting = {
            name: test[name] for name in ("engine", "compatibility", "fit_type", "quasi_likelihood", "sample_weights")
        }
        blocks = {"subject": subject, "samples": sheet if subject or test["sample_weights"] else None}
        fit = self.path("model.h5ad")
        fit_model.main(filtered, factors, design, fit, self.path("fit.tsv"), **fitting, **blocks, lengths=self.offsets)
        asked = {name: test[name] for name in ("alpha", "cooks_filter", "independent_filtering", "adjustment")}
        for name, contrast in self.contrasts.items():
            table = self.path(f"{name}.tsv")
            shown = {"shrinkage": "none", "lfc_threshold": 0.0, "name": name, "effect_bounds": [], "unit_columns": []}
            test_contrast.main(fit, filtered, factors, others[-1], self.sheet, table, contrast, **asked, **shown)

    def path(self, name):
        return self.folder / name

    def table(self, name="c"):
        return read_table(self.path(f"{name}.tsv"), text=("na_reason",))

    def repeated(self, step, *outputs):
        """Run one of the steps that repeat the analysis; return what it wrote first."""
        first, second = (self.path(name) for name in outputs)
        tables = [self.path(f"{name}.tsv") for name in self.contrasts]
        study = StudyFiles(
            self.path("counts.parquet"),
            self.sheet,
            self.path("compiled.json"),
            tables,
            contrasts=self.contrasts,
            model=self.model,
            groups=GROUPS,
            filters=FILTERS,
            size_factors="ratio",
            test=self.test,
            null_model="~ 1",
            seed=1,
            subject=self.subject,
            lengths=self.offsets,
            surrogate_controls=self.controls,
        )
        step.main(study, first, second)
        return read_table(first, text=("without", "problem"))


CASES = {
    "sva": (HIDDEN, {}),
    "sva_lengths": (HIDDEN, {"lengths": True}),
    "ruv_g": (HIDDEN | {"method": "ruv_g", "number": 2}, {}),
    "ruv_s": (HIDDEN | {"method": "ruv_s", "replicates": "condition"}, {}),
    "ruv_r": (HIDDEN | {"method": "ruv_r", "number": 1}, {"lengths": True}),
    "lrt": (HIDDEN | {"number": 1}, {"contrasts": {"c": B_VS_A | {"reduced": "~ 1"}}}),
    "voom": (None, {"test": LINEAR}),
    "voom_sva": (HIDDEN, {"test": LINEAR}),
    "voom_subjects": (None, {"test": LINEAR, "subject": "line"}),
    "voom_weights": (None, {"test": LINEAR | {"sample_weights": "sample"}}),
    "voom_weights_subjects": (None, {"test": LINEAR | {"sample_weights": "line"}, "subject": "line"}),
    "edger_ql": (None, {"test": QUASI, "lengths": True}),
    "edger_ql_sva": (HIDDEN, {"test": QUASI, "contrasts": {"c": B_VS_A | {"reduced": "~ 1"}}}),
}


#: In the default run; the others take as long each.
QUICK = ("ruv_g", "voom_weights_subjects", "edger_ql")


@pytest.fixture(
    scope="module", params=[name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in CASES]
)
def runs(request, tmp_path_factory):
    """One study, and its steps without the fourth sample."""
    surrogates, options = CASES[request.param]
    model, folder = MODEL | {"surrogates": surrogates}, tmp_path_factory.mktemp(request.param)
    rest = [name for name in SAMPLES if name != "s3"]
    return Run(folder / "all", SAMPLES, model, **options), Run(folder / "fewer", rest, model, **options)


def test_without_a_sample_it_is_the_run_of_the_others(runs):
    study, fewer = runs
    found = study.repeated(leave_out_samples, "influence.tsv", "genes_of.tsv").set_index("without").loc["s3"]
    here, there = fewer.table(), study.table()
    assert len(here) < 200  # some genes are filtered out
    assert found["problem"] == ""
    assert found["tested"] == here["pvalue"].notna().sum()
    assert found["called"] == (here["padj"] < 0.1).sum()
    signs = [np.sign(table["log2_fold_change"]).where(table["padj"] < 0.1, 0) for table in (here, there)]
    kept = signs[0].reindex(there.index, fill_value=0)
    assert found["lost"] == ((signs[1] != 0) & (kept != signs[1])).sum()
    changes = pd.concat([here["log2_fold_change"], there["log2_fold_change"]], axis=1, join="inner").dropna()
    assert found["lfc_correlation"] == pytest.approx(np.corrcoef(changes.T)[0, 1], abs=1e-12)
    if study.model["surrogates"]:
        own, of_all = (read_table(run.path("surrogates.tsv")) for run in (fewer, study))
        assert found["surrogate_variables"] == own.shape[1] > 0
        # Other samples, other variables: the test would not see it if those of all samples were kept.
        assert not np.allclose(own.iloc[:, 0], of_all.loc[own.index].iloc[:, 0], atol=1e-3)


def test_the_main_setting_has_the_main_numbers(runs):
    """The step stops unless they are the same to the last bit."""
    study, _ = runs
    found = study.repeated(vary_settings, "settings.tsv", "stability.parquet")
    assert (found["problem"] == "").all()
    # Linear and quasi-likelihood models have no outlier policy.
    assert len(found) == (8 if study.test["engine"] == "degsteps" else 4)
    main = found[found["is_main"]].iloc[0]
    assert (main["jaccard"], main["lfc_correlation"]) == (1, 1)
    if study.model["surrogates"]:
        assert main["surrogate_variables"] == read_table(study.path("surrogates.tsv")).shape[1]
        assert (found["surrogate_variables"] > 0).all()


def test_a_sample_that_leaves_no_room_is_said(tmp_path):
    """Nine samples with six variables have one degree of freedom left; with seven, none."""
    model = MODEL | {"surrogates": HIDDEN | {"method": "ruv_g", "number": 7, "control_genes": "controls.txt"}}
    study = Run(tmp_path / "all", SAMPLES, model)
    found = study.repeated(leave_out_samples, "influence.tsv", "genes_of.tsv")
    assert found["problem"].str.contains("leave room for 6").all()


@pytest.mark.parametrize("test", [LINEAR, QUASI], ids=["voom", "edger_ql"])
def test_stages_of_other_models_begin_with_their_f(test, tmp_path):
    contrasts = {
        "b_vs_a": B_VS_A,
        "slope": B_VS_A | dict.fromkeys(("factor", "test", "reference")) | {"covariate": "dose"},
    }
    covariate = {"unit": "", "center": False, "scale": False, "spline": None}
    model = MODEL | {"formula": "~ condition + dose", "covariates": {"dose": covariate}, "surrogates": None}
    both = {"any": B_VS_A | {"reduced": "~ 1"}}
    study = Run(tmp_path / "all", SAMPLES, model, test=test, contrasts=contrasts | both)
    facts = adjust_stage_wise.main(
        study.path("model.h5ad"),
        study.path("kept.parquet"),
        study.path("compiled.json"),
        [study.path(f"{name}.tsv") for name in contrasts],
        study.path("stages.tsv"),
        family="both",
        contrasts=contrasts,
        confirmation="shaffer",
        **{name: test[name] for name in ("alpha", "cooks_filter", "independent_filtering")},
    )
    stages = study.table("stages")
    omnibus = study.table("any").loc[stages.index]
    for column in ("stat", "pvalue", "padj"):
        np.testing.assert_allclose(stages[column], omnibus[column], rtol=1e-9)
    assert facts["screened"] == (omnibus["padj"] < 0.1).sum() > 0
    # With two contrasts, one within a gene that passes is at the level of the screening.
    passed = stages[stages["padj"] < 0.1]
    share = facts["tested"] / facts["screened"]
    by_hand = np.minimum(study.table("b_vs_a")["pvalue"].loc[passed.index] * share, 1)
    assert (passed["padj_b_vs_a"] >= by_hand - 1e-12).all()
