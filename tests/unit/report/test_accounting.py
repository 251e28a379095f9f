"""Numbers of the report add up, or it stops; verdicts say what is the case."""

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import DataError
from degsteps.batch.design_matrix import contrast_facts, design_of
from degsteps.design.weights import compile_contrast
from degsteps.report import accounting, verdicts
from degsteps.sections.accounts import Account
from degsteps.sections.results import Results
from degsteps.tables import read_json, read_table, read_text_table
from tests.unit.report import report_inputs
from tests.unit.report.report_inputs import CONTRASTS, N_DROPPED_GENES, N_GENES, SAMPLES

TEXTS = ("reason", "finding", "advice", "a", "b")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return report_inputs.build(tmp_path_factory.mktemp("study"))


@pytest.fixture
def parts(study):
    """What the summary reads, as tables."""
    paths = study.paths
    return {
        "sample_account": read_table(paths["sample_account"], text=TEXTS),
        "gene_account": read_table(paths["gene_account"]),
        "genes": read_table(paths["genes"], text=TEXTS),
        "contrasts": {path.stem: accounting.typed_results(read_text_table(path)) for path in paths["contrast_tables"]},
    }


def verdicts_of(study, parts, association=None, quality=None, **changes):
    tables = {
        "batch/association.tsv": association,
        "qc/verdicts.tsv": quality,
    }
    stored = {
        "batch/association.tsv": read_table(study.paths["association"], text=TEXTS),
        "qc/verdicts.tsv": read_table(study.paths["quality_verdicts"], text=TEXTS),
    }
    results = {
        "settings": study.settings,
        "records": [read_json(path) for path in study.paths["records"]],
        "accounts": accounting.sample_accounts(parts["sample_account"]),
        "design": accounting.with_contrasts(
            read_json(study.paths["design_summary"]), map(read_json, study.paths["compiled_contrasts"])
        ),
        "tables": stored | {place: table for place, table in tables.items() if table is not None},
        "contrasts": parts["contrasts"],
    }
    return verdicts.collect_verdicts(Results(**(results | changes)))


# ---- accounts


def test_samples_are_accounted_for(parts):
    (first, design) = accounting.sample_accounts(parts["sample_account"], design=SAMPLES)
    assert (first.received, first.n_dropped, first.kept) == (8, 2, 6)
    assert first.dropped == {"excluded: RNA <b>degraded</b>": 1, "not_in_counts": 1}
    assert (design.stage, design.received, design.kept) == ("design", 6, 6)


def test_a_stage_with_other_samples_stops(parts):
    with pytest.raises(DataError, match=r"design: has 5 samples, but 6 were kept.*s6"):
        accounting.sample_accounts(parts["sample_account"], design=SAMPLES[:5])
    with pytest.raises(DataError, match="stranger"):
        accounting.sample_accounts(parts["sample_account"], design=[*SAMPLES[:5], "stranger"])


def test_genes_are_accounted_for(parts):
    accounts = accounting.gene_accounts(parts["gene_account"], parts["genes"], parts["contrasts"])
    ingest, gene_filter, first, _ = accounts
    n_read = N_GENES + N_DROPPED_GENES
    # Three rows of one gene became one: two rows more than genes.
    assert (ingest.received, ingest.dropped, ingest.kept) == (n_read + 2, {"rows_summed": 2}, n_read)
    assert (gene_filter.received, gene_filter.kept) == (n_read, N_GENES)
    assert gene_filter.dropped == {"all_zero": 4, "below_min_cpm": 3}
    assert first.stage == "test: hi_vs_na"
    assert first.dropped == {"count_outlier": 3, "not_converged": 1, "low_mean": 6}
    assert first.kept == 50


def test_a_result_table_without_a_gene_stops(parts):
    name, table = next(iter(parts["contrasts"].items()))
    with pytest.raises(DataError, match=r"hi_vs_na: its table has 59 genes, but the filter kept 60.*ENSG000"):
        accounting.gene_accounts(parts["gene_account"], parts["genes"], {name: table.iloc[1:]})


def test_numbers_that_do_not_add_up_stop():
    with pytest.raises(DataError, match="10 genes came in, but 3 dropped and 6 kept make 9"):
        accounting.require_adds_up([Account("genes", "filter", 10, {"all_zero": 3}, 6)])


def test_accounts_survive_the_file(parts):
    accounts = accounting.sample_accounts(parts["sample_account"], design=SAMPLES)
    accounts += accounting.gene_accounts(parts["gene_account"], parts["genes"], parts["contrasts"])
    table = accounting.accountability_table(accounts)
    assert accounting.accounts_of(table) == accounts
    table.loc[(table["stage"] == "filter") & (table["outcome"] == "kept"), "n"] += 1
    with pytest.raises(DataError, match="filter"):
        accounting.accounts_of(table)


# ---- contrasts


def test_annotation_that_looks_like_numbers_stays_text(parts):
    table = parts["contrasts"]["hi_vs_na"]
    assert list(table["entrez_id"][:2]) == ["1000", "1001"]
    assert table["symbol"].iloc[3] == "2E10"
    assert table["pvalue"].dtype == float
    assert np.isnan(table["padj"].iloc[55])


def test_summary_counts_by_another_way(parts):
    table = parts["contrasts"]["hi_vs_na"]
    summary = accounting.contrast_summary(table, alpha=0.1, min_log2_fold_change=1.0)
    rows = list(table.to_dict("records"))
    called = [row for row in rows if row["padj"] < 0.1]
    assert 0 < len(called) < N_GENES
    assert summary["up"] == sum(row["log2_fold_change"] > 0 for row in called)
    assert summary["down"] == sum(row["log2_fold_change"] < 0 for row in called)
    assert summary["up_marked"] == sum(row["log2_fold_change"] >= 1 for row in called) < summary["up"]
    assert summary["down_marked"] == sum(row["log2_fold_change"] <= -1 for row in called)
    assert (summary["genes"], summary["tested"], summary["adjusted"]) == (60, 56, 50)
    missing = {name: n for name, n in summary.items() if name.startswith("na_")}
    assert missing == {"na_all_zero": 0, "na_count_outlier": 3, "na_not_converged": 1, "na_low_mean": 6}


def test_calls_are_counted_at_further_levels(parts):
    table = parts["contrasts"]["hi_vs_na"]
    levels = {"alpha": 0.05, "min_log2_fold_change": 0, "further_alphas": [0.1, 0.001]}
    summary = accounting.contrast_summary(table, **levels)
    for level in (0.1, 0.001):
        alone = accounting.contrast_summary(table, alpha=level, min_log2_fold_change=0)
        assert [summary[f"{way}_at_{level:g}"] for way in ("up", "down")] == [alone["up"], alone["down"]]
    assert accounting.contrast_summaries({"a": table}, **levels).loc["a", "up_at_0.1"] == summary["up_at_0.1"]


def test_a_gene_at_alpha_is_not_called(parts):
    table = parts["contrasts"]["hi_vs_na"].copy()
    table["padj"] = np.where(table["padj"].notna(), 0.1, np.nan)
    summary = accounting.contrast_summary(table, alpha=0.1, min_log2_fold_change=0)
    assert summary["up"] == summary["down"] == 0


@pytest.mark.parametrize(
    ("gene", "reason", "message"),
    [(55, "", "never both or neither"), (0, "low_mean", "never both or neither"), (55, "bored", "'bored'")],
)
def test_missing_values_without_a_known_reason_stop(parts, gene, reason, message):
    table = parts["contrasts"]["hi_vs_na"].copy()
    table.iloc[gene, table.columns.get_loc("na_reason")] = reason
    with pytest.raises(DataError, match=message):
        accounting.na_counts(table)


def test_a_table_without_results_stops():
    with pytest.raises(DataError, match="base_mean"):
        accounting.typed_results(pd.DataFrame({"symbol": ["A"]}, index=pd.Index(["g"], name="gene")))


# ---- verdicts


def test_verdicts_of_quality_control_and_own_checks_stand_together(study, parts):
    verdicts = verdicts_of(study, parts)
    assert verdicts.index.is_unique
    assert verdicts.loc["outliers", "status"] == "warn"
    assert verdicts.loc["samples", "status"] == "warn"
    assert "6 of 8" in verdicts.loc["samples", "finding"]
    assert verdicts.loc["replicates: hi_vs_na", "status"] == "ok"
    assert verdicts.loc["residual_df", "status"] == "warn"
    assert verdicts.loc["batch_in_design", "status"] == "ok"
    assert "NOPE" in verdicts.loc["gene_lists", "finding"]
    assert {f"p_values: {name}" for name in CONTRASTS} <= set(verdicts.index)


def test_excluded_samples_alone_are_no_warning(study, parts):
    account = parts["sample_account"].drop(index="absent")
    verdicts = verdicts_of(study, parts, accounts=accounting.sample_accounts(account))
    assert verdicts.loc["samples", "status"] == "ok"


@pytest.mark.parametrize(("n", "status"), [(3, "ok"), (2, "warn"), (1, "bad")])
def test_few_replicates_are_named(study, parts, n, status):
    design = accounting.with_contrasts(
        read_json(study.paths["design_summary"]), map(read_json, study.paths["compiled_contrasts"])
    )
    for contrast in design["contrasts"].values():
        contrast["groups"] = {"one": 7, "other": n}
    verdicts = verdicts_of(study, parts, design=design)
    assert verdicts.loc["replicates: hi_vs_na", "status"] == status


def test_subjects_are_the_replicates_where_samples_are_repeated(study, parts):
    design = accounting.with_contrasts(
        read_json(study.paths["design_summary"]), map(read_json, study.paths["compiled_contrasts"])
    )
    for contrast in design["contrasts"].values():
        contrast |= {"groups": {"one": 6, "other": 8}, "subjects": {"one": 5, "other": 2}}
    found = verdicts_of(study, parts, design=design).loc["replicates: hi_vs_na"]
    assert found["status"] == "warn"
    assert "other, with 2 subjects (8 samples)." in found["finding"]


def test_subjects_of_a_group_are_counted_once():
    sheet = pd.DataFrame({"arm": list("aaabbb"), "donor": ["p", "p", "q", "r", "s", "t"]}, index=list("123456"))
    design = design_of(sheet, {"formula": "~ arm", "factors": {"arm": {"reference": "a"}}, "covariates": {}})
    compiled = compile_contrast(design, {"factor": "arm", "test": "b", "reference": "a"})
    facts = contrast_facts(design, compiled, sheet["donor"].to_dict())
    assert facts["groups"] == {"b": 3, "a": 3}
    assert facts["subjects"] == {"b": 3, "a": 2}
    assert "subjects" not in contrast_facts(design, compiled)


def test_a_batch_that_the_design_lacks_is_a_warning(study, parts):
    settings = study.settings | {"batch": study.settings["batch"] | {"columns": ["site", "run"]}}
    verdicts = verdicts_of(study, parts, settings=settings)
    assert verdicts.loc["batch_in_design", "status"] == "warn"
    assert "run" in verdicts.loc["batch_in_design", "finding"]
    assert "site" not in verdicts.loc["batch_in_design", "finding"]


def test_confounding_is_a_warning(study, parts):
    association = read_table(study.paths["association"], text=TEXTS).assign(verdict="warn", value=0.8)
    verdicts = verdicts_of(study, parts, association=association)
    assert verdicts.loc["confounding", "status"] == "warn"
    assert "dose with site (Cramér's V 0.80)" in verdicts.loc["confounding", "finding"]
    assert "crosstab" in verdicts.loc["confounding", "advice"]


def test_no_crosstab_is_named_for_surrogate_variables(study, parts):
    association = read_table(study.paths["association"], text=TEXTS).rename(index={"dose": "surrogate_1"})
    association = association.iloc[:1].assign(verdict="warn", value=0.3)
    found = verdicts_of(study, parts, association=association).loc["confounding"]
    assert "surrogate_1 with" in found["finding"]
    assert "see what the surrogate variables go with" in found["advice"]
    assert "crosstab" not in found["advice"]


@pytest.mark.parametrize(
    ("number", "verdict", "status", "words"),
    [
        (0, "ok", "ok", "No unwanted variation was found"),
        (1, "ok", "ok", "The design holds 1 surrogate variable (sva) beside the formula ~ dose."),
        (1, "confounded", "warn", "Nearly the same: surrogate_1 with dose."),
    ],
)
def test_unwanted_variation_is_told_and_warned_of(study, parts, number, verdict, status, words):
    record = read_json(study.paths["records"][0])
    record |= {"step": "estimate_surrogates", "facts": {"number": number, "method": "sva", "formula": "~ dose"}}
    pair = {"b": "dose", "measure": "eta_squared", "value": 0.95, "n_samples": 6, "separable": True, "verdict": verdict}
    association = pd.DataFrame([pair], index=pd.Index(["surrogate_1"], name="a"))
    records = [*map(read_json, study.paths["records"]), record]
    verdicts = verdicts_of(study, parts, records=records, association=association)
    assert verdicts.loc["surrogates", "status"] == status
    assert words in verdicts.loc["surrogates", "finding"]
    assert "surrogates" not in verdicts_of(study, parts).index


@pytest.mark.parametrize(
    ("step", "facts", "check", "status"),
    [
        ("ingest_counts", {"rounded": True}, "counts", "warn"),
        ("fit_model", {"trend": "local"}, "dispersion", "warn"),
        ("fit_model", {"trend": "parametric"}, "dispersion", "ok"),
        ("annotate_genes", {"source": "g.tsv", "mapped_fraction_of_tested": 0.6}, "annotation", "warn"),
        ("annotate_genes", {"source": None}, "annotation", "ok"),
    ],
)
def test_facts_of_records_become_verdicts(study, parts, step, facts, check, status):
    verdicts = verdicts_of(study, parts, records=[{"step": step, "facts": facts}])
    assert verdicts.loc[check, "status"] == status


@pytest.mark.parametrize(
    ("lacking", "status", "words"),
    [
        ([[], []], "ok", "All genes of report.genes (2) are in the result tables."),
        ([["NOGENE"], ["NOGENE", "g1"]], "note", "1 of 2 genes of report.genes is in no result table: NOGENE."),
        ([["g1"], []], "note", "Genes of report.genes that some contrasts have no result of: g1."),
    ],
)
def test_genes_that_are_named_and_in_no_table_are_told(study, parts, lacking, status, words):
    settings = {**study.settings, "report": {**study.settings["report"], "genes": ["g1", "NOGENE"]}}
    records = [{"step": "plot_contrast", "facts": {"genes_not_in_table": names}} for names in lacking]
    told = verdicts_of(study, parts, records=records, settings=settings).loc["own_genes"]
    assert (told["status"], told["finding"]) == (status, words)
    assert "own_genes" not in verdicts_of(study, parts, records=records).index


def test_an_unknown_status_stops(study, parts):
    quality = read_table(study.paths["quality_verdicts"], text=TEXTS).assign(status="green")
    with pytest.raises(DataError, match="'green'"):
        verdicts_of(study, parts, quality=quality)
