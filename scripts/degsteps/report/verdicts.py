"""What a reader should know before trusting the results."""

from collections.abc import Sequence

import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.basics.words import listed
from degsteps.report.sections import SECTIONS
from degsteps.sections.definition import STATUSES, Section
from degsteps.sections.results import Results


def collect_verdicts(results: Results, sections: Sequence[Section] = SECTIONS) -> pd.DataFrame:
    """Collect what a reader should know before the results: what all sections say.

    Returns
    -------
    DataFrame
        Index `check`; `status` (of `STATUSES`), `finding` (a sentence), `advice` (what to do; blank if nothing).

    Raises
    ------
    DataError
        If a verdict has an unknown status.
    """
    verdicts = [verdict for section in sections for verdict in section.verdicts(results)]
    table = pd.DataFrame(verdicts, columns=["check", "status", "finding", "advice"]).set_index("check")
    unknown = set(table["status"]) - set(STATUSES)
    if unknown:
        raise DataError(f"verdicts: unknown status {listed(sorted(unknown))}. Known are {listed(STATUSES)}.")
    return table
