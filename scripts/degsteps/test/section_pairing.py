"""What the report says where subjects with several of the compared groups are left out of the formula."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from degsteps.basics.words import counted
from degsteps.sections.definition import File, Section, Verdict
from degsteps.sections.results import Results
from degsteps.test.pairing import gain


def pairing_verdict(contrast: str, row: Mapping[str, Any], subject: str) -> Verdict | None:
    """Compare the contrast with and without subjects in the design; None where it cannot be made within subjects.

    Parameters
    ----------
    row : of the contrast, in the table of :func:`degsteps.test.pairing.compare_within_subjects`.
    """
    ratio = gain(row)
    if ratio is None:
        return None
    finding = (
        f"{subject} is not in the formula, and has samples in more than one of the compared groups. Without it: "
        f"{counted(int(row['residual_df']), 'residual degree')} of freedom, median standard error "
        f"{row['median_se']:.2f} (log2), {int(row['called']):,} called. With it: "
        f"{int(row['residual_df_within'])}, {row['median_se_within']:.2f}, {int(row['called_within']):,} called."
    )
    if ratio < 1 or row["called_within"] > row["called"]:
        advice = f"Add {subject} to design.formula and set design.repeated.method: fixed."
    else:
        advice = f"Samples of one {subject} look no more alike than others. Keep it out only if they are independent."
    return Verdict(f"pairing: {contrast}", "warn", finding, advice)


def _tables(results: Results) -> pd.DataFrame:
    tables = results.tables_like(r"test/(sets/[^/]+/)?pairing\.tsv")
    return pd.concat(tables.values()) if tables else pd.DataFrame()


def _verdicts(results: Results) -> Iterator[Verdict]:
    for contrast, row in _tables(results).iterrows():
        if verdict := pairing_verdict(str(contrast), row, results.settings["design"]["repeated"]["subject"]):
            yield verdict


PAIRING = Section(
    stage="test",
    name="pairing",
    files=(
        File(
            r"pairing\.tsv",
            "Each contrast with subjects in the design (`_within`) and without them: residual degrees of freedom, "
            "median standard error, calls.",
            text=("problem",),
        ),
    ),
    verdicts=_verdicts,
    checks={"pairing": "Subjects that are left out of the formula"},
)
