#!/bin/sh
# Tell Snakemake about one job: running, success or failed.
if qstat -j "$1" >/dev/null 2>&1; then
  echo running
  exit
fi
# Accounting knows of a job some seconds after its end.
for _ in 1 2 3 4 5 6; do
  if found=$(qacct -j "$1" 2>/dev/null); then
    echo "$found" | awk '$1 == "failed" {failed = $2} $1 == "exit_status" {code = $2}
      END {print (failed == 0 && code == 0) ? "success" : "failed"}'
    exit
  fi
  sleep 5
done
echo failed
