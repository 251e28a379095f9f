"""Draw which genes were dropped, at what abundance and why."""

from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.filter.figures import gene_filter
from degsteps.step import Input, Output, run
from degsteps.tables import read_matrix, read_table


def main(
    counts: Input,
    genes: Input,
    figure_png: Output,
    figure_svg: Output,
    look: dict | None = None,
) -> None:
    """Draw the filter's table; the counts give the abundance of the dropped genes too."""
    use_look(look or {})
    save(gene_filter(read_matrix(counts), read_table(genes, text=("reason",))), figure_png, figure_svg)


if __name__ == "__main__":
    run(main)
