"""Reading given counts before a run as the run will read them: `make check` sees what a scan of text cannot see."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from degsteps.basics.bounded import CHECK
from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import listed
from degsteps.ingest.ingest import Settings, ingest
from degsteps.ingest.readers.tables import open_bytes
from degsteps.ingest.reading import TooLargeError
from degsteps.inputs.sources import Source, locate

#: Bytes of files that are read before a run. Larger ones take minutes, which is what jobs are for.
MOST_BYTES = 300_000_000
#: Bytes of text that are read for gene ids: thousands of genes of any matrix, in a fraction of a second.
_MOST_TEXT = 60_000_000


def trial(
    sources: Sequence[Source], settings: Mapping[str, Any], tx2gene: str | None, length_matrix: str | None
) -> tuple[pd.Index | None, list[Finding], list[Finding]]:
    """Read the counts of an analysis of which a scan of text does not tell all.

    Returns
    -------
    genes : ids of the counts; None if they are not known.
    problems : what the job would refuse.
    notes : what is only worth knowing, and what is not known before the job.
    """
    located = [locate(source.counts, source.format) for source in sources]
    others = [path for path in (tx2gene, length_matrix) if path is not None]
    files = [*(file for each in located for file in each.files), *others]
    size = sum(os.path.getsize(file) for file in files)
    if size > MOST_BYTES:
        named = listed([source.counts for source in sources], 3, quote=False)
        what = f"{named}: values and gene ids are unchecked: {size / 1e6:,.0f} MB in a form that only a job reads."
        return None, [], [Finding("ingest.counts", what, "The job ingest_counts says what is wrong with them.")]
    try:
        found = ingest(
            sources,
            Settings(**settings),
            tx2gene=None if tx2gene is None else Path(tx2gene),
            length_matrix=None if length_matrix is None else Path(length_matrix),
            bounds=CHECK,
        )
    except TooLargeError as error:
        return None, [], [Finding("ingest.counts", str(error), "The job ingest_counts may take more.")]
    except DataError as error:
        return None, [Finding("", line, "", "data") for line in str(error).splitlines()], []
    remarks = [Finding("", f"{path}: {remark}", "", "note") for path, remark in found.remarks]
    return found.counts.index, [], remarks


def gene_ids(sources: Sequence[Source]) -> pd.Index | None:
    """Return gene ids of tables of text that were scanned: of large ones those of the first lines, as they are many.

    None if the ids do not stand in the first column.
    """
    genes: dict[str, None] = {}
    for source in sources:
        with open_bytes(source.counts) as stream:
            lines = (line for line in stream if line.strip() and not line.startswith(b"#"))
            header = next(lines, b"").decode("utf-8-sig", errors="replace")
            mark = max("\t,;", key=header.count)
            first = header.split(mark)[0].strip().strip('"')
            if source.gene_column is not None and source.gene_column != first:
                return None
            cut = mark.encode()
            n_bytes = 0
            for line in lines:
                genes[line.split(cut, 1)[0].strip().strip(b'"').decode("utf-8", errors="replace")] = None
                n_bytes += len(line)
                if n_bytes > _MOST_TEXT:
                    break
    return pd.Index(list(genes), name="gene", dtype=object)
