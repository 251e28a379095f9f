"""How many sets would each method call if nothing were true? Asked of the data at hand.

What the design leaves of the values is turned at random: one column then plays the part of a contrast, and the others
are its residuals. Genes stay correlated as they are, whatever the samples or their distribution, and no difference
between groups is left. Such a pseudo-study has one residual degree of freedom less than the study itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import ndtr

from degsteps.engines.multiple_testing import called_bh
from degsteps.engines.voom.moderation import f_upper_tail, fit_prior, moderated
from degsteps.enrich import gsea
from degsteps.enrich.camera import camera_columns, competitive_columns, z_of_pvalues, z_of_t
from degsteps.enrich.correlation import reference_df, set_correlations, shrunk
from degsteps.enrich.fry import fry_columns
from degsteps.enrich.over_representation import over_representation

#: limma's correlation for `camera`, whatever the data say.
PRESET = 0.01
_TOP_SHARE = 0.05
_GSEA_PERMUTATIONS = 1000


@dataclass
class Study:
    """One contrast with moderated t or F statistics: what each method needs of it.

    Attributes
    ----------
    members : sets x genes.
    effects : ndarray, (genes, directions + d.f.)
        Of the contrast, and of the residuals.
    alpha : genes are called below this adjusted p-value.
    directions : columns of effects that are tested together; more than one makes statistics without a sign.
    unsigned : the same for one.
    """

    members: sparse.csr_matrix
    effects: np.ndarray
    alpha: float
    directions: int = 1
    unsigned: bool = False

    @cached_property
    def residuals(self) -> np.ndarray:
        """Residual effects, genes x d.f."""
        return self.effects[:, self.directions :]

    @cached_property
    def df(self) -> int:
        """Residual degrees of freedom."""
        return self.residuals.shape[1]

    @cached_property
    def _tests(self) -> tuple[np.ndarray, np.ndarray]:
        variance = (self.residuals**2).mean(axis=1)
        posterior, df = moderated(variance, self.df, fit_prior(variance, self.df))
        if self.unsigned:
            pvalues = f_upper_tail(
                (self.effects[:, : self.directions] ** 2).mean(axis=1) / posterior, self.directions, df
            )
            return z_of_pvalues(pvalues), pvalues
        z = z_of_t(self.effects[:, 0] / np.sqrt(posterior), df)
        return z, 2 * ndtr(-np.abs(z))

    @property
    def statistic(self) -> np.ndarray:
        """Normal deviates: signed, or larger where a gene changes more."""
        return self._tests[0]

    @cached_property
    def called(self) -> np.ndarray:
        """Genes below the adjusted p-value."""
        return called_bh(self._tests[1], self.alpha)

    @cached_property
    def correlations(self) -> np.ndarray:
        """Estimated correlation within each set."""
        return set_correlations(self.members, self.residuals, unsigned=self.unsigned)

    def camera(self, correlations: np.ndarray | float, **options) -> np.ndarray:
        """P-values of CAMERA with given correlations."""
        return camera_columns(self.members, self.statistic, correlations, unsigned=self.unsigned, **options)["p"]

    def over(self, called: np.ndarray) -> np.ndarray:
        """P-values of over-representation."""
        if not called.any():
            return np.ones(self.members.shape[0])
        return over_representation(self.members, called)["p"].to_numpy()

    @property
    def top(self) -> np.ndarray:
        """The genes with the smallest p-values, whatever these are: a list of so many genes as some take."""
        count = int(np.ceil(_TOP_SHARE * len(self.statistic)))
        top = np.zeros(len(self.statistic), dtype=bool)
        top[np.argsort(self._tests[1], kind="stable")[:count]] = True
        return top


#: Name -> p-values of the sets. Up to `gsea` they are tests of the stage; the others are what is done elsewhere.
METHODS: dict[str, Callable[[Study], np.ndarray]] = {
    "competitive": lambda study: competitive_columns(
        study.members, study.statistic, study.residuals, unsigned=study.unsigned
    )["p"],
    "competitive_preset": lambda study: study.camera(PRESET),
    "self_contained": lambda study: fry_columns(study.members, study.effects, mixed=False)["p"],
    "self_contained_mixed": lambda study: fry_columns(study.members, study.effects)["p_mixed"],
    "over_both": lambda study: study.over(study.called),
    "over_up": lambda study: study.over(study.called & (study.effects[:, 0] > 0)),
    "over_down": lambda study: study.over(study.called & (study.effects[:, 0] < 0)),
    "gsea": lambda study: gsea.gene_permutation(
        study.members,
        study.statistic,
        np.arange(len(study.statistic)),
        permutations=_GSEA_PERMUTATIONS,
        seed=1,
    )["p"].to_numpy(),
    "ranks": lambda study: study.camera(
        shrunk(study.correlations, study.df, unsigned=study.unsigned),
        ranks=True,
        degrees_of_freedom=reference_df(study.df),
    ),
    "own_correlation": lambda study: study.camera(study.correlations, degrees_of_freedom=float(study.df)),
    "independent": lambda study: study.camera(0.0),
    "over_top": lambda study: study.over(study.top),
}


def null_calls(
    members: sparse.csr_matrix,
    residuals: np.ndarray,
    *,
    methods: Sequence[str],
    alpha: float,
    gene_alpha: float | None = None,
    rotations: int = 100,
    seed: int = 1,
    directions: int | None = None,
) -> pd.DataFrame:
    """Count the sets that each method calls in data like these in which nothing differs.

    It is the same for all contrasts of a design.

    Parameters
    ----------
    members : sets x genes.
    residuals : ndarray, (genes, d.f.)
        Of :func:`degsteps.enrich.correlation.residual_effects`; at least one column more than are tested together.
    methods : of ``METHODS``.
    alpha : sets are called below this adjusted p-value.
    gene_alpha : the same for genes; by default ``alpha``.
    directions : of a likelihood-ratio test, how many coefficients it tests together; None for a signed statistic.

    Returns
    -------
    DataFrame
        One row per method: ``method``, ``rotations``, ``mean_called`` (sets per pseudo-study), ``runs_with_any`` (share
        of pseudo-studies with a called set), ``largest`` (most called), ``share_below_05`` (p-values below .05: 5 % in
        a calibrated test).

    Raises
    ------
    ValueError
        if no residual degree of freedom is left for a pseudo-study.
    """
    tested = directions or 1
    df = residuals.shape[1]
    if df <= tested:
        raise ValueError(f"{df} residual degrees of freedom; a pseudo-study needs {tested + 1}")
    rng = np.random.default_rng([seed, df])
    level = alpha if gene_alpha is None else gene_alpha
    called = {name: np.zeros(rotations, dtype=int) for name in methods}
    below = {name: np.zeros(rotations) for name in methods}
    for number in range(rotations):
        turn, _ = np.linalg.qr(rng.standard_normal((df, df)))
        study = Study(members, residuals @ turn, level, tested, directions is not None)
        for name in methods:
            p = METHODS[name](study)
            called[name][number] = called_bh(p, alpha).sum()
            below[name][number] = (p < 0.05).mean() if len(p) else 0.0
    return pd.DataFrame(
        {
            "method": list(methods),
            "rotations": rotations,
            "mean_called": [called[name].mean() for name in methods],
            "runs_with_any": [(called[name] > 0).mean() for name in methods],
            "largest": [called[name].max(initial=0) for name in methods],
            "share_below_05": [below[name].mean() for name in methods],
        }
    )
