"""Formulas that are advised where one cannot be fitted: only those that were tried on the same samples.

Standard library only: the Snakefile imports this module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from degsteps.basics.errors import DegstepsError
from degsteps.design.coding import build_design
from degsteps.design.formula import Formula
from degsteps.design.rank import rank_report, without_redundant_columns
from degsteps.design.weights import compile_contrast


@dataclass(frozen=True)
class Alternatives:
    """What other formulas can be tried on.

    Attributes
    ----------
    columns : of the sheet, in the order of ``sample_ids``.
    factors, covariates : as they are declared.
    contrasts : that another formula must be able to answer, too.
    """

    columns: Mapping[str, Sequence[str]] = field(repr=False)
    sample_ids: Sequence[str]
    factors: Mapping[str, Any]
    covariates: Mapping[str, Any]
    contrasts: Mapping[str, Mapping[str, Any]]

    def works(self, formula: Formula | str) -> bool:
        """Return whether a formula answers every contrast, and leaves replicates to judge by."""
        try:
            built = build_design(self.columns, self.sample_ids, formula, self.factors, self.covariates)
            design = without_redundant_columns(built)
            for contrast in self.contrasts.values():
                compile_contrast(design, contrast)
        except DegstepsError:
            return False
        return len(design.samples) > len(design.columns)

    def join_works(self, formula: Formula, first: str, second: str) -> bool:
        """Return whether one factor can stand for two, with a level for each combination that occurs.

        What is asked of it is not known yet: every combination must be comparable with every other.
        """
        name = f"{first}_{second}"
        if name in self.columns:
            return False
        values = [f"{a}_{b}" for a, b in zip(self.columns[first], self.columns[second], strict=True)]
        terms = [tuple(name if column in (first, second) else column for column in term) for term in formula.terms]
        terms = [tuple(dict.fromkeys(term)) for term in terms]
        factors = {**self.factors, name: {"reference": values[0], "levels": None}}
        joined = Formula(formula.intercept, tuple(dict.fromkeys(terms)))
        try:
            columns = {**self.columns, name: values}
            design = build_design(columns, self.sample_ids, joined, factors, self.covariates)
        except DegstepsError:
            return False
        report = rank_report(design)
        return report.is_full_rank and report.residual_df > 0


def without_column(formula: Formula, name: str) -> Formula | None:
    """Return a formula without the terms that name a column; None if nothing is left."""
    terms = tuple(term for term in formula.terms if name not in term)
    return Formula(formula.intercept, terms) if terms else None


def without_interaction(formula: Formula, first: str, second: str) -> Formula:
    """Return a formula in which two columns do not interact, but stand on their own."""
    terms = [term for term in formula.terms if not {first, second} <= set(term)]
    added = [(name,) for name in (first, second) if not any(name in term for term in terms)]
    return Formula(formula.intercept, (*terms, *added))
