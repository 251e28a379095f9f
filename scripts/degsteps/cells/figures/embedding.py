"""Cells in two dimensions, coloured by what is known of them; a picture of densities where there are very many."""

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb

from degsteps.figures import style
from degsteps.figures.artists import Axes, Figure
from degsteps.figures.labels import place_labels
from degsteps.figures.style import Scale, count_text, styled

#: Above this many cells points would only cover each other.
MANY_CELLS = 50_000
_PIXELS = 400
_HEIGHT = 4.0


@styled
def embedding_plot(places: np.ndarray, columns: pd.DataFrame, named: str, title: str) -> Figure:
    """Draw cells once for each column.

    Parameters
    ----------
    places : ndarray, (cells, 2)
    columns : by cell; text, blank where it is missing.
    named : the column whose levels are written into the picture.
    title : how the places came about.
    """
    figure = style.new_figure(height=0.5 + _HEIGHT * columns.shape[1])
    # Before names are placed, which fixes the layout.
    style.title(figure, f"{title}, {count_text(len(places), 'cell')}")
    every = figure.subplots(columns.shape[1], 1, squeeze=False)[:, 0]
    panels = []
    for axes, name in zip(every, columns, strict=True):
        values = columns[name].where(columns[name] != "")
        levels = tuple(sorted(values.dropna().unique()))
        scale = Scale(name, values, levels)
        codes = pd.Categorical(values, categories=list(levels)).codes
        _draw(axes, places, codes, len(levels))
        axes.set(xticks=[], yticks=[], xlabel="first dimension", ylabel="second dimension", title=f"By {scale.title}")
        style.level_legend(axes, scale, patches=True, loc="upper left", bbox_to_anchor=(1.02, 1.0))
        if name == named:
            panels.append((axes, codes, levels))
    for axes, codes, levels in panels:
        _write_names(axes, places, codes, levels)
    return figure


def _draw(axes: Axes, places: np.ndarray, codes: np.ndarray, n_levels: int) -> None:
    colors = np.array([*[style.level_color(k) for k in range(n_levels)], to_rgb(style.MISSING)])
    if len(places) > MANY_CELLS:
        image, extent = density_image(places, codes, colors)
        axes.imshow(image, extent=extent, origin="lower", aspect="auto", interpolation="nearest")
        return
    # Drawn in a mixed order, the same each time: the last level would cover all others.
    order = np.random.default_rng(0).permutation(len(places))
    size = float(np.clip(12_000 / max(len(places), 1), 1.0, 14.0))
    axes.scatter(*places[order].T, c=colors[codes[order]], s=size, linewidths=0, rasterized=True)


def density_image(
    places: np.ndarray, codes: np.ndarray, colors: np.ndarray
) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """Return a picture in which the colour is the mean of the levels' colours, and stronger where cells are denser.

    Parameters
    ----------
    codes : ndarray of int, (cells,)
        Level of each cell, -1 for the last colour.
    colors : ndarray, (levels + 1, 3)

    Returns
    -------
    image : ndarray, (pixels, pixels, 3)
    extent : left, right, bottom, top
    """
    low, high = places.min(axis=0), places.max(axis=0)
    margin = 0.03 * np.maximum(high - low, 1e-9)
    low, high = low - margin, high + margin
    pixel = np.minimum(((places - low) / (high - low) * _PIXELS).astype(int), _PIXELS - 1)
    flat = pixel[:, 1] * _PIXELS + pixel[:, 0]
    number = np.bincount(flat, minlength=_PIXELS**2)
    sums = np.column_stack([np.bincount(flat, weights=colors[codes, k], minlength=_PIXELS**2) for k in range(3)])
    mean = sums / np.maximum(number, 1)[:, None]
    dense = np.quantile(number[number > 0], 0.95)
    strength = np.minimum(0.25 + 0.75 * np.log1p(number) / np.log1p(max(dense, 1)), 1.0)
    strength = np.where(number > 0, strength, 0.0)[:, None]
    image = (strength * mean + (1 - strength)).reshape(_PIXELS, _PIXELS, 3)
    return image, (low[0], high[0], low[1], high[1])


def _write_names(axes: Axes, places: np.ndarray, codes: np.ndarray, levels: tuple[str, ...]) -> None:
    middles = []
    for k in range(len(levels)):
        own = places[codes == k]
        middle = np.median(own, axis=0)
        # The median of a label in two parts lies in neither: its cell nearest to it is among its own.
        middles.append(own[((own - middle) ** 2).sum(axis=1).argmin()])
    if middles:
        middles = np.array(middles)
        place_labels(axes, middles[:, 0], middles[:, 1], style.shown_names(levels, 22))
