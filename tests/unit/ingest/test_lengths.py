"""Lengths are lengths: what else lies beside the counts of a pipeline is refused, with what it most likely is."""

import numpy as np
import pandas as pd
import pytest

from degsteps.ingest.lengths import length_faults

N_GENES, N_SAMPLES = 800, 8


def study(n_samples=N_SAMPLES):
    """Return counts, lengths and TPM, as a quantification gives them: isoforms differ a little between samples."""
    draw = np.random.default_rng(7)
    base = np.exp(draw.normal(7.3, 0.9, (N_GENES, 1)))
    lengths = base * np.exp(draw.normal(0, 0.08, (N_GENES, n_samples)))
    lengths[:40] *= np.exp(draw.normal(0, 0.7, (40, n_samples)))  # genes that change their isoform
    rate = np.exp(draw.normal(0, 2.0, (N_GENES, 1)) + draw.normal(0, 0.5, (N_GENES, n_samples)))
    expected = rate * lengths
    counts = draw.poisson(expected / expected.sum(axis=0) * 400_000).astype(float)
    per_base = counts / lengths
    names = {
        "index": pd.Index([f"g{k}" for k in range(N_GENES)], name="gene"),
        "columns": [f"s{k}" for k in range(n_samples)],
    }
    tpm = per_base / per_base.sum(axis=0) * 1e6
    return {
        "counts": pd.DataFrame(counts, **names),
        "lengths": pd.DataFrame(lengths, **names),
        "tpm": pd.DataFrame(tpm, **names),
    }


def changed(table, change):
    values = table.to_numpy(copy=True)
    change(values)
    return pd.DataFrame(values, index=table.index, columns=table.columns)


def in_kilobases_for_one(values):
    values[:, 2] /= 1000


SOUND = {
    "as given": lambda of: of["lengths"],
    "the same for all samples": lambda of: of["lengths"] * 0 + of["lengths"].mean(axis=1).to_numpy()[:, None],
    "that happen to sum to a million": lambda of: of["lengths"] * 0 + 1e6 / N_GENES,
    "whole numbers": lambda of: of["lengths"].round(),
    "0 for genes without counts": lambda of: (
        of["lengths"].where(of["counts"] > 0, 0.0) if (of["counts"] == 0).to_numpy().mean() < 0.25 else of["lengths"]
    ),
    "missing for genes without counts": lambda of: of["lengths"].where(of["counts"] > 0),
    "of more genes than the counts": lambda of: pd.concat([of["lengths"], of["lengths"].add_prefix("x", axis=0)]),
    "a few of very short transcripts": lambda of: changed(of["lengths"], lambda v: v.__setitem__(slice(0, 8), 0.5)),
}
WRONG = {
    "TPM": (lambda of: of["tpm"], "every column sums to one million"),
    "TPM, rounded": (lambda of: of["tpm"].round(3), "every column sums to one million"),
    "TPM of a part of the genes": (lambda of: of["tpm"].iloc[:500], "rise and fall with the counts"),
    "the counts": (lambda of: of["counts"], "the values are the counts themselves"),
    "the counts, not rounded": (lambda of: of["counts"] + 0.3, "the values are the counts themselves"),
    "scaled counts": (lambda of: of["counts"] * 1.37 + 0.01, "rise and fall with the counts"),
    "FPKM": (lambda of: of["tpm"] * 0.4, "rise and fall with the counts"),
    "negative": (lambda of: changed(of["lengths"], lambda v: v.__setitem__((3, 0), -1.0)), "1 value is negative"),
    "logarithms": (lambda of: np.log2(of["tpm"] + 1e-3), "negative"),
    "kilobases": (lambda of: of["lengths"] / 1000, "lengths in kilobases"),
    "kilobases for one sample": (lambda of: changed(of["lengths"], in_kilobases_for_one), "s2 ("),
    "intensities": (lambda of: of["lengths"] * 1e4, "above 1,000,000"),
    "0 where reads were counted": (
        lambda of: of["lengths"].where(~((of["counts"] >= 1) & (of["counts"].index.to_numpy() == "g1")[:, None]), 0.0),
        "0 where reads were counted",
    ),
    "no numbers": (lambda of: of["lengths"] * np.nan, "holds no number"),
}


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("n_samples", [2, N_SAMPLES, 200])
def test_lengths_are_taken(name, n_samples):
    of = study(n_samples)
    assert length_faults(SOUND[name](of), of["counts"]) == []


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_length_is_refused(name):
    of, (table, words) = study(), WRONG[name]
    said = " ".join(map(str, length_faults(table(of), of["counts"])))
    assert words in said
    assert "under ingest.length_matrix" in said


@pytest.mark.parametrize("name", ["TPM", "negative", "kilobases", "intensities", "kilobases for one sample"])
def test_some_are_known_without_counts(name):
    of, (table, words) = study(), WRONG[name]
    assert words in " ".join(map(str, length_faults(table(of))))


def test_the_table_of_lengths_beside_is_named(tmp_path):
    of = study()
    (tmp_path / "salmon.merged.gene_lengths.tsv").write_text("")
    (fault, *_) = length_faults(of["tpm"], None, str(tmp_path / "salmon.merged.gene_tpm.tsv"))
    assert fault.cure.startswith(f"Name {tmp_path}/salmon.merged.gene_lengths.tsv, which lies beside it")
