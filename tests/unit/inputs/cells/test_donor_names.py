"""Donors that are no persons."""

import pytest

from degsteps.inputs.cells.donor_names import is_no_person


@pytest.mark.parametrize(
    "name",
    [
        *("doublet", "Doublet", " UNASSIGNED ", "ambiguous", "Ambient", "NA", "n/a", "nan", "None", "", None),
        *(
            "Negative",
            "unknown",
            "DBL-d1,d2-0.500",
            "doublet 2",
            "AMB-d1-d2",
            "0/1",
            "doublet_d1_d2",
            "not_assigned",
            "<NA>",
        ),
        float("nan"),
    ],
)
def test_what_demultiplexing_says_of_nobody(name):
    assert is_no_person(name)


@pytest.mark.parametrize(
    "name", ["d1", "donor_12", "Nadia", "1", "101", "P-NA12878", "NA12878", "NA 12", "Ambrose", "0", "doubletree"]
)
def test_people(name):
    assert not is_no_person(name)
