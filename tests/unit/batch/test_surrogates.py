"""Unwanted variation: R's svaseq and num.sv, RUV by a second way to the published formulas, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from degsteps.basics.errors import DataError, DesignError
from degsteps.batch import surrogates
from degsteps.batch.adjustment import remove_batch_effect
from degsteps.batch.design_matrix import as_frame, design_of, surrogate_columns
from degsteps.engines.deseq import estimation, testing
from degsteps.normalize import size_factors
from scripts import estimate_surrogates
from tests.conftest import REPO

FOLDER = REPO / "tests" / "reference" / "surrogates"
CASES = [
    ("pasilla", "~ condition", "~ 1", 3),
    ("pasilla", "~ type + condition", "~ type", 2),
    ("airway", "~ dex", "~ 1", 3),
    # No gene has any weight in the first round: R goes on from zeros, we refuse (see below).
    ("airway", "~ cell + dex", "~ cell", 0),
    ("simulated", "~ condition", "~ 1", 3),
]


def given(name):
    """Return counts that R's script looks at, and the sheet."""
    if name == "simulated":
        counts, sheet = FOLDER / "simulated.counts.tsv.gz", FOLDER / "simulated.samples.tsv"
    else:
        counts, sheet = (REPO / "resources" / name / file for file in ("counts.tsv.gz", "samples.tsv"))
    counts = pd.read_csv(counts, sep="\t", index_col=0)
    samples = pd.read_csv(sheet, sep="\t", dtype=str).set_index("sample").loc[counts.columns]
    return counts[(counts >= 5).sum(axis=1) >= 3], samples


def matrix_of(samples, formula):
    factors = {
        name: {"reference": min(samples[name])} for name in ("condition", "type", "dex", "cell") if name in samples
    }
    return as_frame(design_of(samples, {"formula": formula, "factors": factors, "covariates": {}}))


def canonical_correlations(first, second):
    bases = [np.linalg.qr(np.asarray(matrix) - np.mean(matrix, axis=0))[0] for matrix in (first, second)]
    return np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)


@pytest.fixture(scope="module")
def data():
    return {name: given(name) for name in ("pasilla", "airway", "simulated")}


@pytest.mark.parametrize(("name", "full", "null", "most"), CASES)
def test_surrogate_variables_are_those_of_r(data, name, full, null, most):
    counts, samples = data[name]
    r = pd.read_csv(FOLDER / "variables.tsv", sep="\t")
    values = np.log((counts / size_factors.size_factors(counts)).to_numpy() + 1)
    designs = [matrix_of(samples, formula).to_numpy() for formula in (full, null)]
    for number in range(1, most + 1):
        wanted = r[(r["set"] == name) & (r["full"] == full) & (r["number"] == number)]
        wanted = wanted.pivot(index="sample", columns="variable", values="value").loc[samples.index].to_numpy()
        found = surrogates.surrogate_variables(values, *designs, number)
        # Densities are smoothed in another way, which moves the weights of genes a little.
        assert canonical_correlations(found, wanted).min() > 0.9999
        signs = np.sign((found * wanted).sum(axis=0))
        np.testing.assert_allclose(found * signs, wanted, atol=0.01)


@pytest.mark.parametrize(("name", "full", "null", "most"), CASES)
def test_their_number_is_that_of_r(data, name, full, null, most):
    counts, samples = data[name]
    r = pd.read_csv(FOLDER / "numbers.tsv", sep="\t").set_index(["set", "full"]).loc[(name, full)]
    values = np.log((counts / size_factors.size_factors(counts)).to_numpy() + 1)
    design = matrix_of(samples, full).to_numpy()
    assert surrogates.permutation_number(values, design)[0] == r["auto"]


def test_permutation_is_recorded_by_its_seed():
    noise = np.random.default_rng(3).normal(size=(100, 10))
    ones = np.ones((10, 1))
    first, again, other = (surrogates.permutation_number(noise, ones, seed=seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert surrogates.permutation_number(noise, np.eye(10))[0] == 0


def test_local_rates_follow_the_mixture():
    """Of 3000 null and 1000 true z-scores, a local rate is the share of nulls among genes of that p-value."""
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.normal(size=3000), rng.normal(3, 1, size=1000)])
    rates = surrogates.local_fdr(stats.norm.sf(z))
    expected = 0.75 * stats.norm.pdf(z) / (0.75 * stats.norm.pdf(z) + 0.25 * stats.norm.pdf(z, 3))
    middle = (z > -2) & (z < 4)
    assert np.abs(rates - expected)[middle].mean() < 0.06
    order = np.argsort(-z)
    assert (np.diff(rates[order]) >= 0).all()


# ---- RUV


def small(seed=1, n_genes=500, share=0.75):
    """Return counts with a unknown batch that goes with the condition, the sheet, and the changed genes."""
    rng = np.random.default_rng(seed)
    condition = np.repeat([0, 1], 10)
    batch = np.where(np.tile(np.arange(10), 2) < 10 * share, condition, 1 - condition)
    changed = np.arange(n_genes) < 60
    effect = np.outer(np.where(changed, 1.5 * np.tile([1, -1], n_genes // 2), 0), condition)
    effect = effect + np.outer(np.where(rng.random(n_genes) < 0.5, rng.normal(0, 1, n_genes), 0), batch)
    means = rng.lognormal(5.5, 1, n_genes)[:, None] * rng.uniform(0.5, 2, 20) * 2.0**effect
    counts = rng.negative_binomial(20, 20 / (20 + means))
    samples = [f"s{n}" for n in range(20)]
    table = pd.DataFrame(counts, index=pd.Index([f"g{n}" for n in range(n_genes)], name="gene"), columns=samples)
    sheet = pd.DataFrame({"condition": np.where(condition, "b", "a")}, index=pd.Index(samples, name="sample"))
    return table, sheet, changed, batch


@pytest.fixture(scope="module")
def study():
    counts, sheet, changed, batch = small()
    design = matrix_of(sheet, "~ condition")
    return counts, size_factors.size_factors(counts), sheet, design, changed, batch


def published(study, method, number):
    """Return the factors by the formulas of Risso et al. (2014), samples x genes, with numpy's full SVD."""
    counts, factors, sheet, design, _, _ = study
    y = np.log(counts.to_numpy() / factors.to_numpy() + 1).T
    controls = np.arange(len(counts)) >= 300
    if method == "ruv_g":
        u, _, _ = np.linalg.svd((y - y.mean(axis=0))[:, controls], full_matrices=False)
        return u[:, :number]
    if method == "ruv_s":
        differences = y.copy()
        for level in ("a", "b"):
            members = (sheet["condition"] == level).to_numpy()
            differences[members] -= differences[members].mean(axis=0)
        _, d, vt = np.linalg.svd(differences, full_matrices=False)
        alpha = d[:number, None] * vt[:number]
        alpha = alpha[:, controls]
        return y[:, controls] @ alpha.T @ np.linalg.inv(alpha @ alpha.T)
    fit = estimation.fit_model(counts, design, factors)
    means = factors.to_numpy()[:, None] * np.exp(design.to_numpy() @ fit.coefficients.to_numpy().T)
    size = 1 / fit.genes["dispersion"].to_numpy()
    logs = [
        stats.nbinom.logpmf(counts.to_numpy().T, size, size / (size + mean))
        for mean in (counts.to_numpy().T + 1e-12, means)
    ]
    residuals = np.sign(counts.to_numpy().T - means) * np.sqrt(2 * np.maximum(logs[0] - logs[1], 0))
    u, _, _ = np.linalg.svd((residuals - residuals.mean(axis=0))[:, controls], full_matrices=False)
    return u[:, :number]


def estimated(study, method, number, **options):
    counts, factors, sheet, design, _, _ = study
    options = {"control_genes": list(counts.index[300:])} | options
    if method == "sva":
        options |= {"control_genes": None, "null": design[["Intercept"]]}
    if method == "ruv_s":
        options.setdefault("groups", sheet["condition"])
    if method == "ruv_r":
        fitting = {"fit_type": "parametric", "compatibility": "r"}
        options["residuals"] = surrogates.model_residuals(counts, design, factors, **fitting)
    return surrogates.estimate(counts, factors, design, method=method, number=number, **options)


@pytest.mark.parametrize("method", ["ruv_g", "ruv_s", "ruv_r"])
@pytest.mark.parametrize("number", [1, 3])
def test_factors_are_those_of_the_formulas(study, method, number):
    found, facts = estimated(study, method, number)
    wanted = published(study, method, number)
    wanted = wanted - wanted.mean(axis=0)
    wanted /= np.linalg.norm(wanted, axis=0)
    signs = np.sign((found.to_numpy() * wanted).sum(axis=0))
    np.testing.assert_allclose(found.to_numpy() * signs, wanted, atol=1e-6)
    assert list(found.columns) == [f"surrogate_{k}" for k in range(1, number + 1)]
    assert facts == {"method": method, "genes": 200, "number": number, "chosen": "given"}


@pytest.mark.parametrize("method", ["sva", "ruv_g", "ruv_s"])
def test_unknown_batch_is_found_and_false_calls_become_few(study, method):
    counts, factors, _, design, changed, batch = study
    variables, facts = estimated(study, method, "auto")
    assert facts["number"] == 1
    assert facts["chosen"] == "auto"
    assert abs(np.corrcoef(variables["surrogate_1"], batch)[0, 1]) > 0.97
    false_share = {}
    for name, matrix in (("without", design), ("with", design.join(variables))):
        fit = estimation.fit_model(counts, matrix, factors)
        weights = np.array([float(column == "condition[T.b]") for column in matrix.columns])
        called = (testing.wald_test(fit, weights)["padj"] < 0.05).to_numpy()
        false_share[name] = (called & ~changed).sum() / called.sum()
    assert false_share["without"] > 0.4
    assert false_share["with"] < 0.12


def test_a_sample_of_no_group_is_no_replicate(study):
    sheet = study[2]
    groups = sheet["condition"].where(sheet.index != "s0", "")
    with_it, without = (estimated(study, "ruv_s", 1, groups=g)[0] for g in (sheet["condition"], groups))
    alone, _ = estimated(study, "ruv_s", 1, groups=groups.replace("", "only me"))
    assert not np.allclose(with_it, without, atol=1e-6)
    np.testing.assert_allclose(alone, without, atol=1e-12)


@pytest.mark.parametrize(
    ("method", "number", "options", "error", "words"),
    [
        ("sva", 18, {}, DesignError, "18 surrogate variables are asked for, but 20 samples.*room for 17"),
        ("ruv_s", 12, {"groups": [f"p{n // 2}" for n in range(20)]}, DesignError, "more than the 10 directions"),
        ("ruv_g", 1, {"control_genes": ["g1", "not there"]}, DataError, "1 control gene of 2 passed"),
        ("ruv_g", 3, {"control_genes": ["g1", "g2"]}, DesignError, "more than the 2 directions"),
    ],
)
def test_what_the_samples_do_not_allow_is_refused(study, method, number, options, error, words):
    if "groups" in options:
        options = {"groups": pd.Series(options["groups"], index=study[2].index)}
    with pytest.raises(error, match=words):
        estimated(study, method, number, **options)


def test_surrogates_that_no_gene_follows_are_refused(data):
    counts, samples = data["airway"]
    values = np.log((counts / size_factors.size_factors(counts)).to_numpy() + 1)
    designs = [matrix_of(samples, formula).to_numpy() for formula in ("~ cell + dex", "~ cell")]
    with pytest.raises(DesignError, match="no genes follow 1 surrogate variable rather"):
        surrogates.surrogate_variables(values, *designs, 1)


# ---- the step


@pytest.fixture
def step(study, tmp_path):
    """Return a function that runs the step on the study and returns its facts and the folder of its files."""
    from degsteps.tables import write_matrix, write_table

    counts, factors, sheet, _, _, batch = study
    write_matrix(counts, tmp_path / "counts.parquet")
    table = sheet.assign(
        day=np.where(batch, "mon", "tue"), tube=[f"t{n}" for n in range(20)], rin=[str(n % 7) for n in range(20)]
    )
    write_table(table, tmp_path / "samples.tsv")
    libraries = pd.DataFrame({"library_size": counts.sum(), "size_factor": factors})
    write_table(libraries.rename_axis("sample"), tmp_path / "size_factors.tsv")
    (tmp_path / "controls.txt").write_text("\n".join(counts.index[300:]))

    def run(**settings):
        default = {"number": 1, "control_genes": None, "replicates": None, "null_formula": None}
        model = {"formula": "~ condition", "factors": {"condition": {"reference": "a"}}, "covariates": {}}
        files = {
            name: tmp_path / f"{name}.tsv"
            for name in ("size_factors", "samples", "surrogates", "extended", "association")
        }
        if settings.get("control_genes"):
            files["control_genes"] = tmp_path / "controls.txt"
        null = "~ 1" if settings["method"] == "sva" else ""
        return estimate_surrogates.main(
            counts=tmp_path / "counts.parquet",
            model=model | {"surrogates": default | settings},
            null_model=null,
            seed=1,
            fit_type="parametric",
            compatibility="r",
            **files,
        )

    return run


SETTINGS = {
    "method": ({"method": "ruv_r"}, {"method": "sva"}),
    "number": ({"method": "sva", "number": 2}, {"method": "sva"}),
    "control_genes": ({"method": "ruv_g", "control_genes": "controls.txt"}, {"method": "ruv_r", "control_genes": None}),
    "replicates": ({"method": "ruv_s", "replicates": "condition"}, {"method": "ruv_s", "replicates": "day"}),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_setting_changes_the_variables(step, tmp_path, setting):
    found = []
    for settings in SETTINGS[setting]:
        step(**settings)
        found.append((tmp_path / "surrogates.tsv").read_bytes())
    assert found[0] != found[1]


def test_variables_join_the_sheet_and_show_what_they_go_with(step, tmp_path):
    from degsteps.tables import read_samples, read_table

    facts = step(method="sva", number=2)
    assert facts["null_model"] == "~ 1"
    sheet, variables = read_samples(tmp_path / "extended.tsv"), read_table(tmp_path / "surrogates.tsv")
    model = {"formula": "~ condition", "factors": {"condition": {"reference": "a"}}, "covariates": {}}
    assert surrogate_columns(sheet, model | {"surrogates": {}}) == []
    model["surrogates"] = {"method": "sva"}
    design = design_of(sheet, model)
    assert design.columns == ("Intercept", "condition[T.b]", "surrogate_1", "surrogate_2")
    assert str(design.formula) == "~ condition + surrogate_1 + surrogate_2"
    np.testing.assert_array_equal(as_frame(design)[["surrogate_1", "surrogate_2"]], variables)
    goes_with = read_table(tmp_path / "association.tsv")
    assert set(goes_with["column"]) == {"condition", "day", "rin", "log2(library_size)", "log2(size_factor)"}
    first = goes_with.loc["surrogate_1"].set_index("column")["r_squared"]
    assert first.idxmax() == "day"
    assert first["day"] > 0.95


def test_no_unwanted_variation_leaves_the_design_as_it_is(step, tmp_path, monkeypatch):
    monkeypatch.setattr(surrogates, "permutation_number", lambda *_, **__: (0, np.ones(3)))
    assert step(method="ruv_r", number="auto")["number"] == 0
    assert (tmp_path / "extended.tsv").read_bytes() == (tmp_path / "samples.tsv").read_bytes()
    assert len((tmp_path / "association.tsv").read_text().splitlines()) == 1


def test_the_design_check_compares_surrogate_variables_with_the_formula_only(step, tmp_path):
    import json

    from degsteps.tables import read_table
    from scripts import check_design

    step(method="sva")
    model = {
        "formula": "~ condition",
        "factors": {"condition": {"reference": "a"}},
        "covariates": {},
        "surrogates": {"x": 1},
    }
    names = ("design", "association", "crosstab", "cells", "summary", "compiled")
    files = {name: tmp_path / f"checked.{name}" for name in names}
    check_design.main(samples=tmp_path / "extended.tsv", model=model, batch_columns=["day"], max_cramers_v=0.5, **files)
    table = read_table(files["association"], text=("b",)).reset_index()
    assert list(zip(table["a"], table["b"], strict=True)) == [("condition", "day"), ("surrogate_1", "condition")]
    summary = json.loads(files["summary"].read_text())
    assert summary["formula"] == "~ condition + surrogate_1"
    assert summary["residual_df"] == 17
    assert "splines" not in summary


@pytest.mark.parametrize("method", ["linear", "combat_seq"])
def test_figures_lose_the_surrogate_variables(study, step, tmp_path, method):
    from degsteps.batch.design_matrix import compiled_design
    from degsteps.tables import read_matrix, read_samples, write_json, write_matrix
    from scripts import adjust_transformed

    counts, _, _, _, _, batch = study
    step(method="ruv_g", control_genes="controls.txt")
    values = np.log2(counts + 1) if method == "linear" else counts
    write_matrix(values, tmp_path / "values.parquet")
    model = {
        "formula": "~ condition",
        "factors": {"condition": {"reference": "a"}},
        "covariates": {},
        "surrogates": {"x": 1},
    }
    compiled = tmp_path / "compiled.json"
    write_json(compiled_design(read_samples(tmp_path / "extended.tsv"), model).as_json(), compiled)
    facts = adjust_transformed.main(
        values=tmp_path / "values.parquet",
        samples=tmp_path / "extended.tsv",
        design=compiled,
        adjusted=tmp_path / "adjusted.parquet",
        model=model,
        method=method,
        batch_columns=[],
        transform="log2",
        fit_type="parametric",
        trend_genes=None,
    )
    assert facts["batches"] == ["surrogate_1"]
    left = read_matrix(tmp_path / "adjusted.parquet").to_numpy()
    inside = [np.corrcoef(gene - _group_means(gene), batch)[0, 1] for gene in left[300:]]
    assert np.abs(np.nanmean(np.abs(inside))) < 0.25


def _group_means(gene):
    return np.repeat([gene[:10].mean(), gene[10:].mean()], 10)


def test_quality_control_shows_surrogate_variables_before_and_after(study, step, tmp_path):
    from degsteps.tables import read_table, write_matrix
    from scripts import compute_qc

    counts = study[0]
    step(method="sva")
    values = np.log2(counts / study[1] + 1)
    day = pd.DataFrame({"day": study[5].astype(str)}, index=values.columns)
    matrices = {"transformed": values, "adjusted": remove_batch_effect(values, day, study[3]), "raw_counts": counts}
    for name, matrix in matrices.items():
        write_matrix(matrix, tmp_path / f"{name}.parquet")
    outputs = "libraries boxplots densities pca variance loadings association distances clustering outliers verdicts"
    files = {name: tmp_path / f"qc.{name}.tsv" for name in outputs.split()}
    model = {
        "formula": "~ condition",
        "factors": {"condition": {"reference": "a"}},
        "covariates": {},
        "surrogates": {"x": 1},
    }
    compute_qc.main(
        **{name: tmp_path / f"{name}.parquet" for name in ("counts", *matrices)},
        samples=tmp_path / "extended.tsv",
        size_factors=tmp_path / "size_factors.tsv",
        **files,
        model=model,
        columns=["condition"],
        batch_columns=[],
        top_genes=500,
        outlier_mad=5,
        blinded_columns=[],
        tested_factors=["condition"],
        size_factor_method="ratio",
        control_genes=None,
        transform_method="vst",
    )
    table = read_table(files["association"], text=("values", "covariate"))
    explained = table[table["covariate"] == "surrogate_1"].groupby("values")["r_squared"].max()
    assert explained["transformed"] > 0.9
    assert explained["adjusted"] < 0.5
    verdicts = read_table(files["verdicts"], text=("finding", "advice"))
    assert "surrogate_1" in verdicts.loc["batch_adjustment", "finding"]
    assert "batch" not in verdicts.index


def test_another_null_model_gives_other_variables(study):
    counts, factors, _, design, _, _ = study
    wider = design.assign(rin=np.arange(20) % 7)
    nulls = (wider[["Intercept"]], wider[["Intercept", "rin"]])
    found = [surrogates.estimate(counts, factors, wider, method="sva", number=1, null=null)[0] for null in nulls]
    assert not np.allclose(*found, atol=1e-6)
