"""Configurations of two other workflows, written in exactly their formats, become analyses that pass the check."""

import random
import re
import subprocess
import sys

import pytest

from degsteps.basics.errors import ConfigError
from degsteps.config.reading import read_schema, schema_problems, with_analysis_defaults
from degsteps.onboarding.from_nfcore import from_nfcore
from degsteps.onboarding.from_star_deseq2 import from_star_deseq2
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
    return check_analysis({"name": "x", "file": "x.yaml", **with_analysis_defaults(analysis)}).problems


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
    plain, crossed = from_nfcore("samplesheet.csv", "contrasts.yaml", "counts.tsv")
    assert plain.analysis["test"]["contrasts"] == {
        "treatment_mCherry_hND6": {"factor": "treatment", "test": "hND6", "reference": "mCherry"},
        # R's reference is the first of the alphabet.
        "one_coefficient": {"factor": "treatment", "test": "mCherry", "reference": "hND6"},
    }
    assert crossed.analysis["design"]["formula"] == "~ batch + treatment + batch:treatment"
    assert crossed.analysis["test"]["contrasts"] == {
        "interaction": {"weights": {"batch[T.b2]:treatment[T.mCherry]": 1.0}}
    }
    assert problems_of(plain.analysis) == problems_of(crossed.analysis) == []
    assert [line.split(":")[0] for line in plain.unmapped if line.startswith("contrast")] == [
        "contrast zero_intercept",
        "contrast mixed",
    ]


FACTORIAL = "sample\tgenotype\ttreatment\ttime\n" + "\n".join(
    f"S{k}\t{'KO' if k % 2 else 'WT'}\t{'Control' if k // 2 % 2 else 'Treated'}\t{16 if k // 4 % 2 else 1}"
    for k in range(16)
)


@pytest.mark.parametrize(
    ("formula", "combination", "contrast"),
    [
        (
            "~ treatment + genotype",
            "treatmentTreated",
            {"factor": "treatment", "test": "Treated", "reference": "Control"},
        ),
        ("~ genotype", "genotype_WT_vs_KO", {"factor": "genotype", "test": "WT", "reference": "KO"}),
        ("~ genotype * treatment", "treatmentTreated", {"weights": {"treatment[T.Treated]": 1.0}}),
        (
            "~ genotype * treatment",
            "treatmentTreated + genotypeWT.treatmentTreated",
            {"weights": {"treatment[T.Treated]": 1.0, "genotype[T.WT]:treatment[T.Treated]": 1.0}},
        ),
        (
            "~ genotype * treatment",
            "treatmentTreated + genotypeWT.treatmentTreated/2",
            {"weights": {"treatment[T.Treated]": 1.0, "genotype[T.WT]:treatment[T.Treated]": 0.5}},
        ),
        (
            "~ genotype * treatment * time",
            "genotypeWT.treatmentTreated.time",
            {"weights": {"genotype[T.WT]:treatment[T.Treated]:time": 1.0}},
        ),
        ("~ genotype + time", "time", {"covariate": "time"}),
        (
            "~ 0 + genotype:treatment",
            (
                "genotypeWT.treatmentTreated - genotypeWT.treatmentControl - 2*(genotypeKO.treatmentTreated/2 - .5*"
                "genotypeKO.treatmentControl)"
            ),
            {
                "weights": {
                    "genotype[WT]:treatment[Treated]": 1.0,
                    "genotype[WT]:treatment[Control]": -1.0,
                    "genotype[KO]:treatment[Treated]": -1.0,
                    "genotype[KO]:treatment[Control]": 1.0,
                }
            },
        ),
    ],
)
def test_coefficients_as_r_names_them(tmp_path, monkeypatch, formula, combination, contrast):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheet.tsv").write_text(FACTORIAL)
    write_counts(tmp_path / "counts.tsv", [f"S{k}" for k in range(16)])
    entry = f'  - id: x\n    formula: "{formula}"\n    make_contrasts_str: "{combination}"\n'
    (tmp_path / "contrasts.yml").write_text(f"contrasts:\n{entry}")
    (found,) = from_nfcore("sheet.tsv", "contrasts.yml", "counts.tsv")
    assert found.analysis["test"]["contrasts"] == {"x": contrast}
    assert problems_of(found.analysis) == []
    if "time" in formula:
        assert found.analysis["design"]["covariates"] == {"time": {"center": False}}


@pytest.mark.parametrize(
    ("formula", "combination", "words"),
    [
        ("~ 0 + genotype", "genotypeWT", "compares nothing"),
        ("~ genotype - 1", "genotypeWT", "compares nothing"),
        ("~ genotype", "genotypeHET", "'genotypeHET' is no coefficient of the formula. It has"),
        ("~ genotype", "system('ls')", "'system' is no coefficient"),
        ("~ genotype", "genotypeWT * genotypeWT", "R code is not evaluated"),
        ("~ genotype", "(genotypeWT", "R code is not evaluated"),
        ("~ genotype", "", "R code is not evaluated"),
        ("~ genotype + I(time^2)", "genotypeWT", "function call"),
        ("~ age", "age", "no column 'age'"),
    ],
)
def test_what_cannot_be_taken_over_is_said(tmp_path, monkeypatch, formula, combination, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheet.tsv").write_text(FACTORIAL)
    entry = f'  - id: x\n    formula: "{formula}"\n    make_contrasts_str: "{combination}"\n'
    (tmp_path / "contrasts.yml").write_text(f"contrasts:\n{entry}")
    with pytest.raises(ConfigError, match=re.escape(words)):
        from_nfcore("sheet.tsv", "contrasts.yml", "counts.tsv")


PARAMS = """\
study_name: SRP254919
input: samplesheet.csv
contrasts: contrasts.csv
matrix: counts.tsv
observations_id_col: sample
deseq2_fit_type: local
deseq2_sf_type: poscounts
deseq2_vs_method: rlog
deseq2_shrink_lfc: false
deseq2_lfc_threshold: 0.5
deseq2_alt_hypothesis: lessAbs
deseq2_p_adjust_method: BY
deseq2_use_t: true
differential_max_qval: 0.1
differential_min_fold_change: 1.5
filtering_min_abundance: 10
gtf: https://example.org/genes.gtf.gz
report_title: A study
"""


def test_parameters_of_nfcore(nfcore):
    (nfcore / "params.yaml").write_text(PARAMS)
    first = from_nfcore(params="params.yaml")[0]
    analysis = first.analysis
    assert analysis["ingest"]["counts"] == "counts.tsv"
    assert {key: analysis["test"][key] for key in ("fit_type", "shrinkage", "adjustment", "alpha")} == {
        "fit_type": "local",
        "shrinkage": "none",
        "adjustment": "by",
        "alpha": 0.1,
    }
    assert analysis["test"]["min_log2_fold_change"] == pytest.approx(0.584963)
    assert analysis["normalize"] == {"size_factors": "poscounts"}
    assert analysis["transform"] == {"method": "rlog"}
    (contrast,) = analysis["test"]["contrasts"].values()
    assert (contrast["lfc_null"], contrast["alternative"]) == (0.5, "less_abs")
    assert problems_of(analysis) == []
    said = " ".join(first.mapped + first.unmapped)
    # Every parameter is accounted for, one way or the other.
    assert all(line.split(":")[0] in said for line in PARAMS.splitlines()[5:])
    assert "deseq2_use_t: there is no such setting here" in first.unmapped
    (nfcore / "params.yaml").write_text(
        PARAMS.replace("lfc: false", "lfc: true").replace("type: local", "type: glmGamPoi")
    )
    first = from_nfcore(params="params.yaml")[0]
    assert first.analysis["test"]["shrinkage"] == "ashr"
    assert any("deseq2_shrink_lfc true -> test.shrinkage: ashr" in line for line in first.mapped)
    said = " ".join(first.unmapped)
    assert "glmGamPoi: there is no such choice" in said
    assert "without effect while deseq2_shrink_lfc is true" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("- paramset_name: a\n", "a list of parameter sets"),
        ("study_type: affy_array\n", "study_type is affy_array"),
        ("differential_method: propd\n", "propd"),
        ("input: https://example.org/s.csv\n", "Download the file"),
        ("input: samplesheet.csv\n", "contrasts are not given"),
    ],
)
def test_parameters_that_name_no_study_of_counts(nfcore, content, words):
    (nfcore / "params.yaml").write_text(content)
    with pytest.raises(ConfigError, match=words):
        from_nfcore(params="params.yaml")


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
    assert "Wrote config/analyses/mouse_1.yaml" in done.stdout
    assert "Not taken over:" in done.stdout
    assert "To mend" not in done.stdout
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "is there already" in again.stderr
