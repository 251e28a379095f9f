"""A record may come from anywhere: what it names is looked up."""

import pytest

from degsteps.basics.errors import DataError
from degsteps.provenance.replay import replay
from tests.conftest import REPO


@pytest.mark.parametrize("step", ["../elsewhere/run", "degsteps/replay", "", None, "compute_everything"])
def test_a_step_that_is_no_script_is_refused(tmp_path, step):
    outside = tmp_path / "elsewhere" / "run.py"
    outside.parent.mkdir()
    outside.write_text("open('ran', 'w')")
    record = {"step": step, "command": "python x.py --record a/b.record.json", "inputs": {}, "outputs": {}}
    with pytest.raises(DataError, match="there is no such step"):
        replay(tmp_path / "a" / "b.record.json", record, REPO / "scripts", tmp_path / "scratch")
