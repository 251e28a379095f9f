"""Gene-set settings of nf-core/differentialabundance: taken over, or said why not; nothing in silence."""

import pytest

from degsteps.config.reading import read_schema, schema_problems, with_defaults
from degsteps.onboarding.from_star_deseq2 import Imported
from degsteps.onboarding.nfcore_gene_sets import map_gene_sets

GSEA = {"gsea_run": True, "gene_sets_files": "given/h.all.v7.symbols.gmt,given/c2.gmt.gz"}


def mapped(params):
    """Return the section that is written, and the account."""
    imported = Imported({})
    map_gene_sets(imported, params)
    assert not set(imported.taken) & set(imported.left)
    section = read_schema("analysis")["properties"]["enrich"]
    enrich = imported.analysis.get("enrich", {})
    assert schema_problems(with_defaults(enrich, section), section, "x") == []
    return enrich, imported


def test_gsea():
    numbers = {"gsea_nperm": 2000, "gsea_rnd_seed": "7", "gsea_set_min": 15, "gsea_set_max": 400}
    enrich, account = mapped(GSEA | numbers | {"gsea_permute": "gene_set", "gsea_metric": "Signal2Noise"})
    assert enrich == {
        "gsea": {"permutations": 2000, "seed": 7, "permute": "genes"},
        "min_size": 15,
        "max_size": 400,
        "collections": {"h_all_v7_symbols": {"file": "given/h.all.v7.symbols.gmt"}, "c2": {"file": "given/c2.gmt.gz"}},
    }
    assert account.left == ["gsea_metric"]
    assert "calls no server" in account.unmapped[0]


def test_what_of_gsea_has_no_place():
    _, account = mapped(GSEA | {"gsea_permute": "phenotype", "gsea_rnd_seed": "timestamp", "gsea_nperm": 10})
    assert sorted(account.left) == ["gsea_nperm", "gsea_permute", "gsea_rnd_seed"]
    enrich, account = mapped({"functional_method": "gsea", "gene_sets_files": "https://x.org/a.gmt"})
    assert enrich == {}
    assert "download it" in account.unmapped[0]


@pytest.mark.parametrize(
    ("organism", "sources", "words"),
    [
        ("hsapiens", "GO,REAC", ["human_go_bp", "human_go_mf", "human_go_cc", "human_reactome"]),
        ("hsapiens", None, ["human_go_bp", "human_go_mf", "human_go_cc", "human_reactome", "human_wikipathways"]),
        ("mmusculus", "GO:BP", ["mouse_go_bp"]),
        ("scerevisiae", "GO:BP", ["yeast_goslim"]),
    ],
)
def test_gprofiler(organism, sources, words):
    params = {"gprofiler2_run": True, "gprofiler2_organism": organism, "gprofiler2_max_qval": 0.1}
    params |= {"gprofiler2_background_file": "auto"} | ({"gprofiler2_sources": sources} if sources else {})
    enrich, account = mapped(params)
    assert enrich == {"alpha": 0.1, "collections": {word: {"file": word} for word in words}}
    assert account.left == []


def test_what_of_gprofiler_has_no_place():
    params = {"gprofiler2_run": True, "gprofiler2_organism": "hsapiens", "gprofiler2_sources": ["GO:BP", "KEGG"]}
    enrich, account = mapped(params | {"gprofiler2_background_file": "b.tsv", "gprofiler2_evcodes": True})
    assert list(enrich["collections"]) == ["human_go_bp"]
    assert sorted(account.left) == ["gprofiler2_background_file", "gprofiler2_evcodes", "gprofiler2_sources"]
    assert any("KEGG may not be passed on" in sentence for sentence in account.unmapped)
    _, account = mapped({"gprofiler2_run": True, "gprofiler2_organism": "athaliana"})
    assert account.left == ["gprofiler2_organism"]


def test_decoupler():
    enrich, account = mapped(
        {"functional_method": "decoupler", "decoupler_network": "net.tsv", "decoupler_methods": "ulm"}
    )
    assert enrich == {"activities": {"file": "net.tsv"}}
    assert account.left == []
    _, account = mapped({"decoupler_run": True, "decoupler_network": "https://x.org/n", "decoupler_methods": "ulm,mlm"})
    assert sorted(account.left) == ["decoupler_methods", "decoupler_network"]


def test_a_tool_that_is_not_run_there_is_not_run_here():
    enrich, account = mapped({"gsea_run": False, "gsea_nperm": 1000, "gprofiler2_organism": "hsapiens"})
    assert enrich == {}
    assert sorted(account.left) == ["gprofiler2_organism", "gsea_nperm", "gsea_run"]
