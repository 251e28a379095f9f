"""What every folder uses: errors, exit codes, words, digests, paths. Standard library only."""
