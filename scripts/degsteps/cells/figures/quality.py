"""Figures of quality: metrics per capture with their limits, and scores of doublets.

What is drawn are histograms and quantiles, never a point per cell: a million cells make a picture of the same size.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator

from degsteps.figures import style
from degsteps.figures.artists import Axes, Figure, Line2D, Patch
from degsteps.figures.style import count_text, styled

#: Captures that get a violin each; of more, quantiles are drawn.
MOST_VIOLINS = 24
#: Captures whose names can be read.
MOST_NAMES = 60
_BINS, _SMOOTH = 160, 2.5
#: Part of the height that the smoothing gives to one cell (0.16).
_LONE_CELL = 0.08
#: Decades below which an axis of counts has numbers between the powers of ten.
_FEW_DECADES = 2
#: Of what is kept, dropped, a limit of the capture and a fixed one: places in the palette.
_KEPT, _DROPPED, _OWN, _FIXED = 4, 1, 3, 6
_TITLES = {
    "total": ("Counts", "counts per cell", True),
    "detected": ("Genes detected", "genes per cell", True),
    "mito_percent": ("Mitochondrial", "% of counts", False),
    "ribo_percent": ("Ribosomal proteins", "% of counts", False),
    "haemoglobin_percent": ("Haemoglobin", "% of counts", False),
    "spike_percent": ("Spike-ins", "% of counts", False),
}


@styled
def quality_by_capture(
    cells: pd.DataFrame, thresholds: pd.DataFrame, fixed: Mapping[str, tuple[float | None, float | None]]
) -> Figure:
    """Draw every metric by capture: violins, or quantiles of many captures, with the limits that cells are dropped at.

    Parameters
    ----------
    cells
        Table of all cells: `capture`, metrics, `verdict`.
    thresholds
        Columns capture, metric, lower, higher.
    fixed
        Fixed limits by metric, lower and higher; None where there is none.
    """
    captures = sorted(cells["capture"].unique())
    metrics = [name for name in _TITLES if name in cells and cells[name].notna().any()]
    # Figures of many captures are no wider: the page is not.
    height = 1.75 * len(metrics) + (1.3 if len(captures) <= MOST_NAMES else 0.6)
    figure = style.new_figure(height=height)
    panels = np.atleast_1d(figure.subplots(len(metrics), 1, sharex=True)) if metrics else []
    dropped = (cells["verdict"] == "dropped").to_numpy()
    codes = pd.Categorical(cells["capture"], categories=captures).codes
    for axes, name in zip(panels, metrics, strict=True):
        _draw_metric(axes, name, cells[name].to_numpy(dtype=float), codes, dropped, len(captures))
        _draw_limits(axes, thresholds[thresholds["metric"] == name], captures, fixed.get(name, (None, None)))
    if metrics:
        _name_captures(panels[-1], captures, codes, dropped)
    drawn = "violins" if len(captures) <= MOST_VIOLINS else "quantiles 5, 25, 50, 75, 95 %"
    share = f"{count_text(int(dropped.sum()), 'cell')} of {len(cells):,} dropped"
    style.title(figure, f"Quality of cells by capture ({drawn}): {share}")
    handles = [
        Line2D([], [], color=style.COLORS[_OWN], linewidth=1.6, label="limit of the capture (MADs)"),
        Line2D([], [], color=style.COLORS[_FIXED], linewidth=1, linestyle="--", label="fixed limit"),
    ]
    if len(captures) <= MOST_VIOLINS:
        handles = [
            Patch(color=style.COLORS[_KEPT], label="kept"),
            Patch(color=style.COLORS[_DROPPED], label="dropped"),
            *handles,
        ]
    style.legend_below(figure, handles, [handle.get_label() for handle in handles], columns=4)
    return figure


def _draw_metric(
    axes: Axes, name: str, values: np.ndarray, codes: np.ndarray, dropped: np.ndarray, n_captures: int
) -> None:
    title, label, is_log = _TITLES[name]
    axes.set_title(title)
    axes.set_ylabel(label)
    axes.grid(axis="y")
    known = ~np.isnan(values)
    shown = np.log10(np.maximum(values, 1)) if is_log else values
    low, high = shown[known].min(), shown[known].max()
    span = high - low or 1.0
    edges = np.linspace(low - 0.02 * span, high + 0.02 * span, _BINS + 1)
    if not is_log:
        axes.set_ylim(min(edges[0], 0), edges[-1])
    for capture in range(n_captures):
        here = known & (codes == capture)
        if not here.any():
            continue
        if n_captures <= MOST_VIOLINS:
            _draw_violin(axes, capture, shown[here], dropped[here], edges, is_log)
        else:
            quantiles = np.quantile(shown[here], [0.05, 0.25, 0.5, 0.75, 0.95])
            _draw_quantiles(axes, capture, 10**quantiles if is_log else quantiles, n_captures)
    if is_log:
        axes.set_yscale("log")
        style.log_axis(axes, "y")
        if edges[-1] - edges[0] < _FEW_DECADES:
            axes.yaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0)))
        axes.set_ylim(10 ** edges[0], 10 ** edges[-1])


def _draw_violin(
    axes: Axes, place: int, values: np.ndarray, dropped: np.ndarray, edges: np.ndarray, is_log: bool
) -> None:
    """Draw the density of all cells; the part of those that are dropped lies in the middle."""
    heights = _smooth(np.histogram(values, edges)[0])
    of_dropped = np.minimum(_smooth(np.histogram(values[dropped], edges)[0]), heights)
    scale = 0.42 / max(heights.max(), 1e-12)
    middles = (edges[:-1] + edges[1:]) / 2
    y = 10**middles if is_log else middles
    for density, color in ((heights, style.COLORS[_KEPT]), (of_dropped, style.COLORS[_DROPPED])):
        # A lone cell is seen, however many others there are.
        visible = density > _LONE_CELL
        widths = np.maximum(density * scale, 0.005)
        axes.fill_betweenx(y, place - widths, place + widths, where=visible, color=color, linewidth=0)
    middle = np.median(values)
    width = max(np.interp(middle, middles, heights) * scale, 0.06)
    axes.plot([place - width, place + width], [10**middle if is_log else middle] * 2, color=style.EDGE, linewidth=1)


def _draw_quantiles(axes: Axes, place: int, quantiles: np.ndarray, n_captures: int) -> None:
    thick = float(np.clip(240 / n_captures, 0.8, 5))
    axes.plot([place] * 2, quantiles[[0, 4]], color=style.NEUTRAL, linewidth=max(thick / 4, 0.4), solid_capstyle="butt")
    axes.plot([place] * 2, quantiles[[1, 3]], color=style.COLORS[_KEPT], linewidth=thick, solid_capstyle="butt")
    axes.plot([place], quantiles[2], marker="_", markersize=max(thick, 1.5), color=style.EDGE, markeredgewidth=0.8)


def _smooth(heights: np.ndarray) -> np.ndarray:
    reach = np.arange(-3 * int(np.ceil(_SMOOTH)), 3 * int(np.ceil(_SMOOTH)) + 1)
    kernel = np.exp(-0.5 * (reach / _SMOOTH) ** 2)
    return np.convolve(heights.astype(float), kernel / kernel.sum(), mode="same")


def _draw_limits(
    axes: Axes, rows: pd.DataFrame, captures: Sequence[str], fixed: tuple[float | None, float | None]
) -> None:
    place = {capture: i for i, capture in enumerate(captures)}
    low, high = axes.get_ylim()
    limits = rows.melt(["capture"], ["lower", "higher"]).dropna()
    inside = limits["value"].between(low, high)
    at = limits["capture"].map(place)[inside]
    axes.hlines(limits["value"][inside], at - 0.45, at + 0.45, color=style.COLORS[_OWN], linewidth=1.6, zorder=4)
    for value in fixed:
        if value is not None and low <= value <= high:
            axes.axhline(value, color=style.COLORS[_FIXED], linewidth=1, linestyle="--", zorder=3)


def _name_captures(axes: Axes, captures: Sequence[str], codes: np.ndarray, dropped: np.ndarray) -> None:
    axes.set_xlim(-0.6, len(captures) - 0.4)
    if len(captures) > MOST_NAMES:
        axes.set_xticks([])
        axes.set_xlabel(f"{len(captures):,} captures, by name")
        return
    names = style.shown_names(captures, 22)
    if len(captures) <= 8:
        sizes = np.bincount(codes, minlength=len(captures))
        lost = np.bincount(codes, weights=dropped, minlength=len(captures))
        names = [
            f"{name}\n{size:,} cells\n{share:.1%} dropped"
            for name, size, share in zip(names, sizes, lost / np.maximum(sizes, 1), strict=True)
        ]
    style.named_ticks(axes, "x", range(len(captures)), names)
    if len(captures) > 8:
        axes.tick_params(axis="x", rotation=90)


@styled
def doublet_scores(cells: pd.DataFrame, captures: Mapping[str, Mapping[str, float]] | None = None) -> Figure:
    """Draw the scores of doublets, and the share that is called by the size of the capture.

    Parameters
    ----------
    cells
        Table of all cells: `capture`, `doublet_score`, `doublet`.
    captures
        By capture: ``expected``, the number of doublets; None if it is not known.
    """
    figure = style.new_figure(height=3.6)
    histogram, shares = figure.subplots(1, 2, width_ratios=[1.5, 1])
    scores, called = style.numbers(cells["doublet_score"]), cells["doublet"].to_numpy(dtype=bool)
    known = ~np.isnan(scores)
    if known.any():
        edges = np.linspace(0, max(scores[known].max(), 0.05) * 1.001, 61)
        histogram.hist(
            [scores[known & ~called], scores[known & called]],
            bins=edges,
            stacked=True,
            color=[style.COLORS[_KEPT], style.COLORS[_DROPPED]],
            label=[f"others, {(known & ~called).sum():,}", f"called doublets, {(known & called).sum():,}"],
        )
        histogram.set(xlabel="doublet score (share of artificial doublets nearby)", ylabel="cells", title="Scores")
        histogram.set_yscale("symlog", linthresh=10)
        histogram.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        histogram.legend(loc="upper right")
        histogram.grid(axis="y")
        # Room for the legend above the highest bar.
        histogram.set_ylim(0, histogram.get_ylim()[1] * 3)
    else:
        style.note(histogram, "No cell was scored.")
    sizes = cells.groupby("capture", sort=True, observed=True)["doublet"].agg(["size", "mean"])
    shares.plot(
        sizes["size"],
        100 * sizes["mean"],
        linestyle="none",
        marker="o",
        color=style.COLORS[_DROPPED],
        markeredgecolor=style.EDGE,
        markeredgewidth=0.4,
        label="called",
    )
    if captures:
        expected = pd.Series({name: of["expected"] for name, of in captures.items()}).reindex(sizes.index)
        shares.plot(
            sizes["size"],
            100 * expected / sizes["size"],
            linestyle="none",
            marker="_",
            markersize=12,
            markeredgewidth=1.6,
            color=style.COLORS[0],
            label="expected",
        )
    shares.set(title=f"Share by capture ({len(sizes):,})", xlabel="cells of the capture", ylabel="% of cells")
    shares.xaxis.set_major_locator(style.few_ticks())
    shares.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    shares.set_xlim(0, sizes["size"].max() * 1.12)
    shares.set_ylim(0, max(shares.get_ylim()[1], 1) * 1.25)
    shares.grid(axis="y")
    shares.legend(loc="upper left")
    style.title(figure, f"Doublets: {called.sum():,} of {count_text(len(cells), 'cell')} called")
    return figure
