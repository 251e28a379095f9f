"""Matching, merging and summing: every sample and gene is accounted for."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from degsteps.basics.errors import DataError
from degsteps.ingest.ingest import Settings, ingest
from degsteps.ingest.section import lookalike_verdict
from degsteps.ingest.technical_replicates import agreement, lookalikes
from degsteps.inputs.sources import Source
from degsteps.report.accounting import gene_accounts, sample_accounts
from tests.conftest import REPO


def write_site(folder, name, counts, **columns):
    """Write counts and sheet of a site; return its source."""
    counts.rename_axis("gene").to_csv(folder / f"{name}.tsv", sep="\t")
    sheet = pd.DataFrame(columns, index=pd.Index(counts.columns, name="sample"))
    sheet.to_csv(folder / f"{name}.samples.tsv", sep="\t")
    return Source(name, str(folder / f"{name}.tsv"), str(folder / f"{name}.samples.tsv"))


@pytest.fixture
def sources(tmp_path):
    oslo = pd.DataFrame({"o1": [5, 1, 7], "o2": [3, 0, 9]}, index=["gA.1", "gB.2", "ENSG01.5"])
    lyon = pd.DataFrame({"l1": [4, 6, 2, 8]}, index=["ENSG01.7", "gA.1", "gC", "gA.1"])
    return [
        write_site(tmp_path, "oslo", oslo, arm=["a", "b"], age=["30", "40"]),
        write_site(tmp_path, "lyon", lyon, arm=["a"], rin=["8"]),
    ]


def test_the_intersection_of_sites(sources):
    found = ingest(sources, Settings(duplicate_genes="sum", gene_versions="strip"), group="arm")
    # Only ids of Ensembl have versions: gA.1 is the name of a gene.
    assert found.counts.index.tolist() == ["ENSG01", "gA.1"]
    assert found.counts.loc["gA.1"].to_dict() == {"o1": 5, "o2": 3, "l1": 14}
    assert found.counts.loc["ENSG01"].to_dict() == {"o1": 7, "o2": 9, "l1": 4}
    account = found.gene_account
    assert account.loc["gA.1"].tolist() == [2, "kept", "rows_summed", "lyon"]
    assert account.loc["gB.2"].tolist() == [1, "dropped", "not_at_every_site", "oslo"]
    assert account.loc["gC"].tolist() == [1, "dropped", "not_at_every_site", "lyon"]
    assert found.samples.to_dict("index") == {
        "o1": {"site": "oslo", "arm": "a", "age": "30", "rin": ""},
        "o2": {"site": "oslo", "arm": "b", "age": "40", "rin": ""},
        "l1": {"site": "lyon", "arm": "a", "age": "", "rin": "8"},
    }
    table = found.sites
    assert table["genes"].tolist() == [3, 3]
    assert table["genes_unshared"].tolist() == [1, 1]
    assert table[["samples", "samples_a", "samples_b"]].to_numpy().tolist() == [[2, 1, 1], [1, 1, 0]]
    assert table.loc["oslo", ["total_count_min", "total_count_max"]].tolist() == [12, 13]
    assert found.sample_account["site"].tolist() == ["oslo", "oslo", "lyon"]


def test_the_union_of_sites(sources):
    found = ingest(sources, Settings(duplicate_genes="sum", merge_genes="union", union_fill=0))
    assert found.counts.index.tolist() == ["ENSG01.5", "ENSG01.7", "gA.1", "gB.2", "gC"]
    assert found.counts.loc["gB.2"].to_dict() == {"o1": 1, "o2": 0, "l1": 0}
    assert found.gene_account.loc["gB.2"].tolist() == [1, "kept", "filled_with_0_elsewhere", "oslo"]
    assert found.counts.to_numpy().dtype == np.int64


def test_sites_without_a_common_gene_are_refused(tmp_path):
    first = write_site(tmp_path, "a", pd.DataFrame({"s1": [1]}, index=["TSPAN6"]), x=["1"])
    second = write_site(tmp_path, "b", pd.DataFrame({"s2": [1]}, index=["ENSG1"]), x=["1"])
    with pytest.raises(DataError, match="no gene id is at every site"):
        ingest([first, second], Settings())


def test_the_same_sample_id_at_two_sites_is_refused(tmp_path):
    both = [write_site(tmp_path, name, pd.DataFrame({"s1": [1]}, index=["g"]), x=["1"]) for name in ("a", "b")]
    with pytest.raises(DataError, match="'s1' is a sample of a and of b"):
        ingest(both, Settings())


def test_the_same_sample_id_at_two_sites_can_be_told_apart(tmp_path):
    both = [
        write_site(tmp_path, name, pd.DataFrame({"s1": [n], "s2": [n + 1]}, index=["g"]), x=["1", "2"])
        for name, n in (("a", 10), ("b", 20))
    ]
    lengths = tmp_path / "lengths.tsv"
    lengths.write_text("gene\ts1\ts2\ng\t100\t200\n")
    apart = [replace(source, prefix=f"{source.site}_") for source in both]
    settings = Settings(exclude_samples={"b_s1": "moved to site a"}, merge_genes="union", union_fill=0)
    found = ingest(apart, settings, length_matrix=lengths)
    assert found.counts.loc["g"].to_dict() == {"a_s1": 10, "a_s2": 11, "b_s2": 21}
    assert found.lengths.loc["g"].to_dict() == pytest.approx({"a_s1": 100, "a_s2": 200, "b_s2": 200})
    assert found.samples["x"].to_dict() == {"a_s1": "1", "a_s2": "2", "b_s2": "2"}
    assert found.sample_account["status"].to_dict() == {
        "a_s1": "kept", "a_s2": "kept", "b_s1": "dropped", "b_s2": "kept"
    }  # fmt: skip


def test_versions_and_par_y(tmp_path):
    counts = pd.DataFrame({"s": [1, 2, 3], "t": [4, 5, 6]}, index=["ENSG2.20", "ENSG2.20_PAR_Y", "Y110A7A.10"])
    source = write_site(tmp_path, "x", counts, arm=["a", "b"])
    kept = ingest([source], Settings(gene_versions="strip"))
    assert kept.counts.index.tolist() == ["ENSG2", "ENSG2_PAR_Y", "Y110A7A.10"]
    again = counts.set_axis(["ENSG2.20", "ENSG2.21", "Y110A7A.10"], axis=0)
    source = write_site(tmp_path, "y", again, arm=["a", "b"])
    with pytest.raises(DataError, match="without their versions, 1 gene id"):
        ingest([source], Settings(gene_versions="strip"))
    summed = ingest([source], Settings(gene_versions="strip", duplicate_genes="sum"))
    assert summed.counts.loc["ENSG2"].tolist() == [3, 9]
    assert summed.gene_account.loc["ENSG2", "n_rows"] == 2


# ---- technical replicates


def libraries(seed=3, n_genes=400):
    """Two libraries of other people, three runs of the first and two of the second, and a third library in one run."""
    rng = np.random.default_rng(seed)
    means = rng.gamma(1.0, 300.0, n_genes)
    true = {name: means * rng.gamma(1 / 0.16, 0.16, n_genes) for name in ("A", "B", "C")}
    runs = {"A": ["A_1", "A_2", "A_3"], "B": ["B_1", "B_2"], "C": ["C"]}
    depth = iter([1.0, 0.4, 1.7, 1.0, 0.8, 1.0])
    counts = {run: rng.poisson(true[name] * next(depth)) for name in runs for run in runs[name]}
    return pd.DataFrame(counts, index=[f"g{number:03d}" for number in range(n_genes)])


LIBRARY = ["A", "A", "A", "B", "B", "C"]


def test_technical_replicates_are_summed(tmp_path):
    counts = libraries()
    source = write_site(tmp_path, "x", counts, library=LIBRARY, lane=list("123121"), arm=["t", "t", "t", "c", "c", "c"])
    found = ingest([source], Settings(replicate_column="library"))
    assert found.counts.columns.tolist() == ["A", "B", "C"]
    assert found.counts["A"].tolist() == counts[["A_1", "A_2", "A_3"]].sum(axis=1).tolist()
    assert found.samples.loc["A"].to_dict() == {"site": "x", "lane": "1+2+3", "arm": "t", "library": "A"}
    assert found.concordance["correlation"].min() > 0.95
    assert found.concordance["bcv"].max() < 0.03
    assert list(found.concordance.index) == ["A_1", "A_2", "A_3", "B_1", "B_2"]
    account = found.sample_account
    assert account.loc["A_2", ["status", "reason", "summed_into"]].tolist() == ["summed", "technical_replicate", "A"]
    assert account.loc["A", ["status", "total_count"]].tolist() == ["kept", int(found.counts["A"].sum())]
    (first, *_) = sample_accounts(account, later=found.counts.columns)
    assert (first.received, first.dropped, first.kept) == (6, {"technical_replicates_summed": 3}, 3)


def test_biological_replicates_are_never_summed(tmp_path):
    counts = libraries()
    source = write_site(
        tmp_path, "x", counts, library=["A", "A", "A", "A", "B", "C"], arm=["t", "t", "t", "c", "c", "c"]
    )
    with pytest.raises(DataError, match=r"B_1 of A \(correlation .*Biological replicates must not be summed"):
        ingest([source], Settings(replicate_column="library"))


def test_a_correlation_below_the_limit_is_refused(tmp_path):
    source = write_site(tmp_path, "x", libraries(), library=LIBRARY, arm=list("ttcccc"))
    with pytest.raises(DataError, match="min_replicate_correlation"):
        ingest([source], Settings(replicate_column="library", min_replicate_correlation=0.9999))


@pytest.mark.parametrize("variation", [0.0, 0.05, 0.2, 0.4])
@pytest.mark.parametrize("depth", [1.0, 0.2])
def test_the_variation_beyond_counting_is_estimated(variation, depth):
    rng = np.random.default_rng(5)
    means = rng.gamma(0.7, 900.0, 8000)
    true = [means * (rng.gamma(1 / variation**2, variation**2, 8000) if variation else 1.0) for _ in range(2)]
    first, second = rng.poisson(true[0]), rng.poisson(true[1] * depth)
    # A hundred genes of another expression do not matter.
    second[:100] *= 20
    found = agreement(first, second)
    assert found.bcv == pytest.approx(variation, rel=0.08, abs=0.02)
    assert found.n_genes > 4000


def test_runs_of_one_library_that_pass_as_samples_are_found(tmp_path):
    counts = libraries()
    found = ingest([write_site(tmp_path, "x", counts, arm=list("tttccc"))], Settings())
    pairs = {(pair["first"], pair["second"]) for pair in found.facts["lookalikes"]}
    assert pairs == {("A_1", "A_2"), ("A_1", "A_3"), ("A_2", "A_3"), ("B_1", "B_2")}
    summed = ingest(
        [write_site(tmp_path, "y", counts, library=LIBRARY, arm=list("tttccc"))], Settings(replicate_column="library")
    )
    assert summed.facts["lookalikes"] == []


@pytest.mark.parametrize("name", ["airway", "pasilla"])
def test_real_biological_replicates_are_no_lookalikes(name):
    counts = pd.read_csv(REPO / "resources" / name / "counts.tsv.gz", sep="\t", index_col=0)
    assert lookalikes(counts).empty


def test_too_few_reads_say_nothing():
    found = agreement(np.ones(100), np.ones(100))
    assert np.isnan(found.bcv)
    assert found.n_genes == 0


# ---- nothing is dropped without a word

IDS = st.sampled_from([f"s{number}" for number in range(8)])


@st.composite
def studies(draw):
    in_sheet = draw(st.lists(IDS, min_size=1, unique=True))
    in_counts = draw(st.lists(IDS, min_size=1, unique=True))
    genes = draw(st.lists(st.sampled_from([f"g{number}" for number in range(9)]), min_size=1, max_size=15))
    cells = st.lists(st.integers(0, 5000), min_size=len(in_counts), max_size=len(in_counts))
    rows = [draw(cells) for _ in genes]
    excluded = draw(st.lists(IDS, max_size=3, unique=True))
    return in_sheet, in_counts, genes, rows, dict.fromkeys(excluded, "a reason")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=studies(), second=st.none() | studies(), policy=st.sampled_from(["error", "drop"]), union=st.booleans())
def test_every_sample_and_gene_is_accounted_for(tmp_path, first, second, policy, union):
    """What is received is what is kept plus what is dropped with a reason, or the run is refused with a sentence."""
    options = Settings(
        exclude_samples=first[4],
        unmatched_samples=policy,
        duplicate_genes="sum",
        merge_genes="union" if union else "intersection",
        union_fill=0,
    )
    sources, everybody, genes_given = [], [], set()
    for prefix, study in (("", first), ("z", second)):
        if study is None:
            continue
        in_sheet, in_counts, genes, rows, _ = study
        site = "" if second is None else prefix or "a"
        names = [prefix + name for name in in_counts]
        pd.DataFrame(rows, index=pd.Index(genes, name="gene"), columns=names).to_csv(
            tmp_path / f"{site}c.tsv", sep="\t"
        )
        sheet = "sample\tx\n" + "".join(f"{prefix}{name}\t1\n" for name in in_sheet)
        (tmp_path / f"{site}s.tsv").write_text(sheet)
        sources.append(Source(site, str(tmp_path / f"{site}c.tsv"), str(tmp_path / f"{site}s.tsv")))
        everybody += [prefix + name for name in dict.fromkeys([*in_sheet, *in_counts])]
        genes_given |= set(genes)
    try:
        found = ingest(sources, options)
    except DataError as refusal:
        event(f"refused: {str(refusal).split(':')[-1][:20]}")
        return
    account = found.sample_account
    assert sorted(account.index) == sorted(everybody)
    assert account.index[account["status"] == "kept"].tolist() == found.counts.columns.tolist()
    assert account.index.is_unique
    assert set(account["status"]) <= {"kept", "dropped"}
    assert (account.loc[account["status"] == "dropped", "reason"] != "").all()
    assert found.samples.index.tolist() == found.counts.columns.tolist()
    dropped = found.gene_account.index[found.gene_account["status"] == "dropped"]
    assert sorted([*found.counts.index, *dropped]) == sorted(genes_given)
    assert (found.gene_account["reason"] != "").all()
    sample_accounts(account, later=found.counts.columns)
    kept = pd.DataFrame({"kept": True, "reason": ""}, index=found.counts.index)
    (at_ingest, _) = gene_accounts(found.gene_account, kept, {})
    if second is None:
        assert at_ingest.received == len(first[2])
    # Nothing of a kept sample is lost with one source: its total is that of the file.
    if second is None:
        totals = found.counts.sum()
        assert (totals == account.loc[totals.index, "total_count"]).all()


def test_the_report_warns_of_lookalikes(tmp_path):
    found = ingest([write_site(tmp_path, "x", libraries(), arm=list("tttccc"))], Settings())
    _, status, finding, advice, _ = lookalike_verdict(found.facts)
    assert status == "warn"
    assert "4 pairs" in finding
    assert "(correlation 0.9" in finding
    assert "ingest.replicate_column" in advice
    assert lookalike_verdict({"lookalikes": []}).status == "ok"


def test_versions_that_were_cut_are_counted(tmp_path):
    genes = ["ENSG00000000003.10_3", "NM_000014.6", "ENSG00000182378.9_PAR_Y", "Y110A7A.10"]
    counts = pd.DataFrame({"s": [1, 2, 3, 4], "t": [4, 5, 6, 7]}, index=genes)
    source = write_site(tmp_path, "x", counts, arm=["a", "b"])
    stripped = ingest([source], Settings(gene_versions="strip"))
    assert stripped.counts.index.tolist() == ["ENSG00000000003", "ENSG00000182378_PAR_Y", "NM_000014", "Y110A7A.10"]
    assert stripped.facts["sources"]["x"]["gene_versions_cut"] == 3
    assert "gene_versions_cut" not in ingest([source], Settings()).facts["sources"]["x"]
