"""Settings of gene sets of nf-core/differentialabundance: what becomes of each.

GSEA's own, g:Profiler's (which asks a server, and has collections here instead) and those of decoupler.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from degsteps.basics.words import listed
from degsteps.design.coding import as_number
from degsteps.inputs.gene_sets import shipped
from degsteps.onboarding.from_star_deseq2 import Imported, is_blank, split_values

#: Organisms of g:Profiler, by the beginning of the words of collections.
_ORGANISMS = {"hsapiens": "human", "mmusculus": "mouse", "dmelanogaster": "fly", "scerevisiae": "yeast"}
#: Its sources, by the end of these words.
_SOURCES = {"GO:BP": "go_bp", "GO:MF": "go_mf", "GO:CC": "go_cc", "REAC": "reactome", "WP": "wikipathways"}
_OF_GO = ("GO:BP", "GO:MF", "GO:CC")
_PREFIXES = ("gsea_", "gprofiler2_", "decoupler_")


def map_gene_sets(imported: Imported, params: Mapping[str, Any]) -> None:
    """Write the section `enrich` from parameters, and say of each of them what became of it."""
    given = {name: value for name, value in params.items() if not is_blank(value)}
    asked = {str(word) for word in split_values(given.get("functional_method"))}
    runs = {
        tool: given.get(f"{tool}_run") in (True, "true") or tool in asked
        for tool in ("gsea", "gprofiler2", "decoupler")
    }
    enrich: dict[str, Any] = {}
    collections: dict[str, Any] = {}
    if runs["gsea"]:
        _of_gsea(imported, given, enrich, collections)
    if runs["gprofiler2"]:
        _of_gprofiler(imported, given, enrich, collections)
    if runs["decoupler"]:
        _of_decoupler(imported, given, enrich)
    if "functional_method" in given and any(runs.values()):
        imported.take("functional_method", f"functional_method {', '.join(sorted(asked))} -> enrich")
    for tool, is_run in runs.items():
        if is_run and f"{tool}_run" in given:
            imported.take(f"{tool}_run", f"{tool}_run true -> enrich")
    if collections:
        enrich["collections"] = collections
    if collections or "activities" in enrich:
        imported.analysis["enrich"] = enrich
    rest = sorted(name for name in params if name.startswith(_PREFIXES) and not imported.is_accounted(name))
    off = [name for name in rest if not runs[name.split("_")[0]]]
    others = [name for name in rest if name not in off]
    if off:
        imported.leave(off, f"{', '.join(off)}: not in use there, as the tool is not run")
    if others:
        why = "there is no such setting here; the default test allows for correlation within sets, and calls no server"
        imported.leave(others, f"{', '.join(others)}: {why}")


def _number(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    return None if value is None or isinstance(value, bool) else as_number(str(value))


def _of_gsea(imported: Imported, given: Mapping[str, Any], enrich: dict[str, Any], collections: dict[str, Any]) -> None:
    name = "gene_sets_files" if "gene_sets_files" in given else "gsea_gene_sets"
    files = [str(file) for file in split_values(given.get(name))]
    local = [file for file in files if "://" not in file]
    for file in local:
        stem = re.sub(r"[^A-Za-z0-9_-]+", "_", re.sub(r"\.(gmt|gmx|tsv|txt)(\.gz)?$", "", Path(file).name)).strip("_-")
        key = stem or "sets"
        while key in collections:
            key += "_"
        collections[key] = {"file": file}
    if local:
        imported.take(name if len(local) == len(files) else (), f"{name} {', '.join(local)} -> enrich.collections")
    if len(local) < len(files):
        others = [file for file in files if file not in local]
        imported.leave(
            name, f"{name} {', '.join(others)}: an address; download it and name it under enrich.collections"
        )
    gsea: dict[str, Any] = {}
    permutations, seed = _number(given, "gsea_nperm"), _number(given, "gsea_rnd_seed")
    if permutations is not None and 100 <= permutations <= 1_000_000:
        gsea["permutations"] = int(permutations)
        imported.take("gsea_nperm", f"gsea_nperm {permutations:g} -> enrich.gsea.permutations")
    if seed is not None and seed >= 0:
        gsea["seed"] = int(seed)
        imported.take("gsea_rnd_seed", f"gsea_rnd_seed {seed:g} -> enrich.gsea.seed")
    permute = given.get("gsea_permute", "phenotype")
    if permute == "gene_set" and "gsea_permute" in given:
        gsea["permute"] = "genes"
        imported.take("gsea_permute", "gsea_permute gene_set -> enrich.gsea.permute: genes, which assumes independence")
    elif "gsea_permute" in given:
        why = "permuted samples need two groups of 7 and a formula without further terms; the competitive test here "
        imported.leave("gsea_permute", f"gsea_permute {permute}: {why}takes the design that is tested")
    if local:
        enrich["gsea"] = gsea
    for name, key in (("gsea_set_min", "min_size"), ("gsea_set_max", "max_size")):
        size = _number(given, name)
        if size is not None and size >= 1:
            enrich[key] = int(size)
            imported.take(name, f"{name} {size:g} -> enrich.{key}")


def _of_gprofiler(
    imported: Imported, given: Mapping[str, Any], enrich: dict[str, Any], collections: dict[str, Any]
) -> None:
    species = _ORGANISMS.get(str(given.get("gprofiler2_organism", "")))
    asked = [str(source) for source in split_values(given.get("gprofiler2_sources"))] or [*_OF_GO, "REAC", "WP"]
    asked = [each for source in asked for each in (_OF_GO if source == "GO" else (source,))]
    if species is None and "gprofiler2_organism" in given:
        what = f"gprofiler2_organism {given['gprofiler2_organism']}: no collection of it comes with this workflow"
        imported.leave("gprofiler2_organism", f"{what}; name a GMT of your own under enrich.collections")
    elif species:
        words = ["yeast_goslim"] if species == "yeast" else [f"{species}_{_SOURCES[s]}" for s in asked if s in _SOURCES]
        words = [word for word in words if word in shipped()]
        collections |= {word: {"file": word} for word in words}
        known = ", ".join(words) or "nothing"
        imported.take("gprofiler2_organism", f"gprofiler2_organism {given['gprofiler2_organism']} -> {known}")
        missing = [s for s in asked if species != "yeast" and f"{species}_{_SOURCES.get(s, '')}" not in shipped()]
        if "gprofiler2_sources" in given and missing:
            what = f"gprofiler2_sources {', '.join(missing)}: no such collection comes with this workflow"
            imported.leave("gprofiler2_sources", f"{what} (KEGG may not be passed on); bring a GMT of your own")
        elif "gprofiler2_sources" in given:
            imported.take("gprofiler2_sources", f"gprofiler2_sources {', '.join(asked)} -> enrich.collections")
    level = _number(given, "gprofiler2_max_qval")
    if level is not None and 0 < level < 1:
        enrich["alpha"] = level
        imported.take("gprofiler2_max_qval", f"gprofiler2_max_qval {level:g} -> enrich.alpha")
    background = str(given.get("gprofiler2_background_file", ""))
    if background == "auto":
        imported.take(
            "gprofiler2_background_file", "gprofiler2_background_file auto -> tested genes in any set, the default"
        )
    elif background:
        what = f"gprofiler2_background_file {background}: a table there; here a list of gene ids, one per line"
        imported.leave("gprofiler2_background_file", f"{what}, under enrich.background")


def _of_decoupler(imported: Imported, given: Mapping[str, Any], enrich: dict[str, Any]) -> None:
    network = str(given.get("decoupler_network", ""))
    if network and "://" not in network:
        enrich["activities"] = {"file": network}
        imported.take("decoupler_network", f"decoupler_network {network} -> enrich.activities.file")
    elif network:
        imported.leave("decoupler_network", f"decoupler_network {network}: an address; download it and name the copy")
    methods = [str(method) for method in split_values(given.get("decoupler_methods"))]
    if methods:
        others = [method for method in methods if method != "ulm"]
        if others:
            imported.leave(
                "decoupler_methods", f"decoupler_methods {listed(others, quote=False)}: only ulm is known here"
            )
        else:
            imported.take("decoupler_methods", "decoupler_methods ulm -> enrich.activities")
