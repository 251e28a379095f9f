"""Draw the variances of the fit over the mean: does the trend fit, and (dispersions) what does shrinkage do?"""

from degsteps.figures.style import save
from degsteps.step import Input, Output, run
from degsteps.tables import read_table
from degsteps.test.figures.contrast import dispersion_plot
from degsteps.test.figures.mean_variance import mean_variance_plot
from degsteps.test.figures.quasi_dispersion import quasi_dispersion_plot


def main(genes: Input, figure_png: Output, figure_svg: Output) -> None:
    """Draw dispersions, or the trend of the weights of linear models."""
    fitted = read_table(genes)
    draw = dispersion_plot
    if "voom_trend" in fitted.columns:
        draw = mean_variance_plot
    elif "quasi_posterior" in fitted.columns:
        draw = quasi_dispersion_plot
    save(draw(fitted), figure_png, figure_svg)


if __name__ == "__main__":
    run(main)
