"""Unwanted variation: what samples share that no column of the sheet names, as covariates of the design.

Surrogate variables (``sva``) are taken from the genes that seem to follow unwanted variation and not the question
[1]_ [2]_ [3]_; the factors of ``ruv_g``, ``ruv_s`` and ``ruv_r`` from control genes, from replicates, and from the
residuals of the design [4]_. All of them are singular vectors of log counts from which something was taken away.

Matrices are genes x samples. Variables have mean 0 and length 1 over the samples, and the sign that makes their largest
entry positive: only their direction means something.

References
----------
.. [1] Leek and Storey (2007), PLoS Genetics 3:e161.
.. [2] Leek and Storey (2008), PNAS 105:18718.
.. [3] Leek (2014), Nucleic Acids Research 42:e161.
.. [4] Risso, Ngai, Speed and Dudoit (2014), Nature Biotechnology 32:896.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError, DesignError
from degsteps.basics.words import counted
from degsteps.batch.association import pc_association

SEED = 1
N_PERMUTATIONS = 20
N_ROUNDS = 5
#: Below this permutation p-value a direction counts as more than noise.
NUMBER_LEVEL = 0.1


# ---- linear algebra


def _basis(model: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of a model's columns, samples x rank."""
    left, values, _ = np.linalg.svd(model, full_matrices=False)
    return left[:, values > 1e-9 * values[0]]


def _without(values: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Return what a linear model leaves of each gene."""
    basis = _basis(model)
    return values - (values @ basis) @ basis.T


def _directions(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the right singular vectors (samples x samples, strongest first) and the squared singular values."""
    squares, vectors = np.linalg.eigh(values.T @ values)
    return vectors[:, ::-1], np.maximum(squares[::-1], 0.0)


def _standardised(variables: np.ndarray) -> np.ndarray:
    centred = variables - variables.mean(axis=0)
    unit = centred / np.linalg.norm(centred, axis=0)
    largest = np.abs(unit).round(12).argmax(axis=0)
    return unit * np.sign(unit[largest, np.arange(unit.shape[1])])


# ---- how many


def permutation_number(
    values: np.ndarray, model: np.ndarray, *, seed: int = SEED, n_permutations: int = N_PERMUTATIONS
) -> tuple[int, np.ndarray]:
    """Count the directions of the residuals that hold more of the variance than they would by chance [1]_.

    The residuals of each gene are permuted over the samples on their own, and fitted again. A direction's p-value is
    the share of permutations in which the direction of its rank explains at least as much, and no less than those of
    the directions before it.

    Parameters
    ----------
    values : log counts, genes x samples.
    model : samples x coefficients; what is known.

    Returns
    -------
    number : of directions with a p-value of at most 0.1.
    pvalues : of every direction.

    References
    ----------
    .. [1] Buja and Eyuboglu (1992), Multivariate Behavioral Research 27:509.
    """
    basis = _basis(model)
    n_directions = min(values.shape) - basis.shape[1]
    if n_directions < 1:
        return 0, np.empty(0)
    residuals = _without(values, model)
    observed = _shares(residuals, n_directions)
    generator = np.random.default_rng(seed)
    reached = np.zeros(n_directions)
    for _ in range(n_permutations):
        permuted = generator.permuted(residuals, axis=1)
        reached += _shares(_without(permuted, model), n_directions) >= observed
    pvalues = np.maximum.accumulate(reached / n_permutations)
    return int((pvalues <= NUMBER_LEVEL).sum()), pvalues


def _shares(residuals: np.ndarray, n_directions: int) -> np.ndarray:
    squares = _directions(residuals)[1][:n_directions]
    total = squares.sum()
    return squares / total if total > 0 else squares


# ---- surrogate variables


def surrogate_variables(values: np.ndarray, full: np.ndarray, null: np.ndarray, number: int) -> np.ndarray:
    """Estimate surrogate variables by weighting genes anew in each of five rounds.

    A gene weighs as much as it is likely to follow the surrogate variables of the round before, and not to follow what
    the full model has beyond the null model.

    Parameters
    ----------
    values : log(normalised counts + 1), genes x samples.
    full, null : samples x coefficients.

    Returns
    -------
    ndarray
        samples x number.

    Raises
    ------
    DesignError
        if no gene seems to follow so many variables rather than the question, or they become part of the design.
    """
    values = values[np.ptp(values, axis=1) > 0]
    variables = _directions(_without(values, full))[0][:, :number]
    for _ in range(N_ROUNDS):
        with_question = np.column_stack([full, variables])
        without_question = np.column_stack([null, variables])
        of_question = local_fdr(_f_pvalues(values, with_question, without_question))
        of_surrogates = local_fdr(_f_pvalues(values, without_question, null))
        weights = (1.0 - of_surrogates) * of_question
        if (weights > 0).sum() <= number or _basis(with_question).shape[1] < with_question.shape[1]:
            raise DesignError(
                f"design.surrogates.number: no genes follow {counted(number, 'surrogate variable')} rather than the "
                "columns of the formula. Give a smaller number, or take surrogates out."
            )
        weighted = values * weights[:, None]
        variables = _directions(weighted - weighted.mean(axis=1, keepdims=True))[0][:, :number]
    return _standardised(variables)


def _f_pvalues(values: np.ndarray, larger: np.ndarray, smaller: np.ndarray) -> np.ndarray:
    """Return the p-value of the F test of two nested linear models, by gene."""
    from scipy.special import fdtrc

    n_larger, n_smaller = larger.shape[1], smaller.shape[1]
    left = (_without(values, larger) ** 2).sum(axis=1)
    gained = (_without(values, smaller) ** 2).sum(axis=1) - left
    free = values.shape[1] - n_larger
    statistic = (gained / (n_larger - n_smaller)) / (left / free)
    return fdtrc(n_larger - n_smaller, free, np.maximum(statistic, 0.0))


def local_fdr(pvalues: np.ndarray) -> np.ndarray:
    """Return how likely each p-value is one of a true null hypothesis, given the density of all of them [1]_.

    The density is that of the p-values' normal quantiles, by a Gaussian kernel of one and a half times Silverman's
    width; the share of nulls is read off above 0.8. A larger p-value never has a smaller local rate.

    Parameters
    ----------
    pvalues : (genes,)

    References
    ----------
    .. [1] Storey, Akey and Kruglyak (2005), PLoS Biology 3:e267.
    """
    from scipy.interpolate import CubicSpline
    from scipy.special import ndtri

    n_points, farthest = 512, 1e-8
    null_share = min(1.0, float((pvalues >= 0.8).mean() / 0.2))
    quantiles = ndtri(np.clip(pvalues, farthest, 1.0 - farthest))
    low, high = np.quantile(quantiles, [0.25, 0.75])
    spread = min(quantiles.std(ddof=1), (high - low) / 1.34) or quantiles.std(ddof=1) or 1.0
    width = 1.5 * 0.9 * spread * len(quantiles) ** -0.2
    # Quantiles are shared out between points much closer than the kernel is wide, and the points are then smoothed.
    grid = np.linspace(quantiles.min() - 3 * width, quantiles.max() + 3 * width, 8 * (n_points - 1) + 1)
    step = grid[1] - grid[0]
    place = (quantiles - grid[0]) / step
    left = np.minimum(place.astype(int), len(grid) - 2)
    share = place - left
    heights = np.bincount(left, 1 - share, len(grid)) + np.bincount(left + 1, share, len(grid))
    reach = int(np.ceil(6 * width / step))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / width) ** 2) / (np.sqrt(2 * np.pi) * width)
    smooth = np.convolve(heights, kernel, mode="full")[reach : reach + len(grid)] / len(quantiles)
    density = CubicSpline(grid[::8], smooth[::8])(quantiles)
    normal = np.exp(-0.5 * quantiles**2) / np.sqrt(2 * np.pi)
    rates = np.minimum(null_share * normal / np.maximum(density, np.finfo(float).tiny), 1.0)
    order = np.argsort(pvalues, kind="stable")
    rates[order] = np.maximum.accumulate(rates[order])
    return rates


# ---- removal of unwanted variation


def control_gene_factors(values: np.ndarray, number: int) -> np.ndarray:
    """Return what control genes share (RUVg): the first left singular vectors of their centred log counts.

    Parameters
    ----------
    values : log counts of the control genes, genes x samples.
    """
    return _standardised(_directions(values - values.mean(axis=1, keepdims=True))[0][:, :number])


def replicate_factors(values: np.ndarray, controls: np.ndarray, groups: np.ndarray, number: int) -> np.ndarray:
    """Return what replicates of one group do not share (RUVs).

    How genes respond to it is read off the differences within groups; how much of it a sample has, by regressing the
    sample's control genes on these responses.

    Parameters
    ----------
    values : log counts, genes x samples.
    controls : which genes are controls.
    groups : samples x groups, 1 where a sample belongs to a group. A sample that is alone in its group says nothing.
    """
    differences = _without(values, groups)
    responses = differences @ _directions(differences)[0][:, :number]
    centred = values - values.mean(axis=1, keepdims=True)
    amounts = np.linalg.lstsq(responses[controls], centred[controls], rcond=None)[0]
    return _standardised(amounts.T)


def residual_factors(residuals: np.ndarray, number: int) -> np.ndarray:
    """Return what the residuals of the design share (RUVr): the first left singular vectors.

    Parameters
    ----------
    residuals : deviance residuals, genes x samples.
    """
    return _standardised(_directions(residuals - residuals.mean(axis=1, keepdims=True))[0][:, :number])


def deviance_residuals(counts: np.ndarray, means: np.ndarray, dispersions: np.ndarray) -> np.ndarray:
    """Return the signed root of each count's share of the negative-binomial deviance.

    Parameters
    ----------
    counts, means : genes x samples.
    dispersions : (genes,)
    """
    size = 1.0 / dispersions[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        matched = np.where(counts > 0, counts * np.log(counts / means), 0.0)
    deviance = 2.0 * (matched - (counts + size) * np.log((counts + size) / (means + size)))
    return np.sign(counts - means) * np.sqrt(np.maximum(deviance, 0.0))


# ---- into the design


def as_table(variables: np.ndarray, samples: Sequence[str]) -> pd.DataFrame:
    """Return variables as samples x ``surrogate_1``, ``surrogate_2``, ..."""
    names = [f"surrogate_{number}" for number in range(1, variables.shape[1] + 1)]
    return pd.DataFrame(variables, index=pd.Index(samples, name="sample"), columns=names)


def require_room(number: int, n_samples: int, n_coefficients: int, *, is_given: bool) -> None:
    """Refuse more surrogate variables than the design leaves degrees of freedom for.

    Raises
    ------
    DesignError
        if no residual degree of freedom is left.
    """
    room = n_samples - n_coefficients - 1
    if number <= room:
        return
    variables = f"{counted(number, 'surrogate variable')} {'are asked for' if is_given else 'are found'}"
    cure = f"Set it to {room} or fewer" if room > 0 else "Take surrogates out"
    raise DesignError(
        f"design.surrogates.number: {variables}, but {counted(n_samples, 'sample')} with "
        f"{counted(n_coefficients, 'coefficient')} leave room for {max(room, 0)}, so that the variation between "
        f"replicates could not be estimated. {cure}, or make the formula smaller."
    )


def estimate(
    counts: pd.DataFrame,
    factors: pd.Series | pd.DataFrame,
    design: pd.DataFrame,
    *,
    method: str,
    number: int | str,
    null: pd.DataFrame | None = None,
    control_genes: Sequence[str] | None = None,
    groups: pd.Series | None = None,
    residuals: pd.DataFrame | None = None,
    seed: int = SEED,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Estimate the surrogate variables of a design.

    Parameters
    ----------
    counts : raw counts, genes x samples.
    factors : what counts are divided by: size factors by sample, or genes x samples.
    design : samples x coefficients, without surrogate variables.
    method : ``sva``, ``ruv_g``, ``ruv_s`` or ``ruv_r``.
    number : how many; ``auto`` counts them by permutation in the matrix that the method looks at.
    null : the design without the question (``sva``).
    control_genes : ids; all genes if not given.
    groups : group of replicates of each sample (``ruv_s``), blank for none.
    residuals : deviance residuals, genes x samples (``ruv_r``).

    Returns
    -------
    variables : samples x ``surrogate_1``, ...; no column if none is found.
    facts : how they were found.

    Raises
    ------
    DataError
        if fewer control genes than needed have been counted.
    DesignError
        if the design leaves no room for them, or cannot tell itself from them.
    """
    values = np.log(counts / (factors if isinstance(factors, pd.DataFrame) else factors.loc[counts.columns]) + 1.0)
    values = np.ascontiguousarray(values.to_numpy())
    controls = _control_mask(counts, control_genes)
    constant = np.ones((len(design), 1))
    if method == "ruv_s":
        # A sample of no group is a group of its own.
        labels = groups.where(groups != "", groups.index.to_series()).astype(str)
        of_groups = (labels.to_numpy()[:, None] == np.asarray(labels.unique())).astype(float)
    looked_at, model = {
        "sva": lambda: (values, design.to_numpy(dtype=float)),
        "ruv_g": lambda: (values[controls], constant),
        "ruv_s": lambda: (values, of_groups),
        "ruv_r": lambda: (residuals.to_numpy()[controls], design.to_numpy(dtype=float)),
    }[method]()
    # The last bits of a product depend on how its factors lie in memory, which must not depend on where they came from.
    looked_at, model = np.ascontiguousarray(looked_at), np.ascontiguousarray(model)
    if method == "sva" and null.shape[1] >= design.shape[1]:
        raise DesignError(
            "design.surrogates.null_formula: these samples leave no question between the design and the null model, so "
            "sva cannot tell unwanted variation from it."
        )
    facts: dict[str, Any] = {"method": method, "genes": int(controls.sum()) if control_genes else len(counts)}
    if number == "auto":
        n_used, pvalues = permutation_number(looked_at, model, seed=seed)
        facts["pvalues"] = [float(value) for value in pvalues]
    else:
        n_used = int(number)
    facts |= {"number": n_used, "chosen": number if isinstance(number, str) else "given"}
    require_room(n_used, *design.shape, is_given=not isinstance(number, str))
    most = min(looked_at.shape[0], looked_at.shape[1] - _basis(model).shape[1])
    if n_used > most:
        what = f"design.surrogates.number: {n_used} is more than the {most} directions that {method} can see here. "
        raise DesignError(f"{what}Set it to {most} or fewer, or give more control genes or replicates.")
    if n_used == 0:
        return as_table(np.empty((len(design), 0)), list(design.index)), facts
    variables = {
        "sva": lambda: surrogate_variables(values, model, np.ascontiguousarray(null, dtype=float), n_used),
        "ruv_g": lambda: control_gene_factors(looked_at, n_used),
        "ruv_s": lambda: replicate_factors(values, controls, model, n_used),
        "ruv_r": lambda: residual_factors(looked_at, n_used),
    }[method]()
    known_columns = design.to_numpy(dtype=float)
    whole = np.column_stack([known_columns / np.linalg.norm(known_columns, axis=0), variables])
    if np.linalg.matrix_rank(whole, tol=1e-7) < whole.shape[1]:
        what = (
            f"design.surrogates: the {counted(n_used, 'surrogate variable')} and the columns of the formula cannot be "
        )
        raise DesignError(f"{what}told apart. Give a smaller number, or another method.")
    return as_table(variables, list(design.index)), facts


def _control_mask(counts: pd.DataFrame, control_genes: Sequence[str] | None) -> np.ndarray:
    if control_genes is None:
        return np.ones(len(counts), dtype=bool)
    mask = counts.index.isin(control_genes)
    if mask.sum() < 2:
        raise DataError(
            f"design.surrogates.control_genes: {counted(int(mask.sum()), 'control gene')} of {len(control_genes)} "
            "passed the filter of genes. Check that the ids are those of the counts, and put control genes with few "
            "reads on filter.keep_list."
        )
    return mask


def model_residuals(
    counts: pd.DataFrame, design: pd.DataFrame, factors: pd.Series | pd.DataFrame, **options: str
) -> pd.DataFrame:
    """Fit a design without surrogate variables and return its deviance residuals, genes x samples.

    Parameters
    ----------
    factors : size factors by sample, or genes x samples.
    options : ``fit_type`` and ``compatibility`` of :func:`degsteps.engines.deseq.fit_model`.
    """
    from degsteps.engines.deseq import estimation

    is_matrix = isinstance(factors, pd.DataFrame)
    sizes = np.exp(np.log(factors).mean(axis=0)) if is_matrix else factors.loc[counts.columns]
    fit = estimation.fit_model(counts, design, sizes, normalization_factors=factors if is_matrix else None, **options)
    offsets = factors.loc[counts.index, counts.columns].to_numpy() if is_matrix else sizes.to_numpy()
    columns = np.ascontiguousarray(design.loc[counts.columns], dtype=float)
    means = offsets * np.exp(np.ascontiguousarray(fit.coefficients) @ columns.T)
    dispersions = fit.genes["dispersion"].to_numpy()
    values = deviance_residuals(counts.to_numpy(dtype=float), means, dispersions)
    # Genes without a read have no fit, and leave nothing over.
    return pd.DataFrame(np.nan_to_num(values), index=counts.index, columns=counts.columns)


def associations(variables: pd.DataFrame, samples: pd.DataFrame, libraries: pd.DataFrame) -> pd.DataFrame:
    """Show what surrogate variables go with: every column of the sheet, known to the design or not, and depth.

    Parameters
    ----------
    variables : samples x surrogate variables.
    samples : sample sheet as read, every column as text.
    libraries : ``library_size`` and ``size_factor`` by sample.

    Returns
    -------
    DataFrame
        Index `variable`; `column`, `n_samples`, `df_model`, `df_residual`, `r_squared`, `pvalue`, `padj` of a linear
        model of the variable on the column: a line where there are more than two values, all of them numbers, one mean
        per level otherwise. Columns with one value, or another text in each sample, say nothing and are left out.
    """
    sheet = {}
    for name in samples.columns:
        text = samples[name].where(samples[name] != "")
        numbers = pd.to_numeric(text, errors="coerce")
        is_numeric = bool(numbers.notna().eq(text.notna()).all())
        if text.nunique() > 1 and (is_numeric or text.nunique() < text.notna().sum()):
            sheet[name] = numbers.astype(float) if is_numeric and text.nunique() > 2 else text
    sheet |= {f"log2({name})": np.log2(libraries[name].loc[samples.index]) for name in libraries.columns}
    columns = pd.DataFrame(sheet, index=samples.index)
    table = pc_association(variables, columns, list(columns.columns))
    return table.rename(columns={"pc": "variable", "covariate": "column"}).set_index("variable")
