"""Text with control characters, and text that is cut off in a number: refused or noted, and never read otherwise."""

import gzip
import struct
import zlib

import pytest

from degsteps.annotate.gene_table import read_gene_table
from degsteps.basics.errors import DataError
from degsteps.basics.words import quoted
from degsteps.ingest.ingest import Settings, ingest
from degsteps.inputs.gene_lists import read_gene_list
from degsteps.inputs.gene_sets import read_gene_sets
from degsteps.inputs.plain_text import Checked, TextError, open_checked, read_checked
from degsteps.inputs.scan import scan_counts
from degsteps.inputs.scan.verdict import scan_faults
from degsteps.inputs.sheet import inspect_sheet
from degsteps.inputs.sources import Source, scan_source
from degsteps.inputs.transcripts import read_transcript_genes

SAMPLES = ["S1", "S2"]
GENES = [f"ENSG{number:011d}" for number in range(400)]
COUNTS = {
    sample: [(57 * number * (place + 3)) % 9000 + 100 for number in range(400)] for place, sample in enumerate(SAMPLES)
}


def star(numbers):
    total = sum(numbers)
    text = f"N_unmapped\t7\t7\t7\nN_multimapping\t9\t9\t9\nN_noFeature\t0\t{total}\t5\nN_ambiguous\t5\t5\t0\n"
    return text + "".join(f"{gene}\t{n}\t0\t{n}\n" for gene, n in zip(GENES, numbers, strict=True))


def htseq(numbers):
    text = "".join(f"{gene}\t{n}\n" for gene, n in zip(GENES, numbers, strict=True))
    return text + "__no_feature\t70\n__ambiguous\t3\n"


def featurecounts(numbers):
    text = '# Program:featureCounts v2; Command:"x"\nGeneid\tChr\tStart\tEnd\tStrand\tLength\tx.bam\n'
    return text + "".join(f"{gene}\t1\t10\t50\t+\t1000\t{n}\n" for gene, n in zip(GENES, numbers, strict=True))


def salmon(numbers):
    text = "Name\tLength\tEffectiveLength\tTPM\tNumReads\n"
    return text + "".join(f"{gene}\t1500\t1300.5\t1.0\t{n}\n" for gene, n in zip(GENES, numbers, strict=True))


def rsem(numbers):
    text = "gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\n"
    return text + "".join(f"{gene}\tt\t900\t700\t{n}\t1.00\t1.00\n" for gene, n in zip(GENES, numbers, strict=True))


def gdc(numbers):
    text = "gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\n"
    return text + "".join(f"{gene}\tx\tx\t{n}\t0\t{n}\n" for gene, n in zip(GENES, numbers, strict=True))


FORMATS = {
    "star": ("{}_ReadsPerGene.out.tab", star),
    "htseq": ("{}.counts", htseq),
    "featurecounts": ("{}.txt", featurecounts),
    "salmon_genes": ("{}/quant.genes.sf", salmon),
    "rsem": ("{}.genes.results", rsem),
    "gdc_star": ("{}.rna_seq.augmented_star_gene_counts.tsv", gdc),
}


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text("sample\tcondition\nS1\ta\nS2\tb\n")
    return path


def written(form, folder, change=None, compressed=False):
    """Write the files of two samples; those of the second are changed."""
    pattern, text_of = FORMATS[form]
    for sample in SAMPLES:
        content = text_of(COUNTS[sample]).encode()
        if change is not None and sample == "S2":
            content = change(content)
        path = folder / f"{pattern.format(sample)}{'.gz' if compressed else ''}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if compressed else content)
    return folder


def read(folder, sheet, form):
    return ingest([Source("", str(folder), str(sheet), format=form)], Settings(duplicate_genes="error"))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("character", ["\0", "\x01", "\x0b", "\x0c", "\x1f", "\x7f", "\x85", "\r"])
@pytest.mark.parametrize("form", FORMATS)
def test_a_control_character_is_refused_with_its_line(form, character, compressed, sheet, tmp_path):
    """Pandas takes a NUL for the end of a cell: 5 and NUL and 39 would be 5."""
    number = str(COUNTS["S2"][350]).encode()

    def change(content):
        begin = content.index(GENES[350].encode())
        place = content.index(number, begin) + 1
        return content[:place] + character.encode() + content[place:]

    folder = written(form, tmp_path / "counts", change, compressed)
    line = 1 + FORMATS[form][1](COUNTS["S2"]).split(GENES[350])[0].count("\n")
    with pytest.raises(DataError, match=rf"line {line}: holds the control character U\+00{ord(character):02X}"):
        read(folder, sheet, form)


@pytest.mark.parametrize("place", ["id", "number", "quoted id", "total", "header"])
@pytest.mark.parametrize("character", ["\0", "\x0b", "\x1c", "\x7f", "\x85"])
@pytest.mark.parametrize("mark", ["\t", ","])
def test_a_table_with_a_control_character_is_refused(place, character, mark, tmp_path):
    rows = [[gene, *map(str, numbers)] for gene, *numbers in zip(GENES, *COUNTS.values(), strict=True)]
    rows += [["Total", *(str(sum(numbers)) for numbers in COUNTS.values())]]
    header = ["gene", *SAMPLES]
    odd = {"id": (350, 0), "quoted id": (350, 0), "number": (350, 2), "total": (400, 1), "header": (0, 2)}[place]
    cells = header if place == "header" else rows[odd[0]]
    cells[odd[1]] = cells[odd[1]][:2] + character + cells[odd[1]][2:]
    if place == "quoted id":
        cells[0] = f'"{cells[0]}"'
    path = tmp_path / "counts.tsv"
    path.write_text("".join(mark.join(row) + "\n" for row in [header, *rows]))
    scan = scan_counts(path, cache=None)
    line = 1 if place == "header" else odd[0] + 2
    assert [fault.place for fault in scan.faults] == [f"line {line}"]
    assert f"U+00{ord(character):02X}" in scan.faults[0].what


@pytest.mark.parametrize("form", ["featurecounts", "gdc_star"])
def test_a_sign_of_comments_in_a_number_is_no_comment(form, sheet, tmp_path):
    """Pandas would read 4 and pass over the rest of the line."""
    number = str(COUNTS["S2"][350]).encode()

    def change(content):
        place = content.index(number, content.index(GENES[350].encode())) + 1
        return content[:place] + b"#" + content[place:]

    read(written(form, tmp_path / "sound", lambda content: content), sheet, form)
    with pytest.raises(DataError, match="S2"):
        read(written(form, tmp_path / "counts", change), sheet, form)


OTHER_TEXT = {
    "sheet": ("sample\tcondition\nS1\ta{}b\n", lambda path: str(inspect_sheet(path, "sample")[1])),
    "transcripts": ("t1{}\tg1\n", read_transcript_genes),
    "gene list": ("g1\ng{}2\n", read_gene_list),
    "gene sets": ("A\tx\tg1{}\n", lambda path: str(read_gene_sets(path).findings)),
    "gene table": ("gene\tsymbol\ng1\tA{}\n", read_gene_table),
}


@pytest.mark.parametrize("character", ["\0", "\x08", "\x0b"])
@pytest.mark.parametrize("name", OTHER_TEXT)
def test_other_text_with_a_control_character_is_refused(name, character, tmp_path):
    text, reader = OTHER_TEXT[name]
    path = tmp_path / ("sets.gmt" if name == "gene sets" else "text.tsv")
    path.write_text(text.format("") * 1)
    reader(path)
    path.write_text(text.format(character))
    try:
        said = reader(path)
    except DataError as error:
        said = str(error)
    assert f"control character U+{ord(character):04X}" in said


# ---- files that are cut off


@pytest.mark.parametrize(
    ("last", "ends", "is_noted"),
    [(5, "", True), (539, "", False), (5, "\n", False), (53, "", True)],
)
def test_a_table_cut_in_its_last_number_is_noted(last, ends, is_noted, tmp_path):
    path = tmp_path / "counts.tsv"
    path.write_text(f"gene\tS1\tS2\tS3\ng1\t10\t20\t30\ng2\t520\t541\t{last}{ends}")
    scan = scan_counts(path, cache=None)
    assert scan.totals[2] == 30 + last
    notes = [str(note) for note in scan_faults(scan)[1] if "no end" in note.what]
    assert notes == [note for note in notes if f"'{last}' (gene g2, sample S3)" in note]
    assert bool(notes) == is_noted
    assert scan_counts(path, cache=tmp_path / "kept").remarks == scan_counts(path, cache=tmp_path / "kept").remarks


@pytest.mark.parametrize("form", ["htseq", "featurecounts", "salmon_genes", "rsem"])
def test_a_file_without_a_line_end_is_noted(form, sheet, tmp_path):
    found = read(written(form, tmp_path / "whole"), sheet, form)
    assert found.remarks == []
    found = read(written(form, tmp_path / "counts", lambda content: content[:-1]), sheet, form)
    ((_, remark),) = found.remarks
    assert "S2" in remark.what
    assert "has no end; it ends in" in remark.what


def test_lines_that_some_files_of_htseq_lack_are_noted(sheet, tmp_path):
    change = lambda content: content[: content.rindex(b"__ambiguous")]  # noqa: E731
    ((_, remark),) = read(written("htseq", tmp_path / "counts", change), sheet, "htseq").remarks
    assert remark.what == "'S2' lacks lines at the end that the others have."


@pytest.mark.parametrize("form", ["star", "gdc_star"])
def test_columns_of_star_add_up_to_the_same_reads(form, sheet, tmp_path):
    """Each read is counted once in every column, among the genes or among the lines above."""
    assert read(written("star", tmp_path / "sound"), sheet, "star").remarks == []
    cut = written("star", tmp_path / "cut", lambda content: content[:-3])
    with pytest.raises(DataError, match=r"S2_Reads.*: is cut off: its columns add up to .* without a line end"):
        read(cut, sheet, "star")
    fewer = written("star", tmp_path / "fewer", lambda content: content[:-3] + b"\n")
    ((_, remark),) = read(fewer, sheet, "star").remarks
    assert "S2_Reads" in remark.what
    assert "its columns add up to" in remark.what


SUMMARY = "Status\tx.bam\nAssigned\t{}\nUnassigned_Unmapped\t70\n"


@pytest.mark.parametrize(
    ("fewer", "ends", "outcome"), [(0, "\n", ""), (1, "\n", "noted"), (1, "", "refused"), (-5, "\n", ""), (-5, "", "")]
)
@pytest.mark.parametrize("is_table", [True, False])
def test_the_summary_of_featurecounts_is_compared(is_table, fewer, ends, outcome, sheet, tmp_path):
    """Counts are never fewer than the reads that were assigned; a read of two genes makes them more."""
    folder = written("featurecounts", tmp_path / "counts", lambda content: content.rstrip() + ends.encode())
    path = folder / "S2.txt"
    (folder / "S2.txt.summary").write_text(SUMMARY.format(sum(COUNTS["S2"]) + fewer))
    if is_table:
        scan = scan_source(Source("", str(path), str(sheet), format="featurecounts"), cache=None)
        said = ("refused", scan.faults) if scan.faults else ("noted", scan.remarks)
    else:
        try:
            found = read(folder, sheet, "featurecounts")
            said = "noted", [remark for _, remark in found.remarks if "assigned" in remark.what]
        except DataError as error:
            said = "refused", [error]
    assert (said[0] if said[1] else "") == outcome
    assert all(f"{sum(COUNTS['S2']) + fewer:,} reads were assigned" in str(each) for each in said[1])


def bgzip(blocks, has_end):
    """Return text in blocks, each with its size in the extra field, as bgzip writes it."""
    out = b""
    for block in [*blocks, *([b""] if has_end else [])]:
        packer = zlib.compressobj(wbits=-15)
        body = packer.compress(block) + packer.flush()
        body = body if block else b"\3\0"
        head = b"\x1f\x8b\x08\x04" + bytes(4) + b"\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(body) + 25)
        out += head + body + struct.pack("<II", zlib.crc32(block), len(block))
    return out


def test_bgzip_that_is_cut_between_two_blocks_is_refused(tmp_path):
    blocks = [b"gene\tS1\tS2\n", b"g1\t10\t20\n", b"g2\t30\t40\n"]
    path = tmp_path / "counts.tsv.gz"
    path.write_bytes(bgzip(blocks, True))
    assert scan_counts(path, cache=None).totals == [40, 60]
    assert read_checked(path) == b"".join(blocks)
    path.write_bytes(bgzip(blocks[:2], False))
    assert gzip.decompress(path.read_bytes()) == b"".join(blocks[:2])  # sound gzip, for all that others can tell
    (fault,) = scan_counts(path, cache=None).faults
    assert "lacks the block that ends it" in fault.what
    with pytest.raises(TextError, match="lacks the block that ends it"):
        read_checked(path)


@pytest.mark.parametrize("cut", range(1, 12))
def test_gzip_is_read_up_to_its_trailer(cut, sheet, tmp_path):
    text = star(COUNTS["S1"]).encode()
    path = tmp_path / "a.tab.gz"
    path.write_bytes(gzip.compress(text)[:-cut])
    with pytest.raises(TextError, match="cut off or damaged"):
        read_checked(path)


def read_in_chunks(stream, path, size):
    checked = Checked(stream, path, None, 1 << 20)
    while checked.read(size):
        pass


@pytest.mark.parametrize("size", [1, 2, 3, 7, 4096])
def test_chunks_of_any_size_are_looked_at_alike(size, tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"a\tb\r\nc\td\r\n\r\n")
    assert read_checked(path) == path.read_bytes()
    for bad, line in ((b"a\r\nb\rc\n", 2), (b"a\r\nb\n\n\0c\n", 4), (b"a\xc2\x85b\n", 1)):
        path.write_bytes(bad)
        with open(path, "rb") as stream, pytest.raises(TextError, match=f"line {line}: "):
            read_in_chunks(stream, path, size)
    path.write_bytes("é\u2028ü\n".encode())
    with open_checked(path) as stream:
        assert stream.read() == path.read_bytes()


def test_names_in_messages_are_short():
    assert len(quoted("x" * 10_000)) < 200
    assert "10,000 characters" in quoted("x" * 10_000)
