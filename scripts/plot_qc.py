"""Draw every figure of quality control from the tables of compute_qc. One job: matplotlib is loaded once."""

from degsteps.batch.design_matrix import surrogate_columns, with_surrogates
from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.figures.style import scales
from degsteps.qc import figures, measures
from degsteps.qc.neighbour_figures import nearest_samples_plot
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_samples, read_table


def main(
    samples: Input,
    libraries: Input,
    boxplots: Input,
    densities: Input,
    pca: Input,
    variance: Input,
    loadings: Input,
    association: Input,
    distances: Input,
    clustering: Input,
    libraries_png: Output,
    libraries_svg: Output,
    boxplots_png: Output,
    boxplots_svg: Output,
    rle_png: Output,
    rle_svg: Output,
    densities_png: Output,
    densities_svg: Output,
    pca_png: Output,
    pca_svg: Output,
    scree_png: Output,
    scree_svg: Output,
    loadings_png: Output,
    loadings_svg: Output,
    association_png: Output,
    association_svg: Output,
    distances_png: Output,
    distances_svg: Output,
    model: dict,
    columns: list[str],
    batch_columns: list[str],
    annotation: OptionalInput = None,
    look: dict | None = None,
) -> None:
    """Draw; the first of the columns colours figures that have room for one."""
    use_look(look or {})
    library_table = read_table(libraries, text=("flags",))
    given = read_samples(samples).loc[library_table.index]
    surrogates = surrogate_columns(given, model)
    known = with_surrogates(model, surrogates)
    sheet = measures.sample_columns(given, list(dict.fromkeys([*columns, *batch_columns, *surrogates])), known)
    units = {name: of.get("unit", "") for name, of in known["covariates"].items()}
    shown = scales(sheet, units)
    first = next(iter(shown.values()), None)
    boxes, scores, spread, weights = (read_table(path) for path in (boxplots, pca, variance, loadings))
    symbols = read_table(annotation, text=("symbol",)).get("symbol") if annotation else None
    flagged = list(library_table.index[library_table["flags"].fillna("").astype(str) != ""])
    save(figures.libraries(library_table, first), libraries_png, libraries_svg)
    save(figures.boxplots(boxes, first, flagged), boxplots_png, boxplots_svg)
    save(figures.relative_log_expression(boxes, first, flagged), rle_png, rle_svg)
    save(figures.densities(read_table(densities), first), densities_png, densities_svg)
    save(figures.principal_components(scores, spread, weights, shown, flagged), pca_png, pca_svg)
    save(figures.scree(spread), scree_png, scree_svg)
    save(figures.top_loadings(weights, symbols), loadings_png, loadings_svg)
    save(figures.pc_association(read_table(association), shown), association_png, association_svg)
    between = read_table(distances)
    if list(between.columns) == list(between.index):
        drawn = figures.distance_heatmap(between, read_table(clustering), shown, flagged)
    else:
        drawn = nearest_samples_plot(between, library_table["flags"], first)
    save(drawn, distances_png, distances_svg)


if __name__ == "__main__":
    run(main)
