"""Compare what the engines say about a contrast: who calls which gene, how far they agree, and the figure of it."""

from degsteps.engines.registry import input_words
from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Input, Inputs, Output, run
from degsteps.tables import read_table, write_table
from degsteps.test import concordance
from degsteps.test.figures.concordance import concordance_plot


def main(
    table: Input,
    second: Inputs,
    genes: Output,
    agreement: Output,
    figure_png: Output,
    figure_svg: Output,
    contrast: str,
    title: str,
    engine: str,
    alpha: float,
    concordance_input: str,
    look: dict | None = None,
) -> dict:
    """Take the contrast out of each engine's tables; files of second engines are named after them."""
    use_look(look or {})
    first = read_table(table, text=("na_reason",))
    others = {}
    for path in second:
        every = read_table(path, text=("contrast",))
        others[path.stem] = every[every["contrast"] == contrast]
    by_gene, pairs = concordance.compare(first, others, engine=engine, alpha=alpha)
    write_table(by_gene, genes)
    write_table(pairs, agreement)
    note = input_words(list(others), concordance_input)
    save(concordance_plot(first, others, title, engine=engine, alpha=alpha, note=note), figure_png, figure_svg)
    return {"agreement": pairs.reset_index().astype(object).where(pairs.reset_index().notna(), None).to_dict("records")}


if __name__ == "__main__":
    run(main)
