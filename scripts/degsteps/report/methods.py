"""The methods of one analysis in words, with the values that it ran with and references to what it used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from degsteps.basics.words import counted
from degsteps.design.formula import parse_formula
from degsteps.normalize.methods import TABLES
from degsteps.report.accounting import Account
from degsteps.report.citations import Citations, escape_markdown, sentences, series
from degsteps.report.data_methods import data_sentences, filter_sentences, normalization_sentences
from degsteps.report.model_methods import test_sentences
from degsteps.report.recorded import facts_of, software_versions
from degsteps.report.references import REFERENCES

#: Packages that decide about numbers; what they bring along is in the versions table, not in the paragraph.
NAMED_PACKAGES = ("numpy", "scipy", "pandas", "anndata", "pydeseq2", "scanpy", "inmoose", "edgepython", "matplotlib")


@dataclass(frozen=True)
class Methods:
    """Paragraphs of plain text with numbered citations, and the references in the order of their numbers."""

    paragraphs: tuple[str, ...]
    references: tuple[str, ...]

    @property
    def plain_text(self) -> str:
        """Paragraphs and references as text to be pasted."""
        numbered = [f"{number}. {text}" for number, text in enumerate(self.references, start=1)]
        return "\n\n".join([*self.paragraphs, "\n".join(["References", *numbered])])

    def as_markdown(self, title: str) -> str:
        """Return a Markdown page; what comes from the sheet or the configuration shows as it is."""
        lines = [f"# Methods: {escape_markdown(title)}", ""]
        for paragraph in self.paragraphs:
            lines += [escape_markdown(paragraph), ""]
        lines += ["## References", ""]
        lines += [f"{number}. {escape_markdown(text)}" for number, text in enumerate(self.references, start=1)]
        return "\n".join(lines) + "\n"


def methods_text(
    *,
    settings: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    accounts: Sequence[Account],
    design: Mapping[str, Any],
    workflow_versions: Mapping[str, str],
) -> Methods:
    """Write the methods of an analysis.

    Parameters
    ----------
    settings
        The whole analysis.
    records
        Records of all steps: facts and package versions.
    accounts
        Of samples and genes.
    design
        Summary of the design check.
    workflow_versions
        Versions of ``degsteps`` and ``snakemake``.
    """
    cite = Citations()
    versions = software_versions(records)["version"]
    account = {(entry.unit, entry.stage): entry for entry in accounts}
    paragraphs = (
        data_sentences(settings, records, account, workflow_versions, cite),
        filter_sentences(records, account, cite) + " " + normalization_sentences(settings, records, cite),
        test_sentences(settings, records, design, versions, cite),
        sentences(_figure_sentences(settings, records, versions, cite), _identity_sentences(settings, records)),
        _annotation_sentences(records) + _table_sentences(settings, records, versions, cite),
        _software_sentence(versions),
    )
    return Methods(tuple(text for text in paragraphs if text), tuple(REFERENCES[key] for key in cite.keys))


def _figure_sentences(settings, records, versions, cite) -> str:
    transform, batch, quality = settings["transform"], settings["batch"], settings["qc"]
    knowing = "without knowledge of the design (blind)" if transform["blind"] else "with knowledge of the design"
    if transform["method"] == "vst":
        some = transform["trend_genes"]
        some = some if some and some == facts_of(records, "transform_counts").get("trend_genes") else None
        fitted = f", by the dispersion trend of {some:,} genes" if some else ""
        text = (
            f"For figures and clustering, counts were variance-stabilised {knowing}{fitted} "
            f"{cite('anders2010', 'love2014')}."
        )
    elif transform["method"] == "rlog":
        text = f"For figures and clustering, counts were put on the regularised log scale {knowing} {cite('love2014')}."
    else:
        text = "For figures and clustering, normalised counts were transformed to log2(count + 1)."
    text += f" Principal components were computed from the {quality['top_genes']:,} most variable genes."
    adjusted = facts_of(records, "adjust_transformed")
    surrogates = [f"surrogate_{k + 1}" for k in range(facts_of(records, "estimate_surrogates").get("number", 0))]
    removed = [*batch["columns"], *surrogates]
    if not removed:
        return text
    names = series(removed)
    modelled = [name for name in batch["columns"] if name in parse_formula(settings["design"]["formula"]).columns]
    if modelled:
        text += f" Batches ({series(modelled)}) were accounted for in the test by terms of the design."
    if not adjusted:
        return text
    if batch["method"] == "combat_seq" and batch["columns"]:
        package = f"InMoose {versions['inmoose']} " if "inmoose" in versions else ""
        how = f"ComBat-seq as implemented in {package}{cite('zhang2020', 'behdenna2023')}"
    else:
        how = (
            f"a linear model that keeps the terms of the design, as in limma's removeBatchEffect {cite('ritchie2015')}"
        )
    were = "was" if len(removed) == 1 else "were"
    return f"{text} In figures marked as adjusted, {names} {were} removed by {how}; no test used adjusted values."


def _identity_sentences(settings, records) -> str:
    facts = facts_of(records, "check_identity")
    parts = []
    if facts.get("sexes") and settings["qc"]["sex_column"]:
        parts.append(
            "The sex of each sample was told from the reads of genes of the Y chromosome relative to their X "
            f"homologues and from XIST, and compared with the column {settings['qc']['sex_column']}."
        )
    compared = facts.get("subjects", {})
    if compared.get("n_genes"):
        removed = f" without the effects of {series(compared['removed'])}" if compared["removed"] else ""
        parts.append(
            f"Samples were compared with those of the same subject ({settings['qc']['subject_column']}) and of others "
            f"by the correlation of transformed values{removed} over the {counted(compared['n_genes'], 'gene')} that "
            "vary most."
        )
    return sentences(*parts)


def _annotation_sentences(records) -> str:
    facts = facts_of(records, "annotate_genes")
    if not facts.get("source"):
        return ""
    release = f" ({facts['release']})" if facts.get("release") else ""
    fraction = f"{facts['mapped_fraction_of_tested']:.1%}"
    return f"Genes were annotated from a local table{release}, which holds {fraction} of the tested genes. "


def _table_sentences(settings, records, versions, cite) -> str:
    has_lengths = facts_of(records, "ingest_counts").get("length_correction") == "offset"
    names = settings["normalize"]["tables"]
    if not names:
        return ""
    parts = []
    for name in names:
        words, keys = TABLES[name].words, TABLES[name].citations
        if name == "normalized" and has_lengths:
            words = "counts divided by size factors and relative transcript lengths"
        if name == "cpm" and "scanpy" in versions:
            words, keys = f"{words} (Scanpy {versions['scanpy']})", ("wolf2018",)
        parts.append(f"{words} {cite(*keys)}" if keys else words)
    return f"Normalised tables for inspection hold {series(parts)}; none of them entered a test."


def _software_sentence(versions: pd.Series) -> str:
    named = [f"{name} {versions[name]}" for name in NAMED_PACKAGES if name in versions]
    return f"Computations ran on Python {versions['python']}" + (f" with {series(named)}." if named else ".")
