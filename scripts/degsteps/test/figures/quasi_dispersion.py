"""Figure of the quasi-likelihood models: quasi-dispersions before and after moderation."""

import numpy as np
import pandas as pd

from degsteps.figures import style
from degsteps.figures.artists import Figure, Line2D
from degsteps.figures.style import count_text, numbers, styled

#: Genes beyond this share of the largest quasi-dispersions are drawn on the edge.
_QUANTILE = 0.999


@styled
def quasi_dispersion_plot(genes: pd.DataFrame) -> Figure:
    """Draw the quasi-dispersion of each gene over its abundance, the prior's trend, and what moderation makes of it.

    Fourth roots are drawn: their distribution has no long tail, and it is they that are averaged.

    Parameters
    ----------
    genes
        `log_cpm`, `residual_df`, `quasi_dispersion`, `quasi_prior`, `quasi_posterior` by gene.
    """
    x, df = numbers(genes["log_cpm"]), numbers(genes["residual_df"])
    raw, prior, posterior = (
        np.maximum(numbers(genes[name]), 0.0) ** 0.25 for name in ("quasi_dispersion", "quasi_prior", "quasi_posterior")
    )
    known = np.isfinite(x) & np.isfinite(raw) & np.isfinite(posterior) & (df > 0)
    figure = style.new_figure(height=5.2)
    axes = figure.subplots()
    style.title(figure, f"Quasi-dispersions, {count_text(int(known.sum()), 'gene')}")
    if not known.any():
        style.note(axes, "No gene has residual degrees of freedom.")
        return figure
    top = 1.08 * float(np.quantile(np.concatenate([raw[known], posterior[known]]), _QUANTILE))
    look = {"linewidths": 0, "rasterized": style.is_dense(known.sum())}
    high = known & (raw > top)
    inside = known & ~high
    axes.scatter(x[inside], raw[inside], s=7, color=style.NEUTRAL, alpha=0.45, **look)
    axes.scatter(x[high], np.full(high.sum(), top), s=16, marker="^", color=style.NEUTRAL, clip_on=False, **look)
    axes.scatter(x[known], np.minimum(posterior[known], top), s=5, color=style.DOWN, alpha=0.5, **look)
    order = np.flatnonzero(known)[np.argsort(x[known], kind="stable")]
    axes.plot(x[order], prior[order], color=style.UP, linewidth=2, zorder=5)
    axes.set(xlabel="average log2 counts per million", ylabel="fourth root of the quasi-dispersion", ylim=(0, top))
    axes.grid()
    dot = {"marker": "o", "color": "none", "markeredgewidth": 0, "markersize": 6}
    handles = [
        Line2D([], [], markerfacecolor=style.NEUTRAL, **dot),
        Line2D([], [], color=style.UP, linewidth=2),
        Line2D([], [], markerfacecolor=style.DOWN, **dot),
    ]
    labels = ["gene by itself", "trend of the prior", "moderated"]
    if high.any():
        handles.append(Line2D([], [], **(dot | {"marker": "^"}), markerfacecolor=style.NEUTRAL))
        labels.append(f"above the axis, {high.sum():,}")
    style.legend_below(figure, handles, labels, columns=4)
    return figure
