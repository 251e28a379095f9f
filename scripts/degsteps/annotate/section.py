"""What the report says of annotated results."""

from collections.abc import Iterator

from degsteps.annotate.section_columns import COLUMNS
from degsteps.basics.words import counted, listed, verb
from degsteps.sections.citations import Citations
from degsteps.sections.definition import File, Section, Verdict
from degsteps.sections.results import Results

#: Kinds of ids by which genes are looked up where they are not those of the table.
_KINDS = {"symbol": "symbols", "alias": "symbols and aliases", "entrez_id": "Entrez ids"}


def _sentences(results: Results, _cite: Citations) -> str:
    facts = results.facts("annotate_genes")
    if not facts.get("source"):
        return ""
    release = f" ({facts['release']})" if facts.get("release") else ""
    fraction = f"{facts['mapped_fraction_of_tested']:.1%}"
    sentence = f"Genes were annotated from a local table{release}, which holds {fraction} of the tested genes."
    kind = facts.get("matched_by")
    return f"{sentence} They were looked up by their {_KINDS.get(kind, kind)}." if kind else sentence


def _verdicts(results: Results) -> Iterator[Verdict]:
    yield from _annotation_verdict(results)
    yield from _own_genes_verdict(results)


def _own_genes_verdict(results: Results) -> Iterator[Verdict]:
    """Say which of the user's genes no figure can show."""
    names = list(results.settings["report"].get("genes") or ())
    lacking = [set(facts.get("genes_not_in_table") or ()) for facts in results.facts_of_all("plot_contrast")]
    if not names or not lacking:
        return
    nowhere = [name for name in names if all(name in each for each in lacking)]
    here_and_there = [name for name in names if name not in nowhere and any(name in each for each in lacking)]
    advice = (
        "02_filter/genes.tsv has each gene of the counts with why it was not tested; what is not there has another id "
        "or symbol, or was not counted."
    )
    if nowhere:
        of = f"{len(nowhere)} of {counted(len(names), 'gene')} of report.genes"
        finding = f"{of} {verb(len(nowhere), 'is', 'are')} in no result table: {listed(nowhere, most=10, quote=False)}."
        yield Verdict("own_genes", "note", finding, advice)
    elif here_and_there:
        names = listed(here_and_there, most=10, quote=False)
        finding = f"Genes of report.genes that some contrasts have no result of: {names}."
        yield Verdict("own_genes", "note", finding, advice)
    else:
        yield Verdict("own_genes", "ok", f"All genes of report.genes ({len(names)}) are in the result tables.")


def _annotation_verdict(results: Results) -> Iterator[Verdict]:
    facts = results.facts("annotate_genes")
    if "source" not in facts:
        return
    if facts["source"] is None:
        yield Verdict("annotation", "ok", "No annotation was asked for; genes have their ids only.")
        return
    fraction, release = facts["mapped_fraction_of_tested"], facts.get("release") or "release not stated"
    finding = f"{fraction:.1%} of the tested genes are in the gene table ({release})."
    if fraction >= 0.8:
        yield Verdict("annotation", "ok", finding)
    else:
        yield Verdict("annotation", "warn", finding, "Use the annotation that the reads were counted with.")


ANNOTATION = Section(
    stage="annotate",
    name="annotation",
    title="Results with annotation",
    files=(
        File(r"annotation\.tsv", "Annotation of every gene that was read.", stage="filter"),
        File(r".*\.tsv", "Result table: every tested gene, by adjusted p-value.", is_of_genes=True, is_rest=True),
    ),
    sentences={"annotation": _sentences},
    verdicts=_verdicts,
    checks={"annotation": "Annotation", "own_genes": "Genes of report.genes"},
)
SECTIONS = (ANNOTATION, COLUMNS)
