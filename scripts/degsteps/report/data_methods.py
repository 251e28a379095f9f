"""The methods from raw counts to size factors, in words."""

from collections.abc import Mapping
from typing import Any

from degsteps.basics.words import counted
from degsteps.normalize.methods import METHODS
from degsteps.report.accounting import reason_text
from degsteps.report.citations import sentences
from degsteps.report.recorded import facts_of


def data_sentences(settings, records, account, workflow_versions, cite) -> str:
    """Say which samples and genes were received, merged, summed and left out."""
    samples, genes = account["samples", "ingest"], account["genes", "ingest"]
    degsteps = f"degsteps {workflow_versions['degsteps']}"
    snakemake = f"Snakemake {workflow_versions['snakemake']} {cite('molder2021')}"
    dropped = "; ".join(f"{n} {reason_text(reason)}" for reason, n in samples.dropped.items())
    facts = facts_of(records, "ingest_counts")
    n_summed = genes.dropped.get("rows_summed", 0)
    left_out = {reason: n for reason, n in genes.dropped.items() if reason != "rows_summed"}
    return sentences(
        f"Raw counts of {genes.kept:,} genes in {counted(samples.kept, 'sample')} were analysed with {degsteps}, a "
        f"workflow run by {snakemake}.",
        f"Of {counted(samples.received, 'sample')} received, {samples.n_dropped} "
        f"{'was' if samples.n_dropped == 1 else 'were'} left out ({dropped})."
        if set(samples.dropped) - {"technical_replicates_summed"}
        else "",
        _site_sentence(facts, settings),
        _replicate_sentence(facts),
        f"{counted(n_summed, 'row')} with a gene id that had occurred before "
        f"{'was' if n_summed == 1 else 'were'} added to that gene."
        if n_summed
        else "",
        f"{counted(sum(left_out.values()), 'row')} of the files were not taken over "
        f"({'; '.join(f'{n} {reason_text(reason)}' for reason, n in left_out.items())})."
        if left_out
        else "",
        _length_sentence(facts, cite),
        "The counts were estimates and were rounded to whole numbers." if facts.get("rounded") else "",
    )


def _site_sentence(facts: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    if "sites" not in facts:
        return ""
    named = ", ".join(f"{site} ({counted(n, 'sample')})" for site, n in facts["sites"].items())
    merged = f"The counts of {counted(len(facts['sites']), 'site')}, {named}, were merged by gene id; "
    ingest = settings["ingest"]
    if ingest["merge_genes"] == "intersection":
        return f"{merged}the {facts['genes_at_every_site']:,} genes that every site has were kept."
    fill = f"genes that a site does not have count {ingest['union_fill']} there."
    return f"{merged}all genes were kept, of which every site has {facts['genes_at_every_site']:,}; {fill}"


def _replicate_sentence(facts: Mapping[str, Any]) -> str:
    summed = facts.get("technical_replicates")
    if not summed:
        return ""
    agreement = ""
    if summed["lowest_correlation"] is not None:
        agreement = f" (correlation of log counts at least {summed['lowest_correlation']:.3f}, variation beyond "
        agreement += f"counting at most {summed['largest_variation']:.1%})"
    replicates = counted(summed["replicates"], "technical replicate")
    return f"{replicates} were summed to {counted(summed['samples'], 'sample')}{agreement}."


def _length_sentence(facts: Mapping[str, Any], cite) -> str:
    if facts.get("length_correction") == "length_scaled_tpm":
        return f"Counts were computed from abundances and average transcript lengths {cite('soneson2015')}."
    return ""


def counts_per_million(number: float) -> str:
    """Return ``1 count per million``, ``0.5 counts per million``."""
    return f"{number:g} count{'' if number == 1 else 's'} per million"


def filter_sentences(records, account, cite) -> str:
    """Name the rule of the gene filter, and what it left."""
    facts, genes = facts_of(records, "filter_genes"), account["genes", "filter"]
    left = f"which left {genes.kept:,} of {genes.received:,} genes to be tested."
    listed_genes = " Genes on the lists given by the user were kept or dropped regardless of the rule."
    params = next((record["inputs"] for record in records if record["step"] == "filter_genes"), {})
    lists = listed_genes if {"keep_list", "drop_list"} & set(params) else ""
    if facts["method"] == "none":
        return f"No expression filter was applied, {left}{lists}"
    if facts["method"] == "cpm":
        rule = (
            f"Genes that reach {counts_per_million(facts['min_cpm'])} in at least "
            f"{counted(facts['min_samples'], 'sample')} were kept"
        )
        if facts["min_samples"] == facts["smallest_group"]:
            rule += f" (the size of the smallest group of {facts['group']})"
        return f"{rule} {cite('chen2016')}, {left}{lists}"
    return (
        f"Genes were filtered by the rule of edgeR's filterByExpr with the groups of {facts['group']} "
        f"{cite('chen2016')}, {left}{lists}"
    )


def normalization_sentences(settings, records, cite) -> str:
    """Say how size factors were estimated, and where they lay."""
    facts = facts_of(records, "estimate_size_factors")
    lay = f"lay between {facts['smallest']:.3f} and {facts['largest']:.3f}."
    method = METHODS[facts["method"]]
    if method.function is None:
        return f"Size factors were given by the user, not estimated from the counts, and {lay}"
    controls = " of the control genes given by the user" if settings["normalize"]["control_genes"] else ""
    return f"Size factors were estimated by {method.words}{controls} {cite(*method.citations)} and {lay}"
