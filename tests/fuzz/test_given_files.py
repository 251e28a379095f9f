"""Formats of counts x faults: what is accepted has every cell accounted for, what is refused says where and why.

200 cases are part of `make test`, 5,000 of `make fuzz`.
"""

import gzip
import os
import random
import re
import resource
import shutil
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from degsteps.basics.errors import DataError
from degsteps.ingest.ingest import Settings, ingest
from degsteps.inputs.sources import Source
from tests.fuzz import independent
from tests.fuzz.independent import UnreadableError

SAMPLES = ["S1", "S2", "S3"]
N_GENES = 12


def cells(numbers, gene):
    return [str(numbers[sample][gene]) for sample in SAMPLES]


def write_table(folder, numbers, mark, name):
    genes = list(numbers["S1"])
    lines = [mark.join(["gene", *SAMPLES]), *(mark.join([gene, *cells(numbers, gene)]) for gene in genes)]
    (folder / name).write_text("\n".join(lines) + "\n")
    return [folder / name]


def write_samples(folder, numbers, name, head, line, foot=""):
    files = []
    for sample in SAMPLES:
        path = folder / name.format(sample)
        path.parent.mkdir(parents=True, exist_ok=True)
        body = "".join(line.format(gene=gene, n=n) for gene, n in numbers[sample].items())
        path.write_text(head.format(total=sum(numbers[sample].values())) + body + foot)
        files.append(path)
    return files


STAR = "N_unmapped\t7\t7\t7\nN_multimapping\t9\t9\t9\nN_noFeature\t0\t{total}\t0\nN_ambiguous\t0\t0\t0\n"
FEATURECOUNTS = '# Program:featureCounts v2; Command:"x"\nGeneid\tChr\tStart\tEnd\tStrand\tLength\tx.bam\n'
SALMON = "Name\tLength\tEffectiveLength\tTPM\tNumReads\n"
RSEM = "gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\n"
#: By format: how its files are written, and how the other reader reads one of them.
FORMATS = {
    "tsv": (lambda f, n: write_table(f, n, "\t", "counts.tsv"), lambda c: independent.table(c, "\t", SAMPLES)),
    "csv": (lambda f, n: write_table(f, n, ",", "counts.csv"), lambda c: independent.table(c, ",", SAMPLES)),
    "csv2": (lambda f, n: write_table(f, n, ";", "counts.csv"), lambda c: independent.table(c, ";", SAMPLES)),
    "star": (
        lambda f, n: write_samples(f, n, "{}_ReadsPerGene.out.tab", STAR, "{gene}\t{n}\t0\t{n}\n"),
        lambda c: independent.column(c, 1, 0),
    ),
    "htseq": (
        lambda f, n: write_samples(f, n, "{}.counts", "", "{gene}\t{n}\n", "__no_feature\t7\n__ambiguous\t3\n"),
        lambda c: independent.column(c, 1, 0),
    ),
    "featurecounts": (
        lambda f, n: write_samples(f, n, "{}.txt", FEATURECOUNTS, "{gene}\t1\t5\t9\t+\t1000\t{n}\n"),
        lambda c: independent.column(c, 6, 1, "#"),
    ),
    "salmon_genes": (
        lambda f, n: write_samples(f, n, "{}/quant.genes.sf", SALMON, "{gene}\t1500\t1300.5\t1.0\t{n}.000\n"),
        lambda c: independent.column(c, 4, 1),
    ),
    "rsem": (
        lambda f, n: write_samples(f, n, "{}.genes.results", RSEM, "{gene}\tt\t900\t700\t{n}.00\t1.0\t1.0\n"),
        lambda c: independent.column(c, 4, 1),
    ),
}
TABLES = ("tsv", "csv", "csv2")

#: What is put into a file.
PIECES = [
    *(
        b"\0",
        b"\x0b",
        b"\x1f",
        b"\x7f",
        b"\xc2\x85",
        b"\r",
        b"\t",
        b"\n",
        b",",
        b";",
        b'"',
        b" ",
        b"-",
        b".",
        b"e",
        b"+",
    ),
    *(
        b"\xff",
        "é".encode(),
        "\ufeff".encode(),
        "\u2028".encode(),
        "\u200b".encode(),
        b"0",
        b"9",
        b"#",
        b"NA",
        b"_",
        b"N_",
    ),
    *(b"\t\t", b"\n\n", b"e5", b"1e400", b"0x1", "٣".encode(), b"inf", b"nan", b"9" * 30, b"\r\n", b"'", b"=1+1"),
]


def at_random_places(content, rng):
    """Change a file at one to three places: bytes replaced, cut out or put in."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(changed))
        kind = rng.randrange(4)
        if kind == 0:
            changed[place] = rng.randrange(256)
        elif kind == 1:
            del changed[place : place + rng.randint(1, 30)]
        else:
            changed[place:place] = rng.choice(PIECES)
        if not changed:
            break
    return bytes(changed)


def in_a_number(content, rng):
    """Put something into a number."""
    numbers = [match.start() for match in re.finditer(rb"(?<=\d)(?=\d)", content)]
    place = rng.choice(numbers)
    return content[:place] + rng.choice(PIECES) + content[place:]


def of_lines(content, rng):
    """Repeat, leave out, exchange or join lines."""
    lines = content.splitlines(keepends=True)
    one, two = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(5)
    if kind == 0:
        lines.insert(one, lines[two])
    elif kind == 1:
        del lines[one]
    elif kind == 2:
        lines[one], lines[two] = lines[two], lines[one]
    elif kind == 3:
        lines[one] = lines[one].rstrip(b"\n")
    else:
        lines.insert(one, rng.choice([b"\n", b"# x\n", b" \n", b"\t\n", b"Total\t1\t2\t3\n"]))
    return b"".join(lines)


def of_cells(content, rng):
    """Exchange, repeat or empty cells of a line."""
    lines = content.splitlines(keepends=True)
    place = rng.randrange(len(lines))
    mark = max(b"\t,;", key=lambda code: lines[place].count(bytes([code])))
    parts = lines[place].rstrip(b"\n").split(bytes([mark]))
    one, two = rng.randrange(len(parts)), rng.randrange(len(parts))
    kind = rng.randrange(4)
    if kind == 0:
        parts[one], parts[two] = parts[two], parts[one]
    elif kind == 1:
        parts[one] = b""
    elif kind == 2:
        parts.append(parts[one])
    else:
        parts[one] = rng.choice(PIECES)
    lines[place] = bytes([mark]).join(parts) + b"\n"
    return b"".join(lines)


FAULTS = {
    "none": lambda content, rng: content,
    "random places": at_random_places,
    "in a number": in_a_number,
    "lines": of_lines,
    "cells": of_cells,
    "cut": lambda content, rng: content[: rng.randrange(len(content))],
    "Windows": lambda content, rng: content.replace(b"\n", b"\r\n"),
    "no end": lambda content, rng: content.rstrip(b"\n"),
    "UTF-16": lambda content, rng: content.decode().encode("utf-16"),
    "gzip": lambda content, rng: gzip.compress(content, mtime=0),
    "gzip that is cut": lambda content, rng: gzip.compress(content, mtime=0)[: -rng.randint(1, 40)],
    "gzip with other bytes": lambda content, rng: at_random_places(gzip.compress(content, mtime=0), rng),
}


def read_otherwise(form, files):
    """Return the counts that the other reader finds, by gene and sample, rounded as estimates are."""
    reader = FORMATS[form][1]
    contents = []
    for path in files:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            if not path.name.endswith(".gz") and form in TABLES:
                raise UnreadableError("is compressed, and its name does not say so")
            try:
                content = gzip.decompress(content)
            except Exception as error:  # noqa: BLE001
                raise UnreadableError(str(error)) from None
        contents.append(content)
    if form in TABLES:
        return {gene: {name: int(number) for name, number in row.items()} for gene, row in whole(reader(contents[0]))}
    columns = dict(zip(SAMPLES, map(reader, contents), strict=True))
    genes = columns["S1"].keys()
    if any(other.keys() != genes for other in columns.values()):
        raise UnreadableError("other ids")
    return {gene: {name: int(columns[name][gene].to_integral_value()) for name in SAMPLES} for gene in genes}


def whole(counts):
    for gene, row in counts.items():
        if any(number < 0 or number != number.to_integral_value() for number in row.values()):
            raise UnreadableError("no counts")
        yield gene, row


def judge(form, fault, seed):
    """Write files, damage one, read them, and compare with what the other reader finds."""
    rng = random.Random(seed)  # noqa: S311
    folder = Path(tempfile.mkdtemp(prefix="fuzz"))
    try:
        numbers = {
            name: {f"ENSG{k:011d}": rng.choice([0, 7, 53, 539, 4711, 60_301]) for k in range(N_GENES)}
            for name in SAMPLES
        }
        for name in SAMPLES:
            numbers[name]["ENSG00000000000"] = rng.randint(100, 999)
        (folder / "samples.tsv").write_text("sample\tx\nS1\ta\nS2\tb\nS3\ta\n")
        (folder / "counts").mkdir()
        files = FORMATS[form][0](folder / "counts", numbers)
        damaged = rng.choice(files)
        damaged.write_bytes(FAULTS[fault](damaged.read_bytes(), rng))
        given = str(files[0]) if form in TABLES else str(folder / "counts")
        begin = time.monotonic()
        options = {"format": "table" if form in TABLES else form}
        try:
            found = ingest(
                [Source("", given, str(folder / "samples.tsv"), **options)],
                Settings(strand="unstranded", length_correction="none"),
            ).counts
        except DataError as refusal:
            message, found = str(refusal), None
        assert time.monotonic() - begin < 10
        if found is None:
            require_message(message, folder)
            assert fault not in ("none", "Windows"), message
            event(f"{form}: refused")
            return
        expected = read_otherwise(form, files)
        got = {gene: {name: int(row[name]) for name in SAMPLES} for gene, row in found.to_dict("index").items()}
        assert got == expected
        event(f"{form}: accepted")
    finally:
        shutil.rmtree(folder)


def require_message(message, folder):
    """File, what is wrong and what to do, in sentences; and nothing of Python."""
    assert str(folder) in message
    assert "Traceback" not in message
    assert len(message) < 4000
    for line in message.splitlines():
        assert re.search(r"[.?)]( \w.*|$)", line), line
    assert re.search(r"\.\s+\S.*[.)]$", message.splitlines()[0]) or "Did you mean" in message, message


CASES = st.tuples(st.sampled_from(sorted(FORMATS)), st.sampled_from(sorted(FAULTS)), st.integers(0, 2**32))
PLAIN = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=200, derandomize=True, **PLAIN)
@given(CASES)
def test_two_hundred_cases(case):
    judge(*case)


@pytest.mark.fuzz
@settings(max_examples=5000, print_blob=True, **PLAIN)
@given(CASES)
def test_five_thousand_cases(case):
    judge(*case)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1_000_000 + (os.name == "posix") * 500_000


def test_the_other_reader_gives_up():
    """A reader that accepts everything would judge nothing."""
    sound = b"gene\tS1\tS2\tS3\ng\t1\t2\t3\n"
    assert independent.table(sound, "\t", SAMPLES) == {"g": {"S1": Decimal(1), "S2": Decimal(2), "S3": Decimal(3)}}
    for bad in (b"\0", b"\x0b", b"x", b"\t", b"\xff", b"_0"):
        with pytest.raises(UnreadableError):
            independent.table(sound.replace(b"\t2", b"\t2" + bad), "\t", SAMPLES)
