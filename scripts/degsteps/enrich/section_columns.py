"""What the columns of the tables of gene sets mean."""

from degsteps.sections.definition import Section, Table

_SET = {
    "set": "Id of the set.",
    "title": "Its title.",
    "contrast": "Contrast.",
    "group": "Number of the group of sets that share their genes.",
    "representative": "The set of that group with the smallest p-value.",
    "is_representative": "Whether it is this one.",
}
_SIDES = {"up": "raised", "down": "lowered", "both": "changed"}
_SIDE_COLUMNS = {
    f"{name}_{side}": meaning.format(words)
    for side, words in _SIDES.items()
    for name, meaning in {
        "called": "Tested genes of the set that are called {}.",
        "expected": "How many are expected of as many genes taken at random, {}.",
        "odds_ratio": "Odds of being called {} inside of the set over outside.",
        "p_over": "p-value of over-representation among genes called {} (hypergeometric).",
        "padj_over": "The same adjusted over sets, {}.",
        "p_length": "p-value of over-representation among genes called {}, allowing for gene length (Wallenius).",
        "padj_length": "The same adjusted over sets, {}.",
    }.items()
}
_TESTS = {
    **_SET,
    "size": "Tested genes in it.",
    "background": "Tested genes that it is compared with.",
    "direction": "`up`, `down`, or `changed` where the test has no sign.",
    "difference": "Difference of the mean statistic of its genes and of all others.",
    "correlation_estimated": "Correlation of its genes by the residuals.",
    "correlation": "The same as the test uses it.",
    "p_competitive": "p-value: does the set change more than other genes (CAMERA)?",
    "padj_competitive": "The same adjusted over sets (Benjamini and Hochberg).",
    "p_competitive_preset": "p-value of the same with a preset correlation.",
    "padj_competitive_preset": "The same adjusted over sets.",
    "direction_self_contained": "Direction of the mean change.",
    "p_self_contained": "p-value: does any of its genes change (fry)?",
    "padj_self_contained": "The same adjusted over sets.",
    "p_self_contained_mixed": "p-value: does any of its genes change in either direction (fry)?",
    "padj_self_contained_mixed": "The same adjusted over sets.",
    **_SIDE_COLUMNS,
    "es": "Enrichment score of the running sum.",
    "nes": "The same over its mean under the null hypothesis.",
    "p_gsea": "p-value: does the set lie at an end of the ranking?",
    "padj_gsea": "The same adjusted over sets.",
    "(called|leading)_(genes|symbols)": "Its {} genes, in the order of their evidence.",
}

COLUMNS = Section(
    stage="enrich",
    name="enrich_columns",
    tables=(
        Table(
            r"activities\.tsv",
            {
                "regulator": "Regulator.",
                "source": "Regulator.",
                "set": "Regulator.",
                "title": "Its title.",
                "contrast": "Contrast.",
                "targets": "Tested genes that it regulates.",
                "stat": "t statistic of the regression on its targets' weights: positive if active.",
                "direction": "`up` if more active in the group named first.",
                "p": "p-value if targets were independent.",
                "padj": "The same adjusted (Benjamini and Hochberg).",
                "correlation": "Correlation of the targets by the residuals.",
                "inflation": "How much it inflates the variance.",
                "stat_correlated": "Statistic that allows for it.",
                "p_correlated": "p-value that allows for it.",
                "padj_correlated": "The same adjusted.",
            },
        ),
        Table(
            r"[^/]+/members\.tsv",
            {**_SET, "size": "Tested genes in it.", "genes": "Their ids.", "symbols": "Their symbols."},
        ),
        Table(
            r"[^/]+/genes\.tsv",
            {
                "gene": "Gene id.",
                "symbol": "Symbol.",
                "id": "The id by which it was looked up in the sets.",
                "sets": "Sets that it is in.",
                "reason": "Why it is in none; blank if it is in some.",
                "represented_by": "Another gene with this id, which stands for both.",
                "background": "Whether sets are compared with it.",
            },
        ),
        Table(
            r"[^/]+/sets\.tsv",
            {
                **_SET,
                "size": "Genes in it, as the file has it.",
                "found": "Those that are tested.",
                "background": "Tested genes that it is compared with.",
                "status": "`tested`, or why it is not.",
                "contrasts": "Contrasts in which it is tested.",
            },
        ),
        Table(
            r"[^/]+/groups\.tsv",
            {**_SET, "similarity": "Share of its genes that it has in common with the representative."},
        ),
        Table(
            r"[^/]+/comparison\.tsv",
            {
                **_SET,
                "size_(.*)": "Tested genes in it, in {}.",
                "direction_(.*)": "Direction in {}.",
                "difference_(.*)": "Difference of the mean statistic from that of other genes, in {}.",
                "padj_(.*)": "Adjusted p-value in {}.",
                "p_(.*)": "p-value in {}.",
            },
        ),
        Table(
            r"[^/]+/length_bias\.tsv",
            {
                "contrast": "Contrast.",
                "length_from": "Shortest gene of the bin, in bases.",
                "length_to": "Longest gene of the bin, in bases.",
                "genes": "Genes in it.",
                "called": "Those that are called.",
                "rate": "Their share.",
                "fitted": "The same by the curve through all genes.",
            },
        ),
        Table(
            r"[^/]+/calibration\.tsv",
            {
                "contrast": "Contrast.",
                "method": "Method.",
                "rotations": "Data sets without any true change that were made of these data.",
                "mean_called": "Sets called in one of them, on average.",
                "runs_with_any": "Share of them in which any set is called.",
                "largest": "Most sets called in one of them.",
                "share_below_05": "Share of the p-values below 0.05; 0.05 is expected.",
                "observed": "Sets called in the data themselves.",
            },
        ),
        Table(r"[^/]+/[^/]*\.tsv", _TESTS),
    ),
)
