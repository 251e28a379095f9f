"""Explanations of designs that cannot be fitted; whole messages are in test_preflight.py."""

import pytest

from degsteps.design.alternatives import Alternatives
from degsteps.design.coding import build_design
from degsteps.design.confounding import crosstab_text, determines, explain_aliases
from degsteps.design.rank import rank_report


def explained(formula, columns, tested, covariates=()):
    n = len(next(iter(columns.values())))
    factors = {name: {"reference": values[0]} for name, values in columns.items() if name not in covariates}
    ids = [f"s{number}" for number in range(n)]
    design = build_design(columns, ids, formula, factors, {name: {} for name in covariates})
    alternatives = Alternatives(columns, ids, factors, {name: {} for name in covariates}, {})
    return explain_aliases(design, columns, rank_report(design), tested, alternatives)


def test_a_level_that_occurs_with_one_other_only_is_determined():
    assert determines(["1", "1", "2"], ["a", "a", "a"])
    assert not determines(["1", "1", "2"], ["a", "b", "a"])


def test_a_table_counts_samples_and_is_cut_at_eight_levels():
    assert crosstab_text(["1", "1", "2"], ["a", "b", "b"], "run", "dex").splitlines() == [
        "      run \\ dex  a  b",
        "      1          1  1",
        "      2          0  1",
    ]
    many = crosstab_text([str(number) for number in range(20)], ["a"] * 20, "donor", "dex").splitlines()
    assert len(many) == 10
    assert many[-1] == "      (12 more levels of donor not shown)"


@pytest.mark.parametrize("formula", ["~ run + dex", "~ dex + run"])
def test_what_is_not_tested_is_to_go_whatever_the_order(formula):
    columns = {"run": ["1", "1", "2", "2"], "dex": ["a", "a", "b", "b"]}
    (finding,) = explained(formula, columns, ["dex"])
    assert finding.kind == "design"
    assert finding.cure.startswith("Take 'run' out of the formula")


def test_each_set_of_columns_is_explained_once():
    columns = {
        "run": ["1", "1", "2", "2", "1", "1", "2", "2"],
        "lane": ["1", "1", "2", "2", "1", "1", "2", "2"],
        "site": ["x", "x", "x", "x", "y", "y", "y", "y"],
        "hospital": ["p", "p", "p", "p", "q", "q", "q", "q"],
        "dex": ["a", "b"] * 4,
    }
    findings = explained("~ run + lane + site + hospital + dex", columns, ["dex"])
    assert [finding.what.split(" divide")[0] for finding in findings] == ["'run' and 'lane'", "'site' and 'hospital'"]


def test_a_sound_design_needs_no_explanation():
    assert explained("~ run * dex", {"run": ["1", "1", "2", "2"] * 2, "dex": ["a", "b"] * 4}, ["dex"]) == []


def test_a_sum_of_covariates_is_shown_as_an_equation():
    columns = {"age": ["1", "2", "4", "9"], "stay": ["5", "3", "8", "1"], "sum": ["6", "5", "12", "10"]}
    (finding,) = explained("~ age + stay + sum", columns, [], columns)
    assert "sum = age + stay in all samples" in finding.what
    for smaller in ("'age' ('~ stay + sum')", "'stay' ('~ age + sum')", "'sum' ('~ age + stay')"):
        assert smaller in finding.cure
