"""Draw the variances of the fit over the mean: does the trend fit, and (dispersions) what does shrinkage do?"""

from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Input, Output, run
from degsteps.tables import read_table
from degsteps.test.figures.contrast import dispersion_plot
from degsteps.test.figures.mean_variance import mean_variance_plot
from degsteps.test.figures.quasi_dispersion import quasi_dispersion_plot

#: By what the record of an engine says of its figure.
FIGURES = {
    "dispersion": dispersion_plot,
    "mean_variance": mean_variance_plot,
    "quasi_dispersion": quasi_dispersion_plot,
}


def main(
    genes: Input,
    figure_png: Output,
    figure_svg: Output,
    kind: str,
    look: dict | None = None,
) -> None:
    """Draw what shows the fit of the engine."""
    use_look(look or {})
    save(FIGURES[kind](read_table(genes)), figure_png, figure_svg)


if __name__ == "__main__":
    run(main)
