"""Figures of quality control, from the tables that :mod:`degsteps.qc.measures` makes.

Up to 60 samples are drawn one by one, with their names; beyond that, as bands and strips over all samples.
"""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator, PercentFormatter

from degsteps.figures import style
from degsteps.figures.artists import Axes, Figure, Line2D, LineCollection, Patch
from degsteps.figures.clustering import leaf_order
from degsteps.figures.heatmap import draw_tree, legends_and_colors, names_that_fit, sample_bar
from degsteps.figures.labels import place_labels
from degsteps.figures.look import look
from degsteps.figures.style import Scale, count_text, shown_names, styled

_KIND_TITLES = {"transformed": "Before batch adjustment", "adjusted": "After batch adjustment (figures only)"}
_ROW = 0.2
#: More labels than this in a scatter plot hide it.
_MAX_POINT_LABELS = 30


# ---- one value range per sample


@styled
def boxplots(boxes: pd.DataFrame, scale: Scale | None, flagged: Sequence[str] = ()) -> Figure:
    """Draw log2 counts of each sample before and after normalisation, side by side.

    Parameters
    ----------
    boxes
        Index `sample`, columns of :func:`degsteps.qc.measures.box_statistics` and `values` (before, after).
    scale
        Column that colours the samples.
    flagged
        Samples that are named where there are too many to name all.
    """
    panels = {
        "Before normalisation": (boxes[boxes["values"] == "before"], "log2(count + 1)"),
        "After normalisation": (boxes[boxes["values"] == "after"], "log2(normalised count + 1)"),
    }
    figure = _box_figure(panels, scale, flagged)
    style.title(figure, f"Counts per gene, {_samples_and_genes(boxes)}")
    return figure


@styled
def relative_log_expression(boxes: pd.DataFrame, scale: Scale | None, flagged: Sequence[str] = ()) -> Figure:
    """Draw relative log expression: each sample's deviations from the genes' medians, after normalisation."""
    rle = boxes[boxes["values"] == "rle"]
    figure = _box_figure({"": (rle, "log2 normalised count, minus the gene's median")}, scale, flagged, zero=True)
    style.title(figure, f"Relative log expression, {_samples_and_genes(rle)}")
    return figure


def _samples_and_genes(boxes: pd.DataFrame) -> str:
    n_genes = int(boxes["n_genes"].iloc[0])
    return f"{count_text(boxes.index.nunique(), 'sample')}, {count_text(n_genes, 'gene')}"


def _box_figure(
    panels: Mapping[str, tuple[pd.DataFrame, str]], scale: Scale | None, flagged: Sequence[str], *, zero: bool = False
) -> Figure:
    first = next(iter(panels.values()))[0]
    if len(first) > style.MANY_SAMPLES:
        return _band_figure(panels, scale, flagged, zero=zero)
    figure = style.new_figure(height=max(1.3 + max(1.2, _ROW * len(first)), style.legend_height(scale) + 0.6))
    axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    for place, (name, (part, label)) in zip(axes, panels.items(), strict=True):
        colors = _colors(scale, part.index)
        positions = np.arange(len(part))
        place.hlines(positions, part["whisker_low"], part["whisker_high"], color="#777777", linewidth=0.9)
        place.barh(
            positions, part["q3"] - part["q1"], left=part["q1"], height=0.62, color=colors, alpha=0.75, linewidth=0
        )
        place.vlines(part["median"], positions - 0.31, positions + 0.31, color="black", linewidth=1.4)
        centre = float(part["median"].median())
        place.axvline(0 if zero else centre, color="#444444", linewidth=0.8, linestyle=(0, (4, 3)), zorder=0.5)
        place.set(title=name, xlabel=label, ylim=(len(part) - 0.4, -0.6))
        place.grid(axis="x")
    _name_rows(axes, first.index)
    _legend(figure, scale)
    return figure


def _band_figure(
    panels: Mapping[str, tuple[pd.DataFrame, str]], scale: Scale | None, flagged: Sequence[str], *, zero: bool
) -> Figure:
    is_wide = look().is_wide
    shape = (1, len(panels)) if is_wide else (len(panels), 1)
    figure = style.new_figure(height=max(4.2, style.legend_height(scale) + 0.6) if is_wide else 0.8 + 3.0 * len(panels))
    axes = figure.subplots(*shape, sharey=True, squeeze=False).ravel()
    for place, (name, (part, label)) in zip(axes, panels.items(), strict=True):
        part = part.iloc[_grouped(scale, part.index)]
        positions = np.arange(len(part))
        for low, high, color in (("whisker_low", "whisker_high", "#DDDDDD"), ("q1", "q3", "#7FB2D6")):
            place.fill_between(positions, part[low], part[high], step="mid", color=color, linewidth=0)
        place.step(positions, part["median"], where="mid", color="black", linewidth=0.8)
        if zero:
            place.axhline(0, color=style.UP, linewidth=0.8, zorder=1.5)
        place.set(title=name, ylabel=label, xlim=(-0.5, len(part) - 0.5), xlabel=_order_label(scale))
        place.yaxis.set_tick_params(labelleft=True)
        _strip(place, scale, part.index)
        _name_flagged(place, part.index, flagged, look().room / shape[1] - 0.8)
    handles = [
        Patch(color="#7FB2D6", label="middle half of the genes"),
        Patch(color="#DDDDDD", label="whiskers (1.5 times that)"),
        Line2D([], [], color="black", label="median"),
    ]
    labels = [handle.get_label() for handle in handles]
    if is_wide or scale is None:
        style.legend_below(figure, handles, labels, columns=3)
        _legend(figure, scale)
    else:  # one legend: two would lie on each other
        entries = scale.legend_entries()
        handles += [Patch(color=color) for _, color, _ in entries]
        style.legend_below(figure, handles, [*labels, *(f"{scale.title}: {name}" for name, _, _ in entries)], columns=3)
    return figure


def _colors(scale: Scale | None, samples: pd.Index) -> np.ndarray:
    if scale is None:
        return np.tile(matplotlib.colors.to_rgb(style.COLORS[0]), (len(samples), 1))
    return scale.colors(samples)


def _legend(figure: Figure, scale: Scale | None) -> None:
    if scale is not None:
        style.level_legend(figure, scale, patches=True)


def _name_rows(axes: Sequence[Axes], samples: pd.Index, flagged: Sequence[str] = ()) -> None:
    names = shown_names(samples)
    marked = set(flagged)
    labels = [f"{name} *" if sample in marked else name for name, sample in zip(names, samples, strict=True)]
    style.named_ticks(axes[0], "y", range(len(samples)), labels)
    for place in axes:
        place.tick_params(axis="y", length=0)


def _grouped(scale: Scale | None, samples: pd.Index) -> np.ndarray:
    """Return the order in which many samples stand: by level or number, then as in the sheet."""
    if scale is None:
        return np.arange(len(samples))
    keys = scale.codes(samples) if scale.levels is not None else scale.values.loc[samples].to_numpy(dtype=float)
    return np.argsort(keys, kind="stable")


def _order_label(scale: Scale | None) -> str:
    return "samples" if scale is None else f"samples, ordered by {scale.title}"


def _strip(axes: Axes, scale: Scale | None, samples: pd.Index) -> None:
    """Draw a strip of the samples' colours below the axes."""
    axes.set_xticks([])
    if scale is None:
        return
    strip = axes.inset_axes((0, -0.045, 1, 0.03))
    strip.imshow(scale.colors(samples)[None, :, :], aspect="auto", interpolation="nearest")
    strip.set_axis_off()
    n_rows = axes.get_subplotspec().get_gridspec().nrows
    axes.xaxis.labelpad = look().unit * (4.0 + 0.8 * 3.2 * style.height_of(axes.figure) / n_rows)


def _name_flagged(axes: Axes, samples: pd.Index, flagged: Sequence[str], room: float, axis: str = "x") -> None:
    """Name flagged samples above many (or left of them), as far as names have room beside each other.

    Parameters
    ----------
    samples
        In the order in which they stand, at 0, 1, 2 ...
    room
        Length of the axis in inches of the code.
    """
    least = 0.135 / room * len(samples)
    places: list[int] = []
    for place in np.flatnonzero(samples.isin(list(flagged))):
        if not places or place - places[-1] >= least:
            places.append(int(place))
    if not places:
        return
    style.named_ticks(axes, axis, places, shown_names(samples[places], 20))
    if axis == "x":
        axes.xaxis.tick_top()
        axes.tick_params(axis="x", labelrotation=90, length=2)


@styled
def libraries(table: pd.DataFrame, scale: Scale | None) -> Figure:
    """Draw library size, detected genes and the share of the largest genes of each sample.

    Parameters
    ----------
    table
        From :func:`degsteps.qc.measures.library_table`, with the column `flags` (blank if the sample is not flagged).
    """
    panels = (
        ("library_size", "Library size", "million reads", 1e-6),
        ("detected_genes", "Genes with a read", "thousand genes", 1e-3),
        ("top_20_share", "Largest 20 genes", "% of the reads", 100.0),
    )
    flagged = list(table.index[table["flags"].fillna("").astype(str) != ""])
    many = len(table) > style.MANY_SAMPLES
    if many:
        figure = style.new_figure(height=max(6.0, style.legend_height(scale) + 0.6))
        axes = figure.subplots(3, 1)
        table = table.iloc[_grouped(scale, table.index)]
    else:
        figure = style.new_figure(height=max(1.3 + max(1.2, _ROW * len(table)), style.legend_height(scale) + 0.6))
        axes = figure.subplots(1, 3, sharey=True)
    colors, positions = _colors(scale, table.index), np.arange(len(table))
    for place, (column, name, unit, factor) in zip(axes, panels, strict=True):
        values = table[column].to_numpy(dtype=float) * factor
        if many:
            place.bar(positions, values, width=1.0, color=colors, linewidth=0)
            place.set(title=name, ylabel=unit, xlim=(-0.5, len(table) - 0.5))
            place.grid(axis="y")
            place.yaxis.set_major_locator(MaxNLocator(4))
            place.set_xticks([])
        else:
            place.barh(positions, values, height=0.7, color=colors, linewidth=0)
            place.set(title=name, xlabel=unit, ylim=(len(table) - 0.4, -0.6))
            place.grid(axis="x")
            place.xaxis.set_major_locator(MaxNLocator(5))
        _mark_flagged(place, positions, values, table.index.isin(flagged), many)
    if many:
        _strip(axes[-1], scale, table.index)
        axes[-1].set_xlabel(_order_label(scale))
        _name_flagged(axes[0], table.index, flagged, look().room - (2.2 if look().is_wide else 0.8))
    else:
        _name_rows(axes, table.index, flagged)
    _legend(figure, scale)
    mark = f" (* flagged: {len(flagged)})" if flagged else ""
    style.title(figure, f"Libraries, {count_text(len(table), 'sample')}{mark}")
    return figure


def _mark_flagged(axes: Axes, positions: np.ndarray, values: np.ndarray, flagged: np.ndarray, many: bool) -> None:
    for position, value in zip(positions[flagged], values[flagged], strict=True):
        x, y = (position, value) if many else (value, position)
        shift = (0, 1) if many else (3, -3.5)
        axes.annotate(
            "*",
            (x, y),
            xytext=shift,
            textcoords="offset points",
            fontsize=1.2 * style.TEXT,
            ha="center" if many else "left",
        )


@styled
def densities(table: pd.DataFrame, scale: Scale | None) -> Figure:
    """Draw the density of the log2 counts of each sample, before and after normalisation.

    Parameters
    ----------
    table
        From :func:`degsteps.qc.measures.densities`.
    """
    grid, heights = table.columns[1:].astype(float).to_numpy(), table.iloc[:, 1:].to_numpy(dtype=float)
    visible = grid[(heights > 1e-3 * heights.max()).any(axis=0)]
    figure = style.new_figure(height=max(3.8, style.legend_height(scale) + 0.6))
    axes = figure.subplots(1, 2, sharey=True)
    panels = (
        ("before", "Before normalisation", "log2(count + 1)"),
        ("after", "After normalisation", "log2(normalised count + 1)"),
    )
    for place, (stage, name, label) in zip(axes, panels, strict=True):
        part = table[table["values"] == stage]
        curves = part.iloc[:, 1:].to_numpy(dtype=float)
        lines = [np.column_stack([grid, curve]) for curve in curves]
        many = len(lines) > style.MANY_SAMPLES
        collection = LineCollection(
            lines, colors=_colors(scale, part.index), linewidths=0.7 if many else 1.1, alpha=0.9
        )
        collection.set_rasterized(many)
        place.add_collection(collection)
        place.set(title=name, xlabel=label, xlim=(visible[0], visible[-1]))
        place.grid()
    axes[1].tick_params(axis="y", length=0)
    axes[0].set(ylabel="density of genes", ylim=(0, 1.05 * heights.max()))
    _legend(figure, scale)
    style.title(figure, f"Distribution of the counts per gene, {count_text(table.index.nunique(), 'sample')}")
    return figure


# ---- principal components


@styled
def principal_components(
    scores: pd.DataFrame,
    variance: pd.DataFrame,
    loadings: pd.DataFrame,
    scales: Mapping[str, Scale],
    flagged: Sequence[str] = (),
) -> Figure:
    """Draw the samples on their principal components, one row per column of the sample sheet.

    Where there are batch-adjusted values, PC1 and PC2 before and after stand side by side; otherwise PC1 with PC2, and
    PC3 with PC4.

    Parameters
    ----------
    scores, variance, loadings
        Of :func:`degsteps.qc.measures.principal_components`, with the column `values`.
    scales
        Columns that colour the samples.
    flagged
        Samples that are named where there are too many to name all.
    """
    n_samples = scores.index.nunique()
    n_genes = int((loadings["values"] == "transformed").sum())
    heading = f"Principal components, {count_text(n_samples, 'sample')}, {count_text(n_genes, 'most variable gene')}"
    if not len(variance):
        return _nothing(heading)
    if (scores["values"] == "adjusted").any():
        panels = [("transformed", 0, _KIND_TITLES["transformed"]), ("adjusted", 0, _KIND_TITLES["adjusted"])]
    else:
        n_found = len(variance)
        panels = [("transformed", 0, "PC1 and PC2")] + [("transformed", 2, "PC3 and PC4")] * (n_found >= 4)
    rows = list(scales.values()) or [None]
    is_wide = look().is_wide
    heights = [max(3.7, style.legend_height(scale) + 0.5) if is_wide else 3.0 for scale in rows]
    legends = 0.0 if is_wide else sum(_height_of_row(scale) for scale in rows)
    figure = style.new_figure(height=0.7 + sum(heights) + legends)
    axes, below = _rows_of_panels(figure, rows, len(panels), heights)
    labelled = []
    for row, legend_place, scale in zip(axes, below, rows, strict=True):
        for place, (kind, start, name) in zip(row, panels, strict=True):
            points = _component_panel(
                place, scores[scores["values"] == kind], variance[variance["values"] == kind], start, scale
            )
            place.set_title(name)
            labelled.append((place, *points))
        if scale is not None and is_wide:
            style.level_legend(row[-1], scale)
        elif scale is not None:
            _legend_of_row(legend_place, scale)
    style.title(figure, heading)
    for place, x, y, samples in labelled:
        chosen = samples.isin(list(flagged)) if n_samples > _MAX_POINT_LABELS else np.full(len(samples), True)
        if chosen.any():
            names = np.array(shown_names(samples, 16), dtype=object)
            place_labels(place, x[chosen], y[chosen], names[chosen], avoid=(x, y))
    return figure


def _rows_of_panels(
    figure: Figure, rows: Sequence[Scale | None], n_panels: int, heights: Sequence[float]
) -> tuple[list[list[Axes]], list[Axes | None]]:
    """Return the axes of each row of panels, and axes below each for its legend where there is no room beside them."""
    if look().is_wide:
        axes = figure.subplots(len(rows), n_panels, squeeze=False, height_ratios=heights)
        return [list(row) for row in axes], [None] * len(rows)
    both = [height for scale, of_row in zip(rows, heights, strict=True) for height in (of_row, _height_of_row(scale))]
    grid = figure.add_gridspec(len(both), n_panels, height_ratios=both)
    axes = [[figure.add_subplot(grid[2 * row, column]) for column in range(n_panels)] for row in range(len(rows))]
    below = [figure.add_subplot(grid[2 * row + 1, :]) for row in range(len(rows))]
    for place in below:
        place.set_axis_off()
    return axes, below


def _columns_of_row(scale: Scale) -> int:
    entries = scale.legend_entries()
    most = max(int((look().room - 0.6) / (0.45 + 0.08 * max(len(entry[0]) for entry in entries))), 1)
    return -(-len(entries) // -(-len(entries) // most))


def _height_of_row(scale: Scale | None) -> float:
    """Return the height of a legend below a row of panels, in inches of the code."""
    return 0.1 if scale is None else 0.19 * (-(-len(scale.legend_entries()) // _columns_of_row(scale)) + 1) + 0.1


def _legend_of_row(place: Axes, scale: Scale) -> None:
    """Put a legend below the panels of a row, in as many columns as the figure has room for."""
    at = {"loc": "upper left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.0, "ncols": _columns_of_row(scale)}
    style.level_legend(place, scale, **at).set_in_layout(False)


def _nothing(heading: str, reason: str = "The samples do not differ: there is no component.") -> Figure:
    figure = style.new_figure(height=2.0)
    style.note(figure.subplots(), reason)
    style.title(figure, heading)
    return figure


def _component_panel(
    axes: Axes, scores: pd.DataFrame, variance: pd.DataFrame, start: int, scale: Scale | None
) -> tuple[np.ndarray, np.ndarray, pd.Index]:
    samples = scores.index
    # A component that has no variance is blank in the table; with two samples there is no PC2.
    names = [f"PC{start + 1}", f"PC{start + 2}"]
    x, y = (scores[name].to_numpy(dtype=float) if name in variance.index else np.zeros(len(samples)) for name in names)
    labels = [
        f"{name} ({variance.loc[name, 'fraction']:.1%} of the variance)" if name in variance.index else f"{name} (none)"
        for name in names
    ]
    size = 46 if len(samples) <= _MAX_POINT_LABELS else 26 if len(samples) <= 150 else 14
    common = {"s": size, "edgecolors": style.EDGE, "linewidths": 0.3, "zorder": 3}
    if scale is None or scale.levels is None:
        axes.scatter(x, y, c=_colors(scale, samples), **common)
    else:
        codes = scale.codes(samples)
        for code in sorted(set(codes)):
            chosen = codes == code
            color, marker = (style.MISSING, ".") if code < 0 else (scale.color(code), style.level_marker(code))
            axes.scatter(x[chosen], y[chosen], color=[color], marker=marker, **common)
    axes.set(xlabel=labels[0], ylabel=labels[1])
    axes.margins(0.14 if len(samples) <= _MAX_POINT_LABELS else 0.06)
    for values, setter in ((x, axes.set_xlim), (y, axes.set_ylim)):
        if not np.ptp(values):
            setter(-1, 1)
    if names[1] not in variance.index:
        axes.set_yticks([])
    axes.grid()
    return x, y, samples


@styled
def scree(variance: pd.DataFrame) -> Figure:
    """Draw the part of the variance that each component explains, and the sum up to it."""
    if not len(variance):
        return _nothing("Variance of the principal components")
    kinds = list(dict.fromkeys(variance["values"]))
    is_wide = look().is_wide
    figure = style.new_figure(height=3.5 if is_wide else 0.9 + 2.3 * len(kinds))
    shape = (1, len(kinds)) if is_wide else (len(kinds), 1)
    axes = figure.subplots(*shape, sharey=True, squeeze=False).ravel()
    for place, kind in zip(axes, kinds, strict=True):
        part = variance[variance["values"] == kind]
        positions = np.arange(len(part))
        place.bar(positions, part["fraction"], color=style.COLORS[0], width=0.7, label="this component")
        place.plot(positions, part["cumulative"], "o-", color=style.COLORS[3], markersize=4, label="all up to it")
        names = [f"{name}\n{fraction:.0%}" for name, fraction in part["fraction"].items()]
        style.named_ticks(place, "x", positions, names)
        place.set(title=_KIND_TITLES[kind] if len(kinds) > 1 else "", ylim=(0, 1.08), xlim=(-0.6, len(part) - 0.4))
        place.yaxis.set_major_formatter(PercentFormatter(1.0))
        place.grid(axis="y")
    for place in axes:
        place.set_ylabel("% of the variance" if place is axes[0] or not is_wide else "")
    handles, labels = axes[-1].get_legend_handles_labels()
    style.legend_below(figure, handles, labels, columns=2)
    style.title(figure, "Variance of the principal components")
    return figure


@styled
def top_loadings(loadings: pd.DataFrame, symbols: pd.Series | None = None, n_genes: int = 15) -> Figure:
    """Draw the genes that weigh most in PC1 and PC2.

    Parameters
    ----------
    loadings
        Of :func:`degsteps.qc.measures.principal_components`, with the column `values`.
    symbols
        Gene symbols by gene id; the id is shown where there is none.
    """
    kinds = list(dict.fromkeys(loadings["values"]))
    components = [name for name in ("PC1", "PC2") if name in loadings.columns]
    if not len(loadings) or not components:
        return _nothing("Genes that weigh most in the components")
    rows = min(n_genes, int((loadings["values"] == kinds[0]).sum()))
    figure = style.new_figure(height=0.6 + len(kinds) * (0.75 + _ROW * rows))
    axes = figure.subplots(len(kinds), len(components), squeeze=False)
    for row, kind in zip(axes, kinds, strict=True):
        part = loadings[loadings["values"] == kind]
        for place, component in zip(row, components, strict=True):
            weights = part[component].dropna().astype(float)
            largest = weights.iloc[np.argsort(-weights.abs().to_numpy(), kind="stable")[:rows]]
            positions = np.arange(len(largest))
            colors = np.where(largest > 0, style.UP, style.DOWN)
            place.barh(positions, largest, color=colors, height=0.7)
            place.axvline(0, color="#444444", linewidth=0.8)
            style.named_ticks(place, "y", positions, _gene_names(largest.index, symbols))
            suffix = {"transformed": " before adjustment", "adjusted": " after adjustment"}[kind] * (len(kinds) > 1)
            place.set(title=f"{component}{suffix}", xlabel="loading", ylim=(len(largest) - 0.4, -0.6))
            place.grid(axis="x")
    n_used = int((loadings["values"] == kinds[0]).sum())
    style.title(figure, f"Genes that weigh most in the components, {rows} of {n_used:,}")
    return figure


def _gene_names(genes: pd.Index, symbols: pd.Series | None) -> list[str]:
    if symbols is None:
        return [style.shown(gene, 22) for gene in genes]
    names = symbols.reindex(genes).fillna("").astype(str)
    return [style.shown(symbol or gene, 22) for gene, symbol in zip(genes, names, strict=True)]


@styled
def pc_association(association: pd.DataFrame, scales: Mapping[str, Scale]) -> Figure:
    """Draw how much of each component the columns of the sample sheet explain, with stars for adjusted p-values."""
    association = association.assign(**{name: style.numbers(association[name]) for name in ("r_squared", "padj")})
    kinds = list(dict.fromkeys(association["values"]))
    title = "Principal components and columns of the sample sheet: R²"
    if not association["r_squared"].notna().any():
        return _nothing(title, "Nothing can be compared: too few samples, levels or components.")
    covariates = list(dict.fromkeys(association["covariate"]))
    figure = style.new_figure(height=0.9 + len(kinds) * (0.75 + 0.36 * len(covariates)))
    axes = figure.subplots(len(kinds), 1, squeeze=False)[:, 0]
    components = sorted(set(association.index), key=lambda name: int(name.removeprefix("PC")))
    # The first components, as many as have room for their numbers.
    components = components[: max(int((look().room - 2.0) / 0.42), 4)]
    is_close = (look().room - 2.0) / len(components) < 0.62
    for place, kind in zip(axes, kinds, strict=True):
        part = association[association["values"] == kind]
        values = part.pivot(columns="covariate", values="r_squared").T.reindex(index=covariates, columns=components)
        padj = part.pivot(columns="covariate", values="padj").T.reindex(index=covariates, columns=components)
        shades = matplotlib.colormaps[style.CONTINUOUS].with_extremes(bad="#EEEEEE")
        image = place.imshow(values.to_numpy(dtype=float), cmap=shades, vmin=0, vmax=1, aspect="auto")
        line = "\n" if is_close else ""
        for (i, j), value in np.ndenumerate(values.to_numpy(dtype=float)):
            text = (
                "-"
                if np.isnan(value)
                else f"{value:.2f}{line * bool(_stars(padj.iloc[i, j]))}{_stars(padj.iloc[i, j])}"
            )
            color = "black" if np.isnan(value) or value > 0.6 else "white"
            place.text(j, i, text, ha="center", va="center", fontsize=style.SMALL, color=color)
        style.named_ticks(place, "x", range(len(components)), components)
        names = [scales[name].title if name in scales else style.shown(name, 24) for name in covariates]
        style.named_ticks(place, "y", range(len(covariates)), names)
        place.set_title(_KIND_TITLES[kind] if len(kinds) > 1 else "")
        place.tick_params(length=0)
        place.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=list(axes), label="R²", fraction=0.03, pad=0.02)
    bar.outline.set_visible(False)
    figure.supxlabel("* adjusted p < 0.05, ** < 0.01, *** < 0.001 (F test)", fontsize=style.SMALL, x=0.01, ha="left")
    style.title(figure, f"{title}, {count_text(int(association['n_samples'].max()), 'sample')}")
    return figure


def _stars(padj: float) -> str:
    return "" if not padj < 0.05 else "*" if padj >= 0.01 else "**" if padj >= 0.001 else "***"


# ---- distances


@styled
def distance_heatmap(
    distances: pd.DataFrame, merges: pd.DataFrame, scales: Mapping[str, Scale], flagged: Sequence[str] = ()
) -> Figure:
    """Draw distances between samples as a heatmap in the order of their tree, with the columns of the sheet above.

    Parameters
    ----------
    distances
        Samples x samples.
    merges
        Tree of the samples, from :func:`degsteps.figures.clustering.clustering`.
    flagged
        Samples that are named where there are too many to name all.
    """
    order = leaf_order(merges, len(distances))
    ordered = distances.iloc[order, order]
    n_samples, is_wide = len(ordered), look().is_wide
    named = n_samples <= names_that_fit(look().room * (0.62 if is_wide else 0.75))
    bars = [scale for scale in scales.values() if scale.values.notna().any()]
    legends = sum(style.legend_height(scale) + 0.2 for scale in bars) + 1.4 if is_wide else 0.0
    heat_height = min(max(3.6 if is_wide else 2.6, 0.165 * n_samples), 9.0) if named else 6.0 if is_wide else 3.6
    heights = [0.7, *[0.19] * len(bars), heat_height]
    figure = style.new_figure(height=max(sum(heights) + 1.0 + (1.2 if named else 0.0), legends))
    widths = [4.5, 1.7] if is_wide else [1.0]
    grid = figure.add_gridspec(len(heights), len(widths), width_ratios=widths, height_ratios=heights, hspace=0.0)
    figure.get_layout_engine().set(h_pad=0.02, hspace=0.0)
    heat = figure.add_subplot(grid[-1, 0])
    values = ordered.to_numpy(dtype=float, copy=True)
    # A sample is at no distance from itself: left out, so that the colours are spent on the distances there are.
    np.fill_diagonal(values, np.nan)
    low, high = (np.nanmin(values), np.nanmax(values)) if n_samples > 1 else (0, 1)
    shades = matplotlib.colormaps[f"{style.CONTINUOUS}_r"].with_extremes(bad="#EEEEEE")
    limits = {"vmin": low, "vmax": high} if high > low else {"vmin": 0, "vmax": high or 1}
    image = heat.imshow(values, cmap=shades, aspect="auto", interpolation="nearest", **limits)
    heat.spines[:].set_visible(False)
    heat.tick_params(length=0)
    draw_tree(figure.add_subplot(grid[0, 0]), merges, order)
    for i, scale in enumerate(bars, start=1):
        sample_bar(figure.add_subplot(grid[i, 0]), scale, ordered.index)
    if named:
        names = shown_names(ordered.index, 24)
        style.named_ticks(heat, "y", range(n_samples), names)
        style.named_ticks(heat, "x", range(n_samples), names)
        heat.tick_params(axis="x", labelrotation=90)
    else:
        heat.set(xticks=[], yticks=[], xlabel="samples, in the order of the tree")
        _name_flagged(heat, ordered.index, flagged, heat_height, axis="y")
    side = None
    if is_wide:
        side = figure.add_subplot(grid[:, 1])
        side.set_axis_off()
    legends_and_colors(figure, side, bars, image, "Euclidean distance (log2 scale)")
    style.title(figure, f"Distances between {count_text(n_samples, 'sample')}")
    return figure
