"""What a page is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from degsteps.report.accounting import Account
from degsteps.report.methods import Methods


@dataclass(frozen=True)
class Content:
    """What a page is made of: tables, summaries and files of one analysis.

    Attributes
    ----------
    settings, records, design, workflow_versions : as for :func:`degsteps.report.methods.methods_text`.
    samples : analysed samples with the sheet's columns, as text.
    sample_account : every sample with `status` and `reason`.
    sites : what each site sent.
    libraries : quality numbers of the analysed samples.
    genes : every gene with the filter's decision.
    association, crosstab : of columns of the sheet.
    accounts : of samples and genes.
    verdicts, summary : by check, by contrast.
    sex, subjects : what the counts say of each sample, where that was asked for.
    contrasts : result tables by name.
    contrast_paths : their files.
    figures, contrast_figures : figure files; set_figures lie in folders named after their sample set.
    overlap_figures : what contrasts have in common; none for a single contrast.
    agreements, concordance_figures : how far second engines agree, by contrast; none where there are no such engines.
    methods : the methods in words.
    folder : where the page will lie.
    surrogate_association : what surrogate variables go with, where they are estimated.
    """

    settings: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]
    design: Mapping[str, Any]
    workflow_versions: Mapping[str, str]
    samples: pd.DataFrame
    sample_account: pd.DataFrame
    sites: pd.DataFrame
    libraries: pd.DataFrame
    genes: pd.DataFrame
    association: pd.DataFrame
    crosstab: pd.DataFrame
    accounts: Sequence[Account]
    verdicts: pd.DataFrame
    summary: pd.DataFrame
    contrasts: Mapping[str, pd.DataFrame]
    contrast_paths: Mapping[str, Path]
    figures: Sequence[Path]
    set_figures: Sequence[Path]
    overlap_figures: Sequence[Path]
    contrast_figures: Sequence[Path]
    methods: Methods
    folder: Path
    agreements: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    concordance_figures: Sequence[Path] = ()
    sex: pd.DataFrame | None = None
    subjects: pd.DataFrame | None = None
    surrogate_association: pd.DataFrame | None = None


def used_columns(settings: Mapping[str, Any]) -> list[str]:
    """Return the columns of the sample sheet that the analysis uses: no other one is shown."""
    design = settings["design"]
    wanted = [*design["factors"], *design["covariates"], *settings["batch"]["columns"], *settings["qc"]["color_by"]]
    return list(dict.fromkeys(wanted))
