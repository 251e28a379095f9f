"""A fit in several jobs: the scripts on files, with transcript lengths, and what cannot be scattered."""

import importlib

import numpy as np
import pytest

from degsteps.basics.errors import DataError
from degsteps.engines.deseq import estimation
from degsteps.engines.registry import ENGINES
from degsteps.tables import matrix_genes, read_matrix, read_matrix_rows, write_matrix, write_table
from degsteps.test import gene_parts
from degsteps.workflow.job_size import SIZE_OF_A_JOB, scatter_parts
from tests.conftest import REPO
from tests.reference.reference_sets import load_set


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Files of a simulated study with transcript lengths, as the steps before the fit write them."""
    monkeypatch.syspath_prepend(str(REPO / "scripts"))
    data = load_set(REPO / "tests/reference/simulated_lengths")
    lengths = data.normalization_factors() * 1000
    write_matrix(data.counts, tmp_path / "counts.parquet")
    write_matrix(lengths, tmp_path / "lengths.parquet")
    write_table(data.size_factors.rename("size_factor").rename_axis("sample").to_frame(), tmp_path / "size_factors.tsv")
    write_table(data.design("batch").rename_axis("sample"), tmp_path / "design.tsv")
    return tmp_path


@pytest.mark.parametrize(
    ("engine", "quasi_likelihood", "with_lengths", "n_parts"),
    [
        ("degsteps", {}, False, 11),
        ("degsteps", {}, True, 11),
        ("edger_ql", {}, True, 4),
        ("edger_ql", {"legacy": True, "robust": True}, False, 3),
    ],
)
def test_the_joined_parts_are_the_fit_of_one_job_byte_for_byte(study, engine, quasi_likelihood, with_lengths, n_parts):
    given = {name: study / name for name in ("counts.parquet", "size_factors.tsv", "design.tsv")}
    given = {path.stem: path for path in given.values()}
    given["lengths"] = study / "lengths.parquet" if with_lengths else None
    options = {"compatibility": "r", "fit_type": "parametric"}
    fit_model = importlib.import_module("fit_model").main
    one, joined = ({name: study / f"{how}.{name}" for name in ("model", "genes")} for how in ("one", "joined"))
    options |= {"engine": engine, "quasi_likelihood": quasi_likelihood}
    facts = fit_model(**given, **one, subject=None, **options)
    of_part = {name: value for name, value in options.items() if name != "fit_type"}
    parts = [f"{number}-of-{n_parts}" for number in range(1, n_parts + 1)]
    tables = [study / f"{part}.parquet" for part in parts]
    for part, table in zip(parts, tables, strict=True):
        importlib.import_module("fit_gene_wise").main(**given, gene_wise=table, part=part, **of_part)
    trend, whole = study / "trend.json", {name: given[name] for name in ("counts", "size_factors", "lengths")}
    seen = whole if ENGINES[engine].parts_see_all else {}
    importlib.import_module("fit_trend").main(tables[::-1], given["design"], trend, **options, **seen)
    fits = [study / f"{part}.h5ad" for part in parts]
    for part, table, fit in zip(parts, tables, fits, strict=True):
        importlib.import_module("fit_coefficients").main(
            **given, gene_wise=table, trend=trend, fit=fit, part=part, **of_part
        )
    again = importlib.import_module("join_parts").main(fits[::-1], **joined, engine=engine)
    assert again == facts
    for name in one:
        assert one[name].read_bytes() == joined[name].read_bytes()


def test_rows_of_a_matrix_are_those_of_the_whole(study, monkeypatch):
    monkeypatch.setattr("degsteps.tables._ROWS_AT_ONCE", 64)
    whole = read_matrix(study / "counts.parquet")
    assert matrix_genes(study / "counts.parquet") == list(whole.index)
    for rows in (slice(0, 5), slice(60, 200), slice(128, 192), slice(690, len(whole))):
        part = read_matrix_rows(study / "counts.parquet", rows)
        np.testing.assert_array_equal(part.to_numpy(), whole.iloc[rows].to_numpy())
        assert list(part.index) == list(whole.index[rows])
        assert part.dtypes.equals(whole.dtypes)


def test_parts_cover_all_genes_once():
    rows = [gene_parts.part_of_genes(f"{number}-of-7", 100) for number in range(1, 8)]
    assert [number for part in rows for number in range(100)[part]] == list(range(100))
    with pytest.raises(DataError, match="3 genes cannot be scattered over 4 jobs"):
        gene_parts.part_of_genes("1-of-4", 3)


def test_large_cohorts_are_scattered_by_size():
    assert scatter_parts("auto", 60_000 * 1_000) == 1
    assert scatter_parts("auto", 7 * SIZE_OF_A_JOB + 1) == 8
    assert scatter_parts(3, 10) == 3


def test_a_local_trend_survives_its_file(study):
    data = load_set(REPO / "tests/reference/simulated_lengths")
    table = estimation.fit_gene_wise(data.counts, data.design("batch"), data.size_factors)
    trend = estimation.fit_prior(table, data.design("batch"), fit_type="local")
    gene_parts.write_trend(trend, study / "trend.json")
    again = gene_parts.read_trend(study / "trend.json")
    for name, values in trend["local"].items():
        np.testing.assert_array_equal(again["local"][name], values)
    assert {name: value for name, value in again.items() if name != "local"} == {
        name: value for name, value in trend.items() if name != "local"
    }
