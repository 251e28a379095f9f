"""What the report says of transformed values, with batches and without, which only figures read."""

from collections.abc import Iterator

from degsteps.design.formula import parse_formula
from degsteps.sections.citations import Citations, sentences, series
from degsteps.sections.definition import Block, Chapter, File, Paragraph, Section, Strong, figures, text
from degsteps.sections.results import Results, removed_columns


def _blocks(results: Results) -> list[Paragraph]:
    transform = results.settings["transform"]
    titles = {"vst": "a variance-stabilising transformation", "rlog": "the regularised log"}
    title = titles.get(transform["method"], "log2(normalised count + 1)")
    is_blind = transform["blind"] and transform["method"] != "log2"
    blind = " that does not know the groups" if is_blind else ""
    return [text(f"Figures of transformed values use {title}{blind}.")]


def _value_sentence(results: Results, cite: Citations) -> str:
    transform = results.settings["transform"]
    knowing = "without knowledge of the design (blind)" if transform["blind"] else "with knowledge of the design"
    if transform["method"] == "vst":
        some = transform["trend_genes"]
        some = some if some and some == results.facts("transform_counts").get("trend_genes") else None
        fitted = f", by the dispersion trend of {some:,} genes" if some else ""
        return (
            f"For figures and clustering, counts were variance-stabilised {knowing}{fitted} "
            f"{cite('anders2010', 'love2014')}."
        )
    if transform["method"] == "rlog":
        return f"For figures and clustering, counts were put on the regularised log scale {knowing} {cite('love2014')}."
    return "For figures and clustering, normalised counts were transformed to log2(count + 1)."


def _sentences(results: Results, cite: Citations) -> str:
    number = results.settings["qc"]["top_genes"]
    values = _value_sentence(results, cite)
    return f"{values} Principal components were computed from the {number:,} most variable genes."


TRANSFORMATION = Section(
    stage="transform",
    name="transformation",
    title="Values for figures",
    files=(File(r"transformed\.parquet", "Transformed values, for figures and clustering only."),),
    blocks={"quality": _blocks},
    sentences={"figures": _sentences},
)


# ---- adjusted values, for figures


def _adjustment_blocks(results: Results) -> Iterator[Block]:
    columns = removed_columns(results)
    n_surrogates = results.facts("estimate_surrogates").get("number")
    facts = results.facts("adjust_transformed")
    if columns:
        kind = "Batches"
        if n_surrogates:
            kind = "Surrogate variables" if len(columns) == n_surrogates else "Batches and surrogate variables"
        said = f"{kind}: {', '.join(columns)}. The test reads raw counts and accounts for what the design names.\n"
        if facts:
            is_of_counts = facts["method"] == "combat_seq"
            linear = "a linear adjustment of the transformed values that keeps the design"
            how = "ComBat-seq on the counts" if is_of_counts else linear
            yield text(said, Strong("Adjusted values are for figures only"), f" ({how}): no test reads them.")
        else:
            yield text(said, "No adjusted values were made.")
    else:
        yield text("No column of the sheet was declared a batch.")
    yield from figures(
        results,
        "qc/pca",
        "Principal components",
        "Samples that are alike lie close together, before and (where there are batches) after adjustment.",
    )
    yield from figures(
        results,
        "qc/pca_adjusted",
        "Principal components after batch adjustment",
        "Samples should group by biology, not by batch.",
    )


def _adjustment_sentences(results: Results, cite: Citations) -> str:
    batch, columns = results.settings["batch"], removed_columns(results)
    modelled = [
        name for name in batch["columns"] if name in parse_formula(results.settings["design"]["formula"]).columns
    ]
    in_test = f"Batches ({series(modelled)}) were accounted for in the test by terms of the design." if modelled else ""
    if not columns or not results.facts("adjust_transformed"):
        return in_test
    if batch["method"] == "combat_seq" and batch["columns"]:
        package = f"InMoose {results.versions['inmoose']} " if "inmoose" in results.versions else ""
        how = f"ComBat-seq as implemented in {package}{cite('zhang2020', 'behdenna2023')}"
    else:
        how = (
            f"a linear model that keeps the terms of the design, as in limma's removeBatchEffect {cite('ritchie2015')}"
        )
    were = "was" if len(columns) == 1 else "were"
    return sentences(
        in_test,
        f"In figures marked as adjusted, {series(columns)} {were} removed by {how}; no test used adjusted values.",
    )


ADJUSTMENT = Section(
    stage="transform",
    name="adjustment",
    files=(
        File(r"adjusted\.parquet", "Transformed values without the batches, for figures only."),
        File(r"adjusted_counts\.parquet", "Batch-adjusted counts, for figures only.", stage="batch"),
    ),
    chapter=Chapter("batch", "Batch"),
    blocks={"batch": _adjustment_blocks},
    sentences={"figures": _adjustment_sentences},
    citations={
        "behdenna2023": (
            "Behdenna A, Colange M, Haziza J, et al. pyComBat, a Python tool for batch effects correction in "
            "high-throughput molecular data using empirical Bayes methods. BMC Bioinformatics 2023;24:459. "
            "doi:10.1186/s12859-023-05578-5"
        ),
        "zhang2020": (
            "Zhang Y, Parmigiani G, Johnson WE. ComBat-seq: batch effect adjustment for RNA-seq count data. "
            "NAR Genomics and Bioinformatics 2020;2:lqaa078. doi:10.1093/nargab/lqaa078"
        ),
    },
    checks={"batch": "Batch in the PCA", "batch_adjustment": "Batch adjustment"},
)


SECTIONS = (TRANSFORMATION, ADJUSTMENT)
