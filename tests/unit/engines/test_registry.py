"""The records of the engines: what they say must be true, and nobody else compares their names."""

import importlib
import runpy
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import ConfigError
from degsteps.config.reading import read_schema
from degsteps.engines.interface import Contrast, FitData, FitSettings, TableSettings
from degsteps.engines.registry import ABILITIES, ENGINES
from degsteps.normalize.methods import METHODS
from degsteps.preflight.engines import REQUIREMENTS
from degsteps.report.sections import SECTIONS, references
from degsteps.test.section_tests import FIT_FIGURES
from tests.conftest import REPO

LIBRARY = REPO / "scripts" / "degsteps"
LOADED = list(ENGINES)


def schema_of(key):
    return read_schema("analysis")["properties"]["test"]["properties"][key]


def test_schemas_have_the_engines_of_the_registry():
    assert schema_of("engine")["enum"] == LOADED
    assert schema_of("concordance")["items"]["enum"] == LOADED


@pytest.mark.parametrize("name", ENGINES)
def test_records_are_complete(name):
    engine = ENGINES[name]
    assert engine.name == name
    assert engine.knows | engine.lacks.keys() <= ABILITIES.keys()
    assert not engine.knows & engine.lacks.keys()
    assert set(engine.citations) <= references(SECTIONS).keys()
    assert engine.figure in FIT_FIGURES
    own = (engine.size_factors, engine.own_size_factors or engine.size_factors)
    assert set(own) <= METHODS.keys()


@pytest.mark.parametrize("name", LOADED)
def test_modules_have_what_the_record_calls(name):
    module = ENGINES[name].load()
    assert {"fit", "read", "contrast_table", "sentences"} <= set(dir(module))


def test_every_ability_is_asked_for():
    """An ability that no setting needs would never be refused; dispersions are asked for by texts alone."""
    assert {requirement.ability for requirement in REQUIREMENTS} == ABILITIES.keys() - {"dispersions"}
    assert {requirement.only_with for requirement in REQUIREMENTS} <= {None, *ABILITIES}


def test_registry_imports_no_engine():
    code = "import sys; sys.path.insert(0, 'scripts'); import degsteps.engines.registry, degsteps.preflight.engines\n"
    code += "print(sorted({'numpy', 'pandas', 'scipy', 'pydeseq2', 'anndata'} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


COUNTS = pd.DataFrame(
    np.random.default_rng(1).negative_binomial(5, 0.02, (60, 8)),
    [f"g{number}" for number in range(60)],
    [f"s{number}" for number in range(8)],
)
DESIGN = pd.DataFrame({"Intercept": 1.0, "arm": [0.0, 1.0] * 4, "run": [0.0] * 4 + [1.0] * 4}, index=COUNTS.columns)
FACTORS = pd.Series(1.0, COUNTS.columns)


@pytest.fixture(scope="module", params=LOADED)
def engine_and_fit(request, tmp_path_factory):
    """Each engine, and its fit as another step reads it."""
    import anndata

    engine = ENGINES[request.param]
    fitted = engine.fit(FitData(COUNTS, DESIGN, FACTORS), FitSettings())
    file = tmp_path_factory.mktemp(engine.name) / "model.h5ad"
    engine.stored(fitted).write_h5ad(file)
    stored = anndata.read_h5ad(file)
    assert stored.uns["engine"] == engine.name
    facts = engine.facts(fitted)
    assert (facts["engine"], facts["genes"], facts["samples"]) == (engine.name, 60, 8)
    return engine, engine.read(stored)


def test_tables_have_the_same_columns_whatever_the_engine(engine_and_fit):
    engine, fitted = engine_and_fit
    settings = TableSettings(0.1, cooks_filter="cooks" in engine.knows, independent_filtering=True)
    table, _ = engine.contrast_table(fitted, COUNTS, Contrast(np.array([0.0, 1.0, 0.0])), settings)
    columns = ["base_mean", "log2_fold_change", "lfc_se", "lfc_lower", "lfc_upper", "stat", "pvalue", "padj"]
    assert list(table) == [*columns, "na_reason"]
    assert list(table.index) == list(COUNTS.index)
    assert table.index.name == "gene"


def test_a_contrast_does_not_change_the_fit(engine_and_fit):
    engine, fitted = engine_and_fit
    settings = TableSettings(0.1, cooks_filter=False, independent_filtering=False)
    contrast = Contrast(np.array([0.0, 1.0, -1.0]))
    first, _ = engine.contrast_table(fitted, COUNTS, contrast, settings)
    engine.contrast_table(fitted, COUNTS, Contrast(np.array([0.0, 1.0, -1.0]), lfc_null=0.5), settings)
    again, _ = engine.contrast_table(fitted, COUNTS, contrast, settings)
    pd.testing.assert_frame_equal(first, again)


def test_what_an_engine_does_not_know_is_refused_and_not_left_out(engine_and_fit):
    engine, fitted = engine_and_fit
    plain = Contrast(np.array([0.0, 1.0, 0.0]))
    nested = Contrast(np.array([0.0, 1.0, 0.0]), reduced=DESIGN[["Intercept", "run"]])
    lengths = pd.DataFrame(1.0, COUNTS.index, COUNTS.columns)
    subjects = pd.Series(["a", "b"] * 4, COUNTS.columns)
    base = TableSettings(0.1, cooks_filter=False, independent_filtering=False)
    attempts = {
        "reduced": lambda: engine.contrast_table(fitted, COUNTS, nested, base),
        "cooks": lambda: engine.contrast_table(fitted, COUNTS, plain, TableSettings(0.1, True, False)),
        "normal": lambda: engine.contrast_table(
            fitted, COUNTS, plain, TableSettings(0.1, False, False, "bh", "normal")
        ),
        "lengths": lambda: engine.fit(FitData(COUNTS, DESIGN, FACTORS, normalization_factors=lengths), FitSettings()),
        "subjects": lambda: engine.fit(FitData(COUNTS, DESIGN, FACTORS, subjects=subjects), FitSettings()),
    }
    for ability, attempt in attempts.items():
        if ability not in engine.knows:
            with pytest.raises(ConfigError, match=f"{engine.name} knows no"):
                attempt()


def test_loaders_import_what_the_digest_of_a_step_covers():
    from degsteps.basics.digest import code_files

    files = code_files(REPO / "scripts" / "fit_model.py")
    for name in LOADED:
        module = importlib.import_module(ENGINES[name].load().__name__)
        assert any(str(path) == module.__file__ for path in files), name


def test_every_figure_of_an_engine_can_be_drawn():
    drawn = runpy.run_path(str(REPO / "scripts" / "plot_dispersion.py"))["FIGURES"]
    assert set(drawn) == {engine.figure for engine in ENGINES.values()}


def test_every_shrinkage_that_an_engine_knows_is_a_column(engine_and_fit):
    engine, fitted = engine_and_fit
    contrast = Contrast(np.array([0.0, 1.0, 0.0]))
    shrunken = {}
    for method in sorted({"apeglm", "ashr", "normal"} & engine.knows):
        settings = TableSettings(0.1, cooks_filter=False, independent_filtering=False, shrinkage=method)
        table, _ = engine.contrast_table(fitted, COUNTS, contrast, settings)
        assert table["lfc_shrunken"].notna().all()
        assert table.columns[-1] == "na_reason"
        shrunken[method] = table["lfc_shrunken"].round(6)
        if "lfc_threshold" in engine.knows:
            bound = TableSettings(0.1, False, False, shrinkage=method, lfc_threshold=0.2)
            beyond, _ = engine.contrast_table(fitted, COUNTS, contrast, bound)
            assert (beyond["svalue"] - table["svalue"]).abs().max() > (0.01 if method != "normal" else -1)
            pd.testing.assert_series_equal(beyond["pvalue"], table["pvalue"])
    assert len({tuple(values) for values in shrunken.values()}) == len(shrunken)
