"""Confounding and component tests against R (tests/reference/normalization)."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import ConfigError, DataError
from degsteps.batch import association

REFERENCE = Path(__file__).parents[2] / "reference" / "normalization"
COVARIATES = ["condition", "batch", "site", "run", "rin"]


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / name, sep="\t", index_col=0)


@pytest.fixture(scope="module")
def samples() -> pd.DataFrame:
    return read("simulated_samples.tsv")


# ---- confounding


def test_cramers_v_is_that_of_r_and_scipy(samples):
    from scipy.stats import contingency

    from_r = read("association_pairs.tsv").set_index("b", append=True)["value"]
    for a, b in combinations(COVARIATES[:-1], 2):
        table = pd.crosstab(samples[a], samples[b])
        assert association.cramers_v(table) == pytest.approx(from_r[a, b], rel=1e-12)
        assert association.cramers_v(table) == pytest.approx(contingency.association(table, method="cramer"), rel=1e-12)
        assert association.cramers_v(table.T) == pytest.approx(from_r[a, b], rel=1e-12)


def test_cramers_v_at_its_ends():
    assert association.cramers_v([[5, 0], [0, 5]]) == 1
    assert association.cramers_v([[5, 0, 0], [0, 5, 1]]) == pytest.approx(1, abs=1e-12)
    assert association.cramers_v([[3, 3], [6, 6]]) == pytest.approx(0, abs=1e-12)
    assert np.isnan(association.cramers_v([[3, 4]]))
    assert np.isnan(association.cramers_v([[3, 4], [0, 0]]))


def test_bias_correction_takes_chance_out():
    # By hand: phi2 = 1/9 for n = 20; (1/9 - 1/19) / (2 - 1/19 - 1).
    table = np.array([[6, 3], [4, 7]])
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / 20
    phi2 = ((table - expected) ** 2 / expected).sum() / 20
    assert association.cramers_v(table, bias_correction=True) == pytest.approx(np.sqrt((phi2 - 1 / 19) / (1 - 1 / 19)))
    assert association.cramers_v([[5, 0], [0, 5]], bias_correction=True) == pytest.approx(1)
    assert np.isnan(association.cramers_v([[1, 0], [0, 1]], bias_correction=True))
    rng = np.random.default_rng(0)
    pairs = [pd.crosstab(rng.integers(0, 4, 24), rng.integers(0, 2, 24)) for _ in range(200)]
    plain = np.mean([association.cramers_v(table) for table in pairs])
    corrected = np.mean([association.cramers_v(table, bias_correction=True) for table in pairs])
    assert plain > 0.3
    assert corrected < plain / 2


def test_confounding_table_is_that_of_r(samples):
    table = association.confounding_table(samples, COVARIATES).set_index(["a", "b"])
    from_r = read("association_pairs.tsv").set_index("b", append=True)["value"]
    np.testing.assert_allclose(table.loc[from_r.index, "value"], from_r, rtol=1e-10)
    assert table.loc[("batch", "site"), "verdict"] == "confounded"
    assert (table.drop(("batch", "site"))["verdict"] == "ok").all()
    assert table.loc[("condition", "rin"), "measure"] == "eta_squared"
    # A plain Pearson correlation for two continuous covariates.
    with_depth = samples.assign(depth=samples["rin"] ** 2)
    r_squared = association.confounding_table(with_depth, ["rin", "depth"]).loc[0]
    assert r_squared["measure"] == "r_squared"
    assert r_squared["value"] == pytest.approx(
        np.corrcoef(with_depth["rin"], with_depth["depth"])[0, 1] ** 2, rel=1e-12
    )
    assert r_squared["verdict"] == "confounded"
    assert r_squared["separable"]


def test_verdicts_follow_the_thresholds(samples):
    pair = samples[["condition", "run"]]  # V = 0.19
    for thresholds, verdict in [((0.5, 0.9), "ok"), ((0.1, 0.9), "warn"), ((0.1, 0.15), "confounded")]:
        table = association.confounding_table(pair, list(pair), warn=thresholds[0], confounded=thresholds[1])
        assert table["verdict"].tolist() == [verdict]
    with pytest.raises(ConfigError, match="warn"):
        association.confounding_table(pair, list(pair), warn=0.9, confounded=0.5)


def test_blocks_that_share_no_level_are_confounded_even_with_a_lower_v():
    # Within the second block condition and batch cross, but nothing links it to the first.
    blocks = pd.DataFrame({"batch": list("1122332233"), "condition": list("aabbccccbb")})
    assert association.cramers_v(pd.crosstab(blocks["batch"], blocks["condition"])) < 0.9
    row = association.confounding_table(blocks, ["batch", "condition"]).loc[0]
    assert not row["separable"]
    assert row["verdict"] == "confounded"


def test_confounding_table_with_gaps_constants_and_booleans():
    sheet = pd.DataFrame(
        {
            "sex": [True, False, True, False, True, False],
            "age": [30.0, 40, np.nan, 50, 35, 45],
            "same": ["x"] * 6,
            "empty": [None] * 6,
        }
    )
    table = association.confounding_table(sheet, ["sex", "age", "same", "empty"]).set_index(["a", "b"])
    assert table.loc[("sex", "age"), "n_samples"] == 5
    between = np.array([32.5, 45, 45, 32.5, 45])  # means of age by sex, in the order of the samples without the gap
    ages = sheet["age"].dropna()
    assert table.loc[("sex", "age"), "value"] == pytest.approx(between.var() / ages.var(ddof=0), rel=1e-12)
    assert np.isnan(table.loc[("sex", "same"), "value"])
    assert table.loc[("sex", "same"), "verdict"] == "ok"
    assert table.loc[("age", "empty"), "n_samples"] == 0


# ---- principal components


def test_component_tests_are_those_of_lm(samples):
    table = association.pc_association(read("association_scores.tsv"), samples, COVARIATES)
    from_r = read("association_pc.tsv").reset_index()
    assert table[["pc", "covariate"]].equals(from_r[["pc", "covariate"]])
    for column in ("df_model", "df_residual", "r_squared", "pvalue", "padj"):
        np.testing.assert_allclose(table[column], from_r[column], rtol=1e-10, err_msg=column)


def test_component_tests_agree_with_scipy_where_samples_are_missing(samples):
    from scipy.stats import f_oneway, linregress

    scores = read("association_scores.tsv")
    with_gaps = samples.assign(
        run=samples["run"].where(samples.index != "s05"), rin=samples["rin"].where(samples.index > "s03")
    )
    table = association.pc_association(scores, with_gaps[::-1], ["run", "rin"]).set_index(["covariate", "pc"])
    groups = [scores.loc[with_gaps.index[with_gaps["run"] == run], "PC2"] for run in ("r1", "r2")]
    assert table.loc[("run", "PC2"), "pvalue"] == pytest.approx(f_oneway(*groups).pvalue, rel=1e-10)
    assert table.loc[("run", "PC2"), "n_samples"] == 29
    line = linregress(with_gaps["rin"].iloc[3:], scores["PC3"].iloc[3:])
    assert table.loc[("rin", "PC3"), "pvalue"] == pytest.approx(line.pvalue, rel=1e-10)
    assert table.loc[("rin", "PC3"), "r_squared"] == pytest.approx(line.rvalue**2, rel=1e-10)


def test_component_tests_at_their_ends(samples):
    scores = pd.DataFrame({"PC1": (samples["run"] == "r1").astype(float), "PC2": samples["rin"]})
    sheet = samples.assign(same="x", identifier=samples.index)
    table = association.pc_association(scores, sheet, ["run", "same", "identifier"]).set_index(["pc", "covariate"])
    assert table.loc[("PC1", "run"), "r_squared"] == pytest.approx(1)
    assert table.loc[("PC1", "run"), "pvalue"] < 1e-100
    assert np.isnan(table.loc[("PC1", "same"), "r_squared"])
    assert table.loc[("PC1", "identifier"), "r_squared"] == pytest.approx(1)
    # An identifier explains everything and tests nothing, and does not count in the association.
    assert np.isnan(table.loc[("PC1", "identifier"), "pvalue"])
    assert table.loc[("PC2", "run"), "padj"] == pytest.approx(table.loc[("PC2", "run"), "pvalue"])
    assert table["padj"].notna().sum() == 2


@pytest.mark.parametrize("constant", [0.0, 0.1])
def test_a_constant_component_is_not_tested(samples, constant):
    table = association.pc_association(pd.DataFrame({"PC1": constant}, index=samples.index), samples, ["run", "rin"])
    assert table[["r_squared", "pvalue", "padj"]].isna().all(axis=None)


def test_sign_and_scale_of_components_do_not_matter(samples):
    scores = read("association_scores.tsv")
    pd.testing.assert_frame_equal(
        association.pc_association(scores * -1e3, samples, COVARIATES),
        association.pc_association(scores, samples, COVARIATES),
    )


def test_component_tests_check_their_input(samples):
    scores = read("association_scores.tsv")
    with pytest.raises(ConfigError, match="plate"):
        association.pc_association(scores, samples, ["plate"])
    with pytest.raises(DataError, match="s30"):
        association.pc_association(scores, samples.drop("s30"), ["run"])
