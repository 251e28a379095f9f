"""One quick pass over a count matrix before any job runs: is it raw counts, and whose?

Standard library only: the Snakefile imports this package. ``scan`` is what a pass finds, ``lines`` the pass itself,
``digits`` how it adds up counts without looking at single cells, ``kept`` keeps results while a file is the same, and
``verdict`` says what the findings mean under the settings of an analysis.
"""

from degsteps.matrix_scan.kept import CACHE, scan_counts
from degsteps.matrix_scan.lines import is_no_gene
from degsteps.matrix_scan.scan import Scan
from degsteps.matrix_scan.verdict import annotation_columns, scan_faults

__all__ = ["CACHE", "Scan", "annotation_columns", "is_no_gene", "scan_counts", "scan_faults"]
