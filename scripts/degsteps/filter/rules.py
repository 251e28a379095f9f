"""Which genes have enough reads to be worth testing, and for every other gene the reason why not.

Each filter returns one row per gene of the count matrix, so that no gene disappears without a word:

========================  =====================================================================
``kept``                  bool
``reason``                "" for a kept gene, else a code of `REASONS`
``total_count``           reads of the gene over all samples
``mean_cpm``              mean counts per million over the samples
``n_samples_at_threshold``  samples in which the gene reaches the filter's threshold
========================  =====================================================================
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import ConfigError, DataError, DesignError
from degsteps.engines.library_sizes import require_reads

REASONS = {
    "all_zero": "The gene has no read in any sample.",
    "below_min_cpm": "Too few samples reach the required counts per million.",
    "below_min_count": "Too few samples reach the required count (as counts per million of the median library).",
    "below_min_total_count": "The gene has too few reads over all samples together.",
    "in_drop_list": "The gene is on the list of genes to drop.",
}

# A group size of 3 must not become 3.0000000000000004 samples by way of hat values or of a product.
_SIZE_TOLERANCE = 1e-9


def smallest_group_size(groups: pd.Series | pd.DataFrame) -> int:
    """Return the number of samples in the smallest group.

    Parameters
    ----------
    groups
        The group of each sample; of several factors, a column each. A level of a categorical that no sample has does
        not count.

    Raises
    ------
    DataError
        If there is no sample, or a sample without a group.
    """
    if len(groups) == 0:
        raise DataError("Samples: there are none, so there is no smallest group. Check the sample sheet.")
    sizes = []
    for name, of_factor in pd.DataFrame(groups).items():
        if of_factor.isna().any():
            missing = ", ".join(map(str, of_factor.index[of_factor.isna()]))
            raise DataError(f"Samples: {name or 'group'}: missing for {missing}. Fill it in, or leave these out.")
        sizes.append(int(np.unique(of_factor.astype(str), return_counts=True)[1].min()))
    return min(sizes)


#: Mean reads a sample from which a gene is not called lowly expressed.
WELL_COUNTED = 10


def reads_of_rule(counts: pd.DataFrame, table: pd.DataFrame) -> dict[str, float | int]:
    """Return what a count per million is in reads, and how many genes were dropped that have reads.

    Parameters
    ----------
    counts
        Reads, genes x samples.
    table
        What a filter says of each gene.

    Returns
    -------
    dict
        ``reads_per_cpm_median``, ``reads_per_cpm_smallest``: of the median and the smallest library;
        ``well_counted_dropped``: genes dropped by the rule with a mean of at least `WELL_COUNTED` reads a sample.
    """
    sizes = counts.sum(axis=0) / 1e6
    by_rule = ~table["kept"] & (table["reason"] != "in_drop_list")
    many = table["total_count"] >= WELL_COUNTED * counts.shape[1]
    return {
        "reads_per_cpm_median": float(sizes.median()),
        "reads_per_cpm_smallest": float(sizes.min()),
        "well_counted_dropped": int((by_rule & many).sum()),
    }


def filter_cpm(counts: pd.DataFrame, *, min_cpm: float = 1.0, min_samples: int) -> pd.DataFrame:
    """Keep genes with at least `min_cpm` counts per million in at least `min_samples` samples.

    The usual choice for `min_samples` is the size of the smallest group (`smallest_group_size`): a gene expressed in
    that group alone is then kept. The rule does not look at which samples these are, so it stays independent of the
    test's outcome. Library sizes are those of the whole matrix. Same as ``rowSums(cpm(counts) >= min_cpm) >= n`` in R
    [1]_, to the last bit of the comparison.

    Parameters
    ----------
    counts
        Reads, genes x samples.
    min_cpm
        Threshold in counts per million.
    min_samples
        Number of samples that must reach it.

    Returns
    -------
    DataFrame
        One row per gene, columns as in the module's docstring. Reasons: `all_zero`, `below_min_cpm`.

    Raises
    ------
    ConfigError
        If `min_cpm` is negative, or `min_samples` is below 1 or above the number of samples.
    DataError
        If a sample has no reads.

    References
    ----------
    .. [1] Chen, Lun and Smyth (2016), F1000Research 5:1438 (filtering in edgeR).
    """
    if min_cpm < 0:
        raise ConfigError(f"filter: min_cpm: {min_cpm} is negative. Give 0 or more.")
    if not 1 <= min_samples <= counts.shape[1]:
        raise ConfigError(
            f"filter: min_samples: {min_samples} is impossible with {counts.shape[1]} samples. "
            f"Give a number from 1 to {counts.shape[1]}."
        )
    cpm = _cpm_values(counts)
    n_at_threshold = (cpm >= min_cpm).sum(axis=1)
    return _gene_table(counts, cpm, n_at_threshold, {"below_min_cpm": n_at_threshold < min_samples})


def filter_by_expr(
    counts: pd.DataFrame,
    *,
    groups: pd.Series | pd.DataFrame | None = None,
    design: pd.DataFrame | np.ndarray | None = None,
    min_count: float = 10,
    min_total_count: float = 15,
    large_n: float = 10,
    min_prop: float = 0.7,
) -> pd.DataFrame:
    """Keep genes by the rule of edgeR's ``filterByExpr`` [1]_.

    A gene is kept if it has `min_count` reads in a library of median size, expressed as counts per million, in as many
    samples as `expr_min_samples` says, and `min_total_count` reads over all samples.

    Parameters
    ----------
    counts
        Reads, genes x samples.
    groups
        The group of each sample, indexed by sample; of several factors, a column each.
    design
        Design matrix, samples x coefficients; used only where `groups` is not given, as in edgeR.
    min_count, min_total_count
        Reads, per sample and over all samples.
    large_n, min_prop
        In groups larger than `large_n`, only the fraction `min_prop` of the samples beyond it must reach the threshold.

    Returns
    -------
    DataFrame
        One row per gene, columns as in the module's docstring. Reasons: `all_zero`, `below_min_count`,
        `below_min_total_count`; a gene that fails both of the last two has the first.

    Raises
    ------
    ConfigError
        If a setting is out of range.
    DataError
        If a sample has no reads, or `groups` or `design` do not describe the samples of `counts`.

    References
    ----------
    .. [1] Chen, Lun and Smyth (2016), F1000Research 5:1438.
    """
    if min_count < 0 or min_total_count < 0:
        raise ConfigError("filter: min_count and min_total_count must not be negative. Give 0 or more.")
    min_samples = expr_min_samples(counts.columns, groups=groups, design=design, large_n=large_n, min_prop=min_prop)
    cpm = _cpm_values(counts)
    n_at_threshold = (cpm >= expr_cpm_threshold(counts, min_count)).sum(axis=1)
    return _gene_table(
        counts,
        cpm,
        n_at_threshold,
        {
            "below_min_count": n_at_threshold < min_samples - _SIZE_TOLERANCE,
            "below_min_total_count": counts.sum(axis=1).to_numpy() < min_total_count - _SIZE_TOLERANCE,
        },
    )


def expr_min_samples(
    samples: Iterable[str],
    *,
    groups: pd.Series | pd.DataFrame | None = None,
    design: pd.DataFrame | np.ndarray | None = None,
    large_n: float = 10,
    min_prop: float = 0.7,
) -> float:
    """Return the number of samples, not always whole, that `filter_by_expr` asks for.

    By group, the size of the smallest; by design, the inverse of the largest leverage, which is the same number for a
    one-way design and the effective group size for others; with neither, all samples are one group.

    Raises
    ------
    ConfigError
        If `large_n` is negative or `min_prop` is not a fraction.
    DataError
        If `groups` or `design` do not describe the samples.
    """
    if large_n < 0 or not 0 <= min_prop <= 1:
        raise ConfigError("filter: large_n must not be negative, and min_prop must lie between 0 and 1.")
    samples = list(samples)
    if groups is not None:
        _require_same_samples("groups", groups.index, samples)
        size = float(smallest_group_size(groups))
    elif design is not None:
        if isinstance(design, pd.DataFrame):
            _require_same_samples("design", design.index, samples)
        if len(design) != len(samples):
            raise DataError(f"design: {len(design)} rows for {len(samples)} samples. Build it from these samples.")
        size = 1 / _leverage(np.asarray(design, dtype=float)).max()
    else:
        size = float(len(samples))
    return size if size <= large_n else large_n + (size - large_n) * min_prop


def expr_cpm_threshold(counts: pd.DataFrame, min_count: float = 10) -> float:
    """Return the counts per million that `min_count` reads are in a library of median size."""
    return float(min_count / np.median(counts.sum(axis=0)) * 1e6)


def filter_none(counts: pd.DataFrame) -> pd.DataFrame:
    """Keep every gene, those without a single read included: the result table explains these as `all_zero`.

    Returns
    -------
    DataFrame
        One row per gene, columns as in the module's docstring; the threshold is one read.
    """
    cpm = _cpm_values(counts)
    return _gene_table(counts, cpm, (counts.to_numpy() > 0).sum(axis=1), {})


def filter_genes(counts: pd.DataFrame, groups: pd.Series | pd.DataFrame, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Filter by the method that the configuration names.

    Parameters
    ----------
    counts
        Reads, genes x samples.
    groups
        The group of each sample.
    settings
        `method` (cpm, filter_by_expr or none), `min_cpm`, `min_samples` (None: the size of the smallest group),
        `min_count`, `min_total_count`.
    """
    if settings["method"] == "cpm":
        n_samples = settings["min_samples"] or smallest_group_size(groups)
        return filter_cpm(counts, min_cpm=settings["min_cpm"], min_samples=n_samples)
    if settings["method"] == "filter_by_expr":
        limits = {name: settings[name] for name in ("min_count", "min_total_count")}
        return filter_by_expr(counts, groups=groups, **limits)
    return filter_none(counts)


def require_genes(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the counts, or raise :class:`DataError` if no gene is left to test."""
    if counts.empty:
        raise DataError(
            "filter: no gene passes the filter, so there is nothing to test. Lower filter.min_cpm (or "
            "filter.min_count), or check that the matrix holds raw counts."
        )
    return counts


def apply_gene_lists(
    table: pd.DataFrame, keep: Iterable[str] = (), drop: Iterable[str] = ()
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Let the user's lists of genes overrule a filter.

    Parameters
    ----------
    table
        What a filter of this module returned.
    keep
        Genes to keep whatever the filter says.
    drop
        Genes to drop whatever the filter says; their reason becomes `in_drop_list`.

    Returns
    -------
    table : DataFrame
        A copy with one more column, `kept_by`: "rule"; "keep_list" for a gene that the list rescued; "" for a gene that
        is dropped.
    not_found : dict of str to list of str
        Under "keep" and "drop", the listed genes that the table does not have, in the order given.

    Raises
    ------
    ConfigError
        If a gene is on both lists.
    """
    keep, drop = list(dict.fromkeys(keep)), list(dict.fromkeys(drop))
    both = [gene for gene in keep if gene in set(drop)]
    if both:
        raise ConfigError(
            f"filter: keep and drop lists: {_first(both)} on both. Take each of these genes off one of the lists."
        )
    dropped = table.index.isin(drop)
    rescued = table.index.isin(keep) & ~table["kept"].to_numpy()
    decided = table.copy()
    decided["kept"] = (table["kept"].to_numpy() | rescued) & ~dropped
    decided.loc[rescued, "reason"] = ""
    decided.loc[dropped, "reason"] = "in_drop_list"
    decided["kept_by"] = np.select([rescued, decided["kept"].to_numpy()], ["keep_list", "rule"], default="")
    genes_of_table = set(table.index)
    return decided, {
        "keep": [gene for gene in keep if gene not in genes_of_table],
        "drop": [gene for gene in drop if gene not in genes_of_table],
    }


def require_listed(lists: Mapping[str, Iterable[str]], not_found: Mapping[str, Iterable[str]]) -> None:
    """Raise :class:`ConfigError` if not one gene of a list is in the counts: the list is of other ids then.

    Parameters
    ----------
    lists : the listed genes, under "keep" and "drop".
    not_found : those of them that the counts do not have, as `apply_gene_lists` returns them.
    """
    for name, genes in lists.items():
        listed = list(dict.fromkeys(genes))
        if listed and len(list(not_found[name])) == len(listed):
            raise ConfigError(
                f"filter.{name}_list: 0 of {len(listed)} listed genes are in the counts: {_first(listed)} not. "
                "List ids of the kind that the counts have, one per line."
            )


def _cpm_values(counts: pd.DataFrame) -> np.ndarray:
    # Reads times (a million per library), in this order of operations: a gene that lies exactly on the threshold then
    # falls on the same side as in edgeR.
    library_sizes = require_reads(counts)
    return counts.to_numpy(dtype=float) * (1e6 / library_sizes.to_numpy())


def _gene_table(
    counts: pd.DataFrame, cpm: np.ndarray, n_at_threshold: np.ndarray, failures: dict[str, np.ndarray]
) -> pd.DataFrame:
    total_count = counts.sum(axis=1).to_numpy()
    kept = ~np.logical_or.reduce([np.zeros(len(counts), dtype=bool), *failures.values()])
    reason = np.select([kept, total_count == 0, *failures.values()], ["", "all_zero", *failures], default="")
    return pd.DataFrame(
        {
            "kept": kept,
            "reason": reason.astype(object),
            "total_count": total_count,
            "mean_cpm": cpm.mean(axis=1),
            "n_samples_at_threshold": n_at_threshold,
        },
        index=counts.index,
    )


def _leverage(design: np.ndarray) -> np.ndarray:
    # Diagonal of the projection onto the design's columns and the intercept (edgeR adds one; most designs span it).
    # Columns are scaled first so that the rank does not depend on a covariate's unit.
    if not np.isfinite(design).all():
        raise DesignError("design: it holds values that are not finite numbers. Fill in the covariates of all samples.")
    with_intercept = np.column_stack([np.ones(len(design)), design])
    norms = np.linalg.norm(with_intercept, axis=0)
    left, singular, _ = np.linalg.svd(with_intercept / np.where(norms > 0, norms, 1), full_matrices=False)
    return (left[:, singular > 1e-7 * singular[0]] ** 2).sum(axis=1)


def _require_same_samples(what: str, index: pd.Index, samples: list[str]) -> None:
    if list(index) != samples:
        raise DataError(f"{what}: its samples are not those of the counts, in the same order. Align them first.")


def _first(ids: list[str], n: int = 5) -> str:
    names = ", ".join(map(str, ids[:n]))
    return f"{names} and {len(ids) - n} more are" if len(ids) > n else f"{names} {'is' if len(ids) == 1 else 'are'}"
