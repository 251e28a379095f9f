"""Read counts and sample sheets, match and merge them, and account for every sample and gene."""

from degsteps.ingest.ingest import Settings, ingest
from degsteps.inputs.sources import Source
from degsteps.provenance.blinding import unblinded
from degsteps.step import Inputs, OptionalInput, Output, run
from degsteps.tables import write_matrix, write_table


def main(
    matrix: Inputs,
    sheet: Inputs,
    counts: Output,
    lengths: Output,
    samples: Output,
    sample_account: Output,
    gene_account: Output,
    sites: Output,
    replicates: Output,
    sources: list,
    settings: dict,
    group: str | None,
    tx2gene: OptionalInput = None,
    length_matrix: OptionalInput = None,
    key: Inputs = (),
) -> dict:
    """Write aligned counts (genes by id, samples as in the sheets), the accounts, and what each site sent."""
    given = [Source.from_params(source) for source in sources]
    found = ingest(given, Settings(**settings), tx2gene=tx2gene, length_matrix=length_matrix, group=group)
    write_matrix(found.counts, counts)
    write_matrix(found.lengths, lengths)
    sheets = [(path, source.prefix) for path, source in zip(sheet, given, strict=True)]
    write_table(unblinded(found.samples, key, sheets) if key else found.samples, samples)
    write_table(found.sample_account, sample_account)
    write_table(found.gene_account, gene_account)
    write_table(found.sites, sites)
    write_table(found.concordance, replicates)
    return found.facts


if __name__ == "__main__":
    run(main)
