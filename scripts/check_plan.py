"""Compare the run with the locked analysis plan: settings, given files and code, each deviation with its reason."""

import pandas as pd

from degsteps.basics.digest import file_sha256
from degsteps.provenance.plan import deviations as deviations_of
from degsteps.provenance.plan import read_plan
from degsteps.step import Input, Inputs, Output, run
from degsteps.tables import write_table


def main(lock: Input, given: Inputs, deviations: Output, settings: dict, steps: dict) -> dict:
    """Write one row per deviation; none if the run matches."""
    plan = read_plan(lock)
    found = deviations_of(plan, settings, {str(path): file_sha256(path) for path in given}, steps)
    table = pd.DataFrame(found, columns=["key", "planned", "run", "reason"], dtype=str).set_index("key")
    write_table(table, deviations)
    return {"plan": plan["sha256"], "deviations": len(found)}


if __name__ == "__main__":
    run(main)
