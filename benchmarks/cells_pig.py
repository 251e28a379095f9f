"""Airway cells of seven pigs, four wild type and three without CFTR (Thurman et al. 2021), by the workflow's steps.

Two questions of the same cells. Knock-out against wild type: the gene that was taken out should be called, and little
else. Wild type against wild type, two pigs a side, dealt in all three ways: nothing should be called. Beside each
answer stands what would have been called with each cell for a replicate, from the p-values of the exploratory table.

The cells are not part of this repository (their package is GPL): github.com/jasonratcliff/aggregateBioVar, commit
94bfce9e, `data-raw/ASE_integrated_sub.Rda`, as `counts.mtx.gz` (genes x cells), `genes.tsv` and `cells.tsv` (cell,
donor, condition, cell_type).
"""

import subprocess
import sys
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import yaml
from scipy import io, sparse

from benchmarks.cells_null import ALPHA, tested
from degsteps.basics.paths import stage_folder
from degsteps.engines.multiple_testing import adjust_bh, independent_filtering
from degsteps.tables import read_matrix, read_table

REPO = Path(__file__).resolve().parents[1]
WILD, KNOCKED_OUT, GENE = "WT", "CFTRKO", "CFTR"
TYPES = {"Secretory cell": "Secretory_cell", "Endothelial cell": "Endothelial_cell", "Immune cell": "Immune_cell"}
#: The three ways to deal four pigs to two groups, by which of them stand with the first.
SPLITS = {"split_1": 1, "split_2": 2, "split_3": 3}
#: Settings that the engine of quasi-likelihood asks for: it has no outliers and no shrunken changes.
PLAIN = {"cooks_filter": False, "shrinkage": "none"}
#: Bars: calls in secretory cells and in each other type, knock-out; calls in all nine tests of wild types.
MOST_SECRETORY, MOST_OTHERS, MOST_NULL = 5, 2, 5


def analysis(cells: str, column: str, test: str, reference: str, engine: str) -> dict:
    """Return the configuration of one comparison; these cells were chosen by others, so that none is judged here."""
    return {
        "version": "1.0",
        "cells": {
            "counts": cells,
            "donor_column": "donor",
            "label_column": "cell_type",
            "quality": {"min_genes": 0, "min_counts": 0, "mads": None, "mito": None},
            "doublets": {"method": "none"},
            "composition": {"transform": "none"},
            "per_cell": "wilcoxon",
        },
        "design": {"formula": f"~ {column}", "factors": {column: {"reference": reference}}},
        "test": {
            "engine": engine,
            **({} if engine == "degsteps" else PLAIN),
            "contrasts": {"compared": {"factor": column, "test": test, "reference": reference}},
        },
        "annotate": {"genes": None},
    }


def write_study(source: Path, folder: Path) -> list[str]:
    """Write cells and configurations of the four analyses into a folder; return the names of the analyses."""
    cells = pd.read_csv(source / "cells.tsv", sep="\t", dtype=str, index_col=0)
    genes = pd.read_csv(source / "genes.tsv", sep="\t", dtype=str)["gene"]
    counts = sparse.csr_matrix(io.mmread(source / "counts.mtx.gz").T.astype(np.int32))
    anndata.AnnData(counts, obs=cells, var=pd.DataFrame(index=genes.to_numpy())).write_h5ad(folder / "all.h5ad")
    wild = (cells["condition"] == WILD).to_numpy()
    own = cells[wild].copy()
    pigs = sorted(own["donor"].unique())
    if len(pigs) != 4:
        raise SystemExit(
            f"{source}/cells.tsv: {len(pigs)} donors of condition {WILD}, not 4. Is it the set of the pigs?"
        )
    for split, partner in SPLITS.items():
        own[split] = np.where(own["donor"].isin([pigs[0], pigs[partner]]), "a", "b")
    anndata.AnnData(counts[wild], obs=own, var=pd.DataFrame(index=genes.to_numpy())).write_h5ad(folder / "wild.h5ad")
    analyses = {"knock_out": analysis("all.h5ad", "condition", KNOCKED_OUT, WILD, "degsteps")}
    analyses |= {split: analysis("wild.h5ad", split, "b", "a", "edger_ql") for split in SPLITS}
    for name, settings in analyses.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (folder / "config").mkdir(exist_ok=True)
    config = {"analyses": [f"{name}.yaml" for name in analyses]}
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return list(analyses)


def results_of(name: str, stage: str) -> Path:
    """Return the folder of a stage's results."""
    return Path("results") / name / "1.0" / stage_folder(stage)


def run(folder: Path, names: list[str], cores: int) -> None:
    """Run the workflow up to the annotated and the exploratory tables."""
    targets = [
        str(path)
        for name in names
        for slug in TYPES.values()
        for path in (
            results_of(name, "annotate") / f"compared.{slug}.tsv",
            results_of(name, "test") / "exploratory" / f"compared.{slug}.tsv",
        )
    ]
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPO / "Snakefile"), "--cores", str(cores)]
    done = subprocess.run([*command, *targets], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"The workflow failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def answers(folder: Path, name: str) -> pd.DataFrame:
    """Return by type: tested genes, genes called by the sums, names of them, genes called by cells and more."""
    rows = {}
    for title, slug in TYPES.items():
        table = read_table(folder / results_of(name, "annotate") / f"compared.{slug}.tsv", text=("na_reason",))
        cells = read_table(
            folder / results_of(name, "test") / "exploratory" / f"compared.{slug}.tsv", text=("evidence", "test")
        )
        genes = table.index[table["pvalue"].notna()]
        called = table[table["padj"] < ALPHA].sort_values("pvalue", kind="stable").index
        by_cells = adjust_bh(cells["p_cells"].reindex(genes).to_numpy())
        rows[title] = {
            "genes": len(genes),
            "called": len(called),
            "filtered": int(
                (independent_filtering(*table[["base_mean", "pvalue"]].to_numpy().T, ALPHA).padj < ALPHA).sum()
            ),
            "names": ", ".join(called),
            "by_cells": int((by_cells < ALPHA).sum()),
            "flagged": bool((cells["evidence"] == "exploratory").all()),
            "unadjusted": "padj" not in cells.columns,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def calls_of_deseq2(folder: Path, split: str) -> pd.Series:
    """Return how many genes the default engine calls in a split, by type, from the sums of the workflow."""
    ingest = folder / results_of(split, "ingest")
    counts = read_matrix(ingest / "counts.parquet")
    samples = read_table(ingest / "samples.tsv", text=("donor", "cell_type", split))
    calls = {}
    for title in TYPES:
        own = samples[samples["cell_type"] == title].sort_values([split, "donor"])
        calls[title] = int((tested("degsteps", counts[own.index])["padj"] < ALPHA).sum())
    return pd.Series(calls)


def lines_of_knock_out(found: pd.DataFrame) -> list[str]:
    """Return the table of the knock-out."""
    lines = [
        "| cell type | genes tested | called by sums per pig | genes | per cell, for comparison |",
        "| --- | ---: | ---: | --- | ---: |",
    ]
    return lines + [
        f"| {title} | {row.genes:,} | {row.called} | {row.names or 'none'} | {row.by_cells} |"
        for title, row in found.iterrows()
    ]


def lines_of_splits(of_splits: dict[str, pd.DataFrame], of_deseq2: dict[str, pd.Series]) -> list[str]:
    """Return the table of wild type against wild type."""
    lines = [
        "| cell type | `edger_ql` | and independent filtering | `degsteps` (DESeq2) | per cell, for comparison |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for title in TYPES:
        columns = (
            [table.loc[title, "called"] for table in of_splits.values()],
            [table.loc[title, "filtered"] for table in of_splits.values()],
            [calls[title] for calls in of_deseq2.values()],
            [table.loc[title, "by_cells"] for table in of_splits.values()],
        )
        lines.append(f"| {title} | " + " | ".join(", ".join(map(str, column)) for column in columns) + " |")
    return lines


def evidence(source: Path, folder: Path, cores: int) -> tuple[str, list[str]]:
    """Run all of it in a folder; return the text for the page, and the bars that were missed."""
    names = write_study(source, folder)
    run(folder, names, cores)
    knock_out = answers(folder, names[0])
    of_splits = {name: answers(folder, name) for name in names[1:]}
    of_deseq2 = {name: calls_of_deseq2(folder, name) for name in names[1:]}
    in_all = sum(int(table["called"].sum()) for table in of_splits.values())
    tables = [knock_out, *of_splits.values()]
    secretory = knock_out.loc["Secretory cell"]
    bars = {
        f"{GENE} is not the first gene of secretory cells": secretory["names"].split(", ")[0] == GENE,
        f"more than {MOST_SECRETORY} calls in secretory cells": secretory["called"] <= MOST_SECRETORY,
        f"more than {MOST_OTHERS} calls in another type": (
            knock_out.drop("Secretory cell")["called"] <= MOST_OTHERS
        ).all(),
        f"more than {MOST_NULL} calls between wild types": in_all <= MOST_NULL,
        "a row of an exploratory table is not flagged": all(
            table["flagged"].all() and table["unadjusted"].all() for table in tables
        ),
    }
    lines = [
        f"Knock-out of {GENE} (3 pigs) against wild type (4 pigs), default engine, adjusted p < {ALPHA:g}, genes by p:",
        "",
        *lines_of_knock_out(knock_out),
        "",
        "Wild type against wild type, 2 v 2 pigs, in all three ways to deal them: nothing is true. Calls by split;",
        f"`edger_ql` makes {in_all} in the nine tests:",
        "",
        *lines_of_splits(of_splits, of_deseq2),
        "",
        "Per cell: the rank sum test over cells, adjusted here by Benjamini and Hochberg over the same genes. No table",
        f"of the workflow has that column, and every row of its {len(tables) * len(TYPES)} exploratory tables says",
        "`exploratory`.",
    ]
    return "\n".join(lines) + "\n", [bar for bar, is_met in bars.items() if not is_met]
