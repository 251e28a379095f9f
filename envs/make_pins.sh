#!/usr/bin/env bash
# Exact package lists for conda (envs/<name>.<platform>.pin.txt), solved from envs/*.yaml against the channels.
# Snakemake prefers them to the .yaml files where they exist. Needs conda >= 24.7.1 and a machine that reaches the
# channels; run it again whenever a .yaml file changes, because a list that is older than its file still wins.
set -euo pipefail
cd "$(dirname "$0")"
command -v conda >/dev/null || { echo "conda is not installed here; run this where it is."; exit 1; }
platform=$(conda info --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["platform"])')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for file in *.yaml; do
  name=${file%.yaml}
  # An explicit list has no packages from PyPI; such an environment is solved from its file.
  if grep -q "pip:" "$file"; then continue; fi
  conda env create --quiet --file "$file" --prefix "$work/$name"
  conda list --explicit --md5 --prefix "$work/$name" > "$work/$name.txt"
  mv "$work/$name.txt" "$name.$platform.pin.txt"
  echo "envs/$name.$platform.pin.txt"
done
