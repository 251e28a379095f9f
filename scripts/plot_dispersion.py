"""Draw gene-wise, fitted and final dispersions: does the trend fit, and what does shrinkage do?"""

from degsteps.figures.style import save
from degsteps.figures.test import dispersion_plot
from degsteps.step import Input, Output, run
from degsteps.tables import read_table


def main(genes: Input, figure_png: Output, figure_svg: Output) -> None:
    """Draw the dispersions of the fit."""
    save(dispersion_plot(read_table(genes)), figure_png, figure_svg)


if __name__ == "__main__":
    run(main)
