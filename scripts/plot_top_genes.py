"""Draw the normalised counts of a contrast's top genes, one point per sample: what the p-values rest on."""

from degsteps.contrasts import contrast_columns
from degsteps.figures import test as figures
from degsteps.figures.style import save
from degsteps.model_matrix import design_of, group_labels
from degsteps.step import Input, Output, run
from degsteps.tables import read_matrix, read_samples, read_table


def main(
    table: Input,
    counts: Input,
    size_factors: Input,
    samples: Input,
    figure_png: Output,
    figure_svg: Output,
    title: str,
    contrast: dict,
    design: dict,
) -> dict:
    """Groups are the levels that the contrast is about, or the values of its covariate."""
    results, sheet = read_table(table, text=("symbol", "na_reason")), read_samples(samples)
    matrix, built = read_matrix(counts), design_of(sheet, design)
    columns = contrast_columns(contrast, built.levels) or list(built.levels)[-1:]
    if contrast["covariate"]:
        groups = sheet[contrast["covariate"]].astype(float)
    else:
        groups = group_labels(sheet, [name for name in columns if name in built.levels])
    normalized = matrix / read_table(size_factors)["size_factor"].loc[matrix.columns]
    save(figures.top_genes_plot(results, normalized, groups.loc[matrix.columns], title), figure_png, figure_svg)
    return {"groups": columns}


if __name__ == "__main__":
    run(main)
