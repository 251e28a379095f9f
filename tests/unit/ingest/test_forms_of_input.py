"""Forms in which people have counts: each is read to the very counts that were written, or named as what it is.

The counts are drawn here and written by the lines of this file, so that what is read is compared with what was drawn.
"""

import gzip
import io
import struct
import zipfile

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import DataError
from degsteps.config.reading import with_analysis_defaults
from degsteps.ingest.ingest import Settings, ingest
from degsteps.inputs.sources import Source, locate
from degsteps.onboarding.from_counts import draft_analysis
from degsteps.preflight import check_analysis

SAMPLES = ["S1", "S2", "S3", "S4"]
GENES = [f"ENSG{number:011d}" for number in range(60)]
COUNTS = pd.DataFrame(
    np.random.default_rng(7).negative_binomial(3, 0.004, size=(60, 4)),
    index=pd.Index(GENES, name="gene"),
    columns=SAMPLES,
)


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text("sample\tcondition\nS1\ta\nS2\tb\nS3\ta\nS4\tb\n")
    return path


def said(counts, samples, **of_ingest):
    """Return the problems that the check before a run finds, and its notes on the counts."""
    analysis = {
        "version": "1.0",
        "ingest": {"counts": str(counts), "samples": str(samples), **of_ingest},
        "design": {"formula": "~ condition", "factors": {"condition": {"reference": "a"}}},
        "test": {"contrasts": {"c": {"factor": "condition", "test": "b", "reference": "a"}}},
    }
    findings = check_analysis({"name": "x", "file": "x.yaml", **with_analysis_defaults(analysis)})
    return [str(problem) for problem in findings.problems], [
        str(note) for note in findings.notes if note.file == str(counts)
    ]


# ---- files of one sample: name of the file, and its text from the counts of a sample

TOTALS = "__no_feature\t70\n__ambiguous\t3\n__too_low_aQual\t0\n__not_aligned\t0\n__alignment_not_unique\t11\n"


def rows(column, text):
    return "".join(text.format(gene=gene, n=n, less=n // 30, more=n + 1) for gene, n in column.items())


def of_htseq(column, sample):
    return rows(column, "{gene}\t{n}\n") + TOTALS


def with_names(column, sample):
    return rows(column, "{gene}\tSYM-{gene}\t{n}\n") + TOTALS.replace("\t", "\t\t")


def with_header(column, sample):
    return f"\t{sample}\n" + of_htseq(column, sample)


def with_both(column, sample):
    return f"gene_id\tgene_name\t{sample}\n" + with_names(column, sample)


def of_galaxy(column, sample):
    return f"Geneid\t{sample}.bam\n" + rows(column, "{gene}\t{n}\n")


def with_number_for_a_name(column, sample):
    return "gene_id\t101\n" + rows(column, "{gene}\t{n}\n")


def with_title_of_r(column, sample):
    return f'"{sample}"\n' + rows(column, '"{gene}"\t{n}\n')


def with_comment(column, sample):
    return "# htseq-count 2.0\n\n" + with_header(column, sample)


def with_tabs(column, sample):
    return with_both(column, sample).replace("\n", "\t\n")


def with_mark(column, sample):
    return "\ufeff" + of_htseq(column, sample).replace("\n", "\r\n")


def of_star(column, sample):
    text = "N_unmapped\t10\t10\t10\nN_multimapping\t5\t5\t5\nN_noFeature\t1\t900\t2\nN_ambiguous\t1\t0\t1\n"
    return text + rows(column, "{gene}\t{more}\t{less}\t{n}\n")


def of_gdc(column, sample):
    names = "gene_id gene_name gene_type unstranded stranded_first stranded_second tpm_unstranded fpkm_unstranded"
    text = "# gene-model: GENCODE v36\n" + "\t".join([*names.split(), "fpkm_uq_unstranded"]) + "\n"
    for name in ("N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous"):
        text += f"{name}\t\t\t7\t8\t9\t\t\t\n"
    return text + rows(column, '{gene}\tSY"M\tprotein_coding\t{more}\t{less}\t{n}\t1.5\t2.5\t3.5\n')


def of_salmon(column, sample):
    return "Name\tLength\tEffectiveLength\tTPM\tNumReads\n" + rows(column, "{gene}\t1500\t1300.5\t1.0\t{n}.000\n")


def of_rsem(column, sample):
    text = "gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\n"
    return text + rows(column, "{gene}\t{gene}.t1,{gene}.t2\t900.00\t700.00\t{n}.00\t1.00\t1.00\n")


def of_featurecounts(column, sample):
    text = '# Program:featureCounts v2.0.6; Command:"featureCounts"\nGeneid\tChr\tStart\tEnd\tStrand\tLength\tx.bam\n'
    return text + rows(column, "{gene}\t1;1\t10;90\t50;99\t+;+\t1000\t{n}\n")


def with_attribute(column, sample):
    text = of_featurecounts(column, sample).replace("\tLength\t", "\tLength\tgene_name\t")
    return text.replace("\t1000\t", "\t1000\t77\t")


PER_SAMPLE = {
    "htseq": ("{}.counts", of_htseq),
    "htseq, gene names": ("{}.counts", with_names),
    "htseq, header": ("{}.counts", with_header),
    "htseq, header and gene names": ("{}.txt", with_both),
    "htseq, header with a number": ("{}.txt", with_number_for_a_name),
    "htseq, other ending": ("{}.out", of_htseq),
    "htseq, ending in capitals": ("{}.TXT", of_htseq),
    "htseq, column names of R": ("{}.txt", with_title_of_r),
    "htseq, comment, blank line and header": ("{}.txt", with_comment),
    "htseq, tabs at the ends": ("{}.txt", with_tabs),
    "htseq of Windows": ("{}.txt", with_mark),
    "htseq of Galaxy": ("{}.tabular", of_htseq),
    "featurecounts of Galaxy, two columns": ("{}.tabular", of_galaxy),
    "featurecounts of Galaxy": ("{}.tabular", of_featurecounts),
    "featurecounts": ("{}.txt", of_featurecounts),
    "featurecounts, an attribute": ("{}.txt", with_attribute),
    "star": ("{}_ReadsPerGene.out.tab", of_star),
    "star of Galaxy": ("{}.tabular", of_star),
    "gdc_star": ("{}.rna_seq.augmented_star_gene_counts.tsv", of_gdc),
    "salmon_genes": ("{}/quant.genes.sf", of_salmon),
    "htseq, a folder for each": ("{}/counts.txt", of_htseq),
    "htseq, a folder for each and a header": ("{}/gene_counts.tabular", of_galaxy),
    "salmon_genes of DRAGEN": ("{}.quant.genes.sf", of_salmon),
    "salmon_genes of Galaxy": ("{}.tabular", of_salmon),
    "rsem": ("{}.genes.results", of_rsem),
    "rsem of Galaxy": ("{}.tabular", of_rsem),
}

#: Galaxy's table of two columns is one of HTSeq with a header.
FORMAT_OF = {"featurecounts of Galaxy, two columns": "htseq"}


def write_folder(name, folder, compressed=False):
    pattern, text = PER_SAMPLE[name]
    for sample in SAMPLES:
        path = folder / pattern.format(sample)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = text(COUNTS[sample], sample).encode()
        if compressed:
            path = path.with_name(f"{path.name}.gz")
            content = gzip.compress(content)
        path.write_bytes(content)
    return folder


def require_counts(counts, samples, **options):
    found = ingest([Source("", str(counts), str(samples), **options)], Settings())
    pd.testing.assert_frame_equal(found.counts, COUNTS, check_names=False)
    return found


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", PER_SAMPLE)
def test_files_of_samples_are_read(name, compressed, sheet, tmp_path):
    folder = write_folder(name, tmp_path / "counts", compressed)
    problems, notes = said(folder, sheet)
    assert problems == notes == []
    found = require_counts(folder, sheet)
    assert found.facts["sources"]["all"]["format"] == FORMAT_OF.get(name, name.split(",")[0].split()[0])
    if "star" in name:
        assert found.facts["sources"]["all"]["strand"] == "reverse"


#: What becomes of one file of four: what is written in place of its text, and what is said of it.
FAULTS = {
    "is empty": (lambda text: b"", "it is empty"),
    "is a web page": (lambda text: b"<!DOCTYPE html>\n<html>", "begins with '<!DOCTYPE html>'"),
    "is in commas": (lambda text: text.replace(b"\t", b","), "separated by commas"),
    "is BAM": (lambda text: gzip.compress(b"BAM\x01" + bytes(60)), "it is a BAM file"),
    "is a workbook": (lambda text: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), "it is an old Excel workbook"),
    "has TPM": (lambda text: b"gene_id\tTPM\n" + text, "its last column is 'TPM', which are no counts"),
    "has lengths": (lambda text: b"Geneid\tLength\n" + text, "its last column is 'Length', which are no counts"),
    "has two numbers": (lambda text: text.replace(b"\n", b"\t7.5\n"), "cells, and which of them is the count"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["htseq", "htseq, gene names", "featurecounts of Galaxy, two columns"])
def test_a_file_that_is_not_taken_is_named_with_its_first_line(name, fault, sheet, tmp_path):
    folder = write_folder(name, tmp_path / "counts")
    change, words = FAULTS[fault]
    path = folder / PER_SAMPLE[name][0].format("S3")
    text = of_htseq(COUNTS["S3"], "S3").encode()
    path.write_bytes(change(text))
    (problem,), notes = said(folder, sheet)
    assert f"the file '{path.name}' is not taken: " in problem
    assert words in problem
    assert "sample 'S3'" in problem
    assert "xclude" not in problem
    assert notes == []
    # The same where samples that only one side has would be dropped without a word.
    assert said(folder, sheet, unmatched_samples="drop")[0] == [problem]


@pytest.mark.parametrize("name", PER_SAMPLE)
def test_an_empty_file_of_any_format_is_named(name, sheet, tmp_path):
    folder = write_folder(name, tmp_path / "counts")
    path = folder / PER_SAMPLE[name][0].format("S2")
    path.write_bytes(b"")
    problems, _ = said(folder, sheet)
    (problem,) = [problem for problem in problems if path.name in problem]
    assert "is empty" in problem
    assert "xclude" not in "".join(problems)


@pytest.mark.parametrize("name", PER_SAMPLE)
def test_a_file_with_another_ending_is_named(name, sheet, tmp_path):
    folder = write_folder(name, tmp_path / "counts")
    path = folder / PER_SAMPLE[name][0].format("S2")
    path.rename(path.with_name(f"{path.name}.bak"))
    (problem,), _ = said(folder, sheet)
    assert f"{path.name}.bak' is not taken: its name does not end" in problem
    assert "xclude" not in problem


@pytest.mark.parametrize("other", ["htseq, gene names", "htseq, header", "htseq, header and gene names"])
def test_one_file_in_another_form_is_read_as_it_is(other, sheet, tmp_path):
    folder = write_folder("htseq", tmp_path / "counts")
    (folder / "S2.counts").write_text(PER_SAMPLE[other][1](COUNTS["S2"], "S2"))
    assert said(folder, sheet) == ([], [])
    require_counts(folder, sheet)


def test_other_files_of_a_folder_are_noted_once(sheet, tmp_path):
    folder = write_folder("htseq", tmp_path / "counts")
    (folder / "design.txt").write_text("sample\tcondition\nS1\ta\n")
    (folder / "notes.txt").write_text("two runs\n")
    problems, (note,) = said(folder, sheet)
    assert problems == []
    assert "'design.txt' is not taken" in note
    assert "begins with 'sample\\tcondition'" in note
    assert "'notes.txt'" in note
    require_counts(folder, sheet)


@pytest.mark.parametrize("change", [lambda text: text.replace("\t", "|"), lambda text: text.replace("\t", "\t1\t2\t")])
def test_a_folder_of_files_that_are_not_taken_names_the_first(change, sheet, tmp_path):
    folder = write_folder("htseq", tmp_path / "counts")
    for path in folder.iterdir():
        path.write_text(change(path.read_text()))
    (problem,), _ = said(folder, sheet)
    assert "The file 'S1.counts' is not taken: " in problem
    assert f"It begins with '{GENES[0]}" in problem


# ---- archives with ids of their own


def of_archive(folder, sample_column="Sample ID"):
    """Write a download of the GDC as its tool leaves it, and its sample sheet; returns the sheet."""
    lines = "File ID\tFile Name\tData Type\tProject ID\tCase ID\tSample ID\tcondition\n"
    for number, sample in enumerate(SAMPLES):
        name = f"0{number}ab-4c.rna_seq.augmented_star_gene_counts.tsv"
        (folder / f"id-{number}").mkdir(parents=True)
        (folder / f"id-{number}" / name).write_text(of_gdc(COUNTS[sample], sample))
        lines += f"id-{number}\t{name}\tGene Expression\tTCGA\tC{number}\t{sample}\t{'ab'[number % 2]}\n"
    path = folder.parent / "gdc_sample_sheet.tsv"
    path.write_text(lines)
    return path


def test_a_sample_sheet_of_the_gdc_tells_whose_the_files_are(tmp_path):
    sheet = of_archive(tmp_path / "gdc")
    assert said(tmp_path / "gdc", sheet, sample_column="Sample ID") == ([], [])
    require_counts(tmp_path / "gdc", sheet, sample_column="Sample ID")
    problems, _ = said(tmp_path / "gdc", sheet)
    assert any("Set ingest.sample_column: Sample ID." in problem for problem in problems)


def test_an_analysis_is_guessed_from_a_download_of_the_gdc(tmp_path, monkeypatch):
    sheet = of_archive(tmp_path / "gdc")
    monkeypatch.chdir(tmp_path)
    draft = draft_analysis("gdc", sheet.name)
    assert (draft.sample_column, draft.factor, draft.format) == ("Sample ID", "condition", "gdc_star")


def test_tables_of_salmon_from_galaxy_whose_ids_do_not_tell_are_asked_about(sheet, tmp_path):
    folder = write_folder("salmon_genes of Galaxy", tmp_path / "counts")
    for path in folder.iterdir():
        path.write_text(path.read_text().replace("ENSG", "g"))
    (problem,), _ = said(folder, sheet)
    assert "count transcripts" in problem
    assert "If the ids are those of genes already, set ingest.format: salmon_genes." in problem
    assert said(folder, sheet, format="salmon_genes") == ([], [])
    found = ingest([Source("", str(folder), str(sheet), format="salmon_genes")], Settings())
    np.testing.assert_array_equal(found.counts.to_numpy(), COUNTS.to_numpy())
    np.testing.assert_allclose(found.lengths.to_numpy(), 1300.5, rtol=1e-14)


def test_of_transcripts_and_genes_of_salmon_the_transcripts_are_read(tmp_path):
    write_folder("salmon_genes", tmp_path / "counts")
    for sample in SAMPLES:
        (tmp_path / "counts" / sample / "quant.sf").write_text(of_salmon(COUNTS[sample], sample))
    assert locate(tmp_path / "counts").format == "salmon"
    assert locate(tmp_path / "counts", "salmon_genes").samples == SAMPLES


@pytest.mark.parametrize("name", ["htseq", "htseq, gene names", "star", "gdc_star", "salmon_genes of DRAGEN", "rsem"])
def test_the_file_of_one_sample_is_not_a_matrix(name, sheet, tmp_path):
    folder = write_folder(name, tmp_path / "counts")
    problems, _ = said(folder / PER_SAMPLE[name][0].format("S1"), sheet)
    assert any("file of one sample" in problem and "Name the folder" in problem for problem in problems)


def test_folders_of_starsolo_are_named(sheet, tmp_path):
    raw = tmp_path / "counts" / "Solo.out" / "Gene" / "raw"
    raw.mkdir(parents=True)
    for name in ("matrix.mtx", "features.tsv", "barcodes.tsv"):
        (raw / name).write_text("%%MatrixMarket matrix coordinate integer general\n")
    (problem,), _ = said(tmp_path / "counts", sheet)
    assert "one of STARsolo" in problem
    assert str(raw) in problem


# ---- matrices in one file


def table(mark="\t", end=""):
    header = mark.join(["gene_id", *SAMPLES]) + end + "\n"
    return header, "".join(mark.join([gene, *map(str, row)]) + end + "\n" for gene, row in COUNTS.T.items())


def as_gct(folder, size="60\t4", end=""):
    header, body = table()
    text = "#1.2" + end + f"\n{size}{end}\n" + header.replace("gene_id", "Name\tDescription")
    body = "".join(line.replace("\t", "\tna\t", 1) + "\n" for line in body.splitlines())
    (folder / "counts.gct").write_text(text + body)
    return "counts.gct"


def in_text(name, before="", mark="\t", header_end="", end=""):
    def write(folder):
        header, _ = table(mark, header_end)
        (folder / name).write_text(before + header + table(mark, end)[1])
        return name

    return write


def in_workbook(titles=(), sheet_name="counts", first=None):
    def write(folder):
        from openpyxl import Workbook

        book = Workbook()
        page = book.active
        if first is not None:
            page.title = first
            page.append(["about", "this"])
            page.append(["made", "by hand"])
            page = book.create_sheet(sheet_name)
        for title in titles:
            page.append(title)
        page.append(["gene_id", *SAMPLES])
        for gene, row in COUNTS.T.items():
            page.append([gene, *map(int, row)])
        book.save(folder / "counts.xlsx")
        return "counts.xlsx"

    return write


GROUPS = "\t" + "\t".join(["Untreated", "Treated", "Untreated", "Treated"]) + "\n"
MATRICES = {
    "one title": (in_text("c.tsv", "Table S3\n"), {}),
    "title with commas": (in_text("c.csv", "Table S3, raw counts, all,,\n", ","), {}),
    "titles of a spreadsheet": (in_text("c.csv", "Table S3. Raw counts,,,,\n,Untreated,,Treated,\n", ","), {}),
    "names of groups, each twice": (in_text("c.tsv", GROUPS), {}),
    "comment and title": (in_text("c.tsv", "# made by hand\nTable S3\n\nAll counts\n"), {}),
    "tabs at all ends": (in_text("c.tsv", header_end="\t\t", end="\t\t"), {}),
    "tabs at the ends of data": (in_text("c.tsv", end="\t"), {}),
    "commas at all ends": (in_text("c.csv", mark=",", header_end=",", end=","), {}),
    "titles and commas at all ends": (in_text("c.csv", "Table S3,,,,,\n", ",", ",", ","), {}),
    "semicolons at all ends": (in_text("c.csv", mark=";", header_end=";", end=";"), {}),
    "gct": (as_gct, {}),
    "gct of a spreadsheet": (lambda folder: as_gct(folder, end="\t\t\t\t"), {}),
    "workbook": (in_workbook(), {}),
    "workbook with titles": (in_workbook([["Table S3"], [None, "Untreated", None, "Treated"]]), {}),
    "second sheet": (in_workbook(first="about"), {"sheet": "counts"}),
}


@pytest.mark.parametrize("name", MATRICES)
def test_matrices_are_read(name, sheet, tmp_path):
    write, options = MATRICES[name]
    path = tmp_path / write(tmp_path)
    problems, notes = said(path, sheet, **options)
    assert problems == []
    assert len(notes) == (path.suffix != ".xlsx" and ("title" in name or "groups" in name))
    assert all("above it" in note and "passed over" in note for note in notes)
    require_counts(path, sheet, **options)


def test_a_line_without_the_delimiter_that_ends_all_others_is_named(sheet, tmp_path):
    path = tmp_path / in_text("c.tsv", header_end="\t", end="\t")(tmp_path)
    lines = path.read_text().splitlines()
    lines[50] = lines[50].removesuffix("\t").rsplit("\t", 1)[0]
    path.write_text("\n".join(lines) + "\n")
    problems, _ = said(path, sheet)
    assert any("line 51: has 4 cells" in problem for problem in problems)


def test_a_column_that_is_blank_in_most_lines_is_no_end_of_lines(sheet, tmp_path):
    path = tmp_path / in_text("c.tsv", header_end="\t", end="\t")(tmp_path)
    lines = path.read_text().splitlines()
    lines[50] += "12"
    path.write_text("\n".join(lines) + "\n")
    problems, _ = said(path, sheet)
    assert any("line 51: has 6 cells" in problem for problem in problems)


def test_gct_that_is_cut_off_is_told_from_its_numbers(sheet, tmp_path):
    path = tmp_path / as_gct(tmp_path, size="61\t4")
    (problem,), _ = said(path, sheet)
    assert "line 2: says that it has 61 genes and 4 samples, and has 60 and 4." in problem


def test_the_sheet_of_a_workbook_is_named_or_refused(sheet, tmp_path):
    path = tmp_path / in_workbook(first="about")(tmp_path)
    with pytest.raises(DataError, match=r"Name the sheet of the counts under ingest\.sheet"):
        ingest([Source("", str(path), str(sheet))], Settings())
    with pytest.raises(DataError, match=r"no sheet 'count'.*Did you mean 'counts'"):
        ingest([Source("", str(path), str(sheet), sheet="count")], Settings())
    (problem,), _ = said(path, sheet, sheet="count")
    assert "has no sheet 'count'. Did you mean 'counts'?" in problem
    text = tmp_path / in_text("c.tsv")(tmp_path)
    (problem,), _ = said(text, sheet, sheet="counts")
    assert "is no workbook" in problem


# ---- files that are not read


def zipped(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else b"x")
    return stream.getvalue()


def tarred():
    import tarfile

    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("counts.tsv"))
    return stream.getvalue()


HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(200)
RSEM_ISOFORMS = (
    b"transcript_id\tgene_id\tlength\teffective_length\texpected_count\tTPM\tFPKM\tIsoPct\nt\tg\t1\t1\t1\t1\t1\t1\n"
)
RECOUNT = b"##annotation=G026\n##date.generated=2021-01-01\ngene_id\tS1\tS2\nENSG1\t4200\t300\n"
UNREAD = {
    "a.bam": (gzip.compress(b"BAM\x01" + bytes(40)), "is a BAM file", "Count the reads of each gene"),
    "a.cram": (b"CRAM\x03\x00" + bytes(40), "is a CRAM file", "Count the reads"),
    "a.sam": (b"@HD\tVN:1.6\n@SQ\tSN:1\n", "is a SAM file", "Count the reads"),
    "a.sra": (b"NCBI.sra" + bytes(40), "archive of reads of the SRA", "Count the reads"),
    "a.fastq.gz": (gzip.compress(b"@r1\nACGTN\n+\nIIIII\n"), "is a FASTQ file", "Count the reads"),
    "a.fa": (b">chr1\nACGTACGTACGT\n", "is a FASTA file", "Count the reads"),
    "a.bw": (struct.pack("<I", 0x888FFC26) + bytes(60), "is a bigWig file", "Count the reads"),
    "a.CEL": (b"[CEL]\nVersion=3\n", "is a CEL file of a microarray", "limma"),
    "b.CEL": (struct.pack("<ii", 64, 4) + bytes(60), "is a CEL file of a microarray", "limma"),
    "a.rds": (gzip.compress(b"X\n\x00\x00\x00\x03" + bytes(40)), "is an R object", "write.table"),
    "a.RData": (gzip.compress(b"RDX3\nX\n" + bytes(40)), "holds R objects", "write.table"),
    "a.loom": (HDF5, "is a loom file", "h5ad"),
    "a.h5": (HDF5 + b"matrix\x00" + bytes(60), "is an HDF5 file of Cell Ranger", "read_10x_h5"),
    "a.pdf": (b"%PDF-1.7\n", "is a PDF document", "Find the table"),
    "a.png": (b"\x89PNG\r\n\x1a\n" + bytes(40), "is a picture", "Give the table"),
    "a.docx": (zipped("word/document.xml"), "is a document of a word processor", "Save the table"),
    "a.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), "is an old Excel workbook (.xls)", "save it as .xlsx"),
    "a.ods": (zipped("mimetype", "content.xml"), "is an OpenDocument spreadsheet", "save it as .xlsx"),
    "a.numbers": (zipped("Index/Document.iwa"), "is a spreadsheet of Numbers", "Export it"),
    "a.zip": (zipped("counts.tsv"), "is a zip archive", "Unpack it"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(40), "is a 7z archive", "Unpack it"),
    "a.tar": (tarred(), "is a tar archive", "Unpack it"),
    "a.tar.gz": (gzip.compress(tarred()), "is a tar archive", "Unpack it"),
    "a.npy": (b"\x93NUMPY\x01\x00" + bytes(60), "holds an array of NumPy", "Save a table"),
    "a.feather": (b"ARROW1\x00\x00" + bytes(60), "is a Feather file", "Parquet"),
    "a.sqlite": (b"SQLite format 3\x00" + bytes(60), "is a database of SQLite", "Save the table"),
    "a.tsv": (b"version https://git-lfs.github.com/spec/v1\n", "only the pointer", "git lfs pull"),
    "a.vcf": (b"##fileformat=VCFv4.2\n#CHROM\tPOS\n", "is a table of variants", "Count the reads"),
    "a.gtf": (
        b'#!genome-build x\n1\thavana\tgene\t1\t9\t.\t+\t.\tgene_id "g"\n',
        "is an annotation of genes",
        "annotate",
    ),
    "a_series_matrix.txt": (b'!Series_title\t"x"\n!Series_geo\t"y"\n', "is a series matrix of GEO", "raw counts"),
    "a.gct": (b"#1.3\n2\t2\t1\t1\nid\ta\n", "is GCT 1.3", "GCT 1.2"),
    "sra.gene_sums.SRP1.G026.gz": (
        gzip.compress(RECOUNT),
        "sums of coverage of recount3",
        "divide them by the average",
    ),
    "a.isoforms.results": (RSEM_ISOFORMS, "counts transcripts", "genes.results"),
    "a.json": (b'{"genes": []}', "is JSON", "tab-separated"),
    "a.html": (b"<!DOCTYPE html>\n<html></html>", "is a web page or XML", "Download the table itself"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_not_read_is_named_as_what_it_is(name, sheet, tmp_path):
    content, what, cure = UNREAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    problems, _ = said(path, sheet)
    (problem,) = [problem for problem in problems if problem.startswith(str(path))]
    assert what in problem
    assert cure in problem
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / name).write_bytes(content)
    assert name in str(locate(folder).faults[0])
