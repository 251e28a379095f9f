"""The methods of one analysis in words, with the values that it ran with and references to what it used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from degsteps.report.sections import SECTIONS, references
from degsteps.sections.citations import Citations, escape_markdown, sentences, series
from degsteps.sections.definition import Section
from degsteps.sections.results import Results

#: Packages that decide about numbers; what they bring along is in the versions table, not in the paragraph.
NAMED_PACKAGES = ("numpy", "scipy", "pandas", "anndata", "pydeseq2", "scanpy", "inmoose", "matplotlib")
#: Parts of each paragraph, in their order; parts that only sections name make paragraphs of their own after these.
PARAGRAPHS = (("data",), ("counts",), ("model", "design", "test"), ("figures",), ("annotation", "tables"))


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


def methods_text(results: Results, sections: Sequence[Section] = SECTIONS) -> Methods:
    """Write the methods of an analysis."""
    cite = Citations()
    in_order = [part for paragraph in PARAGRAPHS for part in paragraph]
    others = dict.fromkeys(part for section in sections for part in section.sentences if part not in in_order)
    paragraphs = [
        sentences(*_parts(results, paragraph, sections, cite))
        for paragraph in (*PARAGRAPHS, *((part,) for part in others))
    ]
    paragraphs.append(_software_sentence(results.versions))
    by_key = references(sections)
    return Methods(tuple(text for text in paragraphs if text), tuple(by_key[key] for key in cite.keys))


def _parts(results: Results, paragraph: Sequence[str], sections: Sequence[Section], cite: Citations) -> Iterator[str]:
    for part in paragraph:
        for section in sections:
            if part in section.sentences:
                yield section.sentences[part](results, cite)


def _software_sentence(versions: pd.Series) -> str:
    named = [f"{name} {versions[name]}" for name in NAMED_PACKAGES if name in versions]
    return f"Computations ran on Python {versions['python']}" + (f" with {series(named)}." if named else ".")
