"""Put counts on a log2-like scale whose variance does not hang on the mean. FOR FIGURES ONLY.

``vst``: variance-stabilizing transformation (Anders & Huber 2010). ``log2``: log2(normalised count + 1).
"""

from degsteps.step import Input, Output, run
from degsteps.tables import read_matrix, read_table, write_matrix
from degsteps.transform import transformed_counts


def main(counts: Input, size_factors: Input, design: Input, transformed: Output, method: str, blind: bool) -> dict:
    """Transform; a blind transformation does not see the design."""
    known_design = None if blind else read_table(design)
    factors = read_table(size_factors)["size_factor"]
    values, facts = transformed_counts(read_matrix(counts), factors, method=method, design=known_design)
    write_matrix(values, transformed)
    return facts | {"use": "Figures and clustering only, never a test."}


if __name__ == "__main__":
    run(main)
