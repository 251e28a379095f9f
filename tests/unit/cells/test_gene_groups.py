"""Groups of genes by symbol, in several species."""

import pytest

from degsteps.basics.errors import ConfigError
from degsteps.cells.gene_groups import gene_groups, none_found


@pytest.mark.parametrize(
    ("names", "mito", "ribo", "haemoglobin"),
    [
        (  # human; kinases, pseudogenes and look-alikes are none of them
            "MT-ND1 MT-RNR1 MTOR MTRNR2L1 RPL3 RPS4X RPL36AL RPLP0 RPSA RPS6KA1 RPL7P1 HBA1 HBB HBG2 HBQ1 HBEGF HBP1",
            "MT-ND1 MT-RNR1",
            "RPL3 RPS4X RPL36AL RPLP0 RPSA",
            "HBA1 HBB HBG2 HBQ1",
        ),
        (  # mouse
            "mt-Nd1 mt-Co1 Mtor Rpl3 Rps27a Rpl13a Rps6kb1 Hba-a1 Hbb-bs Hbb-bt Hbb-y Hba-x Hbegf Hbs1l",
            "mt-Nd1 mt-Co1",
            "Rpl3 Rps27a Rpl13a",
            "Hba-a1 Hbb-bs Hbb-bt Hbb-y Hba-x",
        ),
        ("mt:ND1 mt:CoI RpL3 RpS9 Act5C", "mt:ND1 mt:CoI", "RpL3 RpS9", ""),  # fly
        ("ND1 COX1 CYTB ATP6 ND4L ATP6V0A1 COX10 RPL3", "ND1 COX1 CYTB ATP6 ND4L", "RPL3", ""),  # pig: no prefix
        ("nduo-1 ctc-2 atp-6 rpl-3 rps-2 act-1", "nduo-1 ctc-2 atp-6", "rpl-3 rps-2", ""),  # worm
    ],
)
def test_symbols_of_several_species(names, mito, ribo, haemoglobin):
    names = names.split()
    ids = [f"ENS{i}" for i in range(len(names))]
    groups = gene_groups(ids, names)
    of = {
        group: " ".join(n for n, is_in in zip(names, mask, strict=True) if is_in)
        for group, mask in groups.masks.items()
    }
    assert of == {"mito": mito, "ribo": ribo, "haemoglobin": haemoglobin}
    assert groups.numbers()["mito"] == len(mito.split())


def test_missing_symbols_are_replaced_by_ids():
    groups = gene_groups(["MT-ND1", "g2"], [None, float("nan")])
    assert groups.masks["mito"].tolist() == [True, False]


def test_a_given_pattern_or_list_wins():
    ids, names = ["e1", "e2", "e3"], ["MT-ND1", "MITO_A", "X"]
    assert gene_groups(ids, names, {"mito": "^MITO_"}).masks["mito"].tolist() == [False, True, False]
    listed = gene_groups(ids, names, {"mito": "^MITO_"}, {"mito": {"e3", "MT-ND1"}})
    assert listed.masks["mito"].tolist() == [True, False, True]
    assert listed.rules["mito"] == "list"
    assert gene_groups(ids, names, {"mito": None}).rules["mito"] == r"^MT[-:_.]"


def test_a_pattern_that_is_none_and_an_unknown_group_are_refused():
    with pytest.raises(ConfigError, match=r"mito: '\(' is no regular expression"):
        gene_groups(["a"], patterns={"mito": "("})
    with pytest.raises(ConfigError, match="'mitoo' is no group of genes"):
        gene_groups(["a"], patterns={"mitoo": "x"})


def test_no_mitochondrial_gene_is_said_with_three_names_seen():
    ids = [f"ENSG{i:03d}" for i in range(100)]
    said = none_found(gene_groups(ids), ids)
    assert "among 100 names such as ENSG000, ENSG050, ENSG099" in said
    assert none_found(gene_groups(["MT-ND1"]), ["MT-ND1"]) == ""
