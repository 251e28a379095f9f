"""Write what each contrast weighs: coefficients, groups of samples, and the setting at which it is made."""

from degsteps.batch.design_matrix import contrast_facts
from degsteps.design.compiled import CompiledDesign
from degsteps.design.weights import compile_contrast
from degsteps.step import Input, Output, run
from degsteps.tables import read_json, read_samples, write_json


def main(design: Input, samples: Input, compiled: Output, contrasts: dict, subject: str | None = None) -> dict:
    """Compile the contrasts of one sample set, in the order of the configuration."""
    built = CompiledDesign.from_json(read_json(design)).design
    subjects = read_samples(samples)[subject].to_dict() if subject else None
    facts = {
        name: contrast | contrast_facts(built, compile_contrast(built, contrast), subjects)
        for name, contrast in contrasts.items()
    }
    write_json(facts, compiled)
    return {"contrasts": facts}


if __name__ == "__main__":
    run(main)
