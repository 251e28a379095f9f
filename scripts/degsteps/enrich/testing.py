"""All tests of the sets of one collection in one contrast, side by side: one table, one row per tested set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.engines.multiple_testing import adjust_bh
from degsteps.enrich import calibration, correlation, gsea, length_bias
from degsteps.enrich.camera import camera, competitive
from degsteps.enrich.fry import fry
from degsteps.enrich.over_representation import over_representation, set_sizes
from degsteps.enrich.ranking import called_genes, is_unsigned, statistic

#: Called genes, and others, from which a curve of the call rate over the length is fitted.
FEWEST_CALLED = 10
#: Which p-value orders sets: the first that was computed.
LEADING = ("competitive", "over_both", "over_up", "over_down", "self_contained", "gsea")


@dataclass(frozen=True)
class SetSettings:
    """What of the section `enrich` enters the tests, with what the analysis calls."""

    min_size: int
    max_size: int
    alpha: float
    over_representation: Mapping[str, Any]
    ranked: str
    correlation: str
    rank_by: str
    self_contained: str
    gsea: Mapping[str, Any] | None
    calibration: int
    test_alpha: float
    min_log2_fold_change: float

    @classmethod
    def of(cls, enrich: Mapping[str, Any], calls: Mapping[str, float]) -> "SetSettings":
        """Return the settings of an analysis: its section `enrich`, and `alpha` and fold change of its calls."""
        own = {name: enrich[name] for name in cls.__dataclass_fields__ if name in enrich}
        return cls(**own, test_alpha=calls["alpha"], min_log2_fold_change=calls["min_log2_fold_change"])


@dataclass(frozen=True)
class ContrastData:
    """One contrast: what was tested, and the values of its samples.

    Attributes
    ----------
    name, definition : of the contrast.
    table : its result table, genes in rows.
    values : transformed values, genes x samples.
    design : samples x coefficients, as it was tested.
    weights : of the coefficients.
    precision : `block` and `correlation` of samples of one subject, where that was modelled.
    groups : of two groups compared without further terms, which samples are of the one named first (True) and of the
        other (False), by sample; else None.
    directions : of a test without direction, how many coefficients it tests together; else None.
    """

    name: str
    definition: Mapping[str, Any]
    table: pd.DataFrame = field(repr=False)
    values: pd.DataFrame = field(repr=False)
    design: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)
    precision: Mapping[str, Any] = field(default_factory=dict)
    groups: Mapping[str, bool] | None = None
    directions: int | None = None


@dataclass(frozen=True)
class ContrastTests:
    """What the sets of a collection show in one contrast.

    Attributes
    ----------
    sets : rows of the collection that were tested.
    table : their tests.
    facts : of the background, the calls and what cannot be told from the table.
    calibration : what each method would call if nothing were true.
    lengths : of the genes of the background, whether called, and the fitted call rate; None without lengths.
    """

    sets: np.ndarray
    table: pd.DataFrame
    facts: dict[str, Any]
    calibration: pd.DataFrame
    lengths: pd.DataFrame | None


def tested_sets(members: sparse.csr_matrix, is_repeated: np.ndarray, settings: SetSettings) -> np.ndarray:
    """Return the rows of the sets that are tested, by their number of members among the background."""
    sizes = set_sizes(members)
    return np.flatnonzero((sizes >= settings.min_size) & (sizes <= settings.max_size) & ~is_repeated)


def leading_method(settings: SetSettings, unsigned: bool = False) -> str:
    """Return the method whose p-value orders the sets of a contrast."""
    return next(method for method in LEADING if method in methods_of(settings, unsigned))


def methods_of(settings: SetSettings, unsigned: bool = False) -> list[str]:
    """Return the methods of a contrast, as columns of its table name them; without direction some are left."""
    sides = [side for side in settings.over_representation["sides"] if side == "both" or not unsigned]
    methods = ["competitive"] * (settings.ranked != "none")
    methods += ["self_contained"] * (settings.self_contained != "none" and not unsigned)
    methods += [f"over_{side}" for side in sides]
    return methods + ["gsea"] * (settings.gsea is not None and not unsigned)


def contrast_tests(
    members: sparse.csr_matrix,
    is_repeated: np.ndarray,
    contrast: ContrastData,
    in_background: np.ndarray,
    is_tested: np.ndarray,
    settings: SetSettings,
    lengths: np.ndarray | None = None,
    calibration_of: "Calibration | None" = None,
) -> ContrastTests:
    """Test the sets of a collection in one contrast.

    Parameters
    ----------
    members : sets x genes of the universe.
    is_repeated : bool, (sets,)
        Sets that are there already.
    contrast : its table and values have the genes of the universe, in their order; rows without a p-value are blank.
    in_background, is_tested : bool, (genes of the universe,)
        The genes that sets are compared with; all tested ones that stand for their id.
    lengths : ndarray, (genes of the universe,)
        NaN where unknown.
    calibration_of : what is known of the calibration of other contrasts.
    """
    unsigned = is_unsigned(contrast.definition)
    background = np.flatnonzero(in_background)
    of_background = members[:, background]
    chosen = tested_sets(of_background, is_repeated, settings)
    chosen_members = of_background[chosen].tocsr()
    table = contrast.table.iloc[background]
    called = called_genes(contrast.table, settings.test_alpha, settings.min_log2_fold_change)
    calls = {side: each[background] for side, each in called.items()}
    columns: dict[str, Any] = {"size": set_sizes(chosen_members), "background": np.full(len(chosen), len(background))}
    facts: dict[str, Any] = {
        "contrast": contrast.name,
        "unsigned": unsigned,
        "leading": leading_method(settings, unsigned) if methods_of(settings, unsigned) else "",
        "background": len(background),
        "tested_genes": int(is_tested.sum()),
        "sets": len(chosen),
        "called_genes": {side: int(each.sum()) for side, each in calls.items()},
        "call_rate_inside": _share(called["both"], in_background),
        "call_rate_outside": _share(called["both"], is_tested & ~in_background),
        "residual_df": contrast.design.shape[0] - contrast.design.shape[1],
    }
    effects, residuals = _effects(contrast, background)
    ranks = statistic(table, contrast.definition, settings.rank_by)
    if settings.ranked == "camera":
        columns |= _competitive(chosen_members, ranks, residuals, settings, unsigned, facts)
    if "self_contained" in methods_of(settings, unsigned):
        columns |= _self_contained(chosen_members, effects, residuals)
    pwf = None
    if lengths is not None and len(background):
        pwf, facts["length_test"] = _length_bias(lengths[background], calls["both"])
    needs_weights = pwf is not None and settings.over_representation["length_bias"]
    for side in settings.over_representation["sides"]:
        if f"over_{side}" in methods_of(settings, unsigned):
            # Each side has a curve of its own: long genes need not be called upwards and downwards alike.
            weights = length_weights(lengths[background], calls[side]) if needs_weights else None
            columns |= _over_represented(chosen_members, calls[side], side, weights)
    if "gsea" in methods_of(settings, unsigned):
        columns |= _gsea(chosen_members, ranks, table.index, contrast, background, settings)
    result = pd.DataFrame(columns)
    if "direction" not in result:
        result["direction"] = _direction(result, unsigned)
    for method in methods_of(settings, unsigned):
        facts.setdefault("called_sets", {})[method] = int((result[f"padj_{method}"] < settings.alpha).sum())
    key = (contrast.definition.get("sample_set"), background.tobytes(), chosen.tobytes())
    null = (calibration_of or Calibration()).calls(chosen_members, residuals, settings, contrast.directions, key)
    lengths_of = None
    if pwf is not None:
        known = {"length": lengths[background], "called": calls["both"], "weight": pwf}
        lengths_of = pd.DataFrame({"gene": np.asarray(table.index, dtype=str), **known})
    return ContrastTests(chosen, result, facts, null, lengths_of)


def _direction(table: pd.DataFrame, unsigned: bool) -> np.ndarray:
    """Return in which direction sets change, where no ranked test says it."""
    if unsigned:
        return np.full(len(table), "changed", dtype=object)
    if "direction_self_contained" in table:
        return table["direction_self_contained"].to_numpy()
    if {"called_up", "called_down"} <= {*table.columns}:
        more_up = table["called_up"] - table["expected_up"] >= table["called_down"] - table["expected_down"]
        return np.where(more_up, "up", "down")
    if "es" in table:
        return np.where(table["es"] < 0, "down", "up")
    side = next((side for side in ("up", "down") if f"called_{side}" in table), "")
    return np.full(len(table), side, dtype=object)


def _share(called: np.ndarray, where: np.ndarray) -> float | None:
    return float(called[where].mean()) if where.any() else None


def _effects(contrast: ContrastData, background: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the effect of the contrast with the residual effects, and the latter alone, of the background's genes."""
    values = contrast.values.to_numpy(dtype=float)[background]
    effects = correlation.contrast_effects(values, contrast.design, contrast.weights, **contrast.precision)
    return effects, effects[:, 1:]


def _competitive(
    members: sparse.csr_matrix,
    ranks: np.ndarray,
    residuals: np.ndarray,
    settings: SetSettings,
    unsigned: bool,
    facts: dict[str, Any],
) -> dict[str, Any]:
    if settings.correlation == "estimated":
        tests = competitive(members, ranks, residuals, unsigned=unsigned)
        estimated = tests["correlation_estimated"].to_numpy()
    else:
        tests = camera(members, ranks, calibration.PRESET, unsigned=unsigned)
        estimated = correlation.set_correlations(members, residuals, unsigned=unsigned)
    known = estimated[np.isfinite(estimated)]
    facts["median_correlation"] = float(np.median(known)) if len(known) else None
    return {
        "direction": tests["direction"].to_numpy(),
        "difference": tests["difference"].to_numpy(),
        "correlation_estimated": estimated,
        "correlation": tests["correlation"].to_numpy(),
        "p_competitive": tests["p"].to_numpy(),
        "padj_competitive": adjust_bh(tests["p"].to_numpy()),
    }


def _self_contained(members: sparse.csr_matrix, effects: np.ndarray, residuals: np.ndarray) -> dict[str, Any]:
    # Without the form for mixed directions, which takes five times as long and calls nearly every set.
    tests = fry(members, effects, mixed=False)
    return {
        "direction_self_contained": tests["direction"].to_numpy(),
        "p_self_contained": tests["p"].to_numpy(),
        "padj_self_contained": adjust_bh(tests["p"].to_numpy()),
    }


def _length_bias(lengths: np.ndarray, called: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    return length_weights(lengths, called), length_bias.dependence_test(lengths, called)


def length_weights(lengths: np.ndarray, called: np.ndarray) -> np.ndarray:
    """Return the call rate of each gene by its length; one for all where so few are called that no curve is seen."""
    known = np.isfinite(lengths)
    n_called = int(called[known].sum())
    if min(n_called, int(known.sum()) - n_called) < FEWEST_CALLED or len(np.unique(lengths[known])) < FEWEST_CALLED:
        return np.full(len(lengths), max(float(called.mean()), 1e-3))
    return length_bias.call_rate(lengths, called)


def _over_represented(
    members: sparse.csr_matrix, called: np.ndarray, side: str, weights: np.ndarray | None
) -> dict[str, Any]:
    tests = over_representation(members, called)
    columns = {
        f"called_{side}": tests["called"].to_numpy(),
        f"expected_{side}": tests["expected"].to_numpy(),
        f"odds_ratio_{side}": tests["odds_ratio"].to_numpy(),
        f"p_over_{side}": tests["p"].to_numpy(),
        f"padj_over_{side}": adjust_bh(tests["p"].to_numpy()),
    }
    if weights is not None:
        p = length_bias.wallenius(members, called, weights)
        columns |= {f"p_length_{side}": p, f"padj_length_{side}": adjust_bh(p)}
    return columns


def _gsea(
    members: sparse.csr_matrix,
    ranks: np.ndarray,
    genes: pd.Index,
    contrast: ContrastData,
    background: np.ndarray,
    settings: SetSettings,
) -> dict[str, Any]:
    options = {"permutations": settings.gsea["permutations"], "seed": settings.gsea["seed"]}
    names = np.asarray(genes, dtype=str)
    if settings.gsea["permute"] == "samples" and contrast.groups is not None:
        samples = [sample for sample in contrast.values.columns if sample in contrast.groups]
        values = contrast.values[samples].to_numpy(dtype=float)[background]
        of_first = np.array([contrast.groups[sample] for sample in samples])
        tests = gsea.sample_permutation(members, values, of_first, names, **options)
    else:
        tests = gsea.gene_permutation(members, ranks, names, **options)
    p = tests["p"].to_numpy(dtype=float)
    return {
        "es": tests["es"].to_numpy(),
        "nes": tests["nes"].to_numpy(),
        "p_gsea": p,
        "padj_gsea": adjust_bh(p),
    }


#: Methods that are asked of data in which nothing is true; running sums take too long for it.
_CALIBRATED = ("competitive", "self_contained", "over_up", "over_down", "over_both")


class Calibration:
    """What each method would call if nothing were true, computed once for contrasts of one design and background."""

    def __init__(self) -> None:
        self._known: dict[tuple, pd.DataFrame] = {}

    def calls(
        self,
        members: sparse.csr_matrix,
        residuals: np.ndarray,
        settings: SetSettings,
        directions: int | None,
        key: tuple,
    ) -> pd.DataFrame:
        """Return the calls of each method; an empty table where it is turned off or the residuals are too few.

        Parameters
        ----------
        directions : of a test without direction, how many coefficients it tests together; else None.
        key : what members and residuals are of.
        """
        methods = [name for name in _CALIBRATED if name in methods_of(settings, directions is not None)]
        too_few = residuals.shape[1] <= (directions or 1)
        if not settings.calibration or too_few or not members.shape[0] or not methods:
            return pd.DataFrame({"method": pd.Series(dtype=object)})
        key = (*key, directions)
        if key not in self._known:
            preset = {"competitive": "competitive_preset"} if settings.correlation == "limma_preset" else {}
            table = calibration.null_calls(
                members,
                residuals,
                methods=[preset.get(name, name) for name in methods],
                alpha=settings.alpha,
                gene_alpha=settings.test_alpha,
                rotations=settings.calibration,
                directions=directions,
            )
            self._known[key] = table.assign(method=methods)
        return self._known[key]
