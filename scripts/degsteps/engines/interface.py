"""What goes into an engine and what comes out: every engine takes and gives these, whatever it computes.

Counts and results are genes x samples; the AnnData that carries a fit between steps is samples x genes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from degsteps.engines.deseq.expanded_design import ExpandedDesign

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class FitData:
    """What a model is fitted to.

    Attributes
    ----------
    counts : raw counts, genes x samples.
    design : samples x coefficients, full column rank.
    size_factors : by sample; kept as they are.
    normalization_factors : genes x samples, in place of the size factors, where transcript lengths differ between
        samples.
    subjects : by sample; samples of one subject are modelled as correlated.
    weighted : by sample; samples with the same value share a weight that is estimated.
    """

    counts: pd.DataFrame
    design: pd.DataFrame
    size_factors: pd.Series
    normalization_factors: pd.DataFrame | None = None
    subjects: pd.Series | None = None
    weighted: pd.Series | None = None

    @property
    def needs(self) -> set[str]:
        """What an engine must know to fit this."""
        uses = {"lengths": self.normalization_factors is not None, "subjects": self.subjects is not None}
        uses["sample_weights"] = self.weighted is not None
        return {ability for ability, is_used in uses.items() if is_used}


@dataclass(frozen=True)
class QuasiLikelihood:
    """How quasi-dispersions are estimated.

    Attributes
    ----------
    legacy : the method of edgeR 3 (trended dispersions, deviances as they are); else that of edgeR 4.
    robust : fewer prior degrees of freedom for genes that vary more than the prior explains.
    top_proportion : share of the genes, the most abundant ones, that the common dispersion is estimated from; ``None``
        chooses by the number of genes and samples.
    prior_count : average count that is added for fold changes.
    """

    legacy: bool = False
    robust: bool = False
    top_proportion: float | None = None
    prior_count: float = 0.125


@dataclass(frozen=True)
class FitSettings:
    """How dispersions are fitted; engines without dispersions have no use for it.

    Attributes
    ----------
    compatibility : ``r`` reproduces R's package, early stopping included; ``exact`` takes the optimum of every gene.
    fit_type : trend of dispersions over the mean: ``parametric`` (where it does not fit, the engine's fall-back),
        ``local`` or ``mean``.
    quasi_likelihood : of the engine that has quasi-dispersions.
    """

    compatibility: str = "r"
    fit_type: str = "parametric"
    quasi_likelihood: QuasiLikelihood = QuasiLikelihood()


@dataclass(frozen=True)
class Part:
    """A part of the genes, where a fit is scattered over jobs.

    Attributes
    ----------
    data : counts of the part, with what is fitted to them.
    rows : its place among all genes.
    whole : the same of all genes, for engines whose parts look at them, and with transcript lengths.
    """

    data: FitData
    rows: slice
    whole: FitData | None = None


@dataclass(frozen=True)
class Contrast:
    """A contrast as it is tested.

    Attributes
    ----------
    weights : ndarray, (coefficients,)
        Weights of the coefficients, in the design's column order.
    reduced : a smaller design, samples x coefficients. With it the p-value is that of the nested test of both designs,
        whatever the contrast; the fold change is the contrast's.
    lfc_null, alternative : what the test rejects: ``greater_abs`` (|log2 fold change| > lfc_null),
        ``greater_abs_2014`` (the same by DESeq2's test of 2014 to 2023), ``less_abs``, ``greater`` (> lfc_null) or
        ``less`` (< -lfc_null).
    compared : samples of the groups compared, where the contrast names them. Genes without a count in any of them have
        the fold change 0 and, in the Wald test, the p-value 1, as in R's DESeq2; without ``compared`` the samples are
        told from the weights (engine ``degsteps`` only).
    expanded : the design with a column for every level, if it has one; for ``normal`` shrinkage.
    """

    weights: np.ndarray
    reduced: pd.DataFrame | None = None
    lfc_null: float = 0.0
    alternative: str = "greater_abs"
    compared: Sequence[str] | None = None
    expanded: ExpandedDesign | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the test is for any change at all."""
        return self.lfc_null == 0 and self.alternative in ("greater_abs", "greater_abs_2014")

    @property
    def has_two_bounds(self) -> bool:
        """Whether the test is for an absolute change above a bound."""
        return self.lfc_null > 0 and self.alternative in ("greater_abs", "greater_abs_2014")

    @property
    def needs(self) -> set[str]:
        """What an engine must know to test this."""
        uses = {
            "reduced": self.reduced is not None,
            "alternatives": not self.is_plain,
            "greater_abs_2014": not self.is_plain and self.alternative == "greater_abs_2014",
        }
        return {ability for ability, is_used in uses.items() if is_used}


@dataclass(frozen=True)
class TableSettings:
    """What the table of a contrast holds.

    Attributes
    ----------
    alpha : the false discovery rate for which independent filtering picks its threshold.
    cooks_filter : no p-value for genes with an outlying count.
    adjustment : see :mod:`degsteps.engines.multiple_testing`.
    shrinkage : ``apeglm``, ``ashr``, ``normal`` or ``none``.
    lfc_threshold : the log2 fold change up to which a change is small, for s-values.
    """

    alpha: float
    cooks_filter: bool
    independent_filtering: bool
    adjustment: str = "bh"
    shrinkage: str = "none"
    lfc_threshold: float = 0.0

    @property
    def needs(self) -> set[str]:
        """What an engine must know to make this table."""
        threshold = "lfc_threshold" if self.lfc_threshold else "none"
        return {self.shrinkage, "cooks" if self.cooks_filter else "none", threshold} - {"none"}


class Fitted(Protocol):
    """The fit of every gene, whichever engine made it."""

    #: Means, variances or dispersions, and flags by gene.
    genes: pd.DataFrame
    #: samples x coefficients.
    design: pd.DataFrame

    @property
    def summary(self) -> dict[str, Any]:
        """The trend of the variances and what else the fit found, as plain numbers."""

    def to_anndata(self) -> "AnnData":
        """The fit as it is stored; the engine's ``read`` is the inverse."""


class PartsModule(Protocol):
    """What an engine has whose fits can be scattered: two passes over the genes, and what sees all of them between.

    The parts joined are the fit of a single job, bit for bit.
    """

    def first(self, part: Part, settings: FitSettings) -> pd.DataFrame:
        """Return what the first pass finds of a part, by gene."""

    def between(
        self, genes: pd.DataFrame, design: pd.DataFrame, whole: FitData | None, settings: FitSettings
    ) -> dict[str, Any]:
        """Return what all genes share, from their first pass, as plain values and arrays; ``kind`` names its form."""

    def second(self, part: Part, genes: pd.DataFrame, shared: dict[str, Any], settings: FitSettings) -> Fitted:
        """Return the fit of a part, from its first pass and what all genes share."""

    def joined(self, parts: list[Fitted]) -> Fitted:
        """Return one fit from those of its parts, in their order."""


class EngineModule(Protocol):
    """What the module of an engine has."""

    def fit(self, data: FitData, settings: FitSettings) -> Fitted:
        """Fit the model of every gene once, for all contrasts."""

    def read(self, stored: "AnnData") -> Fitted:
        """Return a stored fit."""

    def contrast_table(
        self, fitted: Fitted, counts: pd.DataFrame, contrast: Contrast, settings: TableSettings
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Test a contrast in every gene; table and facts are those of :func:`degsteps.engines.results.finished`."""

    def sentences(self, wording: Any) -> list[str]:
        """Say in sentences of a methods text what was fitted; see :class:`degsteps.engines.wording.Wording`."""
