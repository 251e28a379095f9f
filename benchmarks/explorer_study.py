"""Finished analyses of any size, made up: what the report's page is written from, without running the workflow."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

REPO = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

from degsteps.engines.multiple_testing import adjusted  # noqa: E402
from degsteps.tables import write_json, write_matrix, write_table  # noqa: E402
from tests.unit.report import report_inputs  # noqa: E402

#: Genes that the filter leaves out, for each that it keeps.
LEFT_OUT = 1.0


def made_study(folder: Path, n_contrasts: int, n_genes: int, n_samples: int, seed: int = 1) -> report_inputs.Study:
    """Return an analysis with results of every kind that the explorer shows: human genes, counts with effects."""
    study = report_inputs.build(folder)
    generator = np.random.default_rng(seed)
    names = human_genes(int(n_genes * (1 + LEFT_OUT)))
    genes, others = names.iloc[:n_genes], names.iloc[n_genes:]
    samples = pd.Index([f"S{number:03d}_{'ABCD'[number % 4]}" for number in range(n_samples)], name="sample")
    groups = [f"g{number}" for number in range(max(2, min(n_contrasts, n_samples // 3) + 1))]
    sheet = pd.DataFrame(
        {
            "dose": [groups[number % len(groups)] for number in range(n_samples)],
            "site": [("north", "south", "east")[number // len(groups) % 3] for number in range(n_samples)],
            "age": generator.integers(20, 80, n_samples).astype(str),
        },
        index=samples,
    )
    paths = study.paths
    write_table(sheet, paths["samples"])
    account = {"in_counts": True, "in_sheet": True, "status": "kept", "reason": "", "total_count": 10**7}
    write_table(pd.DataFrame(account, index=samples), paths["sample_account"])
    factors = np.exp(generator.normal(0, 0.25, n_samples))
    write_table(pd.DataFrame({"library_size": 10**7, "size_factor": factors}, index=samples), paths["size_factors"])
    write_table(pd.DataFrame(1.0, index=samples, columns=["Intercept"]), paths["design"])
    libraries = {
        "library_size": 10**7,
        "detected_genes": n_genes,
        "size_factor": factors,
        "rle_median": 0.0,
        "flags": "",
    }
    libraries = pd.DataFrame(libraries, index=samples)
    libraries.loc[samples[[0, n_samples // 2]], "flags"] = "few reads"
    write_table(libraries, paths["libraries"])
    kept = pd.DataFrame({"kept": True, "reason": "", "total_count": 1000}, index=genes.index)
    dropped = pd.DataFrame({"kept": False, "reason": "below_min_cpm", "total_count": 7}, index=others.index)
    write_table(pd.concat([kept, dropped]).rename_axis("gene"), paths["genes"])
    annotation = names.assign(status="matched").rename_axis("gene")
    paths["annotation"] = folder / "02_filter" / "annotation.tsv"
    write_table(annotation, paths["annotation"])

    means = generator.lognormal(5, 2, n_genes)
    effects = generator.normal(0, 1.2, (n_genes, len(groups))) * (generator.uniform(size=(n_genes, len(groups))) < 0.2)
    of_sample = 2 ** effects[:, [groups.index(level) for level in sheet["dose"]]]
    expected = means[:, None] * of_sample * factors
    counts = generator.poisson(expected * generator.gamma(8, 1 / 8, expected.shape))
    write_matrix(pd.DataFrame(counts, index=genes.index, columns=samples), paths["counts"])
    contrasts = {
        f"g{k % (len(groups) - 1) + 1}_vs_g0{'' if k < len(groups) - 1 else f'_{k}'}": k for k in range(n_contrasts)
    }
    definitions, tables = {}, []
    for name, k in contrasts.items():
        level = k % (len(groups) - 1) + 1
        definitions[name] = {"factor": "dose", "test": groups[level], "reference": "g0"}
        table = _contrast(generator, genes, means, effects[:, level] - effects[:, 0])
        path = folder / "08_annotate" / f"{name}.tsv"
        write_table(table, path)
        tables.append(path)
    paths["contrast_tables"] = tables
    paths["contrast_figures"], paths["overlap_figures"], paths["set_figures"] = [], [], []
    levels = {"dose": groups, "site": ["north", "south", "east"]}
    design = {"formula": "~ dose", "levels": levels, "coefficients": ["Intercept"], "rank": 1, "residual_df": 2}
    write_json(design, paths["design_summary"])
    compiled = {
        name: {**definition, "weights": {"Intercept": 1.0}, "groups": dict.fromkeys(groups, 9)}
        for name, definition in definitions.items()
    }
    write_json(compiled, paths["compiled_contrasts"][0])
    scores = _scores(counts, factors, samples)
    table, shares, between, merges = scores
    for frame, path in zip((table, shares, between, merges), paths["of_samples"], strict=True):
        write_table(frame, path)
    settings = study.settings
    settings |= {"name": "made", "title": f"{n_contrasts} contrasts, {n_genes} genes, {n_samples} samples"}
    settings["test"] = settings["test"] | {"contrasts": definitions, "alpha": 0.05, "min_log2_fold_change": 0.0}
    settings["report"] = settings["report"] | {"table_rows": 25}
    settings["design"]["factors"] = {
        "dose": {"reference": "g0", "levels": None},
        "site": {"reference": "north", "levels": None},
    }
    crosstab = pd.DataFrame(
        {"level": ["g0"], "other_factor": "site", "other_level": ["north"], "n_samples": [1]},
        index=pd.Index(["dose"], name="factor"),
    )
    write_table(crosstab, paths["crosstab"])
    records = [path for path in paths["records"] if "annotate_contrast" not in path.name]
    return report_inputs.summarized(replace(study, settings=settings, paths=paths | {"records": records}))


def human_genes(n: int) -> pd.DataFrame:
    """Return ids, symbols and names of genes: real ones, and as many made up behind them as are asked for."""
    table = pd.read_csv(REPO / "resources/genes/human.tsv.gz", sep="\t", dtype=str, keep_default_na=False)
    table = table.rename(columns={table.columns[0]: "gene"}).drop_duplicates("gene").set_index("gene")
    table = table[table.index.str.startswith("ENSG")][["symbol", "name"]]
    more = max(0, n - len(table))
    novel = pd.DataFrame(
        {"symbol": "", "name": "novel transcript"}, index=[f"ENSG{900000 + k:011d}" for k in range(more)]
    )
    return pd.concat([table, novel]).head(n).rename_axis("gene").sort_index()


def _contrast(
    generator: np.random.Generator, genes: pd.DataFrame, means: np.ndarray, effect: np.ndarray
) -> pd.DataFrame:
    from scipy.special import ndtr

    se = 0.12 + 2.5 / np.sqrt(means + 1) * generator.uniform(0.8, 1.3, len(means))
    fold = effect + generator.normal(0, se)
    p = 2 * ndtr(-np.abs(fold / se))
    padj = adjusted(means, p, "bh", alpha=0.05, independent_filtering=True)[0]
    half = 1.96 * se
    table = pd.DataFrame({"symbol": genes["symbol"], "name": genes["name"], "base_mean": means}, index=genes.index)
    table = table.assign(log2_fold_change=fold, lfc_se=se, lfc_lower=fold - half, lfc_upper=fold + half, stat=fold / se)
    table = table.assign(pvalue=p, padj=padj, lfc_shrunken=fold * 0.9)
    return table.assign(na_reason=np.where(np.isnan(padj), "low_mean", ""))


def _scores(counts: np.ndarray, factors: np.ndarray, samples: pd.Index) -> tuple[pd.DataFrame, ...]:
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import pdist, squareform

    values = np.log2(counts / factors + 1)
    _, size, right = np.linalg.svd(values - values.mean(axis=1, keepdims=True), full_matrices=False)
    n = min(10, len(samples) - 1)
    names = [f"PC{k + 1}" for k in range(n)]
    table = pd.DataFrame((right[:n] * size[:n, None]).T, index=samples, columns=names)
    table.insert(0, "values", "transformed")
    shares = pd.DataFrame(
        {"values": "transformed", "fraction": size[:n] ** 2 / (size**2).sum()}, index=pd.Index(names, name="pc")
    )
    between = pdist(values.T)
    merges = pd.DataFrame(linkage(between, "average")[:, :2].astype(int), columns=["left", "right"])
    distances = pd.DataFrame(squareform(between), index=samples, columns=samples)
    return table, shares, distances, merges.rename_axis("merge")
