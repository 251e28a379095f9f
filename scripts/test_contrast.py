"""Test one contrast in every gene, from the stored fit: Wald test, Benjamini-Hochberg, independent filtering.

Maximum-likelihood and shrunken fold changes (apeGLM: Zhu, Ibrahim & Love 2019) stand side by side; neither replaces
the other.
"""

import numpy as np

from degsteps import model as models
from degsteps.design import contrast_vector
from degsteps.model_matrix import design_of
from degsteps.step import Input, Output, run
from degsteps.tables import order_by_significance, read_model, read_samples, write_table


def main(
    model: Input,
    samples: Input,
    table: Output,
    contrast: dict,
    design: dict,
    alpha: float,
    cooks_filter: bool,
    independent_filtering: bool,
    shrinkage: str,
) -> dict:
    """Write the contrast's table; the facts hold the weights of the coefficients, so that the sign can be checked."""
    fit, sheet = read_model(model), read_samples(samples)
    built = design_of(sheet.loc[fit.obs_names], design)
    vector = np.array(contrast_vector(built, contrast))
    result = models.wald_test(
        fit, vector, alpha=alpha, cooks_filter=cooks_filter, independent_filtering=independent_filtering
    )
    reasons = result.pop("na_reason")
    if shrinkage == "apeglm":
        result["lfc_shrunken"] = models.shrink_fold_changes(fit, vector)
    result = result.join(models.group_means(fit, sheet[contrast["factor"]])).assign(na_reason=reasons)
    write_table(order_by_significance(result), table)
    called = result["padj"] < alpha
    return {
        "weights": {name: weight for name, weight in zip(built.columns, vector, strict=True) if weight},
        "up": int((called & (result["log2_fold_change"] > 0)).sum()),
        "down": int((called & (result["log2_fold_change"] < 0)).sum()),
    }


if __name__ == "__main__":
    run(main)
