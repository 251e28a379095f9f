"""Sets of genes: what the stage itself says of its settings and files."""

from degsteps.enrich.checks import file_findings, length_findings, permutation_findings, setting_findings
from degsteps.inputs.sources import lengths_are_offsets
from degsteps.preflight.check import Check


def check_enrich(check: Check) -> None:
    """Take over what is found; nothing is read where no collection is named."""
    analysis, enrich = check.analysis, check.analysis["enrich"]
    ingest, table = analysis["ingest"], analysis["annotate"]["genes"]
    contrasts = check.contrasts_by_name
    check.take(setting_findings(enrich, list(contrasts), analysis["test"]))
    check.take(length_findings(enrich, lengths_are_offsets(ingest) or ingest["gene_lengths"] is not None, table))
    terms = len(check.parsed.terms) if check.parsed else 0
    check.take(permutation_findings(enrich, contrasts, check.columns, terms))
    for finding in file_findings(enrich, check.genes, table):
        check.take([finding], check.file)
