"""Draw the MA, volcano and p-value figures of one contrast, and judge the shape of its p-values."""

from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.figures.style import numbers
from degsteps.step import Input, Output, run
from degsteps.tables import read_table
from degsteps.test.figures import contrast as figures
from degsteps.test.pvalue_shape import pvalue_shape


def main(
    table: Input,
    ma_png: Output,
    ma_svg: Output,
    volcano_png: Output,
    volcano_svg: Output,
    pvalues_png: Output,
    pvalues_svg: Output,
    title: str,
    alpha: float,
    min_log2_fold_change: float,
    labelled_genes: int,
    point_null: bool,
    genes: tuple[str, ...] | list[str] = (),
    look: dict | None = None,
) -> dict:
    """Draw; the facts hold the verdict on the p-values."""
    use_look(look or {})
    results = read_table(table, text=("symbol", "na_reason"))
    calls = {"alpha": alpha, "min_log2_fold_change": min_log2_fold_change, "labelled_genes": labelled_genes}
    calls["genes"] = genes
    save(figures.ma_plot(results, title, **calls), ma_png, ma_svg)
    save(figures.volcano_plot(results, title, **calls), volcano_png, volcano_svg)
    n_called = int((numbers(results["padj"]) < alpha).sum())
    save(figures.pvalue_histogram(results, title, point_null, called=n_called), pvalues_png, pvalues_svg)
    shape = pvalue_shape(numbers(results["pvalue"]), point_null, called=n_called)
    called = figures.called_genes(results, alpha, min_log2_fold_change)
    missing = [gene for gene, rows in figures.positions_of(results, genes).items() if not rows]
    return {
        "up": int((called > 0).sum()),
        "down": int((called < 0).sum()),
        "pvalues": vars(shape),
        "genes_not_in_table": missing,
    }


if __name__ == "__main__":
    run(main)
