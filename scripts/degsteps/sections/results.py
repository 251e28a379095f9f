"""The results of one analysis, as sections read them."""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from degsteps.basics.paths import STAGES, stage_folder
from degsteps.sections.accounts import Account
from degsteps.sections.recorded import facts_of, facts_of_all, software_versions

_STAGES = {stage_folder(stage): stage for stage in STAGES}
_FIGURES = (".png", ".svg")


def place_of(path: Path | str) -> str:
    """Return where a file lies, wherever the results are: ``stage/name``; ``folder/name`` outside of the stages."""
    parts = Path(path).parts
    start = next((i for i in reversed(range(len(parts) - 1)) if parts[i] in _STAGES), max(len(parts) - 2, 0))
    return "/".join([_STAGES.get(parts[start], parts[start]), *parts[start + 1 :]])


class StoredTables(Mapping[str, pd.DataFrame]):
    """The tables of an analysis by their place, each read when it is first looked at.

    Parameters
    ----------
    files : paths by place.
    read : gives the table of a place and a path.
    """

    def __init__(self, files: Mapping[str, Path], read: Callable[[str, Path], pd.DataFrame]) -> None:
        self._files = {place: path for place, path in files.items() if path.suffix == ".tsv"}
        self._read = read
        self._tables: dict[str, pd.DataFrame] = {}

    def __getitem__(self, place: str) -> pd.DataFrame:
        if place not in self._tables:
            self._tables[place] = self._read(place, self._files[place])
        return self._tables[place]

    def __contains__(self, place: object) -> bool:
        return place in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


@dataclass(frozen=True)
class Results:
    """What an analysis has left behind.

    Attributes
    ----------
    settings : the whole analysis.
    records : of all steps before the report, in the order of the flow.
    design : summary of the design check, with the compiled contrasts of all sample sets.
    accounts : of samples and genes.
    workflow_versions : of ``degsteps`` and ``snakemake``.
    contrasts : annotated result tables by the name of the contrast, in the order of the settings.
    tables : all tables by place (``qc/libraries.tsv``), as their sections' definitions say that they are read.
    files : paths of tables and figures by place.
    """

    settings: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]
    design: Mapping[str, Any]
    accounts: Sequence[Account] = ()
    workflow_versions: Mapping[str, str] = field(default_factory=dict)
    contrasts: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)

    def facts(self, step: str) -> dict[str, Any]:
        """Return the facts that a step recorded, or an empty mapping where it did not run."""
        return facts_of(self.records, step)

    def facts_of_all(self, step: str) -> list[dict[str, Any]]:
        """Return the facts of a step that runs several times, in the order of the records."""
        return facts_of_all(self.records, step)

    @cached_property
    def versions(self) -> pd.Series:
        """Versions of Python and of the packages that the steps loaded."""
        return software_versions(self.records)["version"]

    @cached_property
    def account(self) -> dict[tuple[str, str], Account]:
        """Accounts by unit (samples or genes) and stage."""
        return {(account.unit, account.stage): account for account in self.accounts}

    @cached_property
    def figures(self) -> dict[str, list[Path]]:
        """Figure files by place without ending, in the order of the files."""
        by_place: dict[str, list[Path]] = {}
        for place, path in self.files.items():
            if path.suffix in _FIGURES:
                by_place.setdefault(place.removesuffix(path.suffix), []).append(path)
        return by_place

    def result_place(self, contrast: str) -> str:
        """Return where the result table of a contrast lies: annotated, or as tested where nothing was added to it."""
        return result_place(contrast, self.files)

    def table(self, place: str) -> pd.DataFrame | None:
        """Return the table at a place, or None if there is none."""
        return self.tables.get(place)

    def tables_like(self, pattern: str) -> dict[str, pd.DataFrame]:
        """Return the tables whose place fits a pattern, by what its first group matches."""
        return {match[1]: self.tables[match[0]] for match in matches(self.tables, pattern)}


def result_place(contrast: str, places: Container[str]) -> str:
    """Return the place of the result table of a contrast, among places of files."""
    annotated = f"annotate/{contrast}.tsv"
    return annotated if annotated in places else f"test/{contrast}.tsv"


def matches(places: Iterable[str], pattern: str) -> list[re.Match[str]]:
    """Return the matches of those places that fit a pattern as a whole, in their order."""
    fitting = (re.fullmatch(pattern, place) for place in places)
    return [match for match in fitting if match]


def used_columns(settings: Mapping[str, Any]) -> list[str]:
    """Return the columns of the sample sheet that the analysis uses: no other one is shown."""
    design = settings["design"]
    columns = [*design["factors"], *design["covariates"], *settings["batch"]["columns"], *settings["qc"]["color_by"]]
    return list(dict.fromkeys(columns))


def removed_columns(results: Results) -> list[str]:
    """Return the batches and surrogate variables, which are taken out of values for figures."""
    number = results.facts("estimate_surrogates").get("number", 0)
    return [*results.settings["batch"]["columns"], *(f"surrogate_{k + 1}" for k in range(number))]
