"""What a page is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from degsteps.report.methods import Methods
from degsteps.report.sections import SECTIONS
from degsteps.sections.definition import Section
from degsteps.sections.results import Results


@dataclass(frozen=True)
class Explored:
    """Counts of the gene explorer.

    Attributes
    ----------
    counts : genes x samples, all that were read; with transcript lengths, divided by each count's part of them.
    factors : size factors by set of samples; None are all samples.
    """

    counts: pd.DataFrame
    factors: Mapping[str | None, pd.Series]


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
    explored : counts of the gene explorer, if it shows any.
    """

    results: Results
    verdicts: pd.DataFrame
    summary: pd.DataFrame
    methods: Methods
    folder: Path
    sections: Sequence[Section] = SECTIONS
    explored: Explored | None = None
