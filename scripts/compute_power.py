"""Compute what a contrast could find with these samples: power by fold change and mean count (Hart et al. 2013)."""

from degsteps.batch.design_matrix import as_frame
from degsteps.design.compiled import CompiledDesign
from degsteps.normalize.size_factors import normalization_factors
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_json, read_matrix, read_table, write_table
from degsteps.test.contrasts import compiled_contrasts
from degsteps.test.power import called_below, contrast_power


def main(
    table: Input,
    genes: Input,
    size_factors: Input,
    design: Input,
    power: Output,
    name: str,
    contrast: dict,
    alpha: float,
    target: float,
    fold_changes: list,
    lengths: OptionalInput = None,
) -> dict:
    """Genes that independent filtering has left out cannot be called, and are not counted."""
    results, of_samples = read_table(table, text=("na_reason",)), CompiledDesign.from_json(read_json(design))
    matrix = as_frame(of_samples.design)
    adjusted = results.index[results["padj"].notna()]
    tested = compiled_contrasts(of_samples, {name: contrast}, matrix)[name]
    factors = read_table(size_factors)["size_factor"].loc[matrix.index]
    offsets = normalization_factors(read_matrix(lengths).loc[adjusted, matrix.index], factors) if lengths else factors
    found, facts = contrast_power(
        read_table(genes).loc[adjusted, ["base_mean", "dispersion"]],
        matrix.to_numpy(dtype=float),
        tested.weights,
        offsets.to_numpy(dtype=float),
        pvalue=called_below(results["pvalue"], results["padj"], alpha),
        target=target,
        fold_changes=fold_changes,
        lfc_null=tested.lfc_null,
        alternative=tested.alternative,
    )
    write_table(found, power)
    return {"contrast": name, **facts}


if __name__ == "__main__":
    run(main)
