"""What the report says of annotated results."""

from collections.abc import Iterator

from degsteps.annotate.section_columns import COLUMNS
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
    checks={"annotation": "Annotation"},
)
SECTIONS = (ANNOTATION, COLUMNS)
