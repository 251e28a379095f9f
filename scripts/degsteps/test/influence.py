"""Which calls depend on a single sample: the whole analysis again without each of them."""

import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd

from degsteps.basics.errors import DegstepsError, DesignError
from degsteps.basics.words import counted
from degsteps.engines.interface import Contrast
from degsteps.test import reanalysis
from degsteps.test.reanalysis import Study

LOST_BY = ", "
logger = logging.getLogger("degsteps")


def leave_out_samples(
    study: Study,
    contrasts: Mapping[str, Contrast],
    main_tables: Mapping[str, pd.DataFrame],
    *,
    filters: Mapping[str, Any],
    size_factors: str,
    test: Mapping[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Filter, normalise, fit and test without each sample in turn.

    Parameters
    ----------
    main_tables : result tables of all samples, by contrast.
    filters, test : sections of the configuration.
    size_factors : method.

    Returns
    -------
    samples : DataFrame
        Index ``contrast``; ``without`` (the sample), where they are estimated ``surrogate_variables`` (how many), what
        :func:`degsteps.test.reanalysis.comparison` gives, ``problem``: why the contrast could not be tested without it.
    genes : DataFrame
        Index ``gene``, the called genes of each ``contrast``, those that are lost most easily first: ``padj`` of the
        main run, ``n_fits``, ``still_called`` (in how many of them, with the same sign) and ``lost_without``, the
        samples without which it is not called.
    """
    alpha, rows = test["alpha"], []
    names = list(study.counts.columns)
    lost: dict[str, dict[str, list[str]]] = {name: {} for name in contrasts}
    n_fits = dict.fromkeys(contrasts, 0)
    calls = {name: reanalysis.called(main_tables[name], alpha).loc[lambda signs: signs != 0] for name in contrasts}
    for position, sample in enumerate(names, start=1):
        tables, n_surrogates, problems = _without(study, contrasts, sample, filters, size_factors, test)
        for name in contrasts:
            row = {"contrast": name, "without": sample}
            if name in problems:
                rows.append(row | {"problem": problems[name]})
                continue
            found = reanalysis.comparison(tables[name], main_tables[name], alpha)
            rows.append(row | {"surrogate_variables": n_surrogates} | found)
            n_fits[name] += 1
            here = reanalysis.called(tables[name], alpha).reindex(calls[name].index, fill_value=0)
            for gene in calls[name].index[here != calls[name]]:
                lost[name].setdefault(gene, []).append(sample)
        logger.info("%d of %d samples left out", position, len(names))
    numbers = ["surrogate_variables"] if study.surrogates is not None else []
    numbers += ["tested", "called", "up", "down", "gained", "lost"]
    columns = ["contrast", "without", *numbers, "jaccard", "lfc_correlation", "problem"]
    samples = pd.DataFrame(rows).reindex(columns=columns)
    samples[numbers] = samples[numbers].astype("Int64")
    order = {name: position for position, name in enumerate(contrasts)}
    samples = samples.sort_values("contrast", key=lambda column: column.map(order), kind="stable")
    parts = [_genes(name, main_tables[name], calls[name], lost[name], n_fits[name]) for name in contrasts]
    return samples.set_index("contrast"), pd.concat(parts)


def _without(
    study: Study, contrasts: Mapping[str, Contrast], sample: str, filters, size_factors: str, test
) -> tuple[dict[str, pd.DataFrame], int, dict[str, str]]:
    """Return the tables without a sample, the number of surrogate variables, and why contrasts could not be tested."""
    rest = [name for name in study.counts.columns if name != sample]
    design, combinations = reanalysis.reduced_to_full_rank(study.design.loc[rest])
    if len(rest) <= design.shape[1]:
        left = f"{counted(len(rest), 'sample')} for {counted(design.shape[1], 'coefficient')} leave no replicates."
        return {}, 0, dict.fromkeys(contrasts, left)
    estimable: dict[str, Contrast] = {}
    problems: dict[str, str] = {}
    for name, contrast in contrasts.items():
        try:
            estimable[name] = reanalysis.contrast_of_fewer(contrast, combinations, rest)
        except DesignError as error:
            problems[name] = str(error)
    if not estimable:
        return {}, 0, problems
    fewer = study.without(sample, design)
    try:
        genes = reanalysis.filtered_genes(fewer, filters)
        factors = reanalysis.size_factors(fewer, genes, size_factors)
        cooks_filter = test["cooks_filter"]
        tables, n_surrogates = reanalysis.contrast_tables(fewer, genes, factors, estimable, test, [cooks_filter])
    except DegstepsError as error:
        return {}, 0, problems | dict.fromkeys(estimable, str(error))
    return tables[cooks_filter], n_surrogates, problems


def _genes(name: str, main: pd.DataFrame, calls: pd.Series, lost: Mapping[str, list[str]], n_fits: int) -> pd.DataFrame:
    without = [lost.get(gene, []) for gene in calls.index]
    table = pd.DataFrame(
        {
            "contrast": name,
            "log2_fold_change": main.loc[calls.index, "log2_fold_change"],
            "padj": main.loc[calls.index, "padj"],
            "n_fits": n_fits,
            "still_called": [n_fits - len(samples) for samples in without],
            "lost_without": [LOST_BY.join(samples) for samples in without],
        },
        index=calls.index,
    ).rename_axis("gene")
    keys = table.assign(id=table.index.astype(str)).sort_values(["still_called", "padj", "id"], kind="stable")
    return table.loc[keys.index]


def influence_facts(samples: pd.DataFrame, genes: pd.DataFrame) -> dict[str, Any]:
    """Return what the report says of one contrast.

    Parameters
    ----------
    samples, genes : rows of the contrast in the tables of :func:`leave_out_samples`.

    Returns
    -------
    dict
        ``calls``, ``stand`` (without any one sample), ``hang`` (lost without one sample alone), ``sample`` (on which
        most of these hang; blank for none) with ``of_sample`` calls; ``fits``, ``skipped`` (samples without which the
        contrast cannot be tested); where they are estimated, ``surrogates``: the least and the most of them.
    """
    alone = genes.loc[(genes["n_fits"] - genes["still_called"]) == 1, "lost_without"].value_counts()
    most = alone[alone == alone.max()].sort_index() if len(alone) else alone
    tested = samples["called"].notna()
    facts = {
        "calls": len(genes),
        "stand": int((genes["still_called"] == genes["n_fits"]).sum()),
        "hang": int(alone.sum()),
        "sample": str(most.index[0]) if len(most) else "",
        "of_sample": int(most.iloc[0]) if len(most) else 0,
        "fits": int(tested.sum()),
        "skipped": list(samples.loc[~tested, "without"]),
    }
    if "surrogate_variables" in samples and tested.any():
        found = samples.loc[tested, "surrogate_variables"]
        facts["surrogates"] = [int(found.min()), int(found.max())]
    return facts
