"""Molecules of spike-ins that were added to each cell."""

import pandas as pd
import pytest

from degsteps.basics.errors import DataError
from degsteps.cells.spike_ins import molecules_added


def table(**numbers) -> pd.DataFrame:
    return pd.DataFrame({"molecules": numbers}).rename_axis("spike_in")


def test_molecules_of_counted_spike_ins_are_added_up():
    assert molecules_added(table(a=3, b=0.5, other=100), ["b", "a"]) == 3.5


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (table(a=3), "no row for b, 1 in all"),
        (table(a=3, b="many"), "must be numbers of 0 or more"),
        (table(a=3, b=-1), "must be numbers of 0 or more"),
        (table(a=0, b=0), "not all 0"),
        (pd.DataFrame({"amount": {"a": 1, "b": 1}}), "no column 'molecules'"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(given, words):
    with pytest.raises(DataError, match=words):
        molecules_added(given, ["a", "b"])
