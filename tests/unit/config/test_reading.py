"""Reading configurations: schemas, defaults, and sentences for what is wrong."""

import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from degsteps.basics.errors import ConfigError
from degsteps.config import reading
from degsteps.config.reading import (
    Problem,
    analysis_name,
    load_analyses,
    read_schema,
    read_yaml,
    schema_problems,
    with_analysis_defaults,
    with_defaults,
)

ROOT = Path(__file__).parents[3]
MINIMAL = {
    "version": "1.0",
    "ingest": {"counts": "counts.tsv", "samples": "samples.tsv"},
    "design": {"formula": "~ condition", "factors": {"condition": {"reference": "a"}}},
    "test": {"contrasts": {"b_vs_a": {"factor": "condition", "test": "b", "reference": "a"}}},
}


def every_schema(schema):
    yield schema
    for part in [*schema.get("properties", {}).values(), schema.get("additionalProperties"), schema.get("items")]:
        if isinstance(part, dict):
            yield from every_schema(part)


@pytest.mark.parametrize("name", ["analysis", "config"])
def test_schemas_are_valid_closed_and_described(name):
    schema = read_schema(name)
    Draft202012Validator.check_schema(schema)
    for part in every_schema(schema):
        if part.get("type") == "object":
            assert "additionalProperties" in part
        for key, value in part.get("properties", {}).items():
            assert value.get("description"), key
            choices = part.get("oneOf", part.get("then", {}).get("oneOf", []))
            required = [*part.get("required", []), *(name for one in choices for name in one["required"])]
            assert key in required or "default" in value, key
            if "default" in value:
                assert schema_problems(with_defaults(value["default"], value), value, "default") == []


@pytest.mark.parametrize("path", sorted((ROOT / "config" / "analyses").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_analyses_keep_their_schema(path):
    analyses, problems = load_analyses({"analyses": [str(path)]})
    assert problems == []
    assert list(analyses) == [path.stem]


def test_defaults_reach_every_depth():
    filled = with_defaults(MINIMAL, read_schema("analysis"))
    assert filled["filter"]["min_cpm"] == 1
    assert filled["normalize"]["tables"] == ["normalized", "cpm", "tmm_cpm"]
    assert filled["design"]["factors"]["condition"]["levels"] is None
    assert filled["design"]["covariates"] == {}
    assert "filter" not in MINIMAL


def test_defaults_are_not_shared():
    schema = read_schema("analysis")
    with_defaults(MINIMAL, schema)["batch"]["columns"].append("run")
    assert with_defaults(MINIMAL, schema)["batch"]["columns"] == []


def problems_of(change):
    content = yaml.safe_load(yaml.safe_dump(MINIMAL))
    change(content)
    return [str(problem) for problem in schema_problems(content, read_schema("analysis"), "a.yaml")]


@pytest.mark.parametrize(
    ("change", "begin", "words"),
    [
        (lambda c: c.update(filtr={}), "a.yaml: filtr: is no known key.", "Did you mean 'filter'?"),
        (lambda c: c["ingest"].update(zzz=1), "a.yaml: ingest.zzz: is no known key.", "Known here: counts"),
        (lambda c: c.pop("version"), "a.yaml: version: is missing.", "Give it:"),
        (lambda c: c.update(version=1.0), "a.yaml: version: must be text, but YAML reads 1.0", "in quotes"),
        (lambda c: c.update(version="a b"), "a.yaml: version: 'a b' has characters", "Use letters"),
        (lambda c: c.update(filter={"method": "CPM"}), "a.yaml: filter.method: 'CPM' is not", "cpm, filter_by_expr"),
        (lambda c: c.update(filter={"min_cpm": -1}), "a.yaml: filter.min_cpm: must be at least 0", "Counts per"),
        (lambda c: c["test"].update(alpha=1), "a.yaml: test.alpha: must be less than 1", "False discovery"),
        (lambda c: c["test"].update(contrasts={}), "a.yaml: test.contrasts: needs at least", "1"),
        (lambda c: c["test"]["contrasts"].update({"b/a": {}}), "a.yaml: test.contrasts", "b/a"),
        (lambda c: c.update(filter=[]), "a.yaml: filter: must be a mapping", "[]"),
        (lambda c: c.update(filter=None), "a.yaml: filter: is empty, and must be a mapping.", "only if indented"),
        (lambda c: c.update(contrasts={}), "a.yaml: contrasts: is no known key.", "belongs below 'test': indent"),
        (lambda c: c.update({"\u00a0 title": "x"}), "a.yaml: \u00a0 title: is no known key.", "no-break space"),
        (lambda c: c["test"].update(contrasts={"a": []}), "a.yaml: test.contrasts.a: must be", "test: <level>"),
        (lambda c: c["design"].update(factors={"a": "b"}), "a.yaml: design.factors.a: must be", "{reference: <level>}"),
        (lambda c: c.update(title=True), "a.yaml: title: must be text or empty, but YAML reads this word as true", ""),
        (lambda c: c.update(filter={"min_samples": "3"}), "a.yaml: filter.min_samples: must be an integer", "'3'"),
    ],
)  # fmt: skip
def test_a_broken_key_is_named_with_a_cure(change, begin, words):
    problems = problems_of(change)
    assert problems[0].startswith(begin)
    assert words in "\n".join(problems)


def test_all_problems_are_listed():
    assert len(problems_of(lambda content: content.update(filtr={}, version=2, test={}))) == 3


def test_a_missing_key_is_told_once():
    problems = problems_of(lambda content: content.clear())
    assert len(problems) == len(set(problems)) == 4


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path):
    with pytest.raises(ConfigError, match="line 3: is not valid YAML: the key 'a' stands here twice"):
        read_yaml(write(tmp_path, "a.yaml", "a: 1\nb: 2\na: 3\n"))
    with pytest.raises(ConfigError, match="'x' stands here twice"):
        read_yaml(write(tmp_path, "a.yaml", "a: {x: 1, x: 1}\n"))


def test_a_key_that_is_no_word_is_refused_with_its_line(tmp_path):
    with pytest.raises(ConfigError, match="line 2: is not valid YAML: a key is a list or a mapping"):
        read_yaml(write(tmp_path, "a.yaml", "a: 1\n? [b]\n: 1\n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [1\n", "line 2"), ("a: !!python/object:os.system x\n", "not valid YAML"), ("a:\n\tb: 2\n", "line 2")],
)
def test_yaml_that_cannot_be_read_names_the_line(text, words, tmp_path):
    with pytest.raises(ConfigError, match=words):
        read_yaml(write(tmp_path, "a.yaml", text))


@pytest.mark.parametrize(
    "text", ["a: [1\n", "a: b: c\n", "a: 1\na: 2\n", "a:\n\tb: 2\n", "a: 'x\n", "a: *b\n", "a: \x01\n"]
)
def test_messages_do_not_depend_on_how_pyyaml_was_built(text, tmp_path, monkeypatch):
    def message():
        with pytest.raises(ConfigError) as raised:
            read_yaml(path)
        return str(raised.value)

    path = write(tmp_path, "a.yaml", text)
    usual = message()
    monkeypatch.setattr(reading, "_Loader", reading._PlainLoader)
    assert message() == usual


def test_both_loaders_read_the_same(monkeypatch):
    files = [*(ROOT / "config").rglob("*.yaml"), *(ROOT / "published").glob("*.yaml")]
    assert len(files) > 5
    usual = [read_yaml(file) for file in files]
    monkeypatch.setattr(reading, "_Loader", reading._PlainLoader)
    assert [read_yaml(file) for file in files] == usual


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a:\n\tb: 2\n", "line 2: is not valid YAML: a tab stands where only blanks may. Indent with blanks."),
        ("title: A study: the second\n", "line 1: is not valid YAML: there is a ': ' too many."),
        ("a:\n   b: 1\n  c: 2\n", "the indentation does not fit the lines above."),
        ("a: 1\nb\nc: 2\n", "a key has no ': ' behind it."),
        ('a: "b\nc: 2\n', "a quotation mark is not closed."),
        ("a: [1, 2\nb: 3\n", "a bracket is not closed, or a comma is missing."),
    ],
)
def test_yaml_mistakes_are_told_in_plain_words(text, words, tmp_path):
    with pytest.raises(ConfigError, match=re.escape(words)):
        read_yaml(write(tmp_path, "a.yaml", text))


def test_other_files_are_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match=r"is a folder\. Name a YAML file"):
        read_yaml(tmp_path)
    with pytest.raises(ConfigError, match="no such file"):
        read_yaml(tmp_path / "none.yaml")
    (tmp_path / "a.yaml").write_bytes("a: gr\xfcn".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_yaml(tmp_path / "a.yaml")


def test_a_byte_order_mark_is_no_matter(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(tmp_path / "a.yaml") == {"a": 1}


def test_analyses_are_loaded_with_name_and_file(tmp_path):
    path = write(tmp_path, "study.v2.yaml", yaml.safe_dump(MINIMAL))
    analyses, problems = load_analyses({"analyses": [path]})
    assert problems == []
    assert analyses["study.v2"]["file"] == path
    assert analyses["study.v2"]["name"] == "study.v2"


def test_what_is_wrong_with_one_analysis_does_not_hide_another(tmp_path):
    good = write(tmp_path, "good.yaml", yaml.safe_dump(MINIMAL))
    bad = write(tmp_path, "bad.yaml", yaml.safe_dump(MINIMAL | {"version": 3}))
    empty = write(tmp_path, "empty.yaml", "")
    (tmp_path / "other").mkdir()
    same = write(tmp_path / "other", "good.yaml", yaml.safe_dump(MINIMAL))
    analyses, problems = load_analyses({"analyses": [good, bad, same, str(tmp_path / "none.yaml"), empty]})
    assert list(analyses) == ["good"]
    text = "\n".join(map(str, problems))
    for words in (
        "version: must be text",
        "two files give the name 'good'",
        "no such file",
        "ingest is missing. Give either ingest, or cells.",
    ):
        assert words in text


def test_a_configuration_without_analyses_is_refused():
    assert load_analyses({"analyses": []})[1]
    assert load_analyses({})[1]
    assert "Did you mean 'analyses'?" in "\n".join(map(str, load_analyses({"analysis": ["a.yaml"]})[1]))


def test_names_and_problems_have_one_form():
    assert analysis_name("config/analyses/a.b.yaml") == "a.b"
    assert analysis_name(Path("x.yml")) == "x"
    assert str(Problem("f.yaml", "a.b", "is wrong.", "Mend it.")) == "f.yaml: a.b: is wrong. Mend it."
    assert str(Problem("f.yaml", "", "is wrong.", "")) == "f.yaml: is wrong."


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "counts and samples are missing"),
        ({"counts": "a.tsv"}, "samples is missing"),
        ({"counts": "a", "samples": "b", "sites": {"a": {"counts": "c", "samples": "d"}}}, "exclude each other"),
        ({"samples": "b.tsv", "sites": {"a": {"counts": "c", "samples": "d"}}}, "samples and sites exclude each other"),
    ],
)
def test_files_are_given_once_or_by_site(given, words):
    problems = schema_problems({"version": "1", "ingest": given}, read_schema("analysis"), "f.yaml")
    (problem,) = [problem for problem in problems if problem.key == "ingest"]
    assert words in problem.what
    assert problem.cure == "Give either counts and samples, or sites."


def test_a_missing_analysis_file_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start = "config/config.yaml: analyses:"
    _, problems = load_analyses({"analyses": ["gone.yaml"]})
    assert [str(problem) for problem in problems] == [
        f"{start} gone.yaml: there is no such file. Correct the path; it is relative to the working folder."
    ]
    (tmp_path / "config" / "analyses").mkdir(parents=True)
    (tmp_path / "config" / "analyses" / "study.yaml").touch()
    _, problems = load_analyses({"analyses": ["config/analyses"]})
    assert [str(problem) for problem in problems] == [
        f"{start} config/analyses: is a folder. Name the YAML files in it."
    ]
    _, problems = load_analyses({"analyses": ["study"]})
    assert [str(problem) for problem in problems] == [
        f"{start} study: there is no such file. Did you mean config/analyses/study.yaml?"
    ]


def test_size_factors_are_those_usual_with_the_engine_unless_they_are_named():
    def filled(**sections):
        return with_analysis_defaults(MINIMAL | sections)["normalize"]["size_factors"]

    test = MINIMAL["test"]
    assert filled() == filled(test=test | {"engine": "voom"}) == "ratio"
    assert filled(test=test | {"engine": "edger_ql"}) == "tmm"
    assert filled(test=test | {"engine": "edger_ql"}, normalize={"size_factors": "poscounts"}) == "poscounts"
