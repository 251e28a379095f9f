"""Test several contrasts of each gene stage by stage: does the gene change at all, then in which of them?

Heller et al. 2009 (overall false discovery rate); Van den Berge et al. 2017; Shaffer 1986. The screening is the
test of the design against the one in which all contrasts are 0: likelihood ratio, or the moderated F of linear models.
"""

import numpy as np

from degsteps.batch.design_matrix import as_frame
from degsteps.design.compiled import CompiledDesign
from degsteps.engines.interface import Contrast, TableSettings
from degsteps.engines.registry import engine_of
from degsteps.step import Input, Inputs, Output, run
from degsteps.tables import order_by_significance, read_json, read_matrix, read_model, read_table, write_table
from degsteps.test import stage_wise as stages
from degsteps.test.contrasts import compiled_contrasts


def main(
    model: Input,
    counts: Input,
    design: Input,
    contrast_tables: Inputs,
    table: Output,
    family: str,
    contrasts: dict,
    confirmation: str,
    alpha: float,
    cooks_filter: bool,
    independent_filtering: bool,
) -> dict:
    """Write the screening and the confirmed contrasts of each gene."""
    stored, matrix = read_model(model), read_matrix(counts)
    engine, of_samples = engine_of(stored), CompiledDesign.from_json(read_json(design))
    columns = as_frame(of_samples.design)
    compiled = compiled_contrasts(of_samples, contrasts, columns)
    weights = np.array([compiled[name].weights for name in contrasts])
    of_all = Contrast(weights[0], reduced=stages.design_under_no_change(columns, weights))
    settings = TableSettings(alpha, cooks_filter, independent_filtering)
    screening, _ = engine.contrast_table(engine.read(stored), matrix, of_all, settings)
    by_name = {path.stem: read_table(path, text=("na_reason",)) for path in contrast_tables}
    tables = {name: by_name[name] for name in contrasts}
    result, facts = stages.stage_wise(screening, tables, weights, alpha=alpha, method=confirmation)
    write_table(order_by_significance(result), table)
    called = {name: int((of_contrast["padj"] < alpha).sum()) for name, of_contrast in tables.items()}
    return {"family": family, "confirmation": confirmation, "called_alone": called, **facts}


if __name__ == "__main__":
    run(main)
