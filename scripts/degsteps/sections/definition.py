"""One definition of a result that a stage reports.

A stage has a `section.py` with one :class:`Section` for each result that is there or not: the stage itself, and every
step that can be off. The report loops over them (`report/sections.py`): page, spreadsheet, methods, verdicts and the
purposes of files are made from these records and from nothing else.

Functions of a section get the :class:`~degsteps.sections.results.Results` of one analysis. They return nothing where
their step did not run, so that nobody else has to ask whether it did.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pandas as pd

from degsteps.sections.citations import Citations
from degsteps.sections.grids import Grid
from degsteps.sections.results import Results

#: From the worst: what must be settled, what should be looked at, what is worth knowing, what is fine.
STATUSES = ("bad", "warn", "note", "ok")
#: For :attr:`File.text`: every column stays as it stands in the file.
EVERY_COLUMN = ("*",)


@dataclass(frozen=True)
class File:
    """A file of a stage, or several of one kind.

    Attributes
    ----------
    pattern : regular expression of the whole path below the folder of the stage, or of a set of samples in it.
    purpose : what it is for, in a sentence.
    text : for a table that the report reads: columns that are text even if they look like numbers.
    is_of_genes : whether it is a result table of genes: annotation as text, then results as numbers.
    is_rest : whether this is said only of files that no other definition of any section describes.
    stage : in whose folder it lies, where that is not the stage of the section.
    completed_in : stage in whose folder a file of the same name holds all of it and more, if there is one.
    """

    pattern: str
    purpose: str
    text: tuple[str, ...] = ()
    is_of_genes: bool = False
    is_rest: bool = False
    stage: str = ""
    completed_in: str = ""


@dataclass(frozen=True)
class Table:
    """What the columns of a table mean, or of several of one kind.

    Attributes
    ----------
    pattern : as of a :class:`File`; the first one that fits is taken.
    columns : meaning by the name of the column, or by a regular expression of the whole name: what its first group
        matches takes the place of `{}`.
    rest : what all other columns are; blank if there are none.
    """

    pattern: str
    columns: Mapping[str, str]
    rest: str = ""


class Verdict(NamedTuple):
    """What a reader should know before trusting the results.

    Attributes
    ----------
    check : which check this is; one of many of a kind is ``kind: subject``.
    status : one of `STATUSES`.
    finding, advice : a sentence, and what to do; blank if nothing.
    short : of one of many of a kind, what is the case in some words, as others of the kind have it too: how often it is
        said is what a reader sees first.
    """

    check: str
    status: str
    finding: str
    advice: str = ""
    short: str = ""


@dataclass(frozen=True)
class Column:
    """A column that a step adds to the result tables of contrasts.

    Attributes
    ----------
    name, label, meaning : in the table, on the page and in the spreadsheet.
    kind : `text`, `mean`, `fold` or `p`.
    after : the column that it follows on the page; blank for the end.
    is_rare : the page shows it only where it says something.
    """

    name: str
    label: str
    meaning: str
    kind: str = "text"
    after: str = ""
    is_rare: bool = False


@dataclass(frozen=True)
class Sheet:
    """One sheet of the spreadsheet; the index of the table is the first column.

    Attributes
    ----------
    name, meaning : its name and what it is.
    frozen : columns that stay in sight.
    called_below : adjusted p-value below which genes are coloured, with the fold change that they must reach.
    kinds : format of a column, by its name.
    is_result : whether it stands among the results, before the samples. Such sheets may have any name, because
        users name them: it is made legal and unique. All others stand at the end, by name.
    """

    name: str
    meaning: str
    table: pd.DataFrame
    frozen: int = 1
    called_below: tuple[float, float] | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    is_result: bool = False


# ---- what a chapter of the page is made of


class Strong(str):
    """Words of a paragraph that are set in bold."""


class Code(str):
    """Words of a paragraph that are set as code."""


class Link(NamedTuple):
    """Words of a paragraph that lead to a file beside the page."""

    words: str
    file: str


@dataclass(frozen=True)
class Paragraph:
    """Text of runs; a line break in the text is one in the source of the page, which readers do not see."""

    form: ClassVar[str] = "paragraph"
    runs: tuple[str | Link, ...]
    style: str = ""

    @property
    def is_long(self) -> bool:
        """Whether the text stands on several lines."""
        return any("\n" in run for run in self.runs if isinstance(run, str))


def text(*runs: str | Link, style: str = "") -> Paragraph:
    """Return a paragraph."""
    return Paragraph(runs, style)


def hint(*runs: str | Link) -> Paragraph:
    """Return a paragraph that explains what stands above it."""
    return Paragraph(runs, "hint")


@dataclass(frozen=True)
class Heading:
    """A heading inside of a chapter."""

    form: ClassVar[str] = "heading"
    words: str


@dataclass(frozen=True)
class Gap:
    """An empty line in the source of the page."""

    form: ClassVar[str] = "gap"


@dataclass(frozen=True)
class Figure:
    """A figure, as PNG, as SVG or as both, with title and reading aid."""

    form: ClassVar[str] = "figure"
    paths: tuple[Path, ...]
    title: str
    caption: str


@dataclass(frozen=True)
class SearchTable:
    """A table that the page's script searches, sorts and opens row by row.

    Attributes
    ----------
    label : what it holds, for readers who do not see it.
    data : what the script gets: `columns` (name, label, kind), `rows`, `addresses` of the rows, `genes` (label, id,
        fold change, adjusted p) and which of them are `members` of each row, the column it is sorted by (`sort`), and
        the number of the contrast whose genes these are.
    grid : the first rows, for readers and printers without scripts.
    """

    form: ClassVar[str] = "search"
    label: str
    data: Mapping[str, Any]
    grid: Grid


Block = Paragraph | Heading | Gap | Figure | Grid | SearchTable


def figures(results: Results, place: str, title: str, caption: str) -> list[Figure]:
    """Return the figure at a place (`stage/name`, without ending), or nothing if there is none."""
    paths = results.figures.get(place)
    return [Figure(tuple(paths), title, caption)] if paths else []


@dataclass(frozen=True)
class Chapter:
    """A chapter of the page: the name of its anchor, its heading, and its name in the contents if that is shorter."""

    id: str
    title: str
    short_title: str = ""


# ---- the record


def _nothing(_results: Results) -> tuple[()]:
    return ()


@dataclass(frozen=True)
class Section:
    """Everything that the report says of one result of a stage.

    Attributes
    ----------
    stage : name of the stage (`basics/paths.STAGES`).
    name : of this section; unique.
    title : of the stage in the list of files; one section of each stage has it.
    files : what lies in the folder.
    chapter : a chapter of the page that begins with this section.
    blocks : what this section adds to chapters, by their id, in the order of the sections.
    of_contrast : what it adds below the genes of each contrast: what the calls depend on.
    sentences : what it adds to paragraphs of the methods, by their name; blank if nothing.
    citations : references by key (author and year) that the sentences cite, where no other section has them.
    verdicts : what to know before reading the results.
    checks : titles of these verdicts, by kind.
    columns : what it adds to the tables of contrasts.
    sheets : what it adds to the spreadsheet.
    tables : what the columns of tables in the folder of the stage mean, but for those of result tables.
    """

    stage: str
    name: str
    title: str = ""
    files: Sequence[File] = ()
    chapter: Chapter | None = None
    blocks: Mapping[str, Callable[[Results], Iterable[Block]]] = field(default_factory=dict)
    of_contrast: Callable[[Results, str], Iterable[Block]] | None = None
    sentences: Mapping[str, Callable[[Results, Citations], str]] = field(default_factory=dict)
    citations: Mapping[str, str] = field(default_factory=dict)
    verdicts: Callable[[Results], Iterable[Verdict]] = _nothing
    checks: Mapping[str, str] = field(default_factory=dict)
    columns: Sequence[Column] = ()
    sheets: Callable[[Results], Iterable[Sheet]] = _nothing
    tables: Sequence[Table] = ()
