"""Drafts of configurations: what is guessed, that it is sound, and that nothing is overwritten."""

import csv
import gzip
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from degsteps.annotate.gene_table import read_gene_annotation
from degsteps.annotate.matching import match_genes
from degsteps.basics.errors import ConfigError, DataError
from degsteps.config.reading import load_analyses, read_yaml
from degsteps.onboarding import from_counts
from degsteps.onboarding.draft import contrast_names
from degsteps.onboarding.from_counts import as_yaml, draft_analysis, with_analysis
from degsteps.preflight import check_analyses
from tests.unit.ingest.test_readers import SAMPLES, WRITERS
from tests.unit.inputs.test_excel import by_openpyxl

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resources").symlink_to(ROOT / "resources")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text("# Mine.\nanalyses:\n  - config/analyses/a.yaml  # old\n")
    return tmp_path


def write_study(folder, sheet, header=None, genes="ENSG{:011d}", first=None):
    draw = random.Random(2)  # noqa: S311  (no secret)
    samples = next(iter(sheet.values())) if header is None else header
    rows = [["gene", *samples]]
    rows += [[genes.format(number), *[str(draw.randint(0, 99)) for _ in samples]] for number in range(20)]
    if first:
        rows = [[row[0], text, *row[1:]] for row, text in zip(rows, [first, *["words"] * 20], strict=True)]
    (folder / "counts.tsv").write_text("\n".join(map("\t".join, rows)) + "\n", encoding="utf-8")
    rows = [list(sheet), *zip(*sheet.values(), strict=True)]
    (folder / "samples.tsv").write_text("\n".join(map("\t".join, rows)) + "\n", encoding="utf-8")
    return draft_analysis("counts.tsv", "samples.tsv", "mine")


def checked(draft, folder):
    path = folder / f"{draft.name}.yaml"
    path.write_text(as_yaml(draft), encoding="utf-8")
    if draft.genes_text:
        (folder / draft.gene_table).parent.mkdir(exist_ok=True)
        (folder / draft.gene_table).write_text(draft.genes_text, encoding="utf-8")
    analyses, problems = load_analyses({"analyses": [str(path)]})
    return analyses.get(draft.name), [*problems, *check_analyses(analyses).problems]


@pytest.mark.long
@pytest.mark.parametrize("name", ["airway", "pasilla"])
def test_the_shipped_examples_are_guessed_from_their_files(name, folder):
    draft = draft_analysis(f"resources/{name}/counts.tsv.gz", f"resources/{name}/samples.tsv")
    assert draft.name == name
    analysis, problems = checked(draft, folder)
    assert problems == []
    shipped = read_yaml(ROOT / "config" / "analyses" / f"{name}.yaml")
    assert analysis["design"]["formula"] == shipped["design"]["formula"]
    assert {f: d["reference"] for f, d in analysis["design"]["factors"].items()} == {
        f: d["reference"] for f, d in shipped["design"]["factors"].items()
    }
    guessed = [
        {key: contrast[key] for key in ("factor", "test", "reference")}
        for contrast in analysis["test"]["contrasts"].values()
    ]
    assert guessed == list(shipped["test"]["contrasts"].values())
    assert analysis["batch"]["columns"] == shipped["batch"]["columns"]
    assert analysis["annotate"]["genes"] == shipped["annotate"]["genes"]


IDS = [f"S{number}" for number in range(8)]


def test_awkward_names_and_levels_are_written_so_that_they_are_read_back(folder):
    sheet = {
        "library id": [f"{name}: 1" for name in IDS],
        "time point, h": ["0", "0", "0", "0", "no", "no", "µ {x}", "µ {x}"],
        "run #": ["1", "2"] * 4,
    }
    draft = write_study(folder, sheet)
    analysis, problems = checked(draft, folder)
    assert problems == []
    assert analysis["ingest"]["sample_column"] == "library id"
    assert analysis["design"]["formula"] == "~ `run #` + `time point, h`"
    assert analysis["design"]["factors"]["time point, h"]["reference"] == "no"
    assert [c["test"] for c in analysis["test"]["contrasts"].values()] == ["0", "µ {x}"]


def test_annotation_columns_are_ignored_and_the_column_of_ids_is_found(folder):
    sheet = {"patient": list("ABCDABCD"), "file": IDS, "treatment": ["drug", "placebo"] * 4}
    draft = write_study(folder, sheet, header=["Length", *IDS], first="symbol")
    analysis, problems = checked(draft, folder)
    assert [problem for problem in problems if "confounded" in str(problem)] == []
    assert analysis["ingest"]["ignore_columns"] == ["symbol", "Length"]
    assert analysis["ingest"]["sample_column"] == "file"
    assert analysis["design"]["factors"]["treatment"]["reference"] == "placebo"


def test_a_donor_nested_in_the_question_is_left_out_and_said(folder):
    sheet = {"sample": IDS, "donor": list("AABBCCDD"), "status": ["healthy"] * 4 + ["ill"] * 4}
    draft = write_study(folder, sheet)
    assert draft.blocks == []
    assert "cannot be told from 'status'" in draft.others["donor"]
    # What two samples of one donor are is for the user to say.
    assert [problem.key for problem in checked(draft, folder)[1]] == ["design.repeated"]


@pytest.mark.parametrize("n_pairs", [4, 43])
@pytest.mark.parametrize("alone", [1, 2])
def test_subjects_with_one_sample_do_not_cost_the_pairing(folder, n_pairs, alone):
    patients = [f"P{number}" for number in range(n_pairs)]
    sheet = {
        "sample": [f"S{number}" for number in range(2 * n_pairs + alone)],
        "patient": [*patients, *patients, *(f"X{number}" for number in range(alone))],
        "tissue": ["normal"] * n_pairs + ["tumour"] * (n_pairs + alone),
    }
    draft = write_study(folder, sheet)
    assert (draft.factor, draft.blocks) == ("tissue", ["patient"])
    assert "patient" not in draft.others
    assert "'X0'" in as_yaml(draft)
    assert "one sample only" in as_yaml(draft)
    analysis, problems = checked(draft, folder)
    assert problems == []
    assert analysis["design"]["formula"] == "~ patient + tissue"


def test_one_against_one_has_no_replicates(folder):
    sheet = {"sample": ["S1", "S2"], "treatment": ["control", "drug"]}
    text = as_yaml(write_study(folder, sheet))
    assert "no replicates: every level of 'treatment' has one sample" in text


def test_subjects_of_one_pair_only_are_no_pairing(folder):
    sheet = {"sample": IDS, "patient": list("AABCDEFG"), "arm": ["drug", "placebo"] * 4}
    draft = write_study(folder, sheet)
    assert draft.blocks == []
    assert "patient" in draft.others


def test_blocks_that_leave_nothing_to_estimate_are_left_out(folder):
    sheet = {
        "sample": IDS,
        "donor": list("AABBCCDD"),
        "run": list("12341234"),
        "condition": ["ctl", "trt"] * 4,
    }
    draft = write_study(folder, sheet)
    assert checked(draft, folder)[1] == []
    assert draft.others.keys() & {"donor", "run"}


def test_without_a_control_the_guess_says_check(folder):
    draft = write_study(folder, {"sample": IDS, "tissue": ["liver", "kidney"] * 4})
    assert draft.levels["tissue"] == ("liver", "kidney")
    assert "CHECK" in draft.remarks["reference"]
    assert "CHECK" in as_yaml(draft)
    assert checked(draft, folder)[1] == []


def test_without_a_factor_the_draft_says_what_to_fill_in(folder):
    draft = write_study(folder, {"sample": IDS, "age": [str(30 + number) for number in range(8)]})
    _, problems = checked(draft, folder)
    assert problems
    assert "FILL_IN" in as_yaml(draft)
    assert "may be a covariate" in as_yaml(draft)


@pytest.mark.parametrize(
    ("genes", "table", "words"),
    [
        ("ENSG{:011d}.3", "resources/genes/human.tsv.gz", "human"),
        ("FBgn{:07d}", "resources/genes/fly.tsv.gz", "FlyBase"),
        ("ENSMUSG{:011d}", None, "mouse"),
        ("{}", None, "possibly Entrez"),
        ("gene{}", None, "not known"),
    ],
)
def test_the_gene_table_follows_from_the_ids(genes, table, words, folder):
    draft = write_study(folder, {"sample": IDS, "condition": ["ctl", "trt"] * 4}, genes=genes)
    assert draft.gene_table == table
    assert words in draft.remarks["genes"]


def known_ids(column):
    with gzip.open(ROOT / "resources" / "genes" / "human.tsv.gz", "rt") as lines:
        values = [row[column] for row in csv.DictReader(lines, delimiter="\t")]
    return [value for value in values if value][:20]


@pytest.mark.parametrize(("column", "words"), [("symbol", "symbols of"), ("entrez_id", "Entrez ids of")])
def test_symbols_and_entrez_ids_are_known_by_the_shipped_table(column, words, folder):
    write_study(folder, {"sample": IDS, "condition": ["ctl", "trt"] * 4}, genes="{}")
    header, *rows = (folder / "counts.tsv").read_text().splitlines()
    ids = known_ids(column)
    rows = [f"{gene}\t{row.partition(chr(9))[2]}" for gene, row in zip(ids, rows, strict=True)]
    (folder / "counts.tsv").write_text("\n".join([header, *rows]) + "\n")
    draft = draft_analysis("counts.tsv", "samples.tsv", "mine")
    assert draft.gene_table == "resources/genes/human.tsv.gz"
    assert words in draft.remarks["genes"]
    found = match_genes(pd.Index(ids, name="gene"), read_gene_annotation(draft.gene_table))
    assert set(found["annotation_status"]) - {"ambiguous"} == {f"matched_by_{column}"}
    # Ids of which only some are known by chance are not.
    (folder / "counts.tsv").write_text("\n".join([header, *(f"x{row}" for row in rows)]) + "\n")
    assert draft_analysis("counts.tsv", "samples.tsv", "mine").gene_table is None


@pytest.mark.parametrize("genes", ["ENSG{:011d}.2", "ENSMUSG{:011d}"])
def test_symbols_beside_the_counts_are_kept_as_a_table(genes, folder):
    (folder / "samples.tsv").write_text("id\tarm\na1\tctrl\na2\tctrl\nb1\tdrug\nb2\tdrug\n")
    ids = [genes.format(number) for number in (3, 5, 419, 457, 460)]
    symbols = ["Tspan6", '5"-x', "", ids[3], "=cmd"]
    lines = [f"{gene}\t{symbol}\t{k}\t2\t3\t{k}4" for k, (gene, symbol) in enumerate(zip(ids, symbols, strict=True))]
    (folder / "counts.tsv").write_text("\n".join(["gene_id\tgene_name\ta1\ta2\tb1\tb2", *lines]) + "\n")
    draft = draft_analysis("counts.tsv", "samples.tsv", "mine")
    analysis, problems = checked(draft, folder)
    assert problems == []
    assert analysis["annotate"]["genes"] == "config/analyses/mine.genes.tsv"
    assert analysis["annotate"]["release"].startswith("symbols: column gene_name of counts.tsv")
    found = match_genes(pd.Index(ids, name="gene"), read_gene_annotation(folder / draft.gene_table))
    assert list(found["symbol"].fillna("")) == symbols
    assert set(found["annotation_status"]) == {"matched"}
    # What the shipped table knows of the same ids comes along.
    assert list(found["name"].fillna(""))[:2] == (["tetraspanin 6", "tenomodulin"] if ".2" in genes else ["", ""])


def test_files_the_wrong_way_round_are_told(folder):
    write_study(folder, {"sample": IDS, "condition": ["ctl", "trt"] * 4})
    with pytest.raises(ConfigError, match=r"the wrong way round. Give COUNTS=counts.tsv SAMPLES=samples.tsv"):
        draft_analysis("samples.tsv", "counts.tsv")
    by_openpyxl(
        folder / "samples.xlsx", [line.split("\t") for line in (folder / "samples.tsv").read_text().splitlines()]
    )
    with pytest.raises(ConfigError, match=r"the wrong way round. Give COUNTS=counts.tsv SAMPLES=samples.xlsx"):
        draft_analysis("samples.xlsx", "counts.tsv")
    (folder / "quants").mkdir()
    with pytest.raises(ConfigError, match="quants is a folder, and"):
        draft_analysis("samples.tsv", "quants")


def test_a_workbook_of_samples_with_row_names_gives_the_same_draft(folder):
    sheet = {"sample": IDS, "dose": ["1", "2.5"] * 4, "condition": ["ctl", "trt"] * 4}
    draft = write_study(folder, sheet)
    rows = [[None, "dose", "condition"], *zip(IDS, [1, 2.5] * 4, sheet["condition"], strict=True)]
    by_openpyxl(folder / "samples.xlsx", rows)
    of_workbook = draft_analysis("counts.tsv", "samples.xlsx", "mine")
    assert as_yaml(of_workbook).replace("samples.xlsx", "samples.tsv") == as_yaml(draft)
    assert checked(of_workbook, folder)[1] == []


def test_the_sheet_is_read_before_the_counts(folder, monkeypatch):
    write_study(folder, {"sample": IDS, "condition": ["ctl", "trt"] * 4})
    (folder / "samples.tsv").write_text("sample\tx\tx\n")
    monkeypatch.setattr(from_counts, "locate", lambda path: pytest.fail("the counts were looked at first"))
    with pytest.raises(DataError, match="'x' more than once"):
        draft_analysis("counts.tsv", "samples.tsv")


def test_a_batch_is_not_compared_where_the_question_has_no_replicates(folder):
    sheet = {"sample": IDS, "batch": list("aabbccdd"), "treatment": ["control", *(f"drug{k}" for k in range(7))]}
    draft = write_study(folder, sheet)
    assert draft.factor is None
    assert "no replicates: every level of 'treatment' has one sample" in as_yaml(draft)


def test_a_gene_table_that_is_not_here_is_not_named(folder):
    (folder / "resources").unlink()
    draft = write_study(folder, {"sample": IDS, "condition": ["ctl", "trt"] * 4})
    assert draft.gene_table is None
    assert "resources/genes/human.tsv.gz, which the project ships" in as_yaml(draft)
    assert checked(draft, folder)[1] == []


def test_line_ends_in_names_cannot_break_the_file(folder):
    (folder / "samples.csv").write_text(
        'sample,condition,"a\nb: [",c\n' + "".join(f"{s},{'ctl' if k % 2 else 'trt'},x,\n" for k, s in enumerate(IDS))
    )
    write_study(folder, {"sample": IDS, "condition": ["ctl", "trt"] * 4})
    assert checked(draft_analysis("counts.tsv", "samples.csv", "mine"), folder)[1] == []


def test_files_that_do_not_belong_together_are_refused(folder):
    with pytest.raises(DataError, match="no column holds the sample names"):
        write_study(folder, {"sample": IDS, "x": IDS}, header=["A1", "A2"])
    with pytest.raises(DataError, match="no such file"):
        draft_analysis("none.tsv", "samples.tsv")


def test_contrast_names_can_stand_in_file_names():
    assert contrast_names(["wt", "k/o", "K o", "k o"]) == {
        "k_o_vs_wt": "k/o",
        "K_o_vs_wt_2": "K o",
        "k_o_vs_wt_3": "k o",
    }
    assert contrast_names(["-", "+"]) == {"contrast_1": "+"}


NEW = "config/analyses/new.yaml"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("analyses:\n  - a.yaml  # old\n\n# The end.\n", f"analyses:\n  - a.yaml  # old\n  - {NEW}\n\n# The end.\n"),
        (
            "analyses:\n- a.yaml\n# - b.yaml\npathvars: {}\n",
            f"analyses:\n- a.yaml\n- {NEW}\n# - b.yaml\npathvars: {{}}\n",
        ),
        ("analyses: [a.yaml] # one\n", f"analyses: [a.yaml, {NEW}] # one\n"),
        ("analyses: []\n", f"analyses: [{NEW}]\n"),
        ("# Mine\nanalyses:\n", f"# Mine\nanalyses:\n  - {NEW}\n"),
    ],
)
def test_the_list_of_analyses_keeps_its_comments(before, after):
    assert with_analysis(before, NEW) == after


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pathvars: {}\n", "no list"),
        (f"analyses: [{NEW}]\n", "already"),
        ("analyses: [\n  a.yaml\n]\n", "by hand"),
        ("analyses: *a\n", "by hand"),
    ],
)
def test_an_unusual_list_is_left_alone(text, words):
    with pytest.raises(ConfigError, match=words):
        with_analysis(text, NEW)


def init(folder, *arguments):
    command = [sys.executable, str(ROOT / "scripts" / "init_analysis.py"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_writes_adds_and_never_overwrites(folder):
    write_study(folder, {"sample": IDS, "cell": ["a", "a", "b", "b", "c", "c", "d", "d"], "dex": ["untrt", "trt"] * 4})
    files = ["--counts", "counts.tsv", "--samples", "samples.tsv"]
    done = init(folder, *files, "--name", "my study", "--add")
    assert (done.returncode, done.stderr) == (0, "")
    path = folder / "config" / "analyses" / "my_study.yaml"
    assert yaml.safe_load(path.read_text())["design"]["formula"] == "~ cell + dex"
    assert "'untrt' is called like a control" in done.stdout
    assert "To mend" not in done.stdout
    listing = (folder / "config" / "config.yaml").read_text()
    assert listing == ("# Mine.\nanalyses:\n  - config/analyses/a.yaml  # old\n  - config/analyses/my_study.yaml\n")
    path.write_text("mine")
    done = init(folder, *files, "--name", "my study", "--add")
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert path.read_text() == "mine"
    assert (folder / "config" / "config.yaml").read_text() == listing


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], ["COUNTS is not given: raw counts", "SAMPLES is not given: the sample sheet", "make init COUNTS="]),
        (["--counts", "counts.tsv", "--samples", ""], ["SAMPLES is not given: the sample sheet"]),
    ],
)
def test_the_command_says_what_is_missing(given, words, folder):
    done = init(folder, *given)
    assert done.returncode == 2
    assert all(each in done.stderr for each in words)
    assert ("COUNTS is not given" in done.stderr) == (not given)


def test_the_command_writes_the_table_of_genes_and_says_that_nothing_can_be_compared(folder):
    (folder / "samples.tsv").write_text("id\tarm\na1\tctrl\nb1\tdrug\n")
    (folder / "counts.tsv").write_text("gene_id\tgene_name\ta1\tb1\nENSG00000000003\tTSPAN6\t4\t5\n")
    files = ["--counts", "counts.tsv", "--samples", "samples.tsv", "--name", "mine"]
    done = init(folder, *files)
    assert done.returncode == 0
    assert "Wrote config/analyses/mine.yaml and config/analyses/mine.genes.tsv." in done.stdout
    assert "No comparison could be guessed: no replicates: every level of 'arm' has one sample" in done.stdout
    (folder / "config" / "analyses" / "mine.yaml").unlink()
    done = init(folder, *files)
    assert done.returncode == 1
    assert "mine.genes.tsv: is there already" in done.stderr


def test_the_command_says_what_is_left_to_mend(folder):
    write_study(folder, {"sample": IDS, "condition": ["ctl", "trt"] * 4})
    text = (folder / "counts.tsv").read_text().replace("\t", "\t-", 20)
    (folder / "counts.tsv").write_text(text.replace("\t-S", "\tS"))
    done = init(folder, "--counts", "counts.tsv", "--samples", "samples.tsv", "--name", "mine")
    assert done.returncode == 0
    assert "To mend before it can run:\n  1. counts.tsv:" in done.stdout
    assert "add it to config/config.yaml" in done.stdout


# ---- other formats than tables


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_a_draft_that_passes_the_check(name, folder):
    genes = pd.Index([f"ENSG{number:011d}" for number in range(40)], name="gene")
    draws = np.random.default_rng(1).poisson(80, (len(genes), len(SAMPLES)))
    counts = pd.DataFrame(draws, index=genes, columns=SAMPLES)
    given = WRITERS[name](counts, folder)
    rows = [f"{sample}\t{'control' if k % 2 else 'treated'}" for k, sample in enumerate(SAMPLES)]
    (folder / "samples.tsv").write_text("\n".join(["sample\tcondition", *rows]) + "\n")
    draft = draft_analysis(given, "samples.tsv", "mine")
    assert draft.format == name.split(",")[0]
    beside = "config/analyses/mine.genes.tsv" if draft.genes_text else None
    assert (beside is not None) == name.startswith("nfcore")
    assert draft.gene_table == (beside or "resources/genes/human.tsv.gz")
    assert ("Found: the counts are" in as_yaml(draft)) == (draft.format != "table")
    analysis, problems = checked(draft, folder)
    assert problems == []
    assert analysis["ingest"]["sample_column"] == "sample"


def write_quant(folder):
    for sample in ("a1", "a2", "b1", "b2"):
        (folder / "quants" / f"{sample}_quant").mkdir(parents=True)
        lines = ["Name\tLength\tEffectiveLength\tTPM\tNumReads", "ENST1.1\t900\t700\t5\t20.5"]
        (folder / "quants" / f"{sample}_quant" / "quant.sf").write_text("\n".join(lines) + "\n")
    (folder / "samples.tsv").write_text("id\tarm\na1\tctrl\na2\tctrl\nb1\tdrug\nb2\tdrug\n")


def test_transcripts_need_their_genes(folder):
    write_quant(folder)
    draft = draft_analysis("quants", "samples.tsv")
    assert draft.extra == {"tx2gene": "FILL_IN"}
    _, problems = checked(draft, folder)
    assert [problem.key for problem in problems] == ["ingest.tx2gene"]
    (folder / "my_tx2gene.csv").write_text('tx,gene\nENST1.1,"ENSG00000000003"\n')
    draft = draft_analysis("quants", "samples.tsv")
    assert draft.extra == {"tx2gene": "my_tx2gene.csv"}
    assert draft.gene_table == "resources/genes/human.tsv.gz"
    assert checked(draft, folder)[1] == []


def test_lengths_beside_the_table_of_nfcore(folder):
    (folder / "samples.tsv").write_text("id\tarm\na1\tctrl\na2\tctrl\nb1\tdrug\nb2\tdrug\n")
    text = "gene_id\tgene_name\ta1\ta2\tb1\tb2\n" + "".join(
        f"ENSG{k:011d}\tG{k}\t{k}.5\t{k + 90}\t{k * 7}\t{k + 3}\n" for k in range(30)
    )
    for name in ("salmon.merged.gene_counts.tsv", "salmon.merged.gene_counts_length_scaled.tsv"):
        (folder / name).write_text(text)
    assert draft_analysis("salmon.merged.gene_counts.tsv", "samples.tsv").extra == {}
    (folder / "salmon.merged.gene_lengths.tsv").write_text(text)
    draft = draft_analysis("salmon.merged.gene_counts.tsv", "samples.tsv")
    assert draft.extra == {"length_matrix": "salmon.merged.gene_lengths.tsv"}
    assert checked(draft, folder)[1] == []
    draft = draft_analysis("salmon.merged.gene_counts_length_scaled.tsv", "samples.tsv")
    assert draft.extra == {"length_correction": "none"}


@pytest.mark.parametrize("form", ["counts.tsv", "counts.parquet"])
@pytest.mark.parametrize("name", ["{}_FPKM", "TPM.{}", "{}.x"])
def test_fractions_beside_the_samples_are_no_estimated_counts(name, form, folder):
    values = np.random.default_rng(3).integers(0, 900, (30, 8))
    counts = pd.DataFrame(values, index=[f"ENSG{row:011d}" for row in range(30)], columns=IDS).rename_axis("gene")
    table = counts.join(counts.div(7).set_axis([name.format(sample) for sample in IDS], axis=1)).assign(Total=1)
    table.to_csv("counts.tsv", sep="\t") if form == "counts.tsv" else table.to_parquet(form)
    sheet = pd.DataFrame({"sample": IDS, "arm": ["control", "drug"] * 4})
    sheet.to_csv("samples.tsv", sep="\t", index=False)
    draft = draft_analysis(form, "samples.tsv")
    assert "estimated_counts" not in draft.extra
    assert draft.ignore_columns == [*(name.format(sample) for sample in IDS), "Total"]
    assert checked(draft, folder)[1] == []
