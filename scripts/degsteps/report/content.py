"""What a page is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from degsteps.report.methods import Methods
from degsteps.report.sections import SECTIONS
from degsteps.sections.definition import Section
from degsteps.sections.results import Results


@dataclass(frozen=True)
class Content:
    """What a page is made of.

    Attributes
    ----------
    results : of the analysis.
    verdicts, summary : by check, by contrast.
    methods : the methods in words.
    folder : where the page will lie.
    sections : what stages report.
    """

    results: Results
    verdicts: pd.DataFrame
    summary: pd.DataFrame
    methods: Methods
    folder: Path
    sections: Sequence[Section] = SECTIONS
