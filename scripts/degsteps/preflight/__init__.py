"""Everything that can be wrong with an analysis, found before any job runs and said in one go.

Standard library, PyYAML and jsonschema only: the Snakefile imports this package.

Problems stop the run; notes do not. Each is a :class:`degsteps.basics.errors.Problem` that reads
``file: key: what is wrong. What to do.`` and says by its kind whether the configuration, the given data or the
design of the experiment is at fault. ``check`` holds what the checks share, ``files`` looks at what is given,
``declarations`` and ``contrasts`` at the design and what it is to tell, ``settings`` at the steps.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from degsteps.basics.errors import Problem
from degsteps.preflight import contrasts, declarations, engines, enrich, files, names, settings
from degsteps.preflight.check import Check

__all__ = ["Findings", "check_analyses", "check_analysis"]


class Findings(NamedTuple):
    """Problems, which stop the run, and notes, which do not."""

    problems: list[Problem]
    notes: list[Problem]


def check_analyses(analyses: Mapping[str, Mapping[str, Any]]) -> Findings:
    """Check every analysis; see :func:`check_analysis`."""
    findings = Findings([], [])
    for analysis in analyses.values():
        of_analysis = check_analysis(analysis)
        findings.problems.extend(of_analysis.problems)
        findings.notes.extend(of_analysis.notes)
    # Analyses that share files share their problems.
    return Findings(list(dict.fromkeys(findings.problems)), list(dict.fromkeys(findings.notes)))


def check_analysis(analysis: Mapping[str, Any]) -> Findings:
    """Find all problems of one analysis that can be known before it runs.

    Parameters
    ----------
    analysis : content of an analysis file with defaults filled in, ``name`` and ``file``, as
        :func:`degsteps.config.reading.load_analyses` gives it.
    """
    check = Check(analysis)
    names.check_names(check)
    files.check_files(check)
    names.check_paths(check)
    files.check_inputs(check)
    names.check_ids(check)
    files.check_gene_lists(check)
    declarations.check_formula(check)
    declarations.check_factors(check)
    declarations.check_covariates(check)
    contrasts.check_contrasts(check)
    contrasts.check_design(check)
    contrasts.check_sample_sets(check)
    engines.check_engines(check)
    settings.check_repeated(check)
    settings.check_repeats(check)
    files.check_size_factors(check)
    settings.check_transformation(check)
    settings.check_filters(check)
    settings.check_batches(check)
    settings.check_quality_control(check)
    settings.check_blinding(check)
    enrich.check_enrich(check)
    return Findings(list(dict.fromkeys(check.problems)), list(dict.fromkeys(check.notes)))
