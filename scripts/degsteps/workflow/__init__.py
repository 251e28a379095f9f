"""What the Snakefile asks: analyses, files and settings of a job, its size. The Snakefile imports this folder."""
