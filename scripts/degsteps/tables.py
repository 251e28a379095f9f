"""Reading and writing the workflow's own files; the only module of the library that knows their formats.

Matrices (genes x samples) are Parquet, tables that people open are TSV, a fitted model is h5ad (samples x genes).
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa
    from anndata import AnnData

#: Rows of a matrix that are decoded together.
_ROWS_AT_ONCE = 4096


def write_matrix(matrix: pd.DataFrame, path: Path) -> None:
    """Write a genes x samples matrix as Parquet (zstd), genes in the column ``gene``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"gene": pa.array(matrix.index.astype(str))}
    if set(matrix.columns) & set(columns) or matrix.columns.has_duplicates:
        raise ValueError("sample names must be unique and none may be 'gene'")
    columns |= {str(sample): pa.array(matrix[sample].to_numpy()) for sample in matrix.columns}
    pq.write_table(pa.table(columns), path, compression="zstd")


def read_matrix(path: Path) -> pd.DataFrame:
    """Read a genes x samples matrix: index ``gene``, one column per sample, in the order of the file."""
    import pyarrow.parquet as pq

    return _as_matrix(pq.read_table(path))


def matrix_genes(path: Path) -> list[str]:
    """Read the gene ids of a matrix, without its values."""
    import pyarrow.parquet as pq

    return pq.read_table(path, columns=["gene"]).column("gene").to_pylist()


def read_matrix_rows(path: Path, rows: slice) -> pd.DataFrame:
    """Read some neighbouring genes of a matrix; only they are kept in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kept, begin = [], 0
    with pq.ParquetFile(path) as stored:
        schema = stored.schema_arrow
        for batch in stored.iter_batches(batch_size=_ROWS_AT_ONCE):
            first, last = max(rows.start - begin, 0), min(rows.stop - begin, batch.num_rows)
            if first < last:
                kept.append(batch.slice(first, last - first))
            begin += batch.num_rows
            if begin >= rows.stop:
                break
    return _as_matrix(pa.Table.from_batches(kept, schema))


def _as_matrix(stored: "pa.Table") -> pd.DataFrame:
    """Turn a stored table, genes in the column ``gene``, into a frame."""
    genes = pd.Index(stored.column("gene").to_pylist(), name="gene", dtype=object)
    samples = [name for name in stored.column_names if name != "gene"]
    values = [stored.column(sample).to_numpy() for sample in samples]
    # One block, Fortran order: columns stay contiguous and the frame is not fragmented.
    block = np.column_stack(values) if values else np.empty((len(genes), 0))
    return pd.DataFrame(np.asfortranarray(block), index=genes, columns=pd.Index(samples, dtype=object))


def write_frame(table: pd.DataFrame, path: Path) -> None:
    """Write any table as Parquet (zstd), its named index first: what later steps read and nobody opens."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pandas(table.reset_index(), preserve_index=False), path, compression="zstd")


def read_frame(path: Path) -> pd.DataFrame:
    """Read what :func:`write_frame` wrote; the first column becomes the index."""
    import pyarrow.parquet as pq

    table = pq.read_table(path).to_pandas()
    return table.set_index(table.columns[0])


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as TSV: the index first, floats at full precision, missing values blank, ``\\n`` line ends."""
    if table.index.name is None:
        raise ValueError("name the index of a table: it becomes the first column")
    truths = {name: table[name].map({True: "true", False: "false"}) for name in table if table[name].dtype == bool}
    table.assign(**truths).to_csv(path, sep="\t", lineterminator="\n", encoding="utf-8")


def read_table(path: Path, text: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a TSV of this workflow; the first column becomes the index, always as text.

    Parameters
    ----------
    text : names of columns that stay text, where the file has them, even if they look like numbers. Blank is the
        only missing value: a level called ``NA`` or ``None`` is a level.
    """
    first = pd.read_csv(path, sep="\t", nrows=0).columns[0]
    table = pd.read_csv(
        path,
        sep="\t",
        dtype=dict.fromkeys((first, *text), str),
        keep_default_na=False,
        na_values=[""],
        encoding="utf-8",
        float_precision="round_trip",
    )
    for name in {first, *text} & set(table.columns):
        table[name] = table[name].fillna("")
    return table.set_index(first)


def read_text_table(path: Path) -> pd.DataFrame:
    """Read a TSV of this workflow with every column as text, as it stands in the file, indexed by the first."""
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8")
    return table.set_index(table.columns[0])


def read_samples(path: Path) -> pd.DataFrame:
    """Read the checked sample table of an analysis: every column as text, indexed by ``sample``."""
    return read_text_table(path)


def write_matrix_text(matrix: pd.DataFrame, path: Path) -> None:
    """Write a genes x samples matrix as gzipped TSV for inspection; the same values always give the same bytes.

    Numbers have as many digits as give them back; blank is missing. Lines are written some at a time.
    """
    import csv
    import gzip
    import io

    header = io.StringIO()
    csv.writer(header, delimiter="\t", lineterminator="\n").writerow(["gene", *matrix.columns])
    # No file name and no time in the gzip header: both would change the bytes from run to run.
    with open(path, "wb") as file, gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as stream:
        stream.write(header.getvalue().encode())
        for start in range(0, len(matrix), _ROWS_AT_ONCE):
            stream.write(_lines(matrix.iloc[start : start + _ROWS_AT_ONCE]))


def _lines(matrix: pd.DataFrame) -> bytes:
    """Return the lines of a matrix, without its header."""
    import io

    import pyarrow as pa
    from pyarrow import csv

    genes = matrix.index.astype(str)
    if genes.str.contains('[\t\n\r"]').any():
        # Such names are quoted, which is for the slower writer to do.
        return matrix.to_csv(None, sep="\t", lineterminator="\n", header=False).encode()
    columns = [
        pa.array(genes),
        *(pa.array(matrix.iloc[:, place], from_pandas=True) for place in range(matrix.shape[1])),
    ]
    table = pa.table(columns, names=[str(place) for place in range(len(columns))])
    stream = io.BytesIO()
    csv.write_csv(table, stream, csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none"))
    return stream.getvalue()


def read_gene_list(path: Path | None) -> list[str]:
    """Read a list of gene ids, one per line; blank lines and what follows ``#`` are passed over."""
    if path is None:
        return []
    lines = (line.split("#", 1)[0].strip() for line in path.read_text(encoding="utf-8-sig").splitlines())
    return [line for line in lines if line]


def read_model(path: Path) -> "AnnData":
    """Read a stored fit (samples x genes)."""
    from anndata import read_h5ad

    return read_h5ad(path)


def order_by_significance(results: pd.DataFrame) -> pd.DataFrame:
    """Order a contrast's table by adjusted p-value, then p-value, then gene id; missing values last."""
    keys = results.assign(gene_id=results.index.astype(str))
    return results.loc[keys.sort_values(["padj", "pvalue", "gene_id"], kind="stable", na_position="last").index]


def write_json(content: Any, path: Path) -> None:
    """Write JSON with a fixed layout: the same content always gives the same bytes."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=_plain) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def _plain(value: Any) -> Any:
    """Turn numpy scalars and arrays into what JSON knows."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
