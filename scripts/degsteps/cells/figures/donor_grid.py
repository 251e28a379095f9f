"""How many cells of each type each donor has, so that every gap is seen."""

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from degsteps.figures import style
from degsteps.figures.artists import Figure, Rectangle
from degsteps.figures.style import count_text, styled

#: Above this many samples or types numbers no longer fit.
_MOST_NUMBERS = (60, 30)


@styled
def donor_grid(cells: pd.DataFrame, min_cells: int) -> Figure:
    """Draw numbers of cells, donors (or donor x condition) in rows and types in columns.

    Parameters
    ----------
    cells : samples x types.
    min_cells : below it a sum is not tested; such cells are crossed out.
    """
    n_rows, n_columns = cells.shape
    figure = style.new_figure(height=1.6 + max(1.2, min(0.21 * n_rows, 13.0)))
    axes = figure.subplots()
    values = cells.to_numpy(dtype=float)
    shades = np.where(values > 0, values, np.nan)
    top = max(float(np.nanmax(shades)) if np.isfinite(shades).any() else 1.0, min_cells + 1, 2)
    # Colours begin where sums are tested: what is smaller has none.
    scale = LogNorm(max(min_cells, 1), top)
    image = axes.imshow(shades, cmap=f"{style.CONTINUOUS}_r", norm=scale, aspect="auto", interpolation="nearest")
    with_numbers = n_rows <= _MOST_NUMBERS[0] and n_columns <= _MOST_NUMBERS[1]
    for (i, j), value in np.ndenumerate(values):
        small = value < min_cells
        if small:
            axes.add_patch(
                Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor="#F2F2F2", edgecolor=style.UP, linewidth=0.8, zorder=2)
            )
        if with_numbers:
            dark = not small and scale(value) > 0.5
            color = style.UP if small else "white" if dark else "black"
            axes.text(j, i, f"{int(value):,}", ha="center", va="center", fontsize=style.SMALL, color=color, zorder=3)
    if n_rows <= style.MANY_SAMPLES:
        style.named_ticks(axes, "y", range(n_rows), style.shown_names(cells.index, 26))
    else:
        axes.set(yticks=[], ylabel=count_text(n_rows, "sample"))
    style.named_ticks(axes, "x", range(n_columns), style.shown_names(cells.columns, 24))
    axes.tick_params(axis="x", labelrotation=90 if n_columns > 6 else 0, length=0)
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, label="cells", fraction=0.03, pad=0.02)
    bar.ax.yaxis.set_major_locator(
        LogLocator(10, subs=(1.0, 2.0, 3.0, 5.0) if top < 10 * scale.vmin else (1.0, 2.0, 5.0))
    )
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: style.plain_number(value)))
    bar.outline.set_visible(False)
    n_small = int((values < min_cells).sum())
    figure.supxlabel(
        f"Orange: fewer than {min_cells} cells, not tested ({n_small} of {values.size}).",
        fontsize=style.SMALL,
        x=0.01,
        ha="left",
    )
    style.title(figure, f"Cells by donor and type, {count_text(int(values.sum()), 'cell')}")
    return figure
