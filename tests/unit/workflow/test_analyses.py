"""Which analyses a run has: an analysis file that is not listed is named with the line to add."""

import pytest

from degsteps.basics.errors import ConfigError
from degsteps.workflow.analyses import require_listed

LISTED = {"analyses": ["config/analyses/airway.yaml"]}


def test_an_analysis_that_is_not_listed_is_named_with_the_line_to_add(tmp_path):
    (tmp_path / "multisite.yaml").write_text("version: '1.0'\n")
    with pytest.raises(ConfigError, match=r"multisite\.yaml is not listed.*Add the line '  - .*multisite\.yaml'"):
        require_listed(["--cores", "2", "-n", "multisite"], LISTED, tmp_path)


@pytest.mark.parametrize("target", ["airway", "all", "results/multisite/1.0/report.html", "../multisite", ""])
def test_other_targets_are_left_alone(target, tmp_path):
    for name in ("multisite", "airway"):
        (tmp_path / f"{name}.yaml").write_text("version: '1.0'\n")
    require_listed([target], LISTED, tmp_path)
    require_listed([target], {}, tmp_path / "nowhere")
