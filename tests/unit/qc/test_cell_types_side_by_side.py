"""Outliers within groups of samples, and verdicts on sums of several cell types."""

import numpy as np
import pandas as pd
import pytest

from degsteps.qc.verdicts import flag_reasons, outliers, outliers_within, softened


@pytest.fixture
def libraries():
    """Twelve samples of two types, which differ hundredfold in size; the last of the small type has far fewer reads."""
    rng = np.random.default_rng(3)
    size = np.array([1e6] * 6 + [1e4] * 6) * rng.uniform(0.95, 1.05, 12)
    size[-1] = 200
    columns = ("detected_genes", "top_20_share", "size_factor", "rle_median", "rle_iqr", "median_correlation")
    table = pd.DataFrame(dict.fromkeys(columns, 0.5), index=[f"s{number}" for number in range(12)])
    return table.assign(library_size=size)


def test_outliers_are_those_of_their_own_group(libraries):
    groups = pd.Series(["large"] * 6 + ["small"] * 6, index=libraries.index)
    within = outliers_within(libraries, groups)
    assert flag_reasons(within).to_dict() == {"s11": "few reads"}
    # Among all samples the two types lie so far apart that nothing is an outlier.
    assert flag_reasons(outliers(libraries)).empty
    by_hand = pd.concat([outliers(libraries.iloc[:6]), outliers(libraries.iloc[6:])])
    pd.testing.assert_frame_equal(
        within.sort_values(["measure"]).sort_index(), by_hand.sort_values(["measure"]).sort_index()
    )


def test_without_groups_all_are_compared(libraries):
    pd.testing.assert_frame_equal(outliers_within(libraries, None, 2.0), outliers(libraries, 2.0))


def test_order_of_samples_does_not_matter(libraries):
    groups = pd.Series(["large"] * 6 + ["small"] * 6, index=libraries.index)
    shuffled = libraries.sample(frac=1, random_state=1)
    assert flag_reasons(outliers_within(shuffled, groups)).to_dict() == {"s11": "few reads"}


def test_differences_between_types_are_notes():
    verdicts = pd.DataFrame(
        {
            "status": ["bad", "warn", "ok", "bad", "warn"],
            "finding": ["Large.", "Off.", "Follows.", "Two flagged.", "Leans."],
            "advice": ["Look.", "Look.", "", "Look.", "Look."],
        },
        index=pd.Index(["library_sizes", "normalization", "condition", "outliers", "lopsided"], name="check"),
    )
    given = verdicts.copy()
    found = softened(verdicts)
    assert found["status"].tolist() == ["note", "note", "ok", "bad", "note"]
    assert found.loc["library_sizes", "finding"] == "Large. Sums of several cell types stand side by side here."
    assert found.loc["library_sizes", "advice"] == "Each type is filtered, normalised and tested by itself."
    pd.testing.assert_frame_equal(found.loc[["condition", "outliers"]], given.loc[["condition", "outliers"]])
    pd.testing.assert_frame_equal(verdicts, given)  # what was given is left as it is
