"""Do samples belong to the person that the sample sheet says: samples of one are more alike than those of two.

Nothing here drops a sample or changes a label. Where persons cannot be told apart (inbred animals, clones of one line,
an unknown batch that outweighs the people) it says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from degsteps.basics.words import counted, listed, verb
from degsteps.design.coding import build_design
from degsteps.design.confounding import determines
from degsteps.design.formula import Formula, parse_formula
from degsteps.qc.verdicts import MAD_SCALE

#: Genes that samples are compared by: the ones that vary most after the design is taken out.
N_GENES = 500
#: Persons can be told apart if the samples of one are this many deviations more alike than those of different ones.
MIN_SEPARATION = 4.5
#: Share of the pairs of different persons that may be as alike as one person's: wrong labels make some, a batch many.
MAX_ALIKE = 0.2
#: No spread of correlations is narrower: 500 genes cannot tell it better.
MIN_SPREAD = 0.03
MIN_GENES = 50
#: Exchanges of two samples that are tried, of some 60 samples all.
MAX_EXCHANGES_TRIED = 2000
_MOST_SHOWN = 3
_MENDED = "with one exchange of two samples every sample agrees"


class Persons(NamedTuple):
    """Samples compared with those of the same and of other persons.

    Attributes
    ----------
    table : by sample: `subject`, `status`, and the most alike sample of the own subject (`own_sample`,
        `own_correlation`) and of another (`other_sample`, `other_subject`, `other_correlation`).
    facts : `same` and `different` (median correlations), `spread`, `n_genes`, `removed` (terms), and `reason` if
        persons cannot be told apart.
    exchanges : pairs of samples that, exchanged, would make every sample agree.
    """

    table: pd.DataFrame
    facts: dict[str, Any]
    exchanges: list[tuple[str, str]]


def removed_terms(
    samples: pd.DataFrame, subjects: pd.Series, model: Mapping[str, Any], extra: Sequence[str], masked: Sequence[str]
) -> Formula:
    """Return what is taken out before samples are compared: the design without what stands for the persons themselves.

    Parameters
    ----------
    samples : columns of the sheet.
    extra : columns that are taken out too, if they are not in the formula: batches.
    masked : columns whose labels are permuted.
    """
    terms = list(parse_formula(model["formula"]).terms)
    terms += [(name,) for name in extra if (name,) not in terms and name in samples]
    kept = []
    for term in terms:
        joint = list(zip(*(samples[name] for name in term), strict=True))
        is_factor = not any(name in model["covariates"] for name in term)
        stands_for_person = subjects.name in term or (is_factor and determines(joint, list(subjects)))
        if not stands_for_person and not set(term) & set(masked) and len(set(joint)) > 1:
            kept.append(term)
    return Formula(True, tuple(kept))


def compare_persons(
    values: pd.DataFrame, samples: pd.DataFrame, subjects: pd.Series, formula: Formula, model: Mapping[str, Any]
) -> Persons:
    """Compare each sample with those of its own subject and of the others.

    The design (without the persons) is taken out by least squares, the genes that vary most are set to the same
    variance, and samples are compared by their correlation over them. Differences between people in single genes
    (eQTL, copy number, HLA) are large and last for years, so that samples of one person remain more alike than those of
    two, whatever the treatment. Where labels do not go with the values at all, it is tried whether one exchange of two
    samples mends everything: a swap across groups also spoils what is taken out.

    Parameters
    ----------
    values : transformed values (log2 scale).
    samples : columns of the sheet, as text.
    subjects : by sample; blank where unknown.
    formula : what is taken out; see :func:`removed_terms`.
    model : the configuration's section on the design.
    """
    names = list(values.columns)
    samples = samples.loc[names]
    labels = subjects.reindex(names).fillna("").to_numpy(dtype=object)
    table = pd.DataFrame({"subject": labels, "status": ""}, index=pd.Index(names, name="sample"))
    facts: dict[str, Any] = {"removed": [":".join(term) for term in formula.terms]}
    sizes = pd.Series(labels[labels != ""]).value_counts()
    if len(sizes) < 3 or (sizes > 1).sum() < 2:
        return _untold(table, facts, "it takes three subjects, two of them with more than one sample")
    compared = _compared(values.to_numpy(dtype=float), labels, _design_basis(samples, formula, model))
    facts |= compared.facts
    if compared.n_genes < MIN_GENES:
        return _untold(table, facts, f"fewer than {MIN_GENES} genes vary")
    table = _filled(table, names, labels, compared.own, compared.other)
    if not compared.is_separable or 2 * compared.confirmed.sum() < compared.has_partner.sum():
        reason = "samples of one subject are hardly more alike than those of different subjects"
        if compared.is_separable:
            reason = "fewer than half of the samples are closest to their own subject"
        exchanges = _mending_exchanges(values, samples, labels, formula, model)
        return _untold(table, facts, reason, exchanges)
    is_own, is_other = compared.own.value >= compared.threshold, compared.other.value >= compared.limit_of_others
    is_wrong = compared.has_partner & ~is_own & is_other
    # Whom a wrong label makes alike is not to blame: compare the others without it.
    rest = _nearest(compared.correlation, compared.different & ~is_wrong[None, :])
    nearest_other = _Nearest(*(np.where(is_wrong, *pair) for pair in zip(compared.other, rest, strict=True)))
    is_other = nearest_other.value >= compared.limit_of_others
    status = np.select(
        [labels == "", is_wrong, is_own & is_other, is_own, ~compared.has_partner & is_other, ~compared.has_partner],
        ["no_subject", "other_subject", "own_and_other", "agrees", "like_other", "only_sample"],
        "like_none",
    )
    table = _filled(table, names, labels, compared.own, nearest_other).assign(status=status)
    if np.isin(status, ("agrees", "only_sample", "no_subject")).all():
        return Persons(table, facts, [])
    return Persons(table, facts, _mending_exchanges(values, samples, labels, formula, model))


@dataclass(frozen=True)
class _Compared:
    """Correlations between samples, and what they say of the labels."""

    correlation: np.ndarray
    n_genes: int
    different: np.ndarray
    own: "_Nearest"
    other: "_Nearest"
    has_partner: np.ndarray
    centre: float
    spread: float

    @property
    def confirmed(self) -> np.ndarray:
        """Samples that are closest to one of their own subject."""
        return self.has_partner & (self.own.value > self.other.value)

    @property
    def level(self) -> float:
        """Correlation of samples of one subject."""
        return float(np.median(self.own.value[self.confirmed])) if self.confirmed.any() else float("nan")

    @property
    def separation(self) -> float:
        """How many deviations samples of one subject are more alike than those of different ones."""
        return (self.level - self.centre) / self.spread

    @property
    def is_separable(self) -> bool:
        """Whether persons can be told apart: pairs of one are alike, and pairs of two hardly ever are."""
        alike = float(np.mean(self.correlation[self.different] >= self.threshold)) if self.confirmed.any() else 1.0
        return self.separation >= MIN_SEPARATION and alike <= MAX_ALIKE

    @property
    def threshold(self) -> float:
        """Correlation from which two samples are of one person."""
        return (self.level + self.centre) / 2

    @property
    def limit_of_others(self) -> float:
        """Correlation from which a sample is like another subject's: higher, the more pairs can mislead."""
        n_pairs = max(int(self.different.sum()) // 2, 1)
        return max(self.threshold, self.centre + NormalDist().inv_cdf(1 - 0.05 / n_pairs) * self.spread)

    @property
    def all_agree(self) -> bool:
        """Whether every sample is like its own subject and like no other."""
        own = self.own.value[self.has_partner] >= self.threshold
        return self.is_separable and bool(own.all()) and bool((self.other.value < self.limit_of_others).all())

    @property
    def facts(self) -> dict[str, Any]:
        """Numbers for the record."""
        numbers = {"same": self.level, "different": self.centre, "spread": self.spread}
        rounded = {name: round(number, 4) if np.isfinite(number) else None for name, number in numbers.items()}
        counts = {"confirmed": int(self.confirmed.sum()), "with_partner": int(self.has_partner.sum())}
        return {"n_genes": self.n_genes} | rounded | counts


def _compared(matrix: np.ndarray, labels: np.ndarray, basis: np.ndarray) -> _Compared:
    residuals = _residuals(matrix, basis)
    correlation = np.clip(residuals.T @ residuals, -1, 1)
    has_label = labels != ""
    both = has_label[:, None] & has_label[None, :]
    same = (labels[:, None] == labels[None, :]) & both & ~np.eye(len(labels), dtype=bool)
    different = (labels[:, None] != labels[None, :]) & both
    between = correlation[different]
    centre = float(np.median(between))
    return _Compared(
        correlation,
        len(residuals),
        different,
        _nearest(correlation, same),
        _nearest(correlation, different),
        same.any(axis=1),
        centre,
        max(float(MAD_SCALE * np.median(np.abs(between - centre))), MIN_SPREAD),
    )


class _Nearest(NamedTuple):
    value: np.ndarray
    place: np.ndarray


def _nearest(correlation: np.ndarray, allowed: np.ndarray) -> _Nearest:
    masked = np.where(allowed, correlation, -np.inf)
    return _Nearest(masked.max(axis=1), masked.argmax(axis=1))


def _untold(
    table: pd.DataFrame, facts: dict[str, Any], reason: str, exchanges: Sequence[tuple[str, str]] = ()
) -> Persons:
    for column in ("own_sample", "own_correlation", "other_sample", "other_subject", "other_correlation"):
        if column not in table:
            table[column] = ""
    return Persons(table.assign(status="not_told"), facts | {"reason": reason}, list(exchanges))


def _filled(
    table: pd.DataFrame, names: Sequence[str], labels: np.ndarray, own: _Nearest, other: _Nearest
) -> pd.DataFrame:
    table = table.copy()
    for kind, nearest in (("own", own), ("other", other)):
        has_partner = np.isfinite(nearest.value)
        table[f"{kind}_sample"] = np.where(has_partner, np.array(names, dtype=object)[nearest.place], "")
        if kind == "other":
            table["other_subject"] = np.where(has_partner, labels[nearest.place], "")
        table[f"{kind}_correlation"] = np.where(has_partner, nearest.value, np.nan).round(4)
    return table


def _design_basis(samples: pd.DataFrame, formula: Formula, model: Mapping[str, Any]) -> np.ndarray:
    """Return an orthonormal basis of what is taken out, samples x dimensions."""
    design = np.ones((len(samples), 1))
    if formula.terms:
        covariates = {name: declared for name, declared in model["covariates"].items() if name in formula.columns}
        factors = {
            name: {"reference": samples[name].iloc[0], "levels": None}
            for name in formula.columns
            if name not in covariates
        }
        built = build_design(samples.to_dict("list"), list(samples.index), formula, factors, covariates)
        design = np.asarray(built.rows, dtype=float)
    left, singular, _ = np.linalg.svd(design, full_matrices=False)
    return left[:, singular > 1e-9 * singular[0]]


def _residuals(matrix: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Return the most variable genes x samples without the design, each sample of mean 0 and length 1."""
    residuals = matrix - (matrix @ basis) @ basis.T
    variances = residuals.var(axis=1)
    chosen = np.argsort(-variances, kind="stable")[:N_GENES]
    chosen = chosen[variances[chosen] > 1e-8]
    # No handful of genes (those of the sexes, say) decides: a tenth of them is cut down to what the next ones vary.
    deviations = np.sqrt(variances[chosen, None])
    limit = np.quantile(deviations, 0.9) if len(chosen) else 1.0
    scaled = residuals[chosen] * np.minimum(1, limit / deviations)
    centred = scaled - scaled.mean(axis=0) if len(chosen) else scaled
    norms = np.sqrt((centred**2).sum(axis=0))
    return centred / np.where(norms > 0, norms, 1)


def _mending_exchanges(
    values: pd.DataFrame, samples: pd.DataFrame, labels: np.ndarray, formula: Formula, model: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Find two samples that, exchanged, leave every sample like its own subject alone; of several the best."""
    with_label = np.flatnonzero(labels != "")
    candidates = [(a, b) for a, b in combinations(with_label, 2) if labels[a] != labels[b]]
    if len(candidates) > MAX_EXCHANGES_TRIED:
        return []
    matrix = values.to_numpy(dtype=float)
    matrix = matrix[np.argsort(-matrix.var(axis=1), kind="stable")[: 4 * N_GENES]]
    basis = _design_basis(samples, formula, model)
    separations: dict[tuple[str, str], float] = {}
    for a, b in candidates:
        order = np.arange(len(labels))
        order[[a, b]] = b, a
        # Either two tubes were exchanged, and the groups that are taken out with them, or the subjects in the sheet.
        for exchanged, names in ((matrix[:, order], labels), (matrix, labels[order])):
            compared = _compared(exchanged, names, basis)
            if compared.all_agree:
                pair = str(values.columns[a]), str(values.columns[b])
                separations[pair] = max(compared.separation, separations.get(pair, 0.0))
    return [pair for pair, separation in separations.items() if 2 * separation > max(separations.values())]


def persons_verdict(persons: Persons, blinded: Sequence[str] = ()) -> tuple[str, str, str]:
    """Say whether samples are like their subject's others: `status`, `finding`, `advice`.

    Parameters
    ----------
    blinded : columns whose labels are permuted, so that what goes with them could not be taken out.
    """
    table, facts = persons.table, persons.facts
    if "reason" in facts:
        finding = f"Subjects cannot be told apart by the counts: {facts['reason']}"
        if "confirmed" in facts:
            finding += f" ({facts['confirmed']} of {facts['with_partner']} are closest to their own)"
        pairs = _mutual_pairs(table)
        if pairs:
            finding += f"; most alike are {listed(pairs, quote=False)}"
        if persons.exchanges:
            finding += f"; {_MENDED}"
            return "bad", f"{finding}.", _exchange_advice(persons.exchanges)
        advice = "Inbred animals and clones of one line cannot be told apart at all; among people, look for a batch "
        advice += "that is not in the design, or for labels that are widely wrong."
        if blinded:
            advice = f"While labels are masked, the effect of {listed(blinded, quote=False)} may outweigh subjects: "
            advice += "look again after unblinding."
        return "warn", f"{finding}.", advice
    by_status = {status: list(part.index) for status, part in table.groupby("status", sort=False)}
    levels = f"(correlation {facts['same']:.2f} within and {facts['different']:.2f} between subjects, over "
    levels += f"{counted(facts['n_genes'], 'gene')})"
    n_agree = len(by_status.get("agrees", ()))
    finding = f"{n_agree} of {counted(facts['with_partner'], 'sample')} with others of their subject are like these "
    finding += levels
    advice, status = [], "ok"
    wrong = by_status.get("other_subject", [])
    if wrong:
        status = "bad"
        examples = [
            f"{name} ({table.at[name, 'subject']} in the sheet, like {table.at[name, 'other_sample']} of "
            f"{table.at[name, 'other_subject']})"
            for name in wrong
        ]
        finding += f"; {counted(len(wrong), 'sample')} {verb(len(wrong), 'is', 'are')} like another subject's: "
        finding += listed(examples, quote=False)
    if persons.exchanges and not wrong:
        status = "bad"
        finding += f"; {_MENDED}"
    if wrong or persons.exchanges:
        advice.append(_exchange_advice(persons.exchanges))
    doubtful = {
        "own_and_other": "like their own and another subject (mixed, related, or one person under two names)",
        "like_other": "the only sample of a subject and like another's (one person under two names?)",
        "like_none": "like no other sample, own or not (mixed, failed, or another tissue)",
    }
    for kind, words in doubtful.items():
        if kind in by_status:
            status = "warn" if status == "ok" else status
            finding += f"; {words}: {listed(by_status[kind])}"
    if any(kind in by_status for kind in doubtful):
        advice.append("Look at these in subjects.tsv; kinship, mixtures and low quality look alike in counts.")
    alone = len(by_status.get("only_sample", ()))
    if alone:
        finding += f"; {counted(alone, 'subject')} with one sample cannot be checked"
    return status, f"{finding}.", " ".join(advice)


def _mutual_pairs(table: pd.DataFrame) -> list[str]:
    """Return pairs of samples of different subjects that are closest to each other, and closer than to their own."""
    closest = {
        name: row["other_sample"]
        for name, row in table.iterrows()
        if row["other_sample"] and not row["other_correlation"] <= row["own_correlation"]
    }
    return [f"{a} and {b}" for a, b in closest.items() if str(a) < str(b) and closest.get(b) == a]


def _exchange_advice(exchanges: Sequence[tuple[str, str]]) -> str:
    if not exchanges:
        return (
            "No single exchange of two labels explains it: compare with the records of the laboratory before any "
            "result is used."
        )
    pairs = [f"{a} with {b}" for a, b in exchanges]
    which = listed(pairs, _MOST_SHOWN, quote=False)
    either = "Exchanging the labels of " if len(pairs) == 1 else "One exchange of labels would mend it, though the "
    if len(pairs) == 1:
        return f"{either}{which} would mend it: check both in the records of the laboratory, then correct the sheet."
    return f"{either}counts do not tell which: {which}. Check the records of the laboratory, then correct the sheet."
