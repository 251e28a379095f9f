"""Draw a contrast's top genes: normalised counts, one point per sample, and transformed values as a heatmap."""

import itertools

import pandas as pd

from degsteps.batch.design_matrix import group_labels
from degsteps.design.compiled import CompiledDesign
from degsteps.design.weights import contrast_columns
from degsteps.figures import heatmap
from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.figures.style import scales
from degsteps.normalize.size_factors import normalization_factors
from degsteps.qc import measures
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_json, read_matrix, read_samples, read_table
from degsteps.test.figures import contrast as figures


def main(
    table: Input,
    counts: Input,
    size_factors: Input,
    samples: Input,
    compiled: Input,
    transformed: Input,
    figure_png: Output,
    figure_svg: Output,
    heatmap_png: Output,
    heatmap_svg: Output,
    title: str,
    contrast: dict,
    design: dict,
    alpha: float,
    min_log2_fold_change: float,
    heatmap_genes: int,
    lengths: OptionalInput = None,
    genes: tuple[str, ...] | list[str] = (),
    look: dict | None = None,
) -> dict:
    """Groups are the levels that the contrast is about, or the values of its covariate."""
    use_look(look or {})
    results, matrix = read_table(table, text=("symbol", "na_reason")), read_matrix(counts)
    sheet = read_samples(samples).loc[matrix.columns]
    built = CompiledDesign.from_json(read_json(compiled)).design
    columns = contrast_columns(contrast, built.levels) or list(built.levels)[-1:]
    if contrast["covariate"]:
        groups = sheet[contrast["covariate"]].astype(float)
    else:
        factors = [name for name in columns if name in built.levels]
        # In the order of the configuration, the reference first, and not as the samples stand in the sheet.
        order = [":".join(levels) for levels in itertools.product(*(built.levels[name] for name in factors))]
        groups = group_labels(sheet, factors)
        groups = groups.astype(pd.CategoricalDtype(list(dict.fromkeys([*order, *groups]))))
    scale = read_table(size_factors)["size_factor"].loc[matrix.columns]
    offsets = normalization_factors(read_matrix(lengths).loc[matrix.index, matrix.columns], scale) if lengths else scale
    save(figures.top_genes_plot(results, matrix / offsets, groups, title, genes=genes), figure_png, figure_svg)
    called = figures.called_genes(results, alpha, min_log2_fold_change) != 0
    own = [row for rows in figures.positions_of(results, genes).values() for row in rows]
    chosen = results.index[list(dict.fromkeys(own))]
    first = figures.top_genes(results[called] if called.any() else results, heatmap_genes)
    top = results.loc[[*chosen, *first.index.difference(chosen, sort=False)]]
    labels = dict(zip(results.index, figures.gene_labels(results), strict=True))
    shown = scales(
        measures.sample_columns(sheet, list(dict.fromkeys([*columns, *built.levels, *design["covariates"]])), design),
        {name: covariate.get("unit", "") for name, covariate in design["covariates"].items()},
    )
    drawn = heatmap.gene_heatmap(
        read_matrix(transformed).loc[top.index, matrix.columns],
        [labels[gene] for gene in top.index],
        shown,
        title,
        n_called=int(called.sum()),
        n_chosen=len(chosen),
    )
    save(drawn, heatmap_png, heatmap_svg)
    return {"groups": columns, "heatmap_genes": len(top)}


if __name__ == "__main__":
    run(main)
