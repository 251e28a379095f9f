"""Reading the YAML: schemas, defaults, faults in plain words. The Snakefile imports this folder."""
