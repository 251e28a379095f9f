"""How far engines agree: against counts by hand and scipy, and on two engines that see the same data."""

import importlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from degsteps.batch.design_matrix import as_frame, compiled_design
from degsteps.engines.interface import Contrast, FitData, FitSettings, TableSettings
from degsteps.engines.registry import ENGINES, input_words
from degsteps.normalize.size_factors import size_factors
from degsteps.tables import read_table, write_json, write_matrix, write_table
from degsteps.test.concordance import compare, joined_tables
from degsteps.test.contrasts import compiled_contrasts
from degsteps.test.figures.concordance import concordance_plot, signed_evidence
from degsteps.test.section_concordance import agreement_grid

GENES = [f"g{number}" for number in range(6)]


def table(changes, pvalues, padj):
    return pd.DataFrame({"log2_fold_change": changes, "stat": changes, "pvalue": pvalues, "padj": padj}, index=GENES)


MINE = table([1, -1, 2, 0.5, -0.2, 1], [1e-6, 1e-5, 0.01, 0.2, 0.9, np.nan], [1e-5, 1e-4, 0.02, 0.3, 0.9, np.nan])
OTHER = table([1, 1, 2, 0.4, -0.1, 1], [1e-4, 1e-5, 0.2, 0.01, 0.8, 0.001], [1e-3, 1e-4, 0.3, 0.02, 0.9, 0.01])


def test_agreement_is_what_can_be_counted_by_hand():
    genes, agreement = compare(MINE, {"edger_ql": OTHER[::-1]}, engine="degsteps", alpha=0.05)
    called = ["degsteps,edger_ql", "degsteps,edger_ql", "degsteps", "edger_ql", "", "edger_ql"]
    assert list(genes["called_by"]) == called
    np.testing.assert_array_equal(genes["edger_ql_pvalue"], OTHER["pvalue"])
    row = agreement.loc["degsteps"]
    # g1 is called by both, in opposite directions; g5 has no p-value in one.
    assert dict(row[["second", "genes", "called_first", "called_second", "called_both"]]) == {
        "second": "edger_ql",
        "genes": 5,
        "called_first": 3,
        "called_second": 4,
        "called_both": 1,
    }
    assert row["jaccard"] == pytest.approx(1 / 5)
    assert row["same_sign"] == pytest.approx(3 / 4)
    both = MINE["pvalue"].notna()
    assert row["rank_correlation"] == pytest.approx(stats.spearmanr(MINE["pvalue"][both], OTHER["pvalue"][both])[0])
    expected = np.corrcoef(MINE["log2_fold_change"][both], OTHER["log2_fold_change"][both])[0, 1]
    assert row["fold_change_correlation"] == pytest.approx(expected)


def test_three_engines_are_compared_pair_by_pair_and_no_call_is_no_number():
    none = MINE.assign(padj=1.0)
    others = {"voom": none, "edger_ql": none}
    genes, agreement = compare(none, others, engine="degsteps", alpha=0.05)
    assert list(zip(agreement.index, agreement["second"], strict=True)) == [
        ("degsteps", "voom"),
        ("degsteps", "edger_ql"),
        ("voom", "edger_ql"),
    ]
    assert agreement[["jaccard", "same_sign"]].isna().all(axis=None)
    assert set(genes["called_by"]) == {""}


def test_tables_of_all_contrasts_are_adjusted_each_on_its_own():
    joined = joined_tables({"a": MINE, "b": OTHER})
    assert list(joined["contrast"]) == ["a"] * 6 + ["b"] * 6
    of_b = joined[joined["contrast"] == "b"]
    np.testing.assert_allclose(of_b["padj"], stats.false_discovery_control(OTHER["pvalue"]))
    assert np.isnan(joined["padj"].iloc[5])


def test_compiled_contrasts_hold_weights_and_the_smaller_design():
    samples = pd.DataFrame({"arm": ["a", "a", "b", "b"], "run": ["1", "2", "1", "2"]}, index=list("wxyz"))
    factors = {"arm": {"reference": "a", "levels": None}, "run": {"reference": "1", "levels": None}}
    model = {"formula": "~ run + arm", "factors": factors, "covariates": {}}
    contrast = {"factor": "arm", "test": "b", "reference": "a", "reduced": None}
    contrast |= {"lfc_null": 0, "alternative": "greater_abs"}
    contrasts = {"plain": contrast, "nested": contrast | {"reduced": "~ run"}}
    stored = compiled_design(samples, model)
    plain, nested = compiled_contrasts(stored, contrasts, as_frame(stored.design)).values()
    assert list(plain.weights) == list(nested.weights) == [0, 0, 1]
    assert plain.reduced is None
    assert list(nested.reduced.columns) == ["Intercept", "run[T.2]"]


def test_evidence_has_a_sign_and_a_place_for_zero():
    zero = table([1, -1, -1, 1, 1, 1], [0.0, 1e-8, 0.1, 1.0, 0.5, np.nan], [0] * 6)
    np.testing.assert_allclose(signed_evidence(zero), [8, -8, -1, 0, -np.log10(0.5), np.nan], atol=1e-12)


def test_figure_has_a_panel_for_each_engine():
    figure = concordance_plot(MINE, {"voom": OTHER, "edger_ql": OTHER}, "x", engine="degsteps", alpha=0.05)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles[0].startswith("5 genes, Jaccard index 0.20")
    missing = MINE.assign(pvalue=np.nan, padj=np.nan)
    empty = concordance_plot(missing, {"voom": OTHER}, "x", engine="degsteps", alpha=0.05)
    assert "No gene has a p-value in both." in [text.get_text() for text in empty.axes[0].texts]


def test_page_shows_each_pair_of_engines():
    _, agreement = compare(MINE, {"edger_ql": OTHER}, engine="degsteps", alpha=0.05)
    (row,) = agreement_grid(agreement).rows
    assert row == (
        "degsteps, edger_ql",
        "3",
        "4",
        "1",
        "0.200",
        f"{agreement['rank_correlation'].iloc[0]:.3f}",
        "0.750",
    )


ARMS = pd.DataFrame({"arm": list("aabb") * 2}, index=pd.Index([f"s{k}" for k in range(8)], name="sample"))
CONTRAST = {"factor": "arm", "test": "b", "reference": "a", "reduced": None}
FILTERS = {"method": "filter_by_expr", "min_cpm": 1, "min_samples": None, "min_count": 10, "min_total_count": 15}


def second_engine(folder, counts, engine, contrast, kept=None, **options):
    """Run the step on counts of two arms, and return what it writes; without options it shares the analysis's input."""
    model = {"formula": "~ arm", "factors": {"arm": {"reference": "a", "levels": None}}, "covariates": {}}
    names = ("counts.parquet", "size_factors.tsv", "design.json", "samples.tsv")
    files = {name: folder / name for name in names}
    write_matrix((counts if kept is None else counts.loc[kept]).rename_axis("gene"), files["counts.parquet"])
    write_table(pd.DataFrame({"size_factor": 1.0}, index=ARMS.index), files["size_factors.tsv"])
    write_json(compiled_design(ARMS, model).as_json(), files["design.json"])
    write_table(ARMS, files["samples.tsv"])
    asked = {"filters": None, "own_size_factors": None} | options
    facts = importlib.import_module("test_second_engine").main(
        *files.values(),
        folder / "table.tsv",
        engine=engine,
        contrasts={"c": contrast},
        compatibility="r",
        fit_type="parametric",
        quasi_likelihood={},
        cooks_filter=True,
        subject=None,
        groups={"named": ["arm"], "expressions": [], "factors": ["arm"]},
        **asked,
    )
    return read_table(folder / "table.tsv", text=("contrast",)), facts


def two_arms(n_genes):
    random = np.random.default_rng(5)
    counts = pd.DataFrame(
        random.negative_binomial(5, 0.02, (n_genes, 8)), [f"g{k}" for k in range(n_genes)], ARMS.index
    )
    counts.iloc[:10, [2, 3, 6, 7]] *= 8
    return counts


@pytest.mark.parametrize("engine", list(ENGINES))
def test_every_engine_can_be_the_second(engine, tmp_path):
    counts = two_arms(80)
    joined, _ = second_engine(tmp_path, counts, engine, CONTRAST | {"lfc_null": 1, "alternative": "greater"})
    assert set(joined["contrast"]) == {"c"}
    assert list(joined.index) == list(counts.index)
    called = joined.index[joined["padj"] < 0.05]
    # A change by 3 on the log2 scale against a bound of 1, in ten genes.
    assert set(called) <= set(counts.index[:10])
    assert len(called) >= 7


@pytest.mark.parametrize("engine", [name for name, record in ENGINES.items() if record.own_filter])
def test_engines_start_from_their_own_filter_and_size_factors_or_share_those_of_the_analysis(engine, tmp_path):
    """Of 80 genes 20 have few counts, which edgeR's rule drops; the analysis keeps 70 and takes size factors of 1."""
    counts = two_arms(80)
    counts.iloc[60:] = 1
    record, kept = ENGINES[engine], list(counts.index[10:])
    plain = CONTRAST | {"lfc_null": 0, "alternative": "greater_abs"}
    write_matrix(counts.rename_axis("gene"), tmp_path / "all.parquet")
    own, facts = second_engine(
        tmp_path,
        counts,
        engine,
        plain,
        kept,
        filters=FILTERS | {"method": record.own_filter},
        own_size_factors=record.own_size_factors,
        all_counts=tmp_path / "all.parquet",
    )
    shared, _ = second_engine(tmp_path, counts, engine, plain, kept)
    assert list(shared.index) == kept
    assert list(own.index) == list(counts.index[:60])
    assert (facts["own"], facts["shared_genes"]) == ({"filter": "filter_by_expr", "size_factors": "tmm"}, 50)
    # What is usual with the engine: the same numbers as a fit of these genes with size factors by TMM.
    frame = compiled_design(
        ARMS, {"formula": "~ arm", "factors": {"arm": {"reference": "a", "levels": None}}, "covariates": {}}
    )
    design, genes = as_frame(frame.design), counts.iloc[:60]
    fitted = record.fit(FitData(genes, design, size_factors(genes, "tmm")), FitSettings())
    settings = TableSettings(0.05, cooks_filter=False, independent_filtering=False)
    expected, _ = record.contrast_table(fitted, genes, Contrast(np.array([0.0, 1.0])), settings)
    np.testing.assert_allclose(own["pvalue"], expected["pvalue"], rtol=1e-11)


def test_genes_that_one_engine_drops_are_calls_of_the_other_alone():
    fewer = OTHER.loc[["g1", "g2"]]
    more = pd.concat([OTHER, OTHER.iloc[[1]].set_axis(["extra"])])
    genes, agreement = compare(MINE, {"voom": fewer, "edger_ql": more}, engine="degsteps", alpha=0.05)
    assert list(genes.index) == [*GENES, "extra"]
    assert genes.loc["extra", "called_by"] == "edger_ql"
    assert genes.loc["g0", "called_by"] == "degsteps,edger_ql"
    with_voom, with_edger, between = agreement.itertuples()
    assert (with_voom.genes, with_voom.called_first, with_voom.called_second) == (2, 3, 1)
    assert with_voom.jaccard == 0  # g1 is called in opposite directions
    assert (with_edger.genes, with_edger.called_second) == (5, 5)
    assert (between.called_first, between.called_second) == (1, 5)
    figure = concordance_plot(MINE, {"edger_ql": more}, "x", engine="degsteps", alpha=0.05, note="a note")
    assert figure.axes[0].get_title("left").startswith("5 genes, Jaccard index 0.17")
    assert figure.legends[0].get_title().get_text().endswith("\na note")


def test_words_tell_what_second_engines_start_from():
    assert input_words(["voom", "edger_ql"], "own") == (
        "limma-voom and edgeR quasi-likelihood start from what is usual with them (filter filter_by_expr, size factors "
        "tmm)."
    )
    assert input_words(["voom", "degsteps"], "own").endswith(
        "; degsteps starts from the genes and size factors of the analysis."
    )
    assert input_words(["voom"], "shared") == "limma-voom starts from the genes and size factors of the analysis."
