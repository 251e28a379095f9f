"""The methods of one analysis in words, with the values that it ran with and references to what it used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from degsteps.report.bibtex import bibliography
from degsteps.report.section import accessions, data_reference
from degsteps.report.sections import SECTIONS, references
from degsteps.report.software import software_sentence, title_of, used_packages
from degsteps.sections.citations import Citations, escape_markdown, sentences
from degsteps.sections.definition import Section
from degsteps.sections.results import Results

#: Parts of each paragraph, in their order; parts that only sections name make paragraphs of their own after these.
PARAGRAPHS = (("data",), ("counts",), ("model", "design", "test"), ("figures",), ("annotation", "tables"))


@dataclass(frozen=True)
class Methods:
    """Paragraphs of plain text with numbered citations, and the references in the order of their numbers.

    Attributes
    ----------
    keys : of the references.
    accessions : of the data.
    software : versions by name: what ran the analysis, and the packages that its steps computed with.
    """

    paragraphs: tuple[str, ...]
    references: tuple[str, ...]
    keys: tuple[str, ...] = ()
    accessions: tuple[str, ...] = ()
    software: Mapping[str, str] = field(default_factory=dict)

    def as_bibtex(self) -> str:
        """Return the references, the data and the software as BibTeX."""
        return bibliography(dict(zip(self.keys, self.references, strict=True)), list(self.accessions), self.software)

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


def methods_text(results: Results, sections: Sequence[Section] = SECTIONS) -> Methods:
    """Write the methods of an analysis."""
    cite = Citations()
    in_order = [part for paragraph in PARAGRAPHS for part in paragraph]
    others = dict.fromkeys(part for section in sections for part in section.sentences if part not in in_order)
    paragraphs = [
        sentences(*_parts(results, paragraph, sections, cite))
        for paragraph in (*PARAGRAPHS, *((part,) for part in others))
    ]
    by_key = references(sections) | data_reference(results.settings)
    python = results.versions["python"]
    paragraphs.append(software_sentence(results.records, python, cite, by_key))
    packages = {title_of(name): version for name, version in used_packages(results.records).items()}
    return Methods(
        tuple(text for text in paragraphs if text),
        tuple(by_key[key] for key in cite.keys),
        tuple(cite.keys),
        tuple(accessions(results.settings)),
        {**results.workflow_versions, "python": python, **packages},
    )


def _parts(results: Results, paragraph: Sequence[str], sections: Sequence[Section], cite: Citations) -> Iterator[str]:
    for part in paragraph:
        for section in sections:
            if part in section.sentences:
                yield section.sentences[part](results, cite)
