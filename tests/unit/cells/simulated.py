"""Log values of made cells: types with markers of their own, in batches that differ gene by gene."""

import numpy as np
from scipy import sparse


def log_cells(
    n: int = 400,
    n_types: int = 4,
    n_batches: int = 1,
    n_genes: int = 600,
    *,
    seed: int = 1,
    effect: float = 2.0,
    batch_effect: float = 0.6,
    batch_seed: int = 0,
    n_markers: int = 40,
) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Return log values (cells x genes), types and batches of cells; markers of type t are genes 40 t to 40 t + 39.

    Markers have the same places whatever the seed, so that two sets are of the same types.
    """
    rng = np.random.default_rng(seed)
    base = np.random.default_rng(99).gamma(0.8, 1.0, n_genes)
    types, batches = rng.integers(0, n_types, n), rng.integers(0, n_batches, n)
    log_mean = np.tile(np.log(base + 0.05), (n_types, 1))
    for k in range(n_types):
        log_mean[k, k * n_markers : (k + 1) * n_markers] += effect
    shift = np.random.default_rng(batch_seed).normal(0, batch_effect, (n_batches, n_genes)) * (n_batches > 1)
    mean = np.exp(log_mean[types] + shift[batches])
    counts = rng.poisson(mean / mean.sum(axis=1, keepdims=True) * rng.uniform(800, 1600, n)[:, None])
    values = np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4)
    names = np.array([f"type {k}" for k in range(n_types)])
    return sparse.csr_matrix(values.astype(np.float32)), names[types], np.array([f"b{k}" for k in batches])
