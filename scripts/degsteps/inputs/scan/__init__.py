"""One quick pass over a count matrix before any job runs: is it raw counts, and whose?

Standard library only: the Snakefile imports this package. ``scan`` is what a pass finds, ``lines`` the pass itself,
``digits`` how it adds up counts without looking at single cells, ``kept`` keeps results while a file is the same,
``names`` and ``sums`` tell rows that are no genes and columns that are no samples, by what they are called and by their
numbers, and ``verdict`` says what the findings mean under the settings of an analysis.
"""

from degsteps.inputs.scan.kept import CACHE, scan_counts
from degsteps.inputs.scan.lines import dates_among, has_full_gene
from degsteps.inputs.scan.names import is_no_gene
from degsteps.inputs.scan.scan import Scan
from degsteps.inputs.scan.titles import LINES_OF_TITLES, header_position
from degsteps.inputs.scan.verdict import annotation_columns, scan_faults

__all__ = [
    "CACHE",
    "LINES_OF_TITLES",
    "Scan",
    "annotation_columns",
    "dates_among",
    "has_full_gene",
    "header_position",
    "is_no_gene",
    "scan_counts",
    "scan_faults",
]
