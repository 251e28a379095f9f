"""Write the weights of the samples, which the fit holds, beside the groups that they are in."""

import pandas as pd

from degsteps.engines.registry import engine_of
from degsteps.step import Input, Output, run
from degsteps.tables import read_model, read_samples, write_table


def main(model: Input, samples: Input, weights: Output, group: str) -> dict:
    """One row per sample: its group, and its weight."""
    stored = read_model(model)
    by_sample = engine_of(stored).read(stored).sample_weights
    groups = read_samples(samples)[group].loc[by_sample.index]
    write_table(pd.DataFrame({"group": groups, "weight": by_sample}).rename_axis("sample"), weights)
    return {"lowest": str(by_sample.idxmin()), "weight": float(by_sample.min())}


if __name__ == "__main__":
    run(main)
