"""The groups that the filter counts on."""

import pandas as pd
import pytest

from degsteps.filter import rules
from degsteps.filter.groups import compared_groups, smallest_group

SAMPLES = pd.DataFrame(
    {"donor": list("aabbccdd"), "arm": list("xxxxyyyy"), "hour": ["0", "0", "0", "6", "0", "0", "6", "24"]},
    index=[f"s{place}" for place in range(8)],
)


def groups(named=(), expressions=()):
    return {"named": list(named), "expressions": list(expressions), "factors": ["donor", "arm", "hour"]}


@pytest.mark.parametrize(
    ("given", "factors", "smallest"),
    [
        (groups(["arm"]), ["arm"], ("arm", "x", 4)),
        (groups(["hour", "arm"]), ["arm", "hour"], ("hour", "24", 1)),
        (groups(expressions=["y:0 - x:0"]), ["arm", "hour"], ("hour", "24", 1)),
        (groups(expressions=["y - x"]), ["arm"], ("arm", "x", 4)),
        (groups(["arm"], ["a - b"]), ["donor", "arm"], ("donor", "a", 2)),
        (groups(), ["hour"], ("hour", "24", 1)),
    ],
)
def test_factors_and_their_smallest_group(given, factors, smallest):
    compared = compared_groups(SAMPLES, given)
    assert list(compared.columns) == factors
    assert smallest_group(compared) == smallest
    assert rules.smallest_group_size(compared) == smallest[2]


def test_a_factor_outside_of_the_formula_can_be_named():
    given = {"named": ["hour"], "expressions": [], "factors": ["arm"]}
    assert list(compared_groups(SAMPLES, given).columns) == ["hour"]


def test_the_smallest_of_all_factors_decides_in_both_rules():
    counts = pd.DataFrame(
        [[900] * 8, [0] * 7 + [90], [0] * 6 + [90, 90]], columns=SAMPLES.index, index=["many", "one", "two"]
    )
    both, arm = SAMPLES[["arm", "hour"]], SAMPLES["arm"]
    settings = {"method": "cpm", "min_cpm": 1, "min_samples": None, "min_count": 10, "min_total_count": 15}
    for method in ("cpm", "filter_by_expr"):
        kept = rules.filter_genes(counts, both, settings | {"method": method})["kept"]
        assert list(kept) == [True, True, True]
        kept = rules.filter_genes(counts, arm, settings | {"method": method})["kept"]
        assert list(kept) == [True, False, False]


def test_a_blank_in_any_factor_is_refused():
    with pytest.raises(rules.DataError, match="hour: missing for s1"):
        rules.smallest_group_size(SAMPLES.assign(hour=SAMPLES["hour"].mask(SAMPLES.index == "s1"))[["arm", "hour"]])
