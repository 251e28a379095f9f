"""What it costs to leave subjects out of the formula where they have several of the groups that are compared.

The user has said that samples of one subject are independent (``design.repeated``: method ``independent``). Where a
contrast can be estimated within subjects, it is estimated that way too: what subjects differ by is then taken out, at
the price of a coefficient for each.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DegstepsError, DesignError
from degsteps.engines.interface import Contrast
from degsteps.test import reanalysis
from degsteps.test.reanalysis import Study

COLUMNS = ("residual_df", "median_se", "called", "residual_df_within", "median_se_within", "called_within", "problem")


def subject_columns(subjects: pd.Series) -> pd.DataFrame:
    """Return a column for each subject but the first, samples x columns; a sample without a subject is one itself."""
    known = subjects.astype(object).where(subjects.notna() & (subjects.astype(str) != ""), subjects.index.to_series())
    names = sorted(set(map(str, known)))
    values = {f"subject_{name}": (known.astype(str) == name).to_numpy(dtype=float) for name in names[1:]}
    return pd.DataFrame(values, index=subjects.index)


def compare_within_subjects(
    study: Study,
    contrasts: Mapping[str, Contrast],
    main_tables: Mapping[str, pd.DataFrame],
    subjects: pd.Series,
    *,
    size_factors: str,
    test: Mapping[str, Any],
) -> pd.DataFrame:
    """Fit the same genes with the subjects in the design, and compare standard errors.

    Parameters
    ----------
    main_tables : result tables by contrast, of the design without subjects.
    subjects : by sample.
    size_factors : method.
    test : section of the configuration.

    Returns
    -------
    DataFrame
        Index ``contrast``; residual degrees of freedom, median standard error of the log2 fold changes of genes tested
        both ways, and calls, of the design and, ``_within``, of the design with subjects; ``problem``: why there is
        none (subjects have one group each, or too few samples).
    """
    factors_of_subjects = subject_columns(subjects.loc[study.design.index])
    larger, combinations = reanalysis.reduced_to_full_rank(study.design.join(factors_of_subjects))
    residual_df, within = (len(study.design) - design.shape[1] for design in (study.design, larger))
    rows = []
    for name, contrast in contrasts.items():
        main = main_tables[name]
        row = {
            "contrast": name,
            "residual_df": residual_df,
            "median_se": float(main["lfc_se"].median()),
            "called": int((main["padj"] < test["alpha"]).sum()),
        }
        try:
            if larger.shape[1] == study.design.shape[1]:
                raise DesignError("the design tells subjects apart already.")
            joined = reanalysis.contrast_with(contrast, factors_of_subjects)
            paired = reanalysis.contrast_of_fewer(joined, combinations, list(study.design.index))
        except DesignError:
            rows.append(row | {"problem": "no subject has more than one of the groups that are compared"})
            continue
        if within < 1:
            rows.append(row | {"problem": "with subjects in the design no degrees of freedom are left"})
            continue
        try:
            table = _fitted(study, larger, paired, main.index, size_factors, test)
        except DegstepsError as error:
            rows.append(row | {"problem": str(error)})
            continue
        shared = main["lfc_se"].notna() & table["lfc_se"].reindex(main.index).notna()
        rows.append(
            row
            | {
                "median_se": float(main.loc[shared, "lfc_se"].median()),
                "residual_df_within": within,
                "median_se_within": float(table["lfc_se"].reindex(main.index)[shared].median()),
                "called_within": int((table["padj"] < test["alpha"]).sum()),
                "problem": "",
            }
        )
    found = pd.DataFrame(rows, columns=["contrast", *COLUMNS]).set_index("contrast")
    whole = ["residual_df", "called", "residual_df_within", "called_within"]
    return found.astype(dict.fromkeys(whole, "Int64"))


def _fitted(
    study: Study, design: pd.DataFrame, contrast: Contrast, genes: pd.Index, size_factors: str, test: Mapping[str, Any]
) -> pd.DataFrame:
    known = study.counts.index.intersection(genes, sort=False)
    with_subjects = replace(study, design=design, subjects=None)
    factors = reanalysis.size_factors(with_subjects, known, size_factors)
    cooks = test["cooks_filter"]
    tables, _ = reanalysis.contrast_tables(with_subjects, known, factors, {"it": contrast}, test, [cooks])
    return tables[cooks]["it"]


def gain(row: Mapping[str, Any]) -> float | None:
    """Return the ratio of the standard errors within subjects and without them; None if there is none."""
    if row["problem"] or not row["median_se"] > 0:
        return None
    return float(np.divide(row["median_se_within"], row["median_se"]))
