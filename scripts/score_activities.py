"""Score the activity of regulators in every contrast by the statistics of their weighted targets."""

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.design.compiled import CompiledDesign
from degsteps.engines.multiple_testing import adjust_bh
from degsteps.enrich.activities import target_correlations, ulm
from degsteps.enrich.correlation import reference_df, residual_effects, shrunk
from degsteps.enrich.matching import matched, universe_of
from degsteps.enrich.ranking import is_unsigned, statistic, subject_precision
from degsteps.inputs.gene_sets import require_gene_sets
from degsteps.step import Input, Inputs, Output, run
from degsteps.tables import read_json, read_matrix, read_model, read_table, read_text_table, write_table


def main(
    targets: Input,
    tables: Inputs,
    values: Inputs,
    designs: Inputs,
    annotation: Input,
    activities_table: Output,
    activities: dict,
    rank_by: str,
    min_size: int,
    contrasts: dict,
    subsets: list,
    subjects: str | None,
    models: Inputs = (),
    sheets: Inputs = (),
) -> dict:
    """Write one row per regulator and contrast; contrasts without a direction are left out."""
    known = read_text_table(annotation)
    results = {name: read_table(path, ("na_reason",)) for name, path in zip(contrasts, tables, strict=True)}
    universe = universe_of(results, known)
    regulators = require_gene_sets(targets)
    if not all(each.weights for each in regulators):
        raise DataError(f"{targets}: has no column 'weight'. Give the sign and strength of each target's regulation.")
    network = matched(regulators, activities["ids"], universe, str(targets))
    parts = {}
    for name, definition in contrasts.items():
        if is_unsigned(definition):
            continue
        place = subsets.index(definition["sample_set"] or "")
        table = results[name].reindex(universe.genes)
        has_p = np.flatnonzero(table["pvalue"].notna().to_numpy() & (network.represented_by < 0))
        of_genes = network.members[:, has_p]
        chosen = np.flatnonzero((np.diff(of_genes.indptr) >= min_size) & ~network.is_repeated)
        design = CompiledDesign.from_json(read_json(designs[place])).design
        matrix = read_matrix(values[place])[list(design.samples)].reindex(universe.genes[has_p])
        precision = {}
        if subjects is not None:
            column = read_text_table(sheets[place])[subjects].reindex(design.samples)
            precision = subject_precision(column, float(read_model(models[place]).uns["facts"]["correlation"]))
        rows = np.array(design.rows, dtype=float)
        residuals = residual_effects(matrix.to_numpy(dtype=float), rows, **precision)
        weighted = of_genes[chosen].tocsr()
        correlations = shrunk(target_correlations(weighted, residuals), residuals.shape[1])
        ranks, df = statistic(table.iloc[has_p], definition, rank_by), reference_df(residuals.shape[1])
        scores = ulm(weighted, ranks, correlations, degrees_of_freedom=df)
        for kind in ("p", "p_correlated"):
            scores[kind.replace("p", "padj", 1)] = adjust_bh(scores[kind].to_numpy())
        scores.insert(0, "title", [regulators[row].title for row in chosen])
        scores.insert(0, "contrast", name)
        scores.index = pd.Index([regulators[row].id for row in chosen], name="regulator", dtype=object)
        ids = np.asarray(scores.index, dtype=str)
        parts[name] = scores.iloc[np.lexsort((ids, scores["p_correlated"].to_numpy()))]
    if not parts or not any(map(len, parts.values())):
        raise DataError(f"{targets}: no regulator has {min_size} tested targets. Lower enrich.min_size.")
    write_table(pd.concat(parts.values()), activities_table)
    return {
        "title": activities["title"] or targets.name,
        "release": activities["release"] or "",
        "ids": network.word,
        "regulators": len(regulators),
        "targets": network.n_members,
        "matched_targets": network.n_matched,
        "unmatched": [each._asdict() for each in network.unmatched],
        "scored": {name: len(part) for name, part in parts.items()},
    }


if __name__ == "__main__":
    run(main)
