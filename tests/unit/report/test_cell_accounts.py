"""Every cell that was read is kept, or dropped for the first of its reasons."""

import pandas as pd
import pytest

from degsteps.report.accounting import accountability_table, accounts_of, cell_accounts


def accounts(*reasons):
    """Account for cells of which those without a reason are kept."""
    cells = pd.DataFrame({"reason": reasons, "verdict": ["dropped" if reason else "kept" for reason in reasons]})
    return cell_accounts({"cells/quality/cells.tsv": cells})


def test_without_single_cells_there_is_nothing_to_account_for():
    assert cell_accounts({}) == []


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("total 312 < 500", "total < 500"),
        ("detected 1e+05 < 2e+05", "detected < 2e+05"),
        ("doublet score 0.62", "doublet score"),
        ("mito_percent 21.4 > 20", "mito_percent > 20"),
        ("spike_percent above 3 MADs (15.7 > 14.3 in capture c1)", "spike_percent above 3 MADs"),
        ("detected below 3 MADs (150 < 191.7 in capture c2); total 312 < 500", "detected below 3 MADs"),
        ("donor 'doublet' is no person", "donor 'doublet' is no person"),
        ("in drop_cells", "in drop_cells"),
    ],
)
def test_numbers_of_single_cells_are_left_out_of_reasons(reason, shown):
    (account,) = accounts("", reason, "", reason)
    assert (account.unit, account.stage, account.received, account.kept) == ("cells", "quality", 4, 2)
    assert account.dropped == {shown: 2}


def test_the_table_gives_the_accounts_back():
    made = accounts("", "total 312 < 500", "total 13 < 500", "donor 'doublet' is no person")
    assert made[0].dropped == {"donor 'doublet' is no person": 1, "total < 500": 2}
    assert accounts_of(accountability_table(made)) == made
