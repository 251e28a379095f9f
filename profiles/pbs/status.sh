#!/bin/sh
# Tell Snakemake about one job: running, success or failed. Finished jobs are F (PBS) or C (Torque).
found=$(qstat -x -f "$1" 2>/dev/null || qstat -f "$1" 2>/dev/null)
echo "$found" | awk -F' = ' '$1 ~ /job_state/ {state = $2} tolower($1) ~ /exit_status/ {code = $2}
  END {
    if (state == "") print "failed"
    else if (state != "F" && state != "C") print "running"
    else print (code == "0") ? "success" : "failed"
  }'
