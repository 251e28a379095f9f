"""Counts of several sites, merged by gene id."""

from collections.abc import Mapping, Sequence

import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.basics.words import listed


def merged(
    by_site: Mapping[str, pd.DataFrame], merge_genes: str, union_fill: float | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Merge genes x samples matrices of several sites.

    Parameters
    ----------
    by_site : matrices with unique gene ids.
    merge_genes : ``intersection`` keeps genes that every site has; ``union`` keeps all.
    union_fill : count of a gene at a site that does not have it (``union``).

    Returns
    -------
    merged : genes by id x samples of all sites.
    account : genes that not every site has: `n_rows`, `status`, `reason`, and the `sites` that have them.

    Raises
    ------
    DataError
        if the sites have no gene in common.
    """
    sites = list(by_site)
    shared = set.intersection(*(set(matrix.index) for matrix in by_site.values()))
    if not shared:
        examples = "; ".join(f"{site}: {listed(matrix.index, 2)}" for site, matrix in by_site.items())
        raise DataError(
            f"ingest.sites: no gene id is at every site ({examples}). Give counts of the same annotation; if the ids "
            "differ in their versions only, set ingest.gene_versions: strip."
        )
    every = sorted(set().union(*(matrix.index for matrix in by_site.values())))
    unshared = [gene for gene in every if gene not in shared]
    having = {gene: [site for site in sites if gene in by_site[site].index] for gene in unshared}
    is_union = merge_genes == "union"
    reason = f"filled_with_{union_fill:g}_elsewhere" if is_union else "not_at_every_site"
    account = pd.DataFrame(
        {
            "n_rows": 1,
            "status": "kept" if is_union else "dropped",
            "reason": reason,
            "sites": [" ".join(having[gene]) for gene in unshared],
        },
        index=pd.Index(unshared, name="gene", dtype=object),
    )
    genes = pd.Index(every if is_union else sorted(shared), name="gene", dtype=object)
    matrices = [
        matrix.reindex(genes, fill_value=union_fill) if is_union else matrix.loc[genes] for matrix in by_site.values()
    ]
    return pd.concat(matrices, axis=1), account


def site_table(
    by_site: Mapping[str, pd.DataFrame],
    files: Mapping[str, str],
    formats: Mapping[str, str],
    n_shared: int,
    samples: pd.DataFrame,
    site_of: pd.Series,
    group: str | None,
) -> pd.DataFrame:
    """Describe what each site sent.

    Parameters
    ----------
    by_site : counts of the analysed samples as each site sent them, genes x samples.
    files, formats : name of the counts and their format, by site.
    n_shared : genes that every site has.
    samples : sheet of the analysed samples.
    site_of : site by sample.
    group : column whose levels are the arms; none if it is not in the sheet.

    Returns
    -------
    DataFrame
        by site: `counts`, `format`, `genes`, `genes_shared`, `genes_unshared`, `samples`, depth and detected genes
        (medians and extremes), then `samples_<level>` of each arm.
    """
    rows = {}
    arms: Sequence[str] = list(dict.fromkeys(samples[group])) if group in samples else []
    for site, counts in by_site.items():
        names = list(counts.columns)
        totals, detected = counts.sum(), (counts > 0).sum()
        row = {
            "counts": files[site],
            "format": formats[site],
            "genes": len(counts),
            "genes_shared": n_shared,
            "genes_unshared": len(counts) - n_shared,
            "samples": len(names),
            "total_count_median": round(float(totals.median())),
            "total_count_min": round(float(totals.min())),
            "total_count_max": round(float(totals.max())),
            "detected_genes_median": round(float(detected.median())),
        }
        at_site = samples.loc[site_of == site]
        row |= {f"samples_{arm}": int((at_site[group] == arm).sum()) for arm in arms}
        rows[site] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("site")
