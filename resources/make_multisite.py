"""Make the multi-site demo: one study at three sites, simulated from the airway counts with a known truth.

    python resources/make_multisite.py

Means and dispersions are those of the untreated airway samples; counts are negative binomial. What a study of several
sites brings with it is put in on purpose:

- depth: the sites sequence to 1, 0.35 and 2.5 times the depth of airway, each sample up to 1.4-fold around that;
- batch: each site shifts each gene by its own factor (standard deviation 0.35 of log2);
- genes: lyon's annotation lacks 400 genes, kyoto's has 250 that the others lack; each site has its own order;
- files: two sites write tab-separated text, one writes commas; lyon calls its columns differently;
- balance: kyoto has four treated samples and two controls, so that site and treatment are not independent.

A tenth of the genes answers to the treatment, by a factor of 1.5 to 8 up or down: `truth.tsv` has them all.
"""

import argparse
import csv
import gzip
from pathlib import Path

import numpy as np
from tsv_gz import write_tsv_gz

RESOURCES = Path(__file__).resolve().parent
FOLDER = RESOURCES / "multisite"
SEED = 20261121
N_GENES = 5000
#: name: depth, treated samples, controls, number of genes that it lacks
SITES = {"oslo": (1.0, 4, 4, 250), "lyon": (0.35, 3, 3, 650), "kyoto": (2.5, 4, 2, 0)}


def airway_genes() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return ids, means and dispersions (by moments) of the most abundant genes in untreated airway samples."""
    with (RESOURCES / "airway" / "samples.tsv").open(encoding="utf-8") as stream:
        untreated = [row["sample"] for row in csv.DictReader(stream, delimiter="\t") if row["dex"] == "untrt"]
    with gzip.open(RESOURCES / "airway" / "counts.tsv.gz", "rt", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream, delimiter="\t")
    columns = [header.index(sample) for sample in untreated]
    counts = np.array([[int(row[column]) for column in columns] for row in rows])
    # Every third of the abundant genes: from thousands of counts down to about ten.
    chosen = np.sort(np.argsort(-counts.mean(axis=1), kind="stable")[: 3 * N_GENES : 3])
    scaled = counts[chosen] / counts.sum(axis=0) * counts.sum(axis=0).mean()
    means = scaled.mean(axis=1)
    by_moments = (scaled.var(axis=1, ddof=1) - means) / means**2
    trend = 0.03 + 3 / means
    return [rows[number][0] for number in chosen], means, np.clip(by_moments, 0.3 * trend, 3 * trend)


def write_table(path: Path, table: list[list[str]], separator: str = "\t") -> None:
    """Write a small table."""
    text = "".join(separator.join(row) + "\n" for row in table)
    path.write_text(text, encoding="utf-8", newline="\n")


def write_site(site: str, genes: list[str], treatments: dict[str, str], counts: np.ndarray) -> None:
    """Write one site's matrix and sample sheet as that site would."""
    rows = [[gene, *row] for gene, row in zip(genes, counts.tolist(), strict=True)]
    sheet = [list(pair) for pair in treatments.items()]
    if site != "lyon":
        write_tsv_gz(FOLDER / f"{site}.tsv.gz", ["gene_id", *treatments], rows)
        write_table(FOLDER / f"{site}.samples.tsv", [["sample", "treatment"], *sheet])
        return
    lines = "".join(",".join(map(str, row)) + "\n" for row in [["GeneID", *treatments], *rows])
    with (FOLDER / f"{site}.csv.gz").open("wb") as stream, gzip.GzipFile("", "wb", 9, stream, mtime=0) as archive:
        archive.write(lines.encode())
    write_table(FOLDER / f"{site}.samples.csv", [["library", "treatment"], *sheet], ",")


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    rng = np.random.default_rng(SEED)
    genes, means, dispersions = airway_genes()
    log2_fold_changes = np.zeros(N_GENES)
    changed = rng.choice(N_GENES, N_GENES // 10, replace=False)
    log2_fold_changes[changed] = rng.uniform(np.log2(1.5), 3, len(changed)) * rng.choice([-1, 1], len(changed))

    # The first in this order exist at kyoto alone, the next are lacking at lyon alone.
    order = rng.permutation(N_GENES)
    FOLDER.mkdir(exist_ok=True)
    for site, (depth, n_treated, n_controls, n_lacking) in SITES.items():
        treatments = ["treated"] * n_treated + ["control"] * n_controls
        samples = [f"{site}_{number:02d}" for number in range(1, len(treatments) + 1)]
        site_effects = 2 ** rng.normal(0, 0.35, N_GENES)
        depths = depth * 1.4 ** rng.uniform(-1, 1, len(samples))
        effects = np.where(np.array(treatments) == "treated", 2 ** log2_fold_changes[:, None], 1.0)
        expected = (means * site_effects)[:, None] * effects * depths
        size = 1 / dispersions[:, None]
        counts = rng.negative_binomial(size, size / (size + expected))
        here = rng.permutation(order[n_lacking:])
        write_site(site, [genes[number] for number in here], dict(zip(samples, treatments, strict=True)), counts[here])

    truth = [[gene, repr(float(change))] for gene, change in zip(genes, log2_fold_changes, strict=True)]
    write_table(FOLDER / "truth.tsv", [["gene", "log2_fold_change"], *truth])


if __name__ == "__main__":
    main()
