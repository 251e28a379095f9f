"""Make genes/human.tsv.gz and its sidecar from the SQLite file of the Bioconductor package org.Hs.eg.db.

    apt-get download r-bioc-org.hs.eg.db        # Debian 12 holds 3.16.0-1
    dpkg-deb -x r-bioc-org.hs.eg.db_3.16.0-1_all.deb unpacked
    python resources/make_human_genes.py unpacked/usr/lib/R/site-library/org.Hs.eg.db/extdata/org.Hs.eg.sqlite

One row per Ensembl gene id. The database links Ensembl to Entrez genes many to many; where an Ensembl gene has
several Entrez records, one is taken and `n_matches` says how many there were. The record taken is, in this order:

1. one that NCBI and Ensembl both link to the gene, before one that only either of them does;
2. one with a real symbol, before a placeholder (`LOC` and a number);
3. the lowest Entrez id, that is the record named first.
"""

import argparse
import hashlib
import re
import sqlite3
from collections import defaultdict
from pathlib import Path

import yaml
from tsv_gz import write_tsv_gz

GENES = Path(__file__).resolve().parent / "genes"
HEADER = ["gene", "symbol", "name", "biotype", "chrom", "entrez_id", "n_matches"]
PLACEHOLDER = re.compile(r"LOC\d+")

LINKS = """
    SELECT ensembl_id, _id, gene_id, symbol, gene_name, gene_type
    FROM ensembl JOIN genes USING (_id) JOIN gene_info USING (_id) JOIN genetype USING (_id)
"""


def read_genes(database: sqlite3.Connection) -> list[list[object]]:
    """One row per Ensembl gene id, in the order of HEADER, sorted by gene."""
    confirmed = set(database.execute("SELECT _id, ensembl_id FROM ensembl2ncbi")) & set(
        database.execute("SELECT _id, ensembl_id FROM ncbi2ensembl")
    )
    # Genes of the pseudoautosomal regions are on two chromosomes: "X|Y".
    chroms = defaultdict(set)
    for key, chrom in database.execute("SELECT _id, chromosome FROM chromosomes"):
        chroms[key].add(chrom)
    candidates = defaultdict(list)
    for gene, key, entrez_id, symbol, name, biotype in database.execute(LINKS):
        rank = ((key, gene) not in confirmed, PLACEHOLDER.fullmatch(symbol) is not None, int(entrez_id))
        chrom = "|".join(sorted(chroms[key])) or None
        candidates[gene].append((rank, [gene, symbol, name, biotype, chrom, entrez_id]))
    return [[*min(found)[1], len(found)] for _, found in sorted(candidates.items())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sqlite", type=Path, help="org.Hs.eg.sqlite")
    path = parser.parse_args().sqlite
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    dates = dict(database.execute("SELECT name, value FROM metadata WHERE name LIKE '%SOURCEDATE'"))
    rows = read_genes(database)
    database.close()
    n_rows = write_tsv_gz(GENES / "human.tsv.gz", HEADER, rows)
    sidecar = {
        "file": "human.tsv.gz",
        "organism": "Homo sapiens",
        "taxon_id": 9606,
        "id_type": "Ensembl gene id, without version",
        "release": f"NCBI Gene {dates['EGSOURCEDATE']}, Ensembl {dates['ENSOURCEDATE']}",
        "source": "org.Hs.eg.db 3.16.0 (Bioconductor 3.16), from the Debian package r-bioc-org.hs.eg.db 3.16.0-1",
        "source_file": path.name,
        "source_sha256": sha256,
        "licence": "Artistic-2.0",
        "made_by": "resources/make_human_genes.py",
        "n_rows": n_rows,
        "n_ambiguous": sum(row[-1] > 1 for row in rows),
        "columns": {
            "gene": "Ensembl gene id",
            "symbol": "NCBI Gene symbol: mostly that of HGNC, but ND1 for the mitochondrial gene MT-ND1",
            "name": "full name",
            "biotype": "gene type in NCBI's words: protein-coding, ncRNA, pseudo, snoRNA, ...",
            "chrom": "chromosome without prefix; X|Y for pseudoautosomal genes",
            "entrez_id": "NCBI Gene (Entrez) id of the record used",
            "n_matches": "number of Entrez records linked to the Ensembl gene; above 1 the gene is ambiguous",
        },
        "rule_for_ambiguous": "the record that NCBI and Ensembl both link, then one whose symbol is no LOC "
        "placeholder, then the lowest Entrez id",
        "does_not_hold": "Ensembl genes without an Entrez record (many pseudogenes and non-coding genes), "
        "mitochondrial rRNA and tRNA genes, ids that Ensembl retired before this release, positions, lengths",
    }
    (GENES / "human.yaml").write_text(yaml.safe_dump(sidecar, sort_keys=False, width=110), encoding="utf-8")


if __name__ == "__main__":
    main()
