"""What the methods text says of gene sets, and whom it cites."""

from collections.abc import Mapping
from typing import Any

from degsteps.enrich.section_collections import named, recorded
from degsteps.sections.citations import Citations, sentences, series
from degsteps.sections.results import Results

CITATIONS = {
    "ashburner2000": (
        "Ashburner M, Ball CA, Blake JA, et al. Gene Ontology: tool for the unification of biology. Nature "
        "Genetics 2000;25:25-29. doi:10.1038/75556"
    ),
    "milacic2024": (
        "Milacic M, Beavers D, Conley P, et al. The Reactome Pathway Knowledgebase 2024. Nucleic Acids Research "
        "2024;52:D672-D678. doi:10.1093/nar/gkad1025"
    ),
    "martens2021": (
        "Martens M, Ammar A, Riutta A, et al. WikiPathways: connecting communities. Nucleic Acids Research "
        "2021;49:D613-D621. doi:10.1093/nar/gkaa1024"
    ),
    "liberzon2015": (
        "Liberzon A, Birger C, Thorvaldsdottir H, Ghandi M, Mesirov JP, Tamayo P. The Molecular Signatures "
        "Database hallmark gene set collection. Cell Systems 2015;1:417-425. doi:10.1016/j.cels.2015.12.004"
    ),
    "wu2010": (
        "Wu D, Lim E, Vaillant F, Asselin-Labat ML, Visvader JE, Smyth GK. ROAST: rotation gene set tests for "
        "complex microarray experiments. Bioinformatics 2010;26:2176-2182. doi:10.1093/bioinformatics/btq401"
    ),
    "wu2012": (
        "Wu D, Smyth GK. Camera: a competitive gene set test accounting for inter-gene correlation. Nucleic Acids "
        "Research 2012;40:e133. doi:10.1093/nar/gks461"
    ),
    "young2010": (
        "Young MD, Wakefield MJ, Smyth GK, Oshlack A. Gene ontology analysis for RNA-seq: accounting for selection "
        "bias. Genome Biology 2010;11:R14. doi:10.1186/gb-2010-11-2-r14"
    ),
    "subramanian2005": (
        "Subramanian A, Tamayo P, Mootha VK, et al. Gene set enrichment analysis: a knowledge-based approach for "
        "interpreting genome-wide expression profiles. PNAS 2005;102:15545-15550. doi:10.1073/pnas.0506580102"
    ),
    "badia2022": (
        "Badia-i-Mompel P, Velez Santiago J, Braunger J, et al. decoupleR: ensemble of computational methods to "
        "infer biological activities from omics data. Bioinformatics Advances 2022;2:vbac016. "
        "doi:10.1093/bioadv/vbac016"
    ),
}


def methods_sentences(results: Results, cite: Citations) -> str:
    collections = recorded(results)
    if not collections:
        return ""
    enrich = results.settings["enrich"]
    of_collections = [
        f"{named(facts)}{' ' + cite(facts['citation']) if facts['citation'] else ''}" for facts in collections
    ]
    said = [f"Sets of genes were those of {series(of_collections)}."]
    said.append(
        f"Those with {enrich['min_size']} to {enrich['max_size']} members among the background were tested; the "
        f"background were {_background_words(enrich['background'])}."
    )
    if enrich["ranked"] == "camera":
        said.append(f"{_ranked_words(enrich)} {cite('wu2012')}.")
        if enrich["correlation"] == "estimated":
            said.append(
                "The correlation of the genes of each set was estimated from the residuals of the tested design on "
                "transformed values, and drawn towards the median of the collection by the weight that few residual "
                "degrees of freedom leave it."
            )
        else:
            said.append("A correlation of .01 within every set was assumed, limma's preset.")
    if enrich["self_contained"] == "fry":
        said.append(f"Self-contained tests were those of fry {cite('wu2010', 'ritchie2015')}.")
    if enrich["over_representation"]["sides"]:
        sides = series(["called genes of both directions" if s == "both" else f"genes called {s}" for s in
                        enrich["over_representation"]["sides"]])  # fmt: skip
        said.append(f"Over-representation of {sides} was tested by the hypergeometric distribution.")
        if enrich["over_representation"]["length_bias"]:
            said.append(f"Beside it stands Wallenius' distribution with weights by gene length {cite('young2010')}.")
    if enrich["gsea"]:
        kinds = {"genes": "genes, which takes them as independent", "samples": "samples"}
        times = f"{enrich['gsea']['permutations']:,} permutations of {kinds[enrich['gsea']['permute']]}"
        said.append(f"Running sums were tested by {times} {cite('subramanian2005')}.")
    said.append(
        f"P-values were adjusted over all sets tested in one collection, contrast and method {cite('benjamini1995')}; "
        f"sets below {enrich['alpha']:g} are called."
    )
    if enrich["calibration"]:
        said.append(
            f"How many sets each method would call if nothing were true was computed from {enrich['calibration']:,} "
            "rotations of the residuals."
        )
    said.append(f"Sets that share {enrich['similarity']:.0%} of their genes (Jaccard index) were grouped.")
    if results.facts("score_activities"):
        said.append(f"Activities of regulators were scored by univariate linear models {cite('badia2022')}.")
    attributions = [facts["attribution"].rstrip(".") for facts in collections if facts["attribution"]]
    if attributions:
        said.append(f"Attribution: {'; '.join(dict.fromkeys(attributions))}.")
    return sentences(*said)


def _background_words(which: str) -> str:
    known = {
        "annotated": "the tested genes that are in any set of these collections",
        "collection": "the tested genes that are in any set of the same collection",
        "tested": "all tested genes",
    }
    return known.get(which, "the tested genes among those given in a file")


def _ranked_words(enrich: Mapping[str, Any]) -> str:
    by = {
        "stat": "the statistics of the test",
        "lfc_shrunken": "shrunken fold changes",
        "signed_p": "-log10 p with the sign of the fold change",
    }
    return f"Competitive tests compared {by[enrich['rank_by']]} inside and outside of each set by CAMERA"
