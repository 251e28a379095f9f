#!/usr/bin/env bash
# Install what an emulated Slurm cluster needs, where that can be done: on Debian and Ubuntu, as root.
set -euo pipefail
needed=(munged slurmctld slurmd sbatch squeue scontrol)
missing=()
for program in "${needed[@]}"; do command -v "$program" >/dev/null || missing+=("$program"); done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Slurm is not installed, and only root on Debian or Ubuntu can install it here: the test will be skipped."
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq --no-install-recommends munge slurmctld slurmd slurm-client >/dev/null
