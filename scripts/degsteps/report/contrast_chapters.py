"""The numbers of all contrasts, and the chapter of each."""

from typing import Any

from degsteps.design.contrasts import test_words, words
from degsteps.engines.registry import ENGINES
from degsteps.report.content import Content
from degsteps.report.gene_table import gene_table
from degsteps.report.pictures import relative_link
from degsteps.report.sections import columns
from degsteps.sections.accounts import NA_REASONS
from degsteps.sections.definition import figures
from degsteps.sections.grids import Grid, grid
from degsteps.sections.numbers import format_count

#: Title and reading aid of the figures of each contrast, by the kind in their name.
FIGURES = {
    "ma": ("Fold change over mean", "Each gene's fold change over its mean count; called genes are coloured."),
    "volcano": ("Volcano", "Effect and evidence together: fold change over the p-value."),
    "heatmap": (
        "Heatmap of the top genes",
        "Standard deviations from the gene's mean. That the groups part is no evidence: the genes were chosen for it.",
    ),
    "top_genes": (
        "Counts of the top genes",
        "Normalised counts of the genes with the smallest p-values: an effect should show in most samples of a group.",
    ),
    "pvalues": ("P-values", "Flat with a peak near 0 is what a sound test gives."),
}


def summary_grid(content: Content) -> Grid:
    """Return the numbers of all contrasts."""
    minimum = content.results.settings["test"]["min_log2_fold_change"]
    table = content.summary.reset_index()
    labels = {"contrast": "Contrast", "genes": "Genes", "tested": "With p-value", "adjusted": "With adjusted p"}
    labels |= {"up": "Up", "down": "Down"}
    if minimum:
        labels |= {
            "up_marked": f"Up, |log2FC| ≥ {minimum:g}",
            "down_marked": f"Down, |log2FC| ≥ {minimum:g}",
        }
    for level in content.results.settings["test"].get("further_alphas", ()):
        labels |= {f"up_at_{level:g}": f"Up at {level:g}", f"down_at_{level:g}": f"Down at {level:g}"}
    formats = {name: format_count for name in labels if name != "contrast"}
    return grid(table, "Genes called in each contrast", labels, formats)


def contrast_context(content: Content, name: str) -> dict[str, Any]:
    """Return what the page shows of one contrast, but for what its calls depend on."""
    results, settings = content.results, content.results.settings
    definition, contrast = settings["test"]["contrasts"][name], results.design["contrasts"][name]
    rows = gene_table(results.contrasts[name], settings["report"]["table_rows"], columns(content.sections))
    numbers = {key: int(value) for key, value in content.summary.loc[name].items()}
    reasons = [(reason, text, numbers[f"na_{reason}"]) for reason, text in NA_REASONS.items()]
    path = results.files[results.result_place(name)]
    return {
        "name": name,
        "words": words(definition),
        "reduced": definition.get("reduced"),
        "test": test_words(definition, ENGINES[settings["test"]["engine"]].tests),
        "at": contrast.get("at") or {},
        "averaged": contrast.get("averaged", []),
        "groups": contrast.get("cells", {}),
        "weights": {key: weight for key, weight in contrast["weights"].items() if weight},
        "numbers": numbers,
        "missing": [(reason, text, format_count(n)) for reason, text, n in reasons if n],
        "rows": rows,
        "file": path.name,
        "link": relative_link(path, content.folder),
        "figures": [
            figure
            for kind, (title, caption) in FIGURES.items()
            for figure in figures(results, f"annotate/{name}.{kind}", title, caption)
        ],
    }
