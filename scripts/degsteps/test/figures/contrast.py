"""Figures of the test: dispersions of the fit; MA, volcano and p-values of a contrast."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator, NullLocator

from degsteps.figures import style
from degsteps.figures.artists import Axes, Figure, Line2D
from degsteps.figures.labels import place_labels
from degsteps.figures.look import look
from degsteps.figures.style import count_text, numbers, styled
from degsteps.test.pvalue_shape import pvalue_shape

_MA_LABELS = 10


def _groups() -> tuple[tuple[str, str], ...]:
    return (("not called", style.NEUTRAL), ("down", style.DOWN), ("up", style.UP))


def called_genes(results: pd.DataFrame, alpha: float, min_log2_fold_change: float = 0.0) -> np.ndarray:
    """Return 1 for genes called up, -1 for genes called down, 0 for all others.

    Called is what has an adjusted p-value below `alpha` and at least the given absolute fold change (log2, by maximum
    likelihood).
    """
    change = numbers(results["log2_fold_change"])
    called = (numbers(results["padj"]) < alpha) & (np.abs(change) >= min_log2_fold_change)
    return np.where(called, np.sign(np.nan_to_num(change)), 0).astype(int)


def gene_labels(results: pd.DataFrame) -> np.ndarray:
    """Return the symbol of each gene, or its id where there is none; with its id where several would be called alike.

    Give all genes of a table, not only those that are drawn: a symbol that two genes have tells neither.
    """
    ids = results.index.to_numpy(dtype=object)
    genes = ids
    if "symbol" in results.columns:
        symbols = results["symbol"].fillna("").astype(str).to_numpy(dtype=object)
        genes = np.where(symbols != "", symbols, ids)
    labels = pd.Series([style.shown(gene, 18) for gene in genes], dtype=object)
    for position in np.flatnonzero(labels.duplicated(keep=False)):
        gene, label = str(ids[position]), labels[position]
        labels[position] = style.shown(gene, 40) if str(genes[position]) == gene else f"{label} ({style.shown(gene)})"
    return labels.to_numpy(dtype=object)


def positions_of(results: pd.DataFrame, names: Sequence[str]) -> dict[str, list[int]]:
    """Return the rows of a table that each name means: an id, else a symbol, else a symbol in other letters."""
    ids = {str(gene): [i] for i, gene in enumerate(results.index)}
    symbols: dict[str, list[int]] = {}
    lower: dict[str, list[int]] = {}
    if "symbol" in results.columns:
        for i, symbol in enumerate(results["symbol"].fillna("").astype(str)):
            if symbol:
                symbols.setdefault(symbol, []).append(i)
                lower.setdefault(symbol.lower(), []).append(i)
    return {name: ids.get(name) or symbols.get(name) or lower.get(name.lower()) or [] for name in names}


def _own_genes(results: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    rows = [row for of_name in positions_of(results, names).values() for row in of_name]
    return np.array(list(dict.fromkeys(rows)), dtype=int)


def _first_own(own: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.array(list(dict.fromkeys([*own, *others])), dtype=int)


def _ring(axes: Axes, x: np.ndarray, y: np.ndarray, own: np.ndarray) -> None:
    """Ring the genes that the user has chosen."""
    axes.scatter(x[own], y[own], s=30, facecolors="none", edgecolors=style.ACCENT, linewidths=0.9, zorder=5)


def adjusted_p_text(padj: float) -> str:
    """Return an adjusted p-value in words; one that is too small for a number is never 0."""
    if not np.isfinite(padj):
        return "no adjusted p"
    return "adjusted p < 1e-300" if padj < 1e-300 else f"adjusted p {padj:.1e}"


def _to_label(results: pd.DataFrame, called: np.ndarray, n_genes: int) -> np.ndarray:
    """Return the positions of the called genes with the smallest p-values, then the largest statistics."""
    pvalues, statistic = numbers(results["pvalue"]), np.abs(numbers(results["stat"]))
    order = np.lexsort([-np.nan_to_num(statistic), np.where(np.isnan(pvalues), 2, pvalues)])
    return order[called[order] != 0][:n_genes]


def criterion(alpha: float, min_log2_fold_change: float) -> str:
    """Return in words what a called gene is."""
    change = f" and |log2 fold change| at least {min_log2_fold_change:g}" if min_log2_fold_change else ""
    return f"Called: adjusted p < {alpha:g}{change}"


def _scatter(axes: Axes, x: np.ndarray, y: np.ndarray, called: np.ndarray, beyond: np.ndarray, up_marker: str) -> None:
    """Draw the points of each group; those that lie beyond the axes as triangles on the edge."""
    for group, (_, color) in zip((0, -1, 1), _groups(), strict=True):
        chosen = (called == group) & np.isfinite(x) & np.isfinite(y)
        marks = {"color": color, "linewidths": 0, "rasterized": style.is_dense(len(x)), "zorder": 2 + abs(group)}
        alpha = 0.35 if group == 0 else 0.75
        inside = chosen & ~beyond
        axes.scatter(x[inside], y[inside], s=7 if group == 0 else 10, alpha=alpha, **marks)
        for marker, edge in ((up_marker, chosen & beyond & (y > 0)), ("v", chosen & beyond & (y <= 0))):
            axes.scatter(x[edge], y[edge], s=22, marker=marker, clip_on=False, **marks)


def _group_legend(figure: Figure, called: np.ndarray, *notes: str) -> None:
    """Put a legend of the groups with their numbers below the axes, headed by notes."""
    handles = [
        Line2D([], [], marker="o", color="none", markerfacecolor=color, markeredgewidth=0, markersize=6)
        for _, color in reversed(_groups())
    ]
    labels = [
        f"{name}, {(called == group).sum():,}" for group, (name, _) in zip((1, -1, 0), reversed(_groups()), strict=True)
    ]
    style.legend_below(
        figure,
        handles,
        labels,
        columns=3,
        title="; ".join(note for note in notes if note),
    )


# ---- contrasts


@styled
def ma_plot(
    results: pd.DataFrame,
    title: str,
    *,
    alpha: float,
    min_log2_fold_change: float = 0.0,
    labelled_genes: int = 20,
    genes: Sequence[str] = (),
) -> Figure:
    """Draw fold changes over mean counts; shrunken fold changes beside the maximum-likelihood ones where there are any.

    Parameters
    ----------
    results
        Table of a contrast: `base_mean`, `log2_fold_change`, `stat`, `pvalue`, `padj`, perhaps `lfc_shrunken` and
        `symbol`.
    title
        What is compared.
    alpha, min_log2_fold_change
        Which genes are called.
    labelled_genes
        How many called genes get a label, by p-value; at most 10 here, where panels are small.
    genes
        Ids or symbols of genes that get a label and a ring in any case.
    """
    panels = [("log2_fold_change", "Maximum likelihood")]
    if "lfc_shrunken" in results.columns:
        panels.append(("lfc_shrunken", "Shrunken"))
    called = called_genes(results, alpha, min_log2_fold_change)
    mean = numbers(results["base_mean"])
    mean = np.where(mean > 0, mean, np.nan)
    changes = [numbers(results[column]) for column, _ in panels]
    figure = style.new_figure(height=4.6)
    style.title(figure, f"MA, {title}, {count_text(int(np.isfinite(mean + changes[0]).sum()), 'gene')}")
    if not np.isfinite(mean + changes[0]).any():
        style.note(figure.subplots(), "No gene has a fold change.")
        return figure
    axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    own = _own_genes(results, genes)
    own = own[np.isfinite(mean[own] + changes[0][own])]
    labels = gene_labels(results)
    chosen = _first_own(own, _to_label(results, called, min(labelled_genes, _MA_LABELS)))
    limit = _change_limit(changes[0], called, chosen)
    drawn = np.isfinite(mean) & np.isfinite(changes[0])
    n_beyond = int((np.abs(changes[0][drawn]) > limit).sum())
    for place, (_, name), change in zip(axes, panels, changes, strict=True):
        beyond = np.abs(change) > limit
        _scatter(place, mean, np.clip(change, -limit, limit), called, beyond, "^")
        _ring(place, mean, np.clip(change, -limit, limit), own)
        place.axhline(0, color="#444444", linewidth=0.8)
        place.set(title=name, xlabel="mean of normalised counts", ylim=(-1.04 * limit, 1.04 * limit))
        style.log_axis(place, "x")
        place.grid()
    axes[0].set_ylabel("log2 fold change")
    for place in axes[1:]:
        place.tick_params(axis="y", length=0)
    beyond_note = f"triangles: beyond the axis, {n_beyond:,} by maximum likelihood" if n_beyond else ""
    _group_legend(figure, called[drawn], criterion(alpha, min_log2_fold_change), beyond_note)
    for place, change in zip(axes, changes, strict=True):
        shown = np.isfinite(mean) & np.isfinite(change)
        y = np.clip(change, -limit, limit)
        place_labels(place, mean[chosen], y[chosen], labels[chosen], avoid=(mean[shown], y[shown]), always=len(own))
    return figure


def _change_limit(change: np.ndarray, called: np.ndarray, labelled: np.ndarray) -> float:
    """Return the end of the fold change axis: labelled genes and nearly all others, called or not, lie within."""
    known = np.isfinite(change)
    size = np.abs(change)
    if not known.any():
        return 1.0
    most = [np.quantile(size[group], 0.995) for group in (known, known & (called != 0)) if group.any()]
    return float(1.05 * max(1.0, *most, size[labelled].max(initial=0)))


@styled
def volcano_plot(
    results: pd.DataFrame,
    title: str,
    *,
    alpha: float,
    min_log2_fold_change: float = 0.0,
    labelled_genes: int = 20,
    genes: Sequence[str] = (),
) -> Figure:
    """Draw p-values over fold changes (maximum likelihood: the p-values are theirs), with labels that do not overlap.

    p-values that are too small for a number are drawn as triangles on the upper edge. Parameters as in :func:`ma_plot`.
    """
    called = called_genes(results, alpha, min_log2_fold_change)
    change, pvalues = numbers(results["log2_fold_change"]), numbers(results["pvalue"])
    figure = style.new_figure(height=6.2)
    axes = figure.subplots()
    known = np.isfinite(pvalues) & np.isfinite(change)
    style.title(figure, f"Volcano, {title}, {count_text(int(known.sum()), 'gene')} with a p-value")
    if not known.any():
        style.note(axes, "No gene has a p-value: see the column na_reason of the table.")
        return figure
    positive = pvalues[known & (pvalues > 0)]
    smallest = positive.min() if len(positive) else 1e-300
    beyond = known & (pvalues == 0)
    height = -np.log10(np.where(pvalues > 0, pvalues, smallest))
    top = 1.06 * max(height[known].max(), 1.0)
    height = np.where(beyond, top, height)
    own = _own_genes(results, genes)
    own = own[known[own]]
    chosen = _first_own(own, _to_label(results, called, labelled_genes))
    limit = _change_limit(change, called, chosen)
    far = known & (np.abs(change) > limit)
    x = np.clip(change, -limit, limit)
    _scatter(axes, np.where(known, x, np.nan), height, called, beyond, "^")
    _ring(axes, x, height, own)
    axes.axvline(0, color="#444444", linewidth=0.8)
    if (called != 0).any():
        axes.axhline(height[called != 0].min(), color="#444444", linewidth=0.8, linestyle=(0, (4, 3)))
    for side in (-1, 1) if min_log2_fold_change else ():
        axes.axvline(side * min_log2_fold_change, color="#444444", linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set(
        xlabel="log2 fold change (maximum likelihood)",
        ylabel="-log10 p-value",
        xlim=(-1.06 * limit, 1.06 * limit),
        ylim=(-0.01 * top, (1.16 if beyond.any() else 1.06) * top),
    )
    axes.grid()
    _group_legend(
        figure,
        called[known],
        criterion(alpha, min_log2_fold_change),
        f"beyond ±{limit:.3g}, drawn on the edge: {far.sum():,}" if far.any() else "",
        f"triangles: p-value below the smallest number, {beyond.sum():,}" if beyond.any() else "",
    )
    place_labels(
        axes, x[chosen], height[chosen], gene_labels(results)[chosen], avoid=(x[known], height[known]), always=len(own)
    )
    return figure


@styled
def pvalue_histogram(results: pd.DataFrame, title: str, point_null: bool = True, *, called: int = 0) -> Figure:
    """Draw the p-values of a contrast with the level that true null hypotheses would fill, and judge their shape.

    Where the null hypothesis is an interval there is no such level.
    """
    pvalues = numbers(results["pvalue"])
    known = pvalues[np.isfinite(pvalues)]
    shape = pvalue_shape(known, point_null, called=called)
    figure = style.new_figure(height=3.9)
    axes = figure.subplots()
    style.title(figure, f"P-values, {title}, {count_text(len(known), 'gene')}")
    judged = "Look closer." if shape.status != "ok" else "" if shape.shape in ("few", "interval") else "Fine."
    verdict = f"{judged} {shape.finding} {shape.advice}".strip()
    missing = _missing_reasons(results, np.isnan(pvalues))
    if not len(known):
        style.note(axes, f"{verdict}\n{missing}")
        return figure
    axes.hist(known, bins=20, range=(0, 1), color=style.COLORS[4], edgecolor="white", linewidth=0.6)
    axes.set(xlabel="p-value", ylabel="genes", xlim=(0, 1))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(axis="y")
    axes.set_title(f"{verdict} {missing}".strip(), fontweight="normal", fontsize=style.TEXT)
    if point_null:
        level = shape.null_fraction * len(known) / 20
        line = axes.axhline(level, color=style.UP, linewidth=1.2, linestyle=(0, (4, 3)))
        # Below the axes, where it hides no bar.
        label = f"level of genes that do not differ (about {shape.null_fraction:.0%})"
        style.legend_below(figure, [line], [label])
    return figure


def _missing_reasons(results: pd.DataFrame, missing: np.ndarray) -> str:
    if not missing.any():
        return ""
    reasons = ""
    if "na_reason" in results.columns:
        counts = results["na_reason"][missing].fillna("").astype(str).replace("", "no reason").value_counts()
        reasons = ": " + ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in counts.items())
    return f"Without a p-value: {count_text(int(missing.sum()), 'gene')}{reasons}."


#: Inches that a panel of one gene needs.
_TOP_WIDTH, _TOP_COLUMNS = 1.45, 4


def _smallest_pvalues(results: pd.DataFrame, n_genes: int) -> np.ndarray:
    order = np.lexsort([-np.nan_to_num(np.abs(numbers(results["stat"]))), numbers(results["pvalue"])])
    return order[np.isfinite(numbers(results["pvalue"])[order])][:n_genes]


def top_genes(results: pd.DataFrame, n_genes: int) -> pd.DataFrame:
    """Return the genes with the smallest p-values; of equal ones those with the largest statistics."""
    return results.iloc[_smallest_pvalues(results, n_genes)]


@styled
def top_genes_plot(
    results: pd.DataFrame,
    normalized: pd.DataFrame,
    groups: pd.Series,
    title: str,
    *,
    n_genes: int = 12,
    genes: Sequence[str] = (),
) -> Figure:
    """Draw the normalised counts of chosen genes and those with the smallest p-values, one point per sample.

    Parameters
    ----------
    results
        Table of a contrast.
    normalized
        Normalised counts, genes x samples; half a count is added, so that zeros have a place on the axis.
    groups
        By sample: the level that a sample belongs to (text, or categories in their order), or its value of a covariate
        (numbers).
    title
        What is compared.
    n_genes
        Number of panels, more if more genes are chosen.
    genes
        Ids or symbols of genes that come first.
    """
    own = _own_genes(results, genes)
    chosen = _first_own(own, _smallest_pvalues(results, n_genes))[: max(n_genes, len(own))]
    n_columns = min(_TOP_COLUMNS, int(look().room / _TOP_WIDTH))
    rows = max(1, -(-len(chosen) // n_columns))
    figure = style.new_figure(height=1.0 + 2.0 * rows)
    of_choice = f"{count_text(len(own), 'gene')} of choice, and those" if len(own) else "Genes"
    style.title(figure, f"{of_choice} with the smallest p-values, {title}")
    if not len(chosen):
        style.note(figure.subplots(), "No gene has a p-value.")
        return figure
    is_number = pd.api.types.is_numeric_dtype(groups)
    levels = [] if is_number else _levels_of(groups)
    # The same small steps to the sides in each panel keep samples apart; no chance is involved.
    steps = (np.arange(len(groups)) * 0.618034 % 1 - 0.5) * 0.5
    x = groups.to_numpy(dtype=float) if is_number else np.array([levels.index(group) for group in groups]) + steps
    labels, padj = gene_labels(results), numbers(results["padj"])
    axes = figure.subplots(rows, n_columns, squeeze=False, sharex=True).ravel()
    for place, position in zip(axes, chosen, strict=False):
        counts = numbers(normalized.loc[results.index[position], groups.index]) + 0.5
        for group in levels or [None]:
            inside = np.ones(len(x), dtype=bool) if group is None else (groups == group).to_numpy()
            number = 0 if group is None else levels.index(group)
            marks = {"color": style.level_color(number), "marker": style.level_marker(number)}
            place.scatter(x[inside], counts[inside], s=16, linewidths=0.4, edgecolors=style.EDGE, **marks)
        place.set_yscale("log", base=2)
        place.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
        place.yaxis.set_minor_locator(NullLocator())
        place.set_title(labels[position].replace(" (", "\n("))
        place.set_xlabel(adjusted_p_text(padj[position]).replace(" p ", " p " if look().is_wide else " p\n"))
        place.grid(axis="y")
        if is_number:
            place.xaxis.set_major_locator(MaxNLocator(4))
        else:
            place.set(xticks=[], xlim=(-0.6, len(levels) - 0.4))
    for place in axes[len(chosen) :]:
        place.set_axis_off()
    figure.supylabel("normalised count + 0.5", fontsize=style.TEXT)
    if is_number:
        figure.supxlabel(str(groups.name), fontsize=style.TEXT)
        return figure
    handles = [
        Line2D([], [], marker=style.level_marker(k), color="none", markerfacecolor=style.level_color(k), markersize=6)
        for k in range(min(len(levels), style.MAX_LEGEND))
    ]
    names = style.shown_names(levels[: style.MAX_LEGEND])
    style.legend_below(figure, handles, names, columns=6)
    return figure


def _levels_of(groups: pd.Series) -> list[str]:
    """Return the levels that there are: categories in their order, text as it first appears."""
    if isinstance(groups.dtype, pd.CategoricalDtype):
        return [level for level in groups.cat.categories if (groups == level).any()]
    return list(dict.fromkeys(groups))


# ---- dispersions


@styled
def dispersion_plot(genes: pd.DataFrame) -> Figure:
    """Draw gene-wise, fitted and final dispersions over mean counts.

    Parameters
    ----------
    genes
        `base_mean`, `disp_gene_wise`, `disp_fitted`, `dispersion`, `disp_outlier` by gene.
    """
    mean, gene_wise, fitted, final = (
        numbers(genes[name]) for name in ("base_mean", "disp_gene_wise", "disp_fitted", "dispersion")
    )
    outlier = genes["disp_outlier"].astype(str).str.lower().isin(("true", "1", "1.0")).to_numpy()
    known = (mean > 0) & np.isfinite(gene_wise) & np.isfinite(final)
    figure = style.new_figure(height=5.2)
    axes = figure.subplots()
    style.title(figure, f"Dispersions, {count_text(int(known.sum()), 'gene')}")
    if not known.any():
        style.note(axes, "No gene has a dispersion.")
        return figure
    # Estimates at the lower bound (1e-8) say "no more than Poisson noise": they go to the edge.
    floor = 10 ** (np.floor(np.log10(np.min(final[known], initial=1, where=final[known] > 1e-7))) - 0.5)
    low = known & (gene_wise < floor)
    marks = {"linewidths": 0, "rasterized": style.is_dense(known.sum())}
    inside = known & ~low
    axes.scatter(mean[inside], gene_wise[inside], s=7, color=style.NEUTRAL, alpha=0.45, **marks)
    axes.scatter(mean[low], np.full(low.sum(), floor), s=14, marker="v", color=style.NEUTRAL, clip_on=False, **marks)
    shrunken = known & ~outlier
    axes.scatter(mean[shrunken], np.maximum(final[shrunken], floor), s=5, color=style.DOWN, alpha=0.5, **marks)
    circled = known & outlier
    axes.scatter(
        mean[circled], gene_wise[circled], s=34, facecolors="none", edgecolors=style.DOWN, linewidths=0.7, zorder=4
    )
    curve = np.flatnonzero(known & np.isfinite(fitted))
    curve = curve[np.argsort(mean[curve], kind="stable")]
    axes.plot(mean[curve], fitted[curve], color=style.UP, linewidth=2, zorder=5)
    style.log_axis(axes, "x")
    style.log_axis(axes, "y")
    axes.set(xlabel="mean of normalised counts", ylabel="dispersion", ylim=(floor, None))
    axes.grid()
    dot = {"marker": "o", "color": "none", "markeredgewidth": 0, "markersize": 6}
    handles = [
        Line2D([], [], markerfacecolor=style.NEUTRAL, **dot),
        Line2D([], [], color=style.UP, linewidth=2),
        Line2D([], [], markerfacecolor=style.DOWN, **dot),
        Line2D([], [], marker="o", color="none", markerfacecolor="none", markeredgecolor=style.DOWN, markersize=7),
    ]
    labels = ["gene-wise", "fitted", "final (shrunken)", f"outlier, kept gene-wise, {circled.sum():,}"]
    if low.any():
        handles.append(Line2D([], [], **(dot | {"marker": "v"}), markerfacecolor=style.NEUTRAL))
        labels.append(f"gene-wise below the axis, {low.sum():,}")
    style.legend_below(figure, handles, labels, columns=5)
    return figure
