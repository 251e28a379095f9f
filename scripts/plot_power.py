"""Draw the power of a contrast over the mean count of genes."""

from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Input, Output, run
from degsteps.tables import read_table
from degsteps.test.figures.power import power_plot


def main(
    power: Input,
    figure_png: Output,
    figure_svg: Output,
    title: str,
    target: float,
    look: dict | None = None,
) -> None:
    """Power of given fold changes on the left, the smallest detectable fold change on the right."""
    use_look(look or {})
    save(power_plot(read_table(power), title, target), figure_png, figure_svg)


if __name__ == "__main__":
    run(main)
