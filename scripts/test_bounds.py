"""Test one contrast against bounds of its fold change: how many genes change by more than each of them."""

from dataclasses import replace

import pandas as pd

from degsteps.batch.design_matrix import as_frame
from degsteps.design.compiled import CompiledDesign
from degsteps.engines.interface import TableSettings
from degsteps.engines.registry import engine_of
from degsteps.step import Input, Output, run
from degsteps.tables import read_json, read_matrix, read_model, write_table
from degsteps.test.bounds import called_beyond
from degsteps.test.contrasts import compiled_contrasts


def main(
    model: Input,
    counts: Input,
    design: Input,
    bounds: Output,
    contrast: dict,
    alpha: float,
    cooks_filter: bool,
    independent_filtering: bool,
    adjustment: str,
    effect_bounds: list,
) -> dict:
    """Write the numbers of genes that are called in each direction, by bound."""
    stored, matrix = read_model(model), read_matrix(counts)
    engine, of_samples = engine_of(stored), CompiledDesign.from_json(read_json(design))
    fitted = engine.read(stored)
    tested = compiled_contrasts(of_samples, {"": contrast}, as_frame(of_samples.design))[""]
    settings = TableSettings(alpha, cooks_filter, independent_filtering, adjustment)

    def table_beyond(bound: float) -> pd.DataFrame:
        return engine.contrast_table(fitted, matrix, replace(tested, lfc_null=bound), settings)[0]

    found = called_beyond(table_beyond, effect_bounds, alpha)
    write_table(found, bounds)
    return {"bounds": effect_bounds}


if __name__ == "__main__":
    run(main)
