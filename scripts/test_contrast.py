"""Test one contrast in every gene, from the stored fit: Wald or likelihood-ratio test, multiple testing.

Maximum-likelihood and shrunken fold changes (apeGLM: Zhu, Ibrahim & Love 2019) stand side by side; neither replaces
the other.
"""

import numpy as np

from degsteps.batch.design_matrix import (
    compared_samples,
    contrast_facts,
    design_of,
    expanded_design,
    group_labels,
    reduced_design,
)
from degsteps.design.contrasts import words
from degsteps.design.weights import compile_contrast
from degsteps.engines import dispatch as models
from degsteps.step import Input, Output, run
from degsteps.tables import order_by_significance, read_matrix, read_model, read_samples, write_table


def main(
    model: Input,
    counts: Input,
    size_factors: Input,
    samples: Input,
    table: Output,
    contrast: dict,
    design: dict,
    alpha: float,
    cooks_filter: bool,
    independent_filtering: bool,
    adjustment: str,
    shrinkage: str,
) -> dict:
    """Write the contrast's table; the facts hold the weights of the coefficients, so that the sign can be checked."""
    fit, matrix, sheet = read_model(model), read_matrix(counts), read_samples(samples)
    built = design_of(sheet.loc[fit.obs_names], design)
    compiled = compile_contrast(built, contrast)
    options = {"cooks_filter": cooks_filter, "independent_filtering": independent_filtering, "shrinkage": shrinkage}
    options |= {"alpha": alpha, "adjustment": adjustment, "lfc_null": contrast["lfc_null"]}
    options |= {
        "alternative": contrast["alternative"],
        "reduced": reduced_design(sheet.loc[fit.obs_names], design, contrast),
    }
    options["compared"] = compared_samples(built, contrast, compiled)
    options["expanded"] = expanded_design(built) if shrinkage == "normal" else None
    result, facts = models.contrast_table(fit, matrix, np.array(compiled.weights), **options)
    reasons = result.pop("na_reason")
    if compiled.factors:
        groups = group_labels(sheet, compiled.factors)
        result = result.join(models.group_means(matrix, models.offsets(fit, size_factors), groups))
    write_table(order_by_significance(result.assign(na_reason=reasons)), table)
    called = result["padj"] < alpha
    shrunken = {"normal_prior_on": facts.pop("normal_prior_on")} if shrinkage == "normal" else {}
    return contrast_facts(built, compiled) | {
        "without_counts": facts.pop("without_counts", 0),
        **shrunken,
        "adjustment": facts,
        "title": words(contrast).title,
        "up": int((called & (result["log2_fold_change"] > 0)).sum()),
        "down": int((called & (result["log2_fold_change"] < 0)).sum()),
    }


if __name__ == "__main__":
    run(main)
