"""Make the demo of single cells: blood cells of 8 donors with and without interferon, simulated with a known truth.

    python resources/make_cells.py

No cell is real. Ids and symbols are those of human genes, so that rules for mitochondrial genes, markers and sexes
work. What single cells bring with them is put in on purpose:

- donors: each gene differs between donors (standard deviation 0.4 of the natural logarithm), and a little more between
  the two halves of a donor (0.15); every donor has cells of both conditions;
- three cell types of unequal number, of which monocytes hold more mRNA; donor d8 has hardly any B cells;
- answer: 50 genes change in all types, 30 more in each type alone, by 1.4 to 6 times (`truth.tsv`);
- captures: two, of four donors each, the second with half the depth and another bias of its genes (0.15);
- doublets: one droplet in twenty has a second cell; where that is another donor's, demultiplexing has told half of
  them (donor `doublet`), and knows nothing of the others (`truth_cells.tsv`);
- ambient RNA: 3 % of the counts are those of the capture's mean cell; damaged cells: few counts, many mitochondrial;
- spike-ins: 20 ERCC rows with known numbers of molecules (`spike_ins.tsv`).
"""

import argparse
import csv
import gzip
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

RESOURCES = Path(__file__).resolve().parent
FOLDER = RESOURCES / "cells"
SEED = 20261128
N_GENES, N_SPIKES = 1480, 20
#: Genes that change in all types, and in each alone.
N_SHARED, N_OWN = 50, 30
#: name: mean cells of a donor and condition, mRNA of a cell relative to the others.
TYPES = {"CD4 T cells": (30, 1.0), "CD14+ Monocytes": (20, 1.6), "B cells": (14, 0.9)}
CONDITIONS = ("ctrl", "stim")
#: donor: sex, age, capture.
DONORS = {
    "d1": ("female", 34, "c1"),
    "d2": ("male", 51, "c1"),
    "d3": ("female", 27, "c1"),
    "d4": ("male", 45, "c1"),
    "d5": ("male", 38, "c2"),
    "d6": ("female", 62, "c2"),
    "d7": ("male", 29, "c2"),
    "d8": ("female", 56, "c2"),
}
#: Counts of a cell of average mRNA content, by capture.
DEPTH = {"c1": 1500, "c2": 750}
MARKERS = {
    "CD4 T cells": ("CD3D", "CD3E", "CD3G", "IL7R", "TRAC", "CD2", "LCK", "IL32", "TCF7"),
    "CD14+ Monocytes": ("LYZ", "S100A8", "S100A9", "CD14", "FCN1", "VCAN", "CST3", "CSF1R", "MS4A7"),
    "B cells": ("CD79A", "CD79B", "MS4A1", "CD19", "CD22", "BANK1", "TNFRSF13C", "HLA-DRA", "CD74"),
}
INTERFERON = ("ISG15", "IFI6", "IFIT1", "IFIT2", "IFIT3", "MX1", "OAS1")
FEMALE, MALE = ("XIST",), ("RPS4Y1", "DDX3Y", "UTY", "KDM5D", "EIF1AY")
OTHERS = ("RPS4X", "DDX3X", "KDM6A", "KDM5C", "EIF1AX", "MALAT1", "B2M", "ACTB", "GAPDH", "HBB", "HBA1", "HBA2")
#: Names of mitochondrial genes in the gene table that are others than `MT-` and that name.
MITOCHONDRIAL = {"COX1": "CO1", "COX2": "CO2", "COX3": "CO3", "CYTB": "CYB"}


def chosen_genes(rng: np.random.Generator) -> pd.DataFrame:
    """Choose genes of the human gene table: those with a part to play, ribosomal proteins, and others at random."""
    with gzip.open(RESOURCES / "genes" / "human.tsv.gz", "rt", encoding="utf-8") as stream:
        table = pd.DataFrame(csv.DictReader(stream, delimiter="\t")).drop_duplicates("symbol").set_index("symbol")
    is_mitochondrial = (table["chrom"] == "MT") & (table["biotype"] == "protein-coding")
    named = [*INTERFERON, *FEMALE, *MALE, *OTHERS, *(gene for own in MARKERS.values() for gene in own)]
    is_coding = (table["biotype"] == "protein-coding") & ~is_mitochondrial & ~table.index.isin(named)
    is_ribosomal = table.index.str.match(r"RP[LS]\d+[AXL]?$") & is_coding
    ribosomal = table.index[is_ribosomal][:60]
    rest = table.index[is_coding & ~is_ribosomal & table["chrom"].isin([str(k) for k in range(1, 23)])]
    number = N_GENES - len(named) - is_mitochondrial.sum() - len(ribosomal)
    names = [*named, *table.index[is_mitochondrial], *ribosomal, *sorted(rng.choice(rest, number, replace=False))]
    genes = table.loc[names, ["gene"]].reset_index()
    mitochondrial = set(table.index[is_mitochondrial])
    genes["symbol"] = [f"MT-{MITOCHONDRIAL.get(n, n)}" if n in mitochondrial else n for n in genes["symbol"]]
    return genes.sort_values("gene", ignore_index=True)


def expected_shares(genes: pd.DataFrame, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the expression of each gene in each cell type, adding up to one."""
    symbols = genes["symbol"]
    base = np.exp(rng.normal(0, 1.3, len(genes)))
    base[symbols.str.startswith(("RPL", "RPS"))] = np.exp(
        rng.normal(2.6, 0.5, symbols.str.startswith(("RPL", "RPS")).sum())
    )
    base[symbols.str.startswith("MT-")] = 9
    base[symbols.isin(["MALAT1", "B2M", "ACTB"])] = 40
    base[symbols.isin([*FEMALE, *MALE, *INTERFERON])] = 2.5
    base[symbols.isin(["HBB", "HBA1", "HBA2"])] = 0.02
    shares = {}
    for cell_type in TYPES:
        own = base * np.exp(rng.normal(0, 0.35, len(genes)))
        for other, markers in MARKERS.items():
            is_marker = symbols.isin(markers).to_numpy()
            own[is_marker] = rng.uniform(6, 25, is_marker.sum()) if other == cell_type else 0.08
        shares[cell_type] = own / own.sum()
    return shares


def changes(genes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return log2 fold changes of interferon, gene by cell type: some in all types, some in one."""
    table = pd.DataFrame(0.0, index=genes["symbol"], columns=list(TYPES))
    fixed = [*FEMALE, *MALE, *OTHERS, *INTERFERON, *(gene for own in MARKERS.values() for gene in own)]
    free = [name for name in table.index if name not in fixed and not name.startswith(("MT-", "RPL", "RPS"))]
    order = list(rng.permutation(free))
    shared = [*INTERFERON, *order[: N_SHARED - len(INTERFERON)]]
    sizes = rng.uniform(np.log2(1.4), np.log2(6), len(shared)) * np.where(rng.random(len(shared)) < 0.75, 1, -1)
    sizes[: len(INTERFERON)] = np.abs(sizes[: len(INTERFERON)]) + 0.5
    table.loc[shared] = sizes[:, None]
    rest = order[N_SHARED - len(INTERFERON) :]
    for number, cell_type in enumerate(TYPES):
        own = rest[number * N_OWN : (number + 1) * N_OWN]
        table.loc[own, cell_type] = rng.uniform(np.log2(1.4), np.log2(6), N_OWN) * rng.choice([-1, 1], N_OWN)
    return table


def simulated(genes: pd.DataFrame, log2_changes: pd.DataFrame, spikes: np.ndarray, rng: np.random.Generator):
    """Return counts (cells x genes and spike-ins), what is known of the cells, and the truth of each."""
    shares, n_genes = expected_shares(genes, rng), len(genes)
    symbols = genes["symbol"]
    is_mitochondrial = symbols.str.startswith("MT-").to_numpy()
    of_donor = {donor: np.exp(rng.normal(0, 0.4, n_genes)) for donor in DONORS}
    of_half = {(donor, part): np.exp(rng.normal(0, 0.15, n_genes)) for donor in DONORS for part in CONDITIONS}
    of_capture = {capture: np.exp(rng.normal(0, 0.15, n_genes)) for capture in DEPTH}
    ambient = sum(shares[name] * number for name, (number, _) in TYPES.items())
    ambient = ambient / ambient.sum()
    size = 1 / 0.1  # of the negative binomial: how cells of one kind differ

    def cell(donor: str, part: str, cell_type: str) -> np.ndarray:
        """Return the expected counts of one cell."""
        sex, _, capture = DONORS[donor]
        own = shares[cell_type] * of_donor[donor] * of_half[donor, part] * of_capture[capture]
        own = own * np.where(part == "stim", 2 ** log2_changes[cell_type].to_numpy(), 1)
        own[symbols.isin(MALE if sex == "female" else FEMALE).to_numpy()] = 0
        return own * DEPTH[capture] * TYPES[cell_type][1] * np.exp(rng.normal(0, 0.3))

    counts, cells, truth = [], [], []
    kinds = []
    for donor in DONORS:
        for part in CONDITIONS:
            for cell_type, (mean, _) in TYPES.items():
                number = (
                    4 if (donor, cell_type) == ("d8", "B cells") else int(rng.poisson(mean * rng.uniform(0.75, 1.3)))
                )
                kinds += [(donor, part, cell_type)] * number
    for place in rng.permutation(len(kinds)):
        donor, part, cell_type = kinds[place]
        capture = DONORS[donor][2]
        expected, partner, known_donor = cell(donor, part, cell_type), ("", "", ""), donor
        is_damaged = rng.random() < 0.04
        if rng.random() < 0.05:
            partner = kinds[rng.choice([k for k, kind in enumerate(kinds) if DONORS[kind[0]][2] == capture])]
            expected = expected + cell(*partner)
            if partner[0] != donor and rng.random() < 0.5:
                known_donor = "doublet"
            is_damaged = False
        if is_damaged:
            expected = np.where(is_mitochondrial, 2.5 * expected, 0.12 * expected)
        if rng.random() < 0.006:
            known_donor = "unassigned"
        total = expected.sum()
        expected = 0.97 * expected + 0.03 * total * ambient
        efficiency = DEPTH[capture] / 1500 * np.exp(rng.normal(0, 0.2))
        drawn = rng.poisson(np.concatenate([expected * rng.gamma(size, 1 / size, n_genes), spikes * efficiency]))
        counts.append(drawn)
        cells.append((capture, known_donor, part, cell_type))
        truth.append((donor, cell_type, str(bool(partner[0])).lower(), partner[0], partner[2], str(is_damaged).lower()))
    order = np.argsort([row[0] for row in cells], kind="stable")
    barcodes = {capture: barcodes_of(2000, rng) for capture in DEPTH}
    names, number = [], dict.fromkeys(DEPTH, 0)
    for place in order:
        capture = cells[place][0]
        names.append(f"{capture}_{barcodes[capture][number[capture]]}-1")
        number[capture] += 1
    index = pd.Index(names, name="cell")
    obs = pd.DataFrame([cells[k] for k in order], index=index, columns=["capture", "donor", "condition", "cell_type"])
    columns = ["donor", "cell_type", "is_doublet", "second_donor", "second_type", "is_damaged"]
    known = pd.DataFrame([truth[k] for k in order], index=index, columns=columns)
    return sparse.csr_matrix(np.array(counts)[order].astype(np.int32)), obs, known


def barcodes_of(number: int, rng: np.random.Generator) -> list[str]:
    """Return different barcodes of 16 bases."""
    bases = np.array(list("ACGT"))
    found: dict[str, None] = {}
    while len(found) < number:
        found["".join(rng.choice(bases, 16))] = None
    return list(found)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a small table."""
    table.to_csv(path, sep="\t", lineterminator="\n", index=table.index.name is not None)


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    rng = np.random.default_rng(SEED)
    genes = chosen_genes(rng)
    log2_changes = changes(genes, rng)
    # Two-fold steps of the mix, from less than one to hundreds of molecules.
    spikes = pd.DataFrame(
        {
            "gene": [f"ERCC-{number:05d}" for number in range(2, 2 + N_SPIKES)],
            "molecules": 0.25 * 2.0 ** (np.arange(N_SPIKES) % 8),
        }
    )
    counts, obs, truth = simulated(genes, log2_changes, spikes["molecules"].to_numpy(), rng)
    FOLDER.mkdir(exist_ok=True)
    var = pd.DataFrame(
        {"gene_symbol": [*genes["symbol"], *spikes["gene"]]},
        index=pd.Index([*genes["gene"], *spikes["gene"]], name="gene_id"),
    )
    data = anndata.AnnData(counts, obs.astype("category"), var)
    data.write_h5ad(FOLDER / "cells.h5ad", compression="gzip", compression_opts=9)
    donors = pd.DataFrame([(name, sex, age) for name, (sex, age, _) in DONORS.items()], columns=["donor", "sex", "age"])
    write_table(FOLDER / "donors.tsv", donors)
    rows = [(cell_type, gene, "up") for cell_type, own in MARKERS.items() for gene in own]
    write_table(FOLDER / "markers.tsv", pd.DataFrame(rows, columns=["cell_type", "gene", "direction"]))
    write_table(FOLDER / "spike_ins.tsv", spikes)
    long = log2_changes.set_axis(genes["gene"]).rename_axis("gene").round(4)
    long.insert(0, "symbol", genes["symbol"].to_numpy())
    write_table(FOLDER / "truth.tsv", long[(long.iloc[:, 1:] != 0).any(axis=1)])
    write_table(FOLDER / "truth_cells.tsv", truth)


if __name__ == "__main__":
    main()
