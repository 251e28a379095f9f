"""The groups that a filter counts on: those of the factors that contrasts compare."""

from collections.abc import Mapping, Sequence

import pandas as pd

from degsteps.design.weights import contrast_columns


def compared_groups(samples: pd.DataFrame, groups: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return the levels of the factors whose groups count, samples x factors.

    Parameters
    ----------
    samples : columns of the sample sheet, by sample.
    groups : ``named`` factors, ``expressions`` over levels, and the ``factors`` of the formula, the last of which
        counts where nothing is named.
    """
    factors = groups["factors"]
    levels = {name: tuple(dict.fromkeys(samples[name].astype(str))) for name in factors}
    named = set(groups["named"])
    for expression in groups["expressions"]:
        named.update(contrast_columns({"expression": expression}, levels))
    others = [name for name in groups["named"] if name not in factors]
    return samples[[*(name for name in factors if name in named), *others] or list(factors[-1:])]


def smallest_group(groups: pd.DataFrame) -> tuple[str, str, int]:
    """Return factor, level and number of samples of the smallest group; of several, the first by factor and level."""
    sizes = [
        (int(size), place, str(level), str(name))
        for place, name in enumerate(groups.columns)
        for level, size in groups[name].astype(str).value_counts().items()
    ]
    size, _, level, name = min(sizes)
    return name, level, size
