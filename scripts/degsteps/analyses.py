"""The analyses that a workflow runs: read, completed and checked.

Standard library, PyYAML and jsonschema only: the Snakefile imports this module.
"""

import sys
from typing import Any

from degsteps.config import load_analyses
from degsteps.errors import ConfigError


def complete(analysis: dict[str, Any]) -> dict[str, Any]:
    """Fill in what follows from other settings: title, filter groups and the columns that colour figures."""
    design, batches = analysis["design"], analysis["batch"]["columns"]
    first_contrast = next(iter(analysis["test"]["contrasts"].values()))
    columns = list(dict.fromkeys([first_contrast["factor"], *design["factors"], *design["covariates"], *batches]))
    completed = analysis | {"title": analysis["title"] or analysis["name"]}
    completed["filter"] = analysis["filter"] | {"group": analysis["filter"]["group"] or first_contrast["factor"]}
    completed["qc"] = analysis["qc"] | {"color_by": analysis["qc"]["color_by"] or columns}
    return completed


def load_checked_analyses(config: dict[str, Any], *, check: bool = True) -> dict[str, dict[str, Any]]:
    """Return the configured analyses by name, or raise one error that lists everything that is wrong.

    Parameters
    ----------
    config : the content of ``config/config.yaml``.
    check : whether to read the sample sheets and count matrices too. Jobs that run in processes of their own need
        not repeat what the main process has checked.

    Raises
    ------
    ConfigError
        with all problems, numbered.
    """
    analyses, problems = load_analyses(config)
    if check:
        from degsteps.preflight import check_analyses

        found, notes = check_analyses(analyses)
        problems += found
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
    if problems:
        lines = "\n".join(f"  {number}. {problem}" for number, problem in enumerate(problems, start=1))
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError(f"{count}; nothing was run.\n{lines}")
    return {name: complete(analysis) for name, analysis in analyses.items()}
