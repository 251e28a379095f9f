"""Write a contrast's table of sets with the genes that carry them, and draw the first sets of each group.

Shares and bar codes with running sums, a map, the leading genes over the samples, and what would be called by chance.
"""

import numpy as np
import pandas as pd

from degsteps.design.weights import contrast_columns
from degsteps.enrich.figures import bias, leading, set_map
from degsteps.enrich.figures import sets as figures
from degsteps.enrich.presenting import SetGenes, running_sum, sets_of_contrast
from degsteps.enrich.ranking import called_genes, is_unsigned, statistic
from degsteps.figures.look import use_look
from degsteps.figures.saving import save
from degsteps.figures.style import scales
from degsteps.qc.measures import sample_columns
from degsteps.step import Input, Output, run
from degsteps.tables import read_frame, read_matrix, read_samples, read_table, read_text_table, write_table

#: Sets whose leading genes are drawn, and genes of each.
_HEATMAP_SETS, _HEATMAP_GENES = 4, 10


def main(
    tests: Input,
    members: Input,
    genes: Input,
    calibration: Input,
    contrast_table: Input,
    transformed: Input,
    samples: Input,
    table: Output,
    first_png: Output,
    first_svg: Output,
    map_png: Output,
    map_svg: Output,
    leading_png: Output,
    leading_svg: Output,
    calibration_png: Output,
    calibration_svg: Output,
    collection: str,
    name: str,
    contrast: dict,
    title: str,
    design: dict,
    calls: dict,
    rank_by: str,
    alpha: float,
    shown: int,
    similarity: float,
    look: dict | None = None,
) -> dict:
    """Order and numbers are those of the tests; figures show one set of each group, the map all."""
    use_look(look or {})
    every = read_frame(tests)
    found = every[every["contrast"] == name].dropna(axis="columns", how="all")
    account, results = read_text_table(genes), read_table(contrast_table, ("na_reason",))
    results = results[results["pvalue"].notna()]
    in_background = account.index[account["background"] == "true"]
    results = results.loc[in_background[in_background.isin(results.index)]]
    called = called_genes(results, calls["alpha"], calls["min_log2_fold_change"])
    ranks = statistic(results, contrast, rank_by)
    symbols = None
    if "symbol" in account and (account["symbol"] != "").any():
        symbols = account["symbol"].reindex(results.index)
        symbols = symbols.where(symbols != "", results.index.to_series())
    of_sets = SetGenes(read_text_table(members)["genes"].reindex(found.index), results.index, ranks)
    written = sets_of_contrast(found, of_sets, called["both"], symbols)
    write_table(written, table)
    method = next(column.removeprefix("padj_") for column in found if column.startswith("padj_")) if len(found) else ""
    drawn = found.assign(padj=found[f"padj_{method}"] if method else np.nan)
    first = drawn[~drawn["group"].duplicated()].head(shown)
    heading = f"{collection}, {title}"
    shares = pd.Series({each: called["both"][of_sets.rows(each)].mean() for each in first.index}, dtype=float)
    rate = float(called["both"].mean()) if len(results) else 0.0
    order = np.empty(len(ranks), dtype=int)
    order[np.lexsort((np.asarray(results.index, dtype=str), -ranks))] = np.arange(len(ranks))
    codes = [running_sum(of_sets.rows(each), order, ranks) for each in first.index]
    overview = figures.overview(
        first,
        shares,
        [code[0] for code in codes],
        [code[1] for code in codes],
        len(ranks),
        heading,
        alpha=alpha,
        rate=rate,
        method=bias.method_words(method),
        ends=("most changed", "least changed") if is_unsigned(contrast) else ("up", "down"),
    )
    save(overview, first_png, first_svg)
    mapped = drawn.head(min(2 * shown, 60))
    rows = [of_sets.rows(each) for each in mapped.index]
    save(
        set_map.set_map(mapped, _matrix(rows, len(ranks)), heading, alpha=alpha, least=similarity / 2), map_png, map_svg
    )
    labels = results.index if symbols is None else symbols
    values, sheet = read_matrix(transformed), read_samples(samples)
    columns = list(dict.fromkeys([*contrast_columns(contrast), *design["factors"], *design["covariates"]]))
    sheet = sheet.loc[values.columns]
    shown_columns = sample_columns(sheet, [column for column in columns if column in sheet], design)
    # Categories are in the order of the configuration, the reference first.
    ordered = shown_columns.sort_values(list(shown_columns), kind="stable").index
    blocks = []
    for each, direction, of_set in zip(first.index, first["direction"], first["title"], strict=True):
        if len(blocks) < _HEATMAP_SETS:
            chosen = of_sets.leading(each, direction, _HEATMAP_GENES)
            blocks.append((of_set, values.loc[results.index[chosen], ordered], list(np.asarray(labels)[chosen])))
    units = {key: covariate.get("unit", "") for key, covariate in design["covariates"].items()}
    save(leading.leading_heatmap(blocks, scales(shown_columns, units), heading), leading_png, leading_svg)
    rates = read_table(calibration, ("method",))
    rates = rates[rates.index == name]
    save(bias.calibration_plot(rates, heading, alpha), calibration_png, calibration_svg)
    return {"collection": collection, "contrast": name, "method": method, "sets": len(written), "shown": len(first)}


def _matrix(rows: list[np.ndarray], n_genes: int) -> np.ndarray:
    members = np.zeros((len(rows), n_genes))
    for number, of_set in enumerate(rows):
        members[number, of_set] = 1.0
    return members


if __name__ == "__main__":
    run(main)
