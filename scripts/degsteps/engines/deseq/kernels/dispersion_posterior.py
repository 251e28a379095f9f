"""Log-posterior of log dispersion, its value and its slope, for a block of genes at once.

The log-posterior of log dispersion a = log(alpha) is

    sum_j log NB(y_j; mu_j, alpha) - 1/2 log det X'WX - (a - m)^2 / (2 s^2),   W = 1 / (1/mu + alpha)

(Cox & Reid, JRSS B 49:1, 1987; McCarthy, Chen & Smyth, NAR 40:4288, 2012; Love, Huber & Anders, Genome Biology
15:550, 2014; the last term only with a prior).
"""

import numpy as np

from degsteps.engines.deseq.kernels.blocks import sum_samples, take_genes
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.deseq.kernels.special import GammaTerms

MIN_DISPERSION = 1e-8


class DispersionPosterior:
    """Log-posterior of a block of genes, shrunk together as genes finish."""

    def __init__(
        self,
        counts: np.ndarray,
        mean: np.ndarray,
        groups: DesignGroups,
        prior_mean: np.ndarray | None,
        prior_variance: float | None,
        adjusted: bool = True,
    ) -> None:
        self.adjusted = adjusted
        self.counts = counts
        self.mean = mean
        self.groups = groups
        self.prior_mean = prior_mean
        self.prior_variance = prior_variance
        self.count_total = sum_samples(counts)
        self.exceeding = _exceeding(counts) if is_low(counts).all() else None

    def value(self, log_dispersion: np.ndarray) -> np.ndarray:
        """Log-posterior without the terms that do not depend on dispersion."""
        return self.at(log_dispersion).value()

    def gradient(self, log_dispersion: np.ndarray) -> np.ndarray:
        """First derivative of :meth:`value` by log dispersion."""
        return self.at(log_dispersion).gradient()

    def at(self, log_dispersion: np.ndarray) -> "_Point":
        """Value and gradient at one dispersion a gene, sharing what both need."""
        return _Point(self, log_dispersion)

    def take(self, kept: np.ndarray) -> "DispersionPosterior":
        """The same posterior for some of the genes (mask or index)."""
        part = DispersionPosterior.__new__(DispersionPosterior)
        part.adjusted = self.adjusted
        part.counts = take_genes(self.counts, kept)
        part.mean = take_genes(self.mean, kept)
        part.groups = self.groups
        part.prior_mean = None if self.prior_mean is None else self.prior_mean[kept]
        part.prior_variance = self.prior_variance
        part.count_total = self.count_total[kept]
        part.exceeding = None if self.exceeding is None else take_genes(self.exceeding, kept)
        return part


def _low_limit(n_samples: int) -> int:
    """Largest count of a gene for which counting is cheaper than gamma functions."""
    return min(max(n_samples, 16), 256)


def is_low(counts: np.ndarray) -> np.ndarray:
    """Genes without a count above the limit; (samples, genes) -> (genes,)."""
    return counts.max(axis=0) <= _low_limit(counts.shape[0])


def _exceeding(counts: np.ndarray) -> np.ndarray:
    """Number of samples with a count above k, for k from 0; (samples, genes) -> (limit, genes)."""
    n_samples, n_genes = counts.shape
    width = _low_limit(n_samples) + 1
    place = counts.astype(np.intp) + width * np.arange(n_genes)
    tally = np.bincount(place.ravel(), minlength=width * n_genes).reshape(n_genes, width)
    return np.ascontiguousarray((n_samples - np.cumsum(tally, axis=1)[:, :-1]).T.astype(float))


class _RisingFactorial:
    """Sum over samples of log gamma(count + size) - log gamma(size), and its derivative by size.

    For genes with low counts it is the sum over k of (samples with a count above k) * log(size + k): few logarithms,
    however many samples. For the others, gamma functions.
    """

    def __init__(self, posterior: DispersionPosterior, size: np.ndarray, shifted: np.ndarray) -> None:
        self.exceeding = posterior.exceeding
        self.n_samples = posterior.counts.shape[0]
        if self.exceeding is not None:
            self.steps = np.arange(len(self.exceeding), dtype=float)[:, None] + size
        else:
            self.of_shifted, self.of_size = GammaTerms(shifted), GammaTerms(size)

    def log(self) -> np.ndarray:
        if self.exceeding is not None:
            return sum_samples(self.exceeding * np.log(self.steps))
        return sum_samples(self.of_shifted.log_gamma()) - self.n_samples * self.of_size.log_gamma()

    def log_slope(self) -> np.ndarray:
        if self.exceeding is not None:
            return sum_samples(self.exceeding / self.steps)
        return sum_samples(self.of_shifted.digamma()) - self.n_samples * self.of_size.digamma()


class _Point:
    """What the value and the gradient at one log dispersion a gene have in common."""

    def __init__(self, posterior: DispersionPosterior, log_dispersion: np.ndarray) -> None:
        self.posterior = posterior
        self.log_dispersion = log_dispersion
        self.alpha = np.exp(log_dispersion)
        self.size = 1.0 / self.alpha
        self.scaled = posterior.mean * self.alpha
        self.log_scaled = np.log1p(self.scaled)
        self.shifted = posterior.counts + self.size
        self.rising = _RisingFactorial(posterior, self.size, self.shifted)
        if posterior.adjusted:
            self.scaled += 1.0
            self.weights = np.divide(posterior.mean, self.scaled, out=self.scaled)
            self.group_weights = posterior.groups.group_sums(self.weights)
            self.information = posterior.groups.information(self.group_weights)

    def value(self) -> np.ndarray:
        posterior = self.posterior
        total = self.rising.log() - sum_samples(self.shifted * self.log_scaled)
        total += posterior.count_total * self.log_dispersion
        if posterior.adjusted:
            total -= 0.5 * self.information.log_determinant()
        if posterior.prior_mean is not None:
            total -= (self.log_dispersion - posterior.prior_mean) ** 2 / (2.0 * posterior.prior_variance)
        return total

    def gradient(self) -> np.ndarray:
        posterior = self.posterior
        terms = posterior.counts - posterior.mean
        terms /= posterior.mean + self.size
        terms += self.log_scaled
        slope = self.size * (sum_samples(terms) - self.rising.log_slope())
        if posterior.adjusted:
            squares = posterior.groups.group_sums(self.weights * self.weights)
            slope += 0.5 * self.alpha * sum_samples(self.information.leverage() * squares)
        if posterior.prior_mean is not None:
            slope -= (self.log_dispersion - posterior.prior_mean) / posterior.prior_variance
        return slope
