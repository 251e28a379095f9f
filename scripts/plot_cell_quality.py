"""Draw the quality of cells by capture with the limits, and the scores of doublets, from the tables of assess_cells."""

import pandas as pd

from degsteps.cells.doublet_calls import expected_doublets
from degsteps.cells.figures import quality
from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.step import Input, Output, run
from degsteps.tables import read_table


def main(
    cells: Input,
    thresholds: Input,
    quality_png: Output,
    quality_svg: Output,
    doublets_png: Output,
    doublets_svg: Output,
    min_genes: int | None,
    min_counts: int | None,
    max_mito_percent: float | None,
    doublet_rate: float | None,
    look: dict | None = None,
) -> None:
    """Draw; a million cells make figures of the same size as a thousand."""
    use_look(look or {})
    table = read_table(cells, text=("capture", "donor", "verdict", "reason"))
    limits = read_table(thresholds).reset_index()
    limits = limits.assign(**{side: pd.to_numeric(limits[side]) for side in ("lower", "higher")})
    fixed = {"detected": (min_genes, None), "total": (min_counts, None), "mito_percent": (None, max_mito_percent)}
    save(quality.quality_by_capture(table, limits, fixed), quality_png, quality_svg)
    sizes = table.groupby("capture", sort=True).size()
    expected = {name: {"expected": expected_doublets(size, doublet_rate)} for name, size in sizes.items()}
    save(quality.doublet_scores(table, expected), doublets_png, doublets_svg)


if __name__ == "__main__":
    run(main)
