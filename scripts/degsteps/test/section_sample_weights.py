"""What the report says of the weights of samples."""

from collections.abc import Iterator

from degsteps.basics.words import listed, verb
from degsteps.sections.definition import Block, File, Section, Verdict, figures
from degsteps.sections.results import Results, matches

#: A sample with less weight than this is worth a look.
LOW_WEIGHT = 0.3


def _weight_verdicts(results: Results) -> Iterator[Verdict]:
    for match in matches(results.tables, r"test/(?:sets/([^/]+)/)?sample_weights\.tsv"):
        table = results.tables[match[0]]
        check = "sample_weights" + (f": {match[1]}" if match[1] else "")
        low = table.index[table["weight"] < LOW_WEIGHT]
        least = f"the smallest weight is {table['weight'].min():.2f} ({table['weight'].idxmin()})"
        if not len(low):
            yield Verdict(check, "ok", f"No sample counts for much less than the others: {least}.")
            continue
        finding = f"{listed(low, most=5)} {verb(len(low), 'has', 'have')} a weight below {LOW_WEIGHT:g}: {least}"
        advice = (
            "See in quality control whether the sample failed; its weight makes it count for little, not for nothing."
        )
        yield Verdict(check, "warn", f"{finding}.", advice)


def _weight_blocks(results: Results) -> Iterator[Block]:
    caption = "How much each sample counts in the fit: less, the larger its residuals are in all genes."
    for match in matches(results.figures, r"test/(?:sets/([^/]+)/)?sample_weights"):
        name = f"Weights of the samples, sample set {match[1]}" if match[1] else "Weights of the samples"
        yield from figures(results, match[0], name, caption)


WEIGHTS = Section(
    stage="test",
    name="sample_weights",
    files=(File(r"sample_weights\.tsv", "Weight of each sample in the fit.", text=("group",)),),
    blocks={"results": _weight_blocks},
    citations={
        "ritchie2006": (
            "Ritchie ME, Diyagama D, Neilson J, et al. Empirical array quality weights in the analysis of microarray "
            "data. BMC Bioinformatics 2006;7:261. doi:10.1186/1471-2105-7-261"
        ),
        "liu2015": (
            "Liu R, Holik AZ, Su S, et al. Why weight? Modelling sample and observational level variability improves "
            "power in RNA-seq analyses. Nucleic Acids Research 2015;43:e97. doi:10.1093/nar/gkv412"
        ),
    },
    verdicts=_weight_verdicts,
    checks={"sample_weights": "Weights of samples"},
)
