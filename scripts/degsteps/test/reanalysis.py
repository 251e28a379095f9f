"""The same contrasts once more, with other settings or other samples: filter, size factors, fit and tests in one go.

Numbers are those of the steps that do this one after another; with the same settings they agree to the last digit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError, DesignError
from degsteps.batch.design_matrix import as_frame
from degsteps.batch.surrogate_setup import SurrogateSetup, surrogate_setup
from degsteps.design.compiled import CompiledDesign
from degsteps.design.surrogate_checks import NAME
from degsteps.engines.interface import Contrast, FitData, FitSettings, QuasiLikelihood, TableSettings
from degsteps.engines.registry import ENGINES
from degsteps.engines.voom.sample_weights import sharing_of_weights
from degsteps.filter import rules
from degsteps.filter.groups import compared_groups
from degsteps.normalize import size_factors as normalization
from degsteps.step import Input, Inputs, OptionalInput
from degsteps.tables import read_gene_list, read_json, read_matrix, read_samples
from degsteps.test.contrasts import compiled_contrasts

#: Columns of a result table in which a repeated run must equal the one that it repeats.
COMPARED = ("base_mean", "log2_fold_change", "lfc_se", "stat", "pvalue", "padj")


@dataclass(frozen=True)
class Study:
    """What is analysed, of the samples of one set.

    Attributes
    ----------
    counts : every gene that was read, genes x samples.
    design : samples x coefficients, without surrogate variables: these are estimated in each fit anew.
    groups : the groups of each sample that the filter counts on, a column for each factor.
    lengths : average transcript lengths, where they enter the model.
    keep, drop : lists of genes that overrule the filter.
    control_genes : genes that the size factors rest on.
    given_size_factors : table of the user, as text.
    subjects : the subject of each sample, where samples of one are modelled as correlated.
    surrogates : how surrogate variables are estimated, where the design has some.
    weighted : samples with the same value share a weight that is estimated, where weights are.
    """

    counts: pd.DataFrame
    design: pd.DataFrame
    groups: pd.Series | pd.DataFrame
    lengths: pd.DataFrame | None = None
    keep: Sequence[str] = ()
    drop: Sequence[str] = ()
    control_genes: Sequence[str] | None = None
    given_size_factors: pd.DataFrame | None = None
    subjects: pd.Series | None = None
    surrogates: SurrogateSetup | None = None
    weighted: pd.Series | None = None

    def without(self, sample: str, design: pd.DataFrame) -> "Study":
        """Return the study of all samples but one, with the design that is left of them."""
        rest = [name for name in self.counts.columns if name != sample]
        surrogates = self.surrogates
        if surrogates is not None:
            null = None if surrogates.null is None else reduced_to_full_rank(surrogates.null.loc[rest])[0]
            surrogates = surrogates.of_samples(rest, null)
        return replace(
            self,
            counts=self.counts[rest],
            design=design.loc[rest],
            groups=self.groups.loc[rest],
            lengths=None if self.lengths is None else self.lengths[rest],
            subjects=None if self.subjects is None else self.subjects.loc[rest],
            surrogates=surrogates,
            weighted=None if self.weighted is None else self.weighted.loc[rest],
        )


@dataclass(frozen=True)
class StudyFiles:
    """What a repeated analysis reads, and the settings that it repeats: parameters of the steps that make one.

    Attributes
    ----------
    samples, design : with the surrogate variables of the main run, which are left out.
    groups : the factors whose groups the filter counts on: see :func:`degsteps.filter.groups.compared_groups`.
    model, contrasts, test, filters, size_factors : of the configuration.
    null_model, seed, surrogate_controls : see :func:`degsteps.batch.surrogate_setup.surrogate_setup`.
    subject : the column whose samples are modelled as correlated, if any.
    """

    counts: Input
    samples: Input
    design: Input
    contrast_tables: Inputs
    contrasts: dict
    model: dict
    groups: dict
    filters: dict
    size_factors: str
    test: dict
    null_model: str
    seed: int
    subject: str | None
    keep_list: OptionalInput = None
    drop_list: OptionalInput = None
    control_genes: OptionalInput = None
    given_size_factors: OptionalInput = None
    lengths: OptionalInput = None
    surrogate_controls: OptionalInput = None


def read_study(files: StudyFiles) -> tuple[Study, dict[str, Contrast]]:
    """Read what the steps from the filter to the test read."""
    matrix = read_matrix(files.counts)
    sheet = read_samples(files.samples).loc[matrix.columns].rename_axis("sample")
    compiled = CompiledDesign.from_json(read_json(files.design)).without_surrogates()
    surrogates = None
    if files.model.get("surrogates"):
        sheet = sheet[[name for name in sheet.columns if not NAME.fullmatch(name)]]
        surrogates = surrogate_setup(
            sheet,
            files.model,
            null_model=files.null_model,
            seed=files.seed,
            fit_type=files.test["fit_type"],
            compatibility=files.test["compatibility"],
            control_genes=read_gene_list(files.surrogate_controls) if files.surrogate_controls else None,
        )
    known = as_frame(compiled.design).loc[matrix.columns]
    study = Study(
        matrix,
        known,
        compared_groups(sheet, files.groups),
        read_matrix(files.lengths).loc[:, matrix.columns] if files.lengths else None,
        read_gene_list(files.keep_list),
        read_gene_list(files.drop_list),
        read_gene_list(files.control_genes) if files.control_genes else None,
        read_samples(files.given_size_factors) if files.given_size_factors else None,
        sheet[files.subject] if files.subject else None,
        surrogates,
        sharing_of_weights(sheet, files.test["sample_weights"]),
    )
    return study, compiled_contrasts(compiled, files.contrasts, known)


def filtered_genes(study: Study, settings: Mapping[str, Any]) -> pd.Index:
    """Return the genes that the filter keeps, with the ``filter`` section of the configuration."""
    table = rules.filter_genes(study.counts, study.groups, settings)
    table, _ = rules.apply_gene_lists(table, keep=study.keep, drop=study.drop)
    return rules.require_genes(study.counts.loc[table["kept"]]).index


def size_factors(study: Study, genes: pd.Index, method: str) -> pd.Series:
    """Estimate size factors from the kept genes."""
    lengths = None if study.lengths is None else study.lengths.loc[genes, study.counts.columns]
    return normalization.estimated_size_factors(
        study.counts.loc[genes], method, lengths, study.control_genes, study.given_size_factors
    )


def offsets(study: Study, genes: pd.Index, factors: pd.Series) -> pd.DataFrame | None:
    """Return the normalisation factors, genes x samples, where transcript lengths enter the model."""
    if study.lengths is None:
        return None
    return normalization.normalization_factors(study.lengths.loc[genes, study.counts.columns], factors)


def surrogate_variables(study: Study, genes: pd.Index, factors: pd.Series) -> pd.DataFrame:
    """Estimate the surrogate variables of the samples from the kept genes, samples x variables."""
    if study.surrogates is None:
        return pd.DataFrame(index=study.design.index)
    divided_by = offsets(study, genes, factors)
    divided_by = factors.loc[study.counts.columns] if divided_by is None else divided_by
    return study.surrogates.variables(study.counts.loc[genes], divided_by, study.design)[0]


def contrast_with(contrast: Contrast, variables: pd.DataFrame) -> Contrast:
    """Return a contrast of a design that surrogate variables have joined: they have the weight 0.

    They stay in every smaller design.
    """
    if not variables.shape[1]:
        return contrast
    weights = np.concatenate([contrast.weights, np.zeros(variables.shape[1])])
    reduced = None if contrast.reduced is None else contrast.reduced.join(variables)
    return replace(contrast, weights=weights, reduced=reduced)


def contrast_tables(
    study: Study,
    genes: pd.Index,
    factors: pd.Series,
    contrasts: Mapping[str, Contrast],
    test: Mapping[str, Any],
    cooks_filters: Sequence[bool],
) -> tuple[dict[bool, dict[str, pd.DataFrame]], int]:
    """Fit once and test every contrast, with and without the filter for outlier counts.

    Surrogate variables are estimated from these genes, size factors and samples, and so is their number where it is not
    given: what is repeated is the analysis, with every choice that it makes from the data.

    Parameters
    ----------
    test : the ``test`` section of the configuration; fold changes are not shrunk.

    Returns
    -------
    tables : dict
        by ``cooks_filters``, then by contrast: the table by gene.
    n_surrogates : how many surrogate variables were found.
    """
    counts = study.counts.loc[genes]
    variables = surrogate_variables(study, genes, factors)
    contrasts = {name: contrast_with(contrast, variables) for name, contrast in contrasts.items()}
    engine = ENGINES[test["engine"]]
    columns = study.design.join(variables).loc[counts.columns]
    data = FitData(counts, columns, factors, offsets(study, genes, factors), study.subjects, study.weighted)
    quasi = QuasiLikelihood(**test["quasi_likelihood"])
    fitted = engine.fit(data, FitSettings(test["compatibility"], test["fit_type"], quasi))
    tables: dict[bool, dict[str, pd.DataFrame]] = {}
    for cooks_filter in cooks_filters:
        settings = TableSettings(test["alpha"], cooks_filter, test["independent_filtering"], test["adjustment"])
        tables[cooks_filter] = {
            name: engine.contrast_table(fitted, counts, contrast, settings)[0] for name, contrast in contrasts.items()
        }
    return tables, variables.shape[1]


def called(table: pd.DataFrame, alpha: float) -> pd.Series:
    """Return 1 for genes called up, -1 for genes called down, 0 for all others."""
    return np.sign(table["log2_fold_change"]).where(table["padj"] < alpha, 0.0).fillna(0).astype(int)


def comparison(table: pd.DataFrame, main: pd.DataFrame, alpha: float) -> dict[str, Any]:
    """Compare a contrast's table with that of the main run.

    Returns
    -------
    dict
        ``tested`` (genes with a p-value), ``called``, ``up``, ``down``; ``gained`` and ``lost`` against the main run
        (a call with the other sign is both); ``jaccard``, calls of both by calls of either (1 without any);
        ``lfc_correlation``, Pearson's, over genes with a fold change in both.
    """
    here, there = called(table, alpha), called(main, alpha)
    genes = here.index.union(there.index)
    here, there = here.reindex(genes, fill_value=0), there.reindex(genes, fill_value=0)
    same = int(((here == there) & (here != 0)).sum())
    n_here, n_there = int((here != 0).sum()), int((there != 0).sum())
    either = int(((here != 0) | (there != 0)).sum())
    changes = pd.concat([table["log2_fold_change"], main["log2_fold_change"]], axis=1, join="inner").dropna()
    return {
        "tested": int(table["pvalue"].notna().sum()),
        "called": n_here,
        "up": int((here > 0).sum()),
        "down": int((here < 0).sum()),
        "gained": n_here - same,
        "lost": n_there - same,
        "jaccard": same / either if either else 1.0,
        "lfc_correlation": _correlation(*changes.to_numpy().T),
    }


def _correlation(here: np.ndarray, there: np.ndarray) -> float:
    """Return Pearson's correlation; exactly 1 of what is the same."""
    if len(here) < 3 or not (here.std() > 0 and there.std() > 0):
        return float("nan")
    return 1.0 if np.array_equal(here, there) else float(np.clip(np.corrcoef(here, there)[0, 1], -1.0, 1.0))


def require_same(table: pd.DataFrame, main: pd.DataFrame, name: str) -> None:
    """Raise :class:`DataError` unless a repeated run has the numbers of the main run, to the last digit."""
    if set(table.index) == set(main.index):
        ordered = main.loc[table.index]
        different = [
            column
            for column in COMPARED
            if not np.array_equal(table[column].to_numpy(float), ordered[column].to_numpy(float), equal_nan=True)
        ]
        if not different:
            return
        what = f"differ in {', '.join(different)}"
    else:
        what = "have other genes"
    raise DataError(
        f"contrast {name}: the settings of the main run, repeated, {what}. The result tables are not of these counts "
        "and settings: run the workflow again from the fit on."
    )


def reduced_to_full_rank(design: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out columns that are combinations of earlier ones.

    Returns
    -------
    kept : samples x kept coefficients.
    combinations : kept x all coefficients; ``kept @ combinations`` is the design.
    """
    matrix = design.to_numpy(dtype=float)
    chosen: list[int] = []
    for column in range(matrix.shape[1]):
        if np.linalg.matrix_rank(matrix[:, [*chosen, column]]) > len(chosen):
            chosen.append(column)
    kept = design.iloc[:, chosen]
    solved = np.linalg.lstsq(kept.to_numpy(dtype=float), matrix, rcond=None)[0]
    return kept, pd.DataFrame(solved, index=kept.columns, columns=design.columns)


def contrast_of_fewer(contrast: Contrast, combinations: pd.DataFrame, samples: Sequence[str]) -> Contrast:
    """Return a contrast of fewer samples, with the columns that are left by :func:`reduced_to_full_rank`.

    Raises
    ------
    DesignError
        If it cannot be estimated from these samples.
    """
    places = [list(combinations.columns).index(name) for name in combinations.index]
    weights = contrast.weights[places]
    # Estimable: a combination of the rows of the design (Searle 1971), which are those of the combinations.
    if not np.allclose(combinations.to_numpy().T @ weights, contrast.weights, atol=1e-8):
        raise DesignError("the contrast cannot be estimated from the other samples.")
    reduced = contrast.reduced
    if reduced is not None:
        reduced, _ = reduced_to_full_rank(reduced.loc[list(samples)])
        if reduced.shape[1] >= len(combinations):
            raise DesignError("the other samples leave nothing between the design and the smaller one.")
    left = None if contrast.compared is None else [sample for sample in contrast.compared if sample in set(samples)]
    return replace(contrast, weights=weights, reduced=reduced, compared=left)
