"""Figures of what calls depend on: settings and single samples."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from degsteps.figures import style
from degsteps.figures.artists import Axes, Figure, Line2D, Patch
from degsteps.figures.look import look
from degsteps.figures.style import count_text, numbers, shown_names, styled

_MAX_SAMPLES = 40


@styled
def sensitivity_plot(settings: pd.DataFrame, shares: pd.Series, title: str, alpha: float) -> Figure:
    """Draw the calls of a contrast under each combination of settings, and how many combinations call its genes.

    Parameters
    ----------
    settings
        Rows of the contrast in the table of :func:`degsteps.test.sensitivity.vary_settings`.
    shares
        Of the genes that the main run calls: the share of the combinations that call them.
    title
        What is compared.
    alpha
        Adjusted p-value below which genes are called.
    """
    rows = settings.reset_index(drop=True)
    positions = np.arange(len(rows))
    figure, left, right = _bars_and_shares(2.2 + 0.2 * len(rows))
    style.title(figure, f"Sensitivity to settings, {title}")
    jaccard = numbers(rows["jaccard"])
    known = np.isfinite(jaccard)
    up, down = numbers(rows["up"]), numbers(rows["down"])
    left.barh(positions[known], up[known], color=style.UP, height=0.7)
    left.barh(positions[known], down[known], left=up[known], color=style.DOWN, height=0.7)
    most = max(float((up + down)[known].max(initial=0)), 1.0)
    for y, value, total in zip(positions, jaccard, up + down, strict=True):
        text = f"{value:.2f}" if np.isfinite(value) else "not computed"
        left.annotate(
            text,
            (total if np.isfinite(value) else 0, y),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL,
        )
    names = [f"{row.filter}, {row.size_factors}" for row in rows.itertuples()]
    if rows["cooks_filter"].nunique() > 1:
        policies = ["set aside" if is_filtered else "kept" for is_filtered in rows["cooks_filter"]]
        names = [f"{name}, outliers {policy}" for name, policy in zip(names, policies, strict=True)]
    style.named_ticks(left, "y", positions, [name.replace("_", " ") for name in names])
    for label, is_main in zip(left.get_yticklabels(), rows["is_main"], strict=True):
        label.set_fontweight("bold" if is_main else "normal")
    left.set(xlabel="called genes, and Jaccard index with the main run", ylim=(len(rows) - 0.4, -0.6))
    left.set_xlim(0, 1.18 * most)
    _plain(left)
    _share_histogram(right, shares, "share of settings that call it")
    style.legend_below(
        figure,
        [Patch(facecolor=style.UP), Patch(facecolor=style.DOWN)],
        ["up", "down"],
        columns=2,
        title=f"Called: adjusted p < {alpha:g}. Bold: the main run",
    )
    return figure


@styled
def influence_plot(samples: pd.DataFrame, shares: pd.Series, title: str, alpha: float) -> Figure:
    """Draw how the calls of a contrast change without each sample, and in how many of these fits its genes are called.

    Parameters
    ----------
    samples
        Rows of the contrast in the table of :func:`degsteps.test.influence.leave_out_samples`.
    shares
        Of the genes that the main run calls: the share of the fits in which they are called.
    title, alpha
        As in :func:`sensitivity_plot`.
    """
    rows = samples.reset_index(drop=True)
    drawn = rows.iloc[np.argsort(-np.nan_to_num(numbers(rows["lost"])), kind="stable")][:_MAX_SAMPLES]
    positions = np.arange(len(drawn))
    figure, left, right = _bars_and_shares(max(3.2, 1.8 + 0.2 * len(drawn)))
    more = f", the {_MAX_SAMPLES} with the most losses" if len(rows) > len(drawn) else ""
    style.title(figure, f"Influence of single samples{more}, {title}")
    lost, gained = numbers(drawn["lost"]), numbers(drawn["gained"])
    known = np.isfinite(lost)
    left.barh(positions[known], -lost[known], color=style.COLORS[5], height=0.7)
    left.barh(positions[known], gained[known], color=style.COLORS[2], height=0.7)
    most = max(float(np.nanmax([*lost[known], *gained[known], 1.0])), 1.0)
    correlation = numbers(drawn["lfc_correlation"])
    for y, r, end, is_known in zip(positions, correlation, np.nan_to_num(gained), known, strict=True):
        text = f"r = {r:.3f}" if np.isfinite(r) else "" if is_known else "not estimable"
        left.annotate(text, (end, y), xytext=(3, 0), textcoords="offset points", va="center", fontsize=style.SMALL)
    style.named_ticks(left, "y", positions, shown_names(drawn["without"], 24))
    left.axvline(0, color="#444444", linewidth=0.8)
    left.set(xlim=(-1.1 * most, 1.4 * most), ylim=(len(drawn) - 0.4, -0.6))
    left.set_xlabel("calls lost and gained without the sample")
    _plain(left)
    left.xaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
    _share_histogram(right, shares, "share of fits that call it")
    style.legend_below(
        figure,
        [Patch(facecolor=style.COLORS[5]), Patch(facecolor=style.COLORS[2]), Line2D([], [], color="none")],
        ["lost", "gained", "r: correlation of the log2 fold changes"],
        columns=3,
        title=f"Called: adjusted p < {alpha:g}",
    )
    return figure


def _bars_and_shares(height: float) -> tuple[Figure, Axes, Axes]:
    """Return a figure with a panel of bars, as high as they need, and a smaller one: beside it, or below if narrow."""
    if look().is_wide:
        figure = style.new_figure(height=height)
        return figure, *figure.subplots(1, 2, width_ratios=[1.9, 1])
    figure = style.new_figure(height=height + 2.2)
    return figure, *figure.subplots(2, 1, height_ratios=[height - 1.2, 1.5])


def _plain(axes: Axes) -> None:
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(axis="x")


def _share_histogram(axes: Axes, shares: pd.Series, label: str) -> None:
    known = numbers(shares)
    known = known[np.isfinite(known)]
    if not len(known):
        style.note(axes, "The main run calls no gene.")
        return
    axes.hist(known, bins=np.linspace(0, 1, 11), color=style.COLORS[4], edgecolor="white", linewidth=0.6)
    always = float((known > 1 - 1e-9).mean())
    axes.set(xlabel=label, ylabel="called genes", xlim=(0, 1))
    axes.set_title(f"{always:.0%} of {count_text(len(known), 'call')} in all", fontweight="normal", fontsize=style.TEXT)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(axis="y")
