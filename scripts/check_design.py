"""Write the design matrix and measure how far the columns of the sample sheet are confounded.

The association of two factors is Cramer's V, that of a factor and a number the correlation ratio; where a
contrast cannot be told from other columns at all, the run has stopped before the first job.
"""

import pandas as pd

from degsteps.batch.association import confounding_table
from degsteps.batch.design_matrix import (
    as_frame,
    cells_table,
    compiled_design,
    crosstabs,
    splines_of,
    surrogate_columns,
)
from degsteps.design.confounding import equation
from degsteps.design.rank import rank_report
from degsteps.step import Input, Output, run
from degsteps.tables import read_samples, write_json, write_table


def main(
    samples: Input,
    design: Output,
    association: Output,
    crosstab: Output,
    cells: Output,
    summary: Output,
    compiled: Output,
    model: dict,
    batch_columns: list[str],
    max_cramers_v: float,
) -> dict:
    """Write the matrix and the tables that let a reader check it."""
    sheet = read_samples(samples)
    stored = compiled_design(sheet, model)
    built = stored.design
    report = rank_report(built)
    columns = list(dict.fromkeys([*model["factors"], *model["covariates"], *batch_columns]))
    surrogates = surrogate_columns(sheet, model)
    typed = sheet[[*columns, *surrogates]].astype(dict.fromkeys([*model["covariates"], *surrogates], float))
    limits = {"warn": max_cramers_v, "confounded": max(0.9, max_cramers_v)}
    associations = confounding_table(typed, columns, **limits)
    for name in surrogates:
        # That it follows a column outside of the formula is what it is for.
        inside = [column for column in built.formula.columns if column not in surrogates]
        pairs = confounding_table(typed, [name, *inside], **limits)
        associations = pd.concat([associations, pairs[pairs["a"] == name]])
    write_table(as_frame(built), design)
    write_table(associations.set_index("a"), association)
    write_table(crosstabs(sheet, [name for name in columns if name not in model["covariates"]]), crosstab)
    write_table(cells_table(built), cells)
    facts = {
        "formula": str(built.formula),
        "levels": {name: list(levels) for name, levels in built.levels.items()},
        "coefficients": list(built.columns),
        "rank": report.rank,
        "residual_df": report.residual_df,
    } | ({"splines": knots} if (knots := splines_of(built)) else {})
    if built.dropped:
        facts["dropped"] = {entry.column: equation(entry.combination) for entry in built.dropped}
    write_json(facts, summary)
    write_json(stored.as_json(), compiled)
    return facts


if __name__ == "__main__":
    run(main)
