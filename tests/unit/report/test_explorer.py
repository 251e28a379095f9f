"""The explorer's data: every gene of every contrast as in the tables, and nothing that the page does not show."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from degsteps.report.explorer_coding import Blob
from degsteps.report.explorer_samples import leaf_order
from degsteps.report.explorer_sets import _add_members
from degsteps.tables import read_matrix, write_table
from tests.unit.report import packed, report_inputs
from tests.unit.report.report_inputs import CLOSING_NAME, CONTRASTS, N_DROPPED_GENES, N_GENES, SAMPLES
from tests.unit.report.test_page import render


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return report_inputs.summarized(report_inputs.build(tmp_path_factory.mktemp("study")))


@pytest.fixture(scope="module")
def source(study):
    return render(study)


def tables(study):
    return [
        pd.read_csv(path, sep="\t", index_col=0, keep_default_na=False, na_values=[""])
        for path in study.paths["contrast_tables"]
    ]


def contrast(source, number):
    """Return a contrast's columns as numbers and texts, by gene."""
    described = packed.description(source)["contrasts"][number]
    own = packed.arrays(source, f"contrast {number}")
    ids = packed.arrays(source, "genes")["ids"].split("\n")[: packed.description(source)["genes"]]
    found, codes_of = {}, {}
    for column in described["columns"]:
        codes = (packed.arrays(source, column["blob"]) if "blob" in column else own)[column["name"]]
        if "along" in column:
            codes = packed.undone(codes, codes_of[column["along"]])
        codes_of[column["name"]] = codes
        kind = column["kind"]
        texts = kind == "text" and [column["levels"][code] for code in codes]
        found[column["name"]] = texts or packed.numbers(codes, kind, column["step"])
    return pd.DataFrame(found, index=ids)[own["tested"] == 1]


def test_every_gene_of_every_contrast_is_there(study, source):
    for number, table in enumerate(tables(study)):
        found = contrast(source, number).reindex(table.index)
        assert len(found) == N_GENES
        np.testing.assert_allclose(found["log2_fold_change"], table["log2_fold_change"], atol=5e-4)
        for name in ("pvalue", "padj"):
            np.testing.assert_allclose(found[name], table[name], rtol=2e-3, atol=1e-290)
        np.testing.assert_allclose(found["base_mean"], table["base_mean"], rtol=2e-3)
        assert list(found["na_reason"]) == list(table["na_reason"].fillna(""))
        alpha = study.settings["test"]["alpha"]
        assert list(found["padj"] < alpha) == list(table["padj"] < alpha)


def test_intervals_are_those_of_the_tables(study, tmp_path):
    changed = replace(study, paths=dict(study.paths))
    table = tables(study)[0]
    limits = table.assign(lfc_lower=table["log2_fold_change"] - 0.49, lfc_upper=table["log2_fold_change"] + 0.49)
    path = tmp_path / "08_annotate" / "hi_vs_na.tsv"
    path.parent.mkdir()
    write_table(limits, path)
    changed.paths["contrast_tables"] = [path, study.paths["contrast_tables"][1]]
    source = render(changed, tmp_path)
    half = packed.description(source)["contrasts"][0]["half"]
    codes = packed.arrays(source, "contrast 0")["half"]
    np.testing.assert_allclose(2 ** (half["least"] + codes * half["step"]), 0.49, rtol=0.02)
    assert packed.description(source)["contrasts"][1]["half"] is None


def test_genes_that_were_left_out_are_named_with_their_reason(study, source):
    description, genes = packed.description(source), packed.arrays(source, "genes")
    assert (description["genes"], description["others"]) == (N_GENES, N_DROPPED_GENES)
    ids = genes["ids"].split("\n")
    assert ids[N_GENES:] == [f"DROP{k}" for k in range(N_DROPPED_GENES)]
    (entry,) = description["account"]["filter"]
    codes = packed.arrays(source, "account")["reason "]
    assert [entry["levels"][code] for code in codes[N_GENES:]] == ["all zero"] * 4 + ["below min cpm"] * 3
    assert not codes[:N_GENES].any()
    assert description["account"]["ingest"] == [["ENSG010", 3, "kept", "rows summed"]]
    assert CLOSING_NAME in genes["name"].split("\n")


def test_counts_of_all_samples(study, source):
    description = packed.description(source)
    assert description["samples"] == list(SAMPLES)
    counts = read_matrix(study.paths["counts"])
    ids = packed.arrays(source, "genes")["ids"].split("\n")[:N_GENES]
    codes = packed.arrays(source, "counts")["counts"].reshape(N_GENES, len(SAMPLES) + 1)
    read = 2 ** (((codes[:, :1] + codes[:, 1:]) % 256) / description["stepsPerDoubling"]) - 1
    np.testing.assert_allclose(read, counts.loc[ids], rtol=0.034, atol=0.5)
    factors = pd.read_csv(study.paths["size_factors"], sep="\t", index_col=0)["size_factor"]
    np.testing.assert_allclose(2 ** np.array(description["subsets"][""]["log2Factors"]), factors, rtol=1e-5)


def test_only_columns_that_are_used_and_flags(source):
    description = packed.description(source)
    assert [column["name"] for column in description["sheet"]] == ["dose", "site", "age"]
    assert description["sheet"][0]["levels"][0] == "NA"
    assert description["sheet"][2]["numbers"] == [31, 45, 52, 39, 60, 28]
    assert description["flags"] == {SAMPLES[0]: "few reads"}


def test_components_and_distances(source):
    description = packed.description(source)
    (kind,) = description["components"]
    assert kind["names"] == ["PC1", "PC2", "PC3"]
    assert kind["fractions"] == [0.5, 0.3, 0.1]
    assert kind["scores"][1] == [-2, -1.2, -0.4, 0.4, 1.2, 2]
    assert sorted(description["distances"]["order"]) == list(range(6))
    codes = packed.arrays(source, "distances")["distances"]
    expected = [7 * (j - i) for i in range(6) for j in range(i + 1, 6)]
    np.testing.assert_allclose(packed.numbers(codes, "mean", description["distances"]["step"]), expected, rtol=1e-3)


def test_leaves_lie_as_they_were_joined():
    merges = pd.DataFrame({"left": [3, 0, 5], "right": [1, 4, 2]})
    assert leaf_order(merges, 4) == [0, 3, 1, 2]


def test_a_set_of_samples_has_its_own_genes_reasons_and_factors(study, tmp_path):
    first, second = CONTRASTS
    settings = study.settings | {
        "test": study.settings["test"]
        | {"contrasts": {first: CONTRASTS[first], second: CONTRASTS[second] | {"sample_set": "women"}}}
    }
    fewer = tables(study)[1].iloc[5:]
    places = {name: tmp_path / name for name in ("08_annotate", "02_filter/sets/women", "03_normalize/sets/women")}
    for place in places.values():
        place.mkdir(parents=True)
    write_table(fewer, places["08_annotate"] / f"{second}.tsv")
    genes = pd.read_csv(study.paths["genes"], sep="\t", index_col=0, keep_default_na=False)
    genes.loc[list(tables(study)[1].index[:5]), ["kept", "reason"]] = [False, "below_min_count"]
    write_table(genes, places["02_filter/sets/women"] / "genes.tsv")
    factors = pd.DataFrame({"size_factor": [0.5, 2.0]}, index=pd.Index(SAMPLES[1:3], name="sample"))
    write_table(factors, places["03_normalize/sets/women"] / "size_factors.tsv")
    paths = study.paths | {
        "contrast_tables": [study.paths["contrast_tables"][0], places["08_annotate"] / f"{second}.tsv"],
        "genes_of_sets": [places["02_filter/sets/women"] / "genes.tsv"],
        "factors": [*study.paths["factors"], places["03_normalize/sets/women"] / "size_factors.tsv"],
    }
    changed = replace(study, settings=settings, paths=paths)
    source = render(changed, tmp_path)
    description = packed.description(source)
    assert [entry["subset"] for entry in description["contrasts"]] == ["", "women"]
    assert list(contrast(source, 1).index) == sorted(fewer.index)
    assert description["subsets"]["women"] == {"samples": [1, 2], "log2Factors": [-1, 1]}
    levels = next(entry["levels"] for entry in description["account"]["filter"] if entry["subset"] == "women")
    codes = packed.arrays(source, "account")["reason women"]
    ids = packed.arrays(source, "genes")["ids"].split("\n")
    left_out = {ids[gene] for gene, code in enumerate(codes) if levels[code] == "below min count"}
    assert left_out == set(tables(study)[1].index[:5])


def test_members_of_sets():
    genes = pd.Index(["a", "b", "c", "d"])
    members = pd.DataFrame({"title": ["One", ""], "genes": ["d;a;x", "b"]}, index=pd.Index(["s1", "s2"], name="set"))
    blob = Blob()
    _add_members(blob, members, genes)
    found = packed.unpacked(blob.layout, blob.packed())
    assert found["ids"] == "s1\ns2"
    assert list(found["sizes"]) == [2, 1]
    assert list(found["members"]) == [0, 3, 1]  # a, then 3 further on d; b


def test_no_counts_no_strips(study, tmp_path):
    bare = replace(
        study, paths={name: path for name, path in study.paths.items() if name not in report_inputs.EXPLORED}
    )
    source = render(bare, tmp_path)
    assert packed.description(source)["subsets"] == {}
    assert "counts" not in packed.description(source)["layouts"]
    assert packed.description(source)["components"] == []
