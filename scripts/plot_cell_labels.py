"""Draw markers of labels, given labels against the others, and how many cells of each type a donor has."""

from degsteps.cells import composition
from degsteps.cells.counts_file import CountsReader
from degsteps.cells.figures.confusion import confusion_plot
from degsteps.cells.figures.donor_grid import donor_grid
from degsteps.cells.figures.markers import marker_dots
from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Input, Output, run
from degsteps.tables import read_table

_SOURCES = {
    "mapped": "Given labels and those of the reference",
    "by_markers": "Given labels and those by markers",
    "cluster": "Given labels and clusters",
}


def main(
    counts: Input,
    cells: Input,
    labels: Input,
    dots: Input,
    confusion: Input,
    dots_png: Output,
    dots_svg: Output,
    confusion_png: Output,
    confusion_svg: Output,
    grid_png: Output,
    grid_svg: Output,
    sample_columns: list,
    min_cells: int,
    markers_given: bool,
    look: dict | None = None,
) -> dict:
    """``sample_columns`` are what makes a sample beside the donor; the confusion is that of the best other source."""
    use_look(look or {})
    table = read_table(labels, text=("given", "mapped", "by_markers", "cluster", "used"))
    with CountsReader(counts) as stored:
        obs = stored.obs()
    names = obs.index.astype(str)
    kept = (read_table(cells)["verdict"].reindex(names) == "kept").to_numpy()
    used = table["used"].reindex(names).fillna("")
    of_cells = obs[["donor", *sample_columns]].astype(object).astype(str)[kept & (used != "").to_numpy()]
    counted = composition.cells_per_type(composition.sample_names(of_cells), used.loc[of_cells.index.astype(str)])
    save(donor_grid(counted, min_cells), grid_png, grid_svg)
    title = "Given markers" if markers_given else "The best markers of each label"
    save(marker_dots(read_table(dots, text=("symbol", "label")), title), dots_png, dots_svg)
    crossed = read_table(confusion, text=("source", "label"))
    source = next((name for name in _SOURCES if (crossed["source"] == name).any()), "mapped")
    save(confusion_plot(crossed, source, _SOURCES[source]), confusion_png, confusion_svg)
    return {"confusion": source if len(crossed) else None, "gaps": int((counted < min_cells).to_numpy().sum())}


if __name__ == "__main__":
    run(main)
