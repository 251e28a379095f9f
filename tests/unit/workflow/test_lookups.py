"""What rules ask of an analysis: sets of samples, files, settings, last files."""

from types import SimpleNamespace

import pytest
import yaml

from degsteps.basics.paths import stage_pathvars
from degsteps.report.reading import file_definition
from degsteps.workflow import files, job_size, settings, subsets, targets
from degsteps.workflow.analyses import load_checked_analyses
from degsteps.workflow.job_size import part_names, size_of_job

ANALYSIS = """
version: "1.0"
ingest: {counts: counts.tsv, samples: samples.tsv}
filter: {group: condition}
design:
  formula: "~ sex + condition"
  factors: {sex: {reference: f}, condition: {reference: a}}
  sample_sets:
    women: {keep: {sex: [f]}, formula: "~ condition"}
test:
  contrasts:
    everyone: {factor: condition, test: b, reference: a}
    of_women: {factor: condition, test: b, reference: a, sample_sets: [women]}
    back_women: {factor: condition, test: a, reference: b, sample_sets: [women]}
  stage_wise:
    both: {contrasts: [of_women, back_women]}
"""


@pytest.fixture
def analysis(tmp_path, monkeypatch):
    """A completed analysis with one set of samples."""

    def loaded(**changes):
        content = yaml.safe_load(ANALYSIS)
        for key, value in changes.items():
            section, name = key.split("__")
            content.setdefault(section, {})[name] = value
        (tmp_path / "study.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        monkeypatch.chdir(tmp_path)
        (tmp_path / "samples.tsv").write_text("sample\tsex\tcondition\n")
        (tmp_path / "counts.tsv").write_text("gene\ts1\ts2\n" + "".join(f"g{n}\t1\t2\n" for n in range(50)))
        return load_checked_analyses({"analyses": ["study.yaml"]}, check=False)["study"]

    return loaded


def job(**wildcards):
    return SimpleNamespace(**wildcards)


@pytest.mark.parametrize(
    ("wildcards", "name"),
    [
        ({"subset": ""}, None),
        ({"subset": "/sets/women"}, "women"),
        ({"contrast": "everyone"}, None),
        ({"contrast": "of_women"}, "women"),
        ({"family": "both"}, "women"),
        ({}, None),
    ],
)
def test_the_set_of_samples_of_a_job(analysis, wildcards, name):
    content = analysis()
    assert subsets.subset_name(content, job(**wildcards)) == name
    place = f"<test>/sets/{name}/model.h5ad" if name else "<test>/model.h5ad"
    assert files.of_subset(content, job(**wildcards), "<test>/model.h5ad") == place


def test_a_set_has_its_own_formula_group_contrasts_and_no_further_batches(analysis):
    content, women, everyone = analysis(batch__columns=["sex"]), job(subset="/sets/women"), job(subset="")
    assert settings.model(content, women)["formula"] == "~ condition"
    assert settings.model(content, everyone)["formula"] == "~ sex + condition"
    assert list(settings.contrasts(content, women)) == ["of_women", "back_women"]
    assert list(settings.contrasts(content, everyone)) == ["everyone"]
    assert settings.filter_groups(content, women)["named"] == ["condition"]
    assert settings.main_group(content, women) == "condition"
    assert (settings.batch_columns(content, women), settings.batch_columns(content, everyone)) == ([], ["sex"])
    assert files.contrast_tables(content, women) == ["<test>/of_women.tsv", "<test>/back_women.tsv"]


def test_tested_sets_are_those_of_the_contrasts(analysis):
    content = analysis(test__influence=True)
    assert subsets.tested_subsets(content) == [None, "women"]
    assert targets.influence_tables(content) == [
        "<test>/influence/samples.tsv",
        "<test>/sets/women/influence/samples.tsv",
    ]
    assert targets.influence_tables(analysis()) == []


@pytest.mark.parametrize(
    ("changes", "files_that_come"),
    [
        ({"normalize__tables": ["cpm"]}, {"<normalize>/tables/cpm.parquet", "<normalize>/tables/cpm.tsv.gz"}),
        ({"test__sensitivity": True}, {"<annotate>/everyone.sensitivity.png", "<annotate>/of_women.sensitivity.png"}),
        ({"test__power": 0.8}, {"<test>/power/everyone.tsv", "<annotate>/of_women.power.png"}),
        ({"qc__sex_column": "sex"}, {"<qc>/identity.tsv"}),
        ({"batch__columns": ["sex"]}, {"<transform>/adjusted.parquet"}),
        ({"test__concordance": ["edger_ql"]}, {"<test>/concordance/of_women.agreement.tsv"}),
    ],
)
def test_what_is_asked_for_is_among_the_last_files(analysis, changes, files_that_come):
    without, with_it = (
        targets.last_files(analysis(normalize__tables=[])),
        targets.last_files(analysis(**({"normalize__tables": []} | changes))),
    )
    assert not files_that_come & set(without)
    assert files_that_come <= set(with_it)
    assert len(with_it) == len(set(with_it))


@pytest.mark.parametrize(
    ("choice", "limit", "expected"),
    [
        ("auto", 100, True),  # genes x samples of the counts
        ("auto", 99, False),
        ("always", 0, True),
        ("never", 1000, False),
    ],
)
def test_text_of_normalised_tables_is_written_where_it_is_asked_for_or_small(
    analysis, monkeypatch, choice, limit, expected
):
    monkeypatch.setattr(job_size, "SIZE_AS_TEXT", limit)
    content = analysis(normalize__tables=["cpm", "tpm"], normalize__tables_as_text=choice)
    assert job_size.has_tables_as_text(content) is expected
    tables = {"<normalize>/tables/cpm.parquet", "<normalize>/tables/tpm.parquet"}
    texts = {path.replace(".parquet", ".tsv.gz") for path in tables}
    assert set(targets.normalized_tables(content)) == (tables | texts if expected else tables)
    assert set(targets.normalized_tables(content)) <= set(targets.last_files(content))


def test_parts_and_their_size(analysis):
    content = analysis(test__scatter=4)
    assert part_names(content) == ["1-of-4", "2-of-4", "3-of-4", "4-of-4"]
    assert (
        files.parts(content, job(subset="/sets/women"), "fit_trend", "x")[0] == "<test>/sets/women/fit_trend/1-of-4.x"
    )
    assert size_of_job(content, job(part="1-of-4")) * 4 == size_of_job(content, job()) == 100
    assert part_names(analysis(test__scatter=1)) == part_names(analysis()) == []


def test_the_fit_of_an_analysis_has_one_rule():
    """The two path variables are one folder, each for its own analyses."""
    paths = stage_pathvars({"small": "1.0", "large": "2.0"}, in_parts=["large"])
    assert "{analysis,small}" in paths["test_whole"]
    assert "{analysis,large}" in paths["test_in_parts"]
    assert "large|small" in paths["test"]
    assert {paths[name].rsplit("/", 1)[1] for name in ("test", "test_whole", "test_in_parts")} == {"07_test"}


EVERY_OPTION = {
    "test__power": 0.8,
    "test__sensitivity": True,
    "test__influence": True,
    "qc__sex_column": "sex",
    "batch__columns": ["sex"],
    "plan__lock": "plan.yaml",
}


@pytest.mark.parametrize("changes", [{}, EVERY_OPTION])
def test_the_report_gets_the_last_files_and_what_sections_describe(analysis, changes):
    loaded = analysis(**changes)
    reported = targets.reported_files(loaded)
    assert len(set(reported)) == len(reported)
    last = [path for path in targets.last_files(loaded) if path.endswith((".tsv", ".png"))]
    assert set(last) <= set(reported)
    for path in ("<batch>/sets/women/contrasts.json", "<filter>/sets/women/genes.tsv", "<test>/dispersion.svg"):
        assert path in reported
    assert ("<qc>/subjects.tsv" in reported) == ("<report>/plan.tsv" in reported) == bool(changes)
    tables = [path.replace("<", "").replace(">", "") for path in reported if path.endswith(".tsv")]
    # Of sets of samples the report reads what decides about contrasts; it does not speak of their other files.
    assert [place for place in tables if "/sets/" not in place and file_definition(place) is None] == []


def test_the_first_of_several_levels_is_that_of_the_analysis(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, alpha in (("one", "0.1"), ("two", "[0.1, 0.05]")):
        (tmp_path / f"{name}.yaml").write_text(ANALYSIS.replace("test:\n", f"test:\n  alpha: {alpha}\n"))
    analyses = load_checked_analyses({"analyses": ["one.yaml", "two.yaml"]}, check=False)
    assert [analysis["test"]["alpha"] for analysis in analyses.values()] == [0.1, 0.1]
    assert settings.called_levels(analyses["one"], None) == []
    assert settings.called_levels(analyses["two"], None) == [0.1, 0.05]


@pytest.mark.parametrize(
    ("contrast", "tested"),
    [
        ("{factor: condition, test: b, reference: a}", ["condition"]),
        ("{factor: condition, test: b, reference: a, reduced: '~ sex'}", ["condition"]),
        ("{reduced: '~ 1'}", ["sex", "condition"]),
        ("{reduced: '~ sex'}", ["condition"]),
        ("{expression: 'b - a'}", ["sex", "condition"]),
    ],
)
def test_factors_whose_groups_are_compared(tmp_path, monkeypatch, contrast, tested):
    monkeypatch.chdir(tmp_path)
    content = yaml.safe_load(ANALYSIS)
    content["test"] = {"contrasts": {"one": yaml.safe_load(contrast)}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
    analysis = load_checked_analyses({"analyses": ["study.yaml"]}, check=False)["study"]
    assert settings.tested_factors(analysis, SimpleNamespace(subset="")) == tested
    content["batch"] = {"columns": ["sex"]}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
    analysis = load_checked_analyses({"analyses": ["study.yaml"]}, check=False)["study"]
    of_groups = "expression" in contrast
    assert settings.tested_factors(analysis, SimpleNamespace(subset="")) == (["condition"] if of_groups else tested)


@pytest.mark.parametrize(
    ("changes", "results", "stage_wise"),
    [
        ({}, "<test>", "<test>"),
        ({"annotate__genes": "genes.tsv"}, "<annotate>", "<annotate>"),
        ({"test__sensitivity": True}, "<annotate>", "<test>"),
        ({"test__concordance": ["voom"]}, "<annotate>", "<test>"),
        ({"test__alpha": [0.05, 0.1]}, "<annotate>", "<test>"),
    ],
)
def test_tables_of_the_test_are_the_results_where_nothing_is_added(analysis, changes, results, stage_wise):
    content = analysis(**changes)
    names = ("everyone", "of_women", "back_women")
    assert files.result_tables(content) == [f"{results}/{name}.tsv" for name in names]
    assert files.result_table(content, job(contrast="of_women")) == f"{results}/of_women.tsv"
    assert files.stage_wise_tables(content) == [f"{stage_wise}/stage_wise/both.tsv"]
    last = targets.last_files(content)
    assert {f"{results}/everyone.tsv", f"{stage_wise}/stage_wise/both.tsv"} <= set(last)
    assert f"{({'<test>', '<annotate>'} - {results}).pop()}/everyone.tsv" not in last
