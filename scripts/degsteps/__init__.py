"""The degsteps library: pure functions on DataFrames, arrays and AnnData; only tables.py and step.py know files."""

import os

# A BLAS that chooses its own number of threads makes sums depend on the machine and lets jobs starve each other.
# Set here because it must happen before numpy is first imported, and this file is always imported first.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[_variable] = "1"
