"""Read the data sets that R's results are kept for, and fit them as R did."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


@dataclass
class ReferenceSet:
    """Counts, samples and R's results of one set.

    Attributes
    ----------
    folder : Path
    config : dict
        ``reference.cfg``.
    counts : DataFrame, genes x samples
    samples : DataFrame
    size_factors : Series
        R's.
    lengths : DataFrame, genes x samples, or None
    facts : dict
        R's trend coefficients and variances.
    release : str
        Folder of R's tables: ``r`` (R 4.2, DESeq2 1.38) or ``r45`` (R 4.5, DESeq2 1.46; what the page needs).
    """

    folder: Path
    config: dict
    counts: pd.DataFrame
    samples: pd.DataFrame
    size_factors: pd.Series
    lengths: pd.DataFrame | None
    facts: dict
    release: str = "r"

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @property
    def tags(self) -> list[str]:
        """Designs that R fitted: nobatch, batch, nobatch_cpm1, batch_cpm1."""
        return [tag for tag in ("nobatch", "batch", "nobatch_cpm1", "batch_cpm1") if self.has(f"deseq2.{tag}")]

    def has(self, table: str) -> bool:
        """Whether R wrote this table."""
        return (self.folder / self.release / f"{table}.tsv.gz").exists()

    def table(self, name: str) -> pd.DataFrame:
        """One of R's tables."""
        return read_table(self.folder / self.release / f"{name}.tsv.gz")

    def design(self, tag: str) -> pd.DataFrame:
        """Treatment-coded design matrix, batches first, as R's ``~ batch + condition``."""
        columns = {"Intercept": np.ones(len(self.samples))}
        factors = self.config["batch"].split(",") if tag.startswith("batch") else []
        for factor in [*factors, self.config["condition"]]:
            levels = sorted(self.samples[factor].unique())
            base = self.base if factor == self.config["condition"] else levels[0]
            for level in levels:
                if level != base:
                    columns[f"{factor}_{level}"] = (self.samples[factor] == level).astype(float).to_numpy()
        return pd.DataFrame(columns, index=self.samples.index)

    @property
    def base(self) -> str:
        """Base level of the tested factor."""
        return self.config.get("base", self.config["reference"])

    def contrast(self, design: pd.DataFrame) -> np.ndarray:
        """Test level minus reference level, in coefficients."""
        weights = np.zeros(design.shape[1])
        for level, sign in ((self.config["test"], 1.0), (self.config["reference"], -1.0)):
            if level != self.base:
                weights[design.columns.get_loc(f"{self.config['condition']}_{level}")] = sign
        return weights

    def compared(self) -> np.ndarray:
        """Samples of the two levels compared."""
        return self.samples[self.config["condition"]].isin([self.config["test"], self.config["reference"]]).to_numpy()

    def normalization_factors(self) -> pd.DataFrame | None:
        """Lengths times size factors."""
        return None if self.lengths is None else self.lengths * self.size_factors


def read_table(path: Path) -> pd.DataFrame:
    """A table whose first column is the index, numbers to the last digit."""
    return pd.read_csv(path, sep="\t", index_col=0, na_values=["NA"], float_precision="round_trip")


def load_set(folder: Path, release: str = "r") -> ReferenceSet:
    """Read a folder made by ``make_reference.R``, with the tables of one release of R."""
    folder = Path(folder)
    lines = (folder / "reference.cfg").read_text().splitlines()
    config = dict(line.split("=", 1) for line in lines if "=" in line)
    samples = pd.read_csv(folder / "samples.tsv", sep="\t", index_col=0, dtype=str)
    lengths = folder / "lengths.tsv.gz"
    facts = pd.read_csv(folder / release / "facts.tsv", sep="\t", index_col=0, dtype=str)["value"]
    return ReferenceSet(
        folder=folder,
        config=config,
        counts=read_table(folder / "counts.tsv.gz")[samples.index],
        samples=samples,
        size_factors=read_table(folder / release / "size_factors.tsv.gz")["size_factor"],
        lengths=read_table(lengths) if config.get("lengths") == "1" else None,
        facts={key: (value if key.endswith("fit_type") else float(value)) for key, value in facts.items()},
        release=release,
    )


def all_sets() -> list[Path]:
    """Folders beside this file that hold a set."""
    return sorted(config.parent for config in HERE.glob("*/reference.cfg"))
