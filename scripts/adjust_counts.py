"""Adjust counts for batch with ComBat-seq (Zhang, Parmigiani & Johnson 2020). FOR FIGURES ONLY.

InMoose is GPL-3: it is used by this script alone, in an environment of its own. No test reads these counts.
"""

from degsteps.basics.errors import DegstepsError
from degsteps.batch.adjustment import joint_batches
from degsteps.step import Input, Output, run
from degsteps.tables import read_matrix, read_samples, write_matrix


def main(counts: Input, samples: Input, adjusted: Output, batch_columns: list[str], group: str) -> dict:
    """Adjust the counts, keeping the differences between the groups."""
    try:
        from inmoose.pycombat import pycombat_seq
    except ImportError:
        raise DegstepsError(
            "batch.method: combat_seq needs the package inmoose, which is not installed. Run snakemake with "
            "--use-conda, or `pip install -r envs/combat_seq.lock.txt`, or choose `linear`."
        ) from None
    matrix = read_matrix(counts)
    sheet = read_samples(samples).loc[matrix.columns]
    values = pycombat_seq(matrix, list(joint_batches(sheet, batch_columns)), covar_mod=sheet[[group]])
    result = values.round().astype("int64").rename_axis(index="gene")
    write_matrix(result, adjusted)
    return {"use": "Figures only. The test reads the raw counts, with the batch in the design."}


if __name__ == "__main__":
    run(main)
