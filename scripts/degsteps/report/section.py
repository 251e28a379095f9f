"""What the report says of the model, and of itself."""

from collections.abc import Iterator

from degsteps.provenance.plan import verdict
from degsteps.report.model_methods import model_sentences, set_sentence
from degsteps.sections.citations import Citations
from degsteps.sections.definition import EVERY_COLUMN, File, Section, Verdict
from degsteps.sections.results import Results

#: Files of the report, which exist only after its page, and what they are for.
OWN_FILES = (
    ("workbook.xlsx", "All result tables as a spreadsheet, one sheet per contrast."),
    ("methods.md", "The methods paragraphs with references."),
    ("contrasts.tsv", "Genes tested, up and down in each contrast."),
    ("accountability.tsv", "Samples and genes received, dropped and kept at each stage."),
    ("verdicts.tsv", "The verdicts at the top of this page."),
    ("manifest.json", "Every file with its SHA-256 and the step, settings and versions that made it."),
)


def _model_sentences(results: Results, cite: Citations) -> str:
    return model_sentences(results.settings, results.records, results.design, results.versions, cite)


def _set_sentence(results: Results, _cite: Citations) -> str:
    return set_sentence(results.settings["design"]["sample_sets"])


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
