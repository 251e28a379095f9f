"""Count and draw which contrasts call the same genes (UpSet: Lex et al. 2014, IEEE TVCG 20:1983)."""

from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Inputs, Output, run
from degsteps.tables import read_table, write_table
from degsteps.test import overlap
from degsteps.test.figures.contrast import criterion
from degsteps.test.figures.overlap import upset_plot


def main(
    contrast_tables: Inputs,
    overlaps: Output,
    figure_png: Output,
    figure_svg: Output,
    alpha: float,
    min_log2_fold_change: float,
    look: dict | None = None,
) -> dict:
    """Write how many genes are called by exactly which contrasts."""
    use_look(look or {})
    tables = {path.stem: read_table(path, text=("na_reason",)) for path in contrast_tables}
    signs = overlap.called_signs(tables, alpha, min_log2_fold_change)
    groups = overlap.intersections(signs)
    write_table(groups, overlaps)
    save(upset_plot(signs, groups, criterion(alpha, min_log2_fold_change)), figure_png, figure_svg)
    return {"combinations": len(groups), "genes": int(groups["genes"].sum())}


if __name__ == "__main__":
    run(main)
