"""Draw what a contrast loses and gains without each sample."""

from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Input, Output, run
from degsteps.tables import read_table
from degsteps.test.figures.stability import influence_plot
from degsteps.test.influence import influence_facts


def main(
    influence: Input,
    genes: Input,
    figure_png: Output,
    figure_svg: Output,
    contrast: str,
    title: str,
    alpha: float,
    look: dict | None = None,
) -> dict:
    """The facts hold how many calls stand without any one sample, and how many depend on one alone."""
    use_look(look or {})
    of_samples = read_table(influence, text=("without", "problem")).loc[[contrast]]
    every = read_table(genes, text=("contrast", "lost_without"))
    of_genes = every[every["contrast"] == contrast]
    shares = of_genes["still_called"] / of_genes["n_fits"].where(of_genes["n_fits"] > 0)
    save(influence_plot(of_samples, shares, title, alpha), figure_png, figure_svg)
    return {"contrast": contrast, **influence_facts(of_samples, of_genes)}


if __name__ == "__main__":
    run(main)
