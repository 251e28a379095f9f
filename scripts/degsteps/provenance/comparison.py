"""Compare two versions or two runs: which genes moved across the threshold, and why.

The cause of each move is read from the records and the tables of both sides, from the gene outwards: was it counted,
was it kept, did it get a p-value; then what its p-value depends on, in the order of the flow.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.basics.paths import stage_folder
from degsteps.provenance.seal import flat_settings
from degsteps.provenance.set_comparison import compare_sets
from degsteps.provenance.verification import read_manifest
from degsteps.tables import read_matrix, read_table

#: Causes in the order of the flow, which is the order in which they are considered.
CAUSES = {
    "genes": "The gene is in the given counts of one side only.",
    "samples": "Other samples are analysed.",
    "counts": "The gene's counts differ in the samples that both sides have.",
    "filter": "The gene, or others that its dispersion is estimated with, passed the filter on one side only.",
    "design": "The design, a reference level or the definition of the contrast differs.",
    "size_factor": "The size factors of the same samples differ.",
    "outlier": "The gene has an outlier count on one side only, and no p-value there.",
    "settings": "Engine or test settings differ.",
    "version": "Code, Python or packages differ.",
    "independent_filtering": "Independent filtering gave the gene an adjusted p-value on one side only.",
    "multiple_testing": "Same p-value; the adjustment is over other genes or p-values.",
    "threshold": "Same adjusted p-value and fold change; the thresholds differ.",
    "unknown": "Nothing that is recorded differs.",
}
#: Relative differences below this are rounding.
ROUNDING = 1e-9
#: Whose test against a bound it was before records said so.
_UNRECORDED_BOUND = "DESeq2 up to 1.42"
#: Settings that change fits and p-values, besides design, filter, samples and size factors.
_TEST_KEYS = ("engine", "compatibility", "fit_type", "cooks_filter")


@dataclass(frozen=True)
class Side:
    """One of the two results folders."""

    root: Path
    manifest: Mapping[str, Any]

    @classmethod
    def read(cls, root: Path) -> "Side":
        """Read the manifest of a results folder; tables are read when they are asked for."""
        return cls(root, read_manifest(root))

    @property
    def settings(self) -> Mapping[str, Any]:
        """All settings of the analysis."""
        return self.manifest["settings"]

    @property
    def name(self) -> str:
        """Name and version of the analysis."""
        return f"{self.settings['name']} {self.settings['version']}"

    def path(self, stage: str, name: str) -> Path:
        """Return the path of one file of a stage."""
        return self.root / stage_folder(stage) / name

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Counts of all genes as read, genes x samples."""
        return read_matrix(self.path("ingest", "counts.parquet"))

    @cached_property
    def filter(self) -> pd.DataFrame:
        """What the filter said of every gene."""
        return read_table(self.path("filter", "genes.tsv"), text=("reason",))

    @cached_property
    def size_factors(self) -> pd.Series:
        """Size factor of each sample."""
        return read_table(self.path("normalize", "size_factors.tsv"))["size_factor"]

    @cached_property
    def steps(self) -> dict[str, Mapping[str, Any]]:
        """One record per step; of steps with several jobs the last."""
        return {step["step"]: step for step in self.manifest["steps"]}

    def bound_test(self, contrast: str) -> str | None:
        """Return whose test of an absolute change against a bound a contrast had, as recorded; None without any."""
        own = f"{stage_folder('test')}/{contrast}.tsv"
        tested = (step for step in self.manifest["steps"] if step["step"] == "test_contrast")
        records = [step for step in tested if any(e["path"].endswith(own) for e in step["outputs"].get("table", []))]
        return (records[-1]["facts"] or {}).get("bound_test") if records else None

    def results(self, contrast: str) -> pd.DataFrame:
        """Return the result table of a contrast: annotated, or as tested where nothing was added to it."""
        annotated, tested = (self.path(stage, f"{contrast}.tsv") for stage in ("annotate", "test"))
        table = read_table(annotated if annotated.is_file() else tested, text=("symbol", "na_reason"))
        return table if "symbol" in table else table.assign(symbol="")

    def is_called(self, results: pd.DataFrame) -> pd.Series:
        """Return which genes pass this side's thresholds."""
        test = self.settings["test"]
        return (results["padj"] < test["alpha"]) & (results["log2_fold_change"].abs() >= test["min_log2_fold_change"])


def compare(first_root: Path, second_root: Path) -> dict[str, Any]:
    """Compare two results folders.

    Returns
    -------
    dict
        ``first``, ``second``: what is compared; ``differences``: what differs outside of the contrasts; ``contrasts``:
        per contrast the numbers of called genes, their Jaccard index, the differences of fold changes, every gene
        that moved across the threshold with its cause and what else differs, and the sets of genes that came and went.

    Raises
    ------
    DataError
        if a folder has no manifest, or the two have no contrast in common.
    """
    first, second = Side.read(first_root), Side.read(second_root)
    names = [list(side.settings["test"]["contrasts"]) for side in (first, second)]
    common = [name for name in names[0] if name in names[1]]
    if not common:
        listed = "; ".join(", ".join(side) for side in names)
        raise DataError(
            f"{first_root} and {second_root}: have no contrast in common ({listed}). "
            "Give the contrasts that should be compared the same name."
        )
    differences = whole_differences(first, second)
    return {
        "first": {"results": str(first_root), "name": first.name},
        "second": {"results": str(second_root), "name": second.name},
        "differences": differences,
        "only_first": [name for name in names[0] if name not in common],
        "only_second": [name for name in names[1] if name not in common],
        "contrasts": {name: compare_contrast(first, second, name, differences) for name in common},
    }


def whole_differences(first: Side, second: Side) -> dict[str, Any]:
    """Return what differs between two sides: settings, given files, samples, genes, size factors, code, packages."""
    old, new = flat_settings(first.settings), flat_settings(second.settings)
    places = ("name", "file", "version")
    settings = {
        key: [old.get(key), new.get(key)]
        for key in sorted(old.keys() | new.keys())
        if key not in places and old.get(key) != new.get(key)
    }
    samples = [set(side.counts.columns) for side in (first, second)]
    given = [{entry["path"]: entry["sha256"] for entry in side.manifest["given"]} for side in (first, second)]
    versions = {
        kind: {
            step: [record[kind], second.steps[step][kind]]
            for step, record in first.steps.items()
            if step in second.steps and record[kind] != second.steps[step][kind]
        }
        for kind in ("code", "python", "platform")
    }
    packages = {
        name: pair
        for step, record in first.steps.items()
        if step in second.steps
        for name, pair in _version_changes(record["packages"], second.steps[step]["packages"]).items()
    }
    return {
        "settings": settings,
        "given_files": sorted(
            path for path in given[0].keys() | given[1].keys() if given[0].get(path) != given[1].get(path)
        ),
        "samples": {"only_first": sorted(samples[0] - samples[1]), "only_second": sorted(samples[1] - samples[0])},
        "genes_kept": {
            "only_first": int((~_kept(first).index.isin(_kept(second).index)).sum()),
            "only_second": int((~_kept(second).index.isin(_kept(first).index)).sum()),
        },
        "largest_size_factor_change": _size_factor_change(first.size_factors, second.size_factors),
        **versions,
        "packages": packages,
    }


def _kept(side: Side) -> pd.DataFrame:
    return side.filter[side.filter["kept"]]


def _version_changes(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, list[str | None]]:
    return {name: [old[name], new[name]] for name in sorted(old.keys() & new.keys()) if old[name] != new[name]}


def _size_factor_change(old: pd.Series, new: pd.Series) -> float:
    """Return the largest relative change of the common samples' size factors."""
    common = old.index.intersection(new.index)
    return float((new[common] / old[common] - 1).abs().max()) if len(common) else 0.0


def compare_contrast(first: Side, second: Side, name: str, differences: Mapping[str, Any]) -> dict[str, Any]:
    """Compare the tables of one contrast; see :func:`compare`."""
    tables = [side.results(name) for side in (first, second)]
    called = [side.is_called(table) for side, table in zip((first, second), tables, strict=True)]
    sets = [set(found.index[found]) for found in called]
    moved = sorted(sets[0] ^ sets[1])
    both, either = sets[0] & sets[1], sets[0] | sets[1]
    common = tables[0].index.intersection(tables[1].index)
    changes = [table.loc[common, "log2_fold_change"] for table in tables]
    gaps = (changes[1] - changes[0]).dropna()
    causes = _Causes(first, second, name, tables, differences)
    entries = [_moved_entry(gene, gene in sets[1], tables, causes) for gene in moved]
    symbols = [table["symbol"].reindex(common).fillna("") for table in tables]
    renamed = common[(symbols[0] != symbols[1]).to_numpy() & common.isin(either)]
    return {
        "called_first": len(sets[0]),
        "called_second": len(sets[1]),
        "called_both": len(both),
        # Two empty lists agree.
        "jaccard": len(both) / len(either) if either else 1.0,
        "opposite_direction": sorted(gene for gene in both if np.sign(changes[0][gene]) != np.sign(changes[1][gene])),
        "log2_fold_change": {
            "genes": len(gaps),
            "median_difference": float(gaps.median()) if len(gaps) else None,
            "largest_difference": float(gaps.abs().max()) if len(gaps) else None,
            "largest_at": str(gaps.abs().idxmax()) if len(gaps) else None,
        },
        "causes": dict(Counter(entry["cause"] for entry in entries).most_common()),
        "moved": entries,
        "sets": compare_sets((first.root, second.root), (first.settings, second.settings), name),
        # Another annotation moves no gene across the threshold, but a reader who looks for symbols sees it move.
        "renamed": [
            {"gene": gene, "symbol_first": symbols[0][gene], "symbol_second": symbols[1][gene], "cause": "annotation"}
            for gene in sorted(renamed)
        ],
    }


def _moved_entry(gene: str, gained: bool, tables: list[pd.DataFrame], causes: "_Causes") -> dict[str, Any]:
    entry: dict[str, Any] = {"gene": gene, "symbol": "", "called_in": "second" if gained else "first"}
    for side, table in zip(("first", "second"), tables, strict=True):
        row = table.loc[gene] if gene in table.index else None
        for column in ("log2_fold_change", "pvalue", "padj"):
            value = None if row is None or pd.isna(row[column]) else float(row[column])
            entry[f"{column}_{side}"] = value
        entry["symbol"] = entry["symbol"] or ("" if row is None else row["symbol"])
    found = causes.of(gene)
    return entry | {"cause": found[0][0], "why": found[0][1], "also": [cause for cause, _ in found[1:]]}


class _Causes:
    """Everything that differs for a gene between two sides, most likely cause first."""

    def __init__(
        self, first: Side, second: Side, contrast: str, tables: list[pd.DataFrame], differences: Mapping[str, Any]
    ) -> None:
        self.sides = (first, second)
        self.tables = tables
        self.differences = differences
        settings = [side.settings for side in self.sides]
        self.common_samples = first.counts.columns.intersection(second.counts.columns)
        self.samples = differences["samples"]["only_first"] or differences["samples"]["only_second"]
        self.design = [key for key in differences["settings"] if key.startswith("design.")]
        self.design += [f"test.contrasts.{contrast}"] * (
            settings[0]["test"]["contrasts"][contrast] != settings[1]["test"]["contrasts"][contrast]
        )
        self.test = [
            f"test.{key}" for key in _TEST_KEYS if settings[0]["test"].get(key) != settings[1]["test"].get(key)
        ]
        bounds = [side.bound_test(contrast) for side in self.sides]
        self.bounds = [bound or _UNRECORDED_BOUND for bound in bounds] if any(bounds) else []
        self.filtered = bool(sum(differences["genes_kept"].values()))
        steps = ("estimate_size_factors", "fit_model", "test_contrast")
        self.versions = [f"code of {step}" for step in steps if step in differences["code"]]
        self.versions += [f"{name} {old} / {new}" for name, (old, new) in differences["packages"].items()]
        self.versions += ["Python"] * bool(differences["python"]) + ["platform"] * bool(differences["platform"])

    def of(self, gene: str) -> list[tuple[str, str]]:
        """Return causes with a sentence each; at least one."""
        counted = [gene in side.counts.index for side in self.sides]
        if not all(counted):
            return [("genes", f"The gene is not in the counts of the {_lacking(counted)}."), *self._upstream(gene)]
        kept = [bool(side.filter.at[gene, "kept"]) for side in self.sides]
        if not all(kept):
            side = self.sides[kept.index(False)]
            reason = side.filter.at[gene, "reason"]
            sentence = f"The filter of the {_lacking(kept)} dropped it ({reason})."
            keys = [key for key in self.differences["settings"] if key.startswith("filter.")]
            found = [("filter", sentence + (f" Other settings: {', '.join(keys)}." if keys else ""))]
            # Without another rule, what the rule was applied to must have changed.
            upstream = self._upstream(gene)
            return [*found, *upstream] if keys or not upstream else [*upstream, *found]
        rows = [table.loc[gene] for table in self.tables]
        tested = [bool(pd.notna(row["pvalue"])) for row in rows]
        if not all(tested):
            reason = rows[tested.index(False)]["na_reason"]
            cause = "outlier" if reason == "count_outlier" else "settings"
            own = (cause, f"It has no p-value in the {_lacking(tested)} ({reason}).")
            return [own, *self._of_p_values(gene)]
        if not _is_same(rows[0]["pvalue"], rows[1]["pvalue"]):
            return self._of_p_values(gene) or [("unknown", CAUSES["unknown"])]
        adjusted = [bool(pd.notna(row["padj"])) for row in rows]
        if not all(adjusted):
            sentence = f"Same p-value; independent filtering left it out in the {_lacking(adjusted)}."
            return [("independent_filtering", sentence), *self._of_p_values(gene)]
        if not _is_same(rows[0]["padj"], rows[1]["padj"]):
            sentence = "Same p-value; it is adjusted together with other genes."
            return [("multiple_testing", sentence), *self._of_p_values(gene)]
        keys = [key for key in ("test.alpha", "test.min_log2_fold_change") if key in self.differences["settings"]]
        return [("threshold", f"Same numbers; {' and '.join(keys) or 'the threshold'} differs.")]

    def _upstream(self, gene: str) -> list[tuple[str, str]]:
        """Return what differs in the data themselves."""
        found = []
        if self.samples:
            only = [f"only the {side}: {', '.join(names)}" for side, names in self._sample_sets() if names]
            found.append(("samples", f"Other samples are analysed ({'; '.join(only)})."))
        rows = [side.counts.loc[gene, self.common_samples] for side in self.sides if gene in side.counts.index]
        if len(rows) == 2 and not rows[0].equals(rows[1]):
            found.append(("counts", CAUSES["counts"]))
        return found

    def _sample_sets(self) -> list[tuple[str, list[str]]]:
        samples = self.differences["samples"]
        return [("first", samples["only_first"]), ("second", samples["only_second"])]

    def _of_p_values(self, gene: str) -> list[tuple[str, str]]:
        """Return what differs among the things that a p-value depends on, in the order of the flow."""
        found = self._upstream(gene)
        if self.filtered:
            kept = self.differences["genes_kept"]
            sentence = f"The filters kept other genes ({kept['only_first']:,} only in the first, "
            found.append(("filter", f"{sentence}{kept['only_second']:,} only in the second): dispersions move."))
        if self.design:
            found.append(("design", f"These differ: {', '.join(self.design)}."))
        change = self.differences["largest_size_factor_change"]
        if change > ROUNDING:
            found.append(("size_factor", f"Size factors differ by up to {change:.2%}."))
        if len(set(self.bounds)) > 1:
            sentence = "The test of an absolute fold change against a bound is that of {} in the first, of {} in the "
            found.append(("settings", sentence.format(*self.bounds) + "second."))
        if self.test:
            found.append(("settings", f"These differ: {', '.join(self.test)}."))
        if self.versions:
            found.append(("version", f"These differ: {', '.join(self.versions)}."))
        return found


def _lacking(has: list[bool]) -> str:
    return ("first", "second")[has.index(False)]


def _is_same(first: float, second: float) -> bool:
    return abs(first - second) <= ROUNDING * max(abs(first), abs(second))
