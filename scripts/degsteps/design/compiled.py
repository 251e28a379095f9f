"""The design of a set of samples, compiled once: stage 04 writes it, and the steps after it read it.

Standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from degsteps.design.coding import Design, Dropped, Part, Scaling, build_design
from degsteps.design.formula import Formula, parse_formula
from degsteps.design.rank import without_redundant_columns
from degsteps.design.splines import Spline
from degsteps.design.surrogate_checks import NAME

#: How surrogate variables enter a design: as they are.
AS_THEY_ARE = {"unit": "", "center": False, "scale": False, "spline": None}


@dataclass(frozen=True)
class CompiledDesign:
    """A design with what it was made from, so that smaller designs of the same samples can be built too.

    Attributes
    ----------
    design : the design that is fitted, without the columns that these samples make redundant.
    values : columns of the sheet that it needs, as text, in the order of its samples.
    factors, covariates : as they are declared, surrogate variables among the covariates.
    """

    design: Design
    values: dict[str, list[str]] = field(repr=False)
    factors: dict[str, Any]
    covariates: dict[str, Any]

    @property
    def surrogates(self) -> list[str]:
        """Names of the surrogate variables."""
        return [name for name in self.values if NAME.fullmatch(name)]

    def of_formula(self, formula: str) -> Design:
        """Return the design of another formula of the same columns; surrogate variables come after its terms."""
        joined = _joined(formula, self.surrogates)
        return _fitted(self.values, self.design.samples, joined, self.factors, self.covariates)

    def without_surrogates(self) -> "CompiledDesign":
        """Return the design of the formula alone."""
        surrogates = self.surrogates
        if not surrogates:
            return self
        values, covariates = (
            {name: part for name, part in parts.items() if name not in surrogates}
            for parts in (self.values, self.covariates)
        )
        parsed = self.design.formula
        formula = Formula(parsed.intercept, tuple(term for term in parsed.terms if not set(term) & set(surrogates)))
        design = _fitted(values, self.design.samples, formula, self.factors, covariates)
        return CompiledDesign(design, values, self.factors, covariates)

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can hold; numbers keep every bit."""
        design = self.design
        return {
            "formula": {"intercept": design.formula.intercept, "terms": design.formula.terms},
            "samples": design.samples,
            "values": self.values,
            "factors": self.factors,
            "covariates": self.covariates,
            "columns": design.columns,
            "terms": design.terms,
            "rows": design.rows,
            "levels": design.levels,
            "used": {
                name: asdict(used) if isinstance(used, Spline) else used._asdict()
                for name, used in design.covariates.items()
            },
            "groups": [[levels, samples] for levels, samples in design.groups.items()],
            "parts": design.parts,
        } | ({"dropped": design.dropped} if design.dropped else {})

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "CompiledDesign":
        """Inverse of :meth:`as_json`."""
        formula = Formula(content["formula"]["intercept"], tuple(map(tuple, content["formula"]["terms"])))
        used = {
            name: Spline(tuple(entry["knots"]), tuple(entry["boundary"]), entry["center"])
            if "knots" in entry
            else Scaling(**entry)
            for name, entry in content["used"].items()
        }
        design = Design(
            formula=formula,
            samples=tuple(content["samples"]),
            columns=tuple(content["columns"]),
            terms=tuple(content["terms"]),
            rows=content["rows"],
            levels={name: tuple(levels) for name, levels in content["levels"].items()},
            covariates=used,
            groups={tuple(levels): tuple(samples) for levels, samples in content["groups"]},
            parts=tuple(Part(tuple(term), tuple(map(tuple, codings))) for term, codings in content["parts"]),
            dropped=tuple(
                Dropped(column, term, position, tuple(map(tuple, combination)))
                for column, term, position, combination in content.get("dropped", ())
            ),
        )
        return cls(design, content["values"], content["factors"], content["covariates"])


def compile_design(
    columns: Mapping[str, Sequence[str]], sample_ids: Sequence[str], model: Mapping[str, Any]
) -> CompiledDesign:
    """Build the design of an analysis.

    Parameters
    ----------
    columns : columns of the sheet as text, with the surrogate variables where there are any; these come after the
        terms of the formula.
    sample_ids : in the order of the values.
    model : the ``design`` section of the configuration (formula, factors, covariates, surrogates).
    """
    names = [name for name in columns if NAME.fullmatch(name)] if model.get("surrogates") else []
    formula = _joined(model["formula"], names)
    covariates = {**model["covariates"], **dict.fromkeys(names, AS_THEY_ARE)}
    design = _fitted(columns, sample_ids, formula, model["factors"], covariates)
    values = {name: list(columns[name]) for name in formula.columns}
    return CompiledDesign(design, values, dict(model["factors"]), covariates)


def _fitted(
    columns: Mapping[str, Sequence[str]],
    sample_ids: Sequence[str],
    formula: Formula,
    factors: Mapping[str, Any],
    covariates: Mapping[str, Any],
) -> Design:
    return without_redundant_columns(build_design(columns, sample_ids, formula, factors, covariates))


def _joined(formula: str, surrogates: Sequence[str]) -> Formula:
    parsed = parse_formula(formula)
    return Formula(parsed.intercept, (*parsed.terms, *[(name,) for name in surrogates]))
