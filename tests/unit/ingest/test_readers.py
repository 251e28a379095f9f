"""Every format, written as its program writes it, gives the counts that were put into it."""

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import DataError
from degsteps.ingest.ingest import Settings, ingest
from degsteps.ingest.readers.per_sample import infer_strand
from degsteps.ingest.section import transcript_verdict
from degsteps.inputs.sources import Source, alignment_samples, locate

SAMPLES = ["S-1", "S-2", "S-3", "S-4"]
GENES = [f"ENSG{number:011d}" for number in range(40)]
LENGTHS = 500 + 37 * np.arange(40)


@pytest.fixture
def counts() -> pd.DataFrame:
    values = np.random.default_rng(1).negative_binomial(3, 0.01, size=(40, 4))
    return pd.DataFrame(values, index=pd.Index(GENES, name="gene"), columns=SAMPLES)


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text("sample\tcondition\n" + "".join(f"{name}\tc{name[-1]}\n" for name in SAMPLES))
    return path


def write_featurecounts(counts, path, names):
    table = counts.set_axis(names, axis=1).rename_axis("Geneid").reset_index()
    for position, (name, value) in enumerate(
        {"Chr": "1;1", "Start": "10;90", "End": "50;120", "Strand": "+;+", "Length": 1000}.items(), start=1
    ):
        table.insert(position, name, value)
    text = '# Program:featureCounts v2.0.6; Command:"featureCounts" "-a" "genes.gtf" "-o" "counts.txt"\n'
    path.write_text(text + table.to_csv(sep="\t", index=False))


def as_tsv(counts, folder):
    counts.to_csv(folder / "counts.tsv", sep="\t")
    return "counts.tsv"


def as_csv_gz(counts, folder):
    counts.iloc[::-1].to_csv(folder / "counts.csv.gz")
    return "counts.csv.gz"


def as_tsv_zst(counts, folder):
    import pyarrow as pa

    text = "# a comment\n\n" + counts.to_csv(sep="\t")
    (folder / "counts.tsv.zst").write_bytes(pa.compress(text.encode(), codec="zstd", asbytes=True))
    return "counts.tsv.zst"


def as_r_writes(counts, folder):
    text = counts.astype(float).to_csv(sep="\t", float_format="%.1f").split("\t", 1)[1]
    (folder / "counts.txt").write_text(text.replace("\t100.0", "\t1e+02"))
    return "counts.txt"


def as_featurecounts(counts, folder):
    write_featurecounts(counts, folder / "counts.txt", [f"align/{s}.sorted.bam" for s in SAMPLES])
    return "counts.txt"


def as_featurecounts_folder(counts, folder):
    (folder / "fc").mkdir()
    for name in SAMPLES:
        write_featurecounts(counts[[name]], folder / "fc" / f"{name}.txt", [f"bam/{name}.bam"])
        (folder / "fc" / f"{name}.txt.summary").write_text("Status\tx\nAssigned\t4\n")
    return "fc"


def as_star(counts, folder):
    (folder / "star").mkdir()
    for name in SAMPLES:
        lines = ["N_unmapped\t10\t10\t10", "N_multimapping\t5\t5\t5", "N_noFeature\t1\t900\t2", "N_ambiguous\t1\t0\t1"]
        lines += [f"{gene}\t{n + 1}\t{n // 50}\t{n}" for gene, n in counts[name].items()]
        (folder / "star" / f"{name}_ReadsPerGene.out.tab").write_text("\n".join(lines) + "\n")
    return "star"


def as_htseq(counts, folder):
    (folder / "htseq").mkdir()
    for name in SAMPLES:
        lines = [f"{gene}\t{n}" for gene, n in counts[name].items()] + ["__no_feature\t70", "__ambiguous\t3"]
        lines += ["__too_low_aQual\t0", "__not_aligned\t0", "__alignment_not_unique\t11"]
        (folder / "htseq" / f"{name}.htseq.counts.txt").write_text("\n".join(lines) + "\n")
    return "htseq"


def as_rsem(counts, folder):
    (folder / "rsem").mkdir()
    for name in SAMPLES:
        lines = ["gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM"]
        lines += [
            f"{gene}\t{gene}.t1,{gene}.t2\t{length}.00\t{length - 100}.00\t{n}.00\t1.00\t1.00"
            for (gene, n), length in zip(counts[name].items(), LENGTHS, strict=True)
        ]
        (folder / "rsem" / f"{name}.genes.results").write_text("\n".join(lines) + "\n")
    return "rsem"


def as_parquet(counts, folder):
    counts.assign(symbol="x").to_parquet(folder / "counts.parquet")
    return "counts.parquet"


def as_h5ad(counts, folder):
    import anndata
    from scipy.sparse import csr_matrix

    stored = anndata.AnnData(
        np.log1p(counts.T.to_numpy().astype(float)), pd.DataFrame(index=SAMPLES), pd.DataFrame(index=GENES)
    )
    stored.layers["counts"] = csr_matrix(counts.T.to_numpy())
    stored.write_h5ad(folder / "counts.h5ad")
    return "counts.h5ad"


def as_mtx(counts, folder):
    from scipy.io import mmwrite
    from scipy.sparse import coo_matrix

    (folder / "tenx").mkdir()
    text = io.BytesIO()
    mmwrite(text, coo_matrix(np.vstack([counts.to_numpy(), [7, 7, 7, 7]])))
    (folder / "tenx" / "matrix.mtx.gz").write_bytes(gzip.compress(text.getvalue()))
    features = "".join(f"{gene}\tG\tGene Expression\n" for gene in GENES) + "CD3\tCD3\tAntibody Capture\n"
    (folder / "tenx" / "features.tsv.gz").write_bytes(gzip.compress(features.encode()))
    (folder / "tenx" / "barcodes.tsv.gz").write_bytes(gzip.compress("".join(f"{s}\n" for s in SAMPLES).encode()))
    return "tenx"


def as_xlsx(counts, folder):
    counts.to_excel(folder / "counts.xlsx", engine="openpyxl")
    return "counts.xlsx"


WRITERS = {
    "table": as_tsv,
    "table, gzip, commas": as_csv_gz,
    "table, zstd": as_tsv_zst,
    "table, as R writes it": as_r_writes,
    "featurecounts": as_featurecounts,
    "featurecounts, a folder": as_featurecounts_folder,
    "star": as_star,
    "htseq": as_htseq,
    "rsem": as_rsem,
    "parquet": as_parquet,
    "h5ad": as_h5ad,
    "mtx": as_mtx,
    "xlsx": as_xlsx,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("wanted", ["auto", "given"])
def test_every_format_gives_the_counts_that_were_written(name, wanted, counts, sheet, tmp_path):
    given = WRITERS[name](counts, tmp_path)
    kind = name.split(",")[0]
    ignored = ("symbol",) if kind == "parquet" else ()
    source = Source(
        "", str(tmp_path / given), str(sheet), ignore_columns=ignored, format="auto" if wanted == "auto" else kind
    )
    found = ingest([source], Settings())
    pd.testing.assert_frame_equal(found.counts, counts, check_names=False, check_dtype=True)
    facts = found.facts["sources"]["all"]
    assert facts["format"] == kind
    assert facts["evidence"]
    if kind == "star":
        assert facts["strand"] == "reverse"
        assert facts["reads_outside_genes"]["S-1"]["N_unmapped"] == [10, 10, 10]
    if kind == "htseq":
        assert facts["reads_outside_genes"]["S-2"]["alignment_not_unique"] == 11
    if kind == "mtx":
        assert found.gene_account.loc["CD3", ["status", "reason"]].tolist() == ["dropped", "feature_that_is_no_gene"]
    if kind == "rsem":
        np.testing.assert_allclose(found.lengths.loc[GENES, "S-1"], LENGTHS - 100)
        assert found.facts["rounded"]


def test_strand_is_inferred_from_all_samples():
    assert infer_strand({"a": 0.98, "b": 0.91}) == "forward"
    assert infer_strand({"a": 0.02, "b": 0.1}) == "reverse"
    assert infer_strand({"a": 0.5, "b": 0.45}) == "unstranded"
    with pytest.raises(DataError, match=r"unclear: b \(70%\).*ingest.strand"):
        infer_strand({"a": 0.5, "b": 0.7})
    with pytest.raises(DataError, match=r"forward: a.*reverse: b"):
        infer_strand({"a": 0.99, "b": 0.01})


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (["x/A.bam", "x/B.sorted.bam"], ["A", "B"]),
        (["run/A/A.Aligned.sortedByCoord.out.bam", "run/B/B_Aligned.out.bam"], ["A", "B"]),
        (["A/accepted_hits.bam", "B/accepted_hits.bam"], ["A", "B"]),
        (["A.1", "A.2"], ["A.1", "A.2"]),
    ],
)
def test_samples_of_alignments(columns, names):
    assert alignment_samples(columns) == names


# ---- quantifications of transcripts

TRANSCRIPTS = ["t1.1", "t2.1", "t3.1", "t4.1", "orphan.1"]
TX2GENE = "transcript_id\tgene_id\tgene_name\nt1.1\tgA\ta\nt2.1\tgA\ta\nt3.1\tgB\tb\nt4.1\tgC\tc\n"
NUMBERS = {"a": [100.5, 50.25, 30, 0, 5], "b": [10, 200.75, 60, 0, 5]}
EFFECTIVE = {"a": [900.0, 400.0, 1500.0, 300.0, 250.0], "b": [880.0, 390.0, 1480.0, 290.0, 250.0]}


def tpm(sample):
    rate = np.array(NUMBERS[sample]) / np.array(EFFECTIVE[sample])
    return rate / rate.sum() * 1e6


def write_salmon(folder):
    for sample in ("a", "b"):
        (folder / "salmon" / f"{sample}_quant").mkdir(parents=True)
        rows = zip(TRANSCRIPTS, EFFECTIVE[sample], tpm(sample), NUMBERS[sample], strict=True)
        lines = ["Name\tLength\tEffectiveLength\tTPM\tNumReads"]
        lines += [f"{name}\t{length + 200:.0f}\t{length}\t{t:.6f}\t{n}" for name, length, t, n in rows]
        (folder / "salmon" / f"{sample}_quant" / "quant.sf").write_text("\n".join(lines) + "\n")
        (folder / "salmon" / f"{sample}_quant" / "quant.genes.sf").write_text("not this one\n")
    return folder / "salmon"


def write_kallisto(folder):
    for sample in ("a", "b"):
        (folder / "kallisto" / sample).mkdir(parents=True)
        rows = zip(TRANSCRIPTS, EFFECTIVE[sample], tpm(sample), NUMBERS[sample], strict=True)
        lines = ["target_id\tlength\teff_length\test_counts\ttpm"]
        lines += [f"{name}\t{length + 200:.0f}\t{length}\t{n}\t{t:.6f}" for name, length, t, n in rows]
        (folder / "kallisto" / sample / "abundance.tsv").write_text("\n".join(lines) + "\n")
    return folder / "kallisto"


def write_kallisto_h5(folder):
    import h5py

    for sample in ("a", "b"):
        (folder / "h5" / sample).mkdir(parents=True)
        with h5py.File(folder / "h5" / sample / "abundance.h5", "w") as stored:
            stored["est_counts"] = np.array(NUMBERS[sample], dtype=float)
            stored["aux/ids"] = np.array([name.encode() for name in TRANSCRIPTS])
            stored["aux/eff_lengths"] = np.array(EFFECTIVE[sample], dtype=float)
            stored["bootstrap/bs0"] = np.zeros(len(TRANSCRIPTS))
    return folder / "h5"


@pytest.fixture
def two_samples(tmp_path):
    path = tmp_path / "two.tsv"
    path.write_text("sample\tcondition\na\tx\nb\ty\n")
    return path


def by_hand(sample):
    """Return counts and lengths of genes, computed gene by gene from the definition."""
    counts, lengths = {}, {}
    for gene, rows in {"gA": [0, 1], "gB": [2], "gC": [3]}.items():
        t, e = tpm(sample)[rows], np.array(EFFECTIVE[sample])[rows]
        counts[gene] = np.array(NUMBERS[sample])[rows].sum()
        lengths[gene] = (t * e).sum() / t.sum() if t.sum() else np.nan
    return counts, lengths


def test_of_two_files_of_kallisto_the_text_is_read(tmp_path):
    text, binary = write_kallisto(tmp_path), write_kallisto_h5(tmp_path)
    (binary / "a" / "abundance.h5").rename(text / "a" / "abundance.h5")
    located = locate(text)
    assert located.faults == []
    assert [Path(file).name for file in located.files] == ["abundance.tsv", "abundance.tsv"]
    (binary / "b" / "abundance.h5").write_bytes(b"\x00\x01 not HDF5")
    assert "does not begin as kallisto writes it" in str(locate(binary).faults[0])


def test_a_damaged_file_of_kallisto_is_a_sentence(two_samples, tmp_path):
    folder = write_kallisto_h5(tmp_path)
    file = folder / "a" / "abundance.h5"
    file.write_bytes(file.read_bytes()[:900])
    table = tmp_path / "tx2gene.tsv"
    table.write_text(TX2GENE)
    with pytest.raises(DataError, match=r"abundance\.h5: cannot be read"):
        ingest([Source("", str(folder), str(two_samples))], Settings(), tx2gene=table)


@pytest.mark.parametrize("write", [write_salmon, write_kallisto, write_kallisto_h5])
@pytest.mark.parametrize(
    "tx2gene", [TX2GENE, TX2GENE.split("\n", 1)[1].replace("\t", ","), TX2GENE.replace(".1", ".7")]
)
def test_transcripts_are_summed_with_their_lengths(write, tx2gene, two_samples, tmp_path):
    table = tmp_path / "tx2gene.tsv"
    table.write_text(tx2gene)
    source = Source("", str(write(tmp_path)), str(two_samples))
    found = ingest([source], Settings(), tx2gene=table)
    for sample in ("a", "b"):
        counts, lengths = by_hand(sample)
        assert found.counts[sample].to_dict() == {gene: round(n) for gene, n in counts.items()}
        np.testing.assert_allclose(found.lengths.loc[["gA", "gB"], sample], [lengths["gA"], lengths["gB"]], rtol=1e-5)
    # Expressed nowhere: the plain mean of its transcripts' lengths over samples.
    np.testing.assert_allclose(found.lengths.loc["gC"], [295.0, 295.0])
    assert found.gene_account.loc["orphan.1", ["status", "reason"]].tolist() == ["dropped", "transcript_not_in_tx2gene"]


def test_tpm_with_the_lengths_of_each_sample_is_that_of_the_quantifier(two_samples, tmp_path):
    """A gene's TPM is the sum of its transcripts' TPM, which needs the lengths that these had in the sample."""
    from degsteps.normalize.tables import tpm as tpm_of_genes

    table = tmp_path / "tx2gene.tsv"
    table.write_text(TX2GENE)
    found = ingest([Source("", str(write_salmon(tmp_path)), str(two_samples))], Settings(), tx2gene=table)
    ours = tpm_of_genes(found.counts, found.lengths)
    for sample in ("a", "b"):
        of_genes = np.array([tpm(sample)[:2].sum(), tpm(sample)[2], tpm(sample)[3]])
        np.testing.assert_allclose(ours[sample], of_genes / of_genes.sum() * 1e6, rtol=3e-3)  # rounded counts
    # One length for both samples would be wrong: the two use the transcripts of gA differently.
    assert not np.allclose(tpm_of_genes(found.counts, found.lengths.mean(axis=1)), ours, rtol=0.01)


def test_length_scaled_counts_keep_library_sizes(two_samples, tmp_path):
    table = tmp_path / "tx2gene.tsv"
    table.write_text(TX2GENE)
    source = Source("", str(write_salmon(tmp_path)), str(two_samples))
    found = ingest([source], Settings(length_correction="length_scaled_tpm"), tx2gene=table)
    abundance = {s: np.array([tpm(s)[:2].sum(), tpm(s)[2], tpm(s)[3]]) for s in ("a", "b")}
    mean_length = [np.mean([by_hand(s)[1][gene] for s in ("a", "b")]) for gene in ("gA", "gB")] + [295.0]
    for sample in ("a", "b"):
        scaled = abundance[sample] * mean_length
        expected = scaled / scaled.sum() * sum(by_hand(sample)[0].values())
        np.testing.assert_allclose(found.counts[sample], expected, atol=0.51)
    assert len(found.lengths) == 0


def test_without_lengths_only_counts_are_taken(two_samples, tmp_path):
    table = tmp_path / "tx2gene.tsv"
    table.write_text(TX2GENE)
    found = ingest(
        [Source("", str(write_salmon(tmp_path)), str(two_samples))], Settings(length_correction="none"), tx2gene=table
    )
    assert len(found.lengths) == 0
    assert found.facts["length_correction"] is None


def test_tx2gene_of_another_annotation_is_refused(two_samples, tmp_path):
    table = tmp_path / "tx2gene.tsv"
    table.write_text("x1\tgA\nx2\tgB\n")
    with pytest.raises(DataError, match="0% of the quantified transcripts"):
        ingest([Source("", str(write_salmon(tmp_path)), str(two_samples))], Settings(), tx2gene=table)


def test_a_merged_table_of_nfcore_with_its_lengths(two_samples, tmp_path):
    (tmp_path / "salmon.merged.gene_counts.tsv").write_text(
        "gene_id\tgene_name\ta\tb\ngB\tB\t30.0\t60.5\ngA\tA\t150.75\t210.75\n"
    )
    (tmp_path / "lengths.tsv").write_text("gene_id\tgene_name\ta\tb\ngA\tA\t733.0\t410.0\ngB\tB\t1500\t1480\n")
    source = Source("", str(tmp_path / "salmon.merged.gene_counts.tsv"), str(two_samples))
    found = ingest([source], Settings(), length_matrix=tmp_path / "lengths.tsv")
    assert found.counts.loc["gA"].tolist() == [151, 211]
    np.testing.assert_allclose(found.lengths.loc["gA"], [733.0, 410.0])
    (tmp_path / "lengths.tsv").write_text("gene_id\tgene_name\ta\ngA\tA\t733.0\ngB\tB\t1500\n")
    with pytest.raises(DataError, match="has no column for 'b'"):
        ingest([source], Settings(), length_matrix=tmp_path / "lengths.tsv")


# ---- refusals


def refusal(path, sheet, **options):
    with pytest.raises(DataError) as error:
        ingest([Source("", str(path), str(sheet), **options)], Settings())
    return str(error.value)


def test_values_in_binary_files_are_refused_in_the_same_words(counts, sheet, tmp_path):
    (counts / 7).to_parquet(tmp_path / "f.parquet")
    assert "no whole numbers" in refusal(tmp_path / "f.parquet", sheet)
    (counts - 5000).to_parquet(tmp_path / "n.parquet")
    assert "Counts are never negative" in refusal(tmp_path / "n.parquet", sheet)
    counts.astype(float).where(counts > 50).to_excel(tmp_path / "m.xlsx")
    assert "missing" in refusal(tmp_path / "m.xlsx", sheet)
    counts.assign(**{"S-4": "ABC"}).to_parquet(tmp_path / "t.parquet")
    assert "ingest.ignore_columns: [S-4]" in refusal(tmp_path / "t.parquet", sheet)
    pd.concat([counts, counts.iloc[:2]]).to_parquet(tmp_path / "d.parquet")
    assert "occur more than once" in refusal(tmp_path / "d.parquet", sheet)


def test_damaged_binary_files_are_sentences(counts, sheet, tmp_path):
    for name in ("parquet", "h5ad", "xlsx"):
        path = tmp_path / WRITERS[name](counts, tmp_path)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        assert f"cannot be read as {name}" in refusal(path, sheet)


def test_dates_of_excel_are_refused(counts, sheet, tmp_path):
    dates = [pd.Timestamp("2026-03-01"), *GENES[1:]]
    counts.set_axis(pd.Index(dates, dtype=object), axis=0).to_excel(tmp_path / "c.xlsx")
    assert "MARCH1" in refusal(tmp_path / "c.xlsx", sheet)
    with pd.ExcelWriter(tmp_path / "two.xlsx") as book:
        pd.DataFrame({"sample": ["1", "2"], "arm": ["a", "b"], "note": ["x", "y"]}).to_excel(book, sheet_name="info")
        counts.to_excel(book, sheet_name="raw")
    said = refusal(tmp_path / "two.xlsx", sheet)
    assert "its first sheet 'info' holds more text than numbers, and no other is read ('raw')" in said


def test_files_of_different_annotations_are_refused(counts, sheet, tmp_path):
    folder = tmp_path / as_htseq(counts, tmp_path)
    file = folder / "S-2.htseq.counts.txt"
    file.write_text(file.read_text().replace(GENES[3], "ENSG_other"))
    assert "has other ids than" in refusal(folder, sheet)


def test_folders_that_cannot_be_read(tmp_path, counts):
    assert "without files" in str(locate(tmp_path).faults[0])
    as_star(counts, tmp_path)
    assert locate(tmp_path).format == "star"
    assert locate(tmp_path / "star").samples == SAMPLES
    as_rsem(counts, tmp_path)
    assert "several formats" in str(locate(tmp_path).faults[0])
    assert locate(tmp_path, "rsem").format == "rsem"
    (tmp_path / "star" / "S-1_ReadsPerGene.out.tab").write_text("gene\tcount\n")
    assert "does not begin as star writes it" in str(locate(tmp_path / "star").faults[0])
    assert "one file per sample" in str(locate(tmp_path / "star" / "S-2_ReadsPerGene.out.tab", "star").faults[0])


def test_large_whole_numbers_survive(tmp_path):
    (tmp_path / "c.tsv").write_text("gene\ta\tb\ng1\t2147483647\t3\n")
    (tmp_path / "s.tsv").write_text("sample\tx\na\t1\nb\t2\n")
    found = ingest([Source("", str(tmp_path / "c.tsv"), str(tmp_path / "s.tsv"))], Settings())
    assert found.counts.loc["g1", "a"] == 2147483647


# ---- mutated files: a result or a sentence, never a traceback


@pytest.mark.parametrize("name", ["table", "featurecounts", "star", "htseq", "rsem", "parquet", "mtx", "xlsx"])
def test_mutated_files_give_a_result_or_a_sentence(name, counts, sheet, tmp_path):
    given = tmp_path / WRITERS[name](counts, tmp_path)
    files = sorted(path for path in given.rglob("*") if path.is_file()) if given.is_dir() else [given]
    rng = np.random.default_rng(11)
    outcomes = {True: 0, False: 0}
    for round_ in range(25):
        path = files[round_ % len(files)]
        sound = path.read_bytes()
        mutated = bytearray(sound)
        for _ in range(rng.integers(1, 4)):
            place = int(rng.integers(len(mutated)))
            kind = rng.integers(4)
            if kind == 0:
                mutated[place] = int(rng.integers(256))
            elif kind == 1:
                del mutated[place : place + int(rng.integers(1, 40))]
            elif kind == 2:
                mutated[place:place] = rng.choice([b"\t", b"\n", b",", b'"', b"\x00", b"-", b"1e9", b"\xff\xfe"])
            else:
                del mutated[place:]
        path.write_bytes(bytes(mutated))
        try:
            ingest([Source("", str(given), str(sheet), format=name)], Settings(unmatched_samples="drop"))
            outcomes[True] += 1
        except DataError as refusal:
            outcomes[False] += len(str(refusal)) > 20
        path.write_bytes(sound)
    assert sum(outcomes.values()) == 25
    assert outcomes[False] > 0


def test_transcripts_without_a_gene_are_counted_and_bounded(two_samples, tmp_path, caplog):
    table = tmp_path / "tx2gene.tsv"
    table.write_text(TX2GENE)
    source = Source("", str(write_salmon(tmp_path)), str(two_samples))
    caplog.set_level("INFO", logger="degsteps")
    facts = ingest([source], Settings(), tx2gene=table).facts
    of_source = facts["sources"]["all"]
    reads = sum(NUMBERS[sample][4] for sample in "ab") / sum(map(sum, NUMBERS.values()))
    assert (of_source["transcripts"], of_source["transcripts_without_gene"]) == (5, 1)
    assert of_source["reads_without_gene"] == pytest.approx(reads, abs=1e-6)
    assert "1 of 5 transcripts (20.0 %)" in caplog.text
    verdict = transcript_verdict(facts)
    assert verdict.status == "warn"
    assert f"1 of 5 transcripts (20.0%), with {reads:.1%} of the reads, have no gene" in verdict.finding
    with pytest.raises(DataError, match=r"80% of the quantified transcripts only, e\.g\. not of 'orphan.1'"):
        ingest([source], Settings(max_transcripts_without_gene=0.19), tx2gene=table)
    table.write_text(TX2GENE + "orphan.1\tgD\td\n")
    assert transcript_verdict(ingest([source], Settings(), tx2gene=table).facts).status == "ok"
    assert transcript_verdict({"sources": {"all": {"format": "table"}}}) is None
