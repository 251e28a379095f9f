"""The analyses that a workflow runs: read, completed and checked.

Standard library, PyYAML and jsonschema only: the Snakefile imports this module.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from degsteps.basics.errors import ConfigError, Problem
from degsteps.config.reading import load_analyses
from degsteps.design.contrasts import expand_contrasts
from degsteps.design.formula import parse_formula
from degsteps.design.weights import contrast_columns
from degsteps.inputs.cells.pseudobulks import CELL_TYPE
from degsteps.provenance.blinding import is_blinded, unblinding_problems, with_masked_labels
from degsteps.workflow.cells import is_of_cells, with_cell_types

if TYPE_CHECKING:
    from degsteps.preflight import Findings

#: Names that an analysis can have.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def complete(analysis: dict[str, Any]) -> dict[str, Any]:
    """Fill in what follows from other settings: title, single contrasts, columns that colour figures."""
    design, batches = analysis["design"], analysis["batch"]["columns"]
    contrasts = expand_contrasts(analysis["test"]["contrasts"], design["factors"])
    named = [name for contrast in contrasts.values() for name in contrast_columns(contrast)[:1]][:1]
    of_cells = [CELL_TYPE] if is_of_cells(analysis) else []
    first = named or _last_factor(design)
    columns = list(dict.fromkeys([*of_cells, *first, *design["factors"], *design["covariates"], *batches]))
    completed = analysis | {"title": analysis["title"] or analysis["name"]}
    alpha = analysis["test"]["alpha"]
    levels = alpha if isinstance(alpha, list) else [alpha]
    completed["test"] = analysis["test"] | {"contrasts": contrasts, "alpha": levels[0], "further_alphas": levels[1:]}
    completed["qc"] = analysis["qc"] | {"color_by": analysis["qc"]["color_by"] or columns}
    return completed


def _last_factor(design: Mapping[str, Any]) -> list[str]:
    return [name for name in parse_formula(design["formula"]).columns if name in design["factors"]][-1:]


def load_checked_analyses(
    config: dict[str, Any], *, check: bool = True, masked: bool = True
) -> dict[str, dict[str, Any]]:
    """Return the configured analyses by name, or raise one error that lists everything that is wrong.

    Parameters
    ----------
    config : the content of ``config/config.yaml``.
    check : whether to read the sample sheets and count matrices too. Jobs that run in processes of their own need
        not repeat what the main process has checked.
    masked : whether blinded analyses get the settings of a blinded run.

    Raises
    ------
    ConfigError
        with all problems, numbered.
    """
    if check:
        analyses, findings = find_problems(config)
        problems = findings.problems
        for note in findings.notes:
            print(f"note: {note}", file=sys.stderr)
    else:
        analyses, problems = _loaded(config)
    if problems:
        lines = "\n".join(f"  {number}. {problem}" for number, problem in enumerate(problems, start=1))
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError(f"{count}; nothing was run.\n{lines}")
    return {name: as_run(analysis) if masked else complete(analysis) for name, analysis in analyses.items()}


def find_problems(
    config: dict[str, Any], file: str = "config/config.yaml"
) -> "tuple[dict[str, dict[str, Any]], Findings]":
    """Return the configured analyses by name, and everything that is wrong with them.

    Parameters
    ----------
    config : the content of the file.
    file : as messages are to name it.
    """
    from degsteps.preflight import Findings, check_analyses

    analyses, problems = _loaded(config, file)
    found = check_analyses(analyses)
    problems += found.problems
    if not problems:
        completed = {name: complete(analysis) for name, analysis in analyses.items()}
        problems += unblinding_problems(config.get("unblind", {}), completed)
    return analyses, Findings(problems, found.notes)


def require_listed(targets: Iterable[str], config: Mapping[str, Any], folder: Path = Path("config/analyses")) -> None:
    """Refuse the name of an analysis whose file the configuration does not list.

    Parameters
    ----------
    targets : what the run is asked for; words that are no file name of an analysis do not matter.
    config : the content of ``config/config.yaml``.
    folder : where analysis files lie.

    Raises
    ------
    ConfigError
        with the line to add.
    """
    names = {Path(file).stem for file in config.get("analyses") or () if isinstance(file, str)}
    for target in targets:
        file = folder / f"{target}.yaml"
        if NAME.fullmatch(target) and target not in names and file.is_file():
            path = file.as_posix()
            raise ConfigError(
                f"config/config.yaml: analyses: {path} is not listed, so there is nothing to run of it. Add the line "
                f"'  - {path}', or run it alone: --config 'analyses=[{path}]'."
            )


def as_run(analysis: dict[str, Any]) -> dict[str, Any]:
    """Return an analysis as the workflow runs it: completed, and masked if its labels are masked."""
    completed = complete(analysis)
    return with_masked_labels(completed) if is_blinded(completed) else completed


def _loaded(
    config: dict[str, Any], file: str = "config/config.yaml"
) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    """Return the analyses, each with its keys if it is to be unblinded, and what breaks the schemas."""
    analyses, problems = load_analyses(config, file)
    keys = config.get("unblind", {}) if analyses else {}
    return {
        name: with_cell_types(analysis | {"blinding": analysis["blinding"] | {"key": _listed(keys.get(name))}})
        for name, analysis in analyses.items()
    }, problems


def _listed(keys: str | list[str] | None) -> list[str] | None:
    return [keys] if isinstance(keys, str) else keys
