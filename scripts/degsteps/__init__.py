"""The degsteps library: pure functions on DataFrames, arrays and AnnData; only tables.py and step.py know files."""

import os
import sys
from pathlib import Path

# A BLAS that chooses its own number of threads makes sums depend on the machine and lets jobs starve each other.
# Set here because it must happen before numpy is first imported, and this file is always imported first.
for _variable in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
):
    os.environ[_variable] = "1"


def _leave_host_packages() -> None:
    """Take the packages of the interpreter that runs Snakemake out of ``sys.path``.

    ``script:`` appends them, to load its own ``snakemake`` object. By now that is loaded, and a package that the step's
    environment lacks must be an error, not taken from there without a word. Packages that others try to import and can
    do without (psutil, charset_normalizer) would be mixed in as well.
    """
    own = [Path(root).resolve() for root in (sys.prefix, sys.base_prefix, Path(__file__).parents[1])]
    sys.path[:] = [entry for entry in sys.path if any(Path(entry).resolve().is_relative_to(root) for root in own)]


# Under `script:` the main module has this object; in the Snakefile's own process there is nothing to leave.
if hasattr(getattr(sys.modules.get("__main__"), "snakemake", None), "rule"):
    _leave_host_packages()
