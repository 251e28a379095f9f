"""What can be refused of sets of genes before any job: files, ids of members, settings that exclude each other."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.names import same_but_for_case
from degsteps.basics.words import counted, listed, near_match, quoted, suggestion
from degsteps.inputs.gene_ids import without_version
from degsteps.inputs.gene_lists import list_findings, read_gene_list
from degsteps.inputs.gene_sets import GeneSet, collection_path, read_gene_sets, shipped, shipped_word
from degsteps.inputs.gene_tables import has_lengths, is_gtf, rows_by_gene
from degsteps.inputs.kept_findings import kept_findings
from degsteps.inputs.ontology import read_ontology
from degsteps.inputs.set_members import ALIASES, GENE, choose_kind, id_columns, plain_id

#: Files of a collection that a contrast's own table must not be called like.
TABLES = ("tests", "members", "genes", "sets", "groups", "comparison", "length_bias", "calibration")
#: Backgrounds that are known by a word; anything else is a file.
BACKGROUNDS = ("annotated", "collection", "tested")
#: Samples of each group without which permuting them says little.
LEAST_PERMUTED = 7


def setting_findings(enrich: Mapping[str, Any], contrasts: Sequence[str], test: Mapping[str, Any]) -> Iterator[Finding]:
    """Settings that contradict each other or the contrasts.

    Parameters
    ----------
    enrich : section of the analysis, defaults filled in.
    contrasts : names of the single contrasts.
    test : section of the analysis.
    """
    if not enrich["collections"] and not enrich["activities"]:
        given = [name for name in ("gsea", "leave_out", "ontology") if enrich[name]]
        if given or enrich["background"] != "annotated":
            what = "no collection is named, so that nothing is tested."
            yield Finding(
                "enrich.collections", what, "Name one, e.g. {go: {file: human_go_bp}}, or delete the section."
            )
        return
    if enrich["min_size"] > enrich["max_size"]:
        what = f"is {enrich['min_size']}, and max_size {enrich['max_size']}: no set has such a size."
        yield Finding("enrich.min_size", what, "Exchange them.")
    over = enrich["over_representation"]
    tests = [enrich["ranked"] != "none", enrich["self_contained"] != "none", over["sides"], enrich["gsea"] is not None]
    if enrich["collections"] and not any(tests):
        what = "is none, and so are all other tests of sets."
        yield Finding("enrich.ranked", what, "Ask for one: ranked, self_contained, over_representation.sides or gsea.")
    if over["length_bias"] and not over["sides"]:
        what = "is not used: over_representation.sides is empty."
        yield Finding("enrich.over_representation.length_bias", what, "Name sides, or set it false.")
    if enrich["correlation"] != "estimated" and enrich["ranked"] == "none":
        yield Finding("enrich.correlation", "is not used: enrich.ranked is none.", "Delete it, or set ranked: camera.")
    if enrich["rank_by"] == "lfc_shrunken" and test["shrinkage"] == "none":
        what = "is lfc_shrunken, and the tables have no such column: test.shrinkage is none."
        yield Finding("enrich.rank_by", what, "Rank by stat, or set test.shrinkage: apeglm.")
    for name in enrich["leave_out"]:
        if name not in contrasts:
            what = f"there is no contrast {quoted(name)}."
            yield Finding("enrich.leave_out", what, suggestion(name, contrasts, "There are"))
    if contrasts and set(contrasts) <= set(enrich["leave_out"]):
        yield Finding("enrich.leave_out", "names every contrast, so that nothing is tested.", "Leave one of them in.")
    for name in (name for name in contrasts if name in TABLES and name not in enrich["leave_out"]):
        what = f"the name {quoted(name)} is that of a table of sets, which would overwrite the contrast's own."
        yield Finding(f"test.contrasts.{name}", what, "Give the contrast another name.")
    for first, other in same_but_for_case(enrich["collections"]):
        what = f"the names {quoted(first)} and {quoted(other)} differ in case only; on some systems their folders are "
        yield Finding(f"enrich.collections.{other}", f"{what}the same.", "Rename one of them.")


def length_findings(enrich: Mapping[str, Any], known: bool, table: str | None) -> Iterator[Finding]:
    """Length bias that is to be allowed for without lengths.

    Parameters
    ----------
    known : whether lengths come with the counts or from a table of lengths.
    table : the gene table.
    """
    if enrich["collections"] and enrich["over_representation"]["length_bias"] and not known and not has_lengths(table):
        what = "needs lengths of genes, and none are known: there is no ingest.gene_lengths, and no column 'length' in "
        what += f"{table}." if table else "a gene table."
        cure = "Name a table of 'gene' and 'length' under ingest.gene_lengths, or set it false."
        yield Finding("enrich.over_representation.length_bias", what, cure)


def permutation_findings(
    enrich: Mapping[str, Any],
    contrasts: Mapping[str, Mapping[str, Any]],
    columns: Mapping[str, Sequence[str]],
    terms: int,
) -> Iterator[Finding]:
    """Permuted samples in designs in which they cannot be exchanged.

    Parameters
    ----------
    contrasts : definitions by name.
    columns : of the analysed samples.
    terms : of the formula.
    """
    if not enrich["collections"] or not enrich["gsea"] or enrich["gsea"]["permute"] != "samples" or not columns:
        return
    key = "enrich.gsea.permute"
    cure = "Set permute: genes, which assumes independent genes, or leave gsea out: the default test needs neither."
    if terms > 1:
        what = f"is samples, and the formula has {terms} terms: samples of a batch or block cannot be exchanged."
        yield Finding(key, what, cure)
        return
    for name, contrast in contrasts.items():
        if name in enrich["leave_out"]:
            continue
        labels = columns.get(contrast.get("factor") or "", ())
        sizes = [list(labels).count(contrast[end]) for end in ("test", "reference") if contrast.get(end) is not None]
        if len(sizes) < 2 or contrast.get("sample_set"):
            yield Finding(key, f"is samples, and {quoted(name)} does not compare two groups of all samples.", cure)
        elif min(sizes) < LEAST_PERMUTED:
            what = f"is samples, and {quoted(name)} compares {sizes[0]} with {sizes[1]}; each needs {LEAST_PERMUTED}."
            yield Finding(key, what, cure)


def file_findings(enrich: Mapping[str, Any], genes: Collection[str] | None, table: str | None) -> Iterator[Finding]:
    """Collections, targets of regulators and backgrounds: files that cannot be read, and ids that do not fit.

    Parameters
    ----------
    genes : ids of the counts; None where only a job reads them.
    table : the gene table.
    """
    known = None if genes is None else sorted(genes)
    digest = "" if known is None else hashlib.sha256("\n".join(known).encode()).hexdigest()
    for place, entry in _entries(enrich):
        missing = _missing_word(place, entry["file"])
        if missing:
            yield missing
            continue
        path = collection_path(entry["file"])
        asked = [
            place,
            entry["file"],
            entry["ids"],
            enrich["min_size"],
            enrich["max_size"],
            enrich["alpha"],
            enrich["gsea"],
            digest,
            table,
        ]
        yield from kept_findings(
            "sets",
            asked,
            [path, *([table] if table else [])],
            __file__,
            lambda place=place, entry=entry, path=path: list(_of_collection(place, entry, path, enrich, known, table)),
        )
    background = enrich["background"]
    if enrich["collections"] and background not in BACKGROUNDS:
        yield from _of_background(background, genes)
    if enrich["collections"] and enrich["ontology"]:
        ontology = enrich["ontology"]
        given = [collection_path(entry["file"]) for entry in enrich["collections"].values()]
        given = [path for path in given if Path(path).is_file()]
        yield from kept_findings(
            "ontology", [ontology, given], [ontology, *given], __file__, lambda: list(_of_ontology(ontology, given))
        )


def _of_ontology(path: str, collections: Sequence[str]) -> Iterator[Finding]:
    try:
        ontology = read_ontology(path)
    except DataError as error:
        what, _, cure = str(error).partition(". ")
        yield Finding("enrich.ontology", f"{what}.", cure)
        return
    names = [each.id for collection in collections for each in read_gene_sets(collection).sets]
    if names and not any(ontology.term(name) for name in names):
        terms = list(ontology.parents)
        what = f"{path}: no set of any collection is a term of it: it has {listed(terms, 2)}, and the sets are called "
        what += f"{listed(names, 2)}."
        yield Finding("enrich.ontology", what, "Give the ontology that the ids of the sets are from, or take it out.")


def _entries(enrich: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, entry in enrich["collections"].items():
        yield f"enrich.collections.{name}", entry
    if enrich["activities"]:
        yield "enrich.activities", enrich["activities"]


def _missing_word(place: str, file: str) -> Finding | None:
    if shipped_word(file):
        if Path(collection_path(file)).is_file():
            return None
        what = (
            f"the collection {file} is not here: a workflow that is loaded from a Git host brings no compressed files."
        )
        cure = f"Fetch resources/gene_sets/{Path(collection_path(file)).name} of the same tag, and give its path."
        return Finding(f"{place}.file", what, cure)
    if Path(file).exists():
        return None
    words = list(shipped())
    near = near_match(file, words)
    if "/" not in file and "." not in file:
        what = f"there is no file {quoted(file)}, and no collection of that name comes with the workflow."
        cure = f"Did you mean {near}?" if near else f"There are {listed(words, len(words), quote=False)}."
        return Finding(f"{place}.file", what, cure)
    what = f"{file}: there is no such file."
    return Finding(f"{place}.file", what, "Correct the path; it is relative to the working folder.")


def _of_collection(
    place: str,
    entry: Mapping[str, Any],
    path: str,
    enrich: Mapping[str, Any],
    genes: Sequence[str] | None,
    table: str | None,
) -> Iterator[Finding]:
    collection = read_gene_sets(path)
    for finding in collection.findings:
        at = f"{path}: {finding.place}: " if finding.place else f"{path}: "
        kind = "note" if finding.kind == "note" else "config"
        yield Finding(f"{place}.file", f"{at}{finding.what}", finding.cure, kind)
    if not collection.sets or any(finding.kind != "note" for finding in collection.findings):
        return
    if place == "enrich.activities" and not all(each.weights for each in collection.sets):
        what = f"{path}: has no column 'weight'."
        yield Finding(f"{place}.file", what, "Write set, gene and weight, the sign and strength of the regulation.")
        return
    if genes is None:
        return
    columns, aliases = _columns(genes, table)
    if table and is_gtf(table) and entry["ids"] not in ("auto", GENE):
        return  # which columns a GTF gives only the job can tell
    members = {gene for each in collection.sets for gene in each.genes}
    word, fault = choose_kind(members, columns, entry["ids"], aliases)
    if fault and table and is_gtf(table):
        return
    if fault:
        key = "ids" if word not in columns else "file"
        yield Finding(f"{place}.{key}", f"{path}: {fault.what}", fault.cure)
    elif place != "enrich.activities":
        yield from _of_sizes(
            place, path, collection.sets, {plain_id(each, word) for each in columns[word]}, word, enrich
        )


def _columns(genes: Sequence[str], table: str | None) -> tuple[dict[str, Sequence[str]], set[str]]:
    """Return ids of the genes of the counts by their kind, and other symbols, as the job will look them up."""
    rows = dict(rows_by_gene(table)) if table else {}
    by_plain = {without_version(gene): row | {GENE: gene} for gene, row in reversed(rows.items())}
    found = [by_plain.get(without_version(gene)) for gene in genes]
    for column in ("entrez_id", "symbol"):
        # Where ids of the counts are of another kind than those of the table, the job looks them up so.
        if 2 * sum(row is not None for row in found) >= len(genes):
            break
        by_other = {row[column]: row for row in reversed(by_plain.values()) if row.get(column)}
        others = [by_other.get(gene) for gene in genes]
        if sum(row is not None for row in others) > sum(row is not None for row in found):
            found = others
    names = [name for name in next(iter(by_plain.values()), {}) if name != GENE]
    annotation = {name: [(row or {}).get(name, "") for row in found] for name in names}
    fields = [value for name in ALIASES for value in annotation.get(name, ()) if value]
    aliases = {part.strip() for value in fields for part in value.replace(";", "|").replace(",", "|").split("|")}
    return id_columns(genes, annotation), aliases


def _of_sizes(
    place: str, path: str, sets: Sequence[GeneSet], ids: Collection[str], word: str, enrich: Mapping[str, Any]
) -> Iterator[Finding]:
    """Sets of which none has a size that is tested, and permutations that are too few for so many."""
    sizes = [sum(plain_id(gene, word) in ids for gene in each.genes) for each in sets]
    low, high = enrich["min_size"], enrich["max_size"]
    fitting = sum(low <= size for size in sizes)
    if low > high:
        return
    if not fitting:
        what = f"{path}: none of its {counted(len(sets), 'set')} has {low} members among the genes of the counts; the "
        what += f"largest has {max(sizes)}."
        yield Finding(f"{place}.file", what, "Lower enrich.min_size, or give larger sets.")
    elif min(sizes) > high and min(len(each.genes) for each in sets) > high:
        what = f"{path}: each of its {counted(len(sets), 'set')} has more than {high} members among the genes of the "
        what += f"counts; the smallest has {min(sizes)}."
        yield Finding(f"{place}.file", what, "Raise enrich.max_size, or give smaller sets.", "note")
    gsea = enrich["gsea"]
    if gsea and fitting and (gsea["permutations"] + 1) * enrich["alpha"] < fitting:
        together = -(-fitting // ((gsea["permutations"] + 1) * enrich["alpha"]))
        what = (
            f"is {gsea['permutations']}, so that no p-value is below 1/{gsea['permutations'] + 1}: of some {fitting} "
        )
        what += f"sets of {path} {together:.0f} must reach that before one is called at {enrich['alpha']:g}."
        cure = f"Ask for {int(fitting / enrich['alpha']) + 1:,} to let a single set be called."
        yield Finding("enrich.gsea.permutations", what, cure, "note")


def _of_background(path: str, genes: Collection[str] | None) -> Iterator[Finding]:
    key = "enrich.background"
    if not Path(path).is_file():
        near = near_match(path, BACKGROUNDS)
        cure = (
            f"Did you mean {near}?"
            if near
            else f"Write {listed(BACKGROUNDS, quote=False)}, or name a file of gene ids."
        )
        yield Finding(key, f"there is no file {quoted(path)}, and no background of that name.", cure)
        return
    try:
        entries = read_gene_list(path)
    except DataError as error:
        yield Finding(key, str(error).partition(". ")[0] + ".", "Write one gene id per line, as plain text.")
        return
    if genes is not None or not entries:
        for finding in list_findings(path, entries, genes or ()):
            yield finding._replace(place=key)
