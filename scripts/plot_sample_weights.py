"""Draw the weights of the samples."""

from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Input, Output, run
from degsteps.tables import read_table
from degsteps.test.figures.sample_weights import sample_weights_plot


def main(
    weights: Input,
    figure_png: Output,
    figure_svg: Output,
    look: dict | None = None,
) -> None:
    """One dot per sample, in groups."""
    use_look(look or {})
    save(sample_weights_plot(read_table(weights, text=("group",))), figure_png, figure_svg)


if __name__ == "__main__":
    run(main)
