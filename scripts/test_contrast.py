"""Test one contrast in every gene, from the stored fit: Wald or likelihood-ratio test, multiple testing.

Maximum-likelihood and shrunken fold changes (apeGLM: Zhu, Ibrahim & Love 2019) stand side by side; neither replaces
the other.
"""

from dataclasses import replace

import numpy as np

from degsteps.batch.design_matrix import (
    compared_samples,
    contrast_facts,
    expanded_design,
    group_labels,
    reduced_design,
    sheet_of,
)
from degsteps.design.compiled import CompiledDesign
from degsteps.design.contrasts import has_one_fold_change, words
from degsteps.design.weights import compile_contrast
from degsteps.engines.interface import Contrast, TableSettings
from degsteps.engines.registry import engine_of
from degsteps.step import Input, Output, run
from degsteps.tables import order_by_significance, read_json, read_matrix, read_model, read_samples, write_table
from degsteps.test.bounds import called_beyond
from degsteps.test.single_units import log_counts, what_calls_rest_on
from degsteps.test.tables import group_means, offsets


def main(
    model: Input,
    counts: Input,
    size_factors: Input,
    design: Input,
    samples: Input,
    table: Output,
    contrast: dict,
    alpha: float,
    cooks_filter: bool,
    independent_filtering: bool,
    adjustment: str,
    shrinkage: str,
    lfc_threshold: float,
    name: str,
    effect_bounds: list,
    unit_columns: list,
) -> dict:
    """Write the contrast's table; the facts hold the weights of the coefficients, so that the sign can be checked."""
    stored, matrix = read_model(model), read_matrix(counts)
    of_samples = CompiledDesign.from_json(read_json(design))
    engine, built = engine_of(stored), of_samples.design
    fitted = engine.read(stored)
    compiled = compile_contrast(built, contrast)
    tested = Contrast(
        np.array(compiled.weights),
        reduced_design(of_samples, contrast),
        contrast["lfc_null"],
        contrast["alternative"],
        compared_samples(built, contrast, compiled),
        expanded_design(built) if shrinkage == "normal" else None,
    )
    settings = TableSettings(alpha, cooks_filter, independent_filtering, adjustment, shrinkage, lfc_threshold)
    result, facts = engine.contrast_table(fitted, matrix, tested, settings)
    reasons = result.pop("na_reason")
    divided_by, sheet = offsets(fitted, size_factors), read_samples(samples).loc[list(built.samples)]
    if compiled.factors:
        groups = group_labels(sheet_of(of_samples), compiled.factors)
        result = result.join(group_means(matrix, divided_by, groups))
    write_table(order_by_significance(result.assign(na_reason=reasons)), table)
    units = {"sample": sheet.index.to_series()} | {column: sheet[column] for column in unit_columns}
    rests = {}
    if has_one_fold_change(contrast):
        rests = what_calls_rest_on(
            result,
            lambda genes: log_counts(matrix.loc[genes, list(built.samples)], divided_by),
            np.array(built.rows, dtype=float),
            tested.weights,
            units,
            alpha,
        )
    plain = TableSettings(alpha, cooks_filter, independent_filtering, adjustment)
    beyond = called_beyond(
        lambda bound: engine.contrast_table(fitted, matrix, replace(tested, lfc_null=bound), plain)[0],
        effect_bounds,
        alpha,
    )
    called = result["padj"] < alpha
    bound = {"bound_test": facts.pop("bound_test")} if "bound_test" in facts else {}
    shrunken = {"normal_prior_on": facts.pop("normal_prior_on")} if shrinkage == "normal" else {}
    return contrast_facts(built, compiled) | {
        "contrast": name,
        "beyond": beyond,
        "rests_on": rests,
        "without_counts": facts.pop("without_counts", 0),
        **shrunken,
        **bound,
        "adjustment": facts,
        "title": words(contrast).title,
        "up": int((called & (result["log2_fold_change"] > 0)).sum()),
        "down": int((called & (result["log2_fold_change"] < 0)).sum()),
    }


if __name__ == "__main__":
    run(main)
