"""Draw what a contrast calls under other settings, and how many settings call its genes."""

from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Input, Output, run
from degsteps.tables import read_table
from degsteps.test.figures.stability import sensitivity_plot


def main(
    settings: Input,
    table: Input,
    figure_png: Output,
    figure_svg: Output,
    contrast: str,
    title: str,
    alpha: float,
    look: dict | None = None,
) -> dict:
    """The facts hold how many calls stand under all settings."""
    use_look(look or {})
    results = read_table(table, text=("na_reason",))
    shares = results.loc[results["padj"] < alpha, "stability"]
    of_contrast = read_table(settings, text=("problem",)).loc[[contrast]]
    save(sensitivity_plot(of_contrast, shares, title, alpha), figure_png, figure_svg)
    return {
        "contrast": contrast,
        "calls": len(shares),
        "in_all": int((shares > 1 - 1e-9).sum()),
        "in_half": int((shares >= 0.5).sum()),
        "settings": len(of_contrast),
        "computed": int((of_contrast["problem"] == "").sum()),
        "lowest_jaccard": float(of_contrast["jaccard"].min()),
    }


if __name__ == "__main__":
    run(main)
