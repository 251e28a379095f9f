"""Whether the packages that steps import are there, where no rule brings its own environment.

Standard library only: the Snakefile imports this module.
"""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

#: What most steps import; a bare installation of Snakemake has none of them.
PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "anndata", "matplotlib", "jinja2", "xlsxwriter")


def missing_packages(workflow: Any, find: Callable[[str], Any] = find_spec) -> str | None:
    """Return a sentence on packages that are missing where steps would run; None if there is nothing to say.

    Parameters
    ----------
    workflow : Snakemake's. With ``--use-conda`` or containers rules bring their packages, and where the software of
        this machine is not used by jobs, nothing is known of theirs.
    find : looks for a package by its name.
    """
    if workflow.deployment_settings.deployment_method:
        return None
    shared = {str(each) for each in workflow.storage_settings.shared_fs_usage}
    if not workflow.local_exec and "software-deployment" not in shared:
        return None
    missing = [name for name in PACKAGES if find(name) is None]
    if not missing:
        return None
    return (
        f"{sys.prefix}: has Snakemake, but not {', '.join(missing)}, which the steps import. Nothing was run. Add "
        "--use-conda, so that each step gets its own environment, or use .venv/bin/snakemake, which `make demo` makes."
    )
