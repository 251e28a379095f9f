"""Library sizes: exact sums, and a refusal that names the place."""

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import DataError
from degsteps.engines.library_sizes import require_reads


def test_library_sizes_are_exact_sums():
    """Integers beyond 2^53 and fractions that a plain sum would round."""
    whole = pd.DataFrame({"a": [2**53, 1, 1], "b": [1, 2, 3]})
    assert require_reads(whole).tolist() == [2**53 + 2, 6]
    fractions = pd.DataFrame({"a": [0.1] * 10, "b": [1.5] * 10})
    assert require_reads(fractions).tolist() == [1.0, 15.0]


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_what_is_not_a_count_is_refused_with_its_place(bad):
    counts = pd.DataFrame([[1.0, 2.0], [3.0, bad]], index=["g1", "g2"], columns=["s1", "s2"])
    with pytest.raises(DataError, match="gene g2, sample s2"):
        require_reads(counts)


def test_a_sample_without_reads_is_refused_by_its_name():
    counts = pd.DataFrame([[1, 0, 2, 0], [3, 0, 0, 0]], columns=["s1", "s2", "s3", "s4"])
    with pytest.raises(DataError, match="no reads at all in s2, s4:"):
        require_reads(counts)
