"""What jobs ask a scheduler for, beside what they were measured to take."""

import csv
import re
from types import SimpleNamespace

import pytest
import yaml

from degsteps.config.reading import load_analyses
from degsteps.workflow import costs, job_size
from degsteps.workflow.analyses import complete
from degsteps.workflow.costs import Cost, expected, request_mb, request_minutes
from tests.conftest import REPO
from tests.unit.preflight.studies import Study

RULES = [
    name
    for path in sorted((REPO / "rules").glob("*.smk"))
    for name in re.findall(r"^(?:rule|use rule \w+ as) (\w+)(?::| with:)", path.read_text(), flags=re.MULTILINE)
]
RULES.append("print_figures")  # its names are those of analyses, print_figures_<name>


def measured() -> list[dict[str, str]]:
    with (REPO / "benchmarks" / "job_costs.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_every_rule_has_its_costs():
    assert sorted(costs.table()) == sorted(RULES)


def cost_at(row: dict[str, str]) -> Cost:
    """Return what a job of the size of a measured one is expected to take."""
    line, millions, repeats = costs.table()[row["rule"]], float(row["millions"]), float(row["repeats"])
    more = max(0, int(row["coefficients"]) - costs.MEASURED_COEFFICIENTS)
    growth = line["seconds_per_million"] * (1 + line["per_coefficient"] * more)
    base = line["seconds"] * max(1.0, repeats / 24) if line["repeats"] else line["seconds"]
    return Cost(base + growth * millions * repeats, line["mb"] + line["mb_per_million"] * millions)


@pytest.mark.parametrize("rule", sorted({row["rule"] for row in measured()}))
def test_measured_jobs_use_what_they_would_ask_for_and_fit_into_it(rule):
    """Demos, a cohort of 60,000 x 300 and others: 10 to 80 % of the memory, and less than half of the time."""
    rows = [row for row in measured() if row["rule"] == rule and float(row["peak_mb"]) > 20]
    assert rows
    for row in rows:
        cost = cost_at(row)
        used = float(row["peak_mb"]) / request_mb(cost, 1)
        assert 0.1 < used < 0.8, (row, request_mb(cost, 1))
        assert float(row["cpu_s"]) < 0.5 * 60 * request_minutes(cost, 1), (row, request_minutes(cost, 1))


def test_requests_double_at_each_attempt():
    cost = Cost(seconds=100, megabytes=400)
    assert [request_mb(cost, attempt) for attempt in (1, 2, 3)] == [820, 1640, 3280]
    assert [request_minutes(cost, attempt) for attempt in (1, 2, 3)] == [5, 10, 20]
    assert request_minutes(Cost(0.1, 1), 1) == 2


@pytest.fixture
def analysis(tmp_path, monkeypatch):
    """An analysis of 30 genes in 8 samples, whose settings can be changed."""
    monkeypatch.chdir(tmp_path)
    forget()

    def made(**settings):
        study = Study()
        for key, value in settings.items():
            study.set(key.replace("__", "."), value)
        study.write(tmp_path)
        (found,) = load_analyses({"analyses": ["study.yaml"]})[0].values()
        return complete(found)

    yield made
    forget()


def forget():
    """Files of the same relative path are others in another folder."""
    job_size._size_of_source.cache_clear()


NO_WILDCARDS = SimpleNamespace()


def test_costs_grow_with_what_is_repeated(analysis):
    study = analysis()
    assert costs.n_repeats("samples", study) == 8
    # Filters, size factors, and what is done with outliers.
    assert costs.n_repeats("settings", study) == 3 * 4 * 2
    assert costs.n_repeats("", study) == 1
    few = analysis(test__sensitivity_grid={"filters": ["none"], "size_factors": ["tmm"], "cooks_filter": [True]})
    assert expected("vary_settings", few, NO_WILDCARDS).seconds < expected("vary_settings", study, NO_WILDCARDS).seconds


def test_costs_of_fits_grow_with_the_coefficients(analysis):
    assert costs.n_coefficients(analysis()) == 3  # ~ run + condition
    factors = {"run": {"reference": "r1"}, "condition": {"reference": "control"}}
    assert costs.n_coefficients(analysis(design={"formula": "~ run * condition", "factors": factors})) == 4
    assert costs.table()["fit_model"]["per_coefficient"] > 0
    assert costs.table()["plot_qc"]["per_coefficient"] == 0


def test_a_rule_without_an_analysis_takes_nothing():
    assert expected("airway", None, NO_WILDCARDS) == Cost(0.0, 0.0)


def test_the_configuration_reads_limits():
    schema = yaml.safe_load((REPO / "config" / "schema" / "config.schema.yaml").read_text())
    assert set(schema["properties"]["partitions"]["additionalProperties"]["properties"]) == {"minutes", "mb"}
