"""Take the samples of a sample set, and say of every other one why it is not among them."""

import pandas as pd

from degsteps.design.sample_sets import members
from degsteps.step import Input, Output, run
from degsteps.tables import read_matrix, read_samples, write_matrix, write_table


def main(
    counts: Input, samples: Input, selected: Output, selected_samples: Output, account: Output, sample_set: dict
) -> dict:
    """Write counts and sheet of the set: from here on the other samples have no say."""
    matrix, sheet = read_matrix(counts), read_samples(samples)
    kept, reasons = members(sheet.to_dict("list"), list(sheet.index), sample_set)
    write_matrix(matrix[[sample for sample in matrix.columns if sample not in reasons]], selected)
    write_table(sheet.loc[kept], selected_samples)
    status = ["dropped" if sample in reasons else "kept" for sample in sheet.index]
    table = pd.DataFrame({"status": status, "reason": [reasons.get(sample, "") for sample in sheet.index]}, sheet.index)
    write_table(table, account)
    return {"samples": len(kept), "left_out": reasons}


if __name__ == "__main__":
    run(main)
