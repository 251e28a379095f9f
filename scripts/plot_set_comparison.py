"""Draw the first sets of all contrasts beside each other: direction and evidence, without a new test."""

from degsteps.enrich.figures.sets import comparison_plot
from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Input, Output, run
from degsteps.tables import read_table


def main(
    compared: Input,
    figure_png: Output,
    figure_svg: Output,
    collection: str,
    contrasts: list,
    alpha: float,
    shown: int,
    look: dict | None = None,
) -> dict:
    """Draw one set of each group, that with the smallest p-value in any contrast."""
    use_look(look or {})
    text = ("title", "representative", *(f"direction_{name}" for name in contrasts))
    figure = comparison_plot(
        read_table(compared, text), contrasts, f"{collection}, all contrasts", alpha=alpha, shown_sets=shown
    )
    save(figure, figure_png, figure_svg)
    return {"collection": collection, "contrasts": contrasts}


if __name__ == "__main__":
    run(main)
