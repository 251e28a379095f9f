"""What tables of settings share: their keys, the analyses that they make, the run of these, and what differs."""

import copy
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from tests.conftest import run_snakemake


def leaves(schema: dict[str, Any], prefix: str = "") -> list[str]:
    """Return the dotted keys of all settings."""
    found = []
    entries = dict(schema.get("properties", {}))
    rest = schema.get("additionalProperties")
    if isinstance(rest, dict) and "properties" in rest:
        entries["<name>"] = rest
    for key, part in entries.items():
        path = f"{prefix}{key}"
        inner = leaves(part, f"{path}.")
        found += inner or [path]
    return found


def changed(base: dict, settings: dict[str, Any]) -> dict:
    """Return a copy of an analysis with settings given by dotted keys."""
    content = copy.deepcopy(base)
    for key, value in settings.items():
        place = content
        *folders, last = key.split(".")
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = copy.deepcopy(value)
    return content


class Variants:
    """Analyses by the settings that they are run in: settings that several cases need are run once.

    Parameters
    ----------
    named : a name and settings, by dotted keys; the first name of the same settings is theirs.

    Attributes
    ----------
    settings : by the name of the analysis; ``base`` is that without any.
    """

    def __init__(self, named: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        self._names = {json.dumps({}): "base"}
        for name, settings in named:
            self._names.setdefault(self._text(settings), name.replace(".<name>", "").replace(".", "-"))
        self.settings = {name: json.loads(text) for text, name in self._names.items()}

    def name(self, settings: Mapping[str, Any]) -> str:
        """Return the name of the analysis in which settings are run."""
        return self._names[self._text(settings)]

    @staticmethod
    def _text(settings: Mapping[str, Any]) -> str:
        return json.dumps(settings, sort_keys=True)


def run_variants(folder: Path, names: Iterable[str], targets: Mapping[str, Iterable[str]]) -> None:
    """Run analyses of a folder up to some files of each."""
    names = list(names)
    listed = [f"config/analyses/{name}.yaml" for name in names]
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump({"analyses": listed}))
    files = [f"results/{name}/1.0/{file}" for name in names for file in sorted(targets[name])]
    done = run_snakemake(folder, "--keep-going", "--", *files)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]


def read_values(path: Path) -> pd.DataFrame:
    """Return a table; a column is of numbers only if all of it is."""
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, sep="\t")


def differ_beyond_rounding(first: pd.DataFrame, second: pd.DataFrame) -> bool:
    """Return whether tables differ by more than other machines or libraries would make of the same settings."""
    if not first.index.equals(second.index) or not first.columns.equals(second.columns):
        return True
    for name in first:
        one, other = first[name], second[name]
        if all(map(pd.api.types.is_numeric_dtype, (one, other))):
            if not np.allclose(one.astype(float), other.astype(float), rtol=1e-9, atol=1e-12, equal_nan=True):
                return True
        elif not one.equals(other):
            return True
    return False
