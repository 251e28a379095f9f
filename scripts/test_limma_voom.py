"""Test the contrasts of a sample set with limma-voom as a second engine (Law, Chen, Shi & Smyth 2014)."""

from degsteps.engines.voom import engine
from degsteps.step import Input, Output, run
from degsteps.tables import read_matrix, read_samples, read_table, write_table
from degsteps.test import concordance


def main(
    counts: Input,
    size_factors: Input,
    design: Input,
    samples: Input,
    table: Output,
    model: dict,
    contrasts: dict,
    subject: str | None,
) -> dict:
    """Fit once, test every contrast."""
    matrix, sheet = read_matrix(counts), read_samples(samples)
    factors, coefficients = read_table(size_factors)["size_factor"], read_table(design).loc[matrix.columns]
    fit = engine.fit_model(matrix, coefficients, factors, sheet[subject] if subject else None)
    tables = {
        asked.name: engine.contrast_table(
            fit,
            asked.weights,
            reduced=asked.reduced,
            lfc_null=asked.settings["lfc_null"],
            alternative=asked.settings["alternative"],
        )
        for asked in concordance.questions(sheet.loc[matrix.columns], model, contrasts)
    }
    write_table(concordance.joined_tables(tables), table)
    return fit.plain_facts


if __name__ == "__main__":
    run(main)
