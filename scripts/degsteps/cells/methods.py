"""Ways to normalise cells: the only place that knows their names, and what each of them asks for."""

from dataclasses import dataclass

RAW = "raw"


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes
    ----------
    title : for tables and figures.
    sentence : for the methods text.
    needs_spike_ins : refused without spike-in rows.
    citations : keys of papers.
    """

    title: str
    sentence: str
    needs_spike_ins: bool = False
    citations: tuple[str, ...] = ()


METHODS = {
    "library": Method(
        "library size",
        "Counts of a cell were divided by its total, scaled to mean 1 over cells.",
    ),
    "pooled": Method(
        "pooled size factors",
        "Counts were divided by size factors from pools of cells (deconvolution as in scran, own implementation).",
        citations=("Lun, Bach & Marioni 2016",),
    ),
    "spike_ins": Method(
        "spike-ins",
        "Counts of a cell were divided by its total of spike-ins, scaled to mean 1: differences in total RNA stay.",
        needs_spike_ins=True,
        citations=("Lun et al. 2017",),
    ),
    "spike_in_model": Method(
        "spike-in model",
        "Counts were divided by capture efficiencies from a hierarchical model of spike-ins, shrunk towards the mean "
        "of each capture; differences in content of messenger RNA stay. The model is that of BASiCS in closed form, in "
        "an own implementation; it is not that package.",
        needs_spike_ins=True,
        citations=("Vallejos, Marioni & Richardson 2015", "Vallejos et al. 2017"),
    ),
    "count_depth": Method(
        "count-depth groups",
        "Genes were put into groups by how their counts grow with depth, and counts divided by the curve of their "
        "group (quantile regression). The method is modelled on SCnorm, in an own implementation; it is not that "
        "package.",
        citations=("Bacher et al. 2017",),
    ),
    "pearson": Method(
        "Pearson residuals",
        "Values are Pearson residuals of a negative binomial model of totals of cell and gene, with over-dispersion "
        "1/100, clipped at the root of the number of cells.",
        citations=("Lause, Berens & Kobak 2021",),
    ),
}
