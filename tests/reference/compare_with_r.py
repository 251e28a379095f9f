"""How far degsteps and plain PyDESeq2 are from R's DESeq2, set by set and column by column.

    python tests/reference/compare_with_r.py [FOLDER ...] [--skip-pydeseq2] [--markdown FILE]

Each FOLDER was made by make_reference.R; by default all beside this file. For each column: median, 99 % quantile and
maximum of the relative difference to R over genes, and the share of genes within 1e-3. Fold changes and errors are
compared where the base mean is at least 10, dispersions where R's is above 1e-6.
"""

import argparse
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts")]

from expressed import expressed_sets  # noqa: E402
from reference_sets import ReferenceSet, all_sets, load_set, read_table  # noqa: E402

COLUMNS = {
    "disp_gene_wise": "dispGeneEst",
    "disp_fitted": "dispFit",
    "disp_map": "dispMAP",
    "dispersion": "dispersion",
    "log2_fold_change": "log2FoldChange",
    "lfc_se": "lfcSE",
    "stat": "stat",
    "pvalue": "pvalue",
    "padj": "padj",
    "lrt_pvalue": "lrt_pvalue",
    "normal_lfc": "normal_lfc",
    "normal_se": "normal_se",
    "apeglm_lfc": "apeglm_lfc",
    "apeglm_se": "apeglm_se",
    "ashr_lfc": "ashr_lfc",
    "ashr_se": "ashr_se",
}
#: Folders of R's tables, and how the page calls them.
RELEASES = {"r": "degsteps : R 4.2", "r45": "degsteps : R 4.5"}
#: P-values against a fold change of 0.5 under our names, and R's by release: greaterAbs is another test since 1.44.
BOUNDS = {
    "greater_abs": {"r45": "pvalue_greaterAbs"},
    "greater_abs_2014": {"r": "pvalue_greaterAbs", "r45": "pvalue_greaterAbs2014"},
    "less_abs": {"r": "pvalue_lessAbs", "r45": "pvalue_lessAbs"},
    "greater": {"r": "pvalue_greater", "r45": "pvalue_greater"},
    "less": {"r": "pvalue_less", "r45": "pvalue_less"},
}
#: R's transformed values, and how they are asked for here.
TRANSFORMED = {
    "vst.blind": {},
    "vst.design": {"design": True},
    "vst_1000.blind": {"n_genes": 1000},
    "vst_1000.design": {"n_genes": 1000, "design": True},
    "vst_local.blind": {"fit_type": "local"},
    "vst_mean.blind": {"fit_type": "mean"},
    "rlog.blind": {},
}


def run_degsteps(data: ReferenceSet, tag: str, compatibility: str = "r") -> tuple[pd.DataFrame, dict]:
    """Columns of :data:`COLUMNS` and the trend's numbers, by degsteps, with R's size factors."""
    from degsteps.engines import adaptive_shrinkage
    from degsteps.engines.deseq import estimation, shrinkage, testing

    genes = data.table(f"deseq2.{tag}").index
    counts, design = data.counts.loc[genes], data.design(tag)
    factors = data.normalization_factors()
    fit = estimation.fit_model(
        counts,
        design,
        data.size_factors,
        normalization_factors=None if factors is None else factors.loc[genes],
        compatibility=compatibility,
    )
    contrast = data.contrast(design)
    result = testing.wald_test(fit, contrast, alpha=0.1, samples=data.compared())
    tested = [column for column in design.columns if column.startswith(f"{data.config['condition']}_")]
    ratio = testing.likelihood_ratio_test(fit, counts, design.drop(columns=tested), contrast, alpha=0.1)
    result["lrt_pvalue"] = ratio["pvalue"]
    shrunken = shrinkage.shrink_lfc(fit, counts, np.eye(design.shape[1])[-1], "normal")
    result["normal_lfc"], result["normal_se"] = shrunken["lfc_shrunken"], shrunken["lfc_shrunken_se"]
    shrunken = shrinkage.shrink_lfc(fit, counts, np.eye(design.shape[1])[-1], "apeglm")
    result["apeglm_lfc"], result["apeglm_se"] = shrunken["lfc_shrunken"], shrunken["lfc_shrunken_se"]
    last = testing.wald_test(fit, np.eye(design.shape[1])[-1], cooks=False)
    shrunken, _ = adaptive_shrinkage.shrink_estimates(last["log2_fold_change"], last["lfc_se"])
    result["ashr_lfc"], result["ashr_se"] = shrunken["lfc_shrunken"], shrunken["lfc_shrunken_se"]
    for alternative in BOUNDS:
        bounded = testing.wald_test(fit, contrast, lfc_null=0.5, alternative=alternative, samples=data.compared())
        result[f"p_{alternative}"] = bounded["pvalue"]
    numbers = {
        "asymptotic": fit.trend["coefficients"].get("asymptotic", np.nan),
        "extra_poisson": fit.trend["coefficients"].get("extra_poisson", np.nan),
        "prior_variance": fit.trend["prior_variance"],
    }
    return result.join(fit.genes.drop(columns="base_mean")), numbers


def pydeseq2_test(counts: pd.DataFrame, samples: pd.DataFrame, formula: str, contrast: list[str]) -> tuple:
    """PyDESeq2's fit, and its Wald test at alpha 0.1."""
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.default_inference import DefaultInference
    from pydeseq2.ds import DeseqStats

    engine = DefaultInference(n_cpus=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = DeseqDataSet(counts=counts.T, metadata=samples, design=formula, inference=engine, quiet=True)
        fitted.deseq2()
        tested = DeseqStats(fitted, contrast=contrast, alpha=0.1, inference=engine, quiet=True)
        tested.summary()
    names = {"baseMean": "base_mean", "log2FoldChange": "log2_fold_change", "lfcSE": "lfc_se"}
    return fitted, tested.results_df.rename(columns=names)


def run_pydeseq2(data: ReferenceSet, tag: str) -> tuple[pd.DataFrame, dict]:
    """The same by PyDESeq2 as it is."""
    genes = data.table(f"deseq2.{tag}").index
    samples = data.samples.copy()
    condition = data.config["condition"]
    levels = [data.base, *sorted(set(samples[condition]) - {data.base})]
    samples[condition] = pd.Categorical(samples[condition], categories=levels)
    factors = data.config["batch"].split(",") if tag.startswith("batch") else []
    contrast = [condition, data.config["test"], data.config["reference"]]
    formula = "~" + " + ".join([*factors, condition])
    fitted, result = pydeseq2_test(data.counts.loc[genes], samples, formula, contrast)
    for ours, theirs in (
        ("disp_gene_wise", "genewise_dispersions"),
        ("disp_fitted", "fitted_dispersions"),
        ("disp_map", "MAP_dispersions"),
        ("dispersion", "dispersions"),
    ):
        result[ours] = fitted.var[theirs]
    trend = fitted.uns.get("trend_coeffs", pd.Series({"a0": np.nan, "a1": np.nan}))
    numbers = {
        "asymptotic": float(trend.iloc[0]),
        "extra_poisson": float(trend.iloc[1]),
        "prior_variance": float(fitted.uns["prior_disp_var"]),
    }
    return result, numbers


def compare_set(data: ReferenceSet, with_pydeseq2: bool) -> list[tuple[str, str, str]]:
    """What does not depend on the tested design: size factors and transformed values; name, ours, PyDESeq2's."""
    from degsteps.engines.deseq import transformation
    from degsteps.normalize import size_factors

    rows = []
    ours = size_factors.size_factors(data.counts)
    theirs, values = None, {}
    if with_pydeseq2:
        from pydeseq2.dds import DeseqDataSet

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = DeseqDataSet(counts=data.counts.T, metadata=data.samples, design="~1", quiet=True, n_cpus=1)
            fitted.fit_size_factors()
            theirs = pd.Series(fitted.obs["size_factors"].to_numpy(), index=data.counts.columns)
            if data.has("vst.blind"):
                fitted.vst(use_design=False)
                values["vst.blind"] = fitted.layers["vst_counts"].T
    if data.lengths is None:
        rows.append(("size_factors", *(_largest(factors, data.size_factors) for factors in (ours, theirs))))
    for name, options in TRANSFORMED.items():
        if not data.has(name):
            continue
        options = dict(options)
        if options.pop("design", False):
            options["design"] = data.design(data.tags[-1].removesuffix("_cpm1"))
        method = transformation.rlog if name.startswith("rlog") else transformation.vst
        expected = data.table(name).to_numpy()
        found = (method(data.counts, data.size_factors, **options).to_numpy(), values.get(name))
        rows.append((name, *("-" if v is None else _absolute(v - expected) for v in found)))
    return rows


def _largest(values: pd.Series | None, expected: pd.Series) -> str:
    return "-" if values is None else f"{(values / expected.loc[values.index] - 1).abs().max():.1e}"


def _absolute(difference: np.ndarray) -> str:
    size = np.abs(difference).ravel()
    share = 100 * (size <= 1e-3).mean()
    return f"{np.median(size):.0e} / {np.quantile(size, 0.99):.0e} / {size.max():.0e} / {share:.2f} %"


def relative_differences(values: pd.Series, expected: pd.Series, kept: np.ndarray) -> np.ndarray:
    """Relative differences over genes where both are known and some rule holds."""
    a, b = values.to_numpy(dtype=float), expected.to_numpy(dtype=float)
    kept = kept & np.isfinite(a) & np.isfinite(b) & (b != 0)
    return np.abs(a[kept] / b[kept] - 1.0)


def jaccard(a: pd.Series, b: pd.Series, level: float) -> float:
    """Shared calls over all calls."""
    first, second = (a < level).to_numpy(), (b < level).to_numpy()
    return float((first & second).sum() / max((first | second).sum(), 1))


def with_shrunken(data: ReferenceSet, tag: str) -> pd.DataFrame:
    """R's table of a design, with what apeglm and ashr made of it where that is kept (R 4.5)."""
    expected = data.table(f"deseq2.{tag}")
    beside = HERE / "shrinkage" / f"{data.name}.{tag}.tsv.gz"
    if data.release == "r" or not beside.exists():
        return expected
    columns = ["apeglm_lfc", "apeglm_se", "ashr_lfc", "ashr_se"]
    return expected.join(read_table(beside)[columns].where(expected["log2FoldChange"].notna()))


def compare(data: ReferenceSet, tag: str, result: pd.DataFrame, numbers: dict) -> dict[str, str]:
    """One line of text a column."""
    expected = with_shrunken(data, tag)
    result = result.loc[expected.index]
    everywhere = np.ones(len(expected), dtype=bool)
    lines = {}
    for key in ("asymptotic", "extra_poisson", "prior_variance"):
        reference = data.facts.get(f"{tag}.{key}")
        if reference is not None:
            lines[key] = f"{abs(numbers[key] / reference - 1.0):.1e}"
    bounds = {f"p_{name}": of_release.get(data.release, "") for name, of_release in BOUNDS.items()}
    for ours, theirs in (COLUMNS | bounds).items():
        if ours not in result or theirs not in expected:
            continue
        kept = everywhere
        if ours.startswith("disp"):
            kept = (expected["dispGeneEst"] > 1e-6).to_numpy() if ours == "disp_gene_wise" else everywhere
        elif ours.endswith(("_lfc", "_se")) or ours == "log2_fold_change":
            kept = (expected["baseMean"] >= 10).to_numpy()
        difference = relative_differences(result[ours], expected[theirs], kept)
        if len(difference):
            lines[ours] = _spread(difference)
    return lines | _calls(result, expected)


def _spread(difference: np.ndarray) -> str:
    share = 100 * (difference <= 1e-3).mean()
    values = np.median(difference), np.quantile(difference, 0.99), difference.max()
    return " / ".join(f"{value:.0e}" for value in values) + f" / {share:.2f} %"


def _calls(result: pd.DataFrame, expected: pd.DataFrame) -> dict[str, str]:
    lines = {"p missing in one only": str(int((result["pvalue"].isna() != expected["pvalue"].isna()).sum()))}
    for level in (0.05, 0.1):
        calls = f"{int((result['padj'] < level).sum())} : {int((expected['padj'] < level).sum())}"
        lines[f"padj < {level}: calls, Jaccard"] = f"{calls}, {jaccard(result['padj'], expected['padj'], level):.4f}"
    return lines


def compare_expressed(name: str, design: str, with_pydeseq2: bool) -> dict[str, tuple[str, str]]:
    """A set from its counts through the filter and its own size factors: ours and PyDESeq2's by column."""
    expected = expressed_sets.from_r(name, design)
    found = [expressed_sets.analysed(name, design)]
    if with_pydeseq2:
        counts, samples, _ = expressed_sets.expressed(name)
        _, batch, condition, base = expressed_sets.SETS[name]
        levels = [base, *sorted(set(samples[condition]) - {base})]
        samples[condition] = pd.Categorical(samples[condition], categories=levels)
        formula = f"~{batch} + {condition}" if design == "batch" else f"~{condition}"
        found.append(pydeseq2_test(counts, samples, formula, [condition, levels[1], base])[1])
    everywhere = np.ones(len(expected), dtype=bool)
    columns = []
    for result in found:
        lines = {
            ours: _spread(relative_differences(result[ours], expected[theirs], everywhere))
            for ours, theirs in COLUMNS.items()
            if theirs in expected
        }
        columns.append(lines | _calls(result, expected))
    return {key: (text, columns[1][key] if with_pydeseq2 else "-") for key, text in columns[0].items()}


INTRODUCTION = """# Agreement with R

Written by `make agreement`, from the counts and R's results in `tests/reference/`; no R is needed. Do not edit.

Each set was analysed by R's DESeq2 twice, as of 2022 ({r}) and as of 2025 ({r45}), by degsteps with `compatibility:
r`, and by plain PyDESeq2 {pydeseq2} with its own defaults. `degsteps : R 4.2` and `degsteps : R 4.5` are differences
to the one and the other, `PyDESeq2 : R 4.2` those of PyDESeq2 to the first. R 4.5's values are kept to eight digits.
The formulas: `batch` is `~ batch + condition`, `nobatch` is `~ condition`; `_cpm1`: only genes with at least one
count per million in as many samples as the smallest group has (the usual filter), the others all genes. The real sets
are every 3rd, 7th or 14th gene of a published study; `airway, filtered` (last rows) is the whole study and `marioni,
filtered` that slice, from the counts through the usual filter and size factors of their own, with R's values to five
digits. In the other rows the size factors are R's for degsteps, its own for PyDESeq2. Tests are Wald tests of one
contrast at alpha 0.1, `lrt_pvalue` that of the likelihood-ratio test, `normal_lfc` and `normal_se` the last
coefficient shrunk by `lfcShrink(type = "normal")`, `apeglm_...` and `ashr_...` by apeglm 1.27.0 and ashr 2.2-65;
`p_greater_abs` and so on are p-values against a log2 fold change of 0.5.

A cell of the table is the relative difference to R over genes: median / 99 % quantile / maximum / share of genes within
1e-3. Fold changes and their errors are compared where the base mean is at least 10, gene-wise dispersions where R's is
above 1e-6; `asymptotic`, `extra_poisson` and `prior_variance` are single numbers. Calls are ours : R's. `-`: not
computed, or R has none. Rows without a design: `size_factors` is the largest relative difference of the median of
ratios; `vst...` and `rlog...` are absolute differences over all values on the log2 scale, small counts too (`vst` is
R's `varianceStabilizingTransformation()`, `vst_1000` its `vst()`; `local` and `mean` name the trend).

What stays different, and why:

- **Near-Poisson genes.** Where a gene varies no more than counting explains, the likelihood is flat in the dispersion
  and R stops at a point that rounding noise decides. The dispersion differs there; it is too small to move the test.
- **Refits.** Genes whose coefficients do not converge are fitted again by R's `optim`, which stops early. Among genes
  whose mean is at least 10 the fold change differs by up to 1e-3 and p by up to 6e-3; where a level has one sample,
  and no count in it, p can differ by 0.7, as the likelihood is flat there, and fold change and error are where a
  search gives up. Where every level has counts the likelihood here is the higher one
  (`tests/unit/engines/test_refits.py`).
- **P-values below 1e-300.** Statistics agree; the smallest p-values are rounded differently by R's own releases (R
  4.3 has other tails), and below 1e-308 they keep few digits.
- **Prior variance at 1 to 3 residual degrees of freedom.** R simulates it with a fixed seed. The histograms of those
  draws are kept as numbers in `scripts/degsteps/engines/deseq/kernels/data/prior_draws.tsv`, so that no random
  generator has to be imitated.
- **PyDESeq2 on all genes.** Its trend is fitted on genes at the dispersion floor too (docs/upstream/), which weighs
  most where few-count genes are kept: its columns for the `_cpm1` rows show the method, the others this cause. It has
  no local trend, no likelihood-ratio test and no length offsets.
- **Shrinkage by `normal`** is R's `lfcShrink(coef = ...)` where the contrast is a coefficient or a multiple of one,
  and `lfcShrink(contrast = ...)`, by a matrix with a column for every level, for any other contrast of a design
  without interactions (`tests/unit/engines/test_expanded_design.py`: 1e-9, with batches 4e-5 on the log2 scale). R
  takes that matrix for the levels of a coefficient too when they are asked for as `contrast`: the two differ by 0.02
  to 0.05 in the median and by up to 2.5 (log2) in a set of three groups. With interactions R refuses; here the contrast
  is then made a coefficient of the fitted design. Without an intercept R refuses as well; here the numbers are those of
  the same model with one. A gene whose maximum-likelihood estimate is infinite may fall on the other side of the limit
  of 10 that estimates need to enter the prior variance: seen once, 0.05 % of it.
- **apeGLM.** R's apeglm does not start from the unshrunken estimate, but from (0.1, -0.1, ...), whatever the gene,
  and stops as soon as a step gains less than 1e-7 of the posterior's size at zero: more than 1e-3 (log2) short of the
  mode in 83 and 175 of 1,760 genes of pasilla (one factor, two). With `compatibility: r` the same search is made, so
  that coefficients end where R's do: within 4e-6 in pasilla and 3e-5 in airway, and in the same of two modes in all
  of 264 made-up genes (`tests/unit/engines/test_shrinkage.py`, `test_kernels_shrink.py`); standard deviations within
  5e-5, as R takes the curvature from differences. Where R's two starts end in different places it goes on by `optim`,
  here by Newton steps from the same point. With `compatibility: exact` the mode itself is taken, of two the higher;
  so it is for contrasts that are no coefficient, of which R has no numbers. Genes with two modes less than 3 log
  units apart are marked `two_modes` in `lfc_shrunken_note`, whichever was taken: the data do not decide between them.
  S-values differ where genes have the same rate (genes of one count, by the dozen): R numbers them in the order of
  the genes, here they share their mean.
- **ashr.** Weights of the mixture are the optimum; R's `mixsqp` stops before, at a log-likelihood that is lower by
  0.007 (pasilla) to 1e-8, so that fold changes differ by up to 1e-3. With R's weights all values are R's to 1e-6
  (`tests/unit/engines/test_adaptive_shrinkage.py`). R counts genes without any count among the s-values, as undecided
  ones; here they have none.
- **Replaced outliers** (7 replicates and more). With `compatibility: r` fold changes are shrunk from the counts as
  they were given, as R does, though estimates, dispersions and p-values are of the replaced ones: one outlying count
  of 16 then moves a shrunken fold change by up to 2.8 log2, in 60 of 60 planted genes by more than 0.1
  (`tests/unit/engines/test_shrinkage.py`). With `compatibility: exact` they stay replaced, which we would advise for
  ranking. Likelihood-ratio tests have R's p-values to 1e-6 in these genes too, since DESeq2 1.44 (see below).
- **Size factors by `iterate`.** R finds each maximum with `optim`, whose default stop is up to 2e-5 off; here it is
  the maximum itself, 5e-6 or less from R with a patient `optim`. Counts too sparse to settle are refused by both.
- **rlog of marioni.** 1 % of the values are more than 1e-3 off, the worst by 3e-3, by one gene of 1,696, whose search
  for its dispersion begins at 7.2e-7. A first step gains 5e-9 there, and rounding each log gamma of 1.4e6 costs up to
  4e-9 in each sample: R happens to refuse the step and stays below the 1e-6 from which genes enter the trend; here it
  is taken, and a grid finds 1.1e-3. Which it is depends on the last bits of means, variances and logarithms, so it
  cannot be R's for certain. With the trend of the other genes all values are R's to 5e-9
  (`tests/unit/engines/test_deseq.py`).
- **Weighted adjustment.** `test.adjustment: weighted` follows the idea of IHW (1.26), with groups, folds and weights
  of its own, so calls are not the same. For the p-values of the whole studies and their mean counts, ours : IHW's
  calls and their Jaccard index are 1096 : 1098, 0.91 (pasilla, 0.05), 1385 : 1360, 0.92 (pasilla, 0.1), 4027 : 4090,
  0.94 (airway, 0.05), 4799 : 4883, 0.92 (airway, 0.1; `tests/unit/engines/test_multiple_testing.py`). In 25 simulated
  sets of 8,000 genes, at 0.1: 573 : 589 calls, 8.0 : 8.2 % of them false (Benjamini and Hochberg after independent
  filtering: 577, 9.0 %).
- **Groups without a count.** Where no sample of the groups compared has a count, the fold change is 0 and p is 1, as
  in R, for contrasts of two levels and contrasts of weights of both signs (`tests/unit/engines/test_zero_groups.py`).
  R tells the groups of numbers from the columns that they weigh, so that the reference level is never one of them: a
  gene with counts in the reference level alone has no change against the mean of all others. One level against the
  rest, trends and expressions name their groups here, and such a gene keeps its p-value, whichever level is the
  reference.
- **Count outliers in likelihood-ratio tests.** Up to 1.42, `DESeq(test = "LRT")` took Cook's distances from the means
  of the gene-wise dispersions (in designs of groups plain averages) with the leverages of the final fit, so that it
  withheld the p-value of other genes (1 of 14,599 in pasilla `~ condition`, 2 of 64,102 in airway `~ dex`), and
  replaced other counts (p 0.0068 against 0.27 in one gene). Since 1.44 they are those of the final fit, as here.
- **Covariates far from zero.** On 10 simulated sets with a covariate five standard deviations from zero and not
  centred, up to 95 of 3,000 calls left R's; with the covariate centred (`center: true`, the default) none did, and of
  ours hardly any moved. R itself advises to centre; `make check` does too.
- **Elsewhere.** Norm factors (TMM, TMMwsp, RLE, upper quartiles), filterByExpr, CPM, TPM, FPKM, GeTMM, ComBat-seq,
  removeBatchEffect and adjusted p-values have R tables of their own under `tests/reference/` and tests against them.
- The fold changes and p-values of `compatibility: exact` are not in this table: they differ where R stops before its
  optimum.

What changed in DESeq2 from 1.38 to 1.46 (its NEWS, and the source of every function compared), and what it means here:

{changes}
"""


def page(rows: list[tuple[str, ...]]) -> str:
    """Return the table as a page, with what it compares and what stays different."""
    # What changed in DESeq2 from 1.38 to 1.46: since when, what, and what that means here.
    header, *changes = (HERE / "deseq2_changes.tsv").read_text().splitlines()
    lines = [f"| {line.replace(chr(9), ' | ')} |" for line in (header, "---\t---\t---", *changes)]
    words = {"pydeseq2": version("pydeseq2"), "changes": "\n".join(lines)}
    for release in RELEASES:
        versions = (HERE / "airway" / release / "versions.txt").read_text().splitlines()
        words[release] = ", ".join(line.split(" Patched")[0].split(" (20")[0] for line in versions)
    columns = ["set", "design", "column", *RELEASES.values(), "PyDESeq2 : R 4.2"]
    header = f"| {' | '.join(columns)} |\n" + "| --- " * len(columns) + "|\n"
    return INTRODUCTION.format(**words) + header + "".join("| " + " | ".join(row) + " |\n" for row in rows)


def _beside(lines: list[dict[str, str]], name: str) -> str:
    return lines[0].get(name, "-") if lines else "-"


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--skip-pydeseq2", action="store_true", help="degsteps only (seconds instead of minutes)")
    parser.add_argument("--markdown", type=Path, help="also write the table here")
    arguments = parser.parse_args()
    rows = []
    for folder in arguments.folders or all_sets():
        first, *others = [load_set(folder, release) for release in RELEASES if (folder / release).is_dir()]
        with_pydeseq2 = not arguments.skip_pydeseq2 and first.lengths is None
        of_set = {name: texts for name, *texts in compare_set(first, with_pydeseq2)}
        of_others = [{name: ours for name, ours, _ in compare_set(data, False)} for data in others]
        for name, (ours, theirs) in of_set.items():
            rows.append((first.name, "-", name, ours, _beside(of_others, name), theirs))
        print(f"\n{first.name}: {of_set}", flush=True)
        for tag in first.tags:
            result = run_degsteps(first, tag)
            ours = compare(first, tag, *result)
            beside = [compare(data, tag, *result) for data in others]
            theirs = compare(first, tag, *run_pydeseq2(first, tag)) if with_pydeseq2 else {}
            print(f"\n{first.name}, design {tag}", flush=True)
            for column in dict.fromkeys(column for lines in (ours, *beside) for column in lines):
                texts = (ours.get(column, "-"), _beside(beside, column), theirs.get(column, "-"))
                rows.append((first.name, tag, column, *texts))
                print(f"  {column:30} {' | '.join(texts)}")
    for name, design in [] if arguments.folders else expressed_sets.CASES:
        lines = compare_expressed(name, design, not arguments.skip_pydeseq2)
        rows += [(f"{name}, filtered", design, column, ours, "-", theirs) for column, (ours, theirs) in lines.items()]
        print(f"\n{name}, filtered, design {design}: {lines}", flush=True)
    if arguments.markdown:
        arguments.markdown.write_text(page(rows))


if __name__ == "__main__":
    main()
