"""Read the counts and the sample sheet, match them, and account for every sample and gene."""

from degsteps import ingest
from degsteps.blinding import unblinded
from degsteps.sheet import read_sheet
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import write_matrix, write_table


def main(
    matrix: Input,
    sheet: Input,
    counts: Output,
    samples: Output,
    sample_account: Output,
    gene_account: Output,
    sample_column: str,
    gene_column: str | None,
    ignore_columns: list[str],
    exclude_samples: dict,
    unmatched_samples: str,
    duplicate_genes: str,
    estimated_counts: bool,
    key: OptionalInput = None,
) -> dict:
    """Write aligned counts (genes by id, samples as in the sheet) and the two accounts."""
    scan = ingest.scanned(matrix, gene_column, ignore_columns)
    read, genes = ingest.read_counts(scan, estimated_counts=estimated_counts, duplicate_genes=duplicate_genes)
    given_sheet = read_sheet(sheet, sample_column)
    kept, account = ingest.match_samples(
        given_sheet, read, exclude_samples=exclude_samples, unmatched_samples=unmatched_samples
    )
    write_matrix(read[kept], counts)
    table = ingest.sample_table(given_sheet, kept)
    write_table(unblinded(table, key, [sheet]) if key else table, samples)
    write_table(account, sample_account)
    write_table(genes, gene_account)
    return {
        "samples_received": len(account),
        "samples_kept": len(kept),
        "genes": len(read),
        "rounded": estimated_counts,
        "delimiter": scan.delimiter,
    }


if __name__ == "__main__":
    run(main)
