"""Draw shares of cell types by the levels of a contrast, with lines between the samples of one donor."""

from degsteps.cells.figures.composition import share_plot
from degsteps.design.contrasts import words
from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Input, Output, run
from degsteps.tables import read_table


def main(
    composition: Input,
    shares: Input,
    figure_png: Output,
    figure_svg: Output,
    name: str,
    contrast: dict,
    look: dict | None = None,
) -> None:
    """Levels are those of the contrast's factor, its reference first."""
    use_look(look or {})
    tested = read_table(composition, text=("contrast",))
    factor = contrast["factor"]
    table = read_table(shares, text=("cell_type", "donor", factor))
    first = [level for level in (contrast.get("reference"), contrast.get("test")) if level]
    levels = [*first, *[level for level in sorted(table[factor].unique()) if level and level not in first]]
    own = tested[tested["contrast"] == name]
    title = f"Shares of cell types, {words(contrast).title}"
    save(share_plot(table, factor, levels, own, title), figure_png, figure_svg)


if __name__ == "__main__":
    run(main)
