"""Import the configuration of nf-core/differentialabundance or of snakemake-workflows/rna-seq-star-deseq2.

Writes config/analyses/<name>.yaml, never over an existing file, and says what was taken over and what was not.
"""

import argparse
import sys
from pathlib import Path

import yaml

from degsteps.basics.errors import ConfigError, DegstepsError
from degsteps.config.reading import load_analyses
from degsteps.onboarding.from_nfcore import from_nfcore
from degsteps.onboarding.from_star_deseq2 import Imported, from_star_deseq2
from degsteps.preflight import check_analyses

FOLDER = Path("config/analyses")


def write(imported: list[Imported], name: str) -> list[Path]:
    """Write each analysis; with several, they are numbered."""
    names = [name] if len(imported) == 1 else [f"{name}_{number}" for number in range(1, len(imported) + 1)]
    paths = [FOLDER / f"{each}.yaml" for each in names]
    for path in paths:
        if path.exists():
            raise ConfigError(f"{path}: is there already. Choose another name (--name), or delete it first.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, each in zip(paths, imported, strict=True):
        path.write_text(yaml.safe_dump(each.analysis, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return paths


def report(paths: list[Path], imported: list[Imported]) -> None:
    """Print what became of each setting, and what the check says."""
    for path, each in zip(paths, imported, strict=True):
        print(f"Wrote {path}. Taken over:")
        for line in each.mapped:
            print(f"  - {line}")
        if each.unmapped:
            print("Not taken over:")
        for line in each.unmapped:
            print(f"  - {line}")
    analyses, problems = load_analyses({"analyses": [path.as_posix() for path in paths]})
    findings = check_analyses(analyses)
    for number, problem in enumerate(problems + findings.problems, start=1):
        print(f"To mend {number}. {problem}")
    for note in findings.notes:
        print(f"note: {note}")
    print("Next: add the files to the list in config/config.yaml, then run `make check`.")


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="imported", help="name of the analysis (default: %(default)s)")
    kinds = parser.add_subparsers(dest="kind", required=True)
    nfcore = kinds.add_parser("nf-core", help="nf-core/differentialabundance")
    nfcore.add_argument("--params", default=None, help="its -params-file; the others are taken from it if not given")
    nfcore.add_argument("--samples", default=None, help="sample sheet (its --input)")
    nfcore.add_argument("--contrasts", default=None, help="contrasts, CSV, TSV or YAML")
    nfcore.add_argument("--counts", default=None, help="matrix (its --matrix)")
    nfcore.add_argument("--id-column", default=None, help="its --observations_id_col (default: sample)")
    nfcore.add_argument("--lengths", default=None, help="its --transcript_length_matrix")
    star = kinds.add_parser("star-deseq2", help="snakemake-workflows/rna-seq-star-deseq2")
    star.add_argument("--config", required=True, help="its config.yaml")
    star.add_argument("--counts", default="results/counts/all.tsv", help="matrix that it wrote (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        if arguments.kind == "nf-core":
            imported = from_nfcore(
                arguments.samples,
                arguments.contrasts,
                arguments.counts,
                id_column=arguments.id_column,
                lengths=arguments.lengths,
                params=arguments.params,
            )
        else:
            imported = from_star_deseq2(arguments.config, arguments.counts)
        paths = write(imported, arguments.name)
    except DegstepsError as error:
        print(error, file=sys.stderr)
        return 1
    report(paths, imported)
    return 0


if __name__ == "__main__":
    sys.exit(main())
