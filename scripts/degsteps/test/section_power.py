"""What the report says of the power of the tests."""

from collections.abc import Iterator, Mapping
from typing import Any

from degsteps.sections.citations import Citations
from degsteps.sections.definition import Block, File, Section, Sheet, figures, text
from degsteps.sections.numbers import format_mean, format_p
from degsteps.sections.results import Results
from degsteps.sections.sheets import by_contrast


def power_sentence(facts: Mapping[str, Any]) -> str:
    """Return what the samples could find in a gene of median mean count; blank where it was not computed."""
    if not facts["power"]:
        return ""
    chances = [f"probability {chance:.2f} if it changes {ratio}-fold" for ratio, chance in facts["power"].items()]
    least = facts["detectable_fold_change"]
    reach = f"; {facts['target']:.0%} power needs a fold change of {least:.2g}" if least else ""
    return (
        f"With these samples a gene of median mean count ({format_mean(facts['median_mean'])}) is found with "
        f"{', '.join(chances)}{reach}. A gene counts as found if its p-value is at most "
        f"{format_p(facts['pvalue'])}, the largest that was called."
    )


def _power_of_contrast(results: Results, contrast: str) -> Iterator[Block]:
    facts = next((facts for facts in results.facts_of_all("compute_power") if facts["contrast"] == contrast), None)
    if facts and power_sentence(facts):
        yield text(power_sentence(facts))
    yield from figures(
        results,
        f"annotate/{contrast}.power",
        "Power",
        "Which fold changes these samples could find, by mean count. A gene that is not called may change by less.",
    )


def _power_sheets(results: Results) -> Iterator[Sheet]:
    power = results.tables_like(r"test/power/(.*)\.tsv")
    if power:
        table = by_contrast(power)
        kinds = {"genes": "count", "mean_from": "mean", "mean_to": "mean", "dispersion": "fold"}
        kinds |= {name: "fold" for name in table.columns if name.startswith(("detectable_", "power_"))}
        meaning = "By tenth of the genes, ordered by mean count: smallest fold change that is found with a power of "
        meaning += f"{results.settings['test']['power']:g}, and the power for some fold changes."
        yield Sheet("Power", meaning, table, kinds=kinds)


def _power_sentences(results: Results, cite: Citations) -> str:
    """Say what the power was computed from."""
    if results.settings["test"]["power"] is None:
        return ""
    return (
        f"The power of the Wald tests was computed from the fitted dispersions and the size factors {cite('hart2013')} "
        "at the largest p-value that was called."
    )


POWER = Section(
    stage="test",
    name="power",
    files=(File(r"power/.*\.tsv", "Power and smallest detectable fold change, by mean count."),),
    of_contrast=_power_of_contrast,
    sheets=_power_sheets,
    sentences={"test": _power_sentences},
)
