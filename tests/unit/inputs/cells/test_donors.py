"""Whose cells these are, which sums there are, and what types are called in paths."""

import pytest

from degsteps.inputs.cells.donors import Donors, is_no_person, join_donors, read_donors
from degsteps.inputs.cells.pseudobulks import pseudobulks
from degsteps.inputs.cells.type_names import slug, slug_findings


@pytest.mark.parametrize(
    "name", ["doublet", "Doublets", "unassigned", "NA", "nan", "", "ambient", "AMB", "doublet_2", "-"]
)
def test_nobody(name):
    assert is_no_person(name)


@pytest.mark.parametrize("name", ["d1", "1", "N1", "Nadia", "0", "donor 12"])
def test_somebody(name):
    assert not is_no_person(name)


def joined(kinds, table, prefix=None, column="donor"):
    return join_donors(kinds, "ind", Donors("donors.tsv", column, table), prefix)


def test_one_row_for_each_donor():
    kinds = [{"ind": "b"}, {"ind": "a"}, {"ind": "doublet"}]
    found = joined(kinds, {"donor": ["a", "b"], "sex": ["f", "m"]})
    assert found.donors == ["b", "a", "doublet"]
    assert found.columns == {"sex": ["m", "f", ""]}
    assert found.findings == []


def test_one_row_for_each_donor_and_condition():
    kinds = [{"ind": "a", "stim": "x"}, {"ind": "a", "stim": "y"}]
    found = joined(kinds, {"donor": ["a", "a"], "stim": ["y", "x"], "dose": ["2", "0"]})
    assert found.keys == ("donor", "stim")
    assert found.columns == {"dose": ["0", "2"]}


def test_ids_that_sites_share():
    kinds = [{"ind": "1", "site": "oslo"}, {"ind": "1", "site": "lyon"}, {"ind": "unassigned", "site": "lyon"}]
    table = {"donor": ["1", "1"], "site": ["lyon", "oslo"], "sex": ["m", "f"]}
    found = joined(kinds, table, prefix="site")
    assert found.donors == ["oslo_1", "lyon_1", "unassigned"]
    assert found.columns == {"sex": ["f", "m", ""]}
    with_prefix = joined(kinds, {"donor": ["oslo_1", "lyon_1"], "sex": ["f", "m"]}, prefix="site")
    assert with_prefix.columns == {"sex": ["f", "m", ""]}
    assert join_donors(kinds, "ind", None, "site").donors == ["oslo_1", "lyon_1", "unassigned"]


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ({"donor": ["a"], "sex": ["f"]}, "donor: has no row for 1 donor of the cells: 'b'. Add their rows"),
        (
            {"donor": ["x", "y"], "age": ["3", "4"]},
            "donor: has no row for 2 donors of the cells: 'a', 'b'; it has 'x', 'y'",
        ),
        (
            {"donor": ["a", "b", "a"], "age": list("123")},
            "donor: has 1 row too many for the same donor: donor a stands",
        ),
        ({"donor": ["a", "b"], "sex": ["f", "f"]}, "sex: says 'f' of donor 'b', and the cells say 'm'."),
        ({"donor": ["a", "b", "c"], "age": list("123")}, "donor: 'c' has no cells. Nothing to do"),
    ],
)
def test_tables_that_do_not_fit(table, what):
    (finding,) = joined([{"ind": "a", "sex": "f"}, {"ind": "b", "sex": "m"}], table).findings
    assert str(finding).startswith(what)


def test_table_of_donors(tmp_path):
    path = tmp_path / "donors.tsv"
    path.write_text("donor\tsex\nNA\tf\n")
    assert read_donors(str(path), "ind")[0].columns == {"donor": ["NA"], "sex": ["f"]}
    path.write_text("person\tsex\na\tf\n")
    assert "has no column 'ind': its columns are 'person', 'sex'." in str(read_donors(str(path), "ind")[1][0])


PAIRED = [
    {"donor": donor, "stim": stim, "cell_type": kind, "sex": sex, "batch": batch, "noise": noise}
    for donor, sex in (("d1", "f"), ("d2", "m"))
    for stim, batch in (("ctrl", "b1"), ("stim", "b2"))
    for kind in ("CD14+ Monocytes", "B cells")
    for noise in ("x", "y")
]


def test_sums_of_paired_donors():
    found = pseudobulks(PAIRED, [5] * 16, ["donor", "stim"])
    assert found.samples == (
        *("d1_ctrl_B_cells", "d1_stim_B_cells", "d2_ctrl_B_cells", "d2_stim_B_cells"),
        *("d1_ctrl_CD14_Monocytes", "d1_stim_CD14_Monocytes", "d2_ctrl_CD14_Monocytes", "d2_stim_CD14_Monocytes"),
    )
    assert found.n_cells == [10] * 8
    assert found.split_by == ("stim",)
    # What varies within a sum, and the label itself, describe no sample.
    assert list(found.columns) == ["donor", "stim", "cell_type", "n_cells", "sex", "batch"]
    assert found.columns["sex"] == ["f", "f", "m", "m"] * 2


def test_sums_of_donors_in_arms():
    kinds = [dict(kind, stim="ctrl" if kind["donor"] == "d1" else "stim") for kind in PAIRED]
    found = pseudobulks(kinds, [5] * 16, ["stim"])
    assert found.samples == ("d1_B_cells", "d2_B_cells", "d1_CD14_Monocytes", "d2_CD14_Monocytes")
    assert found.columns["stim"] == ["ctrl", "stim", "ctrl", "stim"]


def test_cells_of_no_sum():
    kinds = [
        {"donor": "d1", "stim": "a", "cell_type": "B"},
        {"donor": "doublet", "stim": "a", "cell_type": "B"},
        {"donor": "d1", "stim": "", "cell_type": "B"},
        {"donor": "d1", "stim": "a", "cell_type": "unassigned"},
        {"donor": "d1", "stim": "a", "cell_type": "T"},
    ]
    found = pseudobulks(kinds, [20] * 5, ["stim"], types=["B"])
    assert found.kinds == (0, -1, -1, -1, -1)
    assert found.reasons == (
        "",
        "donor 'doublet' is no person",
        "no stim",
        "label 'unassigned' is no cell type",
        "cell type 'T' is not asked for",
    )


def test_names_of_sums_are_unique_and_safe():
    kinds = [
        {"donor": "a_b", "x": "c", "cell_type": "T"},
        {"donor": "a", "x": "b_c", "cell_type": "T"},
        {"donor": "a", "x": "B_c", "cell_type": "T"},
        {"donor": "../é", "x": "c", "cell_type": "T/NK cells"},
        {"donor": "../é", "x": "d", "cell_type": "T/NK cells"},
    ]
    names = pseudobulks(kinds, [1] * 5, ["x"]).samples
    assert names == ("a_B_c_T", "a_b_c_T_2", "a_b_c_T_3", "e_c_T_NK_cells", "e_d_T_NK_cells")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CD14+ Monocytes", "CD14_Monocytes"),
        ("T-cell (\u03b3\u03b4)", "T-cell_gammadelta"),
        ("na\u00efve B", "naive_B"),
        ("T/NK", "T_NK"),
        ("\u4e2d", "type"),
        ("..", "type"),
    ],
)
def test_slug(name, expected):
    assert slug(name) == expected


def test_slugs_that_collide():
    (finding,) = slug_findings(["CD14+ Mono", "B", "CD14- mono", "CD14 Mono"])
    assert finding.what == "the types 'CD14+ Mono', 'CD14 Mono' would have the same folder, CD14_Mono."
    (finding,) = slug_findings(["CD8+", "cd8"])
    assert "'CD8+', 'cd8'" in finding.what
    (finding,) = slug_findings(["con"])
    assert "device" in finding.what
