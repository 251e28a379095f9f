"""The studies whose gene sets R tested (``make_gene_sets.R``): sets, statistics and R's results, in the order of R."""

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.engines.voom import trend
from degsteps.normalize.norm_factors import tmm_factors

HERE = Path(__file__).parent
RESOURCES = HERE.parents[2] / "resources"
COLLECTIONS = {"airway": "human_go_bp", "pasilla": "fly_go_bp"}
#: Terms of the design after the intercept, as factor and base level; the last is the contrast.
TERMS = {
    "airway": (("cell", "N052611"), ("dex", "untrt")),
    "pasilla": (("type", "paired_end"), ("condition", "untreated")),
}
MIN_SIZE, MAX_SIZE = 10, 500


@dataclass(frozen=True)
class SetStudy:
    """One study.

    Attributes
    ----------
    genes : DataFrame, genes x (gene, id, stat, called, length, weight)
    members : sets x genes.
    of_r : DataFrame, sets x R's columns
    annotated : bool, (genes,)
        In any set of the collection, whatever its size.
    """

    name: str
    genes: pd.DataFrame
    members: sparse.csr_matrix
    of_r: pd.DataFrame
    annotated: np.ndarray

    @property
    def statistic(self) -> np.ndarray:
        """DESeq2's Wald statistic."""
        return self.genes["stat"].to_numpy()

    def called(self, side: str = "both") -> np.ndarray:
        """Genes with padj < .05, of one direction or both."""
        called = self.genes["called"].to_numpy() == 1
        return called if side == "both" else called & ((self.statistic > 0) == (side == "up"))

    def voom(self) -> tuple[trend.Voom, np.ndarray]:
        """Log counts with precisions as limma's voom has them, and the design."""
        return _voom(self.name)


@cache
def _voom(name: str) -> tuple[trend.Voom, np.ndarray]:
    counts = pd.read_csv(RESOURCES / name / "counts.tsv.gz", sep="\t", index_col=0).loc[load(name).genes["gene"]]
    samples = pd.read_csv(RESOURCES / name / "samples.tsv", sep="\t", index_col=0, dtype=str)
    samples = samples.loc[counts.columns]
    columns = [np.ones(len(samples))]
    for factor, base in TERMS[name]:
        columns += [samples[factor].eq(level) for level in sorted(set(samples[factor]) - {base})]
    design = np.column_stack(columns).astype(float)
    sizes = counts.sum().to_numpy() * tmm_factors(counts).to_numpy()
    return trend.voom(counts.to_numpy(), design, sizes), design


@cache
def load(name: str) -> SetStudy:
    """Read a study; sets have 10 to 500 members among its genes."""
    genes = pd.read_csv(HERE / f"{name}_genes.tsv.gz", sep="\t", dtype={"id": str})
    ids = genes["id"] if "id" in genes else genes["gene"]
    of_r = pd.read_csv(HERE / f"{name}_sets.tsv.gz", sep="\t", index_col="set")
    names, members, annotated = read_collection(COLLECTIONS[name], ids)
    assert names == list(of_r.index)
    return SetStudy(name, genes, members, of_r, annotated)


def read_collection(collection: str, ids: pd.Series) -> tuple[list[str], sparse.csr_matrix, np.ndarray]:
    """Return the sets of 10 to 500 of the genes, and which genes are in any set."""
    place = {gene: row for row, gene in enumerate(ids) if isinstance(gene, str)}
    names, rows, columns, annotated = [], [], [], np.zeros(len(ids), dtype=bool)
    with gzip.open(RESOURCES / "gene_sets" / f"{collection}.gmt.gz", "rt") as stream:
        for line in stream:
            name, _, *genes = line.rstrip("\n").split("\t")
            known = [place[gene] for gene in genes if gene in place]
            annotated[known] = True
            if MIN_SIZE <= len(known) <= MAX_SIZE:
                rows += [len(names)] * len(known)
                columns += known
                names.append(name)
    shape = (len(names), len(ids))
    return names, sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape), annotated


def hill(t: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Hill's approximation (1970) of the normal deviate of a t statistic, which limma takes."""
    a = df - 0.5
    b = 48 * a * a
    z = a * np.log1p(t**2 / df)
    z = (((((-0.4 * z - 3.3) * z - 24) * z - 85.5) / (0.8 * z * z + 100 + b) + z + 3) / b + 1) * np.sqrt(z)
    return z * np.sign(t)
