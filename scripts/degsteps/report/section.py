"""What the report says of the model, and of itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from degsteps.provenance.plan import verdict
from degsteps.report.model_methods import model_sentences, set_sentence
from degsteps.report.software import REFERENCES as SOFTWARE_REFERENCES
from degsteps.sections.citations import Citations, sentences, series
from degsteps.sections.definition import EVERY_COLUMN, File, Section, Verdict
from degsteps.sections.results import Results

#: Files of the report, which exist only after its page, and what they are for.
OWN_FILES = (
    ("workbook.xlsx", "All result tables as a spreadsheet, one sheet per contrast."),
    ("methods.md", "The methods paragraphs with references."),
    ("references.bib", "These references, the data and the software with versions, as BibTeX."),
    ("contrasts.tsv", "Genes tested, up and down in each contrast."),
    ("accountability.tsv", "Samples and genes received, dropped and kept at each stage."),
    ("verdicts.tsv", "The verdicts at the top of this page."),
    ("multiqc/general_mqc.json", "For MultiQC: reads, detected genes, size factor and flags of each sample."),
    ("multiqc/library_sizes_mqc.json", "For MultiQC: library sizes."),
    ("multiqc/pca_mqc.json", "For MultiQC: the first two principal components."),
    ("multiqc/contrasts_mqc.json", "For MultiQC: genes tested and called in each contrast."),
    ("manifest.json", "Every file with its SHA-256 and the step, settings and versions that made it."),
)


def _model_sentences(results: Results, cite: Citations) -> str:
    return model_sentences(results.settings, results.records, results.design, results.versions, cite)


def _set_sentence(results: Results, _cite: Citations) -> str:
    return set_sentence(results.settings["design"]["sample_sets"])


#: Key of the user's reference of the data among those of the methods.
DATA_KEY = "data"


def accessions(settings: Mapping[str, Any]) -> list[str]:
    """Return the accessions of the data, as the configuration states them."""
    stated = settings.get("report", {}).get("data", {}).get("accession")
    return [stated] if isinstance(stated, str) else list(stated or [])


def data_reference(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the reference of the data by its key, if the configuration states one."""
    citation = settings.get("report", {}).get("data", {}).get("citation")
    return {DATA_KEY: citation} if citation else {}


def _data_sentences(results: Results, cite: Citations) -> str:
    """Name the data, and what the reads were counted with."""
    data = results.settings.get("report", {}).get("data", {})
    stated, reference = accessions(results.settings), data_reference(results.settings)
    cited = f" {cite(*reference)}" if reference else ""
    if stated:
        source = f"The data are those of {series(stated)}{cited}."
    elif reference:
        source = f"The data were published before{cited}."
    else:
        source = "The accession of the data is not stated."
    genome, annotation = data.get("genome"), data.get("annotation")
    if genome and annotation:
        return sentences(source, f"Reads were counted with the genome {genome} and the annotation {annotation}.")
    if genome or annotation:
        known = f"the genome {genome}" if genome else f"the annotation {annotation}"
        missing = "the release of the annotation" if genome else "the genome"
        return sentences(source, f"Reads were counted with {known}; {missing} is not stated.")
    return sentences(
        source, "The genome and the release of the annotation that reads were counted with are not stated."
    )


DATA = Section(stage="report", name="data", sentences={"data": _data_sentences}, citations=SOFTWARE_REFERENCES)
MODEL = Section(stage="test", name="model", sentences={"model": _model_sentences, "test": _set_sentence})


def _plan_verdicts(results: Results) -> Iterator[Verdict]:
    plan = results.table("report/plan.tsv")
    if plan is not None:
        yield Verdict("plan", *verdict(plan.reset_index().to_dict("records")))


PLAN = Section(
    stage="report",
    name="plan",
    title="Report",
    files=(File(r"plan\.tsv", "How the run differs from the locked plan.", text=EVERY_COLUMN),),
    verdicts=_plan_verdicts,
    checks={"plan": "Locked plan"},
)
