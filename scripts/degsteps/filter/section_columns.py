"""What the columns of the filter's table mean."""

from degsteps.sections.definition import Section, Table

COLUMNS = Section(
    stage="filter",
    name="filter_columns",
    tables=(
        Table(
            r"genes\.tsv",
            {
                "gene": "Gene id, as in the counts.",
                "kept": "Whether the gene is tested.",
                "reason": "Why it is not; blank if it is.",
                "total_count": "Counts in all samples.",
                "mean_cpm": "Mean of the counts per million.",
                "n_samples_at_threshold": "Samples that reach the filter's threshold.",
                "kept_by": "`list` if the gene is tested because a list names it, whatever its counts.",
            },
        ),
        Table(
            r"annotation\.tsv",
            {
                "gene": "Gene id, as in the counts.",
                "n_matches": "Records that the gene table has for this id.",
                "annotation_status": "How the gene table knows the id: matched, without its version, ambiguous, or not "
                "found.",
                "symbol": "Symbol.",
                "name": "Name.",
                "biotype": "Kind of gene.",
                "chrom": "Chromosome.",
                "entrez_id": "Id of NCBI Gene.",
            },
            rest="From the gene table.",
        ),
    ),
)
