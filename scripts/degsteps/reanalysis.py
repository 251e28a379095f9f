"""The same questions once more, with other settings or other samples: filter, size factors, fit and tests in one go.

Numbers are those of the steps that do this one after another; with the same settings they agree to the last digit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from degsteps import filtering, model, normalization
from degsteps.contrast_weights import compile_contrast
from degsteps.errors import DataError, DesignError
from degsteps.model_matrix import compared_samples, design_of, reduced_design
from degsteps.tables import read_gene_list, read_matrix, read_samples, read_table

#: Columns of a result table in which a repeated run must equal the one that it repeats.
COMPARED = ("base_mean", "log2_fold_change", "lfc_se", "stat", "pvalue", "padj")


@dataclass(frozen=True)
class Question:
    """A contrast as it is tested: weights of coefficients, smaller design or None, the Wald test, samples compared."""

    weights: np.ndarray
    reduced: pd.DataFrame | None
    lfc_null: float
    alternative: str
    compared: list[str] | None = None


@dataclass(frozen=True)
class Study:
    """What is analysed, of the samples of one set.

    Attributes
    ----------
    counts : every gene that was read, genes x samples.
    design : samples x coefficients.
    groups : the group of each sample, for the filter.
    lengths : average transcript lengths, where they enter the model.
    keep, drop : lists of genes that overrule the filter.
    control_genes : genes that the size factors rest on.
    given_size_factors : table of the user, as text.
    """

    counts: pd.DataFrame
    design: pd.DataFrame
    groups: pd.Series
    lengths: pd.DataFrame | None = None
    keep: Sequence[str] = ()
    drop: Sequence[str] = ()
    control_genes: Sequence[str] | None = None
    given_size_factors: pd.DataFrame | None = None

    def without(self, sample: str, design: pd.DataFrame) -> "Study":
        """Return the study of all samples but one, with the design that is left of them."""
        rest = [name for name in self.counts.columns if name != sample]
        lengths = None if self.lengths is None else self.lengths[rest]
        return Study(
            self.counts[rest],
            design.loc[rest],
            self.groups.loc[rest],
            lengths,
            self.keep,
            self.drop,
            self.control_genes,
            self.given_size_factors,
        )


def read_study(
    counts: Path,
    samples: Path,
    design: Path,
    group: str,
    *,
    lengths: Path | None,
    keep_list: Path | None,
    drop_list: Path | None,
    control_genes: Path | None,
    given_size_factors: Path | None,
) -> Study:
    """Read what the steps from the filter to the fit read."""
    matrix = read_matrix(counts)
    return Study(
        matrix,
        read_table(design).loc[matrix.columns],
        read_samples(samples).loc[matrix.columns, group],
        read_matrix(lengths).loc[:, matrix.columns] if lengths else None,
        read_gene_list(keep_list),
        read_gene_list(drop_list),
        read_gene_list(control_genes) if control_genes else None,
        read_samples(given_size_factors) if given_size_factors else None,
    )


def questions(
    samples: pd.DataFrame,
    model_section: Mapping[str, Any],
    contrasts: Mapping[str, Mapping[str, Any]],
    design: pd.DataFrame,
) -> dict[str, Question]:
    """Compile contrasts for a design matrix.

    Parameters
    ----------
    samples : the sample table, as text.
    model_section : formula, factors and covariates.
    contrasts : definitions by name.
    design : the matrix that is fitted; columns that the formula does not have (surrogate variables) have the weight 0,
        and stay in every smaller design.
    """
    built = design_of(samples, model_section)
    further = [name for name in design.columns if name not in built.columns]
    found = {}
    for name, contrast in contrasts.items():
        compiled = compile_contrast(built, contrast)
        weights = pd.Series(compiled.weights, index=list(built.columns)).reindex(design.columns, fill_value=0.0)
        reduced = reduced_design(samples, model_section, contrast)
        if reduced is not None:
            reduced = reduced.loc[design.index].join(design[further])
        compared = compared_samples(built, contrast, compiled)
        found[name] = Question(weights.to_numpy(), reduced, contrast["lfc_null"], contrast["alternative"], compared)
    return found


def filtered_genes(study: Study, settings: Mapping[str, Any]) -> pd.Index:
    """Return the genes that the filter keeps, with the ``filter`` section of the configuration."""
    table = filtering.filter_genes(study.counts, study.groups, settings)
    table, _ = filtering.apply_gene_lists(table, keep=study.keep, drop=study.drop)
    return filtering.require_genes(study.counts.loc[table["kept"]]).index


def size_factors(study: Study, genes: pd.Index, method: str) -> pd.Series:
    """Estimate size factors from the kept genes."""
    lengths = None if study.lengths is None else study.lengths.loc[genes, study.counts.columns]
    return normalization.estimated_size_factors(
        study.counts.loc[genes], method, lengths, study.control_genes, study.given_size_factors
    )


def contrast_tables(
    study: Study,
    genes: pd.Index,
    factors: pd.Series,
    asked: Mapping[str, Question],
    test: Mapping[str, Any],
    cooks_filters: Sequence[bool],
) -> dict[bool, dict[str, pd.DataFrame]]:
    """Fit once and test every contrast, with and without the filter for outlier counts.

    Parameters
    ----------
    test : the ``test`` section of the configuration; fold changes are not shrunk.

    Returns
    -------
    dict
        by ``cooks_filters``, then by contrast: the table by gene.
    """
    counts = study.counts.loc[genes]
    offsets = None
    if study.lengths is not None:
        offsets = normalization.normalization_factors(study.lengths.loc[genes, counts.columns], factors)
    fit, _, _ = model.fit_model(
        counts,
        study.design.loc[counts.columns],
        factors,
        engine=test["engine"],
        compatibility=test["compatibility"],
        fit_type=test["fit_type"],
        normalization_factors=offsets,
    )
    common = {name: test[name] for name in ("alpha", "independent_filtering", "adjustment")}
    found: dict[bool, dict[str, pd.DataFrame]] = {}
    for cooks_filter in cooks_filters:
        found[cooks_filter] = {}
        for name, question in asked.items():
            table, _ = model.contrast_table(
                fit,
                counts,
                question.weights,
                **common,
                cooks_filter=cooks_filter,
                shrinkage="none",
                reduced=question.reduced,
                lfc_null=question.lfc_null,
                alternative=question.alternative,
                compared=question.compared,
            )
            found[cooks_filter][name] = table
    return found


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
        "lfc_correlation": float(np.corrcoef(changes.to_numpy().T)[0, 1]) if _vary(changes) else float("nan"),
    }


def _vary(changes: pd.DataFrame) -> bool:
    return len(changes) > 2 and bool((changes.std() > 0).all())


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


def question_of_fewer(question: Question, combinations: pd.DataFrame, samples: Sequence[str]) -> Question:
    """Return a question as it stands to fewer samples, with the columns that are left by :func:`reduced_to_full_rank`.

    Raises
    ------
    DesignError
        If these samples cannot answer it.
    """
    places = [list(combinations.columns).index(name) for name in combinations.index]
    weights = question.weights[places]
    # Estimable: a combination of the rows of the design (Searle 1971), which are those of the combinations.
    if not np.allclose(combinations.to_numpy().T @ weights, question.weights, atol=1e-8):
        raise DesignError("the contrast cannot be estimated from the other samples.")
    reduced = question.reduced
    if reduced is not None:
        reduced, _ = reduced_to_full_rank(reduced.loc[list(samples)])
        if reduced.shape[1] >= len(combinations):
            raise DesignError("the other samples leave nothing between the design and the smaller one.")
    left = None if question.compared is None else [sample for sample in question.compared if sample in set(samples)]
    return Question(weights, reduced, question.lfc_null, question.alternative, left)
