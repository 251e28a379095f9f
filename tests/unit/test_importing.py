"""Configurations of two other workflows, written in exactly their formats, become analyses that pass the check."""

import random
import subprocess
import sys

import pytest

from degsteps.config import read_schema, schema_problems, with_defaults
from degsteps.errors import ConfigError
from degsteps.importing import from_nfcore, from_star_deseq2
from degsteps.preflight import check_analysis
from tests.conftest import REPO

SHEET = """\
sample,experiment_accession,treatment,sample_number,batch
8042381,SRX1,mCherry,1,b1
8042382,SRX2,mCherry,2,b2
8042383,SRX3,mCherry,3,b1
8042384,SRX4,hND6,1,b2
8042385,SRX5,hND6,2,b1
8042386,SRX6,hND6,3,b2
"""
CONTRASTS = """\
id,variable,reference,target,blocking,exclude_samples_col,exclude_samples_values
treatment_mCherry_hND6_,treatment,mCherry,hND6,,NA,NA
treatment_mCherry_hND6_number,treatment,mCherry,hND6,batch,,
,treatment,mCherry,hND6,,sample,8042381;8042384
"""
CONTRASTS_YAML = """\
contrasts:
  - id: treatment_mCherry_hND6_
    comparison: ["treatment", "mCherry", "hND6"]
    blocking_factors: ["batch"]
  - id: zero_intercept
    formula: "~ 0 + treatment + batch"
    make_contrasts_str: "treatmenthND6 - treatmentmCherry"
  - id: one_coefficient
    formula: "~ batch + treatment"
    make_contrasts_str: "treatmentmCherry"
  - id: interaction
    formula: "~ batch * treatment"
    make_contrasts_str: "batchb2.treatmentmCherry"
  - id: mixed
    formula: "~ treatment + (1 | batch)"
    make_contrasts_str: "treatmenthND6"
"""
STAR_CONFIG = """\
samples: config/samples.tsv
units: config/units.tsv
ref:
  species: homo_sapiens
  release: 114
  build: GRCh38
trimming:
  activate: False
diffexp:
  variables_of_interest:
    treatment_1:
      base_level: B
    treatment_2:
      base_level: C
  batch_effects:
    - jointly_handled
  contrasts:
    A-vs-B_treatment_1:
      variable_of_interest: treatment_1
      level_of_interest: A
    both:
      "list(c('treatment_1_A_vs_B', 'treatment_1A.treatment_2D'))"
    quoted: "treatment_2_D_vs_C"
    code: "system('ls')"
  model: ~jointly_handled + treatment_1 * treatment_2
params:
  star: ""
"""


def write_counts(path, samples, header="gene_id\tgene_name"):
    draw = random.Random(4)  # noqa: S311
    annotation = "\tABC" if "gene_name" in header else ""
    lines = ["\t".join([header, *samples])]
    for number in range(30):
        cells = "\t".join(str(draw.randint(0, 500)) for _ in samples)
        lines.append(f"ENSMUSG{number:011d}{annotation}\t{cells}")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def nfcore(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samplesheet.csv").write_text(SHEET)
    (tmp_path / "contrasts.csv").write_text(CONTRASTS)
    (tmp_path / "contrasts.yaml").write_text(CONTRASTS_YAML)
    write_counts(tmp_path / "counts.tsv", [f"804238{number}" for number in range(1, 7)])
    return tmp_path


@pytest.fixture
def star(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text(STAR_CONFIG)
    rows = [f"s{k}\t{'AB'[k % 2]}\t{'CD'[k // 2 % 2]}\t{'12'[k // 4]}" for k in range(8)]
    header = "sample_name\ttreatment_1\ttreatment_2\tjointly_handled\n"
    (tmp_path / "config" / "samples.tsv").write_text(header + "\n".join(rows) + "\n")
    write_counts(tmp_path / "all.tsv", [f"s{k}" for k in range(8)], header="gene")
    return tmp_path


def problems_of(analysis):
    schema = read_schema("analysis")
    assert schema_problems(analysis, schema, "x") == []
    return check_analysis({"name": "x", "file": "x.yaml", **with_defaults(analysis, schema)}).problems


def test_contrasts_of_nfcore_as_a_table(nfcore):
    found = from_nfcore("samplesheet.csv", "contrasts.csv", "counts.tsv")
    assert [each.analysis["design"]["formula"] for each in found] == [
        "~ treatment",
        "~ batch + treatment",
        "~ treatment",
    ]
    plain, blocked, without = (each.analysis for each in found)
    assert plain["test"]["contrasts"] == {
        "treatment_mCherry_hND6": {"factor": "treatment", "test": "hND6", "reference": "mCherry"}
    }
    assert blocked["batch"]["columns"] == ["batch"]
    assert without["ingest"]["exclude_samples"] == {"8042381": "sample is 8042381", "8042384": "sample is 8042384"}
    assert list(without["test"]["contrasts"]) == ["treatment_mCherry_hND6"]
    for each in found:
        assert problems_of(each.analysis) == []


def test_contrasts_of_nfcore_as_yaml(nfcore):
    (found,) = from_nfcore("samplesheet.csv", "contrasts.yaml", "counts.tsv")
    assert found.analysis["test"]["contrasts"] == {
        "treatment_mCherry_hND6": {"factor": "treatment", "test": "hND6", "reference": "mCherry"},
        # R's reference is the first of the alphabet.
        "one_coefficient": {"factor": "treatment", "test": "mCherry", "reference": "hND6"},
    }
    assert [line.split(":")[0] for line in found.unmapped] == [
        "contrast zero_intercept",
        "contrast interaction",
        "contrast mixed",
    ]


def test_star_deseq2(star):
    (found,) = from_star_deseq2("config/config.yaml", "all.tsv")
    analysis = found.analysis
    assert analysis["design"]["formula"] == "~jointly_handled + treatment_1 * treatment_2"
    assert analysis["design"]["factors"]["treatment_1"] == {"reference": "B"}
    assert analysis["test"]["contrasts"] == {
        "A-vs-B_treatment_1": {"factor": "treatment_1", "test": "A", "reference": "B"},
        "both": {"weights": {"treatment_1[T.A]": 1, "treatment_1[T.A]:treatment_2[T.D]": 1}},
        "quoted": {"factor": "treatment_2", "test": "D", "reference": "C"},
    }
    assert any(line.startswith("contrast code: system('ls') is no list") for line in found.unmapped)
    assert any(line.startswith("trimming") for line in found.unmapped)
    assert problems_of(analysis) == []


def test_files_of_something_else_are_refused(nfcore):
    with pytest.raises(ConfigError, match="no section 'diffexp'"):
        from_star_deseq2("contrasts.yaml")
    with pytest.raises(ConfigError, match="has no column 'variable'"):
        from_nfcore("samplesheet.csv", "samplesheet.csv", "counts.tsv")
    with pytest.raises(ConfigError, match="has no column 'name'"):
        from_nfcore("samplesheet.csv", "contrasts.csv", "counts.tsv", id_column="name")


def test_the_command_reports_and_overwrites_nothing(nfcore):
    command = [sys.executable, str(REPO / "scripts" / "import_config.py"), "--name", "mouse", "nf-core"]
    command += ["--samples", "samplesheet.csv", "--contrasts", "contrasts.yaml", "--counts", "counts.tsv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Wrote config/analyses/mouse.yaml" in done.stdout
    assert "Not taken over:" in done.stdout
    assert "To mend" not in done.stdout
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "is there already" in again.stderr
