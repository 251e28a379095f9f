"""Figure of the gene filter: how abundant the dropped genes were, and why they were dropped."""

import numpy as np
import pandas as pd

from degsteps.figures import style
from degsteps.figures.artists import Figure
from degsteps.figures.look import look
from degsteps.figures.style import count_text, styled

#: Of kept and of dropped genes: places in the palette.
_KEPT, _DROPPED = 0, 1
_GENES_AT_ONCE = 4096


def mean_log2_cpm(counts: pd.DataFrame) -> pd.Series:
    """Return each gene's mean over the samples of log2(counts per million + 0.5).

    The half keeps genes without a read on the axis, at -1, and changes nothing for those that matter.
    """
    values = counts.to_numpy()
    library_sizes = values.sum(axis=0, dtype=float)
    scale = 1e6 / np.where(library_sizes > 0, library_sizes, 1)
    means = np.empty(len(values))
    # In blocks: a large cohort as logs would take several times the memory of its counts.
    for start in range(0, len(values), _GENES_AT_ONCE):
        block = slice(start, start + _GENES_AT_ONCE)
        means[block] = np.log2(values[block] * scale + 0.5).mean(axis=1)
    return pd.Series(means, index=counts.index)


@styled
def gene_filter(counts: pd.DataFrame, genes: pd.DataFrame) -> Figure:
    """Draw the abundance of kept and dropped genes, and the number of genes by reason.

    Parameters
    ----------
    counts
        Counts of all genes, genes x samples.
    genes
        Table of the filter, with the columns `kept` and `reason`.
    """
    kept = genes["kept"].to_numpy(dtype=bool)
    reasons = genes["reason"].fillna("").astype(str)
    never = (reasons == "all_zero").to_numpy()
    abundance = mean_log2_cpm(counts).loc[genes.index].to_numpy()
    if look().is_wide:
        figure = style.new_figure(height=3.6)
        histogram, bars = figure.subplots(1, 2, width_ratios=[1.5, 1])
    else:
        figure = style.new_figure(height=5.0)
        histogram, bars = figure.subplots(2, 1, height_ratios=[1.7, 1])
    of_abundance = abundance[~never]
    edges = np.linspace(of_abundance.min(initial=0) - 0.01, of_abundance.max(initial=1) + 0.01, 61)
    histogram.hist(
        [abundance[kept], abundance[~kept & ~never]],
        bins=edges,
        stacked=True,
        color=[style.COLORS[_KEPT], style.COLORS[_DROPPED]],
        label=[f"kept, {kept.sum():,}", f"dropped, {(~kept & ~never).sum():,}"],
    )
    histogram.set(xlabel="mean of log2(counts per million + 0.5)", ylabel="genes", title="Abundance")
    histogram.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    histogram.grid(axis="y")
    histogram.legend(loc="upper right")
    if never.any():
        histogram.set_title(f"Abundance, without {count_text(int(never.sum()), 'gene')} that no sample has")
    _draw_reasons(bars, kept, reasons)
    n_samples = counts.shape[1]
    share = f"{kept.sum():,} of {count_text(len(genes), 'gene')} kept"
    style.title(figure, f"Gene filter: {share}, {count_text(n_samples, 'sample')}")
    return figure


def _draw_reasons(bars, kept: np.ndarray, reasons: pd.Series) -> None:
    numbers = {"kept": int(kept.sum())} | reasons[~kept].value_counts().to_dict()
    names = [style.shown(name.replace("_", " "), 30) for name in numbers]
    positions = np.arange(len(names))
    colors = [style.COLORS[_KEPT]] + [style.COLORS[_DROPPED]] * (len(names) - 1)
    drawn = bars.barh(positions, list(numbers.values()), color=colors, height=0.65)
    bars.bar_label(drawn, [f"{number:,}" for number in numbers.values()], padding=3, fontsize=style.SMALL)
    style.named_ticks(bars, "y", positions, names)
    bars.set(title="Why", xlabel="genes", ylim=(max(len(names), 3) - 0.4, -0.6), xlim=(0, 1.2 * max(numbers.values())))
    bars.xaxis.set_major_locator(style.few_ticks())
    bars.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    bars.grid(axis="x")
    bars.tick_params(axis="y", length=0)
