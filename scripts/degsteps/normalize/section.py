"""What the report says of size factors, and of normalised tables for inspection."""

from collections.abc import Iterator

from degsteps.engines.registry import ENGINES
from degsteps.normalize.methods import METHODS, REFERENCES, TABLES
from degsteps.normalize.section_columns import COLUMNS
from degsteps.sections.citations import Citations, series
from degsteps.sections.definition import Block, Chapter, File, Section, text
from degsteps.sections.grids import Grid
from degsteps.sections.results import Results


def _has_lengths(results: Results) -> bool:
    return results.facts("ingest_counts").get("length_correction") == "offset"


def _blocks(results: Results) -> Iterator[Block]:
    facts = results.facts("estimate_size_factors")
    has_offsets = "dispersions" in ENGINES[results.settings["test"]["engine"]].knows
    use = "one size factor per sample as an offset"
    use = use if has_offsets else "library sizes scaled by one size factor per sample"
    method = METHODS[facts["method"]].title
    lengths = " and the lengths of a gene's transcripts in each sample beside them" if _has_lengths(results) else ""
    yield text(
        f"The test takes raw counts, with {use} ({method}, from "
        f"{facts['smallest']:.3f} to {facts['largest']:.3f}; each is in the table of samples){lengths}. The tables "
        "below are for inspection: no step of the workflow reads them."
    )


def _sentences(results: Results, cite: Citations) -> str:
    """Say how size factors were estimated, and where they lay."""
    facts = results.facts("estimate_size_factors")
    lay = f"lay between {facts['smallest']:.3f} and {facts['largest']:.3f}."
    method = METHODS[facts["method"]]
    if method.function is None:
        return f"Size factors were given by the user, not estimated from the counts, and {lay}"
    controls = " of the control genes given by the user" if results.settings["normalize"]["control_genes"] else ""
    return f"Size factors were estimated by {method.words}{controls} {cite(*method.citations)} and {lay}"


NORMALIZATION = Section(
    stage="normalize",
    name="normalization",
    title="Normalisation",
    files=(File(r"size_factors\.tsv", "Library sizes and size factors."),),
    chapter=Chapter("normalisation", "Normalisation"),
    blocks={"normalisation": _blocks},
    sentences={"counts": _sentences},
    citations=REFERENCES,
    checks={"normalization": "Normalisation"},
)


# ---- normalised tables


def uses_grid(results: Results) -> Grid:
    """Return the normalised tables and what each may be used for."""
    rows = tuple((facts["table"], facts["use"]) for facts in results.facts_of_all("export_normalized"))
    return Grid("Normalised tables for inspection", ("Table", "What it may be used for"), (False, False), rows)


def _table_sentences(results: Results, cite: Citations) -> str:
    names = results.settings["normalize"]["tables"]
    if not names:
        return ""
    parts = []
    for name in names:
        words, keys = TABLES[name].words, TABLES[name].citations
        if name == "normalized" and _has_lengths(results):
            words = "counts divided by size factors and relative transcript lengths"
        if name == "cpm" and "scanpy" in results.versions:
            words, keys = f"{words} (Scanpy {results.versions['scanpy']})", ("wolf2018",)
        parts.append(f"{words} {cite(*keys)}" if keys else words)
    return f"Normalised tables for inspection hold {series(parts)}; none of them entered a test."


NORMALIZED_TABLES = Section(
    stage="normalize",
    name="normalized_tables",
    files=(File(r"tables/.*", "Normalised values for inspection; no test reads them."),),
    blocks={"normalisation": lambda results: [uses_grid(results)]},
    sentences={"tables": _table_sentences},
    citations={
        "wolf2018": (
            "Wolf FA, Angerer P, Theis FJ. SCANPY: large-scale single-cell gene expression data analysis. "
            "Genome Biology 2018;19:15. doi:10.1186/s13059-017-1382-0"
        ),
    },
)


SECTIONS = (NORMALIZATION, NORMALIZED_TABLES, COLUMNS)
