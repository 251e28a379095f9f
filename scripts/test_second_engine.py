"""Test the contrasts of a sample set by another engine than the analysis's own, to see how far the answers agree."""

from degsteps.batch.design_matrix import as_frame
from degsteps.design.compiled import CompiledDesign
from degsteps.engines.interface import FitData, FitSettings, QuasiLikelihood, TableSettings
from degsteps.engines.registry import ENGINES
from degsteps.filter.groups import compared_groups
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_gene_list, read_json, read_matrix, read_samples, read_table, write_table
from degsteps.test import concordance, reanalysis
from degsteps.test.contrasts import compiled_contrasts


def main(
    counts: Input,
    size_factors: Input,
    design: Input,
    samples: Input,
    table: Output,
    engine: str,
    contrasts: dict,
    compatibility: str,
    fit_type: str,
    quasi_likelihood: dict,
    cooks_filter: bool,
    subject: str | None,
    groups: dict,
    filters: dict | None,
    own_size_factors: str | None,
    all_counts: OptionalInput = None,
    keep_list: OptionalInput = None,
    drop_list: OptionalInput = None,
    lengths: OptionalInput = None,
) -> dict:
    """Fit once, test every contrast; p-values are adjusted over all genes, without independent filtering.

    With ``filters`` and ``own_size_factors`` the engine starts from all genes, filtered and normalised as is usual with
    it, else from the analysis's own counts and size factors.
    """
    matrix, of_samples, record = read_matrix(counts), CompiledDesign.from_json(read_json(design)), ENGINES[engine]
    coefficients = as_frame(of_samples.design).loc[matrix.columns]
    factors, sheet = read_table(size_factors)["size_factor"], read_samples(samples).loc[matrix.columns]
    whole = matrix if all_counts is None else read_matrix(all_counts)[matrix.columns]
    study = reanalysis.Study(
        whole,
        coefficients,
        compared_groups(sheet, groups),
        read_matrix(lengths).loc[whole.index, whole.columns] if lengths else None,
        read_gene_list(keep_list),
        read_gene_list(drop_list),
    )
    genes = reanalysis.filtered_genes(study, filters) if filters else matrix.index
    if own_size_factors:
        factors = reanalysis.size_factors(study, genes, own_size_factors)
    subjects = sheet[subject] if subject else None
    data = FitData(whole.loc[genes], coefficients, factors, reanalysis.offsets(study, genes, factors), subjects)
    fitted = record.fit(data, FitSettings(compatibility, fit_type, QuasiLikelihood(**quasi_likelihood)))
    # Where the analysis judges outliers, so does a second engine that can. The level matters to filtering only.
    outliers = cooks_filter and "cooks" in record.knows
    settings = TableSettings(alpha=0.05, cooks_filter=outliers, independent_filtering=False)
    compiled = compiled_contrasts(of_samples, contrasts, coefficients)
    tables = {
        name: record.contrast_table(fitted, data.counts, contrast, settings)[0] for name, contrast in compiled.items()
    }
    write_table(concordance.joined_tables(tables), table)
    own = {"filter": filters["method"] if filters else None, "size_factors": own_size_factors}
    return record.facts(fitted) | {"own": own, "shared_genes": int(genes.isin(matrix.index).sum())}


if __name__ == "__main__":
    run(main)
