#!/usr/bin/env bash
# Go on after snakemake itself was killed: bash profiles/slurm/resume.sh [what you gave to snakemake]
#
# A killed snakemake leaves its jobs in Slurm. A new run would start the same steps beside them, so first the jobs that
# were submitted from this folder are cancelled and waited for. Only for use when no snakemake runs here any more.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# Snakemake marks its jobs with a comment that begins with rule_.
left_behind() { squeue --me --noheader --format='%A|%k|%Z' | awk -F'|' -v folder="$PWD" '$2 ~ /^rule_/ && $3 == folder {print $1}'; }

jobs=$(left_behind)
if [ -n "$jobs" ]; then
  echo "cancelling jobs of this folder:" $jobs
  # shellcheck disable=SC2086  # one word per job
  scancel $jobs
  while [ -n "$(left_behind)" ]; do sleep 1; done
fi
snakemake=${SNAKEMAKE:-$([ -x .venv/bin/snakemake ] && echo .venv/bin/snakemake || echo snakemake)}
$snakemake --workflow-profile "$here" --unlock "$@"
exec $snakemake --workflow-profile "$here" "$@"
