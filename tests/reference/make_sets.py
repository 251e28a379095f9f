"""Make the data sets that R's results are kept for: simulated ones, and every k-th gene of real ones.

    python make_sets.py                          simulated sets, into this folder
    python make_sets.py NAME=FOLDER:STEP ...     also every STEP-th gene of FOLDER/counts.tsv.gz as set NAME

FOLDER holds counts.tsv.gz (genes x samples) and samples.tsv; the set's reference.cfg is written by hand.
``make_reference.R`` then runs R on each set.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


def write_set(name: str, counts: pd.DataFrame, samples: pd.DataFrame, config: dict[str, str] | None) -> None:
    """Write one set with fixed bytes."""
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    text = counts.rename_axis("gene").to_csv(sep="\t", lineterminator="\n")
    with (folder / "counts.tsv.gz").open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text.encode())
    samples.rename_axis("sample").to_csv(folder / "samples.tsv", sep="\t", lineterminator="\n")
    if config is not None:
        (folder / "reference.cfg").write_text("".join(f"{key}={value}\n" for key, value in config.items()))


def simulate(
    seed: int, n_genes: int, groups: list[str], batches: list[str], *, share_changed: float = 0.15, factors=None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Negative-binomial counts with dispersions scattered about 0.03 + 2.5 / mean, batch and group effects."""
    random = np.random.default_rng(seed)
    n_samples = len(groups)
    mean = np.exp(random.normal(4.0, 2.2, n_genes))
    dispersion = (0.03 + 2.5 / mean) * np.exp(random.normal(0.0, 0.6, n_genes))
    depth = np.exp(random.normal(0.0, 0.35, n_samples))
    log_mean = np.tile(np.log(mean)[:, None], (1, n_samples)) + np.log(depth)
    for level in sorted(set(groups))[1:]:
        change = np.where(random.random(n_genes) < share_changed, random.normal(0.0, 1.0, n_genes), 0.0)
        log_mean[:, np.array(groups) == level] += change[:, None]
    for level in sorted(set(batches))[1:]:
        log_mean[:, np.array(batches) == level] += random.normal(0.0, 0.3, n_genes)[:, None]
    if factors is not None:
        log_mean += np.log(factors)
    rate = random.gamma(1.0 / dispersion[:, None], np.exp(log_mean) * dispersion[:, None])
    sample_names = [f"s{k + 1:02d}" for k in range(n_samples)]
    counts = pd.DataFrame(random.poisson(rate), index=[f"g{k + 1:05d}" for k in range(n_genes)], columns=sample_names)
    samples = pd.DataFrame({"group": groups, "batch": batches}, index=sample_names)
    return counts, samples


def add_outliers(counts: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """One count of some genes becomes far too large."""
    random = np.random.default_rng(seed)
    counts = counts.copy()
    values = counts.to_numpy()
    for gene in np.flatnonzero(random.random(len(counts)) < share):
        values[gene, random.integers(values.shape[1])] = 50 + 20 * values[gene].max()
    return counts


def main(arguments: list[str]) -> None:
    """Write the simulated sets, then those asked for."""
    two = {"condition": "group", "base": "A", "reference": "A", "test": "B", "digits": "10"}
    counts, samples = simulate(1, 1200, ["A"] * 6 + ["B"] * 6, ["x", "x", "y", "y", "z", "z"] * 2)
    write_set("simulated_batches", counts, samples, two | {"batch": "batch", "designs": "batch", "thresholds": "1"})

    counts, samples = simulate(2, 1000, ["A"] * 8 + ["B"] * 8, ["x"] * 16)
    write_set("simulated_outliers", add_outliers(counts, 0.04, 2), samples[["group"]], two)

    counts, samples = simulate(3, 1000, ["A"] * 8 + ["B"] * 4, ["x"] * 12)
    write_set("simulated_unequal_outliers", add_outliers(counts, 0.04, 3), samples[["group"]], two)

    counts, samples = simulate(4, 800, ["A"] * 4 + ["B"] * 4 + ["C"] * 4, ["x"] * 12)
    # Genes without a count in two of the groups, whose comparison says nothing.
    counts.iloc[:12, 4:] = 0
    write_set("simulated_three_groups", counts, samples[["group"]], two | {"reference": "B", "test": "C"})

    random = np.random.default_rng(5)
    lengths = np.exp(random.normal(0.0, 0.25, (700, 8)))
    lengths /= np.exp(np.log(lengths).mean(axis=1, keepdims=True))
    counts, samples = simulate(5, 700, ["A"] * 4 + ["B"] * 4, ["x", "y"] * 4, factors=lengths)
    write_set("simulated_lengths", counts, samples, two | {"batch": "batch", "designs": "batch", "lengths": "1"})
    table = pd.DataFrame(lengths, index=counts.index, columns=counts.columns).rename_axis("gene")
    with (HERE / "simulated_lengths/lengths.tsv.gz").open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
        out.write(table.to_csv(sep="\t", lineterminator="\n", float_format="%.6g").encode())

    for argument in arguments:
        name, source = argument.split("=")
        folder, step = source.rsplit(":", 1)
        counts = pd.read_csv(Path(folder) / "counts.tsv.gz", sep="\t", index_col=0)
        samples = pd.read_csv(Path(folder) / "samples.tsv", sep="\t", index_col=0, dtype=str)
        write_set(name, counts[samples.index].iloc[:: int(step)], samples, None)


if __name__ == "__main__":
    main(sys.argv[1:])
