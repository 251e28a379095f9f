"""One page that a reader can open anywhere: no network, no library, everything inside.

What comes from sheets and configurations is text: the templates escape it, JSON inside of the page cannot close its
element, and the page's own policy forbids scripts and styles other than the two that it was written with.
"""

from typing import Any

import pandas as pd

from degsteps.engines.registry import ENGINES
from degsteps.normalize.methods import METHODS
from degsteps.report.accounting import NA_REASONS
from degsteps.report.content import Content
from degsteps.report.files import file_groups, given_grid
from degsteps.report.grids import plain_text
from degsteps.report.numbers import format_count
from degsteps.report.pictures import figures_by_stem, picture
from degsteps.report.recorded import facts_of, facts_of_all, provenance
from degsteps.report.result_grids import contrast_context, stage_wise_grid, summary_grid, test_pictures
from degsteps.report.sample_grids import (
    account_grids,
    association_grid,
    coefficient_grid,
    covariate_grid,
    crosstab_grids,
    factor_grid,
    filter_grid,
    identity_grids,
    sample_grid,
    site_grid,
    surrogate_grid,
    uses_grid,
    versions_grid,
)
from degsteps.report.template import environment, json_for_page, policy_hash, source
from degsteps.report.verdicts import STATUSES

STATUS_WORDS = {"ok": "Fine", "warn": "Look", "bad": "Problem"}
STATUS_SYMBOLS = {"ok": "✓", "warn": "!", "bad": "✕"}
CHECK_TITLES = {
    "samples": "Samples",
    "counts": "Counts",
    "replicates": "Replicates",
    "residual_df": "Degrees of freedom",
    "confounding": "Confounding",
    "surrogates": "Unwanted variation",
    "batch_in_design": "Batch in the test",
    "gene_lists": "Gene lists",
    "library_sizes": "Library sizes",
    "normalization": "Normalisation",
    "outliers": "Outlier samples",
    "condition": "Groups in the PCA",
    "batch": "Batch in the PCA",
    "batch_adjustment": "Batch adjustment",
    "dispersion": "Dispersion",
    "p_values": "P-values",
    "missing": "Genes without p-value",
    "sensitivity": "Sensitivity to settings",
    "influence": "Influence of single samples",
    "annotation": "Annotation",
    "plan": "Locked plan",
    "lookalikes": "Duplicates",
    "sex": "Sex",
    "subjects": "Subjects",
}
_QUALITY_ORDER = ("libraries", "boxplots", "rle", "densities", "scree", "loadings", "association", "distances")
_BATCH_FIGURES = ("pca", "pca_adjusted")


def render_page(content: Content) -> str:
    """Return the whole page as HTML; the same content always gives the same text."""
    from markupsafe import Markup

    templates = environment()
    templates.filters["count"] = format_count
    templates.filters["page_json"] = lambda data: Markup(json_for_page(data))  # noqa: S704 - escaped just there
    style, script = (source(name) for name in ("report.css", "report.js"))
    return templates.get_template("report.html.j2").render(
        style=Markup(style),  # noqa: S704 - files of this package
        script=Markup(script),  # noqa: S704
        style_hash=policy_hash(style),
        script_hash=policy_hash(script),
        status_words=STATUS_WORDS,
        status_symbols=STATUS_SYMBOLS,
        **page_context(content),
    )


def page_context(content: Content) -> dict[str, Any]:
    """Return what the template shows, as texts, numbers and grids."""
    settings = content.settings
    figures = figures_by_stem(content.figures)
    pictures = {stem: picture(paths, stem, content.folder) for stem, paths in figures.items()}
    engine = ENGINES[settings["test"]["engine"]]
    if "dispersion" in figures:
        pictures["dispersion"] = picture(figures["dispersion"], engine.figure, content.folder)
    surrogates = facts_of(content.records, "estimate_surrogates")
    normalization = facts_of(content.records, "estimate_size_factors")
    batches = [*settings["batch"]["columns"], *(f"surrogate_{k + 1}" for k in range(surrogates.get("number", 0)))]
    named = {*_QUALITY_ORDER, *_BATCH_FIGURES, "filter", "dispersion"}
    quality = [stem for stem in _QUALITY_ORDER if stem in pictures] + [stem for stem in pictures if stem not in named]
    return {
        "title": settings["title"],
        "name": settings["name"],
        "version": settings["version"],
        "provenance": provenance(content.records, content.workflow_versions),
        "verdicts": verdict_rows(content.verdicts),
        "n_by_status": {status: int((content.verdicts["status"] == status).sum()) for status in STATUSES},
        "tiles": tiles(content),
        "alpha": settings["test"]["alpha"],
        "min_log2_fold_change": settings["test"]["min_log2_fold_change"],
        "summary": summary_grid(content),
        "accounts": account_grids(content.accounts),
        "sites": site_grid(content.sites),
        "samples": sample_grid(content),
        "design": content.design,
        "factors": factor_grid(content),
        "covariates": covariate_grid(content),
        "coefficients": coefficient_grid(content.design),
        "crosstabs": crosstab_grids(content.crosstab, content.design["levels"]),
        "association": association_grid(content.association),
        "surrogates": surrogates,
        "surrogate_association": surrogate_grid(content.surrogate_association),
        "filter": facts_of(content.records, "filter_genes"),
        "filter_reasons": filter_grid(content.genes),
        "filter_figures": [pictures["filter"]] if "filter" in pictures else [],
        "engine": engine,
        "normalization": normalization,
        "size_factors": METHODS[normalization["method"]].title if "method" in normalization else None,
        "has_lengths": facts_of(content.records, "ingest_counts").get("length_correction") == "offset",
        "uses": uses_grid(content.records),
        "batches": batches,
        "adjustment": facts_of(content.records, "adjust_transformed"),
        "transform": settings["transform"],
        "batch_figures": [pictures[stem] for stem in _BATCH_FIGURES if stem in pictures],
        "quality_figures": [pictures[stem] for stem in quality],
        "identity": identity_grids(content),
        "fit": facts_of(content.records, "fit_model"),
        "test_figures": test_pictures(content, pictures),
        "contrasts": [contrast_context(content, name) for name in content.contrasts],
        "stage_wise": [stage_wise_grid(facts) for facts in facts_of_all(content.records, "adjust_stage_wise")],
        "na_reasons": NA_REASONS,
        "methods": content.methods,
        "versions": versions_grid(content.records),
        "files": file_groups(content),
        "given": given_grid(content.records),
    }


def verdict_rows(verdicts: pd.DataFrame) -> list[dict[str, str]]:
    """Return verdicts, the gravest first."""
    rows = []
    for check, row in verdicts.iterrows():
        kind, _, subject = str(check).partition(": ")
        title = CHECK_TITLES.get(kind, kind.replace("_", " ").capitalize())
        rows.append(
            {
                "title": title,
                "subject": subject,
                "status": row["status"],
                "finding": row["finding"],
                "advice": plain_text(row["advice"]),
            }
        )
    return sorted(rows, key=lambda row: STATUSES.index(row["status"]))


def tiles(content: Content) -> list[dict[str, str]]:
    """Return the key numbers: a large number, and what it counts."""
    account = {(entry.unit, entry.stage): entry for entry in content.accounts}
    samples, genes = account["samples", "ingest"], account["genes", "filter"]
    n_contrasts = len(content.contrasts)
    return [
        {
            "number": format_count(samples.kept),
            "label": "samples analysed",
            "note": f"of {samples.received:,} received",
        },
        {"number": format_count(genes.received), "label": "genes read", "note": "with or without a count"},
        {"number": format_count(genes.kept), "label": "genes tested", "note": "after the filter"},
        {
            "number": format_count(content.design["residual_df"]),
            "label": "residual degrees of freedom",
            "note": f"{len(content.design['coefficients'])} coefficients",
        },
        {
            "number": format_count(n_contrasts),
            "label": "contrast" if n_contrasts == 1 else "contrasts",
            "note": f"at a false discovery rate of {content.settings['test']['alpha']:g}",
        },
    ]
