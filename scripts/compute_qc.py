"""Compute what the quality figures show, as tables: libraries, distributions, PCA, distances, outliers, verdicts.

Reads everything and changes nothing. Flagged samples are reported, never dropped.
"""

import pandas as pd

from degsteps.batch.design_matrix import surrogate_columns, with_surrogates
from degsteps.figures import clustering as trees
from degsteps.normalize.size_factors import length_factors, normalization_factors
from degsteps.qc import measures
from degsteps.qc import verdicts as qc_verdicts
from degsteps.qc.lopsided import lopsided_verdict, nuisance_design
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_matrix, read_samples, read_table, write_table


def main(
    counts: Input,
    raw_counts: Input,
    samples: Input,
    size_factors: Input,
    transformed: Input,
    libraries: Output,
    boxplots: Output,
    densities: Output,
    pca: Output,
    variance: Output,
    loadings: Output,
    association: Output,
    distances: Output,
    clustering: Output,
    outliers: Output,
    verdicts: Output,
    model: dict,
    columns: list[str],
    batch_columns: list[str],
    top_genes: int,
    outlier_mad: float,
    tested_factors: list[str],
    size_factor_method: str,
    control_genes: str | None,
    transform_method: str,
    blinded_columns: list[str],
    within: str | None = None,
    adjusted: OptionalInput = None,
    lengths: OptionalInput = None,
) -> dict:
    """Write every quality table; matrices are genes x samples.

    Samples that differ by nature, as sums of several cell types do, are compared ``within`` the levels of a column.
    """
    factor = read_table(size_factors)["size_factor"]
    values = read_matrix(transformed)
    kept_counts = read_matrix(counts)
    of_genes = read_matrix(lengths).loc[kept_counts.index] if lengths else None
    factors = factor if of_genes is None else normalization_factors(of_genes, factor)
    stages = {"before": measures.log2_counts(kept_counts), "after": measures.log2_counts(kept_counts, factors)}
    boxes = {name: measures.box_statistics(log_values) for name, log_values in stages.items()}
    boxes["rle"] = measures.box_statistics(measures.relative_log_expression(stages["after"]))
    write_table(box_table := measures.stacked(boxes), boxplots)
    write_table(measures.densities(stages), densities)

    library_table = measures.library_table(read_matrix(raw_counts), factor, values, boxes["rle"])
    given = read_samples(samples).loc[values.columns]
    flags = qc_verdicts.outliers_within(library_table, given[within] if within else None, outlier_mad)
    write_table(library_table.assign(flags=qc_verdicts.flag_reasons(flags)), libraries)
    write_table(flags, outliers)

    surrogates = surrogate_columns(given, model)
    all_columns = list(dict.fromkeys([*columns, *batch_columns]))
    sheet = measures.sample_columns(given, [*all_columns, *surrogates], with_surrogates(model, surrogates))
    components = {"transformed": measures.principal_components(values, top_genes)}
    if adjusted:
        components["adjusted"] = measures.principal_components(read_matrix(adjusted), top_genes)
    write_table(measures.stacked({kind: found.scores for kind, found in components.items()}), pca)
    write_table(variances := measures.stacked({kind: found.variance for kind, found in components.items()}), variance)
    write_table(measures.stacked({kind: found.loadings for kind, found in components.items()}), loadings)
    write_table(associations := measures.association_table(components, sheet), association)

    is_paired = values.shape[1] <= measures.MOST_PAIRED
    between = measures.sample_distances(values) if is_paired else measures.nearest_samples(values)
    write_table(between.round(6), distances)
    write_table(trees.clustering(between if is_paired else between.iloc[:0, :0]), clustering)

    found = qc_verdicts.verdicts(
        library_table,
        box_table,
        flags,
        variances,
        associations,
        all_columns,
        batch_columns,
        surrogates,
        blinded_columns,
    )
    scores = components["transformed"].scores
    found = pd.concat([found, qc_verdicts.depth_verdict(scores, library_table, transform_method)])
    groups = {name: given[name].where(given[name] != "") for name in tested_factors}
    nuisance = nuisance_design(given, with_surrogates(model, surrogates), tested_factors)
    has_controls = control_genes is not None
    comparable = kept_counts if of_genes is None else kept_counts / length_factors(of_genes)
    found.loc["lopsided"] = lopsided_verdict(comparable, factor, groups, size_factor_method, has_controls, nuisance)
    write_table(qc_verdicts.softened(found) if within else found, verdicts)
    return {
        "n_samples": values.shape[1],
        "n_genes": values.shape[0],
        "n_genes_in_pca": {kind: found.n_genes for kind, found in components.items()},
        "flagged_samples": list(pd.unique(flags.index[flags["flagged"]])),
    }


if __name__ == "__main__":
    run(main)
