"""Ids of sheet and counts that are one id as two programs write it."""

import pytest

from degsteps.preflight.likeness import likeness
from tests.unit.preflight.studies import Study, findings

NAMES = ["WT-A", "WT-B", "KO-A", "KO-B", "WT-C", "WT-D", "KO-C", "KO-D"]
NUMBERS = [str(number) for number in range(7, 15)]

ALIKE = {
    "leading zeros": (NUMBERS, [number.zfill(3) for number in NUMBERS]),
    "leading zeros behind letters": ([f"S{n}" for n in NUMBERS], [f"S{n.zfill(2)}" for n in NUMBERS]),
    "leading zeros in the sheet": ([number.zfill(3) for number in NUMBERS], NUMBERS),
    "numbers of a data frame": ([f"{number}.0" for number in NUMBERS], NUMBERS),
    "leading zeros and endings": (NUMBERS, [f"{number.zfill(3)}.bam" for number in NUMBERS]),
    "bam": (NAMES, [f"{name}.bam" for name in NAMES]),
    "sorted": (NAMES, [f"{name}_sorted.bam" for name in NAMES]),
    "STAR alignments": (NAMES, [f"{name}Aligned.sortedByCoord.out.bam" for name in NAMES]),
    "STAR alignments in a folder": (NAMES, [f"star/{name}/{name}Aligned.sortedByCoord.out.bam" for name in NAMES]),
    "STAR counts": (NAMES, [f"{name}ReadsPerGene.out.tab" for name in NAMES]),
    "STAR alignments to transcripts": (NAMES, [f"{name}Aligned.toTranscriptome.out.bam" for name in NAMES]),
    "first reads": (NAMES, [f"{name}_R1_001.fastq.gz" for name in NAMES]),
    "reads of a lane": (NAMES, [f"{name}_S{k}_L001_R1_001.fastq.gz" for k, name in enumerate(NAMES)]),
    "endings in the sheet": ([f"{name}_R1_001.fastq.gz" for name in NAMES], NAMES),
    "endings in both": ([f"{name}_R1_001.fastq.gz" for name in NAMES], [f"{name}Aligned.out.bam" for name in NAMES]),
    "RSEM": (NAMES, [f"{name}.genes.results" for name in NAMES]),
    "RSEM in the sheet": ([f"{name}.genes.results" for name in NAMES], NAMES),
    "Salmon": (NAMES, [f"{name}_quant.sf" for name in NAMES]),
    "trimmed": (NAMES, [f"{name}_trimmed_dedup.bam" for name in NAMES]),
    "text": (NAMES, [f"{name}.counts.txt" for name in NAMES]),
    "HTSeq": (NAMES, [f"{name}_htseq.counts" for name in NAMES]),
    "a prefix": (NUMBERS, [f"patient{number}" for number in NUMBERS]),
    "a prefix in the sheet": ([f"GSE1234_{name}" for name in NAMES], NAMES),
    "a suffix": (NUMBERS, [f"{number}rna" for number in NUMBERS]),
    "a prefix and a suffix": (NUMBERS, [f"Run3Lib{number}rep" for number in NUMBERS]),
    "a prefix and zeros": (NUMBERS, [f"patient{number.zfill(3)}" for number in NUMBERS]),
    "other prefixes": ([f"donor_{name}" for name in NAMES], [f"library_{name}" for name in NAMES]),
    "letter case": (NAMES, [name.lower() for name in NAMES]),
    "the X of R": (NUMBERS, [f"X{number}" for number in NUMBERS]),
    "Cyrillic letters": (NAMES, [name.replace("A", "\u0410") for name in NAMES if "A" in name]),
    "blanks": (NAMES, [name.replace("-", " ") for name in NAMES]),
}


@pytest.mark.parametrize("case", ALIKE)
def test_ids_that_are_alike_are_shown_with_two_examples_and_the_cure(case, tmp_path, monkeypatch):
    in_sheet, in_counts = ALIKE[case]
    if len(in_counts) < len(in_sheet):
        in_counts = [*in_counts, *[name for name in in_sheet if "A" not in name]]
    like = likeness([name for name in in_sheet if name not in in_counts], in_counts)
    assert len(like.pairs) == sum(name not in in_counts for name in in_sheet)
    study = Study(samples=list(in_counts))
    study.sheet["sample"] = list(in_sheet)
    problems, _ = findings(study, tmp_path, monkeypatch)
    (problem,) = problems
    assert (problem.file, problem.key) == ("samples.tsv", "sample")
    assert like.how in problem.what
    for first, _ in like.pairs[:2]:
        assert f"'{first}' of the sheet is '" in problem.what.replace(" (with", "' (with").replace("''", "'")
    assert "Write the ids alike in both files." in problem.cure


@pytest.mark.parametrize(
    ("in_sheet", "in_counts"),
    [
        (["S1"], ["S10"]),
        (["S1", "S2"], ["S10", "S20"]),
        (["a", "b", "c"], ["x", "y", "z"]),
        (["patient 1", "patient 2", "patient 3"], ["lib_7", "lib_8", "lib_9"]),
        ([f"patient {k}" for k in range(8)], [f"S-{k}" for k in range(1, 9)]),
        (["A1", "B1"], ["C1", "D1"]),
        (["S7", "S07"], ["S007", "S0007"]),
        (["T-90"], ["Q-77"]),
        ([], ["a"]),
    ],
)
def test_other_ids_are_not_guessed(in_sheet, in_counts):
    assert likeness(in_sheet, in_counts) is None


def transposed(study, mark, names):
    rows = [["sample", *names], *([name, *cells] for name, cells in study.sheet.items() if name != "sample")]
    study.files["samples.tsv"] = "\n".join(map(mark.join, rows)).encode() + b"\n"


@pytest.mark.parametrize("mark", ["\t", ",", ";"])
@pytest.mark.parametrize("form", ["{}", "{}.bam"])
def test_a_transposed_sheet_is_told_in_one_sentence(mark, form, tmp_path, monkeypatch):
    study = Study()
    study.header = ["gene", *map(form.format, study.samples)]
    transposed(study, mark, study.samples)
    (problem,) = findings(study, tmp_path, monkeypatch)[0]
    assert "('S-1', 'S-2' and 6 more) are in the columns of the sheet" in problem.what
    assert problem.cure.startswith("Transpose the sheet")
