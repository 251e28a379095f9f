"""The engines: one record each of what it is called, what it knows and where its code lies.

Light: no engine is imported before it is used, so that the Snakefile can ask these records too. Whoever needs to know
whether an engine can do something asks ``knows``; no other module compares names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from degsteps.basics.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from degsteps.engines.interface import Contrast, EngineModule, FitData, FitSettings, Fitted, TableSettings
    from degsteps.engines.wording import Wording

#: What an engine may know, and what that means.
ABILITIES = {
    "alternatives": "tests against a bound (lfc_null) and one-sided tests",
    "apeglm": "fold changes shrunk by a Cauchy prior",
    "ashr": "fold changes shrunk by a mixture of normal priors",
    "compatibility": "a choice of where the search for dispersions stops",
    "cooks": "Cook's distances",
    "dispersions": "negative-binomial dispersions around a trend",
    "greater_abs_2014": "the test against a bound that DESeq2 had from 2014 to 2023",
    "lfc_threshold": "s-values for changes beyond a threshold",
    "lengths": "transcript lengths as offsets",
    "local": "a local trend of the dispersions",
    "many_fits": "fits within seconds, so that an analysis can be repeated many times",
    "normal": "fold changes shrunk by normal priors",
    "power": "the power of its tests",
    "reduced": "tests of a smaller design",
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
    is_first, is_second : whether it can be ``test.engine``, and in ``test.concordance``.
    is_advised : whether messages name it as what to take instead of another.
    rule : which rule tests the contrasts by it as a second engine.
    lacks : what to say of an ability that it has not, where there is more to say than usual; ``{engine}`` stands for
        its name.
    load : imports its module; None where a script of its own does everything.
    """

    name: str
    title: str
    knows: frozenset[str]
    tests: Tests
    estimates: str
    figure: str
    method: str
    citations: tuple[str, ...]
    description: str = ""
    package: str | None = None
    release: str = ""
    is_first: bool = True
    is_second: bool = True
    is_advised: bool = True
    rule: str = "test_second_engine"
    lacks: Mapping[str, str] = field(default_factory=dict)
    load: Callable[[], "EngineModule"] | None = None

    def fit(self, data: "FitData", settings: "FitSettings") -> "Fitted":
        """Fit the model of every gene once, for all contrasts."""
        self._require(data.needs)
        return self.load().fit(data, settings)

    def read(self, stored: "AnnData") -> "Fitted":
        """Return a stored fit of this engine."""
        return self.load().read(stored)

    def stored(self, fitted: "Fitted") -> "AnnData":
        """Return a fit as it is stored, with the engine's name."""
        data = fitted.to_anndata()
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


def _voom() -> "EngineModule":
    from degsteps.engines.voom import engine

    return engine


def _pydeseq2() -> "EngineModule":
    from degsteps.engines import pydeseq2

    return pydeseq2


_WALD = Tests("Wald tests", "likelihood-ratio tests")
_RECORDS = (
    Engine(
        name="degsteps",
        title="degsteps",
        description="the numbers of R's DESeq2, quickly.",
        knows=frozenset(ABILITIES) - {"subjects"},
        tests=_WALD,
        estimates="maximum likelihood",
        figure="dispersion",
        method="the negative-binomial model of DESeq2 as implemented in degsteps",
        citations=("love2014",),
        load=_deseq,
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
        description="linear models of log counts with weights (limma-voom), also for correlated samples of one "
        "subject; needs `cooks_filter: false` and `shrinkage: none`.",
        knows=frozenset({"alternatives", "many_fits", "reduced", "stage_wise", "subjects"}),
        tests=Tests("moderated t tests", "moderated F tests"),
        estimates="weighted least squares",
        figure="mean_variance",
        method="limma-voom",
        citations=("law2014", "smyth2004"),
        lacks=dict.fromkeys(
            ("apeglm", "ashr", "normal"),
            "{engine} has no shrunken fold changes: its moderation concerns variances, not effects.",
        )
        | {"compatibility": "{engine} fits no dispersions whose optimum could be chosen."},
        load=_voom,
    ),
    Engine(
        name="edger_ql",
        title="edgeR quasi-likelihood",
        knows=frozenset({"reduced"}),
        tests=Tests("quasi-likelihood F tests", "quasi-likelihood F tests"),
        estimates="maximum likelihood",
        figure="dispersion",
        method="edgeR's quasi-likelihood F test",
        citations=("lund2012",),
        package="edgepython",
        release="edgePython {version}, method of edgeR 3.40",
        is_first=False,
        # The package is GPL-3: an environment of its own, and never imported by the library.
        rule="test_edger_ql",
    ),
)
ENGINES: dict[str, Engine] = {engine.name: engine for engine in _RECORDS}
