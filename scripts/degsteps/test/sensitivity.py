"""How much the calls depend on choices: every contrast under other filters, size factors and outlier policies."""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DegstepsError
from degsteps.engines.interface import Contrast
from degsteps.engines.registry import ENGINES
from degsteps.normalize.methods import METHODS
from degsteps.test import reanalysis
from degsteps.test.reanalysis import Study


def settings_grid(grid: Mapping[str, Sequence[Any]], main: tuple[str, str, bool]) -> list[tuple[str, str, bool]]:
    """Return every combination of filter, size factors and outlier policy, that of the main run first.

    Parameters
    ----------
    grid : ``filters``, ``size_factors``, ``cooks_filter``; the main run's choices are added where they are missing.
    """
    axes = [grid["filters"], grid["size_factors"], grid["cooks_filter"]]
    chosen = [list(dict.fromkeys([own, *axis])) for own, axis in zip(main, axes, strict=True)]
    return list(itertools.product(*chosen))


def vary_settings(
    study: Study,
    contrasts: Mapping[str, Contrast],
    main_tables: Mapping[str, pd.DataFrame],
    *,
    filters: Mapping[str, Any],
    size_factors: str,
    test: Mapping[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test every contrast under every combination of settings.

    Each combination of filter and size factors is fitted once; what gives the same genes and the same size factors is
    not fitted again. The main run's own settings must give its numbers. Linear models have no outlier policy to vary.

    Parameters
    ----------
    main_tables : result tables of the main run, by contrast.
    filters : the ``filter`` section of the configuration.
    size_factors : method of the main run.
    test : the ``test`` section, with ``sensitivity_grid``.

    Returns
    -------
    settings : DataFrame
        Index ``contrast``; ``filter``, ``size_factors``, ``cooks_filter``, ``is_main``, ``genes`` (kept), where they
        are estimated ``surrogate_variables`` (how many), what :func:`degsteps.test.reanalysis.comparison` gives, and
        ``problem``: why a combination could not be computed.
    stability : DataFrame, genes x contrasts
        Share of the computed combinations in which a gene is called with the sign that it has in the main run; for
        genes that the main run does not test, with the sign that is more frequent. Genes that no combination tests are
        left out.

    Raises
    ------
    DataError
        If the main run's settings do not give its numbers.
    """
    alpha = test["alpha"]
    main = (filters["method"], size_factors, test["cooks_filter"])
    grid = test["sensitivity_grid"]
    if "cooks" not in ENGINES[test["engine"]].knows:
        grid = {**grid, "cooks_filter": [False]}
    combinations = settings_grid(grid, main)
    policies = list(dict.fromkeys(cooks for _, _, cooks in combinations))
    rows: list[dict[str, Any]] = []
    up = {name: pd.Series(dtype=float) for name in contrasts}
    down = {name: pd.Series(dtype=float) for name in contrasts}
    n_computed = 0
    fits: dict[str, tuple[dict[bool, dict[str, pd.DataFrame]], int]] = {}
    for method, factor_method in dict.fromkeys((a, b) for a, b, _ in combinations):
        combination = {"filter": method, "size_factors": factor_method}
        try:
            tables, n_surrogates = _tables(
                study, contrasts, filters | {"method": method}, factor_method, test, policies, fits
            )
        except DegstepsError as error:
            if (method, factor_method) == main[:2]:
                raise
            for name, cooks in itertools.product(contrasts, policies):
                rows.append(
                    {"contrast": name, **combination, "cooks_filter": cooks, "is_main": False, "problem": str(error)}
                )
            continue
        for cooks in policies:
            n_computed += 1
            for name in contrasts:
                table, is_main = tables[cooks][name], (method, factor_method, cooks) == main
                if is_main:
                    reanalysis.require_same(table, main_tables[name], name)
                found = reanalysis.comparison(table, main_tables[name], alpha)
                row = {"contrast": name, **combination, "cooks_filter": cooks, "is_main": is_main, "genes": len(table)}
                rows.append(row | {"surrogate_variables": n_surrogates} | found)
                signs = reanalysis.called(table, alpha)
                up[name] = up[name].add((signs > 0).astype(float), fill_value=0)
                down[name] = down[name].add((signs < 0).astype(float), fill_value=0)
    stability = {
        name: _share(up[name], down[name], main_tables[name]["log2_fold_change"]) / n_computed for name in contrasts
    }
    columns = ["contrast", "filter", "size_factors", "cooks_filter", "is_main", "genes"]
    columns += ["surrogate_variables"] * (study.surrogates is not None)
    columns += ["tested", "called", "up", "down", "gained", "lost", "jaccard", "lfc_correlation", "problem"]
    table = pd.DataFrame(rows).reindex(columns=columns)
    whole = columns[columns.index("genes") : columns.index("jaccard")]
    table[whole] = table[whole].astype("Int64")
    order = {name: position for position, name in enumerate(contrasts)}
    table = table.sort_values("contrast", key=lambda column: column.map(order), kind="stable")
    return table.set_index("contrast"), pd.DataFrame(stability).sort_index().rename_axis("gene")


def _tables(
    study, contrasts, filters, factor_method, test, policies, fits
) -> tuple[dict[bool, dict[str, pd.DataFrame]], int]:
    """Fit and test, unless the same genes with the same size factors have been fitted already."""
    # Other methods take no control genes: with them every gene has a say.
    of_method = study if METHODS[factor_method].takes_controls else replace(study, control_genes=None)
    genes = reanalysis.filtered_genes(of_method, filters)
    factors = reanalysis.size_factors(of_method, genes, factor_method)
    key = hashlib.sha256("\n".join(genes).encode() + factors.to_numpy(dtype=float).tobytes()).hexdigest()
    if key not in fits:
        fits[key] = reanalysis.contrast_tables(of_method, genes, factors, contrasts, test, policies)
    return fits[key]


def _share(up: pd.Series, down: pd.Series, main_change: pd.Series) -> pd.Series:
    sign = np.sign(main_change.reindex(up.index))
    return up.where(sign > 0, down).where(sign.notna() & (sign != 0), np.maximum(up, down))
