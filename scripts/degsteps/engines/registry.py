"""The engines: one record each of what it is called, what it knows and where its code lies.

Light: no engine is imported before it is used, so that the Snakefile can ask these records too. Whoever needs to know
whether an engine can do something asks ``knows``; no other module compares names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from degsteps.basics.errors import ConfigError
from degsteps.basics.strings import writable

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from degsteps.engines.interface import (
        Contrast,
        EngineModule,
        FitData,
        FitSettings,
        Fitted,
        PartsModule,
        TableSettings,
    )
    from degsteps.engines.wording import Wording

#: What an engine may know, and what that means.
ABILITIES = {
    "alternatives": "tests against a bound (lfc_null) and one-sided tests",
    "apeglm": "fold changes shrunk by a Cauchy prior",
    "ashr": "fold changes shrunk by a mixture of normal priors",
    "compatibility": "a choice between the numbers of R's package and exact ones",
    "cooks": "Cook's distances",
    "dispersions": "negative-binomial dispersions around a trend",
    "greater_abs_2014": "the test against a bound that DESeq2 had from 2014 to 2023",
    "lfc_threshold": "s-values for changes beyond a threshold",
    "lengths": "transcript lengths as offsets",
    "local": "a local trend of the dispersions",
    "many_fits": "fits within seconds, so that an analysis can be repeated many times",
    "normal": "fold changes shrunk by normal priors",
    "power": "the power of its tests",
    "quasi_likelihood": "quasi-dispersions",
    "reduced": "tests of a smaller design",
    "sample_weights": "weights of samples that are estimated from their residuals",
    "scatter": "fits scattered over jobs",
    "stage_wise": "a test of several contrasts at once",
    "subjects": "correlation between samples of one subject",
}


class Tests(NamedTuple):
    """Names of an engine's tests, in the plural: of a contrast, and of a smaller design."""

    plain: str
    nested: str

    @property
    def one_nested(self) -> str:
        """The nested test in the singular."""
        return f"a {self.nested.removesuffix('s')}"


@dataclass(frozen=True)
class Engine:
    """One engine.

    Attributes
    ----------
    name : as the configuration has it.
    description : for the page of all settings.
    title : as figures have it.
    knows : names of ``ABILITIES``.
    tests : what its tests are called.
    estimates : how it estimates fold changes.
    figure : what shows its fit: ``dispersion`` or ``mean_variance``.
    method, citations : how a methods text names it beside another engine.
    package, release : the package that computes it, if not this one, and what to say of its version.
    needs_filter : whether genes with few reads mislead it, as its trend of variances bends there.
    independent_filtering : whether it is usual with it, where the configuration does not say.
    is_for_few_samples : whether its tests hold with two samples in a group.
    is_advised : whether messages name it as what to take instead of another.
    size_factors : method of normalisation, where the configuration names none.
    own_filter, own_size_factors : filter and method of normalisation that its users take, for a second engine; None for
        those of the analysis.
    lacks : what to say of an ability that it has not, where there is more to say than usual; ``{engine}`` stands for
        its name.
    load : imports its module.
    load_parts : imports what fits parts of the genes, for ``scatter``.
    parts_see_all : whether each part reads the counts of all genes.
    """

    name: str
    title: str
    knows: frozenset[str]
    tests: Tests
    estimates: str
    figure: str
    method: str
    citations: tuple[str, ...]
    load: Callable[[], "EngineModule"]
    load_parts: Callable[[], "PartsModule"] | None = None
    parts_see_all: bool = False
    description: str = ""
    package: str | None = None
    release: str = ""
    needs_filter: bool = False
    independent_filtering: bool = True
    is_for_few_samples: bool = False
    is_advised: bool = True
    size_factors: str = "ratio"
    own_filter: str | None = None
    own_size_factors: str | None = None
    lacks: Mapping[str, str] = field(default_factory=dict)

    def fit(self, data: "FitData", settings: "FitSettings") -> "Fitted":
        """Fit the model of every gene once, for all contrasts."""
        self._require(data.needs)
        return self.load().fit(data, settings)

    def read(self, stored: "AnnData") -> "Fitted":
        """Return a stored fit of this engine."""
        return self.load().read(stored)

    def stored(self, fitted: "Fitted") -> "AnnData":
        """Return a fit as it is stored, with the engine's name."""
        data = writable(fitted.to_anndata())
        data.uns["engine"] = self.name
        return data

    def facts(self, fitted: "Fitted") -> dict[str, Any]:
        """Return what the record of a fit says: engine, trend, number of genes and samples."""
        size = {"genes": len(fitted.genes), "samples": len(fitted.design)}
        return {"engine": self.name, **fitted.summary, **size}

    def contrast_table(
        self, fitted: "Fitted", counts: "pd.DataFrame", contrast: "Contrast", settings: "TableSettings"
    ) -> tuple["pd.DataFrame", dict[str, Any]]:
        """Test a contrast in every gene, and shrink its fold changes beside.

        Parameters
        ----------
        counts : the counts that were fitted, genes x samples.

        Returns
        -------
        table, facts : see :func:`degsteps.engines.results.finished`.
        """
        self._require(contrast.needs | settings.needs)
        return self.load().contrast_table(fitted, counts, contrast, settings)

    def sentences(self, wording: "Wording") -> list[str]:
        """Say in sentences of a methods text what was fitted."""
        return self.load().sentences(wording)

    def _require(self, needs: set[str]) -> None:
        """Refuse what the engine would leave out silently; before a run, preflight has said so in more words."""
        missing = sorted(needs - self.knows)
        if missing:
            named = " and no ".join(ABILITIES[ability] for ability in missing)
            raise ConfigError(f"test.engine: {self.name} knows no {named}. Set another engine, or leave that out.")


def engine_of(stored: "AnnData") -> Engine:
    """Return the engine that made a stored fit."""
    return ENGINES[stored.uns["engine"]]


def _deseq() -> "EngineModule":
    from degsteps.engines.deseq import engine

    return engine


def _deseq_parts() -> "PartsModule":
    from degsteps.engines.deseq import parts

    return parts


def _edger_ql_parts() -> "PartsModule":
    from degsteps.engines.edger_ql import parts

    return parts


def _voom() -> "EngineModule":
    from degsteps.engines.voom import engine

    return engine


def _edger_ql() -> "EngineModule":
    from degsteps.engines.edger_ql import engine

    return engine


def _pydeseq2() -> "EngineModule":
    from degsteps.engines import pydeseq2

    return pydeseq2


_WALD = Tests("Wald tests", "likelihood-ratio tests")
_NO_SHRINKAGE = dict.fromkeys(
    ("apeglm", "ashr", "normal"),
    "{engine} has no shrunken fold changes: its moderation concerns variances, not effects.",
)
_RECORDS = (
    Engine(
        name="degsteps",
        title="degsteps",
        description="the numbers of R's DESeq2, quickly.",
        knows=frozenset(ABILITIES) - {"quasi_likelihood", "sample_weights", "subjects"},
        tests=_WALD,
        estimates="maximum likelihood",
        figure="dispersion",
        method="the negative-binomial model of DESeq2 as implemented in degsteps",
        citations=("love2014",),
        load=_deseq,
        load_parts=_deseq_parts,
    ),
    Engine(
        name="pydeseq2",
        title="PyDESeq2",
        description="PyDESeq2 alone, for comparison.",
        knows=frozenset({"alternatives", "apeglm", "cooks", "dispersions", "greater_abs_2014"}),
        tests=_WALD,
        estimates="maximum likelihood",
        figure="dispersion",
        method="the negative-binomial model of DESeq2",
        citations=("love2014", "muzellec2023"),
        package="pydeseq2",
        release="PyDESeq2 {version}",
        # For comparison: it takes minutes where others take seconds.
        is_advised=False,
        lacks=dict.fromkeys(("ashr", "normal"), "{engine} shrinks by apeglm only."),
        load=_pydeseq2,
    ),
    Engine(
        name="voom",
        title="limma-voom",
        needs_filter=True,
        description="linear models of log counts with weights (limma-voom), also for correlated samples of one "
        "subject; needs `cooks_filter: false` and `shrinkage: none`.",
        knows=frozenset({"alternatives", "many_fits", "reduced", "sample_weights", "stage_wise", "subjects"}),
        tests=Tests("moderated t tests", "moderated F tests"),
        estimates="weighted least squares",
        figure="mean_variance",
        method="limma-voom",
        citations=("law2014", "smyth2004"),
        is_for_few_samples=True,
        own_filter="filter_by_expr",
        own_size_factors="tmm",
        lacks=_NO_SHRINKAGE | {"compatibility": "{engine} fits no dispersions whose optimum could be chosen."},
        load=_voom,
    ),
    Engine(
        name="edger_ql",
        title="edgeR quasi-likelihood",
        description="negative-binomial models with quasi-likelihood F tests, the numbers of R's edgeR 4 (or 3, "
        "`quasi_likelihood.legacy`); needs `cooks_filter: false` and `shrinkage: none`.",
        knows=frozenset(
            {
                "alternatives",
                "compatibility",
                "dispersions",
                "lengths",
                "many_fits",
                "quasi_likelihood",
                "reduced",
                "scatter",
                "stage_wise",
            }
        ),
        tests=Tests("quasi-likelihood F tests", "quasi-likelihood F tests"),
        estimates="maximum likelihood with a prior count",
        figure="quasi_dispersion",
        method="edgeR's quasi-likelihood F test",
        citations=("lund2012", "chen2025"),
        size_factors="tmm",
        independent_filtering=False,
        is_for_few_samples=True,
        own_filter="filter_by_expr",
        own_size_factors="tmm",
        lacks=_NO_SHRINKAGE,
        load=_edger_ql,
        load_parts=_edger_ql_parts,
        parts_see_all=True,
    ),
)
ENGINES: dict[str, Engine] = {engine.name: engine for engine in _RECORDS}


def input_words(engines: Sequence[str], concordance_input: str) -> str:
    """Say in a sentence which genes and size factors second engines started from.

    Parameters
    ----------
    engines : names of the second engines.
    concordance_input : ``own`` or ``shared``, of the configuration.
    """
    ways: dict[tuple[str | None, str | None], list[str]] = {}
    for engine in (ENGINES[name] for name in engines):
        way = (engine.own_filter, engine.own_size_factors) if concordance_input == "own" else (None, None)
        ways.setdefault(way, []).append(engine.title)
    parts = []
    for (gene_filter, size_factors), titles in ways.items():
        named, starts = " and ".join(titles), "starts" if len(titles) == 1 else "start"
        if size_factors is None:
            parts.append(f"{named} {starts} from the genes and size factors of the analysis")
        else:
            of_it = "it" if len(titles) == 1 else "them"
            usual = f"(filter {gene_filter}, size factors {size_factors})"
            parts.append(f"{named} {starts} from what is usual with {of_it} {usual}")
    return f"{'; '.join(parts)}."
