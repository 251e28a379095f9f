"""Numbers of the explorer: as exact as is said, on their side of every bound, the same bytes every time."""

import numpy as np
import pandas as pd
import pytest

from degsteps.report import explorer_coding as coding
from tests.unit.report import packed

GENERATOR = np.random.default_rng(3)
FOLDS = np.concatenate([GENERATOR.standard_t(2, 5000), [np.nan, 0.0, 1.0, -1.0]])
P_VALUES = np.concatenate(
    [GENERATOR.uniform(0, 1, 5000) ** 20, GENERATOR.uniform(0, 1, 5000), [np.nan, 0.0, 1.0, 1e-300]]
)


def test_fold_changes_are_within_half_a_step():
    codes, step = coding.fold_codes(FOLDS)
    assert step == np.nanmax(np.abs(FOLDS)) / 32767
    values = packed.numbers(codes, "fold", step)
    np.testing.assert_array_equal(np.isnan(values), np.isnan(FOLDS))
    np.testing.assert_allclose(values, FOLDS, atol=step * 0.5000001)


def test_p_values_have_three_digits_where_they_are_read():
    codes, step = coding.p_codes(P_VALUES)
    values = packed.numbers(codes, "p", step)
    is_large = P_VALUES > 1e-10
    np.testing.assert_allclose(values[is_large], P_VALUES[is_large], rtol=2e-3)
    np.testing.assert_allclose(values, P_VALUES, rtol=1e-2, atol=0)
    assert values[-3] == 0
    assert np.isnan(values[-4])


def test_order_of_p_values_stays():
    codes, _ = coding.p_codes(P_VALUES)
    order = np.argsort(P_VALUES[:-4])
    assert (np.diff(codes[order].astype(int)) <= 0).all()


@pytest.mark.parametrize("bound", [0.05, 0.1, 1e-6])
def test_p_values_stay_on_their_side_of_a_bound(bound):
    near = bound * (1 + np.linspace(-1e-3, 1e-3, 2001))
    values = np.concatenate([near, P_VALUES])
    codes, step = coding.p_codes(values, [bound])
    is_called = codes.astype(float) * step * (codes * step) > -np.log10(bound)
    present = ~np.isnan(values) & (values > 0)
    np.testing.assert_array_equal(is_called[present], values[present] < bound)
    without, step = coding.p_codes(values)
    assert ((without.astype(float) * step * (without * step) > -np.log10(bound)) != (values < bound))[present].any()


@pytest.mark.parametrize("bound", [0.5, 1.0])
def test_fold_changes_stay_on_their_side_of_a_bound(bound):
    near = bound * (1 + np.linspace(-1e-3, 1e-3, 2001))
    values = np.concatenate([near, -near, [20.0, np.nan]])
    codes, step = coding.fold_codes(values, [bound])
    read = packed.numbers(codes, "fold", step)
    np.testing.assert_array_equal(np.abs(read[:-1]) >= bound, np.abs(values[:-1]) >= bound)


def test_means_and_widths():
    means = np.concatenate([GENERATOR.lognormal(4, 3, 2000), [0.0, np.nan]])
    codes, step = coding.mean_codes(means)
    np.testing.assert_allclose(packed.numbers(codes, "mean", step), means, rtol=2e-3, atol=1e-3)
    widths = np.concatenate([GENERATOR.lognormal(-1, 1, 2000), [np.nan]])
    codes, least, step = coding.width_codes(widths)
    assert codes[-1] == 255
    np.testing.assert_allclose(2 ** (least + codes[:-1] * step), widths[:-1], rtol=0.02)
    assert (coding.width_codes(np.full(3, np.nan))[0] == 255).all()


def test_counts_are_exact_where_small_and_within_a_thirtieth_elsewhere():
    counts = np.vstack([np.arange(15), GENERATOR.integers(0, 2_000_000, (50, 15)), np.zeros((1, 15), dtype=int)])
    codes, steps = coding.count_codes(counts)
    assert (codes.shape, steps) == ((52, 16), 10.5)
    read = 2 ** ((codes[:, :1] + codes[:, 1:]) / steps) - 1  # modulo 256, as they are bytes
    np.testing.assert_array_equal(np.round(read[0]), counts[0])
    np.testing.assert_allclose(read, counts, rtol=0.034, atol=0.5)
    np.testing.assert_array_equal(read[-1], 0)


def test_no_count_is_too_large():
    counts = np.array([[0, 1, 10**9], [5, 5, 5]])
    codes, steps = coding.count_codes(counts)
    assert steps == 255 / np.log2(1e9 + 1)
    np.testing.assert_allclose(2 ** ((codes[:, :1] + codes[:, 1:]) / steps) - 1, counts, rtol=0.05, atol=0.2)


def test_text_and_adjusted_p_values():
    codes, levels = coding.text_codes(pd.Series(["", "b", "a", "b"]))
    assert [levels[code] for code in codes] == ["", "b", "a", "b"]
    assert levels[0] == ""
    keys, values = coding.p_codes(P_VALUES)[0], coding.p_codes(np.minimum(1, P_VALUES * 3))[0]
    np.testing.assert_array_equal(packed.undone(coding.in_order_of(values, keys), keys), values)


def test_blobs_hold_what_was_added_and_are_the_same_every_time():
    def blob():
        made = coding.Blob()
        made.add("bytes", np.array([0, 255, 7], dtype=np.uint8))
        made.add_text("text", "a\nβ")
        made.add("words", np.array([1, 65535, 258], dtype=np.uint16))
        made.add("long", np.array([1, 2**32 - 1], dtype=np.uint32))
        return made

    assert blob().packed() == blob().packed()
    found = packed.unpacked(blob().layout, blob().packed())
    assert found["text"] == "a\nβ"
    assert {name: list(found[name]) for name in ("bytes", "words", "long")} == {
        "bytes": [0, 255, 7],
        "words": [1, 65535, 258],
        "long": [1, 2**32 - 1],
    }
