"""What a run says in the terminal: a line for each job, what changed since the last run, and why a job failed."""
