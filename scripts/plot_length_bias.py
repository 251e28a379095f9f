"""Draw how often genes are called by their length, in each contrast."""

from degsteps.enrich.figures.bias import length_plot
from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Input, Output, run
from degsteps.tables import read_table


def main(
    rates: Input,
    figure_png: Output,
    figure_svg: Output,
    collection: str,
    contrasts: list,
    look: dict | None = None,
) -> dict:
    """Draw the table of call rates; where too few lengths are known, the figure says so."""
    use_look(look or {})
    table = read_table(rates)
    save(length_plot(table, contrasts, f"Call rate by gene length, {collection}"), figure_png, figure_svg)
    return {"collection": collection, "contrasts": [name for name in contrasts if name in table.index]}


if __name__ == "__main__":
    run(main)
