"""Sums of columns without parsing cells: equal to those of Python's own integers, whatever the shape and the size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from degsteps.inputs.scan.digits import column_sums


def as_rows(table):
    return [b"\t".join(b"%d" % cell for cell in row) for row in table]


def by_hand(table, floor=0):
    columns = list(zip(*table, strict=True))
    largest = max(floor, max(max(row) for row in table))
    return [sum(column) for column in columns], [column.count(0) for column in columns], largest


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_sums_zeros_and_the_largest_are_those_of_integers(data):
    n_columns, most = (
        data.draw(st.integers(1, 6)),
        data.draw(st.sampled_from([1, 9, 120, 10**7 - 1, 10**7, 10**15 - 1])),
    )
    table = data.draw(
        st.lists(st.lists(st.integers(0, most), min_size=n_columns, max_size=n_columns), min_size=1, max_size=70)
    )
    floor = data.draw(st.integers(0, 2 * most))
    assert tuple(column_sums(as_rows(table), n_columns, floor)) == by_hand(table, floor)


@pytest.mark.parametrize("n_rows", [27, 28, 29, 56, 254, 255, 256, 511, 30_000])
def test_no_digit_carries_into_its_neighbour(n_rows):
    draw = np.random.default_rng(n_rows)
    for cell in (9, 9_999_999, 10**15 - 1):
        table = [[cell, other, 0] for other in draw.integers(0, cell + 1, n_rows).tolist()]
        assert tuple(column_sums(as_rows(table), 3)) == by_hand(table)


@pytest.mark.parametrize(
    "row",
    [b"1\t\t2", b"\t1\t2", b"1\t2\t", b"1\t-2\t3", b"1.5\t2\t3", b"1\t00\t3", b"007\t1\t1", b"1\tNA\t3", b"1\t2 \t3"],
)
def test_anything_but_counts_is_left_alone(row):
    assert column_sums([b"1\t2\t3", row], 3) is None
    assert column_sums([row, b"1\t2\t3"], 3) is None
    assert column_sums([b"1\t2\t3"], 3) is not None


def test_numbers_of_sixteen_digits_are_left_alone():
    assert column_sums([b"%d" % (10**15 - 1)], 1).totals == [10**15 - 1]
    assert column_sums([b"%d" % 10**15], 1) is None


def test_one_zero_before_a_number_changes_nothing():
    assert tuple(column_sums([b"05\t0\t010"], 3)) == ([5, 0, 10], [0, 1, 0], 10)
