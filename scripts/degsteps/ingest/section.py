"""What the report says of counts and sample sheet: what was read, and what became of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.basics.words import counted, listed
from degsteps.ingest.section_columns import COLUMNS
from degsteps.sections.accounts import Account, reason_text
from degsteps.sections.citations import Citations, sentences
from degsteps.sections.definition import EVERY_COLUMN, Block, Chapter, File, Section, Verdict, hint, text
from degsteps.sections.grids import Grid, grid
from degsteps.sections.numbers import MISSING, format_count
from degsteps.sections.results import Results

# ---- samples


def account_grids(accounts: Sequence[Account]) -> list[Grid]:
    """Return what became of samples and of genes, a table for each."""
    grids = []
    for unit, caption in (("samples", "What became of the samples"), ("genes", "What became of the genes")):
        rows = []
        for account in accounts:
            if account.unit != unit:
                continue
            why = "; ".join(f"{n:,} {reason_text(reason)}" for reason, n in account.dropped.items())
            rows.append((account.stage, f"{account.received:,}", f"{account.n_dropped:,}", why, f"{account.kept:,}"))
        labels = ("Stage", "Received", "Dropped", "Why", "Kept")
        grids.append(Grid(caption, labels, (False, True, True, False, True), tuple(rows)))
    return grids


def _account_blocks(results: Results) -> Iterator[Block]:
    yield text("Nothing disappears without a reason: what a stage receives is what it drops and what it keeps.")
    yield from account_grids(results.accounts)
    yield hint(
        "In the rows of the test, kept genes have an adjusted p-value; the others stay in the result table, each with "
        "its reason."
    )


def _sample_sentences(results: Results, cite: Citations) -> str:
    """Say how many samples and genes were analysed, and by what."""
    samples, genes = results.account["samples", "ingest"], results.account["genes", "ingest"]
    degsteps = f"degsteps {results.workflow_versions['degsteps']}"
    snakemake = f"Snakemake {results.workflow_versions['snakemake']} {cite('molder2021')}"
    dropped = "; ".join(f"{n} {reason_text(reason)}" for reason, n in samples.dropped.items())
    return sentences(
        f"Raw counts of {genes.kept:,} genes in {counted(samples.kept, 'sample')} were analysed with {degsteps}, a "
        f"workflow run by {snakemake}.",
        f"Of {counted(samples.received, 'sample')} received, {samples.n_dropped} "
        f"{'was' if samples.n_dropped == 1 else 'were'} left out ({dropped})."
        if set(samples.dropped) - {"technical_replicates_summed"}
        else "",
    )


def _sample_verdicts(results: Results) -> Iterator[Verdict]:
    first = next(account for account in results.accounts if account.unit == "samples")
    if not first.n_dropped:
        yield Verdict("samples", "ok", f"All {counted(first.received, 'sample')} are analysed.")
    elif set(first.dropped) == {"technical_replicates_summed"}:
        rows = counted(first.received, "row")
        yield Verdict("samples", "ok", f"All {rows} of the sheet are in the {first.kept} analysed samples.")
    else:
        reasons = "; ".join(f"{n} {reason_text(reason)}" for reason, n in first.dropped.items())
        finding = f"{first.kept} of {counted(first.received, 'sample')} are analysed ({reasons})."
        if all(reason.startswith("with fewer than") for reason in first.dropped):
            advice = "The table of donors and types shows the gaps; cells.min_cells sets how many cells a sample needs."
            yield Verdict("samples", "note", finding, advice)
        elif all(reason.startswith("excluded") for reason in first.dropped):
            yield Verdict("samples", "ok", finding)
        else:
            advice = "Check that samples without a partner in sheet or counts are meant to be left out."
            yield Verdict("samples", "warn", finding, advice)


SAMPLES = Section(
    stage="ingest",
    name="samples",
    title="Read and matched",
    files=(
        File(r"counts\.parquet", "Raw counts of the analysed samples, every gene."),
        File(r"samples\.tsv", "Sample sheet of the analysed samples.", text=EVERY_COLUMN),
        File(r"sample_account\.tsv", "Every sample of sheet and counts: kept or not, and why.", text=("reason",)),
    ),
    chapter=Chapter("samples", "Samples and genes"),
    blocks={"samples": _account_blocks},
    sentences={"data": _sample_sentences},
    citations={
        "molder2021": (
            "Mölder F, Jablonski KP, Letcher B, et al. Sustainable data analysis with Snakemake. F1000Research "
            "2021;10:33. doi:10.12688/f1000research.29032.2"
        ),
    },
    verdicts=_sample_verdicts,
    checks={"samples": "Samples"},
)


# ---- several sites


def site_grid(sites: pd.DataFrame) -> Grid:
    """Return what each site sent, arms first; no rows if there is one source only."""
    table = sites.reset_index() if len(sites) > 1 or list(sites.index) != ["all"] else sites.reset_index().iloc[:0]
    arms = [name for name in table.columns if name.startswith("samples_")]
    labels = {"site": "Site", "samples": "Samples", **{name: name.removeprefix("samples_") for name in arms}}
    labels |= {
        "total_count_median": "Reads, median",
        "total_count_min": "Fewest reads",
        "total_count_max": "Most reads",
    }
    labels |= {"detected_genes_median": "Genes detected, median", "genes": "Genes sent"}
    labels |= {"genes_shared": "At every site", "genes_unshared": "Not at every site", "format": "Format"}
    formats = {name: _count_or_blank for name in labels if name not in ("site", "format")}
    return grid(table, "What each site sent", labels, formats)


def _count_or_blank(value: str) -> str:
    return format_count(float(value)) if value else MISSING


def _site_blocks(results: Results) -> list[Grid]:
    sites = site_grid(results.tables["ingest/sites.tsv"])
    return [sites] if sites.rows else []


def _site_sentence(results: Results, _cite: Citations) -> str:
    facts, ingest = results.facts("ingest_counts"), results.settings["ingest"]
    if "sites" not in facts:
        return ""
    names = ", ".join(f"{site} ({counted(n, 'sample')})" for site, n in facts["sites"].items())
    merged = f"The counts of {counted(len(facts['sites']), 'site')}, {names}, were merged by gene id; "
    if ingest["merge_genes"] == "intersection":
        return f"{merged}the {facts['genes_at_every_site']:,} genes that every site has were kept."
    fill = f"genes that a site does not have count {ingest['union_fill']} there."
    return f"{merged}all genes were kept, of which every site has {facts['genes_at_every_site']:,}; {fill}"


SITES = Section(
    stage="ingest",
    name="sites",
    files=(File(r"sites\.tsv", "What each site sent: samples by arm, depth, genes.", text=EVERY_COLUMN),),
    blocks={"samples": _site_blocks},
    sentences={"data": _site_sentence},
)


# ---- technical replicates


def _replicate_sentence(results: Results, _cite: Citations) -> str:
    summed = results.facts("ingest_counts").get("technical_replicates")
    if not summed:
        return ""
    agreement = ""
    if summed["lowest_correlation"] is not None:
        agreement = f" (correlation of log counts at least {summed['lowest_correlation']:.3f}, variation beyond "
        agreement += f"counting at most {summed['largest_variation']:.1%})"
    replicates = counted(summed["replicates"], "technical replicate")
    return f"{replicates} were summed to {counted(summed['samples'], 'sample')}{agreement}."


REPLICATES = Section(
    stage="ingest",
    name="technical_replicates",
    files=(File(r"replicates\.tsv", "Agreement of technical replicates that were summed."),),
    sentences={"data": _replicate_sentence},
)


# ---- counts


def _count_sentences(results: Results, cite: Citations) -> str:
    """Say which rows were added up or not taken over, and whether counts are estimates."""
    genes, facts = results.account["genes", "ingest"], results.facts("ingest_counts")
    n_summed = genes.dropped.get("rows_summed", 0)
    left_out = {reason: n for reason, n in genes.dropped.items() if reason != "rows_summed"}
    n_cut = sum(source.get("gene_versions_cut", 0) for source in facts.get("sources", {}).values())
    return sentences(
        f"Versions were cut from {counted(n_cut, 'gene id')}." if n_cut else "",
        f"{counted(n_summed, 'row')} with a gene id that had occurred before "
        f"{'was' if n_summed == 1 else 'were'} added to that gene."
        if n_summed
        else "",
        f"{counted(sum(left_out.values()), 'row')} of the files were not taken over "
        f"({'; '.join(f'{n} {reason_text(reason)}' for reason, n in left_out.items())})."
        if left_out
        else "",
        f"Counts were computed from abundances and average transcript lengths {cite('soneson2015')}."
        if facts.get("length_correction") == "length_scaled_tpm"
        else "",
        "The counts were estimates and were rounded to whole numbers." if facts.get("rounded") else "",
    )


def estimate_verdict(facts: Mapping[str, Any]) -> Verdict | None:
    """Say whether the counts are estimates; None if they are not."""
    if not facts.get("rounded"):
        return None
    if facts.get("length_correction"):
        finding = "The counts are estimates; differences in transcript usage between samples are corrected for."
        return Verdict("counts", "ok", finding)
    advice = "Differences in transcript usage between samples can pass as expression; see what the quantifier advises."
    return Verdict("counts", "warn", "The counts are estimates and were rounded to whole numbers.", advice)


def lookalike_verdict(facts: Mapping[str, Any]) -> Verdict | None:
    """Say whether samples are so alike that they could be one library; None if that was not looked at."""
    pairs = facts.get("lookalikes")
    if pairs is None:
        return None
    if not pairs:
        return Verdict("lookalikes", "ok", "No two samples are so alike that they could be one library.")
    described = [
        f"{pair['first']} and {pair['second']} (correlation {pair['correlation']:.4f}, variation {pair['bcv']:.1%})"
        for pair in pairs
    ]
    alike = f"{counted(len(pairs), 'pair')} of samples differ no more than two runs of one library"
    advice = "Sum technical replicates (ingest.replicate_column): taken as biological they make p-values too small. If "
    advice += "they are none, a file may have been copied under two names."
    return Verdict("lookalikes", "warn", f"{alike}: {listed(described, 3, quote=False)}.", advice)


def transcript_verdict(facts: Mapping[str, Any]) -> Verdict | None:
    """Say how many transcripts, and reads, have no gene; None if none was looked for."""
    sources = [source for source in facts.get("sources", {}).values() if source.get("transcripts")]
    if not sources:
        return None
    number, without = (sum(s[name] for s in sources) for name in ("transcripts", "transcripts_without_gene"))
    if not without:
        return Verdict("transcripts", "ok", f"All {number:,} transcripts have a gene.")
    reads = max(source.get("reads_without_gene", 0) for source in sources)
    finding = (
        f"{without:,} of {counted(number, 'transcript')} ({without / number:.1%}), with {reads:.1%} of the reads, "
    )
    finding += "have no gene in ingest.tx2gene, and are left out."
    return Verdict("transcripts", "warn", finding, "Give the table of the annotation that was quantified.")


def _count_verdicts(results: Results) -> Iterator[Verdict]:
    facts = results.facts("ingest_counts")
    for verdict in (estimate_verdict(facts), transcript_verdict(facts), lookalike_verdict(facts)):
        if verdict:
            yield verdict


COUNTS = Section(
    stage="ingest",
    name="counts",
    files=(
        File(
            r"lengths\.parquet",
            "Average transcript lengths of genes in each sample; without rows where none are given.",
        ),
        File(r"gene_account\.tsv", "Genes that several rows of the matrix were added up to."),
    ),
    sentences={"data": _count_sentences},
    verdicts=_count_verdicts,
    checks={"counts": "Counts", "transcripts": "Transcripts", "lookalikes": "Duplicates"},
)


SECTIONS = (SAMPLES, SITES, REPLICATES, COUNTS, COLUMNS)
