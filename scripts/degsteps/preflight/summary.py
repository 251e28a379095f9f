"""What an analysis is about, in a few lines: samples, genes, groups and contrasts, for who has nothing to mend."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from degsteps.basics.words import counted, listed
from degsteps.inputs.sources import scan_source, sources_of
from degsteps.preflight import declarations, files
from degsteps.preflight.check import Check

_MOST_LEVELS = 8


def summary(analysis: Mapping[str, Any]) -> list[str]:
    """Return lines on an analysis that has no problem: what goes in, which groups there are, and what is asked."""
    check = Check(analysis)
    files.check_inputs(check)
    declarations.check_formula(check)
    noun = ("sum of cells", "sums of cells") if analysis["cells"] is not None else ("sample", "samples")
    left_out = len(check.sheet.sample_ids) - len(check.analysed) if check.sheet else 0
    aside = f" ({left_out} of the sheet left out)" if left_out > 0 else ""
    n_samples = len(next(iter(check.columns.values()), check.analysed))
    size = f"{counted(n_samples, *noun)}{aside}, {_genes(check)}"
    lines = [f"{analysis['name']} {analysis['version']}: {size}"]
    for name in check.compared or check.tested:
        if name in check.declared_factors and name in check.columns:
            sizes = Counter(check.columns[name])
            shown = [f"{level} {number}" for level, number in sizes.items()]
            lines.append(f"  groups by {name}: {listed(shown, most=_MOST_LEVELS, quote=False)}")
    contrasts = list(check.contrasts_by_name)
    lines.append(f"  {counted(len(contrasts), 'contrast')}: {listed(contrasts, quote=False)}")
    return lines


def _genes(check: Check) -> str:
    if check.genes is not None:
        return f"{len(check.genes):,} genes"
    rows = sum(scan_source(source).n_genes for source in sources_of(check.analysis["ingest"]))
    return f"{rows:,} rows of counts" if rows else "genes as the file of counts has them"
