"""A design matrix with equal rows pooled into groups, and small linear algebra for all genes at once.

Most designs have few distinct rows: 24 samples of two conditions in three batches have six. Sums over samples are
then taken per group first, and X'WX is built from a handful of group sums.
"""

import numpy as np

from degsteps.engines.deseq.kernels.blocks import sum_samples

# Products of design rows with this few non-zero entries are added entry by entry, others axis by axis.
_FEW_ENTRIES = 64
# Up to this many coefficients p x p algebra is written out over genes; with more, LAPACK takes gene by gene.
LARGEST_UNROLLED = 20


class DesignGroups:
    """Design matrix whose samples are sorted by group (set of equal design rows).

    Kernels work on arrays whose rows are in the order ``order``.

    Parameters
    ----------
    design : array_like, (samples, coefficients)
        Full-rank design matrix.

    Attributes
    ----------
    order : ndarray of int, (samples,)
        Sample at each sorted position.
    rows : ndarray, (groups, coefficients)
        Distinct design rows.
    bounds : ndarray of int, (groups + 1,)
        Group ``c`` holds the sorted positions ``bounds[c]:bounds[c + 1]``.
    is_saturated : bool
        As many groups as coefficients: each group has a mean of its own.
    """

    def __init__(self, design: np.ndarray) -> None:
        design = np.ascontiguousarray(design, dtype=float)
        if design.ndim != 2:
            raise ValueError("the design matrix must have two axes: samples x coefficients")
        self.design = design
        self.n_samples, self.n_coefficients = design.shape
        self.rows, group_of_sample = np.unique(design, axis=0, return_inverse=True)
        group_of_sample = group_of_sample.reshape(-1)
        self.group_of_sample = group_of_sample
        self.order = np.argsort(group_of_sample, kind="stable")
        self.sizes = np.bincount(group_of_sample, minlength=len(self.rows))
        self.bounds = np.concatenate([[0], np.cumsum(self.sizes)])
        self.n_groups = len(self.rows)
        self.is_saturated = self.n_groups == self.n_coefficients
        self.sorted_group = group_of_sample[self.order]
        self.inverse_order = np.empty_like(self.order)
        self.inverse_order[self.order] = np.arange(self.n_samples)
        self._pairs = [(i, j) for i in range(self.n_coefficients) for j in range(i + 1)]
        self._pair_groups = [np.flatnonzero(self.rows[:, i] * self.rows[:, j]) for i, j in self._pairs]
        self._pair_weights = [
            _plain((self.rows[:, i] * self.rows[:, j])[used])
            for (i, j), used in zip(self._pairs, self._pair_groups, strict=True)
        ]
        self._spread_rows = _WeightedSum(self.rows)
        self._gather_rows = _WeightedSum(self.rows.T)
        self._constant = 2.0 * np.linalg.slogdet(self.rows)[1] if self.is_saturated else 0.0

    def group_sums(self, values: np.ndarray) -> np.ndarray:
        """Sum over the samples of each group; (samples, genes) -> (groups, genes)."""
        if self.n_groups == self.n_samples:
            return values
        sums = np.empty((self.n_groups, values.shape[1]))
        for group in range(self.n_groups):
            sums[group] = sum_samples(values[self.bounds[group] : self.bounds[group + 1]])
        return sums

    def spread(self, group_values: np.ndarray) -> np.ndarray:
        """Repeat a group's row for each of its samples; (groups, genes) -> (samples, genes)."""
        if self.n_groups == self.n_samples:
            return group_values
        return np.repeat(group_values, self.sizes, axis=0)

    def linear_predictor(self, coefficients: np.ndarray) -> np.ndarray:
        """X beta for each group; (coefficients, genes) -> (groups, genes)."""
        return self._spread_rows(coefficients)

    def cross_product(self, group_values: np.ndarray) -> np.ndarray:
        """X'v from group sums of v; (groups, genes) -> (coefficients, genes)."""
        return self._gather_rows(group_values)

    def gram(self, group_weights: np.ndarray) -> np.ndarray:
        """Lower triangle of X'WX, row by row, from group sums of the weights; (groups, genes) -> (p(p+1)/2, genes)."""
        packed = np.empty((len(self._pairs), group_weights.shape[1]))
        for entry, (used, weights) in enumerate(zip(self._pair_groups, self._pair_weights, strict=True)):
            if not len(used):
                packed[entry] = 0.0
                continue
            values = group_weights if len(used) == self.n_groups else group_weights[used]
            packed[entry] = sum_samples(values if weights is None else values * weights)
        return packed

    def log_determinant(self, group_weights: np.ndarray) -> np.ndarray:
        """log det X'WX per gene, from group sums of the weights."""
        return self.information(group_weights).log_determinant()

    def information(self, group_weights: np.ndarray) -> "_Information":
        """X'WX of each gene, factored once for its determinant and its leverages."""
        return _Information(self, group_weights)

    def leverage(self, group_weights: np.ndarray) -> np.ndarray:
        """x'(X'WX)^-1 x for each group's design row x; (groups, genes) -> (groups, genes)."""
        return self.information(group_weights).leverage()

    def least_squares(self, values: np.ndarray) -> np.ndarray:
        """Ordinary least-squares coefficients; (samples, genes) -> (coefficients, genes)."""
        q, r = np.linalg.qr(self.rows * np.sqrt(self.sizes)[:, None])
        solver = np.linalg.solve(r, q.T) / np.sqrt(self.sizes)
        return _WeightedSum(solver)(self.group_sums(values))


class _Information:
    """X'WX of each gene; with a group for each coefficient no matrix is needed."""

    def __init__(self, groups: DesignGroups, group_weights: np.ndarray) -> None:
        self.groups = groups
        self.group_weights = group_weights
        self.factor = None if groups.is_saturated else Cholesky(groups.gram(group_weights))

    def log_determinant(self) -> np.ndarray:
        if self.factor is None:
            return sum_samples(np.log(self.group_weights)) + self.groups._constant
        return self.factor.log_determinant()

    def leverage(self) -> np.ndarray:
        if self.factor is None:
            return 1.0 / self.group_weights
        return self.factor.quadratic_forms(self.groups.rows)


def _plain(weights: np.ndarray) -> np.ndarray | None:
    """Weights as a column, or None where all are 1."""
    return None if np.all(weights == 1.0) else weights[:, None]


class _WeightedSum:
    """``weights @ values`` added in a fixed order: BLAS may round a column by its place in the block."""

    def __init__(self, weights: np.ndarray) -> None:
        self.weights = np.ascontiguousarray(weights)
        self.terms = None
        if np.count_nonzero(weights) <= _FEW_ENTRIES:
            self.terms = [[(k, float(row[k])) for k in np.flatnonzero(row)] for row in weights]

    def __call__(self, values: np.ndarray) -> np.ndarray:
        n_rows, n_terms = self.weights.shape
        if self.terms is None and n_terms <= n_rows:
            result = self.weights[:, :1] * values[0]
            for k in range(1, n_terms):
                result += self.weights[:, k, None] * values[k]
            return result
        if self.terms is None:
            return np.stack([sum_samples(row[:, None] * values) for row in self.weights])
        result = np.zeros((n_rows, values.shape[1]))
        for total, terms in zip(result, self.terms, strict=True):
            for k, weight in terms:
                total += values[k] if weight == 1.0 else values[k] * weight
        return result


def packed_size(n_coefficients: int) -> int:
    """Length of a packed lower triangle."""
    return n_coefficients * (n_coefficients + 1) // 2


def unpack_symmetric(packed: np.ndarray) -> np.ndarray:
    """Packed lower triangles (p(p+1)/2, genes) as full matrices (genes, p, p)."""
    p = int((np.sqrt(8 * packed.shape[0] + 1) - 1) / 2)
    full = np.empty((packed.shape[1], p, p))
    entry = 0
    for i in range(p):
        for j in range(i + 1):
            full[:, i, j] = packed[entry]
            full[:, j, i] = packed[entry]
            entry += 1
    return full


def _cholesky_diagonals(matrices: np.ndarray) -> np.ndarray:
    """Diagonals of the Cholesky factors of (genes, p, p) matrices; NaN for those that are not positive definite."""
    try:
        return np.diagonal(np.linalg.cholesky(matrices), axis1=1, axis2=2).copy()
    except np.linalg.LinAlgError:
        diagonals = np.full(matrices.shape[:2], np.nan)
        for k, matrix in enumerate(matrices):
            if np.isfinite(matrix).all() and np.linalg.eigvalsh(matrix)[0] > 0:
                diagonals[k] = np.diagonal(np.linalg.cholesky(matrix))
        return diagonals


class Cholesky:
    """Cholesky factors of positive-definite p x p matrices, one a gene.

    A matrix that is not positive definite gives NaN for that gene only.

    Parameters
    ----------
    packed : ndarray, (p(p+1)/2, genes)
        Lower triangles, row by row.
    ridge : ndarray, (p,), optional
        Added to the diagonals.
    """

    def __init__(self, packed: np.ndarray, ridge: np.ndarray | None = None) -> None:
        p = int((np.sqrt(8 * packed.shape[0] + 1) - 1) / 2)
        self.p = p
        self._full = None
        if p > LARGEST_UNROLLED:
            self._full = unpack_symmetric(packed)
            if ridge is not None:
                self._full[:, np.arange(p), np.arange(p)] += ridge
            self._diagonal = _cholesky_diagonals(self._full)
            # What cannot be factored is solved for an identity instead, and the answer thrown away.
            self._broken = np.isnan(self._diagonal).any(axis=1)
            self._full[self._broken] = np.eye(p)
            return
        factor: list[list[np.ndarray]] = []
        inverse_pivot: list[np.ndarray] = []
        entry = 0
        with np.errstate(invalid="ignore", divide="ignore"):
            for i in range(p):
                row: list[np.ndarray] = []
                for j in range(i + 1):
                    value = packed[entry]
                    if i == j and ridge is not None:
                        value = value + ridge[i]
                    entry += 1
                    for k in range(j):
                        value = value - row[k] * (row[k] if i == j else factor[j][k])
                    if i == j:
                        value = np.sqrt(value)
                        inverse_pivot.append(1.0 / value)
                    else:
                        value = value * inverse_pivot[j]
                    row.append(value)
                factor.append(row)
        self._factor = factor
        self._inverse_pivot = inverse_pivot

    def log_determinant(self) -> np.ndarray:
        """log det of each matrix."""
        if self._full is not None:
            return 2.0 * np.log(self._diagonal).sum(axis=1)
        total = np.log(self._factor[0][0])
        for i in range(1, self.p):
            total = total + np.log(self._factor[i][i])
        return 2.0 * total

    def _forward(self, right: list[np.ndarray]) -> list[np.ndarray]:
        solved: list[np.ndarray] = []
        for i in range(self.p):
            value = right[i]
            for k in range(i):
                value = value - self._factor[i][k] * solved[k]
            solved.append(value * self._inverse_pivot[i])
        return solved

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Solutions of A x = b; (p, genes) -> (p, genes)."""
        if self._full is not None:
            solved = np.linalg.solve(self._full, np.ascontiguousarray(right.T)[..., None])[..., 0]
            solved[self._broken] = np.nan
            return np.ascontiguousarray(solved.T)
        solved = self._forward(list(right))
        for i in reversed(range(self.p)):
            value = solved[i]
            for k in range(i + 1, self.p):
                value = value - self._factor[k][i] * solved[k]
            solved[i] = value * self._inverse_pivot[i]
        return np.stack(solved)

    def quadratic_forms(self, rows: np.ndarray) -> np.ndarray:
        """x' A^-1 x for each row x; (groups, p) -> (groups, genes)."""
        if self._full is not None:
            inverse = self.inverse()
            forms = np.zeros((len(rows), inverse.shape[2]))
            for form, row in zip(forms, rows, strict=True):
                used = np.flatnonzero(row)
                for place, i in enumerate(used):
                    form += row[i] ** 2 * inverse[i, i]
                    for j in used[:place]:
                        form += 2.0 * row[i] * row[j] * inverse[i, j]
            return forms
        if len(rows) > 2 * self.p:
            inverse = self.inverse()
            pairs = [(i, j) for i in range(self.p) for j in range(i + 1)]
            weights = np.stack([rows[:, i] * rows[:, j] * (1.0 if i == j else 2.0) for i, j in pairs], axis=1)
            return _WeightedSum(weights)(np.stack([inverse[i, j] for i, j in pairs]))
        n_genes = self._inverse_pivot[0].shape[0]
        forms = np.empty((len(rows), n_genes))
        for group, row in enumerate(rows):
            start = int(np.flatnonzero(row)[0]) if np.any(row) else self.p
            total = np.zeros(n_genes)
            solved: dict[int, np.ndarray] = {}
            for i in range(start, self.p):
                value: np.ndarray | float = row[i]
                for k in range(start, i):
                    value = value - self._factor[i][k] * solved[k]
                solved[i] = value * self._inverse_pivot[i]
                total += solved[i] * solved[i]
            forms[group] = total
        return forms

    def inverse(self) -> np.ndarray:
        """A^-1 as full matrices; (p, p, genes)."""
        if self._full is not None:
            inverse = np.linalg.inv(self._full)
            inverse[self._broken] = np.nan
            return np.ascontiguousarray(np.moveaxis(inverse, 0, 2))
        n_genes = self._inverse_pivot[0].shape[0]
        inverse = np.empty((self.p, self.p, n_genes))
        for column in range(self.p):
            unit = np.zeros((self.p, n_genes))
            unit[column] = 1.0
            inverse[:, column] = self.solve(unit)
        return inverse
