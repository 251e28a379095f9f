"""Bergsma's correction of Cramér's V for a table whose sides differ, by its formula in fractions."""

from fractions import Fraction

import numpy as np
import pytest

from degsteps.batch.association import cramers_v


def test_bias_correction_of_a_table_of_three_by_four():
    table = [[6, 1, 2, 1], [1, 5, 1, 2], [2, 1, 7, 1]]
    n = sum(map(sum, table))
    phi2 = Fraction(0)
    for row in table:
        for column, count in enumerate(row):
            expected = Fraction(sum(row) * sum(other[column] for other in table), n)
            phi2 += (count - expected) ** 2 / expected / n
    phi2 -= Fraction(2 * 3, n - 1)
    smaller = min(3 - Fraction(2**2, n - 1), 4 - Fraction(3**2, n - 1)) - 1
    expected = np.sqrt(float(phi2 / smaller))
    assert cramers_v(table, bias_correction=True) == pytest.approx(expected)
    assert cramers_v(np.transpose(table), bias_correction=True) == pytest.approx(expected)


def test_rows_and_columns_without_samples_do_not_count():
    table = [[6, 0, 2], [1, 0, 5], [0, 0, 0]]
    for bias_correction in (False, True):
        full = cramers_v([[6, 2], [1, 5]], bias_correction=bias_correction)
        assert cramers_v(table, bias_correction=bias_correction) == pytest.approx(full)
