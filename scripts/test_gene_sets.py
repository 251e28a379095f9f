"""Test the sets of one collection in every contrast, and account for each gene and each set.

Competitive tests with the correlation within sets, self-contained ones, over-representation, running sums; what they
would call if nothing were true; groups of like sets.
"""

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.batch.design_matrix import reduced_design
from degsteps.design.compiled import CompiledDesign
from degsteps.design.weights import compile_contrast
from degsteps.enrich.across_contrasts import all_tests, background_of, comparison, groups_of, members_table
from degsteps.enrich.lengths import binned_rates, gene_lengths
from degsteps.enrich.matching import account_of_genes, account_of_sets, genes_in_sets, matched, universe_of
from degsteps.enrich.over_representation import set_sizes
from degsteps.enrich.ranking import is_unsigned, subject_precision
from degsteps.enrich.relatives import related_sets
from degsteps.enrich.testing import Calibration, ContrastData, SetSettings, contrast_tests
from degsteps.inputs.gene_sets import require_gene_sets
from degsteps.inputs.ontology import read_ontology
from degsteps.step import Input, Inputs, OptionalInput, Output, run
from degsteps.tables import (
    read_gene_list,
    read_json,
    read_matrix,
    read_model,
    read_table,
    read_text_table,
    write_frame,
    write_table,
)


def main(
    collections: Inputs,
    tables: Inputs,
    values: Inputs,
    designs: Inputs,
    annotation: Input,
    tests: Output,
    members: Output,
    genes: Output,
    sets: Output,
    groups: Output,
    compared: Output,
    length_bias: Output,
    calibration: Output,
    collection: str,
    described: dict,
    enrich: dict,
    contrasts: dict,
    subsets: list,
    calls: dict,
    subjects: str | None,
    background: OptionalInput = None,
    ontology: OptionalInput = None,
    lengths: OptionalInput = None,
    models: Inputs = (),
    sheets: Inputs = (),
) -> dict:
    """Test all sets; `contrasts` are their definitions, `subsets` the sets of samples of values and designs."""
    known = read_text_table(annotation)
    results = {name: read_table(path, ("na_reason",)) for name, path in zip(contrasts, tables, strict=True)}
    universe = universe_of(results, known)
    if universe.genes.empty:
        raise DataError(f"{tables[0]}: no gene has a p-value, so that no set can be tested.")
    settings, in_others = SetSettings.of(enrich, calls), []
    for (name, entry), path in zip(enrich["collections"].items(), collections, strict=True):
        if name == collection:
            own = matched(require_gene_sets(path), entry["ids"], universe, str(path))
        elif enrich["background"] == "annotated":
            in_others.append(genes_in_sets(require_gene_sets(path), entry["ids"], universe, str(path)))
    in_background = background_of(enrich["background"], universe, own, in_others, read_gene_list(background))
    known_lengths = gene_lengths(universe.genes, known, _lengths(lengths))
    of_subset = _subsets(subsets, values, designs, models, sheets, subjects, universe.genes)
    found, largest = {}, np.zeros(len(own.sets), dtype=int)
    tested_in, null_calls = np.zeros(len(own.sets), dtype=int), Calibration()
    for name, definition in contrasts.items():
        data = _contrast(name, definition, results[name].reindex(universe.genes), *of_subset[definition["sample_set"]])
        has_p = data.table["pvalue"].notna().to_numpy()
        stands = has_p & (own.represented_by < 0)
        if not (in_background & has_p).any():
            raise DataError(f"{background or collections[0]}: holds no gene that is tested in {name}. List gene ids.")
        found[name] = contrast_tests(
            own.members, own.is_repeated, data, in_background & has_p, stands, settings, known_lengths, null_calls
        )
        largest = np.maximum(largest, set_sizes(own.members[:, np.flatnonzero(in_background & has_p)]))
        tested_in[found[name].sets] += 1
    grouped = groups_of(own, found, enrich["similarity"])
    write_frame(all_tests(own, found, grouped), tests)
    write_table(members_table(own, universe, grouped), members)
    write_table(account_of_genes(own, universe).assign(background=in_background), genes)
    account = account_of_sets(own, tested_in, largest, settings.min_size)
    terms = read_ontology(str(ontology)) if ontology else None
    if terms is not None:
        related = related_sets(list(account.index), list(account["status"] == "tested"), terms)
        account = account.assign(**{side: related[side].to_numpy() for side in related})
    write_table(account, sets)
    ids = pd.Index([own.sets[row].id for row in grouped.index], name="set", dtype=object)
    write_table(
        grouped.set_index(ids).sort_values(["group", "is_representative"], ascending=[True, False], kind="stable"),
        groups,
    )
    write_table(comparison(own, found, grouped), compared)
    write_table(binned_rates({name: each.lengths for name, each in found.items()}), length_bias)
    null = {name: each.calibration.assign(observed=_observed(each)) for name, each in found.items()}
    write_table(_below_each_other(null), calibration)
    return {
        "collection": collection,
        **described,
        "ids": own.word,
        "ontology": terms.release if terms is not None else None,
        "sets": account["status"].value_counts().sort_index().to_dict(),
        "members": own.n_members,
        "matched_members": own.n_matched,
        "unmatched": [each._asdict() for each in own.unmatched],
        "tested_genes": len(universe.genes),
        "genes_in_a_set": int((own.in_any_set & (own.represented_by < 0)).sum()),
        "groups": int(grouped["group"].max()) if len(grouped) else 0,
        "has_lengths": known_lengths is not None,
        "contrasts": [each.facts for each in found.values()],
    }


def _observed(tests) -> list[int]:
    return [tests.facts["called_sets"][method] for method in tests.calibration["method"]]


def _below_each_other(parts: dict) -> pd.DataFrame:
    table = pd.concat(parts, names=["contrast", "row"])
    return table.reset_index("row", drop=True)


def _lengths(path) -> pd.Series | None:
    """Return given lengths by gene: a table, or transcript lengths of each sample, of which the mean is taken."""
    if path is None:
        return None
    if path.suffix == ".parquet":
        return read_matrix(path).mean(axis=1)
    return read_table(path)["length"]


def _subsets(names, values, designs, models, sheets, subjects, genes) -> dict:
    """Return values, compiled design and, for samples of one subject, their correlation, by set of samples."""
    found = {}
    for number, name in enumerate(names):
        compiled = CompiledDesign.from_json(read_json(designs[number]))
        matrix = read_matrix(values[number])[list(compiled.design.samples)].reindex(genes)
        precision = {}
        if subjects is not None:
            column = read_text_table(sheets[number])[subjects].reindex(compiled.design.samples)
            correlation = float(read_model(models[number]).uns["facts"]["correlation"])
            precision = subject_precision(column, correlation)
        found[name or None] = (matrix, compiled, precision)
    return found


def _contrast(name, definition, table, matrix, compiled, precision) -> ContrastData:
    design = compiled.design
    weights = np.array(compile_contrast(design, definition).weights, dtype=float)
    groups = None
    if definition.get("factor") in compiled.values and definition.get("test") and definition.get("reference"):
        labels = dict(zip(design.samples, compiled.values[definition["factor"]], strict=True))
        wanted = (definition["test"], definition["reference"])
        groups = {sample: label == wanted[0] for sample, label in labels.items() if label in wanted}
    directions = None
    if is_unsigned(definition):
        smaller = reduced_design(compiled, definition)
        directions = 1 if smaller is None else len(design.columns) - smaller.shape[1]
    rows = np.array(design.rows, dtype=float)
    return ContrastData(name, definition, table, matrix, rows, weights, precision, groups, directions)


if __name__ == "__main__":
    run(main)
