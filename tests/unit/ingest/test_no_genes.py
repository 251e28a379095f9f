"""Rows that are no genes and columns that are no samples: left out by name, refused by their numbers, accounted for."""

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import DataError
from degsteps.ingest.ingest import Settings, ingest
from degsteps.inputs.scan import scan_counts, scan_faults
from degsteps.inputs.sources import Source

SAMPLES = [f"S{number}" for number in range(1, 7)]
GENES = [f"ENSG{number:011d}" for number in range(60)]
PLACES = {"first": 0, "middle": 30, "last": 60}


@pytest.fixture
def counts() -> pd.DataFrame:
    values = np.random.default_rng(4).negative_binomial(2, 0.004, size=(60, 6))
    return pd.DataFrame(values, index=pd.Index(GENES, name="gene"), columns=SAMPLES)


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text("sample\tarm\n" + "".join(f"{name}\ta{name[-1]}\n" for name in SAMPLES))
    return path


def with_row(counts, name, values, place):
    """Put a row of any name at a place."""
    row = pd.DataFrame([list(values)], index=[name], columns=counts.columns)
    return pd.concat([counts.iloc[:place], row, counts.iloc[place:]]).rename_axis("gene")


def as_tsv(table, folder):
    table.to_csv(folder / "counts.tsv", sep="\t")
    return "counts.tsv"


def as_csv_of_r(table, folder):
    table.to_csv(folder / "counts.csv.gz", quoting=2)
    return "counts.csv.gz"


def as_decimals(table, folder):
    table.astype(float).to_csv(folder / "counts.txt", sep="\t")
    return "counts.txt"


def as_zstd(table, folder):
    import pyarrow as pa

    (folder / "counts.tsv.zst").write_bytes(pa.compress(table.to_csv(sep="\t").encode(), codec="zstd", asbytes=True))
    return "counts.tsv.zst"


def as_parquet(table, folder):
    table.to_parquet(folder / "counts.parquet")
    return "counts.parquet"


def as_xlsx(table, folder):
    table.to_excel(folder / "counts.xlsx")
    return "counts.xlsx"


def as_h5ad(table, folder):
    import anndata

    columns = {"obs": pd.DataFrame(index=list(table.columns)), "var": pd.DataFrame(index=list(table.index))}
    anndata.AnnData(table.T.to_numpy().astype(float), **columns).write_h5ad(folder / "counts.h5ad")
    return "counts.h5ad"


def as_files_of_htseq(table, folder):
    (folder / "htseq").mkdir()
    for name in table:
        table[name].to_csv(folder / "htseq" / f"{name}.htseq.txt", sep="\t", header=False)
    return "htseq"


def as_featurecounts(table, folder):
    wide = table.rename_axis("Geneid").reset_index()
    for place, (name, value) in enumerate({"Chr": 1, "Start": 5, "End": 9, "Strand": "+", "Length": 5}.items(), 1):
        wide.insert(place, name, value)
    (folder / "fc.txt").write_text("# Program:featureCounts v2\n" + wide.to_csv(sep="\t", index=False))
    return "fc.txt"


FORMS = {
    function.__name__: function
    for function in (
        as_tsv,
        as_csv_of_r,
        as_decimals,
        as_zstd,
        as_parquet,
        as_xlsx,
        as_h5ad,
        as_files_of_htseq,
        as_featurecounts,
    )
}


def source_of(form, table, folder, sheet, **options):
    return Source("", str(folder / FORMS[form](table, folder)), str(sheet), **options)


NAMES = [
    *("__no_feature", "no_feature", "ambiguous", "too_low_aQual", "not_aligned", "alignment_not_unique"),
    *("__too_low_aQual", "__NOT_ALIGNED", "No_Feature", "no feature", "N_unmapped", "N_multimapping", "n_nofeature"),
    *("N_ambiguous", "Unassigned_Unmapped", "Unassigned_NoFeatures", "unassigned_ambiguity", "Unassigned_MultiMapping"),
    *("__unmapped", "*", "Assigned"),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_totals_of_every_counter_are_left_out_wherever_they_stand(name, place, counts, sheet, tmp_path):
    table = with_row(counts, name, [900, 17, 40_000, 3, 0, 12], PLACES[place])
    found = ingest([source_of("as_tsv", table, tmp_path, sheet)], Settings())
    pd.testing.assert_frame_equal(found.counts, counts, check_names=False)
    assert found.gene_account.loc[name].tolist() == [1, "dropped", "reads_outside_genes"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["alignment_not_unique", "Total"])
def test_they_are_left_out_of_every_form_of_file(name, form, place, counts, sheet, tmp_path):
    values = counts.sum() if name == "Total" else [1, 2, 3, 4, 5, 6]
    table = with_row(counts, name, values, PLACES[place])
    found = ingest([source_of(form, table, tmp_path, sheet)], Settings())
    pd.testing.assert_frame_equal(found.counts, counts, check_names=False)
    assert found.gene_account.loc[name, "status"] == "dropped"


WORDS = [
    "Total",
    "TOTAL",
    "sum",
    "Summe",
    "Gesamt",
    "Somme",
    "totale",
    "Suma",
    "Итого",
    "ВСЕГО",
    "合計",
    "总计",
    "합계",
]
WORDS += ["Grand Total", "Total reads", "library.size", "Σύνολο", "कुल", "Razem", "Toplam", "Yhteensä", "Łącznie"]


@pytest.mark.parametrize("word", WORDS)
def test_a_total_in_any_language_is_left_out(word, counts, sheet, tmp_path):
    table = with_row(counts, word, counts.sum(), 60)
    found = ingest([source_of("as_tsv", table, tmp_path, sheet)], Settings())
    pd.testing.assert_frame_equal(found.counts, counts, check_names=False)
    assert found.gene_account.loc[word, "reason"] == "total_of_other_rows"


@pytest.mark.parametrize("word", ["Mean", "average", "Mittelwert", "Moyenne", "среднее", "平均", "median"])
@pytest.mark.parametrize("digits", [0, 2])
def test_a_mean_is_left_out_and_its_fractions_say_nothing_of_the_counts(word, digits, counts, sheet, tmp_path):
    table = with_row(counts, word, counts.mean().round(digits), 60)
    found = ingest([source_of("as_tsv", table, tmp_path, sheet)], Settings())
    pd.testing.assert_frame_equal(found.counts, counts, check_names=False)
    assert found.gene_account.loc[word, "reason"] == "mean_of_other_rows"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("word", ["Total", "SUM", "Mean", "tot"])
def test_a_gene_that_is_called_like_a_total_is_kept(word, form, counts, sheet, tmp_path):
    table = with_row(counts, word, [60, 9, 700, 0, 31, 250], 30)
    source = source_of(form, table, tmp_path, sheet)
    found = ingest([source], Settings())
    assert found.counts.loc[word].tolist() == [60, 9, 700, 0, 31, 250]
    assert len(found.counts) == 61
    if form == "as_tsv":
        scan = scan_counts(source.counts, cache=None)
        (note,) = scan_faults(scan)[1]
        assert "called like a total or a mean, but the counts are like a gene's" in str(note)
        assert scan.totals == table.sum().tolist()


def test_a_total_of_more_rows_than_there_are_and_one_without_numbers(counts, sheet, tmp_path):
    """Genes were left out after the total was made, or a sample has none."""
    table = with_row(counts.iloc[:40], "Total", counts.sum(), 40)
    assert len(ingest([source_of("as_tsv", table, tmp_path, sheet)], Settings()).counts) == 40
    table = with_row(counts, "Total", ["", "NA", 1, 2, 3, "-"], 60)
    assert len(ingest([source_of("as_tsv", table, tmp_path, sheet)], Settings()).counts) == 60


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", PLACES)
def test_a_row_of_any_name_that_is_the_sum_of_all_is_refused_until_the_user_says(form, place, counts, sheet, tmp_path):
    table = with_row(counts, "row 61", counts.sum(), PLACES[place])
    source = source_of(form, table, tmp_path, sheet)
    with pytest.raises(
        DataError, match=r"the row 'row 61' is the sum of all other rows .*ingest.drop_rows: \[row 61\]"
    ):
        ingest([source], Settings())
    dropped = ingest([Source("", source.counts, source.samples, drop_rows=("row 61",))], Settings())
    pd.testing.assert_frame_equal(dropped.counts, counts, check_names=False)
    assert dropped.gene_account.loc["row 61"].tolist() == [1, "dropped", "listed_in_drop_rows"]
    kept = ingest([Source("", source.counts, source.samples, keep_rows=("row 61",))], Settings())
    assert len(kept.counts) == 61


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("setting", ["drop_rows", "keep_rows"])
def test_rows_to_drop_or_to_keep_must_be_there(setting, form, counts, sheet, tmp_path):
    source = source_of(form, counts, tmp_path, sheet, **{setting: ("Total of run 7", GENES[4])})
    with pytest.raises(DataError, match="the counts have no row 'Total of run 7'"):
        ingest([source], Settings())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("begin", "end", "place"), [(0, 20, 20), (10, 25, 25), (57, 60, 60), (30, 45, 30), (0, 9, 0)])
def test_a_row_that_is_the_sum_of_a_block_beside_it_is_refused(form, begin, end, place, counts, sheet, tmp_path):
    table = with_row(counts, "block", counts.iloc[begin:end].sum(), place)
    side = "above" if place == end else "below"
    with pytest.raises(DataError, match=rf"'block' is the sum of the {end - begin} rows {side} it"):
        ingest([source_of(form, table, tmp_path, sheet)], Settings())


def test_subtotals_and_the_total_of_all_are_told_at_once(counts, sheet, tmp_path):
    table = with_row(counts, "upper", counts.iloc[:30].sum(), 30)
    table = with_row(table, "lower", counts.iloc[30:].sum(), 61)
    table = with_row(table, "whole", counts.sum(), 62)
    with pytest.raises(DataError) as error:
        ingest([source_of("as_tsv", table, tmp_path, sheet)], Settings())
    assert [name for name in ("'upper'", "'lower'", "'whole'") if name in str(error.value)] == [
        "'upper'",
        "'lower'",
        "'whole'",
    ]


def test_a_sum_may_hold_the_reads_outside_genes(counts, sheet, tmp_path):
    table = with_row(counts, "__no_feature", [500, 600, 700, 800, 900, 100], 60)
    table = with_row(table, "everything_1", table.sum(), 61)
    with pytest.raises(DataError, match="'everything_1' is the sum of all other rows"):
        ingest([source_of("as_tsv", table, tmp_path, sheet)], Settings())


def test_genes_are_hardly_ever_taken_for_sums(tmp_path):
    """Many small matrices with many zeros, repeated genes, and few samples: by chance some rows add up to others."""
    draw = np.random.default_rng(5)
    for n_samples in (2, 3, 8):
        for mean in (0.3, 5, 400):
            values = draw.negative_binomial(0.5, 0.5 / (0.5 + mean), size=(4000, n_samples))
            values[1::50] = values[::50]
            names = [f"s{number}" for number in range(n_samples)]
            table = pd.DataFrame(values, index=[f"g{number}" for number in range(4000)], columns=names)
            scan = scan_counts(tmp_path / as_tsv(table.rename_axis("gene"), tmp_path), cache=None)
            assert scan.sum_rows == {}


# ---- columns

COLUMNS = {
    "total": ("Total", lambda counts: counts.sum(axis=1)),
    "mean": ("mean", lambda counts: counts.mean(axis=1)),
    "row sums": ("rowSums", lambda counts: counts.sum(axis=1)),
    "Summe": ("Summe", lambda counts: counts.sum(axis=1)),
    "length": ("Length", lambda counts: 1000),
    "start": ("Start", lambda counts: 99_000_000_000),
    "FPKM": ("S1_FPKM", lambda counts: counts["S1"] / 7),
    "TPM before": ("TPM.S2", lambda counts: counts["S2"] / 7),
    "words in blanks": ("TPM (S3)", lambda counts: counts["S3"] / 7),
    "fold change": ("log2FoldChange", lambda counts: -1.5),
    "p-value": ("padj", lambda counts: "NA"),
    "text": ("what it is", lambda counts: "a protein"),
    "fractions": ("S1.x", lambda counts: counts["S1"] / 7),
}


@pytest.mark.parametrize("form", ["as_tsv", "as_csv_of_r", "as_parquet", "as_xlsx"])
@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_that_no_row_of_the_sheet_names_are_not_judged(kind, place, form, counts, sheet, tmp_path):
    name, values = COLUMNS[kind]
    table = counts.copy()
    table.insert(0 if place == "first" else 6, name, values(counts))
    source = source_of(form, table, tmp_path, sheet)
    found = ingest([source], Settings())
    pd.testing.assert_frame_equal(found.counts, counts, check_names=False)
    if form == "as_tsv":
        scan = scan_counts(source.counts, cache=None, sample_ids=SAMPLES)
        faults, notes = scan_faults(scan, sample_ids=SAMPLES)
        assert faults == []
        assert f"'{name}'" in str(notes[0])
        assert scan.has_full_gene


def test_a_sample_that_the_sheet_lacks_is_still_asked_about(counts, tmp_path):
    table = counts.assign(S7=counts["S1"] + 1)
    scan = scan_counts(tmp_path / as_tsv(table, tmp_path), cache=None, sample_ids=SAMPLES)
    assert scan.beside == {}
    assert "S7" in scan.samples


def test_a_sheet_that_names_such_columns_means_them(counts, tmp_path):
    table = counts.set_axis(["Total", "mean", "FPKM", "x_TPM", "start", "length"], axis=1)
    path = tmp_path / as_tsv(table, tmp_path)
    assert scan_counts(path, cache=None, sample_ids=list(table.columns)).samples == list(table.columns)
    assert scan_counts(path, cache=None).samples == list(table.columns)


def test_samples_are_one_under_two_names_only_if_every_count_agrees(counts, tmp_path):
    shuffled = counts["S1"].to_numpy()[::-1]
    table = counts.assign(S2=shuffled, S3=counts["S1"])
    scan = scan_counts(tmp_path / as_tsv(table, tmp_path), cache=None)
    assert len({scan.totals[place] for place in (0, 1, 2)}) == 1
    assert scan.twins == [["S1", "S3"]]
    (note,) = scan_faults(scan)[1]
    assert "'S1' and 'S3' have the same count of every gene" in str(note)


def test_totals_of_several_sites_are_accounted_for_once(counts, tmp_path):
    sources = []
    for site, names in (("oslo", SAMPLES[:3]), ("lyon", SAMPLES[3:])):
        table = with_row(counts[names], "Total", counts[names].sum(), 60)
        table = with_row(table, "no_feature", [9_000, 7, 80], 61)
        table.to_csv(tmp_path / f"{site}.tsv", sep="\t")
        lines = [f"{name}\ta{name[-1]}\n" for name in names]
        (tmp_path / f"{site}.samples.tsv").write_text("sample\tarm\n" + "".join(lines))
        sources.append(Source(site, str(tmp_path / f"{site}.tsv"), str(tmp_path / f"{site}.samples.tsv")))
    found = ingest(sources, Settings())
    pd.testing.assert_frame_equal(found.counts, counts, check_names=False)
    assert found.gene_account.loc["Total"].tolist() == [1, "dropped", "total_of_other_rows", "oslo lyon"]
    assert found.gene_account.loc["no_feature", "reason"] == "reads_outside_genes"
